//! The reference vectors of the point-level procedures: `change`, `scalar_gate` and `overall_verdict`.

use proofmark_core::config::{Combine, Effect, Limits, Severity};
use proofmark_core::direction::Direction;
use proofmark_core::gate::scalar::{ScalarVerdict, change, scalar_gate};
use proofmark_core::gate::{Verdict, effect_of, overall};
use serde_json::Value;

const VECTORS: &str = include_str!("data/scalar_vectors.json");

fn cases(procedure: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
    let cases = all["cases"].as_array().expect("a list of cases");
    let chosen: Vec<Value> = cases.iter().filter(|case| case["procedure"] == procedure).cloned().collect();
    assert!(chosen.len() > 10, "{procedure} has too few cases");
    chosen
}

fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        _ => value.as_f64(),
    }
}

fn close(case: &Value, field: &str, got: Option<f64>) {
    let expected = number(&case["expected"][field]);
    let fits = match (expected, got) {
        (Some(expected), Some(got)) => (got - expected).abs() <= 1e-12_f64.max(1e-9 * expected.abs()),
        (None, None) => true,
        _ => false,
    };
    assert!(fits, "{}: {field} is {got:?} and should be {expected:?}", case["id"]);
}

fn direction(case: &Value) -> Direction {
    if case["parameters"]["direction"] == "lower" { Direction::Lower } else { Direction::Higher }
}

fn sides(case: &Value) -> (Option<f64>, Option<f64>) {
    (number(&case["inputs"]["baseline"]), number(&case["inputs"]["candidate"]))
}

#[test]
fn change_vectors() {
    for case in cases("change") {
        let (baseline, candidate) = sides(&case);
        let got = change(baseline, candidate, direction(&case));
        close(&case, "delta", got.delta);
        close(&case, "improvement", got.improvement);
        close(&case, "relative", got.relative);
    }
}

#[test]
fn scalar_gate_vectors() {
    for case in cases("scalar_gate") {
        let rule = &case["parameters"]["rule"];
        let limits = Limits {
            min: rule["min"].as_f64(),
            max: rule["max"].as_f64(),
            max_regression_abs: rule["max_regression_abs"].as_f64(),
            max_regression_rel: rule["max_regression_rel"].as_f64(),
            combine: (rule["combine"] == "all").then_some(Combine::All),
        };
        let (baseline, candidate) = sides(&case);
        let (verdict, reasons) = scalar_gate(baseline, candidate, direction(&case), &limits);
        let verdict = match verdict {
            ScalarVerdict::Pass => "pass",
            ScalarVerdict::Fail => "fail",
            ScalarVerdict::Inconclusive => "inconclusive",
            ScalarVerdict::NoBaseline => "no-baseline",
        };
        assert_eq!(case["expected"]["verdict"], verdict, "{}", case["id"]);
        assert_eq!(case["expected"]["reasons"], serde_json::json!(reasons), "{}", case["id"]);
    }
}

#[test]
fn overall_verdict_vectors() {
    let effect = |value: &Value| match value.as_str() {
        Some("allow") => Effect::Allow,
        Some("block") => Effect::Block,
        _ => Effect::Notice,
    };
    for case in cases("overall_verdict") {
        let policy = &case["parameters"]["policy"];
        let checks: Vec<_> = case["inputs"]["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .map(|check| {
                let severity = match check["severity"].as_str() {
                    Some("warn") => Severity::Warn,
                    Some("info") => Severity::Info,
                    _ => Severity::Fail,
                };
                let verdict = match check["result"].as_str() {
                    Some("fail") if severity == Severity::Warn => Verdict::Warn,
                    Some("fail") => Verdict::Fail,
                    Some("inconclusive") => Verdict::Inconclusive,
                    Some("no-baseline") => Verdict::NoBaseline,
                    Some("waived") => Verdict::Waived,
                    _ => Verdict::Pass,
                };
                (verdict, effect_of(verdict, severity, effect(&policy["no-baseline"]), effect(&policy["inconclusive"])), severity)
            })
            .collect();
        let count = checks.iter().filter(|check| check.2 != Severity::Info).count();
        let (verdict, effect, reason) = overall(checks.into_iter(), count);
        assert_eq!(case["expected"]["verdict"], verdict.name(), "{}", case["id"]);
        assert_eq!(case["expected"]["effect"], effect.name(), "{}", case["id"]);
        assert_eq!(case["expected"]["exit_code"], u8::from(effect == Effect::Block), "{}", case["id"]);
        assert_eq!(case["expected"].get("reason").and_then(Value::as_str), reason, "{}", case["id"]);
    }
}
