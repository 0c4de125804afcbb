//! The bias-corrected and accelerated interval (Efron 1987), which is shown beside the percentile interval.

use super::replicates::Replicates;
use crate::counts::{Cells, CountMetric};
use crate::distributions::{normal_cdf, normal_ppf};

/// An interval with the figures that it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bca {
    /// Bias correction: normal quantile of the share of replicates below the estimate, those equal to it half. Not finite if
    /// all replicates are on one side.
    pub z0: f64,
    /// Acceleration: a sixth of the skewness of the jackknife values.
    pub acceleration: f64,
    /// Adjusted level of the lower limit.
    pub level_low: f64,
    /// Adjusted level of the upper limit.
    pub level_high: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
    /// A level is not finite, so the limits are those of the percentile interval.
    pub is_percentile: bool,
}

/// The interval that leaves out `tail` on either side: 0.05 for one-sided limits at 95 %.
///
/// `jackknife` holds the statistic without one unit, and how many units give this value. `None` without replicates.
pub fn bca_interval(replicates: &Replicates, jackknife: &[(f64, u64)], tail: f64) -> Option<Bca> {
    let values = replicates.values();
    let below = replicates.below(replicates.estimate);
    let up_to = values.partition_point(|value| *value <= replicates.estimate);
    let z0 = normal_ppf((below + up_to) as f64 / (2.0 * values.len() as f64));
    let acceleration = acceleration(jackknife);
    let level = |z: f64| normal_cdf(z0 + (z0 + z) / (1.0 - acceleration * (z0 + z)));
    let (level_low, level_high) = (level(normal_ppf(tail)), level(-normal_ppf(tail)));
    let is_percentile = !(z0.is_finite() && level_low.is_finite() && level_high.is_finite());
    let (at_low, at_high) = if is_percentile { (tail, 1.0 - tail) } else { (level_low, level_high) };
    let (low, high) = (replicates.quantile(at_low)?, replicates.quantile(at_high)?);
    Some(Bca { z0, acceleration, level_low, level_high, low, high, is_percentile })
}

/// The difference (head less base) of a metric of counts without one row, for each kind of row. `None` where it is undefined.
pub fn cells_jackknife(cells: &Cells, metric: CountMetric) -> Option<Vec<(f64, u64)>> {
    let kinds = cells.0.iter().enumerate().filter(|(_, count)| **count > 0);
    kinds
        .map(|(kind, count)| {
            let mut others = *cells;
            if let Some(fewer) = others.0.get_mut(kind) {
                *fewer -= 1;
            }
            Some((metric.difference(&others)?, *count))
        })
        .collect()
}

fn acceleration(jackknife: &[(f64, u64)]) -> f64 {
    let sum = |of: &dyn Fn(f64) -> f64| jackknife.iter().map(|(value, count)| of(*value) * *count as f64).sum::<f64>();
    let mean = sum(&|value| value) / sum(&|_| 1.0);
    let squares = sum(&|value| (mean - value) * (mean - value));
    let cubes = sum(&|value| (mean - value) * (mean - value) * (mean - value));
    if squares > 0.0 { cubes / (6.0 * squares * squares.sqrt()) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::{bca_interval, cells_jackknife};
    use crate::bootstrap::{Replicates, Resampling, count_replicates};
    use crate::counts::{Cells, CountMetric};

    #[test]
    fn without_bias_and_skewness_it_is_the_percentile_interval() {
        let replicates = Replicates::new(50.0, (0..=100).map(f64::from).collect(), 101);
        let interval = bca_interval(&replicates, &[(1.0, 3), (2.0, 3)], 0.05).expect("has replicates");
        assert_eq!((interval.z0, interval.acceleration, interval.is_percentile), (0.0, 0.0, false));
        assert!((interval.low - 5.0).abs() < 1e-9 && (interval.high - 95.0).abs() < 1e-9, "{interval:?}");
    }

    #[test]
    fn an_estimate_outside_of_the_replicates_falls_back() {
        let replicates = Replicates::new(200.0, (0..=100).map(f64::from).collect(), 101);
        let interval = bca_interval(&replicates, &[], 0.05).expect("has replicates");
        assert!(interval.is_percentile && interval.low == 5.0 && interval.high == 95.0, "{interval:?}");
        assert_eq!(bca_interval(&Replicates::new(0.0, vec![], 9), &[], 0.05), None);
    }

    #[test]
    fn counts_and_rows_have_the_same_jackknife() {
        let cells = Cells([400, 12, 9, 30, 25, 14, 10, 100]);
        let replicates = count_replicates(&cells, CountMetric::F1, &Resampling::new(2000, 1)).expect("is defined");
        let by_kind = cells_jackknife(&cells, CountMetric::F1).expect("is defined");
        let by_row: Vec<(f64, u64)> = by_kind.iter().flat_map(|(value, count)| (0..*count).map(|_| (*value, 1))).collect();
        let [kind, row] = [by_kind, by_row].map(|jackknife| bca_interval(&replicates, &jackknife, 0.05).expect("has replicates"));
        assert!((kind.acceleration - row.acceleration).abs() < 1e-9);
        assert!((kind.low - row.low).abs() < 1e-9 && kind.low < kind.high);
        assert_eq!(cells_jackknife(&Cells([0, 0, 0, 0, 1, 0, 0, 5]), CountMetric::Specificity), None);
    }
}
