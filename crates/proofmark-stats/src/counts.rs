//! Metrics of binary classifiers from counts: of one model (2 x 2), and of two models on the same rows (2 x 2 x 2).

/// How often label and prediction were what, of one model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Label positive, prediction positive.
    pub true_positive: u64,
    /// Label negative, prediction positive.
    pub false_positive: u64,
    /// Label positive, prediction negative.
    pub false_negative: u64,
    /// Label negative, prediction negative.
    pub true_negative: u64,
}

impl Confusion {
    /// Counts rows; what one slice has more than the other is left out.
    pub fn count(labels: &[bool], predictions: &[bool]) -> Self {
        Cells::count(labels, predictions, predictions).base()
    }

    /// Rows.
    pub fn rows(&self) -> u64 {
        [self.true_positive, self.false_positive, self.false_negative, self.true_negative].into_iter().fold(0, u64::saturating_add)
    }
}

/// Rows by label, prediction of the base and prediction of the head: the count at `4 label + 2 base + head`, each 0 or 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cells(pub [u64; 8]);

impl Cells {
    /// Counts rows; what one slice has more than the others is left out.
    pub fn count(labels: &[bool], base: &[bool], head: &[bool]) -> Self {
        // Four tables in turn: neighbouring rows are mostly alike, and adding to the same number twice would wait.
        let mut tables = [[0_u64; 8]; 4];
        for (row, ((label, base), head)) in labels.iter().zip(base).zip(head).enumerate() {
            let cell = 4 * usize::from(*label) + 2 * usize::from(*base) + usize::from(*head);
            tables[row % 4][cell] += 1;
        }
        let mut cells = Self::default();
        for (cell, count) in cells.0.iter_mut().enumerate() {
            *count = tables.iter().map(|table| table[cell]).sum();
        }
        cells
    }

    /// Rows.
    pub fn rows(&self) -> u64 {
        self.0.into_iter().fold(0, u64::saturating_add)
    }

    /// Counts of the base's model.
    pub fn base(&self) -> Confusion {
        let [n000, n001, n010, n011, n100, n101, n110, n111] = self.0;
        Confusion {
            true_positive: n110.saturating_add(n111),
            false_positive: n010.saturating_add(n011),
            false_negative: n100.saturating_add(n101),
            true_negative: n000.saturating_add(n001),
        }
    }

    /// Counts of the head's model.
    pub fn head(&self) -> Confusion {
        let [n000, n001, n010, n011, n100, n101, n110, n111] = self.0;
        Confusion {
            true_positive: n101.saturating_add(n111),
            false_positive: n001.saturating_add(n011),
            false_negative: n100.saturating_add(n110),
            true_negative: n000.saturating_add(n010),
        }
    }
}

/// A metric of a binary classifier that needs its counts only. Definitions are those of scikit-learn, except that what has
/// no denominator is undefined here, and never 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CountMetric {
    /// (TP + TN) / N; undefined without rows.
    Accuracy,
    /// The mean of recall and specificity; of one class only, what is defined of it.
    BalancedAccuracy,
    /// TP / (TP + FP); undefined without positive predictions.
    Precision,
    /// TP / (TP + FN); undefined without positive labels.
    Recall,
    /// TN / (TN + FP); undefined without negative labels.
    Specificity,
    /// (1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP) with this b (van Rijsbergen 1979); undefined without positives on either side.
    FBeta(f64),
    /// (TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN)) (Matthews 1975); 0 when a factor is, undefined without rows.
    Mcc,
}

impl CountMetric {
    /// F1: the harmonic mean of precision and recall.
    pub const F1: Self = Self::FBeta(1.0);

    /// The metric's value; `None` when it is undefined.
    pub fn of(self, counts: &Confusion) -> Option<f64> {
        let [tp, fp, fn_, tn] =
            [counts.true_positive, counts.false_positive, counts.false_negative, counts.true_negative].map(|count| count as f64);
        match self {
            Self::Accuracy => share(tp + tn, tp + fp + fn_ + tn),
            Self::BalancedAccuracy => match (share(tp, tp + fn_), share(tn, tn + fp)) {
                (Some(recall), Some(specificity)) => Some((recall + specificity) / 2.0),
                (recall, specificity) => recall.or(specificity),
            },
            Self::Precision => share(tp, tp + fp),
            Self::Recall => share(tp, tp + fn_),
            Self::Specificity => share(tn, tn + fp),
            Self::FBeta(beta) => {
                let square = beta * beta;
                share((1.0 + square) * tp, (1.0 + square) * tp + square * fn_ + fp)
            }
            Self::Mcc => matthews(counts),
        }
    }

    /// Head less base; `None` when either is undefined.
    pub fn difference(self, cells: &Cells) -> Option<f64> {
        Some(self.of(&cells.head())? - self.of(&cells.base())?)
    }
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn matthews(counts: &Confusion) -> Option<f64> {
    if counts.rows() == 0 {
        return None;
    }
    let product = |left: u64, right: u64| i128::from(left).saturating_mul(i128::from(right));
    let sum = u64::saturating_add;
    let Confusion { true_positive: tp, false_positive: fp, false_negative: fn_, true_negative: tn } = *counts;
    let covariance = product(tp, tn).saturating_sub(product(fp, fn_));
    let labels = (product(sum(tp, fn_), sum(tn, fp)) as f64).sqrt();
    let predictions = (product(sum(tp, fp), sum(tn, fn_)) as f64).sqrt();
    let scale = labels * predictions;
    Some(if scale > 0.0 { (covariance as f64 / scale).clamp(-1.0, 1.0) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Cells, Confusion, CountMetric};

    const ALL: [CountMetric; 7] = [
        CountMetric::Accuracy,
        CountMetric::BalancedAccuracy,
        CountMetric::Precision,
        CountMetric::Recall,
        CountMetric::Specificity,
        CountMetric::F1,
        CountMetric::Mcc,
    ];

    #[test]
    fn metrics_are_those_of_scikit_learn() {
        let counts = Confusion { true_positive: 30, false_positive: 12, false_negative: 8, true_negative: 50 };
        let expected = [
            0.8,
            0.797_962_648_556_876_1,
            0.714_285_714_285_714_3,
            0.789_473_684_210_526_3,
            0.806_451_612_903_225_8,
            0.75,
            0.586_058_302_393_608_1,
        ];
        for (metric, expected) in ALL.into_iter().zip(expected) {
            let value = metric.of(&counts).expect("is defined");
            assert!((value - expected).abs() < 1e-14, "{metric:?} {value}");
        }
        let twice = CountMetric::FBeta(2.0).of(&counts).expect("is defined");
        assert!((twice - 5.0 * 30.0 / (5.0 * 30.0 + 4.0 * 8.0 + 12.0)).abs() < 1e-15);
    }

    #[test]
    fn undefined_is_not_zero() {
        let none = Confusion::default();
        assert!(ALL.iter().all(|metric| metric.of(&none).is_none()));
        let negatives = Confusion { true_negative: 3, ..none };
        assert_eq!(ALL.map(|metric| metric.of(&negatives)), [Some(1.0), Some(1.0), None, None, Some(1.0), None, Some(0.0)]);
        let missed = Confusion { false_negative: 2, ..none };
        assert_eq!(ALL.map(|metric| metric.of(&missed)), [Some(0.0), Some(0.0), None, Some(0.0), None, Some(0.0), Some(0.0)]);
    }

    #[test]
    fn absurd_counts_are_survived() {
        let cells = Cells([u64::MAX; 8]);
        for metric in ALL {
            assert_eq!(metric.difference(&cells), Some(0.0));
        }
        assert_eq!(cells.rows(), u64::MAX);
    }

    #[test]
    fn cells_count_both_models() {
        let labels = [true, true, false, false, true];
        let base = [true, false, false, true, true];
        let head = [true, true, true, true, false];
        let cells = Cells::count(&labels, &base, &head);
        assert_eq!(cells.0, [0, 1, 0, 1, 0, 1, 1, 1]);
        assert_eq!(cells.base(), Confusion::count(&labels, &base));
        assert_eq!(cells.head(), Confusion { true_positive: 2, false_positive: 2, false_negative: 1, true_negative: 0 });
        assert_eq!(CountMetric::Accuracy.difference(&cells), Some(0.4 - 0.6));
        assert_eq!(Cells::count(&labels, &base[..1], &head).rows(), 1);
    }

    proptest! {
        #[test]
        fn metrics_stay_within_their_bounds(counts: [u32; 4], beta in any::<f64>()) {
            let [tp, fp, fn_, tn] = counts.map(u64::from);
            let counts = Confusion { true_positive: tp, false_positive: fp, false_negative: fn_, true_negative: tn };
            for metric in ALL {
                if let Some(value) = metric.of(&counts) {
                    let least = if metric == CountMetric::Mcc { -1.0 } else { 0.0 };
                    prop_assert!(value >= least && value <= 1.0, "{:?} {}", metric, value);
                }
            }
            let _ = CountMetric::FBeta(beta).of(&counts);
        }

        #[test]
        fn swapping_the_models_turns_the_difference(cells: [u16; 8]) {
            let [a, b, c, d, e, f, g, h] = cells.map(u64::from);
            let swapped = Cells([a, c, b, d, e, g, f, h]);
            for metric in ALL {
                prop_assert_eq!(
                    metric.difference(&Cells(cells.map(u64::from))),
                    metric.difference(&swapped).map(|difference| 0.0 - difference)
                );
            }
        }
    }
}
