//! Describes a sample: count, mean, variance, quantiles. NaN values are left out and counted.

mod quantile;
mod sum;

pub use self::quantile::{quantile_sorted, quantile_type7, quantiles_type7};
pub use self::sum::sum;
pub(crate) use self::sum::sum_of;

use self::quantile::numbers;
use self::sum::compensated;

/// The usual figures of a sample; what is undefined is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Values that are not NaN.
    pub n: usize,
    /// Values that are NaN, which are left out.
    pub n_nan: usize,
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Variance with n - 1; undefined under two values.
    pub variance: Option<f64>,
    /// Its root.
    pub sd: Option<f64>,
    /// The smallest value.
    pub min: Option<f64>,
    /// The largest value.
    pub max: Option<f64>,
    /// The median.
    pub median: Option<f64>,
    /// The first quartile, type 7.
    pub q25: Option<f64>,
    /// The third quartile, type 7.
    pub q75: Option<f64>,
    /// The median distance from the median, not scaled.
    pub mad: Option<f64>,
}

/// All figures of a sample.
pub fn summary(values: &[f64]) -> Summary {
    let mut kept = numbers(values);
    kept.sort_unstable_by(f64::total_cmp);
    let moments = Moments::of(&kept);
    let median = quantile_sorted(&kept, 0.5);
    Summary {
        n: kept.len(),
        n_nan: values.len() - kept.len(),
        mean: mean(&kept),
        variance: moments.variance,
        sd: moments.variance.map(f64::sqrt),
        min: kept.first().copied(),
        max: kept.last().copied(),
        median,
        q25: quantile_sorted(&kept, 0.25),
        q75: quantile_sorted(&kept, 0.75),
        mad: median.and_then(|centre| quantile_type7(&kept.iter().map(|value| (value - centre).abs()).collect::<Vec<_>>(), 0.5)),
    }
}

/// The mean of the values that are not NaN, from the exact sum; `None` without any.
pub fn mean(values: &[f64]) -> Option<f64> {
    Some(Moments::of(values)).filter(|moments| moments.n > 0).map(|moments| moments.mean)
}

/// The variance with n - 1 of the values that are not NaN; `None` under two of them.
pub fn variance(values: &[f64]) -> Option<f64> {
    Moments::of(values).variance
}

/// What a test of means needs of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Values that are not NaN.
    pub n: u64,
    /// Their mean; NaN without any.
    pub mean: f64,
    /// Their variance with n - 1; undefined under two values.
    pub variance: Option<f64>,
    /// All values are equal, which the variance alone does not tell: equal floats have a mean that is none of them.
    pub all_equal: bool,
}

impl Moments {
    /// Of the values that are not NaN: exact sum, then squares around the mean with the correction for its rounding (Chan, Golub and
    /// LeVeque 1983). Equal values have variance zero and themselves as the mean, whatever rounding says.
    pub fn of(values: &[f64]) -> Self {
        let kept = values.iter().copied().filter(|value| !value.is_nan());
        let n = kept.clone().count() as u64;
        let first = kept.clone().next().unwrap_or(f64::NAN);
        if kept.clone().all(|value| value == first) {
            return Self { n, mean: first, variance: (n >= 2).then_some(0.0), all_equal: true };
        }
        let mean = sum_of(kept.clone()) / n as f64;
        let squares = sum_of(kept.clone().map(|value| (value - mean) * (value - mean)));
        let (rounding, _) = compensated(kept.map(|value| value - mean));
        let variance = (squares - rounding * rounding / n as f64) / (n as f64 - 1.0);
        // Not `max`, which takes NaN for nothing.
        Self { n, mean, variance: Some(if variance < 0.0 { 0.0 } else { variance }), all_equal: false }
    }

    /// From stored figures; values are taken for equal when their variance is zero.
    pub fn new(n: u64, mean: f64, variance: f64) -> Self {
        Self { n, mean, variance: (n >= 2).then_some(variance), all_equal: n < 2 || variance == 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_values_have_no_variance() {
        let moments = Moments::of(&[0.1; 7]);
        assert_eq!((moments.mean, moments.variance, moments.all_equal), (0.1, Some(0.0), true));
        assert_eq!(Moments::of(&[f64::INFINITY; 2]).variance, Some(0.0));
    }

    #[test]
    fn nan_is_left_out_and_counted() {
        let figures = summary(&[3.0, f64::NAN, 1.0]);
        assert_eq!((figures.n, figures.n_nan, figures.mean, figures.variance), (2, 1, Some(2.0), Some(2.0)));
        assert_eq!(quantile_type7(&[f64::NAN, 2.0], 0.3), Some(2.0));
        assert_eq!(summary(&[f64::NAN]).mean, None);
    }

    #[test]
    fn levels_outside_are_undefined() {
        for level in [-0.1, 1.1, f64::NAN] {
            assert_eq!(quantile_type7(&[1.0, 2.0], level), None);
        }
        assert_eq!(quantile_type7(&[], 0.5), None);
        assert_eq!(quantiles_type7(&[f64::INFINITY, f64::INFINITY], &[0.25, 2.0]), vec![Some(f64::INFINITY), None]);
    }

    proptest! {
        #[test]
        fn the_three_quantiles_agree(mut values in proptest::collection::vec(-1e3_f64..1e3, 1..40), level in 0.0_f64..=1.0) {
            let one = quantile_type7(&values, level);
            prop_assert_eq!(vec![one], quantiles_type7(&values, &[level]));
            values.sort_by(f64::total_cmp);
            prop_assert_eq!(one, quantile_sorted(&values, level));
            prop_assert!(one >= values.first().copied() && one <= values.last().copied());
        }

        #[test]
        fn shifting_leaves_the_variance(values in proptest::collection::vec(-1.0_f64..1.0, 2..40)) {
            // Powers of two move without rounding as long as digits are left for them.
            let whole: Vec<f64> = values.iter().map(|value| (value * 1024.0).round()).collect();
            let shifted: Vec<f64> = whole.iter().map(|value| value + 1_073_741_824.0).collect();
            let (here, there) = (Moments::of(&whole), Moments::of(&shifted));
            let (here, there) = (here.variance.unwrap_or(-1.0), there.variance.unwrap_or(-2.0));
            prop_assert!((here - there).abs() <= 1e-9 * here, "{} {}", here, there);
        }
    }
}
