//! The sentence that goes with a verdict: numbers, limit, and what was found.

use super::Finding;
use crate::config::Limits;
use crate::number::{percent, shown, shown_pair, significant};
use crate::policy::BUILT_IN_FLOOR;
use crate::value::Value;

/// Fills in the explanation; `limits` are those that decided.
pub(super) fn sentence(finding: Finding, limits: Option<&Limits>) -> Finding {
    // The built-in floor only keeps tiny baselines from being noise; next to the relative limit it explains nothing.
    let is_floor = limits.is_some_and(|limits| limits.max_regression_abs == Some(BUILT_IN_FLOOR));
    let says_all = |reason: &&String| !(is_floor && *reason == "regression-abs" && finding.reasons.len() > 1);
    let text = finding.reasons.iter().filter(says_all).map(|reason| of_reason(reason, &finding, limits)).collect::<Vec<_>>().join("; ");
    let about_change = finding.reasons.iter().any(|reason| reason.starts_with("regression") || reason == "relative-undefined");
    let explanation = match text.as_str() {
        "" => passed(&finding),
        _ if about_change => format!("{}: {text}", arrow(&finding)),
        _ => text,
    };
    Finding { explanation, ..finding }
}

fn passed(finding: &Finding) -> String {
    let (Some(base), Some(head)) = (&finding.baseline, &finding.candidate) else {
        return finding.candidate.as_ref().map_or_else(String::new, |head| format!("{} is within the bounds", shown(head)));
    };
    let (old, new) = shown_pair(base, head);
    match finding.improvement {
        _ if base.same(head) => format!("unchanged at {new}"),
        Some(improvement) if improvement > 0.0 => format!("improved from {old} to {new}"),
        Some(_) => format!("{old} → {new}, within the limits"),
        None => format!("{new} is within the bounds"),
    }
}

fn of_reason(reason: &str, finding: &Finding, limits: Option<&Limits>) -> String {
    let value = |value: &Option<Value>| match value {
        None => "nothing".to_owned(),
        Some(Value::Text(text)) => format!("the text \"{text}\""),
        Some(other) => shown(other),
    };
    let limit = |pick: fn(&Limits) -> Option<f64>| limits.and_then(pick).unwrap_or(f64::NAN);
    let against = |bound: f64| match &finding.candidate {
        Some(head) => shown_pair(head, &Value::Float(bound)),
        None => (String::new(), significant(bound, 5)),
    };
    match reason {
        "below-min" => {
            let (value, bound) = against(limit(|limits| limits.min));
            format!("{value} is below the minimum of {bound}")
        }
        "above-max" => {
            let (value, bound) = against(limit(|limits| limits.max));
            format!("{value} is above the maximum of {bound}")
        }
        "regression-abs" => {
            let loss = finding.improvement.map_or(f64::NAN, |improvement| -improvement);
            let (loss, bound) = shown_pair(&Value::Float(loss), &Value::Float(limit(|limits| limits.max_regression_abs)));
            format!("worse by {loss}, more than {bound}")
        }
        "regression-rel" => {
            let share = finding.relative.map_or(f64::NAN, |relative| -relative);
            let bound = limit(|limits| limits.max_regression_rel);
            let (share, bound) = shown_pair(&Value::Float(share * 100.0), &Value::Float(bound * 100.0));
            format!("worse by {share} %, more than {bound} %")
        }
        "relative-undefined" => "a relative limit says nothing for a baseline of zero; add max_regression_abs".to_owned(),
        "missing-candidate" => match &finding.baseline {
            Some(base) => format!("was {} at the base and is missing at the head", shown(base)),
            None => "is missing at the head".to_owned(),
        },
        "nothing-matched" => "no metric matches the rule".to_owned(),
        "null-candidate" => format!("is null at the head (base: {})", value(&finding.baseline)),
        "non-numeric-candidate" => format!("is {} at the head, which is not a number", value(&finding.candidate)),
        "non-finite-candidate" => format!("is {} at the head (base: {})", value(&finding.candidate), value(&finding.baseline)),
        "no-baseline" => format!("is {} at the head and the base has no value to compare with", value(&finding.candidate)),
        "non-finite-baseline" | "non-numeric-baseline" => {
            format!("the base has {}, with which {} cannot be compared", value(&finding.baseline), value(&finding.candidate))
        }
        other => other.replace('-', " "),
    }
}

fn arrow(finding: &Finding) -> String {
    match (&finding.baseline, &finding.candidate) {
        (Some(base), Some(head)) => {
            let (old, new) = shown_pair(base, head);
            let share = finding.relative.map_or_else(String::new, |relative| format!(" ({})", percent(raw_share(finding, relative))));
            format!("{old} → {new}{share}")
        }
        _ => String::new(),
    }
}

/// The share as people see it between the two numbers, not turned by direction.
fn raw_share(finding: &Finding, relative: f64) -> f64 {
    match (&finding.baseline, &finding.candidate) {
        (Some(base), Some(head)) => crate::compare::change(base, head).1.unwrap_or(relative),
        _ => relative,
    }
}
