//! Whether two samples have the same distribution.

use crate::distributions::kolmogorov_sf;

/// The result of [`ks_two_sample`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KolmogorovSmirnov {
    /// The largest distance of the two empirical distribution functions, 0 to 1. Gate on this, not on p: p is a function of n.
    pub statistic: f64,
    /// P(a distance this large | the same distribution), in the limit of many values.
    pub p: f64,
}

/// The two-sample test of Kolmogorov and Smirnov (1939): p from the limit distribution at `D sqrt(ab / (a + b))`, without a
/// correction for small samples. NaN is left out; `None` when a side has no value.
pub fn ks_two_sample(a: &[f64], b: &[f64]) -> Option<KolmogorovSmirnov> {
    let sorted = |values: &[f64]| {
        let mut kept: Vec<f64> = values.iter().filter(|value| !value.is_nan()).map(|value| value + 0.0).collect();
        kept.sort_unstable_by(f64::total_cmp);
        kept
    };
    let (a, b) = (sorted(a), sorted(b));
    let (n_a, n_b) = (a.len() as f64, b.len() as f64);
    let (mut seen_a, mut seen_b, mut statistic) = (0, 0, 0.0_f64);
    while let (Some(next_a), Some(next_b)) = (a.get(seen_a), b.get(seen_b)) {
        let value = next_a.min(*next_b);
        seen_a += count_of(&a, seen_a, value);
        seen_b += count_of(&b, seen_b, value);
        statistic = statistic.max((seen_a as f64 / n_a - seen_b as f64 / n_b).abs());
    }
    let scale = (n_a * n_b / (n_a + n_b)).sqrt();
    (!a.is_empty() && !b.is_empty()).then(|| KolmogorovSmirnov { statistic, p: kolmogorov_sf(statistic * scale) })
}

/// How many values equal this one, from an index on.
fn count_of(sorted: &[f64], from: usize, value: f64) -> usize {
    sorted.iter().skip(from).take_while(|other| **other == value).count()
}
