//! What a test says: the improvement, its limits, and what follows from them.

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Higher is better.
    Higher,
    /// Lower is better.
    Lower,
}

impl Direction {
    /// `delta` (candidate less baseline) turned so that positive is better.
    pub fn improvement(self, delta: f64) -> f64 {
        match self {
            Self::Higher => delta,
            // Not `-delta`: no change is 0, never -0.
            Self::Lower => 0.0 - delta,
        }
    }
}

/// What was learned about "no more than the margin worse".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is so: the lower limit is within the margin.
    Pass,
    /// It is not so: even the upper limit is beyond the margin.
    Fail,
    /// The limits lie on both sides of the margin.
    Inconclusive,
}

impl Verdict {
    /// The word that documents use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Why a test could not be done as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// Fewer than two values on a side.
    TooFewRuns,
    /// All values of both sides are equal: the limits are the estimate itself.
    ZeroVariance,
    /// No rows at all.
    NoExamples,
    /// Both models rank all rows alike.
    IdenticalRanking,
    /// The variance of the difference is zero, and the rankings are not the same.
    DegenerateVariance,
    /// One class only, or too few of a class.
    TooFewOfAClass,
    /// A logarithm of a value that is not positive was asked for.
    NonPositive,
    /// Too many resamples on which the metric is undefined.
    UndefinedResamples,
    /// The limit is nearer to the margin than the error of the simulation.
    MonteCarloError,
}

impl Reason {
    /// The stable word that documents use.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooFewRuns => "too-few-runs",
            Self::ZeroVariance => "zero-variance",
            Self::NoExamples => "no-examples",
            Self::IdenticalRanking => "identical-ranking",
            Self::DegenerateVariance => "degenerate-variance",
            Self::TooFewOfAClass => "too-few-of-a-class",
            Self::NonPositive => "non-positive",
            Self::UndefinedResamples => "undefined-resamples",
            Self::MonteCarloError => "monte-carlo-error",
        }
    }
}

/// The result of a non-inferiority test. All numbers are oriented: positive is better. What is undefined is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NonInferiority {
    /// The estimated improvement, in the metric's unit.
    pub improvement: f64,
    /// Standard error of the improvement.
    pub se: Option<f64>,
    /// Degrees of freedom, where the test has some.
    pub df: Option<f64>,
    /// One-sided lower confidence limit of the improvement at `1 - alpha`.
    pub lower: Option<f64>,
    /// One-sided upper confidence limit of the improvement at `1 - alpha`.
    pub upper: Option<f64>,
    /// P(data this good | improvement = -margin); passes iff at most alpha.
    pub p_noninferior: Option<f64>,
    /// P(data this bad | improvement = -margin); fails iff at most alpha.
    pub p_inferior: Option<f64>,
    /// P of a difference this large if there is none; it never decides.
    pub p_two_sided: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
    /// Why the usual way was not taken, if it was not.
    pub reason: Option<Reason>,
}

/// `pass` if `lower >= -margin`, `fail` if `upper < -margin`, else `inconclusive`.
///
/// A loss of exactly the margin passes: comparisons allow a slack of 1e-12 times the largest number among the three.
/// NaN on any side is `inconclusive`.
pub fn interval_verdict(lower: f64, upper: f64, margin: f64) -> Verdict {
    if lower.is_nan() || upper.is_nan() || margin.is_nan() {
        return Verdict::Inconclusive;
    }
    let finite = [lower, upper, margin].into_iter().filter(|number| number.is_finite());
    let slack = 1e-12 * finite.fold(0.0_f64, |largest, number| largest.max(number.abs()));
    if lower >= -margin - slack {
        Verdict::Pass
    } else if upper < -margin - slack {
        Verdict::Fail
    } else {
        Verdict::Inconclusive
    }
}
