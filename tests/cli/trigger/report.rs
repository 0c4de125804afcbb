//! Events of files: proofmark's own reports, drift documents, webhooks of MLflow; and files that are none of these.

use super::*;

/// Runs a gate on `change` and keeps its report.
fn reported(clone: &Clone, accuracy: &str) -> String {
    clone.commit("metrics.json", "{\"acc\": 0.9}");
    clone.repo.switch("change");
    clone.commit("metrics.json", &format!("{{\"acc\": {accuracy}}}"));
    let ran = clone.program().run(&["gate", "main", "--format", "json"]);
    let file = clone.file("report.json");
    fs::write(&file, ran.stdout).expect("a file");
    file.display().to_string()
}

fn rules() -> String {
    let rule = "[[rule]]\nmetric = \"acc\"\nmax_regression_abs = 0.01\n";
    rule.to_owned()
        + &tool(
            "blocked",
            "on = \"gate.blocked\"\nmetrics = [\"acc\"]\neffects = [\"block\"]",
            "\"blocked\", \"{{ event.verdict.failed[0] }}\"",
        )
        + &tool("passed", "on = \"gate.passed\"", "\"passed\"")
        + &tool("failed", "on = \"gate\"\nverdicts = [\"fail\"]", "\"failed\"")
        + &tool("unjudged", "on = \"gate.not-judged\"", "\"unjudged\"")
}

#[test]
fn a_report_of_the_gate_is_an_event() {
    for (accuracy, expected) in [("0.5", vec!["<blocked><acc>", "<failed>"]), ("0.95", vec!["<passed>"]), ("broken", vec!["<unjudged>"])] {
        let clone = Clone::new(&rules());
        let report = reported(&clone, accuracy);
        clone.run(&["--report", &report]).expect(0);
        assert_eq!(clone.calls(), expected, "{accuracy}");
        clone.run(&["--payload", &report]).expect(0);
        assert_eq!(clone.calls(), expected, "the same report is the same event");
    }
}

#[test]
fn the_gate_and_its_trigger_are_a_pipe_of_files() {
    let clone = Clone::new(&rules());
    reported(&clone, "0.5");
    clone.program().run(&["gate", "main", "--format", "json", "--output", "report.json"]).expect(1);
    clone.run(&["--report", "report.json"]).expect(0);
    assert_eq!(clone.calls().len(), 2);
}

#[test]
fn a_drift_document_is_an_event() {
    let rules = tool("retrain", "on = \"drift.detected\"\nmetrics = [\"age\"]", "\"{{ event.verdict.failed | join(',') }}\"");
    for (drifted, columns, calls) in [
        (true, json!([{"name": "age", "drifted": true, "statistic": "psi", "value": 0.4}, {"name": "sex", "drifted": false}]), 1),
        (true, json!([{"name": "sex", "drifted": true}]), 0),
        (false, json!([{"name": "age", "drifted": false}]), 0),
    ] {
        let clone = Clone::new(&rules);
        let drift = json!({"schema": 1, "kind": "drift", "dataset": "adults", "drifted": drifted, "columns": columns});
        fs::write(clone.file("drift.json"), drift.to_string()).expect("a file");
        let text = clone.run(&["--report", &clone.file("drift.json").display().to_string(), "--explain"]).expect(0);
        clone.run(&["--report", &clone.file("drift.json").display().to_string()]).expect(0);
        assert_eq!(clone.calls().len(), calls, "{text}");
    }
}

#[test]
fn a_webhook_of_mlflow_is_an_event() {
    let rules = tool(
        "deploy",
        "on = \"model_alias\"\nmodels = [\"churn*\"]\naliases = [\"champion\"]",
        "\"{{ event.model.name }}\", \"{{ event.model.version }}\"",
    );
    for (alias, calls) in [("champion", 1), ("challenger", 0)] {
        let clone = Clone::new(&rules);
        let body = json!({
            "entity": "model_version_alias", "action": "created", "timestamp": "2026-11-23T05:54:23.411508+00:00",
            "data": {"name": "churn-clf", "alias": alias, "version": "4"},
        });
        fs::write(clone.file("hook.json"), body.to_string()).expect("a file");
        clone.run(&["--payload", &clone.file("hook.json").display().to_string()]).expect(0);
        assert_eq!(clone.calls().len(), calls, "{alias}");
        assert!(clone.calls().iter().all(|call| call == "<churn-clf><4>"), "{:?}", clone.calls());
    }
}

#[test]
fn files_that_are_no_event_are_named_with_the_field() {
    let clone = Clone::new(&rules());
    let mlflow = json!({"entity": "model_version_alias", "action": "created", "data": {"name": 3}});
    for (name, text, arguments, told) in [
        ("push.json", r#"{"ref": "refs/heads/main", "after": "#, vec![], vec!["push.json"]),
        ("push.json", "[]", vec![], vec!["push.json"]),
        ("push.json", r#"{"ref": "refs/heads/main", "after": 3}"#, vec![], vec!["`after`", "push.json"]),
        ("push.json", r#"{"issue": {"number": 1}, "comment": {"id": 1}}"#, vec![], vec!["push.json", "issue_comment"]),
        ("x.json", "{}", vec![], vec!["which event", "x.json", "--event pull_request"]),
        ("x.json", r#"{"ref": "refs/heads/main", "after": "1"}"#, vec!["--event", "pull_request"], vec!["pull_request", "x.json"]),
        ("x.json", r#"{"kind": "report", "schema": 1}"#, vec![], vec!["x.json"]),
        ("x.json", r#"{"kind": "report", "schema": 99}"#, vec![], vec!["x.json", "99"]),
        ("x.json", r#"{"kind": "drift", "schema": 1, "dataset": "", "drifted": true}"#, vec![], vec!["x.json", "`dataset`"]),
        ("x.json", r#"{"kind": "drift", "schema": 1, "dataset": "a"}"#, vec![], vec!["x.json", "drifted"]),
        ("x.json", r#"{"kind": "push", "sender": "git", "brunch": "x"}"#, vec![], vec!["x.json", "brunch"]),
        ("x.json", &mlflow.to_string(), vec![], vec!["x.json", "name"]),
        ("x.json", "", vec![], vec!["x.json"]),
        ("x.json", "\u{0}", vec![], vec!["x.json"]),
    ] {
        fs::write(clone.file(name), text).expect("a file");
        let file = clone.file(name).display().to_string();
        let error = clone.run(&[vec!["--payload", &file], arguments].concat()).expect_error(2);
        assert!(told.iter().all(|told| error.contains(told)), "{text}: {error}");
    }
    let error = clone.run(&["--payload", "nowhere.json"]).expect_error(2);
    assert!(error.contains("cannot read `nowhere.json`"), "{error}");
    assert!(clone.calls().is_empty());
}

#[test]
fn a_payload_of_the_run_that_is_broken_is_an_error() {
    let stage = Stage::new(&train("on = \"push\""));
    for payload in [json!({"ref": "refs/heads/main", "after": 3}), json!([]), json!("x")] {
        let told = stage.run("push", &payload, &[]).expect_error(2);
        assert!(told.contains("cannot be read"), "{told}");
    }
    // Cut short, as a full disk leaves it.
    let arguments = stage.fresh(&[]);
    let program = stage.program("push", &stage.pushed());
    fs::write(stage.repo.outside().join("event.json"), &stage.pushed().to_string()[..50]).expect("a file");
    program.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).expect_error(2);
    assert_eq!(stage.runs().len(), 0);
}
