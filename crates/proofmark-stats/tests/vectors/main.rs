//! The reference vectors: inputs with the figures that scipy, statsmodels, scikit-learn and the published formulas give.
//!
//! Reads the file that `PROOFMARK_STATISTICS_VECTORS` names, else the copy beside this folder.

mod case;
mod deciding;
mod describing;
mod judging;
mod resampling;

use std::collections::BTreeMap;
use std::io::Write as _;

use serde_json::Value;

use self::case::{Case, number};

#[test]
fn reference_vectors() {
    let file = std::env::var("PROOFMARK_STATISTICS_VECTORS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/statistics_vectors.json").to_owned());
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("cannot read {file}: {error}"));
    let document: Value = serde_json::from_str(&text).expect("the vectors are JSON");
    let cases = document["cases"].as_array().expect("a list of cases");
    let mut passed: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases {
        let case = Case(case);
        let problems = problems(&case);
        let (good, all) = passed.entry(case.0["procedure"].as_str().unwrap_or_default()).or_default();
        *good += usize::from(problems.is_empty());
        *all += 1;
        wrong.extend(problems.iter().map(|problem| format!("{}: {problem}", case.0["id"].as_str().unwrap_or_default())));
    }
    let told: Vec<String> = passed.iter().map(|(procedure, (good, all))| format!("{procedure}: {good} of {all} cases")).collect();
    // Past the test harness, which keeps the output of a test that passes to itself.
    let all: usize = passed.values().map(|(_, all)| all).sum();
    writeln!(std::io::stdout(), "{}\n{all} cases of {file}", told.join("\n")).expect("the counts can be shown");
    assert!(!passed.is_empty(), "no case was judged");
    assert!(wrong.is_empty(), "{} wrong figures:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every figure of a case that is not as expected.
fn problems(case: &Case<'_>) -> Vec<String> {
    let answer =
        describing::answer(case).or_else(|| deciding::answer(case)).or_else(|| resampling::answer(case)).or_else(|| judging::answer(case));
    let Some(answer) = answer else {
        return vec![format!("nothing computes the procedure `{}`", case.procedure())];
    };
    let mut problems = Vec::new();
    for (field, expected) in case.0["expected"].as_object().expect("a case has expected figures") {
        match answer.iter().find(|(name, _)| name == field) {
            None => problems.push(format!("{field} was not computed")),
            Some((_, got)) => compare(field, expected, got, tolerance(case, field), &mut problems),
        }
    }
    problems
}

/// Relative and absolute tolerance. A bootstrap's limits have one of chance; its estimate has not.
fn tolerance(case: &Case<'_>, field: &str) -> (f64, f64) {
    if case.procedure() == "paired_bootstrap" && field == "difference" {
        return (0.0, 1e-12);
    }
    let of = |name: &str| case.0["tolerance"][name].as_f64().expect("a case has tolerances");
    (of("rel"), of("abs"))
}

fn compare(field: &str, expected: &Value, got: &Value, tolerance: (f64, f64), problems: &mut Vec<String>) {
    let same = match (expected, got) {
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
                compare(&format!("{field}[{index}]"), expected, got, tolerance, problems);
            }
            return;
        }
        _ => match (number(expected), number(got)) {
            (Some(expected), Some(got)) => {
                expected == got
                    || (expected.is_nan() && got.is_nan())
                    || (got - expected).abs() <= tolerance.1.max(tolerance.0 * expected.abs())
            }
            _ => expected == got,
        },
    };
    if !same {
        problems.push(format!("{field} is {got}, expected {expected}"));
    }
}
