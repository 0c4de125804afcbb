//! Runs in the other subcommands: compare, doctor, record, log, replay.

use super::*;

#[test]
fn compare_shows_runs_and_judges_nothing() {
    let lab = Lab::trained(&policy(""), 0.9, 0.5);
    let table = lab.program().run(&["compare"]).expect(0);
    assert!(table.contains("auc") && table.contains("0.9") && table.contains("0.5") && table.contains("mlflow:churn"), "{table}");
    let document = json(&lab.program().run(&["compare", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document).len(), 1);
    assert_eq!(document["comparison"]["tracked"][0]["experiments"][0], "churn");
}

#[test]
fn doctor_says_which_runs_it_found_or_why_none() {
    let lab = Lab::trained(&policy(""), 0.9, 0.5);
    let told = lab.program().run(&["doctor"]).expect(0);
    assert!(told.contains("mlflow") && told.contains("by the commit") && told.contains(&lab.head[..10]), "{told}");
    let lab = Lab::of(&policy(""));
    let told = lab.program().run(&["doctor"]).expect(2);
    assert!(told.contains("no run") && told.contains("commit_tag"), "{told}");
    lab.mlflow.require_user("ada", "secret");
    let told = lab.program().run(&["doctor"]).expect(2);
    assert!(told.contains("401") && told.contains("MLFLOW_TRACKING_USERNAME"), "{told}");
    let found = json(&lab.program().run(&["doctor", "--format", "json"]).expect(2));
    assert!(found.as_array().into_iter().flatten().any(|one| one["name"] == "mlflow" && one["state"] == "bad"), "{found}");
}

#[test]
fn recorded_values_of_runs_have_a_history() {
    let lab = Lab::trained(&policy(""), 0.9, 0.895);
    let place = lab.file("report.json");
    lab.program().run(&["gate", "main", "change", "--output", &place]).expect(0);
    lab.program().run(&["record", &place]).expect(0);
    let recorded = lab.repo.git(&["show", &format!("refs/proofmark/history:{}/{}.json", &lab.head[..2], &lab.head[2..])]);
    let record = json(&recorded);
    assert_eq!((&record["values"][0]["place"]["file"], record["values"][0]["value"].as_f64()), (&"mlflow:churn".into(), Some(0.895)));
    let text = lab.program().run(&["log", "auc", "--recorded", "--format", "csv"]).expect(0);
    assert!(text.contains("0.895"), "{text}");
}

#[test]
fn a_stored_report_is_judged_under_other_rules() {
    let lab = Lab::trained(&policy(""), 0.9, 0.85);
    let place = lab.file("report.json");
    lab.program().run(&["gate", "--output", &place]).expect(1);
    std::fs::write(lab.file("new.toml"), policy("").replace("0.01", "0.1")).expect("written");
    let seen = lab.mlflow.requests().len();
    let told = lab.program().run(&["replay", &place, "--policy", &lab.file("new.toml")]).expect(0);
    assert!(told.contains("auc"), "{told}");
    assert_eq!(lab.mlflow.requests().len(), seen, "nothing is asked again");
}

#[test]
fn a_gate_asks_no_server_where_no_policy_names_one() {
    let lab = Lab::trained(RULE, 0.9, 0.5);
    lab.repo.write("metrics.json", r#"{"auc": 0.9}"#).commit("a file");
    lab.program().run(&["gate"]);
    assert!(lab.mlflow.requests().is_empty());
}

#[test]
fn the_files_on_disk_belong_to_the_commit_below_them() {
    let lab = Lab::trained(&policy(""), 0.9, 0.8);
    lab.repo.write("train.py", "not committed");
    assert_eq!(findings(&lab.gate(1)), ["auc fail block regression-abs"]);
}

#[test]
fn revisions_that_are_typed() {
    let lab = Lab::trained(&policy(""), 0.9, 0.8);
    lab.repo.switch("main");
    let report = json(&lab.program().run(&["gate", "main", "change", "--format", "json"]).expect(1));
    assert_eq!(findings(&report), ["auc fail block regression-abs"]);
    let swapped = json(&lab.program().run(&["gate", "change", "main", "--base-is", "tip", "--format", "json"]).expect(0));
    assert_eq!(findings(&swapped), ["auc pass allow"]);
}
