//! Reports that another step made, and checks that are started early.

use super::*;

#[test]
fn a_report_file_is_posted_as_gate_would_post_it() {
    let stage = Stage::new("0.8");
    let json = stage.on_pull_request(&["gate", "--output", "report.json"]);
    assert_eq!(json.code, Some(1));
    assert!(stage.writes().is_empty(), "nothing is posted unasked");
    stage.on_pull_request(&["report", "report.json"]).expect(0);
    assert!(stage.bodies()[0].contains("BLOCKED"));
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
    assert_eq!(stage.output("effect").as_deref(), Some("block"));
    stage.on_pull_request(&["report", "report.json", "--fail-on", "block"]).expect(1);
    let direct = Stage::new("0.8");
    direct.on_pull_request(&["gate", "--post"]).expect(1);
    assert_eq!(stage.bodies(), direct.bodies());
}

#[test]
fn a_check_that_was_started_early_is_completed() {
    let stage = Stage::new("0.95");
    stage.on_pull_request(&["report", "--pending"]).expect(0);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate in_progress -"]);
    stage.on_pull_request(&["gate", "--post"]).expect(0);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed success"]);
}

#[test]
fn a_report_has_other_forms_without_any_run() {
    let stage = Stage::new("0.8");
    proofmark(&stage.repo).run(&["gate", "main", "change", "-o", "report.json"]).expect(1);
    let table = proofmark(&stage.repo).run(&["report", "report.json", "--format", "table"]).expect(0);
    assert_eq!(table, proofmark(&stage.repo).run(&["gate", "main", "change"]).expect(1));
    let error = proofmark(&stage.repo).run(&["report", "report.json"]).expect_error(2);
    assert!(error.contains("GitHub Actions"), "{error}");
}

#[test]
fn what_is_no_report_is_told() {
    let stage = Stage::new("0.8");
    stage.repo.write("no.json", "[1, 2");
    for file in ["no.json", "missing.json", "metrics.json"] {
        let error = stage.on_pull_request(&["report", file]).expect_error(2);
        assert!(error.contains(file), "{error}");
    }
    let error = stage.on_pull_request(&["report"]).expect_error(2);
    assert!(error.contains("gate --output report.json"), "{error}");
    assert!(stage.writes().is_empty());
}

#[test]
fn fail_on_says_what_stops() {
    let stage = Stage::new("0.8");
    stage.on_pull_request(&["gate", "--fail-on", "never"]).expect(0);
    stage.on_pull_request(&["gate"]).expect(1);
    let warned = change(
        &[("metrics.json", "{\"acc\": 0.9}"), ("proofmark.toml", "[[rule]]\nmetric = \"acc\"\nseverity = \"warn\"\nmin = 0.95\n")],
        &[("metrics.json", "{\"acc\": 0.9}")],
    );
    let stage = Stage::of(warned, Token::actions_writing());
    stage.on_pull_request(&["gate"]).expect(0);
    stage.on_pull_request(&["gate", "--fail-on", "notice"]).expect(1);
    stage.on_pull_request(&["gate", "--post"]).expect(0);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed neutral"]);
}

#[test]
fn the_policy_names_the_check_of_every_step() {
    let policy = format!("[github]\ncheck_name = \"quality\"\n{POLICY}");
    let base = [("metrics.json", "{\"acc\": 0.9}"), ("proofmark.toml", policy.as_str())];
    let stage = Stage::of(change(&base, &[("metrics.json", "{\"acc\": 0.9}")]), Token::actions_writing());
    stage.on_pull_request(&["report", "--pending"]).expect(0);
    assert_eq!(stage.checks(&stage.head), ["quality in_progress -"]);
    stage.on_pull_request(&["gate", "-o", "report.json"]).expect(0);
    stage.on_pull_request(&["report", "report.json"]).expect(0);
    assert_eq!(stage.checks(&stage.head), ["quality completed success"]);
}

#[test]
fn the_exit_code_tells_whether_it_arrived() {
    let mut stage = Stage::new("0.95");
    stage.on_pull_request(&["gate", "-o", "report.json"]).expect(0);
    for token in ["", "ghs_wrong"] {
        stage.set("GITHUB_TOKEN", token);
        stage.on_pull_request(&["report", "report.json"]).expect(3);
        stage.on_pull_request(&["report", "--pending"]).expect(3);
    }
}
