//! Repeated runs on both sides, independent: Welch's test of the means against a margin.

use crate::sample::Moments;
use crate::verdict::{Direction, NonInferiority, Reason};

/// The result of [`welch`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Welch {
    /// The baseline's moments.
    pub baseline: Moments,
    /// The candidate's moments.
    pub candidate: Moments,
    /// The test.
    pub test: NonInferiority,
}

/// Welch's test (1947) of the difference of two means against a margin. NaN values are left out.
///
/// `se^2 = v_b/n_b + v_c/n_c`, degrees of freedom by Satterthwaite (1946):
/// `df = se^4 / [(v_b/n_b)^2/(n_b - 1) + (v_c/n_c)^2/(n_c - 1)]`. Fewer than two values on a side are
/// [`Reason::TooFewRuns`]; two sides without any variance are judged as points, [`Reason::ZeroVariance`].
pub fn welch(baseline: &[f64], candidate: &[f64], direction: Direction, margin: f64, alpha: f64) -> Welch {
    let (baseline, candidate) = (Moments::of(baseline), Moments::of(candidate));
    Welch { baseline, candidate, test: welch_from_moments(&baseline, &candidate, direction, margin, alpha) }
}

/// As [`welch`], from the moments of both sides.
pub fn welch_from_moments(baseline: &Moments, candidate: &Moments, direction: Direction, margin: f64, alpha: f64) -> NonInferiority {
    let improvement = direction.improvement(candidate.mean - baseline.mean);
    match standard_error(baseline, candidate) {
        None => NonInferiority::undecided(improvement, Reason::TooFewRuns),
        Some((se, df)) => NonInferiority::from_estimate(improvement, se, df, margin, alpha),
    }
}

/// One run beside several: Student's test (1908) of two samples of equal variance, to which the single run adds no degree of
/// freedom: `se^2 = v (1 + 1/n)`, `df = n - 1`, with the variance of the side that has `n` runs. `None` where neither side
/// stands alone, or the other has fewer than two runs.
pub fn one_beside_several(
    baseline: &Moments,
    candidate: &Moments,
    direction: Direction,
    margin: f64,
    alpha: f64,
) -> Option<NonInferiority> {
    let several = match (baseline.n, candidate.n) {
        (1, 2..) => candidate,
        (2.., 1) => baseline,
        _ => return None,
    };
    let n = several.n as f64;
    let se = (several.variance? * (1.0 + 1.0 / n)).sqrt();
    let improvement = direction.improvement(candidate.mean - baseline.mean);
    Some(NonInferiority::from_estimate(improvement, se, n - 1.0, margin, alpha))
}

/// Standard error and degrees of freedom of the difference of means; `None` under two values on a side.
pub(crate) fn standard_error(one: &Moments, other: &Moments) -> Option<(f64, f64)> {
    let (one_part, other_part) = (one.variance? / one.n as f64, other.variance? / other.n as f64);
    let square = one_part + other_part;
    if square == 0.0 {
        // Nothing varies: any degrees of freedom serve the point rule.
        return Some((0.0, (one.n + other.n - 2) as f64));
    }
    // Shares instead of squares, which underflow for metrics on a tiny scale.
    let (one_share, other_share) = (one_part / square, other_part / square);
    let df = 1.0 / (one_share * one_share / (one.n - 1) as f64 + other_share * other_share / (other.n - 1) as f64);
    Some((square.sqrt(), df))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn one_run_beside_several_by_hand() {
        // Mean 0.9, variance 1e-4; t(0.95, 2) = 2.919986.
        let (several, one) = (Moments::of(&[0.89, 0.90, 0.91]), Moments::of(&[0.80]));
        let test = one_beside_several(&several, &one, Direction::Higher, 0.01, 0.05).expect("one and three");
        let se = (1e-4_f64 * 4.0 / 3.0).sqrt();
        assert!((test.se.expect("a spread") - se).abs() < 1e-12);
        assert_eq!((test.df, test.verdict), (Some(2.0), Verdict::Fail));
        assert!((test.upper.expect("a limit") - (-0.1 + 2.919_985_580_353_726 * se)).abs() < 1e-9);
        let turned = one_beside_several(&one, &several, Direction::Lower, 0.01, 0.05).expect("one and three");
        assert!((turned.improvement - test.improvement).abs() < 1e-15);
        for (base, head) in [(&one, &one), (&several, &several), (&one, &Moments::of(&[]))] {
            assert!(one_beside_several(base, head, Direction::Higher, 0.01, 0.05).is_none());
        }
    }
}
