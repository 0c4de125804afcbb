//! Where results go: several forms in one run, whole files, stdout for data and stderr for talk.

use crate::{change, json, proofmark};

#[test]
fn several_outputs_in_one_run() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[("metrics.json", r#"{"auc": 0.95}"#)]);
    let out = repo.outside();
    let (report, comment) = (out.join("report.json"), out.join("comment.md"));
    let stdout = proofmark(&repo)
        .run(&["gate", "--format", "table", "-o", &report.to_string_lossy(), "-o", &format!("markdown={}", comment.to_string_lossy())])
        .expect(0);
    assert!(stdout.contains("allowed"), "{stdout}");
    assert_eq!(json(&std::fs::read_to_string(report).expect("written"))["kind"], "report");
    assert!(std::fs::read_to_string(comment).expect("written").contains("auc"));
    let only_stdout = proofmark(&repo).run(&["compare", "-o", "json=-"]).expect(0);
    assert_eq!(json(&only_stdout)["kind"], "comparison");
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_and_leaves_nothing() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[]);
    let error = proofmark(&repo).run(&["compare", "-o", "no/such/folder/x.json"]).expect_error(2);
    assert!(error.contains("x.json"), "{error}");
    assert!(proofmark(&repo).run(&["compare", "-o", "x.bin"]).expect_error(2).contains("does not tell the form"));
}

#[test]
fn json_is_strict_and_stable() {
    let repo = change(
        &[("metrics.json", r#"{"b": NaN, "a": -Infinity, "c": 170141183460469231731687303715884105727}"#)],
        &[("metrics.json", r#"{"b": 1, "a": Infinity, "c": 3}"#)],
    );
    let one = proofmark(&repo).run(&["compare", "--format", "json"]).expect(0);
    assert_eq!(one, proofmark(&repo).run(&["compare", "--format", "json"]).expect(0));
    assert!(one.contains("\"NaN\"") && one.contains("\"-Infinity\"") && one.contains("170141183460469231731687303715884105727"), "{one}");
}

#[test]
fn small_numbers_show() {
    let repo = change(&[("metrics.json", r#"{"loss": 1e-9}"#)], &[("metrics.json", r#"{"loss": 2e-9}"#)]);
    let table = proofmark(&repo).run(&["compare"]).expect(0);
    assert!(table.contains("1e-9") && table.contains("2e-9"), "{table}");
}

#[test]
fn a_template_of_the_users_own() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[("metrics.json", r#"{"auc": 0.95}"#)]);
    repo.write("own.jinja", "{{ no_such_thing.at_all }}");
    let error = proofmark(&repo).run(&["compare", "--format", "markdown", "--template", "own.jinja"]).expect_error(2);
    assert!(error.contains("template"), "{error}");
    repo.write("own.jinja", "plain text\n");
    assert_eq!(proofmark(&repo).run(&["compare", "--format", "markdown", "--template", "own.jinja"]).expect(0).trim(), "plain text");
}

#[test]
fn colours_only_where_asked_for() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[("metrics.json", r#"{"auc": 0.95}"#)]);
    let plain = proofmark(&repo).run(&["compare"]).expect(0);
    assert!(!plain.contains('\x1b'));
    assert!(proofmark(&repo).run(&["compare", "--color", "always"]).expect(0).contains("\x1b["));
    assert!(proofmark(&repo).env("FORCE_COLOR", "1").run(&["compare"]).expect(0).contains("\x1b["));
    assert!(!proofmark(&repo).env("FORCE_COLOR", "1").env("NO_COLOR", "1").run(&["compare"]).expect(0).contains('\x1b'));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[]);
    let script = format!("'{}' schema report | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_proofmark"));
    let output = std::process::Command::new("bash").args(["-c", &script]).current_dir(repo.path()).output().expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "0");
}
