//! Areas under the ROC and the precision-recall curve: of one model, and of two on the same rows.

mod delong;
mod pair;

use crate::ranks::Ranking;

pub use self::delong::{DeLong, PairedAuc, delong};
pub use self::pair::{RankMetric, RankedPair};

/// P(score of a positive > score of a negative) + half of P(equal), with rows weighted if there are weights.
///
/// Infinite scores are scores like others. `None` if a score is NaN, if only one class has weight, if lengths differ, or if a
/// weight is negative or not finite.
pub fn roc_auc(labels: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let curve = Curve::new(labels, scores, weights)?;
    let (mut below, mut area) = (0.0, 0.0);
    for (positives, negatives) in &curve.runs {
        area += positives * (below + negatives / 2.0);
        below += negatives;
    }
    let pairs = curve.positives() * below;
    (pairs > 0.0).then(|| (area / pairs).clamp(0.0, 1.0))
}

/// Average precision: the sum over thresholds of precision times the gain in recall, equal scores together, nothing
/// interpolated (as scikit-learn; Manning, Raghavan, Schütze 2008).
///
/// `None` as [`roc_auc`], except that one class only is undefined here only if it is the negative one.
pub fn average_precision(labels: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let curve = Curve::new(labels, scores, weights)?;
    let total = curve.positives();
    let (mut hits, mut found, mut sum) = (0.0, 0.0, 0.0);
    for (positives, negatives) in curve.runs.iter().rev() {
        hits += positives;
        found += positives + negatives;
        if found > 0.0 {
            sum += positives * (hits / found);
        }
    }
    (total > 0.0).then(|| (sum / total).clamp(0.0, 1.0))
}

/// Weight of positives and of negatives at each score, lowest first.
struct Curve {
    runs: Vec<(f64, f64)>,
}

impl Curve {
    fn new(labels: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Option<Self> {
        if labels.len() != scores.len() {
            return None;
        }
        if let Some(weights) = weights
            && (weights.len() != labels.len() || weights.iter().any(|weight| !(weight.is_finite() && *weight >= 0.0)))
        {
            return None;
        }
        let weight = |row: usize| weights.map_or(Some(1.0), |weights| weights.get(row).copied()).unwrap_or_default();
        let ranking = Ranking::new(scores)?;
        let runs = ranking.runs().map(|run| {
            run.fold((0.0, 0.0), |(positives, negatives), row| match labels.get(row) {
                Some(true) => (positives + weight(row), negatives),
                _ => (positives, negatives + weight(row)),
            })
        });
        Some(Self { runs: runs.collect() })
    }

    fn positives(&self) -> f64 {
        self.runs.iter().map(|(positives, _)| positives).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{average_precision, roc_auc};

    #[test]
    fn areas_of_small_samples_are_those_of_scikit_learn() {
        let labels = [false, true, false, true, true];
        let scores = [0.2, 0.2, 0.4, 0.4, 0.9];
        let close = |value: Option<f64>, expected: f64| assert!((value.expect("is defined") - expected).abs() < 1e-15, "{value:?}");
        close(roc_auc(&labels, &scores, None), 2.0 / 3.0);
        close(roc_auc(&labels, &scores, Some(&[1.0, 2.0, 0.0, 3.0, 1.0])), 5.0 / 6.0);
        close(average_precision(&labels, &scores, None), 1.0 / 3.0 + 2.0 / 9.0 + 0.2);
        close(average_precision(&labels, &scores, Some(&[1.0, 2.0, 0.0, 3.0, 1.0])), 1.0 / 6.0 + 0.5 + 2.0 / 6.0 * 6.0 / 7.0);
        close(roc_auc(&[false, false, true], &[f64::NEG_INFINITY, 0.0, f64::INFINITY], None), 1.0);
    }

    #[test]
    fn one_class_has_no_roc_curve() {
        assert_eq!(roc_auc(&[true, true], &[0.1, 0.2], None), None);
        assert_eq!(roc_auc(&[true, false], &[0.1, 0.2], Some(&[1.0, 0.0])), None);
        assert_eq!(average_precision(&[true, true], &[0.1, 0.2], None), Some(1.0));
        assert_eq!(average_precision(&[false, false], &[0.1, 0.2], None), None);
        assert_eq!(roc_auc(&[], &[], None), None);
        assert_eq!(roc_auc(&[true, false], &[0.1, f64::NAN], None), None);
        assert_eq!(roc_auc(&[true, false], &[0.1], None), None);
        assert_eq!(roc_auc(&[true, false], &[0.1, 0.2], Some(&[1.0, -1.0])), None);
    }

    proptest! {
        #[test]
        fn the_area_counts_pairs(rows in proptest::collection::vec((any::<bool>(), -4_i8..4, 0_u8..4), 0..40)) {
            let labels: Vec<bool> = rows.iter().map(|row| row.0).collect();
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
            let weights: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
            let (mut won, mut pairs) = (0.0, 0.0);
            for positive in rows.iter().filter(|row| row.0) {
                for negative in rows.iter().filter(|row| !row.0) {
                    let weight = f64::from(positive.2) * f64::from(negative.2);
                    pairs += weight;
                    won += weight * f64::from(1 + (positive.1 - negative.1).signum()) / 2.0;
                }
            }
            let area = roc_auc(&labels, &scores, Some(&weights));
            prop_assert_eq!(area.is_some(), pairs > 0.0);
            if let Some(area) = area {
                prop_assert!((area - won / pairs).abs() < 1e-12);
                let turned: Vec<f64> = scores.iter().map(|score| -score).collect();
                prop_assert!((roc_auc(&labels, &turned, Some(&weights)).expect("as before") - (1.0 - area)).abs() < 1e-12);
            }
        }
    }
}
