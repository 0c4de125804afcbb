//! The same seeds, folds or rows on both sides: the t test of the mean difference against a margin.

use crate::sample::Moments;
use crate::verdict::{Direction, NonInferiority, Reason};

/// The result of [`paired_t`]. Numbers are oriented: positive is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedT {
    /// Pairs of two numbers.
    pub n: u64,
    /// Pairs of which a side is NaN, which are left out.
    pub n_nan: u64,
    /// Standard deviation of the differences; undefined under two pairs.
    pub sd: Option<f64>,
    /// The test.
    pub test: NonInferiority,
}

/// What the test needs of differences, candidate less baseline, not oriented.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// Independent units: pairs, or clusters of them.
    pub n: u64,
    /// The mean difference.
    pub mean: f64,
    /// Its standard error, `sd / sqrt(n)` for pairs.
    pub se: f64,
    /// All differences are equal.
    pub all_equal: bool,
}

/// The t test of the mean of oriented differences against a margin; pairs with a NaN are left out.
///
/// `se = sd / sqrt(n)`, `df = n - 1` (Student 1908). Differences whose range is at most 1e-12 of the largest input count as equal:
/// they differ by rounding only, and are judged as a point, [`Reason::ZeroVariance`]. Under two pairs: [`Reason::TooFewPairs`];
/// sides of different length: [`Reason::UnequalLengths`].
pub fn paired_t(baseline: &[f64], candidate: &[f64], direction: Direction, margin: f64, alpha: f64) -> PairedT {
    if baseline.len() != candidate.len() {
        return PairedT { n: 0, n_nan: 0, sd: None, test: NonInferiority::undecided(f64::NAN, Reason::UnequalLengths) };
    }
    let (differences, largest) = differences(baseline, candidate);
    PairedT { n_nan: (baseline.len() - differences.len()) as u64, ..test(&differences, largest, direction, margin, alpha) }
}

/// As [`paired_t`], from the differences, candidate less baseline; NaN is left out.
pub fn paired_t_from_differences(differences: &[f64], direction: Direction, margin: f64, alpha: f64) -> PairedT {
    let kept: Vec<f64> = differences.iter().copied().filter(|difference| !difference.is_nan()).collect();
    let largest = kept.iter().fold(0.0_f64, |largest, difference| largest.max(difference.abs()));
    PairedT { n_nan: (differences.len() - kept.len()) as u64, ..test(&kept, largest, direction, margin, alpha) }
}

/// As [`paired_t`], from stored figures.
pub fn paired_t_from_moments(figures: &MeanDifference, direction: Direction, margin: f64, alpha: f64) -> NonInferiority {
    let improvement = direction.improvement(figures.mean);
    if figures.n < 2 {
        return NonInferiority::undecided(improvement, Reason::TooFewPairs);
    }
    let df = (figures.n - 1) as f64;
    let se = if figures.all_equal { 0.0 } else { figures.se };
    let test = NonInferiority::from_estimate(improvement, se, df, margin, alpha);
    // The point rule has no use for degrees of freedom, but they are known here.
    if test.reason == Some(Reason::NonFinite) { test } else { NonInferiority { df: Some(df), ..test } }
}

impl MeanDifference {
    /// Of differences, where `largest` is the largest number that they are differences of; without a mean if one is not finite.
    pub fn of(differences: &[f64], largest: f64) -> Self {
        if differences.iter().any(|difference| !difference.is_finite()) {
            return Self { n: differences.len() as u64, mean: f64::NAN, se: f64::NAN, all_equal: false };
        }
        let moments = Moments::of(differences);
        let (low, high) =
            differences.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
        let all_equal = moments.all_equal || high - low <= 1e-12 * largest;
        let variance = if all_equal { 0.0 } else { moments.variance.unwrap_or(0.0) };
        Self { n: moments.n, mean: moments.mean, se: (variance / moments.n as f64).sqrt(), all_equal }
    }
}

/// Candidate less baseline where both are numbers, and the largest size among those.
pub(crate) fn differences(baseline: &[f64], candidate: &[f64]) -> (Vec<f64>, f64) {
    let pairs = baseline.iter().zip(candidate).filter(|(base, head)| !base.is_nan() && !head.is_nan());
    let largest = pairs.clone().fold(0.0_f64, |largest, (base, head)| largest.max(base.abs()).max(head.abs()));
    (pairs.map(|(base, head)| head - base).collect(), largest)
}

fn test(differences: &[f64], largest: f64, direction: Direction, margin: f64, alpha: f64) -> PairedT {
    let figures = MeanDifference::of(differences, largest);
    PairedT {
        n: figures.n,
        n_nan: 0,
        sd: (figures.n >= 2).then(|| figures.se * (figures.n as f64).sqrt()),
        test: paired_t_from_moments(&figures, direction, margin, alpha),
    }
}
