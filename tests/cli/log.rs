//! `proofmark log`.

use crate::{json, proofmark};
use proofmark_testkit::repo::TestRepo;

fn history() -> TestRepo {
    let repo = TestRepo::new();
    for (step, value) in ["0.5", "0.7", "NaN", "0.9"].iter().enumerate() {
        repo.write("metrics.json", format!("{{\"auc\": {value}, \"loss\": {step}}}")).commit(&format!("step {step}"));
    }
    repo.write("metrics.json", "{\"auc\": ").commit("broken");
    repo.remove("metrics.json").commit("gone");
    repo
}

#[test]
fn values_over_commits_newest_first() {
    let repo = history();
    let document = json(&proofmark(&repo).run(&["log", "auc", "--format", "json"]).expect(0));
    let rows = document["history"]["commits"].as_array().expect("a list");
    assert_eq!(rows.len(), 6);
    let text = proofmark(&repo).run(&["log", "auc", "--format", "csv"]).expect(0);
    let values: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').nth(5)).collect();
    assert_eq!(values, ["", "", "0.9", "NaN", "0.7", "0.5"], "{text}");
    assert!(text.contains(",unparsable\n") && text.contains(",not there\n"), "a gap says why: {text}");
    let table = proofmark(&repo).run(&["log", "auc"]).expect(0);
    assert!(table.contains("step 0") && table.contains('▁'), "{table}");
}

#[test]
fn first_parents_only_unless_told() {
    let repo = TestRepo::new();
    repo.write("metrics.json", r#"{"auc": 1}"#).commit("one");
    repo.branch("side").switch("side").write("x", "y").commit("on the side");
    repo.switch("main").write("z", "z").commit("two");
    repo.merge("side");
    let count = |arguments: &[&str]| json(&proofmark(&repo).run(arguments).expect(0))["history"]["commits"].as_array().map(Vec::len);
    assert_eq!(count(&["log", "auc", "--format", "json"]), Some(3));
    assert_eq!(count(&["log", "auc", "--format", "json", "--all-parents"]), Some(4));
    assert_eq!(count(&["log", "metrics.json:auc", "--format", "json", "-n", "2"]), Some(2));
}

#[test]
fn an_unknown_metric_is_an_error() {
    let error = proofmark(&history()).run(&["log", "acu"]).expect_error(2);
    assert!(error.contains("`acu`"), "{error}");
}
