//! Equivalence: a change in either direction is unwanted.

use crate::distributions::{t_cdf, t_sf};
use crate::paired_t::{MeanDifference, differences};
use crate::sample::Moments;
use crate::welch::standard_error;

/// Two one-sided tests (Schuirmann 1987) of `low < candidate - baseline < high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tost {
    /// The larger of both: equivalent when at most alpha.
    pub p: f64,
    /// P(difference this large | it is `low` in truth).
    pub p_lower: f64,
    /// P(difference this small | it is `high` in truth).
    pub p_upper: f64,
}

/// For the same seeds, folds or rows on both sides; pairs with a NaN are left out. `None` under two pairs, for sides of different
/// length, and when all differences are equal.
pub fn tost_paired(baseline: &[f64], candidate: &[f64], low: f64, high: f64) -> Option<Tost> {
    if baseline.len() != candidate.len() {
        return None;
    }
    let (differences, largest) = differences(baseline, candidate);
    let figures = MeanDifference::of(&differences, largest);
    tost(figures.mean, figures.se, differences.len().checked_sub(1)? as f64, low, high)
}

/// For independent runs, with Welch's standard error; NaN is left out. `None` under two values on a side, and without variance.
pub fn tost_welch(baseline: &[f64], candidate: &[f64], low: f64, high: f64) -> Option<Tost> {
    let (baseline, candidate) = (Moments::of(baseline), Moments::of(candidate));
    let (se, df) = standard_error(&candidate, &baseline)?;
    tost(candidate.mean - baseline.mean, se, df, low, high)
}

/// From an estimated difference with its standard error; infinite `df` is the normal distribution. `None` unless `se` and `df` are
/// positive and all numbers make sense.
pub fn tost(difference: f64, se: f64, df: f64, low: f64, high: f64) -> Option<Tost> {
    if !(se > 0.0 && se.is_finite()) {
        return None;
    }
    let (p_lower, p_upper) = (t_sf((difference - low) / se, df), t_cdf((difference - high) / se, df));
    (!p_lower.is_nan() && !p_upper.is_nan()).then(|| Tost { p: p_lower.max(p_upper), p_lower, p_upper })
}
