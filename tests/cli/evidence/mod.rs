//! Judgement with evidence: prediction tables, repeated runs, history, other commits, waivers and composite rules.

mod baselines;
mod composite;
mod history;
mod runs;
mod slices;
mod tables;
mod test_sets;
mod waivers;

use proofmark_testkit::repo::TestRepo;
use serde_json::Value;

use crate::{change, findings, json, proofmark};

const FILE: &str = "predictions.csv";
const HEADER: &str = "id,label,prediction,score,country\n";

/// A table of the test set in this file.
fn declare(file: &str) -> String {
    format!(
        "[[table]]\nname = \"test\"\nfile = \"{file}\"\nid = \"id\"\nlabel = \"label\"\nprediction = \"prediction\"\nscore = \"score\"\n"
    )
}

/// The usual table, and a rule on its accuracy with these lines.
fn policy(rule: &str) -> String {
    format!("{}\n[[rule]]\ntable = \"test\"\nmetric = \"accuracy\"\n{rule}\n", declare(FILE))
}

/// Rows of a test set of two classes and two countries, with predictions that are wrong where `wrong` says so.
fn rows(count: usize, wrong: impl Fn(usize) -> bool) -> Vec<String> {
    let row = |row: usize| {
        let label = row % 2;
        let predicted = label ^ usize::from(wrong(row));
        let score = 0.1 + 0.5 * predicted as f64 + (row % 37) as f64 / 100.0;
        format!("{row},{label},{predicted},{score:.2},{}", if row % 4 < 2 { "DE" } else { "FR" })
    };
    (0..count).map(row).collect()
}

fn csv(rows: &[String]) -> String {
    format!("{HEADER}{}\n", rows.join("\n"))
}

/// A table whose predictions are wrong in the first rows.
fn wrong_until(count: usize, wrong: usize) -> String {
    csv(&rows(count, |row| row < wrong))
}

/// A change of the table under a policy.
fn change_of(policy: &str, base: &str, head: &str) -> TestRepo {
    change(&[("proofmark.toml", policy), (FILE, base)], &[(FILE, head)])
}

/// The report of a gate that must end with `code`.
#[track_caller]
fn gate(repo: &TestRepo, code: i32) -> Value {
    json(&proofmark(repo).run(&["gate", "--format", "json"]).expect(code))
}

/// The only finding of a report.
#[track_caller]
fn only(report: &Value) -> &Value {
    assert_eq!(findings(report).len(), 1, "{:?}", findings(report));
    &report["judgement"]["findings"][0]
}

#[track_caller]
fn near(value: &Value, expected: f64, tolerance: f64) {
    let found = value.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

fn explanation(finding: &Value) -> &str {
    finding["explanation"].as_str().unwrap_or_default()
}

/// What a short Python program prints, for what must not be made by the code under test.
fn python(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = std::process::Command::new("python3").arg("-c").arg(program).args(arguments).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
