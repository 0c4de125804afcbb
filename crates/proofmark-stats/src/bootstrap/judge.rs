//! The verdict on a resampled difference: from all replicates, or from the quantiles that a report keeps of them.

use super::replicates::Replicates;
use crate::verdict::{Direction, NonInferiority, Reason, Verdict, interval_verdict};

/// What a verdict needs besides the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judging {
    /// Which way is better.
    pub direction: Direction,
    /// The loss that is accepted, at least 0.
    pub margin: f64,
    /// One-sided error probability.
    pub alpha: f64,
}

impl Replicates {
    /// Judges by the percentile interval (type 7) and by `p = (r + 1) / (B + 1)`, `r` being the resamples on the wrong side of
    /// the margin (Phipson, Smyth 2010).
    ///
    /// A limit is too near to the margin when the margin lies between the quantiles at three Monte Carlo standard errors,
    /// `3 sqrt(alpha (1 - alpha) / B)`, below and above the limit's level: that is inconclusive, `monte-carlo-error`. So is
    /// the rare case that limit and p disagree. More than 1 % of undefined resamples are `undefined-resamples`, without limits.
    pub fn judge(&self, judging: &Judging) -> NonInferiority {
        let oriented = match judging.direction {
            Direction::Higher => self.clone(),
            Direction::Lower => self.negated(),
        };
        let spread = self.sd();
        decide(&oriented, Counts { estimate: oriented.estimate, kept: self.values().len() as u64, drawn: self.drawn(), spread }, judging)
    }
}

/// What is stored of [`Replicates`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sketch<'a> {
    /// Levels of the quantiles, ascending, from 0 to 1.
    pub levels: &'a [f64],
    /// Quantiles of the replicates at these levels.
    pub quantiles: &'a [f64],
    /// The statistic on the rows themselves.
    pub estimate: f64,
    /// Resamples that were drawn.
    pub resamples: u64,
    /// Those on which the statistic is undefined.
    pub dropped: u64,
    /// Standard deviation of the replicates.
    pub sd: f64,
}

impl Sketch<'_> {
    /// Judges as [`Replicates::judge`]; at a level that was not stored, by the next level on the careful side. Limits and p
    /// agree. What is not a sketch (other lengths, not ascending, not from 0 to 1) is inconclusive.
    pub fn judge(&self, judging: &Judging) -> NonInferiority {
        let ascending = |numbers: &[f64]| numbers.is_sorted() && !numbers.iter().any(|number| number.is_nan());
        let whole = self.levels.len() == self.quantiles.len()
            && self.levels.first() == Some(&0.0)
            && self.levels.last() == Some(&1.0)
            && ascending(self.levels)
            && ascending(self.quantiles);
        let mut points: Vec<(f64, f64)> = self.levels.iter().copied().zip(self.quantiles.iter().copied()).collect();
        let mut estimate = self.estimate;
        if judging.direction == Direction::Lower {
            points = points.iter().rev().map(|(level, value)| (1.0 - level, 0.0 - value)).collect();
            estimate = 0.0 - estimate;
        }
        let kept = if whole { self.resamples.saturating_sub(self.dropped) } else { 0 };
        let spread = Some(self.sd).filter(|sd| sd.is_finite());
        decide(&Points { points, alpha: judging.alpha }, Counts { estimate, kept, drawn: self.resamples, spread }, judging)
    }
}

/// A distribution of improvements.
trait Distribution {
    /// Not above the quantile at this level.
    fn lower(&self, level: f64) -> Option<f64>;
    /// Not below it.
    fn upper(&self, level: f64) -> Option<f64>;
    /// Between these two.
    fn middle(&self, level: f64) -> Option<f64>;
    /// The share below a value, at least; and the share from it on, at least.
    fn shares(&self, value: f64) -> (f64, f64);
}

impl Distribution for Replicates {
    fn lower(&self, level: f64) -> Option<f64> {
        self.quantile(level)
    }

    fn upper(&self, level: f64) -> Option<f64> {
        self.quantile(level)
    }

    fn middle(&self, level: f64) -> Option<f64> {
        self.quantile(level)
    }

    fn shares(&self, value: f64) -> (f64, f64) {
        let (below, all) = (self.below(value) as f64, self.values().len() as f64);
        (below / all, (all - below) / all)
    }
}

/// Quantiles at some levels.
struct Points {
    points: Vec<(f64, f64)>,
    alpha: f64,
}

/// Levels nearer to each other than this are the same.
const SAME: f64 = 1e-12;

impl Distribution for Points {
    fn lower(&self, level: f64) -> Option<f64> {
        self.points.iter().rev().find(|(stored, _)| *stored <= level + SAME).map(|(_, value)| *value)
    }

    fn upper(&self, level: f64) -> Option<f64> {
        self.points.iter().find(|(stored, _)| *stored >= level - SAME).map(|(_, value)| *value)
    }

    fn middle(&self, level: f64) -> Option<f64> {
        let level = level.clamp(0.0, 1.0);
        let above = self.points.partition_point(|(stored, _)| *stored < level);
        let (end, high) = *self.points.get(above)?;
        let (start, low) = above.checked_sub(1).and_then(|below| self.points.get(below)).copied().unwrap_or((end, high));
        Some(if end > start && high > low { low + (high - low) * ((level - start) / (end - start)) } else { high })
    }

    fn shares(&self, value: f64) -> (f64, f64) {
        let from = self.points.partition_point(|(_, stored)| *stored < value);
        let Some((end, high)) = self.points.get(from).copied() else { return (1.0, 0.0) };
        let Some((start, low)) = from.checked_sub(1).and_then(|below| self.points.get(below)).copied() else { return (0.0, 1.0) };
        let within = start + (end - start) * ((value - low) / (high - low)).clamp(0.0, 1.0);
        // A limit inside of this gap is taken from its careful end, and so is the share, for the two must agree.
        let holds = |level: f64| start + SAME < level && level < end - SAME;
        let below = if holds(self.alpha) { end } else { within };
        let from = if holds(1.0 - self.alpha) { 1.0 - start } else { 1.0 - within };
        (below, from)
    }
}

struct Counts {
    estimate: f64,
    kept: u64,
    drawn: u64,
    spread: Option<f64>,
}

/// `improvements` and the estimate in `counts` are oriented already.
fn decide(improvements: &impl Distribution, counts: Counts, judging: &Judging) -> NonInferiority {
    let Judging { margin, alpha, .. } = *judging;
    let unknown = NonInferiority { se: counts.spread, ..NonInferiority::undecided(counts.estimate, Reason::UndefinedResamples) };
    let dropped = counts.drawn.saturating_sub(counts.kept);
    let (Some(lower), Some(upper)) = (improvements.lower(alpha), improvements.upper(1.0 - alpha)) else { return unknown };
    if counts.kept == 0 || dropped.saturating_mul(100) > counts.drawn || alpha.is_nan() || margin.is_nan() {
        return unknown;
    }
    let kept = counts.kept as f64;
    let p = |share: f64| (share * kept + 1.0) / (kept + 1.0);
    let limit = -margin - slack(&[margin, lower, upper]);
    let (below, from) = improvements.shares(limit);
    let (p_noninferior, p_inferior) = (p(below), p(from));
    let zero = slack(&[lower, upper]);
    let (not_better, not_worse) = (improvements.shares(zero.next_up()).0, improvements.shares(-zero).1);

    let reach = 3.0 * (alpha * (1.0 - alpha) / kept).max(0.0).sqrt();
    let good = |level: f64| improvements.middle(level).is_some_and(|value| value >= limit);
    let near = |level: f64| good(level + reach) && !good(level - reach);
    let verdict = interval_verdict(lower, upper, margin);
    let agrees = match verdict {
        Verdict::Pass => p_noninferior <= alpha,
        Verdict::Fail => p_inferior <= alpha,
        Verdict::Inconclusive => p_noninferior > alpha && p_inferior > alpha,
    };
    // A clear fail does not need the lower limit, and a clear pass not the upper.
    let unclear = match verdict {
        Verdict::Pass => near(alpha),
        Verdict::Fail => near(1.0 - alpha),
        Verdict::Inconclusive => near(alpha) || near(1.0 - alpha),
    };
    let reason =
        if unclear || !agrees { Some(Reason::MonteCarloError) } else { (counts.spread == Some(0.0)).then_some(Reason::ZeroVariance) };
    NonInferiority {
        lower: Some(lower),
        upper: Some(upper),
        p_noninferior: Some(p_noninferior),
        p_inferior: Some(p_inferior),
        p_two_sided: Some((2.0 * p(not_better.min(not_worse))).min(1.0)),
        verdict: if reason == Some(Reason::MonteCarloError) { Verdict::Inconclusive } else { verdict },
        reason,
        ..unknown
    }
}

/// Numbers are compared with the slack of [`interval_verdict`].
fn slack(numbers: &[f64]) -> f64 {
    1e-12 * numbers.iter().filter(|number| number.is_finite()).fold(0.0, |largest, number| number.abs().max(largest))
}

#[cfg(test)]
mod tests;
