//! What a test says: the improvement, its limits, and what follows from them.

use crate::distributions::{t_cdf, t_ppf, t_sf};

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
    /// Too few pairs: fewer than two, or too few for the exact test to reach alpha.
    TooFewPairs,
    /// The two sides of a paired test have different numbers of values.
    UnequalLengths,
    /// A value is infinite, or so large that its square is.
    NonFinite,
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
            Self::TooFewPairs => "too-few-pairs",
            Self::UnequalLengths => "unequal-lengths",
            Self::NonFinite => "non-finite",
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
    /// The estimated improvement, in the metric's unit; NaN where there is nothing to estimate it from.
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

impl NonInferiority {
    /// A test of an estimate with a standard error, by Student's t with `df` degrees of freedom; infinite `df` is the normal
    /// distribution. Positive is better.
    ///
    /// Limits `improvement -/+ t(1 - alpha, df) se`; p_noninferior is the upper tail of t at `(improvement + margin) / se`,
    /// p_inferior the lower one (Blackwelder 1982). A standard error of 0 is the point rule with [`Reason::ZeroVariance`]; what is
    /// not finite is `inconclusive` with [`Reason::NonFinite`].
    pub fn from_estimate(improvement: f64, se: f64, df: f64, margin: f64, alpha: f64) -> Self {
        if !improvement.is_finite() || !se.is_finite() || se < 0.0 || df.is_nan() || df <= 0.0 {
            return Self::undecided(improvement, Reason::NonFinite);
        }
        if se == 0.0 {
            return Self::point(improvement, margin, Reason::ZeroVariance);
        }
        let reach = -t_ppf(alpha, df) * se;
        let at_margin = (improvement + margin) / se;
        Self {
            se: Some(se),
            df: df.is_finite().then_some(df),
            p_two_sided: Some(2.0 * t_sf((improvement / se).abs(), df)),
            ..Self::from_limits(improvement, improvement - reach, improvement + reach, margin)
        }
        .with_p(t_sf(at_margin, df), t_cdf(at_margin, df))
    }

    /// Without noise: both limits are the improvement itself, and there is no p.
    pub fn point(improvement: f64, margin: f64, reason: Reason) -> Self {
        Self { se: Some(0.0), reason: Some(reason), ..Self::from_limits(improvement, improvement, improvement, margin) }
    }

    /// Nothing can be said about the margin.
    pub fn undecided(improvement: f64, reason: Reason) -> Self {
        Self { reason: Some(reason), ..Self::from_limits(improvement, f64::NAN, f64::NAN, f64::NAN) }
    }

    /// What limits alone say; a limit that is not finite decides nothing and is not kept.
    pub(crate) fn from_limits(improvement: f64, lower: f64, upper: f64, margin: f64) -> Self {
        Self {
            improvement,
            se: None,
            df: None,
            lower: finite(lower),
            upper: finite(upper),
            p_noninferior: None,
            p_inferior: None,
            p_two_sided: None,
            verdict: interval_verdict(lower, upper, margin),
            reason: None,
        }
    }

    /// The same with both probabilities; NaN is left out.
    pub(crate) fn with_p(self, p_noninferior: f64, p_inferior: f64) -> Self {
        Self { p_noninferior: finite(p_noninferior), p_inferior: finite(p_inferior), ..self }
    }
}

/// `None` for what is not finite.
pub(crate) fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_limit_passes() {
        assert_eq!(interval_verdict(0.89 - 0.90, 0.89 - 0.90, 0.01), Verdict::Pass);
        assert_eq!(interval_verdict(-0.0101, -0.0101, 0.01), Verdict::Fail);
        assert_eq!(interval_verdict(f64::NEG_INFINITY, 0.0, 0.01), Verdict::Inconclusive);
        assert_eq!(interval_verdict(0.0, 0.0, f64::NAN), Verdict::Inconclusive);
    }

    #[test]
    fn an_estimate_is_judged_by_its_limits() {
        // t(0.95, 2) = 2.919985580353724.
        let test = NonInferiority::from_estimate(0.0, 0.001, 2.0, 0.01, 0.05);
        assert!((test.lower.expect("a limit") + 0.002_919_985_580_353_724).abs() < 1e-15);
        assert_eq!(test.lower.map(|lower| -lower), test.upper);
        assert_eq!(test.verdict, Verdict::Pass);
        let normal = NonInferiority::from_estimate(-3.0, 1.0, f64::INFINITY, 0.0, 0.025);
        assert_eq!((normal.verdict, normal.df), (Verdict::Fail, None));
        assert!((normal.p_inferior.expect("a p") - 0.001_349_898_031_630_094_6).abs() < 1e-15);
    }

    #[test]
    fn what_is_no_number_decides_nothing() {
        for (improvement, se, df) in
            [(f64::NAN, 1.0, 1.0), (0.0, f64::NAN, 1.0), (0.0, f64::INFINITY, 1.0), (0.0, -1.0, 1.0), (0.0, 1.0, 0.0)]
        {
            let test = NonInferiority::from_estimate(improvement, se, df, 0.1, 0.05);
            assert_eq!((test.verdict, test.reason), (Verdict::Inconclusive, Some(Reason::NonFinite)));
        }
        for alpha in [f64::NAN, -1.0, 0.0, 1.5] {
            let test = NonInferiority::from_estimate(0.0, 1.0, 3.0, 100.0, alpha);
            assert_eq!((test.verdict, test.lower), (Verdict::Inconclusive, None), "{alpha}");
        }
    }
}
