//! The same proportion on different rows, against a margin.

use crate::distributions::{normal_cdf, normal_ppf, normal_sf};
use crate::root::{falling_root, score_limit};
use crate::verdict::{Direction, NonInferiority, Reason, finite};

/// Successes on the rows of each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoProportions {
    /// Successes at the baseline.
    pub baseline: u64,
    /// Rows at the baseline.
    pub n_baseline: u64,
    /// Successes at the candidate.
    pub candidate: u64,
    /// Rows at the candidate.
    pub n_candidate: u64,
}

/// The difference of two independent proportions against a margin, by the score limits of Miettinen and Nurminen (1985).
///
/// `Z(d) = (p_c - p_b - d) / sqrt([r_c (1 - r_c) / n_c + r_b (1 - r_b) / n_b] N / (N - 1))`, where r_b and r_c = r_b + d are the likeliest
/// proportions if the true difference is d. The limits solve `Z = -/+ z(1 - alpha)`. No rows on a side, or more successes than rows:
/// [`Reason::NoExamples`]. It needs about twice the rows, or more, of the test on the same rows. `se` is the unrestricted one.
pub fn two_proportions(counts: &TwoProportions, direction: Direction, margin: f64, alpha: f64) -> NonInferiority {
    let TwoProportions { baseline, n_baseline, candidate, n_candidate } = *counts;
    if n_baseline == 0 || n_candidate == 0 || baseline > n_baseline || candidate > n_candidate {
        return NonInferiority::undecided(f64::NAN, Reason::NoExamples);
    }
    let side = |successes: u64, rows: u64| match direction {
        Direction::Higher => Side { hits: successes as f64, misses: (rows - successes) as f64 },
        Direction::Lower => Side { hits: (rows - successes) as f64, misses: successes as f64 },
    };
    let pair = Pair { base: side(baseline, n_baseline), head: side(candidate, n_candidate) };
    let z = -normal_ppf(alpha);
    let at_margin = pair.z(-margin);
    let limit = |target: f64| score_limit(|d| pair.z(d), pair.difference(), target);
    let variance = |side: &Side| side.share() * (side.misses / side.rows()) / side.rows();
    let test = NonInferiority {
        se: Some((variance(&pair.base) + variance(&pair.head)).sqrt()),
        p_two_sided: finite(2.0 * normal_sf(pair.z(0.0).abs())),
        ..NonInferiority::from_limits(pair.difference(), limit(z), limit(-z), margin)
    };
    test.with_p(normal_sf(at_margin), normal_cdf(at_margin))
}

struct Side {
    hits: f64,
    misses: f64,
}

impl Side {
    fn rows(&self) -> f64 {
        self.hits + self.misses
    }

    fn share(&self) -> f64 {
        self.hits / self.rows()
    }

    /// How the likelihood changes with the proportion: falling.
    fn slope(&self, p: f64) -> f64 {
        // The size, since rounding can take a proportion past its end by a bit, or make an end -0.
        let part = |count: f64, p: f64| if count == 0.0 { 0.0 } else { count / p.abs() };
        part(self.hits, p) - part(self.misses, 1.0 - p)
    }
}

struct Pair {
    base: Side,
    head: Side,
}

impl Pair {
    fn difference(&self) -> f64 {
        self.head.share() - self.base.share()
    }

    /// The score statistic at a true difference d, falling in d; beyond all differences that can be it is infinite.
    fn z(&self, d: f64) -> f64 {
        if d <= -1.0 || d >= 1.0 {
            return if d < 0.0 { f64::INFINITY } else { f64::NEG_INFINITY };
        }
        let distance = self.difference() - d;
        if distance == 0.0 || d.is_nan() {
            return distance;
        }
        let base = self.likeliest(d);
        let head = (base + d).clamp(0.0, 1.0);
        let rows = self.base.rows() + self.head.rows();
        let variance = base * (1.0 - base) / self.base.rows() + head * (1.0 - head) / self.head.rows();
        distance / (variance * rows / (rows - 1.0)).sqrt()
    }

    /// The likeliest proportion of the baseline if the candidate's is larger by d. The logarithm of the likelihood is concave, so its
    /// slope falls; the closed form by cosines loses half of the digits where it counts.
    fn likeliest(&self, d: f64) -> f64 {
        falling_root(|p| self.base.slope(p) + self.head.slope(p + d), (-d).max(0.0), (1.0 - d).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check((baseline, n_baseline): (u64, u64), (candidate, n_candidate): (u64, u64), alpha: f64, lower: f64, upper: f64, near: f64) {
        let counts = TwoProportions { baseline, n_baseline, candidate, n_candidate };
        let test = two_proportions(&counts, Direction::Higher, 0.1, alpha);
        let (got_lower, got_upper) = (test.lower.expect("a limit"), test.upper.expect("a limit"));
        assert!((got_lower - lower).abs() <= near && (got_upper - upper).abs() <= near, "{got_lower} {got_upper}");
    }

    #[test]
    fn limits_of_the_likelihood_maximized_by_brute_force() {
        check((3, 96), (4, 44), 0.05, -0.005_484_181_31, 0.159_541_902_29, 1e-9);
        check((14, 68), (157, 997), 0.01, -0.184_398_463_07, 0.046_835_373_98, 1e-9);
    }

    #[test]
    fn published_limits() {
        // Newcombe (1998), method 6: 56/70 against 48/80 at 95 %.
        check((48, 80), (56, 70), 0.025, 0.0528, 0.3382, 5e-5);
    }

    #[test]
    fn one_row_on_each_side_is_symmetric() {
        let (none, one) = ((0, 1), (1, 1));
        let better = TwoProportions { baseline: none.0, n_baseline: none.1, candidate: one.0, n_candidate: one.1 };
        let worse = TwoProportions { baseline: one.0, n_baseline: one.1, candidate: none.0, n_candidate: none.1 };
        let (better, worse) =
            (two_proportions(&better, Direction::Higher, 0.1, 0.05), two_proportions(&worse, Direction::Higher, 0.1, 0.05));
        assert_eq!((better.upper, worse.lower, better.p_two_sided), (Some(1.0), Some(-1.0), worse.p_two_sided));
        let (lower, upper) = (better.lower.expect("a limit"), worse.upper.expect("a limit"));
        assert!((lower + upper).abs() < 1e-12, "{lower} {upper}");
    }

    #[test]
    fn no_success_on_both_sides() {
        let counts = TwoProportions { baseline: 0, n_baseline: 50, candidate: 0, n_candidate: 50 };
        let test = two_proportions(&counts, Direction::Higher, 0.1, 0.05);
        assert!(test.lower < Some(-0.03) && test.upper > Some(0.03) && test.p_two_sided == Some(1.0), "{test:?}");
        assert_eq!(
            two_proportions(&TwoProportions { n_baseline: 0, ..counts }, Direction::Higher, 0.1, 0.05).reason,
            Some(Reason::NoExamples)
        );
    }
}
