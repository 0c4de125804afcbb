//! Metrics of counts of several classes: how much of each is labelled so, predicted so, and both.

use crate::metric::{Average, ClassScore, Metric};
use crate::rows::classes::{Classes, Positive};
use crate::rows::{Fault, Flaw, Side};

/// Which figure of the counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TallyMetric {
    BalancedAccuracy,
    Mcc,
    OfClass(ClassScore, u32),
    Averaged(ClassScore, Average),
}

impl TallyMetric {
    /// # Errors
    /// When the metric is of two classes and this side has others.
    pub(crate) fn new(metric: &Metric, classes: &Classes<'_>, side: Side) -> Result<Self, Flaw> {
        match metric {
            Metric::OfClass { score, class: Some(class) } => Ok(Self::OfClass(*score, classes.code(class).unwrap_or(classes.other()))),
            Metric::OfClass { score, class: None } => match (classes.too_many(side as usize, true), classes.positive()) {
                (Some(names), _) => {
                    Err(Flaw::new(Fault::Unreadable, format!("labels and predictions have more than two classes: {names}")))
                }
                (None, Positive::Known(code)) => Ok(Self::OfClass(*score, code)),
                (None, _) => Err(Flaw::new(Fault::Undefined, "all rows are of one class, which is not positive")),
            },
            Metric::Averaged { score, average } => Ok(Self::Averaged(*score, *average)),
            Metric::Mcc => Ok(Self::Mcc),
            _ => Ok(Self::BalancedAccuracy),
        }
    }
}

/// Labels and predictions of rows.
#[derive(Debug)]
pub(crate) struct Tallies<'v> {
    truth: &'v [u32],
    predicted: &'v [u32],
    classes: usize,
    of: TallyMetric,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    truth: f64,
    predicted: f64,
    hits: f64,
    /// Some row has the class, as its label or as its prediction.
    there: bool,
}

impl<'v> Tallies<'v> {
    pub(crate) fn new(truth: &'v [u32], predicted: &'v [u32], classes: usize, of: TallyMetric) -> Self {
        Self { truth, predicted, classes, of }
    }

    /// On all rows: a class counts where any row has it, also one that weighs nothing, as in scikit-learn.
    pub(crate) fn point(&self, weight: impl Fn(usize) -> f64) -> Option<f64> {
        self.of_rows(weight, |_| true)
    }

    /// On the rows that weigh something, as after drawing some of them.
    pub(crate) fn value(&self, weight: impl Fn(usize) -> f64) -> Option<f64> {
        self.of_rows(weight, |weight| weight > 0.0)
    }

    fn of_rows(&self, weight: impl Fn(usize) -> f64, is_there: impl Fn(f64) -> bool) -> Option<f64> {
        let mut tallies = vec![Tally::default(); self.classes];
        let mut all = 0.0;
        for (row, (truth, predicted)) in self.truth.iter().zip(self.predicted).enumerate() {
            let weight = weight(row);
            all += weight;
            if let Some(tally) = tallies.get_mut(*truth as usize) {
                tally.there |= is_there(weight);
                tally.truth += weight;
                tally.hits += if truth == predicted { weight } else { 0.0 };
            }
            if let Some(tally) = tallies.get_mut(*predicted as usize) {
                tally.there |= is_there(weight);
                tally.predicted += weight;
            }
        }
        match self.of {
            TallyMetric::BalancedAccuracy => {
                let labelled = tallies.iter().filter(|tally| tally.truth > 0.0);
                let recall: Vec<f64> = labelled.map(|tally| tally.hits / tally.truth).collect();
                (!recall.is_empty()).then(|| recall.iter().sum::<f64>() / recall.len() as f64)
            }
            TallyMetric::Mcc => matthews(&tallies, all),
            TallyMetric::OfClass(score, class) => score_of(score, tallies.get(class as usize)?, all),
            TallyMetric::Averaged(score, average) => averaged(score, average, &tallies, all),
        }
    }
}

fn score_of(score: ClassScore, tally: &Tally, all: f64) -> Option<f64> {
    let Tally { truth, predicted, hits, .. } = *tally;
    let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    match score {
        ClassScore::Precision => share(hits, predicted),
        ClassScore::Recall => share(hits, truth),
        ClassScore::Specificity => share(all - truth - predicted + hits, all - truth),
        ClassScore::FBeta(beta) => {
            let square = beta * beta;
            share((1.0 + square) * hits, square * truth + predicted)
        }
    }
}

fn averaged(score: ClassScore, average: Average, tallies: &[Tally], all: f64) -> Option<f64> {
    if average == Average::Micro {
        let sum = |part: fn(&Tally) -> f64| tallies.iter().map(part).sum::<f64>();
        let joined =
            Tally { truth: sum(|tally| tally.truth), predicted: sum(|tally| tally.predicted), hits: sum(|tally| tally.hits), there: true };
        return score_of(score, &joined, all);
    }
    let (mut sum, mut shares) = (0.0, 0.0);
    for tally in tallies.iter().filter(|tally| tally.there) {
        let share = if average == Average::Macro { 1.0 } else { tally.truth };
        sum += share * score_of(score, tally, all).unwrap_or_default();
        shares += share;
    }
    (shares > 0.0).then(|| sum / shares)
}

/// Of several classes (Gorodkin 2004); 0 where all labels or all predictions are of one class.
fn matthews(tallies: &[Tally], all: f64) -> Option<f64> {
    let sum = |part: fn(&Tally) -> f64| tallies.iter().map(part).sum::<f64>();
    let together = sum(|tally| tally.hits) * all - sum(|tally| tally.truth * tally.predicted);
    let truth = all * all - sum(|tally| tally.truth * tally.truth);
    let predicted = all * all - sum(|tally| tally.predicted * tally.predicted);
    let one_class = |part: fn(&Tally) -> f64| tallies.iter().filter(|tally| part(tally) > 0.0).count() < 2;
    if all.is_nan() || all <= 0.0 {
        return None;
    }
    // By the number of classes, since rounded weights leave a rest where the exact sum is 0.
    let empty = one_class(|tally| tally.truth) || one_class(|tally| tally.predicted);
    Some(if empty { 0.0 } else { together / (truth * predicted).sqrt() })
}
