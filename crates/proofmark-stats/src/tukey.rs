//! Outliers of a history without a distribution.

use crate::sample::quantiles_type7;

/// Quartiles and the fences around them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TukeyFence {
    /// First quartile.
    pub q1: f64,
    /// Median.
    pub median: f64,
    /// Third quartile.
    pub q3: f64,
    /// `q1 - k (q3 - q1)`.
    pub lower: f64,
    /// `q3 + k (q3 - q1)`.
    pub upper: f64,
}

/// Tukey's fences (1977) with quantiles of type 7; k is 1.5 as a rule. NaN is left out; `None` without values.
pub fn tukey_fence(history: &[f64], k: f64) -> Option<TukeyFence> {
    let quartiles = quantiles_type7(history, &[0.25, 0.5, 0.75]);
    let [Some(q1), Some(median), Some(q3)] = quartiles.as_slice() else {
        return None;
    };
    let reach = k * (q3 - q1);
    Some(TukeyFence { q1: *q1, median: *median, q3: *q3, lower: q1 - reach, upper: q3 + reach })
}
