//! Stored reports: they have to say what is found when a version is promoted.

use super::promote::{lab, refuses};
use super::*;

/// What the gate wrote, changed by somebody.
pub(super) fn forged(lab: &Lab, change: impl Fn(&mut Value)) -> String {
    let place = lab.file("report.json");
    lab.program().run(&["gate", "--output", &place]);
    let mut report = json(&std::fs::read_to_string(&place).expect("the gate wrote it"));
    change(&mut report);
    std::fs::write(&place, report.to_string()).expect("written");
    place
}

/// The file as text, with one in the place of another.
pub(super) fn respelled(report: &mut Value, old: &str, new: &str) {
    let text = report.to_string();
    assert!(text.contains(old), "{old} is not in {text}");
    *report = json(&text.replace(old, new));
}

pub(super) fn row(report: &mut Value) -> &mut Value {
    &mut report["comparison"]["metrics"][0]
}

#[test]
fn an_honest_report_is_enough_and_its_second_try_writes_nothing() {
    let lab = lab(&policy(""), 0.95);
    let place = forged(&lab, |_| ());
    lab.promote(&["--report", &place], 0);
    assert_eq!(lab.champion(), Some(2));
    let writes = lab.writes().len();
    lab.promote(&["--report", &place], 0);
    assert_eq!(lab.writes().len(), writes);
}

#[test]
fn a_verdict_is_not_taken_on_trust() {
    let lab = lab(&policy(""), 0.5);
    // A whole judgement that says something else, without contradiction, from a gate that passed.
    let good = promote::lab(&policy(""), 0.95);
    let passed = json(&std::fs::read_to_string(forged(&good, |_| ())).expect("the gate wrote it"));
    let place = forged(&lab, |report| report["judgement"] = passed["judgement"].clone());
    refuses(&lab, &["--report", &place], 1, "BLOCKED");
    let place = forged(&lab, |report| report["judgement"]["findings"] = Value::Array(Vec::new()));
    refuses(&lab, &["--report", &place], 2, "contradicts itself");
}

#[test]
fn the_bases_policy_judges() {
    let lab = lab(&policy(""), 0.5);
    lab.repo.write("proofmark.toml", format!("{SOURCE}[[rule]]\nmetric = \"auc\"\nmin = 0.1\n"));
    let commit = lab.repo.commit("a policy of mine");
    let run = lab.train(&commit, 0.5);
    lab.mlflow.register(MODEL, &run);
    let place = lab.file("report.json");
    lab.program().run(&["gate", "--config", "proofmark.toml", "--output", &place]).expect(0);
    refuses(&lab, &["--report", &place], 1, "BLOCKED");
}

#[test]
fn a_value_of_the_head_is_that_of_its_run() {
    let lab = lab(&policy(""), 0.5);
    let place = forged(&lab, |report| row(report)["head"] = 0.95.into());
    refuses(&lab, &["--report", &place], 2, "`comparison.metrics` differs");
    // Where somebody logged to the run since, the report is old.
    let place = forged(&lab, |_| ());
    let run = lab.mlflow.world().run_named("run").expect("the head's");
    lab.mlflow.world().log_metric(&run, "auc", 0.1, 99, 1);
    refuses(&lab, &["--report", &place], 2, "`comparison.metrics` differs");
}

#[test]
fn a_run_that_is_gone_or_unknown() {
    let lab = lab(&policy(""), 0.95);
    let own = lab.mlflow.world().run_named("run").expect("the head's");
    let place = forged(&lab, |report| respelled(report, &own, &"0".repeat(32)));
    refuses(&lab, &["--report", &place], 2, "`comparison.tracked` differs");
    let place = forged(&lab, |report| respelled(report, &own, "../../x?y=z&a\u{1f600}"));
    refuses(&lab, &["--report", &place], 2, "");
}

#[test]
fn a_report_about_another_commit() {
    let lab = lab(&policy(""), 0.95);
    let place = forged(&lab, |_| ());
    lab.repo.write("README", "z").commit("later");
    refuses(&lab, &["--report", &place], 2, "the report is about");
    lab.program().run(&["promote", MODEL, "main", &lab.head, "--alias", "champion", "--report", &place]).expect(0);
    assert_eq!(lab.champion(), Some(2));
}

#[test]
fn a_report_with_what_was_judged_left_out() {
    let lab = lab(&policy(""), 0.5);
    let place = forged(&lab, |report| report["comparison"]["metrics"] = Value::Array(Vec::new()));
    let ran = lab.program().run(&["promote", MODEL, "--alias", "champion", "--report", &place]);
    assert!(matches!(ran.code, Some(1 | 2)), "{:?} {}", ran.code, ran.stdout);
    let place = forged(&lab, |report| report["comparison"]["tracked"] = Value::Array(Vec::new()));
    let ran = lab.program().run(&["promote", MODEL, "--alias", "champion", "--report", &place]);
    assert!(matches!(ran.code, Some(1 | 2)), "{:?} {}", ran.code, ran.stdout);
    assert!(lab.writes().is_empty());
}

#[test]
fn what_is_no_report() {
    let lab = lab(&policy(""), 0.95);
    let place = lab.file("x.json");
    for text in ["", "{}", "[]", "{\"schema\": 1}", "\u{0}", "{\"kind\": \"comparison\", \"schema\": 1}"] {
        std::fs::write(&place, text).expect("written");
        refuses(&lab, &["--report", &place], 2, "");
    }
    refuses(&lab, &["--report", &lab.file("nope.json")], 2, "");
}
