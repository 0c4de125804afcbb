//! Quantiles of a sample.

/// The quantile at level `p`, type 7 of Hyndman and Fan (1996): linear between the order statistics around `h = (n - 1) p`.
///
/// NaN values are left out. `None` without values, and for a level outside [0, 1].
pub fn quantile_type7(values: &[f64], p: f64) -> Option<f64> {
    let mut kept = numbers(values);
    let (index, share) = position(kept.len(), p)?;
    let (_, low, above) = kept.select_nth_unstable_by(index, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(*low);
    Some(between(*low, high, share))
}

/// As [`quantile_type7`] at several levels, with one sort.
pub fn quantiles_type7(values: &[f64], levels: &[f64]) -> Vec<Option<f64>> {
    let mut kept = numbers(values);
    kept.sort_unstable_by(f64::total_cmp);
    levels.iter().map(|level| quantile_sorted(&kept, *level)).collect()
}

/// As [`quantile_type7`], of values in ascending order without NaN; nothing is copied.
pub fn quantile_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    let (index, share) = position(sorted.len(), p)?;
    let low = *sorted.get(index)?;
    Some(between(low, sorted.get(index + 1).copied().unwrap_or(low), share))
}

/// The values that are not NaN.
pub(super) fn numbers(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|value| !value.is_nan()).collect()
}

/// The index of the order statistic below, and the share of the way to the next one.
fn position(n: usize, p: f64) -> Option<(usize, f64)> {
    if n == 0 || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let h = (n - 1) as f64 * p;
    Some((h.floor() as usize, h - h.floor()))
}

/// From the nearer end, so that both ends are exact and nothing leaves the interval; equal infinities are no difference.
fn between(low: f64, high: f64, share: f64) -> f64 {
    if share == 0.0 || low == high {
        low
    } else if share < 0.5 {
        low + (high - low) * share
    } else {
        high - (high - low) * (1.0 - share)
    }
}
