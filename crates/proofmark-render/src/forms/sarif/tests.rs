use proptest::prelude::*;

use super::*;
use crate::testing::{
    HOSTILE, POLICY, between, everyday, hostile_report, hostile_rows, hostile_runs, large_report, report, rows_report, run,
};

fn of(told: &Told<'_>, page: &Page<'_>) -> Value {
    serde_json::from_str(&sarif(told, page).expect("JSON")).expect("JSON")
}

fn results(report: &Report) -> Vec<Value> {
    of(&Told::Judged(report), &Page::default())["runs"][0]["results"].as_array().expect("results").clone()
}

#[test]
fn what_blocks_comes_first_with_its_rule_and_place() {
    let mut report = report(everyday(), POLICY);
    let accuracy = report.judgement.findings.iter_mut().find(|one| one.effect == Effect::Block).expect("one that blocks");
    accuracy.line = Some(7);
    let log = of(&Told::Judged(&report), &Page::default());
    let run = &log["runs"][0];
    let first = &run["results"][0];
    assert_eq!((&first["ruleId"], &first["level"]), (&json!("regression-abs"), &json!("error")));
    assert_eq!(first["message"]["text"], "accuracy: fail: 0.9134 → 0.8934 (-2.19 %): worse by 0.02, more than 0.01");
    let place = json!({"artifactLocation": {"uri": "eval/metrics.json"}, "region": {"startLine": 7}});
    assert_eq!(first["locations"][0]["physicalLocation"], place);
    assert_eq!((&first["properties"]["baseline"], &first["properties"]["max_regression_abs"]), (&json!(0.9134), &json!(0.01)));
    let levels: Vec<&str> = results(&report).iter().map(|one| if one["level"] == "error" { "error" } else { "warning" }).collect();
    assert_eq!(levels, ["error", "warning", "warning", "warning"], "what passed is no result");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert!(run.get("versionControlProvenance").is_none() && run["automationDetails"]["id"] == "proofmark/");
}

#[test]
fn every_result_names_a_rule_that_is_described() {
    for report in [report(everyday(), POLICY), rows_report(), hostile_rows(2)] {
        let log = of(&Told::Judged(&report), &Page::default());
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
        for result in log["runs"][0]["results"].as_array().expect("results") {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
            assert_eq!(rules[index]["id"], result["ruleId"]);
        }
    }
}

#[test]
fn what_is_accepted_is_suppressed() {
    let all = results(&rows_report());
    let waived: Vec<&Value> = all.iter().filter(|one| one["properties"]["verdict"] == "waived").collect();
    assert_eq!(waived.len(), 1);
    assert_eq!(waived[0]["suppressions"][0]["justification"], "bea: the larger model is worth it");
    assert_eq!(all.iter().filter(|one| one.get("suppressions").is_some()).count(), 1);
}

#[test]
fn findings_stay_the_same_while_numbers_move() {
    let at = |head: &str| {
        let all =
            results(&report(between(&[("m.json", r#"{"a": 9, "b": 9}"#)], &[("m.json", head)]), "[[rule]]\nmetric = \"*\"\nmin = 8\n"));
        all.iter().map(|one| one["partialFingerprints"].to_string()).collect::<Vec<_>>()
    };
    let one = at(r#"{"a": 1, "b": 1}"#);
    assert_eq!(one, at(r#"{"a": 2, "b": 3}"#));
    assert_ne!(one[0], one[1]);
}

#[test]
fn subjects_stand_side_by_side() {
    let report = report(everyday(), POLICY);
    let id = |title: &str| {
        of(&Told::Judged(&report), &Page { title: Some(title), ..Page::default() })["runs"][0]["automationDetails"]["id"].clone()
    };
    assert_eq!([id("churn model"), id("a/b"), id("a%2Fb")], ["proofmark/churn model/", "proofmark/a%2Fb/", "proofmark/a%252Fb/"]);
}

#[test]
fn the_commit_is_told_where_its_repository_is_known() {
    let report = report(everyday(), POLICY);
    let mut run = run();
    (run.server_url, run.repository) = (Some("https://github.com".into()), Some("o/r".into()));
    let of =
        |run: &_| of(&Told::Judged(&report), &Page { run: Some(run), ..Page::default() })["runs"][0]["versionControlProvenance"].clone();
    let told = json!([{"repositoryUri": "https://github.com/o/r", "revisionId": run.head.commit, "branch": "faster"}]);
    assert_eq!(of(&run), told);
    run.server_url = Some("javascript:alert(1)//".into());
    assert_eq!(of(&run), Value::Null);
}

#[test]
fn what_could_not_be_read_is_told_as_a_notification() {
    let report = report(between(&[("m.json", r#"{"a": 1}"#)], &[("m.json", "{\n\"a\": oops}")]), "[[rule]]\nmetric = \"a\"\nmin = 0\n");
    let log = of(&Told::Judged(&report), &Page::default());
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let note = &invocation["toolExecutionNotifications"][0];
    assert_eq!(note["level"], "error");
    assert_eq!(note["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
    let failure = Failure { message: "no base", causes: &["a".into()], hints: &["fetch".into()] };
    let log = of(&Told::Broken(failure), &Page::default());
    let notes = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert_eq!((&log["runs"][0]["results"], &notes[0]["descriptor"]["id"]), (&json!([]), &json!("nothing-judged")));
    let texts: Vec<&str> = notes.as_array().expect("notes").iter().filter_map(|note| note["message"]["text"].as_str()).collect();
    assert_eq!(texts, ["nothing was judged: no base", "caused by: a", "Hint: fetch"]);
}

#[test]
fn nothing_checked_is_an_error() {
    let all = results(&report(between(&[], &[]), "[policy]\n"));
    assert_eq!((all.len(), &all[0]["ruleId"], &all[0]["level"]), (1, &json!("nothing-checked"), &json!("error")));
    assert_eq!(all[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "proofmark.toml");
}

#[test]
fn what_is_in_no_file_has_a_place_too() {
    let mut report = rows_report();
    report.judgement.policy = proofmark_core::policy::PolicyOrigin::BuiltIn;
    report.judgement.findings.iter_mut().for_each(|finding| finding.file = None);
    for result in results(&report) {
        let place = json!({"artifactLocation": {"uri": "proofmark.toml"}, "region": {"startLine": 1}});
        assert_eq!(result["locations"], json!([{"physicalLocation": place}]));
    }
}

#[test]
fn too_many_results_are_left_out_and_it_is_said() {
    let mut report = large_report(9);
    let one = report.judgement.findings.iter().find(|one| one.effect == Effect::Notice).expect("a notice").clone();
    report.judgement.findings = vec![one; MOST_RESULTS + 7];
    let log = of(&Told::Judged(&report), &Page::default());
    assert_eq!(log["runs"][0]["results"].as_array().map(Vec::len), Some(MOST_RESULTS));
    let notes = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(notes[0]["message"]["text"], "7 more results were left out");
}

#[test]
fn hostile_texts_act_nowhere() {
    let (run, past) = hostile_runs();
    for report in [hostile_report(), hostile_rows(3)] {
        for title in HOSTILE {
            sound(&of(&Told::Judged(&report), &Page { title: Some(title), past: &past, run: Some(&run), ..Page::default() }));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_text_is_sound(text in ".*") {
        let mut report = report(everyday(), POLICY);
        for finding in &mut report.judgement.findings {
            (finding.explanation, finding.table) = (text.clone(), Some(text.clone()));
            finding.reasons = vec![text.clone()];
            finding.file = RepoPath::parse(&text.replace('\0', "")).ok();
        }
        sound(&of(&Told::Judged(&report), &Page { title: Some(&text), ..Page::default() }));
    }
}

/// Messages are plain and bounded, and addresses relative.
fn sound(value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field) {
                    ("text", Value::String(text)) => {
                        assert!(text.len() < 9000 && !text.contains(escape::acts) && !text.contains("]("), "{text}");
                    }
                    ("uri", Value::String(uri)) => {
                        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
                        assert!(uri.bytes().all(harmless) && !uri.starts_with('/'), "{uri}");
                    }
                    _ => sound(field),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(sound),
        _ => {}
    }
}
