//! Rules over several metrics or slices.

use super::*;

/// The usual table with a harmless rule, and a composite.
fn composite(form: &str) -> String {
    format!("{}[[composite]]\nname = \"together\"\n{form}\n", policy("min = 0.1"))
}

/// Predictions that got worse in one country only, by so many rows of 500.
fn worse_in_france(form: &str, by: usize) -> TestRepo {
    change_of(&composite(form), &wrong_until(1000, 0), &csv(&rows(1000, |row| row % 4 == 2 && row < 4 * by)))
}

#[track_caller]
fn together(repo: &TestRepo, code: i32) -> Value {
    let report = gate(repo, code);
    assert_eq!(findings(&report).len(), 2, "{:?}", findings(&report));
    assert_eq!(report["judgement"]["findings"][1]["metric"], "together");
    report["judgement"]["findings"][1].clone()
}

#[test]
fn the_gap_between_slices() {
    let form = "gap = { metric = \"accuracy\", table = \"test\", by = \"country\", max = 0.1 }";
    assert_eq!(together(&worse_in_france(form, 50), 0)["verdict"], "pass", "0.1 is accepted");
    let wide = together(&worse_in_france(form, 60), 1);
    assert_eq!(wide["verdict"], "fail");
    near(&wide["candidate"], 0.12, 1e-12);
    assert!(explanation(&wide).contains("FR"), "{wide}");
    let change = "gap = { metric = \"accuracy\", table = \"test\", by = \"country\", max_change = 0.05 }";
    assert_eq!(together(&worse_in_france(change, 60), 1)["verdict"], "fail");
}

#[test]
fn the_worst_slice() {
    let form = "worst_slice = { metric = \"accuracy\", table = \"test\", by = \"country\", margin = 0.05 }";
    assert_eq!(together(&worse_in_france(form, 5), 0)["verdict"], "pass");
    let worst = together(&worse_in_france(form, 60), 1);
    assert_eq!(worst["verdict"], "fail");
    assert!(explanation(&worst).contains("country=FR"), "{worst}");
    assert_eq!(together(&worse_in_france(form, 25), 0)["verdict"], "inconclusive");
}

/// What becomes of a rule when the head's rows are not the base's: some are gone, or have other labels.
fn on_other_rows(form: &str) -> [String; 2] {
    let whole = rows(1000, |_| false);
    let relabelled: Vec<String> = whole.iter().map(|row| row.replacen(",0,0,", ",1,1,", 1)).collect();
    [&whole[..980], &relabelled].map(|head| {
        let ran = proofmark(&change_of(&composite(form), &wrong_until(1000, 0), &csv(head))).run(&["gate", "--format", "json"]);
        json(&ran.stdout)["judgement"]["findings"][1]["verdict"].as_str().unwrap_or_default().to_owned()
    })
}

#[test]
fn the_worst_slice_of_other_rows_is_not_known() {
    let form = "worst_slice = { metric = \"accuracy\", table = \"test\", by = \"country\", margin = 0.05 }";
    assert_eq!(on_other_rows(form), ["inconclusive", "inconclusive"]);
}

#[test]
fn an_improvement_between_two_test_sets_is_none() {
    let form = "expression = 'improvement(\"test:accuracy\") >= -0.01'";
    assert_eq!(on_other_rows(form), ["inconclusive", "inconclusive"]);
    let form = "pareto = [\"test:accuracy\", \"test:f1\"]\n[[rule]]\ntable = \"test\"\nmetric = \"f1\"\nmin = 0";
    assert_eq!(on_other_rows(form), ["inconclusive", "inconclusive"]);
}

/// As for rules on slices: leaving rows out at the head is no way to leave the slice out.
#[test]
fn the_worst_slice_does_not_get_small_by_the_change() {
    let form = "worst_slice = { metric = \"accuracy\", table = \"test\", by = \"country\", margin = 0.05 }";
    let is_kept = |(row, text): &(usize, String)| text.ends_with("DE") || *row < 40;
    let kept: Vec<String> = rows(1000, |row| row % 4 >= 2).into_iter().enumerate().filter(is_kept).map(|(_, text)| text).collect();
    let ran = proofmark(&change_of(&composite(form), &wrong_until(1000, 0), &csv(&kept))).run(&["gate", "--format", "json"]);
    assert_ne!(json(&ran.stdout)["judgement"]["findings"][1]["verdict"], "pass");
}

#[test]
fn an_expression_over_tables_and_files() {
    let form = "expression = 'candidate(\"test:accuracy\") >= 0.9 or not candidate(\"size_mb\") > 100'";
    let repo = TestRepo::new();
    repo.write("proofmark.toml", composite(form))
        .write(FILE, wrong_until(1000, 50))
        .write("metrics.json", r#"{"size_mb": 80}"#)
        .commit("base");
    repo.switch("change");
    for (wrong, size, code, verdict) in [(50, 120, 0, "pass"), (200, 80, 0, "pass"), (200, 120, 1, "fail")] {
        repo.write(FILE, wrong_until(1000, wrong)).write("metrics.json", format!("{{\"size_mb\": {size}}}")).commit("head");
        assert_eq!(together(&repo, code)["verdict"], verdict);
    }
    repo.remove("metrics.json").commit("unknown size");
    let lost = gate(&repo, 1);
    assert_eq!(findings(&lost)[1], "together fail block missing-candidate");
}

#[test]
fn a_name_that_there_is_not() {
    let repo = worse_in_france("expression = 'candidate(\"acuracy\") > 0.5'", 0);
    let finding = together(&repo, 2);
    assert_eq!(finding["reasons"][0], "unknown-name");
    assert!(finding["hint"].as_str().is_some_and(|hint| hint.contains("accuracy")), "{finding}");
    let broken = worse_in_france("expression = 'candidate(\"accuracy\" > 0.5'", 0);
    assert!(proofmark(&broken).run(&["gate"]).expect_error(2).contains("together"));
}

#[test]
fn a_budget_and_a_trade() {
    let with = |form: &str, size: u32, wrong: usize, code: i32| {
        let repo = TestRepo::new();
        repo.write("proofmark.toml", composite(form))
            .write(FILE, wrong_until(1000, 100))
            .write("metrics.json", r#"{"size_mb": 80}"#)
            .commit("base");
        repo.switch("change")
            .write(FILE, wrong_until(1000, wrong))
            .write("metrics.json", format!("{{\"size_mb\": {size}}}"))
            .commit("head");
        together(&repo, code)["verdict"].as_str().unwrap_or_default().to_owned()
    };
    let budget = "budget = { metric = \"size_mb\", max = 100, max_increase_rel = 0.1 }";
    assert_eq!([with(budget, 88, 100, 0), with(budget, 90, 100, 1), with(budget, 101, 100, 1)], ["pass", "fail", "fail"]);
    let trade =
        "trade = { loss_in = \"size_mb\", up_to = 30, gain_in = \"test:accuracy\", at_least = 0.02 }\n[directions]\nsize_mb = \"lower\"";
    assert_eq!([with(trade, 100, 50, 0), with(trade, 100, 100, 1)], ["pass", "fail"], "a gain pays for a loss");
    assert_eq!([with(trade, 80, 100, 0), with(trade, 120, 50, 1)], ["pass", "fail"], "nothing to pay for, and too much");
}
