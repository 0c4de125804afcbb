//! One new value against the history of its branch: is it unusual?
//!
//! "Unusual for this branch" is not "worse than the margin": a gate that has both needs both to fail.

use crate::distributions::{t_cdf, t_ppf, t_sf};
use crate::sample::Moments;
use crate::verdict::{Direction, finite};

/// Why there are no limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoLimit {
    /// There is no history: no baseline.
    NoHistory,
    /// One value tells nothing of the spread: inconclusive.
    TooShort,
    /// A logarithm of a value that is not positive was asked for: inconclusive, `non-positive`.
    NonPositive,
    /// A value of the history is infinite, or alpha is no probability: inconclusive.
    NonFinite,
}

/// The result of [`prediction_limit_t`]. With logarithms, mean, sd and scale are of those, and the limits are not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictionLimit {
    /// Values of the history that are not NaN.
    pub n: usize,
    /// Values that are NaN, which are left out.
    pub n_nan: usize,
    /// Mean of the history.
    pub mean: Option<f64>,
    /// Standard deviation of the history, with n - 1.
    pub sd: Option<f64>,
    /// Standard deviation of a new value around the mean: `sd sqrt(1 + 1/n)`.
    pub scale: Option<f64>,
    /// `t(1 - alpha, n - 1)`.
    pub t_quantile: Option<f64>,
    /// The new value in units of the scale, from the mean; undefined without spread.
    pub t: Option<f64>,
    /// P(a new value this small).
    pub p_lower_tail: Option<f64>,
    /// P(a new value this large).
    pub p_upper_tail: Option<f64>,
    /// One-sided lower limit for a new value.
    pub lower: Option<f64>,
    /// One-sided upper limit for a new value.
    pub upper: Option<f64>,
    /// Why there are no limits.
    pub no_limit: Option<NoLimit>,
}

impl PredictionLimit {
    /// Whether a value lies beyond the limit on the worse side; a value at the limit does not. `None` without limits or value.
    pub fn is_unusually_bad(&self, value: f64, direction: Direction) -> Option<bool> {
        let (lower, upper) = (self.lower?, self.upper?);
        let slack = 1e-12 * value.abs().max(lower.abs()).max(upper.abs());
        match direction {
            _ if value.is_nan() => None,
            Direction::Higher => Some(value < lower - slack),
            Direction::Lower => Some(value > upper + slack),
        }
    }
}

/// Limits for one new value of a normal history (Hahn and Meeker 1991): `mean -/+ t(1 - alpha, n - 1) sd sqrt(1 + 1/n)`.
///
/// `log` does it on logarithms, for times and sizes. Without spread the limits are the mean.
pub fn prediction_limit_t(history: &[f64], value: f64, alpha: f64, log: bool) -> PredictionLimit {
    let kept: Vec<f64> = history.iter().copied().filter(|past| !past.is_nan()).collect();
    let n = kept.len();
    let nothing = PredictionLimit {
        n,
        n_nan: history.len() - n,
        mean: None,
        sd: None,
        scale: None,
        t_quantile: None,
        t: None,
        p_lower_tail: None,
        p_upper_tail: None,
        lower: None,
        upper: None,
        no_limit: None,
    };
    let without = |reason| PredictionLimit { no_limit: Some(reason), ..nothing };
    if n == 0 {
        return without(NoLimit::NoHistory);
    }
    if log && (value <= 0.0 || kept.iter().any(|past| *past <= 0.0)) {
        return without(NoLimit::NonPositive);
    }
    let scaled = |number: f64| if log { libm::log(number) } else { number };
    let moments = Moments::of(&kept.iter().map(|past| scaled(*past)).collect::<Vec<_>>());
    let Some(variance) = moments.variance else {
        return without(NoLimit::TooShort);
    };
    let (df, sd) = ((n - 1) as f64, variance.sqrt());
    let (scale, quantile) = (sd * (1.0 + 1.0 / n as f64).sqrt(), -t_ppf(alpha, df));
    if !scale.is_finite() || !moments.mean.is_finite() || !quantile.is_finite() {
        return without(NoLimit::NonFinite);
    }
    let limit = |number: f64| finite(if log { libm::exp(number) } else { number });
    let t = finite((scaled(value) - moments.mean) / scale);
    PredictionLimit {
        mean: Some(moments.mean),
        sd: Some(sd),
        scale: Some(scale),
        t_quantile: Some(quantile),
        t,
        p_lower_tail: t.map(|t| t_cdf(t, df)),
        p_upper_tail: t.map(|t| t_sf(t, df)),
        lower: limit(moments.mean - quantile * scale),
        upper: limit(moments.mean + quantile * scale),
        ..nothing
    }
}
