//! The results of resampling.

/// A statistic on all resamples on which it is defined.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicates {
    /// The statistic on the rows themselves.
    pub estimate: f64,
    /// The statistic on each resample, lowest first; no NaN.
    values: Vec<f64>,
    /// How many resamples were drawn.
    drawn: u64,
}

impl Replicates {
    /// Sorts values; NaN is left out, as undefined. `drawn` counts the undefined as well.
    pub fn new(estimate: f64, mut values: Vec<f64>, drawn: u64) -> Self {
        values.retain(|value| !value.is_nan());
        values.sort_unstable_by(f64::total_cmp);
        let drawn = drawn.max(values.len() as u64);
        Self { estimate, values, drawn }
    }

    /// The statistic on each resample, lowest first.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Resamples that were drawn.
    pub fn drawn(&self) -> u64 {
        self.drawn
    }

    /// Resamples on which the statistic is undefined.
    pub fn dropped(&self) -> u64 {
        self.drawn - self.values.len() as u64
    }

    /// Quantile of type 7 (Hyndman, Fan 1996): linear between the order statistics at `(n - 1) level`. The level is moved into
    /// 0 to 1; `None` without values, or for a level of NaN.
    pub fn quantile(&self, level: f64) -> Option<f64> {
        if level.is_nan() {
            return None;
        }
        let place = (self.values.len().checked_sub(1)? as f64) * level.clamp(0.0, 1.0);
        let below = *self.values.get(place as usize)?;
        let above = self.values.get(place as usize + 1).copied().unwrap_or(below);
        let part = place.fract();
        // Not `below + part * (above - below)` for equal neighbours, which may be infinite.
        Some(if part == 0.0 || above == below { below } else { below + part * (above - below) })
    }

    /// Quantiles at several levels: what is stored of the replicates.
    pub fn sketch(&self, levels: &[f64]) -> Vec<f64> {
        levels.iter().filter_map(|level| self.quantile(*level)).collect()
    }

    /// Standard deviation of the replicates (ddof 1): the bootstrap's standard error. `None` under two values.
    pub fn sd(&self) -> Option<f64> {
        let n = self.values.len() as f64;
        if n < 2.0 {
            return None;
        }
        if self.values.first() == self.values.last() {
            return Some(0.0);
        }
        let mean = self.values.iter().sum::<f64>() / n;
        let squares: f64 = self.values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Some((squares / (n - 1.0)).sqrt())
    }

    /// Values below this one.
    pub(super) fn below(&self, value: f64) -> usize {
        self.values.partition_point(|replicate| *replicate < value)
    }

    /// The same of the negated statistic.
    pub(super) fn negated(&self) -> Self {
        let values = self.values.iter().rev().map(|value| 0.0 - value).collect();
        Self { estimate: 0.0 - self.estimate, values, drawn: self.drawn }
    }
}

#[cfg(test)]
mod tests {
    use super::Replicates;

    #[test]
    fn quantiles_are_linear_between_order_statistics() {
        let replicates = Replicates::new(0.0, vec![4.0, 1.0, f64::NAN, 2.0], 4);
        assert_eq!((replicates.dropped(), replicates.values()), (1, [1.0, 2.0, 4.0].as_slice()));
        assert_eq!(replicates.sketch(&[-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0]), [1.0, 1.0, 1.5, 2.0, 3.0, 4.0, 4.0]);
        assert!((replicates.sd().expect("three") - (7.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(Replicates::new(0.0, vec![], 3).quantile(0.5), None);
        assert_eq!(Replicates::new(0.0, vec![0.1; 3], 3).sd(), Some(0.0));
        assert_eq!(replicates.quantile(f64::NAN), None);
    }
}
