//! `proofmark replay`: stored reports under other rules.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use proofmark_testkit::repo::TestRepo;
use proofmark_testkit::run::Ran;

use crate::{change, findings, json, proofmark};

const POLICY: &str = r#"
[[table]]
name = "predictions"
file = "predictions.csv"
id = "id"
label = "label"
prediction = "prediction"
positive = "1"

[[rule]]
table = "predictions"
metric = "accuracy"
max_regression_abs = 0.02
"#;

/// A change after which every `every`-th of 400 rows is answered wrongly, and what the gate of it wrote.
pub(crate) fn judged(policy: &str, every: usize, code: i32) -> TestRepo {
    let rows = |wrong: &dyn Fn(usize) -> bool| {
        (0..400).fold("id,label,prediction,country\n".to_owned(), |mut text, row| {
            let label = usize::from(row % 3 == 0);
            let prediction = if wrong(row) { 1 - label } else { label };
            let country = if row % 2 == 0 { "DE" } else { "FR" };
            let _ = writeln!(text, "{row},{label},{prediction},{country}");
            text
        })
    };
    let (base, head) = (rows(&|row| row % 25 == 3), rows(&|row| row % every == 1));
    let metrics = |latency: &str| format!("{{\"latency_ms\": {latency}}}");
    let repo = change(
        &[("predictions.csv", &base), ("metrics.json", &metrics("10")), ("proofmark.toml", policy)],
        &[("predictions.csv", &head), ("metrics.json", &metrics("10.5"))],
    );
    proofmark(&repo).run(&["gate", "main", "change", "-o", "../report.json"]).expect(code);
    repo
}

/// The stored report, judged by `policy`.
fn replay(repo: &TestRepo, policy: &str, more: &[&str]) -> Ran {
    std::fs::write(repo.outside().join("new.toml"), policy).expect("written");
    proofmark(repo).run(&[&["replay", "../report.json", "--policy", "../new.toml"], more].concat())
}

#[test]
fn the_same_rules_say_the_same() {
    let repo = judged(POLICY, 4, 1);
    let told = replay(&repo, POLICY, &[]).expect(1);
    assert!(told.starts_with("Replayed by other rules: fail (block), as before. 1 check; nothing changes.\n"), "{told}");
    let old = json(&std::fs::read_to_string(repo.outside().join("report.json")).expect("a report"));
    let new = json(&replay(&repo, POLICY, &["--format", "json"]).expect(1));
    assert_eq!(findings(&new), findings(&old));
    assert_eq!(new["judgement"]["findings"][0]["evidence"], old["judgement"]["findings"][0]["evidence"]);
    assert_eq!(new["judgement"]["policy"]["side"], "given");
}

#[test]
fn other_rules_change_verdicts_and_the_exit_code() {
    let repo = judged(POLICY, 4, 1);
    let loose = POLICY.replace("0.02", "0.5") + "[[rule]]\nmetric = \"latency_ms\"\nmax = 10\nseverity = \"warn\"\n";
    let told = replay(&repo, &loose, &[]).expect(0);
    let mut lines = told.lines();
    assert_eq!(
        lines.next(),
        Some("Replayed by other rules: fail (block) → warn (notice). 2 checks; 2 change (1 fail → pass, 1 not checked → warn).")
    );
    assert_eq!(lines.next(), Some("  latency_ms: not checked → warn"));
    assert_eq!(lines.next(), Some("  predictions:accuracy: fail → pass"));
    replay(&repo, &loose, &["--fail-on", "notice"]).expect(1);
    replay(&repo, POLICY, &["--fail-on", "never"]).expect(0);
    let document = json(&replay(&repo, &loose, &["--format", "json"]).expect(0));
    assert!(document["notes"][0].as_str().is_some_and(|note| note.starts_with("Replayed")), "{}", document["notes"]);
    let markdown = replay(&repo, &loose, &["--format", "markdown"]).expect(0);
    assert!(markdown.contains("\n- `predictions:accuracy`: fail → pass\n"), "{markdown}");
    replay(&repo, &loose, &["-o", "../replayed.json"]).expect(0);
    // What is written is a report like any other.
    proofmark(&repo).run(&["replay", "../replayed.json", "--policy", "../new.toml"]).expect(0);
}

#[test]
fn an_effect_that_changes_alone_is_told() {
    // 16 rows were wrong before and 20 are now: too little for a margin of a point.
    let policy = POLICY.replace("0.02", "0.01");
    let repo = judged(&policy, 20, 0);
    let told = replay(&repo, &("[policy]\ninconclusive = \"block\"\n".to_owned() + &policy), &[]).expect(1);
    assert!(told.contains("\n  predictions:accuracy: inconclusive (notice) → inconclusive (block)\n"), "{told}");
}

#[test]
fn what_was_not_measured_fails_and_is_said() {
    let repo = judged(POLICY, 25, 0);
    let slices = POLICY.to_owned() + "[[rule]]\ntable = \"predictions\"\nmetric = \"f1\"\nmin = 0.1\n";
    let told = replay(&repo, &slices, &[]).expect(1);
    assert!(told.contains("not measured in that run") && told.contains("predictions:f1: not checked → fail"), "{told}");
    let production =
        "[baselines]\nproduction = \"v1\"\n".to_owned() + &POLICY.replace("metric = \"acc", "baseline = \"production\"\nmetric = \"acc");
    let document = json(&replay(&repo, &production, &["--format", "json"]).expect(1));
    assert_eq!(findings(&document), ["accuracy fail block missing-candidate"]);
    assert!(document["notes"].to_string().contains("not measured"), "{}", document["notes"]);
    let of_file =
        "[baselines]\nproduction = \"v1\"\n[[rule]]\nmetric = \"latency_ms\"\nmax_regression_abs = 1\nbaseline = \"production\"\n";
    let told = replay(&repo, of_file, &[]).stdout;
    assert!(told.contains("not measured in that run") && told.contains("latency_ms"), "{told}");
}

#[test]
fn reads_standard_input_and_a_pyproject() {
    let repo = judged(POLICY, 4, 1);
    repo.write("new/pyproject.toml", "[tool.proofmark]\n[[tool.proofmark.rule]]\nmetric = \"latency_ms\"\nmax = 11\n");
    let script = "\"$0\" replay - --policy new/pyproject.toml < ../report.json";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_proofmark")])
        .current_dir(repo.path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("predictions:accuracy: fail → not checked"));
}

#[test]
fn bad_input_is_no_verdict() {
    let repo = judged(POLICY, 4, 1);
    let error = |policy: &str| replay(&repo, policy, &[]).expect_error(2);
    assert!(error("[[rule]]\nmetrik = \"a\"\n").contains("metric"));
    assert!(proofmark(&repo).run(&["replay", "../report.json"]).expect_error(2).contains("--policy"));
    let told = proofmark(&repo).run(&["replay", "metrics.json", "--policy", "proofmark.toml"]).expect_error(2);
    assert!(told.contains("no report"), "{told}");
    let told = proofmark(&repo).run(&["replay", "../report.json", "--policy", "nowhere.toml"]).expect_error(2);
    assert!(told.contains("nowhere.toml"), "{told}");
}
