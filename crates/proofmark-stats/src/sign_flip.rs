//! Few paired differences: the exact test that needs no normal distribution.
//!
//! If nothing has changed, each difference could as well have had the other sign.

use crate::sample::sum;
use crate::verdict::{Direction, NonInferiority, Reason};

/// Up to here all sign patterns are gone through.
pub const MOST_EXACT: usize = 16;

/// The most differences that random patterns are drawn for: the bits of one random number.
pub const MOST: usize = 64;

/// The result of [`sign_flip`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlip {
    /// Differences that are not NaN.
    pub n: usize,
    /// Share of the patterns with a mean at least this far from zero.
    pub p_two_sided: f64,
    /// Share of the patterns with a mean this small or smaller.
    pub p_less: f64,
    /// Whether all patterns were counted.
    pub exact: bool,
}

/// The sign-flip test (Fisher 1935): over all `2^n` patterns up to n = 16, else over `patterns` random ones with
/// `p = (r + 1) / (patterns + 1)`, which is never 0 (Phipson and Smyth 2010).
///
/// Means that differ by at most 1e-12 of the largest difference are equal. NaN is left out; without differences p is 1. `next` gives
/// 64 random bits; more than 64 differences are beyond the test, and `None` is the answer.
pub fn sign_flip(differences: &[f64], patterns: u64, next: &mut impl FnMut() -> u64) -> Option<SignFlip> {
    let kept: Vec<f64> = differences.iter().copied().filter(|difference| !difference.is_nan()).collect();
    let exact = kept.len() <= MOST_EXACT;
    if kept.len() > MOST {
        return None;
    }
    let largest = kept.iter().fold(0.0_f64, |largest, difference| largest.max(difference.abs()));
    let slack = 1e-12 * largest * kept.len() as f64;
    let observed = sum(&kept);
    let (mut all, mut far, mut less) = (0_u64, 0_u64, 0_u64);
    // A flipped difference counts twice: once it is missing, once it is taken away.
    for_each_pattern(&kept, exact, patterns, next, |flipped, _| {
        let total = observed - 2.0 * flipped;
        all += 1;
        far += u64::from(total.abs() >= observed.abs() - slack);
        less += u64::from(total <= observed + slack);
    });
    // The pattern that was observed is one of all, and is added to those that were drawn.
    let own = u64::from(!exact);
    let share = |count: u64| (count + own) as f64 / (all + own) as f64;
    Some(SignFlip { n: kept.len(), p_two_sided: share(far), p_less: share(less), exact })
}

/// The result of [`sign_flip_noninferiority`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlipTest {
    /// Differences that are not NaN.
    pub n: usize,
    /// Differences that are NaN, which are left out.
    pub n_nan: usize,
    /// Whether all patterns were counted.
    pub exact: bool,
    /// The test; its limits are those margins that the test would just accept.
    pub test: NonInferiority,
}

/// The sign-flip test against a margin, of differences candidate less baseline: tests `difference + margin`.
///
/// A pattern that flips the subset S has a mean as large as the observed one iff the mean of S is at most `-margin`. So with k
/// patterns allowed by alpha the limits are the k-th smallest and the k-th largest mean of a subset (Hartigan 1969). With too few
/// differences for any pattern (under 5 at alpha 0.05): [`Reason::TooFewPairs`]. `None` beyond [`MOST`], where the t test serves.
pub fn sign_flip_noninferiority(
    differences: &[f64],
    direction: Direction,
    margin: f64,
    alpha: f64,
    patterns: u64,
    next: &mut impl FnMut() -> u64,
) -> Option<SignFlipTest> {
    let oriented: Vec<f64> =
        differences.iter().filter(|difference| !difference.is_nan()).map(|difference| direction.improvement(*difference)).collect();
    let (n, n_nan) = (oriented.len(), differences.len() - oriented.len());
    let exact = n <= MOST_EXACT;
    let result = |test| Some(SignFlipTest { n, n_nan, exact, test });
    let observed = sum(&oriented);
    let improvement = observed / n as f64;
    if n > MOST {
        return None;
    }
    if n == 0 || !improvement.is_finite() {
        let reason = if n == 0 { Reason::TooFewPairs } else { Reason::NonFinite };
        return result(NonInferiority::undecided(improvement, reason));
    }
    let slack = 1e-12 * oriented.iter().fold(0.0_f64, |largest, difference| largest.max(difference.abs()));
    // Means of the flipped differences; patterns that flip nothing are as extreme as what was observed, at any margin.
    let (mut means, mut unflipped, mut far) = (Vec::new(), u64::from(!exact), u64::from(!exact));
    for_each_pattern(&oriented, exact, patterns, next, |flipped, size| {
        far += u64::from((observed - 2.0 * flipped).abs() >= observed.abs() - slack * n as f64);
        if size == 0 {
            unflipped += 1;
        } else {
            means.push(flipped / f64::from(size));
        }
    });
    means.sort_unstable_by(f64::total_cmp);
    let all = (means.len() as u64 + unflipped) as f64;
    let share = |count: usize| if margin.is_nan() { f64::NAN } else { (unflipped as f64 + count as f64) / all };
    let p_noninferior = share(means.partition_point(|mean| *mean <= slack - margin));
    let p_inferior = share(means.len() - means.partition_point(|mean| *mean < -margin - slack));
    // How many flipped patterns alpha allows on a side, beside those that flip nothing.
    let allowed = (alpha * all + 1e-9).floor() - unflipped as f64;
    let end = |rank: usize| means.get(rank).copied().zip(means.iter().rev().nth(rank).copied());
    let test = match if allowed >= 0.0 { end(allowed as usize) } else { None } {
        Some((lower, upper)) => NonInferiority::from_limits(improvement, lower, upper, margin),
        None => NonInferiority::undecided(improvement, Reason::TooFewPairs),
    };
    result(NonInferiority { p_two_sided: Some(far as f64 / all), ..test }.with_p(p_noninferior, p_inferior))
}

/// Gives the sum over the flipped differences and their number, for each pattern.
///
/// Each sum is added up anew from two halves, so that no rounding gathers over the patterns.
fn for_each_pattern(differences: &[f64], exact: bool, patterns: u64, next: &mut impl FnMut() -> u64, mut each: impl FnMut(f64, u32)) {
    if !exact {
        for _ in 0..patterns {
            let bits = next();
            let chosen = differences.iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1);
            let (total, size) = chosen.fold((0.0, 0), |(total, size), (_, difference)| (total + difference, size + 1));
            each(total, size);
        }
        return;
    }
    let (one, other) = differences.split_at(differences.len() / 2);
    let (one, other) = (subsets(one), subsets(other));
    for (one_total, one_size) in &one {
        for (total, size) in &other {
            each(one_total + total, one_size + size);
        }
    }
}

/// The sums and sizes of all subsets.
fn subsets(values: &[f64]) -> Vec<(f64, u32)> {
    values.iter().fold(vec![(0.0, 0)], |mut all, value| {
        let with: Vec<(f64, u32)> = all.iter().map(|(total, size)| (total + value, size + 1)).collect();
        all.extend(with);
        all
    })
}
