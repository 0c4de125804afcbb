//! The rule for one number on each side: bounds and limits, with no claim about noise.

use crate::config::{Combine, Limits};
use crate::direction::Direction;

/// What was learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScalarVerdict {
    /// All limits are kept.
    Pass,
    /// A limit is exceeded, or there is no usable candidate.
    Fail,
    /// The limits cannot be evaluated.
    Inconclusive,
    /// There is nothing to compare with.
    NoBaseline,
}

/// A change, oriented so that positive is always better.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Change {
    /// `candidate - baseline`, as it is.
    pub delta: Option<f64>,
    /// The same turned so that positive is better.
    pub improvement: Option<f64>,
    /// `improvement / |baseline|`; for a baseline of zero, zero if nothing changed, else undefined.
    pub relative: Option<f64>,
}

/// The change between two numbers; all undefined when one is missing or not finite.
pub fn change(baseline: Option<f64>, candidate: Option<f64>, direction: Direction) -> Change {
    let (Some(baseline), Some(candidate)) = (finite(baseline), finite(candidate)) else { return Change::default() };
    let delta = candidate - baseline;
    let improvement = direction.improvement(delta);
    let relative = if baseline == 0.0 { (candidate == 0.0).then_some(0.0) } else { Some(improvement / baseline.abs()) };
    Change { delta: Some(delta), improvement: Some(improvement), relative }
}

/// Judges `candidate` against `baseline`.
///
/// Bounds need no baseline and are always judged. A loss of exactly a limit passes: "exceeds" allows a slack of
/// 1e-12 times the largest number of the comparison, so that decimal limits mean what they say in binary. Reasons are
/// sorted by name.
pub fn scalar_gate(
    baseline: Option<f64>,
    candidate: Option<f64>,
    direction: Direction,
    limits: &Limits,
) -> (ScalarVerdict, Vec<&'static str>) {
    let Some(value) = candidate else { return (ScalarVerdict::Fail, vec!["missing-candidate"]) };
    if !value.is_finite() {
        return (ScalarVerdict::Fail, vec!["non-finite-candidate"]);
    }
    let mut reasons = Vec::new();
    if limits.min.is_some_and(|min| exceeds(min, value, &[min, value])) {
        reasons.push("below-min");
    }
    if limits.max.is_some_and(|max| exceeds(value, max, &[max, value])) {
        reasons.push("above-max");
    }
    let bounds_kept = reasons.is_empty();
    if !limits.limit_change() {
        return (if bounds_kept { ScalarVerdict::Pass } else { ScalarVerdict::Fail }, reasons);
    }
    let Some(base) = finite(baseline) else {
        let reason = if baseline.is_some() { "non-finite-baseline" } else { "no-baseline" };
        return if bounds_kept { (ScalarVerdict::NoBaseline, vec![reason]) } else { (ScalarVerdict::Fail, reasons) };
    };
    let undefined = losses(base, value, direction, limits, &mut reasons);
    reasons.sort_unstable();
    if !reasons.is_empty() {
        (ScalarVerdict::Fail, reasons)
    } else if undefined {
        (ScalarVerdict::Inconclusive, vec!["relative-undefined"])
    } else {
        (ScalarVerdict::Pass, reasons)
    }
}

/// Adds the limits that the loss exceeds; true when a relative limit had no baseline and nothing else decided.
fn losses(base: f64, value: f64, direction: Direction, limits: &Limits, reasons: &mut Vec<&'static str>) -> bool {
    let loss = 0.0 - direction.improvement(value - base);
    if loss <= 0.0 {
        return false;
    }
    let absolute = limits.max_regression_abs.map(|limit| ("regression-abs", exceeds(loss, limit, &[base, value, limit])));
    let relative = limits.max_regression_rel.filter(|_| base != 0.0).map(|limit| {
        // The same comparison as loss / |base| > limit, without losing a tiny baseline to a division.
        ("regression-rel", exceeds(loss, limit * base.abs(), &[base, value, limit * base.abs()]))
    });
    let evaluable: Vec<(&str, bool)> = [absolute, relative].into_iter().flatten().collect();
    let violated = match limits.combine.unwrap_or_default() {
        Combine::Any => evaluable.iter().any(|(_, exceeded)| *exceeded),
        Combine::All => !evaluable.is_empty() && evaluable.iter().all(|(_, exceeded)| *exceeded),
    };
    if violated {
        reasons.extend(evaluable.iter().filter(|(_, exceeded)| *exceeded).map(|(name, _)| *name));
    }
    evaluable.is_empty()
}

fn exceeds(a: f64, b: f64, numbers: &[f64]) -> bool {
    let largest = numbers.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
    a > b + 1e-12 * largest
}

fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}
