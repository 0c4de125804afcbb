//! `proofmark action`: the inputs of action.yml, which arrive as variables.

use super::*;

/// The step of the action with these inputs.
fn step(stage: &mut Stage, inputs: &[(&str, &str)]) -> Ran {
    let temporary = stage.file("temp").display().to_string();
    stage.set("RUNNER_TEMP", &temporary);
    for (name, value) in inputs {
        stage.set(&format!("PROOFMARK_INPUT_{}", name.to_uppercase().replace('-', "_")), value);
    }
    stage.on_pull_request(&["action"])
}

#[test]
fn without_inputs_it_gates_and_posts() {
    let mut stage = Stage::new("0.8");
    step(&mut stage, &[]).expect(1);
    assert_eq!(stage.bodies().len(), 1);
    let json = stage.output("report-json").expect("the report's path");
    assert!(fs::read_to_string(&json).is_ok_and(|text| text.contains("\"kind\": \"report\"")), "{json}");
    assert!(stage.output("report-markdown").is_some_and(|path| fs::read_to_string(path).is_ok()));
}

#[test]
fn inputs_become_flags() {
    let mut stage = Stage::new("0.8");
    let inputs = [
        ("comment", "off"),
        ("check", "quality"),
        ("subject", "churn"),
        ("fail-on", "never"),
        ("summary", "false"),
        ("base", "main"),
        ("targets", "metrics.json\n"),
        ("output", "out"),
    ];
    step(&mut stage, &inputs).expect(0);
    assert!(stage.bodies().is_empty());
    assert_eq!(stage.checks(&stage.head), ["quality completed failure"]);
    assert_eq!(stage.read("summary.md"), "");
    assert!(stage.repo.path().join("out/report.json").exists());
}

#[test]
fn a_report_and_a_pending_check_are_commands_too() {
    let mut stage = Stage::new("0.8");
    step(&mut stage, &[("command", "pending")]).expect(0);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate in_progress -"]);
    stage.on_pull_request(&["gate", "-o", "report.json"]).expect(1);
    step(&mut stage, &[("command", "report"), ("report", "report.json")]).expect(0);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
}

#[test]
fn no_value_becomes_an_option_of_its_own() {
    for (name, value) in [
        ("subject", "--dry-run"),
        ("comment-key", "-h"),
        ("check", "--config=/etc/passwd"),
        ("comment-author", "x\n--dry-run"),
        ("config", "--dry-run"),
        ("base", "--dry-run"),
        ("targets", "--dry-run"),
        ("working-directory", "--dry-run"),
    ] {
        let mut stage = Stage::new("0.95");
        let ran = step(&mut stage, &[(name, value)]);
        assert!(!ran.stdout.contains("\"method\""), "{name}: it was a dry run");
        assert!(matches!(ran.code, Some(0 | 2)), "{name}: {}", ran.stderr);
    }
}

#[test]
fn wrong_inputs_are_told() {
    for (name, value, word) in [
        ("command", "delete", "gate, report, pending or trigger"),
        ("comment", "sometimes", "hide-and-recreate"),
        ("dry-run", "yes", "true or false"),
        ("max-rows", "many", "max-rows"),
        ("head", "x", "base"),
    ] {
        let mut stage = Stage::new("0.95");
        let error = step(&mut stage, &[(name, value)]).expect_error(2);
        assert!(error.contains(word), "{name}: {error}");
        assert!(stage.writes().is_empty());
    }
}
