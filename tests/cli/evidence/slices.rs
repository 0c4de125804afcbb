//! Rules on parts of a table.

use super::*;

/// `slice verdict` of every finding, sorted.
fn by_slice(report: &Value) -> Vec<String> {
    let rows = report["judgement"]["findings"].as_array().expect("a list");
    let slice = |row: &Value| {
        let parts = row["slice"].as_object().into_iter().flatten();
        parts.map(|(column, value)| format!("{column}={}", value.as_str().unwrap_or_default())).collect::<Vec<_>>().join(",")
    };
    rows.iter().map(|row| format!("{} {}", slice(row), row["verdict"].as_str().unwrap_or_default())).collect()
}

/// Predictions that got worse in one country only.
fn worse_in_france(rule: &str) -> TestRepo {
    change_of(&policy(rule), &wrong_until(1000, 0), &csv(&rows(1000, |row| row % 4 == 2 && row < 400)))
}

#[test]
fn one_slice_each_slice_and_combinations() {
    let one = |country: &str, code: i32| {
        let repo = worse_in_france(&format!("max_regression_abs = 0.05\nslice = {{ country = \"{country}\" }}"));
        by_slice(&gate(&repo, code))
    };
    assert_eq!(one("DE", 0), ["country=DE pass"]);
    assert_eq!(one("FR", 1), ["country=FR fail"]);
    assert_eq!(one("*", 1), ["country=DE pass", "country=FR fail"]);
    let both = worse_in_france("max_regression_abs = 0.05\nslice = { country = \"*\", label = \"*\" }");
    let report = gate(&both, 1);
    let expected = ["country=DE,label=0 pass", "country=DE,label=1 pass", "country=FR,label=0 fail", "country=FR,label=1 pass"];
    assert_eq!(by_slice(&report), expected);
    let finding = &report["judgement"]["findings"][2];
    near(&finding["candidate"], 0.6, 1e-12);
    assert_eq!(finding["evidence"]["n_head"], 250);
    let table = proofmark(&both).run(&["gate"]).expect(1);
    assert!(table.contains("country=FR, label=0"), "{table}");
}

#[test]
fn a_slice_that_is_not_there_fails() {
    let repo = worse_in_france("max_regression_abs = 0.05\nslice = { country = \"IT\" }");
    assert_eq!(findings(&gate(&repo, 1)), ["accuracy fail block missing-slice"]);
}

#[test]
fn small_slices_are_listed_and_not_counted() {
    let small = |wrong: bool| {
        let mut table = rows(400, |_| false);
        let of_italy = |row: usize| format!("{row},1,{},0.5,IT", u8::from(!wrong));
        table.extend((400..420).map(of_italy));
        csv(&table)
    };
    let repo = change_of(&policy("max_regression_abs = 0.1\nslice = { country = \"*\" }"), &small(false), &small(true));
    let report = gate(&repo, 0);
    assert_eq!(by_slice(&report), ["country=DE pass", "country=FR pass", "country=IT inconclusive"]);
    assert_eq!(report["judgement"]["verdict"], "pass");
    let italy = &report["judgement"]["findings"][2];
    assert_eq!((&italy["severity"], &italy["effect"], &italy["reasons"][0]), (&"info".into(), &"allow".into(), &"too-few-rows".into()));
    assert!(explanation(italy).contains("20 rows") && explanation(italy).contains("30"), "{italy}");
    let rule = policy("max_regression_abs = 0.1\nslice = { country = \"*\" }\nmin_rows = 10");
    assert_eq!(by_slice(&gate(&change_of(&rule, &small(false), &small(true)), 1))[2], "country=IT fail");
}

/// Rows that the change itself took away make no small slice: that would be a way out of the rule.
#[test]
fn a_slice_does_not_get_small_by_the_change() {
    for limit in ["max_regression_abs = 0.05\ninconclusive = \"block\"", "min = 0.8"] {
        let all_rows = "[[rule]]\ntable = \"test\"\nmetric = \"accuracy\"\nmin = 0.5";
        let rule = policy(&format!("{limit}\nslice = {{ country = \"FR\" }}\n{all_rows}"));
        let is_kept = |(row, text): &(usize, String)| text.ends_with("DE") || *row < 40;
        let kept: Vec<String> = rows(1000, |row| row % 4 >= 2).into_iter().enumerate().filter(is_kept).map(|(_, text)| text).collect();
        let report = gate(&change_of(&rule, &wrong_until(1000, 0), &csv(&kept)), 1);
        let finding = &report["judgement"]["findings"][0];
        assert_eq!((&finding["evidence"]["n_head"], &finding["effect"]), (&20.into(), &"block".into()), "{limit}: {finding}");
    }
}

#[test]
fn a_slice_that_the_head_lost_fails() {
    let rule = policy("max_regression_abs = 0.05\nslice = { country = \"*\" }");
    let left: Vec<String> = rows(1000, |_| false).into_iter().filter(|row| !row.ends_with("FR")).collect();
    let report = gate(&change_of(&rule, &wrong_until(1000, 0), &csv(&left)), 1);
    assert_eq!(findings(&report), ["accuracy inconclusive notice unpaired-rows", "accuracy fail block missing-slice"]);
}

#[test]
fn one_slice_of_many_is_not_enough_to_fail() {
    let table = |wrong: usize| {
        let row = |row: usize| format!("{row},1,{},0.5,C{:02}", u8::from(row >= wrong), row / 100);
        csv(&(0..2000).map(row).collect::<Vec<_>>())
    };
    let with = |country: &str, code: i32| {
        let rule = policy(&format!("max_regression_abs = 0.03\nslice = {{ country = \"{country}\" }}"));
        gate(&change_of(&rule, &table(0), &table(9)), code)
    };
    let alone = with("C00", 1);
    assert_eq!(findings(&alone), ["accuracy fail block regression"]);
    let among = with("*", 0);
    assert_eq!(among["judgement"]["findings"].as_array().map(Vec::len), Some(20));
    assert_eq!(findings(&among)[0], "accuracy inconclusive notice multiplicity");
    let evidence = &among["judgement"]["findings"][0]["evidence"];
    let p = evidence["p_inferior"].as_f64().expect("a number");
    near(&evidence["p_inferior_adjusted"], 20.0 * p, 1e-9);
    assert!(p <= 0.05 && 20.0 * p > 0.05, "{p}");
    assert!(findings(&among)[1..].iter().all(|found| found == "accuracy pass allow"), "{:?}", findings(&among));
}

#[test]
fn slices_that_are_only_shown() {
    let rule = policy("max_regression_abs = 0.2").replace("[[rule]]", "slices = [\"country\"]\nmetrics = [\"recall\"]\n[[rule]]");
    let repo = change_of(&rule, &wrong_until(1000, 0), &csv(&rows(1000, |row| row % 4 == 3 && row < 400)));
    let report = gate(&repo, 0);
    assert_eq!(findings(&report), ["accuracy pass allow"]);
    let shown = report["judgement"]["shown"].as_array().expect("a list");
    let told: Vec<String> =
        shown.iter().map(|row| format!("{} {}", row["slice"]["country"].as_str().unwrap_or("-"), row["candidate"])).collect();
    assert_eq!(told, ["- 0.8", "DE 1.0", "FR 0.6"]);
    assert_eq!(shown[2]["reasons"][0], "different");
}
