//! Resampling of rank metrics: both models on the same resample, without sorting again.

use crate::bootstrap::{Replicates, Resampling, resample};
use crate::ranks::Ranking;

/// A metric of the order of scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankMetric {
    /// Area under the ROC curve.
    RocAuc,
    /// Average precision.
    AveragePrecision,
}

/// Two models' scores of the same rows, sorted once.
///
/// Rows are renumbered in the order of the base's scores, so that its curve reads weights one after the other. Holds 5 bytes a
/// row, 9 with clusters.
#[derive(Debug, Clone)]
pub struct RankedPair {
    base: Vec<u8>,
    head: Vec<u32>,
    /// Some scores of a model are equal.
    tied: bool,
    /// The cluster of each row.
    clusters: Option<(Vec<u32>, usize)>,
}

/// Notes on a row of the base's order, and the same above the row's number in the head's: its class, and whether its score is
/// higher than the one before. Of equal scores, negatives come first.
const POSITIVE: u8 = 1;
const FIRST: u8 = 2;
const ROW_BITS: u32 = 30;

impl RankedPair {
    /// Sorts both columns. `clusters`: the cluster of each row, numbered from 0 without gaps, when rows belong
    /// together and are drawn together.
    ///
    /// `None` if a score is NaN, if lengths differ, if a cluster's number is not below the number of rows, or beyond [`MAX_ROWS`](crate::ranks::MAX_ROWS).
    pub fn new(labels: &[bool], base: &[f64], head: &[f64], clusters: Option<&[u32]>) -> Option<Self> {
        let rows = labels.len();
        if base.len() != rows
            || head.len() != rows
            || clusters.is_some_and(|of| of.len() != rows || of.iter().any(|cluster| *cluster as usize >= rows))
        {
            return None;
        }
        let order = noted(labels, base)?;
        let clusters = clusters.map(|of| {
            let count = of.iter().max().map_or(0, |last| *last as usize + 1);
            (order.iter().filter_map(|(row, _)| of.get(*row as usize).copied()).collect(), count)
        });
        let mut number = vec![0_u32; rows];
        for ((row, _), place) in order.iter().zip(0..) {
            if let Some(number) = number.get_mut(*row as usize) {
                *number = place;
            }
        }
        let base: Vec<u8> = order.into_iter().map(|(_, note)| note).collect();
        let renumbered = |(row, note): (u32, u8)| Some(number.get(row as usize)? | u32::from(note) << ROW_BITS);
        let head: Vec<u32> = noted(labels, head)?.into_iter().filter_map(renumbered).collect();
        let tied = base.iter().any(|note| note & FIRST == 0) || head.iter().any(|place| place >> ROW_BITS & u32::from(FIRST) == 0);
        Some(Self { base, head, tied, clusters })
    }

    /// What a resample draws: rows, or clusters.
    pub fn units(&self) -> usize {
        self.clusters.as_ref().map_or(self.base.len(), |(_, count)| *count)
    }

    /// Head less base on all rows; `None` when undefined.
    pub fn difference(&self, metric: RankMetric) -> Option<f64> {
        self.weighted(metric, &vec![1; self.base.len()])
    }

    /// Draws resamples of the difference.
    pub fn replicates(&self, metric: RankMetric, how: &Resampling<'_>) -> Option<Replicates> {
        let estimate = self.difference(metric)?;
        let replicates = resample(self.units(), how, estimate, |drawn| match &self.clusters {
            None => self.weighted(metric, drawn),
            Some((of, _)) => {
                let weights: Vec<u8> = of.iter().map(|cluster| drawn.get(*cluster as usize).copied().unwrap_or_default()).collect();
                self.weighted(metric, &weights)
            }
        });
        Some(replicates)
    }

    /// Head less base with these weights of rows in the base's order.
    fn weighted(&self, metric: RankMetric, weights: &[u8]) -> Option<f64> {
        let base = self.base.iter().copied().zip(weights.iter().copied());
        let head = self.head.iter().map(|place| {
            let row = (place & ((1 << ROW_BITS) - 1)) as usize;
            ((place >> ROW_BITS) as u8, weights.get(row).copied().unwrap_or_default())
        });
        match metric {
            RankMetric::RocAuc => {
                let (base, head) = if self.tied {
                    (Area::of::<true>(base), Area::of::<true>(head))
                } else {
                    (Area::of::<false>(base), Area::of::<false>(head))
                };
                let all: u64 = weights.chunks(256).map(|some| u64::from(some.iter().map(|weight| u32::from(*weight)).sum::<u32>())).sum();
                let pairs = 2.0 * (all - base.negatives) as f64 * base.negatives as f64;
                (pairs > 0.0).then(|| (head.twice as i128 - base.twice as i128) as f64 / pairs)
            }
            RankMetric::AveragePrecision => Some(precision(head.rev())? - precision(base.rev())?),
        }
    }
}

/// Rows by score with their notes.
fn noted(labels: &[bool], scores: &[f64]) -> Option<Vec<(u32, u8)>> {
    let ranking = Ranking::new(scores)?;
    let mut order = Vec::with_capacity(labels.len());
    let is_positive = |row: &usize| labels.get(*row).copied().unwrap_or_default();
    for run in ranking.runs() {
        let start = order.len();
        order.extend(run.clone().filter(|row| !is_positive(row)).map(|row| (row as u32, 0)));
        order.extend(run.filter(is_positive).map(|row| (row as u32, POSITIVE)));
        if let Some((_, note)) = order.get_mut(start) {
            *note |= FIRST;
        }
    }
    Some(order)
}

struct Area {
    /// Twice the number of pairs in the right order, ties once.
    twice: u64,
    negatives: u64,
}

impl Area {
    /// Of rows with the lowest score first. No branches: labels along a ranking are not to be guessed.
    fn of<const TIED: bool>(rows: impl Iterator<Item = (u8, u8)>) -> Self {
        let (mut twice, mut below, mut negatives) = (0_u64, 0_u64, 0_u64);
        for (note, weight) in rows {
            let positive = u64::from(weight & (note & POSITIVE).wrapping_neg());
            if TIED {
                // Negatives below this score; those level with a positive have all come before it.
                below = if note & FIRST != 0 { negatives } else { below };
                twice += positive * (below + negatives);
            } else {
                twice += positive * negatives;
            }
            negatives += u64::from(weight) - positive;
        }
        Self { twice: if TIED { twice } else { 2 * twice }, negatives }
    }
}

/// Average precision of rows with the highest score first; `None` without positives.
fn precision(rows: impl Iterator<Item = (u8, u8)>) -> Option<f64> {
    let (mut hits, mut found, mut sum) = (0_u64, 0_u64, 0.0);
    let mut run_hits = 0_u64;
    for (note, weight) in rows {
        found += u64::from(weight);
        run_hits += u64::from(weight) * u64::from(note & POSITIVE);
        // From above, the first of a run comes last.
        if note & FIRST != 0 && run_hits > 0 {
            hits += run_hits;
            sum += run_hits as f64 * (hits as f64 / found as f64);
            run_hits = 0;
        }
    }
    (hits > 0).then(|| sum / hits as f64)
}

#[cfg(test)]
mod tests;
