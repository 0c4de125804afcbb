//! The recorded history: `window` and `best`.

use std::process::Command;

use super::*;

const WINDOW: &str = "[[rule]]\nmetric = \"accuracy\"\nbaseline = \"window\"\nmin = 0.7\n";

/// Judges the newest commit against the one before and records that, as a job after a merge does.
#[track_caller]
fn judge_and_record(repo: &TestRepo) {
    let script = "\"$0\" gate HEAD~1 HEAD --format json | \"$0\" record -";
    let output = Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_proofmark")]).current_dir(repo.path()).output();
    let output = output.expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A branch of commits with these accuracies, all recorded.
fn recorded(policy: &str, values: &[&str]) -> TestRepo {
    let repo = TestRepo::new();
    repo.write("proofmark.toml", policy).commit("a policy");
    for value in values {
        repo.write("metrics.json", format!("{{\"accuracy\": {value}}}")).commit(value);
        judge_and_record(&repo);
    }
    repo.switch("change");
    repo
}

#[track_caller]
fn next(repo: &TestRepo, value: &str, code: i32) -> Value {
    repo.write("metrics.json", format!("{{\"accuracy\": {value}}}"));
    gate(repo, code)
}

#[test]
fn what_is_usual_passes_and_what_is_not_fails() {
    let repo = recorded(WINDOW, &["0.90", "0.91", "0.89", "0.90", "0.91", "0.89"]);
    let usual = next(&repo, "0.895", 0);
    assert_eq!(findings(&usual), ["accuracy pass allow"]);
    let finding = only(&usual);
    assert_eq!((&finding["against"], &finding["evidence"]["procedure"]), (&"window".into(), &"prediction_limit_t".into()));
    assert_eq!(finding["evidence"]["n_base"], 6);
    near(&finding["baseline"], 0.9, 1e-12);
    let unusual = next(&repo, "0.86", 1);
    assert_eq!(findings(&unusual), ["accuracy fail block regression,unusual"]);
    assert!(explanation(only(&unusual)).contains("last 6 values"), "{}", only(&unusual));
    // t(0.95, 5) sd sqrt(1 + 1/6) is 2.015 · 0.008944 · 1.0801 = 0.01947 below the mean.
    next(&repo, "0.8806", 0);
    next(&repo, "0.8804", 1);
}

#[test]
fn an_accepted_loss_as_well_asks_for_both() {
    let rule = format!("{WINDOW}max_regression_abs = 0.05\n");
    let repo = recorded(&rule, &["0.90", "0.91", "0.89", "0.90", "0.91", "0.89"]);
    assert_eq!(findings(&next(&repo, "0.86", 0)), ["accuracy pass allow"], "unusual, and no more than accepted");
    assert_eq!(findings(&next(&repo, "0.84", 1)), ["accuracy fail block regression,unusual"]);
}

#[test]
fn values_of_blocked_runs_do_not_enter() {
    let repo = recorded(WINDOW, &["0.90", "0.91", "0.20", "0.89", "0.90", "0.91", "0.89"]);
    let report = next(&repo, "0.9", 0);
    assert_eq!(only(&report)["evidence"]["n_base"], 6);
    near(&only(&report)["baseline"], 0.9, 1e-12);
    near(&only(&report)["evidence"]["se"], 0.008_944_27 * (7.0_f64 / 6.0).sqrt(), 1e-6);
}

#[test]
fn an_accepted_level_begins_the_window_anew() {
    let repo = recorded(WINDOW, &["0.90", "0.91", "0.89", "0.90", "0.91", "0.89"]);
    repo.switch("main").write("metrics.json", r#"{"accuracy": 0.8}"#).commit("a new level");
    proofmark(&repo).run(&["gate", "HEAD~1", "HEAD", "-o", "../report.json"]).expect(1);
    proofmark(&repo).run(&["record", "../report.json", "--accept-level", "accuracy"]).expect(0);
    for value in ["0.81", "0.79", "0.80", "0.81"] {
        repo.write("metrics.json", format!("{{\"accuracy\": {value}}}")).commit(value);
        judge_and_record(&repo);
    }
    repo.switch("after");
    let report = next(&repo, "0.795", 0);
    assert_eq!(findings(&report), ["accuracy pass allow"]);
    assert_eq!(only(&report)["evidence"]["n_base"], 5);
    near(&only(&report)["baseline"], 0.802, 1e-12);
}

#[test]
fn too_few_values_judge_nothing() {
    let few = recorded(WINDOW, &["0.90", "0.91"]);
    let report = next(&few, "0.8", 0);
    assert_eq!(findings(&report), ["accuracy inconclusive notice too-few-values"]);
    let none = recorded(WINDOW, &[]);
    none.switch("main").write("metrics.json", r#"{"accuracy": 0.9}"#).commit("not recorded");
    none.switch("other");
    let report = next(&none, "0.8", 0);
    assert_eq!(findings(&report), ["accuracy no-baseline notice no-baseline"]);
    assert!(only(&report)["hint"].as_str().is_some_and(|hint| hint.contains("proofmark record")), "{report}");
}

#[test]
fn the_best_value_that_passed() {
    let rule = "[[rule]]\nmetric = \"accuracy\"\nbaseline = \"best\"\nmax_regression_abs = 0.01\n";
    let repo = recorded(rule, &["0.90", "0.95", "0.99", "0.97", "0.985"]);
    // 0.97 was blocked; its successor is judged against 0.99 all the same.
    let report = next(&repo, "0.975", 1);
    assert_eq!(findings(&report), ["accuracy fail block regression-abs"]);
    assert_eq!((&only(&report)["against"], only(&report)["baseline"].as_f64()), (&"best".into(), Some(0.99)));
    assert_eq!(findings(&next(&repo, "0.98", 0)), ["accuracy pass allow"]);
}

#[test]
fn values_of_another_test_set_do_not_count() {
    let rule = policy("baseline = \"window\"");
    let repo = TestRepo::new();
    repo.write("proofmark.toml", &rule).commit("a policy");
    for wrong in [10, 11, 9, 10, 11, 9] {
        repo.write(FILE, wrong_until(100, wrong)).commit("measured");
        judge_and_record(&repo);
    }
    repo.switch("change").write(FILE, wrong_until(100, 10));
    assert_eq!(only(&gate(&repo, 0))["evidence"]["n_base"], 6);
    repo.write(FILE, wrong_until(90, 10));
    let report = gate(&repo, 0);
    assert_eq!(findings(&report), ["accuracy no-baseline notice no-baseline"]);
}
