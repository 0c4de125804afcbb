//! Sufficient statistics of a difference for which there is a formula.

use proofmark_core::evidence::Sample;
use proofmark_stats::roc::PairedAuc;
use proofmark_stats::sample::{Moments, sum};

use super::measure::{Half, Way, cells, count};
use crate::metric::statistic::Statistic;
use crate::rows::{Fault, Flaw, View};

/// Below this many rows the differences themselves are kept, for the exact test.
const FEW: usize = 30;
/// Differences that differ by no more than this share of the largest value are equal.
const EQUAL: f64 = 1e-12;

/// Of the same rows on both sides.
///
/// # Errors
/// When a row has no cluster, or numbers are too large.
pub(super) fn paired(way: Way, view: &View<'_>, base: &Half<'_>, head: &Half<'_>, seed: impl Fn() -> u64) -> Result<Option<Sample>, Flaw> {
    match (base, head) {
        (Half::Flags { truth, predicted: base }, Half::Flags { predicted: head, .. }) => match way {
            Way::Proportion => {
                let mut counts = [0_u64; 4];
                for (base, head) in base.iter().zip(head) {
                    if let Some(count) = counts.get_mut(2 * usize::from(*base) + usize::from(*head)) {
                        *count += 1;
                    }
                }
                let [n00, n01, n10, n11] = counts;
                Ok(Some(Sample::PairedProportion { n11, n10, n01, n00 }))
            }
            Way::Cells(..) => Ok(Some(Sample::PairedCells { cells: cells(truth, base, head), seed: seed() })),
            Way::Auc | Way::Means | Way::Resampled => Ok(None),
        },
        (Half::Statistic { statistic: Statistic::Mean(base), weights }, Half::Statistic { statistic: Statistic::Mean(head), .. }) => {
            let means = match view.clusters()? {
                Some((clusters, number)) => of_clusters(base, head, *weights, &clusters, number),
                None => of_rows(base, head),
            };
            means.map(Some).ok_or_else(|| Flaw::new(Fault::Undefined, "differences are too large for their variance"))
        }
        _ => Ok(None),
    }
}

/// Of different rows on both sides. Nothing of clusters, whose rows are not independent, nor of weights.
pub(super) fn unpaired(way: Way, base: &Half<'_>, head: &Half<'_>, clustered: bool) -> Option<Sample> {
    use proofmark_stats::counts::CountMetric::{Recall, Specificity};

    match (base, head) {
        (Half::Flags { truth, predicted: base }, Half::Flags { truth: truth_head, predicted: head }) => {
            let shares = |truth: &[bool], predicted: &[bool]| match way {
                Way::Proportion => Some((count(predicted), predicted.len() as u64)),
                Way::Cells(metric @ (Recall | Specificity), _) => {
                    let class = metric == Recall;
                    let of_class = truth.iter().zip(predicted).filter(|(truth, _)| **truth == class);
                    let (right, all) =
                        of_class.fold((0, 0), |(right, all), (_, predicted)| (right + u64::from(*predicted == class), all + 1));
                    Some((right, all))
                }
                _ => None,
            };
            let ((base, n_base), (head, n_head)) = (shares(truth, base)?, shares(truth_head, head)?);
            Some(Sample::Proportions { base, n_base, head, n_head })
        }
        (
            Half::Statistic { statistic: Statistic::Mean(base), weights: None },
            Half::Statistic { statistic: Statistic::Mean(head), weights: None },
        ) if !clustered => {
            let (base, head) = (Moments::of(base), Moments::of(head));
            let finite = |number: Option<f64>| number.filter(|number| number.is_finite());
            Some(Sample::Means {
                base: base.mean,
                var_base: finite(base.variance)?,
                n_base: base.n,
                head: head.mean,
                var_head: finite(head.variance)?,
                n_head: head.n,
            })
        }
        _ => None,
    }
}

pub(super) fn of_auc(auc: PairedAuc) -> Sample {
    let PairedAuc { positives, negatives, base, head, var_base, var_head, covariance, identical } = auc;
    Sample::PairedAuc { positives, negatives, base, head, var_base, var_head, covariance, identical }
}

fn of_rows(base: &[f64], head: &[f64]) -> Option<Sample> {
    let differences: Vec<f64> = base.iter().zip(head).map(|(base, head)| head - base).collect();
    let moments = Moments::of(&differences);
    let few = if differences.len() < FEW { differences.clone() } else { Vec::new() };
    // One row has no standard error; that it is the only one is to be seen in n.
    let se = (moments.variance.unwrap_or_default() / moments.n.max(1) as f64).sqrt();
    let equal = moments.n >= 2 && alike(&differences, base, head);
    means(moments.n, moments.mean, se, equal, few, false)
}

/// The difference is a ratio of two sums over clusters, of weighted differences and of weights; its variance is that of the
/// residuals `sum of w (d - R)` of the G clusters (linearisation; Cochran 1977, 6.5): `G / (G - 1) sum u^2 / W^2`.
fn of_clusters(base: &[f64], head: &[f64], weights: Option<&[f64]>, clusters: &[u32], number: usize) -> Option<Sample> {
    let weight = |row: usize| weights.map_or(1.0, |weights| weights.get(row).copied().unwrap_or_default());
    let rows = || base.iter().zip(head).enumerate().map(|(row, (base, head))| (weight(row), head - base));
    let all = sum(&rows().map(|(weight, _)| weight).collect::<Vec<_>>());
    let ratio = sum(&rows().map(|(weight, difference)| weight * difference).collect::<Vec<_>>()) / all;
    let mut residuals = vec![0.0; number];
    for ((weight, difference), cluster) in rows().zip(clusters) {
        if let Some(residual) = residuals.get_mut(*cluster as usize) {
            *residual += weight * (difference - ratio);
        }
    }
    let squares = sum(&residuals.iter().map(|residual| residual * residual).collect::<Vec<_>>());
    let correction = if number >= 2 { number as f64 / (number - 1) as f64 } else { 0.0 };
    let differences: Vec<f64> = rows().map(|(_, difference)| difference).collect();
    let equal = number >= 2 && alike(&differences, base, head);
    let se = if equal { 0.0 } else { (correction * squares).sqrt() / all };
    means(number as u64, ratio, se, equal, Vec::new(), true)
}

fn alike(differences: &[f64], base: &[f64], head: &[f64]) -> bool {
    let range =
        |values: &[f64]| values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let (low, high) = range(differences);
    let largest = base.iter().chain(head).fold(0.0_f64, |largest, value| largest.max(value.abs()));
    high - low <= EQUAL * largest
}

fn means(n: u64, difference: f64, se: f64, equal: bool, few: Vec<f64>, clusters: bool) -> Option<Sample> {
    (difference.is_finite() && se.is_finite()).then_some(Sample::PairedMeans { n, difference, se, equal, few, clusters })
}
