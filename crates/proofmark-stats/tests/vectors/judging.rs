//! Rules for one number a side, and what many checks come to: the crate that knows policies has them.

use proofmark_core::config::{Combine, Effect, Limits, Severity};
use proofmark_core::direction::Direction;
use proofmark_core::gate::scalar::{ScalarVerdict, change, scalar_gate};
use proofmark_core::gate::{Verdict, effect_of, overall};
use serde_json::{Value, json};

use crate::case::{Answer, Case, figure, number};

pub(crate) fn answer(case: &Case<'_>) -> Option<Answer> {
    Some(match case.procedure() {
        "change" => {
            let (baseline, candidate) = sides(case);
            let moved = change(baseline, candidate, direction(case));
            vec![("delta", figure(moved.delta)), ("improvement", figure(moved.improvement)), ("relative", figure(moved.relative))]
        }
        "scalar_gate" => of_scalar_gate(case),
        "overall_verdict" => of_overall_verdict(case),
        _ => return None,
    })
}

fn sides(case: &Case<'_>) -> (Option<f64>, Option<f64>) {
    (number(case.input("baseline")), number(case.input("candidate")))
}

fn direction(case: &Case<'_>) -> Direction {
    if case.parameter("direction") == "lower" { Direction::Lower } else { Direction::Higher }
}

fn of_scalar_gate(case: &Case<'_>) -> Answer {
    let rule = case.parameter("rule");
    let limits = Limits {
        min: rule["min"].as_f64(),
        max: rule["max"].as_f64(),
        max_regression_abs: rule["max_regression_abs"].as_f64(),
        max_regression_rel: rule["max_regression_rel"].as_f64(),
        combine: (rule["combine"] == "all").then_some(Combine::All),
    };
    let (baseline, candidate) = sides(case);
    let (verdict, reasons) = scalar_gate(baseline, candidate, direction(case), &limits);
    let verdict = match verdict {
        ScalarVerdict::Pass => "pass",
        ScalarVerdict::Fail => "fail",
        ScalarVerdict::Inconclusive => "inconclusive",
        ScalarVerdict::NoBaseline => "no-baseline",
    };
    vec![("verdict", json!(verdict)), ("reasons", json!(reasons))]
}

fn of_overall_verdict(case: &Case<'_>) -> Answer {
    let policy = case.parameter("policy");
    let effect = |value: &Value| match value.as_str() {
        Some("allow") => Effect::Allow,
        Some("block") => Effect::Block,
        _ => Effect::Notice,
    };
    let checks = case.input("checks").as_array().expect("a list of checks").iter().map(|check| {
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
            Some("warn") => Verdict::Warn,
            Some("pass") => Verdict::Pass,
            other => panic!("{}: no such result: {other:?}", case.0["id"]),
        };
        (verdict, effect_of(verdict, severity, effect(&policy["no-baseline"]), effect(&policy["inconclusive"])), severity)
    });
    let checks: Vec<_> = checks.collect();
    let counted = checks.iter().filter(|check| check.2 != Severity::Info).count();
    let (verdict, effect, reason) = overall(checks.into_iter(), counted);
    vec![
        ("verdict", json!(verdict.name())),
        ("effect", json!(effect.name())),
        ("exit_code", json!(u8::from(effect == Effect::Block))),
        ("reason", json!(reason)),
    ]
}
