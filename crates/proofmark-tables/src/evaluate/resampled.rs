//! Differences of metrics without a formula: both sides on the same resamples of rows, or of clusters.

use proofmark_core::evidence::{Sample, levels};
use proofmark_stats::bootstrap::{Replicates, Resampling, resample};
use proofmark_stats::roc::{RankMetric, RankedPair};
use sha2::{Digest, Sha256};

use super::Request;
use super::measure::{Context, Half};
use super::plan::Unit;
use crate::metric::Metric;
use crate::metric::statistic::{Statistic, binary_truth};
use crate::rows::{Flaw, Infinite, Role, Side, View};

/// Beyond this many rows, [`FEWER`] resamples.
const MANY_ROWS: usize = 200_000;
/// Enough for limits at 5 %, whose levels are then known to 0.7 %.
const FEWER: u64 = 1_000;
/// Rows times resamples up to which more resamples are drawn where the first do not decide; some seconds.
const AFFORDABLE: u64 = 4_000_000_000;

/// The replicates of a difference, as their quantiles; none where the difference is beyond the numbers.
///
/// # Errors
/// When a row has no cluster.
pub(super) fn sample(
    context: &Context<'_>,
    unit: &Unit,
    request: &Request,
    views: [&View<'_>; 2],
    halves: [&Half<'_>; 2],
    base: f64,
    step: &(dyn Fn(u64, u64) + Sync),
) -> Result<Option<Sample>, Flaw> {
    let [view, _] = views;
    let clusters = view.clusters()?;
    let Some(source) = Source::new(context, &request.metric, views, halves, clusters.as_ref())? else { return Ok(None) };
    let seed = seed(&request.metric, unit, context.digests);
    let wished = context.settings.resamples.max(1);
    let resamples = if view.rows > MANY_ROWS { wished.min(FEWER) } else { wished };
    let first = Resampling { resamples, seed, threads: context.settings.threads, progress: Some(step) };
    let Some(mut replicates) = source.draw(&first) else { return Ok(None) };
    let more = resamples.saturating_mul(10);
    let affordable = more.saturating_mul(view.rows as u64) <= AFFORDABLE;
    let shares = request.decide_at_shares.iter().map(|share| share * base.abs());
    let mut turns = request.decide_at.iter().copied().chain(shares);
    if affordable && turns.any(|turn| near(&replicates, turn, request.alpha)) {
        replicates = source.draw(&Resampling { resamples: more, ..first }).unwrap_or(replicates);
    }
    let quantiles = replicates.sketch(&levels());
    let sd = replicates.sd().unwrap_or_default();
    let finite = [replicates.estimate, sd].into_iter().chain(quantiles.iter().copied()).all(f64::is_finite);
    Ok(finite.then(|| Sample::Replicates {
        n: source.units() as u64,
        difference: replicates.estimate,
        resamples: replicates.drawn(),
        dropped: replicates.dropped(),
        seed,
        sd,
        quantiles,
    }))
}

/// The first eight bytes of SHA-256 over the metric's name, the slice, and the digests of both files, the texts each closed by a
/// zero byte; big-endian.
pub(super) fn seed(metric: &Metric, unit: &Unit, digests: [Option<&[u8; 32]>; 2]) -> u64 {
    let mut hash = Sha256::new();
    for text in [metric.to_string(), unit.slice.to_string()] {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    for digest in digests.into_iter().flatten() {
        hash.update(digest);
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

/// Whether a verdict that turns here lies within three standard errors of the simulation of a limit, below or above.
fn near(replicates: &Replicates, turn: f64, alpha: f64) -> bool {
    let kept = replicates.values().len().max(1) as f64;
    let reach = 3.0 * (alpha * (1.0 - alpha) / kept).max(0.0).sqrt();
    [alpha, 1.0 - alpha].into_iter().any(|level| {
        let at = |level: f64| replicates.quantile(level.clamp(0.0, 1.0));
        at(level - reach).zip(at(level + reach)).is_some_and(|(low, high)| low <= turn && turn <= high)
    })
}

/// Both sides, to be resampled.
enum Source<'v> {
    /// Scores without weights, whose order has a faster way.
    Ranked(RankedPair, RankMetric),
    Any {
        statistics: [&'v Statistic<'v>; 2],
        weights: Option<&'v [f64]>,
        clusters: Option<&'v [u32]>,
        units: usize,
        estimate: f64,
    },
}

impl<'v> Source<'v> {
    fn new(
        context: &Context<'_>,
        metric: &Metric,
        views: [&View<'_>; 2],
        halves: [&'v Half<'_>; 2],
        clusters: Option<&'v (Vec<u32>, usize)>,
    ) -> Result<Option<Self>, Flaw> {
        let [base, head] = views;
        let [Half::Statistic { statistic: of_base, weights }, Half::Statistic { statistic: of_head, .. }] = halves else { return Ok(None) };
        let units = clusters.map_or(base.rows, |(_, number)| *number);
        let clusters = clusters.map(|(clusters, _)| clusters.as_slice());
        let rank = match metric {
            Metric::RocAuc => Some(RankMetric::RocAuc),
            Metric::PrAuc => Some(RankMetric::AveragePrecision),
            _ => None,
        };
        if let (Some(rank), None) = (rank, weights) {
            let truth = binary_truth(base, &context.plan.classes, Side::Base)?;
            let [of_base, of_head] = [base, head].map(|view| view.numbers(Role::Score, Infinite::Allowed));
            return Ok(RankedPair::new(&truth, of_base?, of_head?, clusters).map(|pair| Self::Ranked(pair, rank)));
        }
        let estimate = of_head.point(*weights).zip(of_base.point(*weights)).map(|(head, base)| head - base);
        let weights = *weights;
        Ok(estimate.map(|estimate| Self::Any { statistics: [of_base, of_head], weights, clusters, units, estimate }))
    }

    /// What is drawn: rows or clusters.
    fn units(&self) -> usize {
        match self {
            Self::Ranked(pair, _) => pair.units(),
            Self::Any { units, .. } => *units,
        }
    }

    fn draw(&self, how: &Resampling<'_>) -> Option<Replicates> {
        let (statistics, weights, clusters, units, estimate) = match self {
            Self::Ranked(pair, metric) => return pair.replicates(*metric, how),
            Self::Any { statistics, weights, clusters, units, estimate } => (statistics, weights, clusters, *units, *estimate),
        };
        let [base, head] = statistics;
        Some(resample(units, how, estimate, |drawn| {
            let often = |unit: usize| f64::from(drawn.get(unit).copied().unwrap_or_default());
            // A closure for each case, so that the loop over rows has no case in it.
            match (weights, clusters) {
                (None, None) => difference(base, head, often),
                (Some(weights), None) => difference(base, head, |row| often(row) * weights.get(row).copied().unwrap_or_default()),
                (None, Some(clusters)) => difference(base, head, |row| often(cluster(clusters, row))),
                (Some(weights), Some(clusters)) => {
                    difference(base, head, |row| often(cluster(clusters, row)) * weights.get(row).copied().unwrap_or_default())
                }
            }
        }))
    }
}

fn cluster(clusters: &[u32], row: usize) -> usize {
    clusters.get(row).map_or(usize::MAX, |cluster| *cluster as usize)
}

fn difference(base: &Statistic<'_>, head: &Statistic<'_>, weight: impl Fn(usize) -> f64 + Copy) -> Option<f64> {
    Some(head.value(weight)? - base.value(weight)?)
}
