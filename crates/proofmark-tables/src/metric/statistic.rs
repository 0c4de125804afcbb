//! A metric on the rows of one side, ready to be computed again and again with other weights.

mod order;
mod tally;

use std::borrow::Cow;

use proofmark_stats::sample;

use self::order::{Quantile, Ranked};
use self::tally::Tallies;
pub(crate) use self::tally::TallyMetric;
use super::Metric;
use crate::rows::classes::{Classes, Positive};
use crate::rows::{Fault, Flaw, Infinite, Role, Side, View};

/// scikit-learn keeps probabilities and denominators from 0 by the distance of 1 to the next double.
const EPSILON: f64 = f64::EPSILON;

/// Everything that does not depend on weights is done.
#[derive(Debug)]
pub(crate) enum Statistic<'v> {
    /// Mean of a number a row.
    Mean(Cow<'v, [f64]>),
    /// Root of the mean.
    RootMean(Vec<f64>),
    /// Coefficient of determination: labels less their mean, and squared errors.
    Determination {
        centred: Vec<f64>,
        errors: Vec<f64>,
    },
    Quantile(Quantile),
    Calibration {
        bins: Vec<u16>,
        count: usize,
        confidence: Cow<'v, [f64]>,
        came_true: Vec<bool>,
    },
    Ranked(Ranked),
    /// Mean over classes.
    OneVersusRest(Vec<Ranked>),
    Tallies(Tallies<'v>),
}

impl<'v> Statistic<'v> {
    /// The metric on these rows.
    ///
    /// # Errors
    /// When a cell that it reads is no value, or classes are not those that it takes.
    pub(crate) fn new(metric: &Metric, view: &'v View<'_>, classes: &Classes<'_>, side: Side) -> Result<Self, Flaw> {
        match metric {
            Metric::Accuracy => {
                let (truth, predicted) = (view.codes(Role::Class)?, view.codes(Role::Predicted)?);
                Ok(Self::Mean(truth.iter().zip(predicted).map(|(truth, predicted)| f64::from(u8::from(truth == predicted))).collect()))
            }
            Metric::BalancedAccuracy | Metric::Mcc | Metric::OfClass { .. } | Metric::Averaged { .. } => {
                let of = TallyMetric::new(metric, classes, side)?;
                Ok(Self::Tallies(Tallies::new(view.codes(Role::Class)?, view.codes(Role::Predicted)?, classes.count(), of)))
            }
            Metric::RocAuc | Metric::PrAuc => {
                let truth = binary_truth(view, classes, side)?;
                let scores = view.numbers(Role::Score, Infinite::Allowed)?;
                Ranked::new(&truth, scores, *metric == Metric::RocAuc).map(Self::Ranked)
            }
            Metric::RocAucOvr => one_versus_rest(view, classes),
            Metric::LogLoss | Metric::Brier => Ok(Self::Mean(probability_losses(metric, view, classes, side)?.into())),
            Metric::Ece { bins } => calibration(usize::from(*bins), view, classes, side),
            Metric::Mae | Metric::Mape | Metric::Pinball { .. } => Ok(Self::Mean(number_losses(metric, view)?.into())),
            Metric::Rmse => Ok(Self::RootMean(number_losses(metric, view)?)),
            Metric::R2 => {
                let truth = view.numbers(Role::TrueNumber, Infinite::Refused)?;
                let mean = sample::mean(truth).unwrap_or_default();
                Ok(Self::Determination { centred: truth.iter().map(|truth| truth - mean).collect(), errors: number_losses(metric, view)? })
            }
            Metric::Mean { column } => Ok(Self::Mean(Cow::Borrowed(view.numbers(Role::Column(column), Infinite::Refused)?))),
            Metric::Quantile { level, column } => {
                let numbers = view.numbers(Role::Column(column), Infinite::Refused)?;
                Ok(Self::Quantile(Quantile::new(numbers, *level, view.weights()?.is_some())))
            }
        }
    }

    /// The value on the rows themselves; `None` when undefined or beyond the numbers.
    pub(crate) fn point(&self, weights: Option<&[f64]>) -> Option<f64> {
        let value = match (self, weights) {
            (Self::Mean(values), None) => sample::mean(values),
            (Self::RootMean(values), None) => sample::mean(values).map(f64::sqrt),
            (Self::Quantile(quantile), None) => quantile.plain(),
            (Self::Tallies(tallies), Some(weights)) => tallies.point(|row| weights.get(row).copied().unwrap_or_default()),
            (_, None) => self.value(|_| 1.0),
            (_, Some(weights)) => self.value(|row| weights.get(row).copied().unwrap_or_default()),
        };
        value.filter(|value| value.is_finite())
    }

    /// The value with a weight for each row, such as how often it is drawn.
    pub(crate) fn value(&self, weight: impl Fn(usize) -> f64 + Copy) -> Option<f64> {
        match self {
            Self::Mean(values) => mean(values, weight),
            Self::RootMean(values) => mean(values, weight).map(f64::sqrt),
            Self::Determination { centred, errors } => determination(centred, errors, weight),
            Self::Quantile(quantile) => quantile.weighted(weight),
            Self::Calibration { bins, count, confidence, came_true } => {
                let mut of_bin = vec![(0.0, 0.0); *count];
                let mut all = 0.0;
                for (row, ((bin, confidence), came_true)) in bins.iter().zip(confidence.iter()).zip(came_true).enumerate() {
                    let weight = weight(row);
                    all += weight;
                    if let Some((confident, correct)) = of_bin.get_mut(usize::from(*bin)) {
                        *confident += weight * confidence;
                        *correct += weight * f64::from(u8::from(*came_true));
                    }
                }
                (all > 0.0).then(|| of_bin.iter().map(|(confident, correct)| (confident - correct).abs()).sum::<f64>() / all)
            }
            Self::Ranked(ranked) => ranked.value(weight),
            Self::OneVersusRest(classes) => {
                let sum: Option<f64> = classes.iter().map(|ranked| ranked.value(weight)).sum();
                sum.filter(|_| !classes.is_empty()).map(|sum| sum / classes.len() as f64)
            }
            Self::Tallies(tallies) => tallies.value(weight),
        }
    }
}

/// Rows of the positive class, where there are two classes.
///
/// # Errors
/// When this side has more, or none is positive.
pub(crate) fn binary_truth(view: &View<'_>, classes: &Classes<'_>, side: Side) -> Result<Vec<bool>, Flaw> {
    if let Some(names) = classes.too_many(side as usize, false) {
        return Err(Flaw::new(Fault::Unreadable, format!("labels have more than two classes: {names}")));
    }
    match classes.positive() {
        Positive::Known(positive) => Ok(flags(view.codes(Role::Class)?, positive)),
        Positive::OneClass | Positive::Unclear => Err(Flaw::new(Fault::Undefined, "all rows are of one class, which is not positive")),
    }
}

/// Which rows are of a class.
pub(crate) fn flags(codes: &[u32], class: u32) -> Vec<bool> {
    codes.iter().map(|code| *code == class).collect()
}

fn mean(values: &[f64], weight: impl Fn(usize) -> f64) -> Option<f64> {
    let (mut sum, mut all) = (0.0, 0.0);
    for (row, value) in values.iter().enumerate() {
        let weight = weight(row);
        sum += weight * value;
        all += weight;
    }
    (all > 0.0).then(|| sum / all)
}

fn determination(centred: &[f64], errors: &[f64], weight: impl Fn(usize) -> f64) -> Option<f64> {
    let (mut all, mut sum, mut squares, mut residual) = (0.0, 0.0, 0.0, 0.0);
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (row, (label, error)) in centred.iter().zip(errors).enumerate() {
        let weight = weight(row);
        if weight > 0.0 {
            all += weight;
            sum += weight * label;
            squares += weight * label * label;
            residual += weight * error;
            low = low.min(*label);
            high = high.max(*label);
        }
    }
    // By the range, since rounding leaves a sum of squares even where all labels are equal.
    (high > low).then(|| 1.0 - residual / (squares - sum * (sum / all)))
}

fn number_losses(metric: &Metric, view: &View<'_>) -> Result<Vec<f64>, Flaw> {
    let truth = view.numbers(Role::TrueNumber, Infinite::Refused)?;
    let predicted = view.numbers(Role::PredictedNumber, Infinite::Refused)?;
    let pairs = truth.iter().zip(predicted);
    Ok(match metric {
        Metric::Mae => pairs.map(|(truth, predicted)| (predicted - truth).abs()).collect(),
        Metric::Mape => pairs.map(|(truth, predicted)| (predicted - truth).abs() / truth.abs().max(EPSILON)).collect(),
        Metric::Pinball { level } => {
            let loss = |(truth, predicted): (&f64, &f64)| {
                let above = truth - predicted;
                if above >= 0.0 { level * above } else { (1.0 - level) * -above }
            };
            pairs.map(loss).collect()
        }
        _ => pairs.map(|(truth, predicted)| (truth - predicted) * (truth - predicted)).collect(),
    })
}

/// Scores that are probabilities.
fn probabilities<'v>(view: &'v View<'_>, role: Role<'_>) -> Result<&'v [f64], Flaw> {
    let scores = view.numbers(role, Infinite::Refused)?;
    let outside = scores.iter().filter(|score| !(0.0..=1.0).contains(*score)).count();
    if outside > 0 {
        return Err(Flaw::new(Fault::Unreadable, format!("{outside} of {} scores are no probabilities in 0 to 1", view.rows)));
    }
    Ok(scores)
}

fn probability_losses(metric: &Metric, view: &View<'_>, classes: &Classes<'_>, side: Side) -> Result<Vec<f64>, Flaw> {
    let log = |probability: f64| -libm::log(probability.clamp(EPSILON, 1.0 - EPSILON));
    if classes.scored.is_empty() {
        let truth = binary_truth(view, classes, side)?;
        let scores = probabilities(view, Role::Score)?;
        let loss = |(truth, score): (&bool, &f64)| match (metric, truth) {
            (Metric::LogLoss, true) => log(*score),
            (Metric::LogLoss, false) => log(1.0 - score),
            (_, true) => (1.0 - score) * (1.0 - score),
            (_, false) => score * score,
        };
        return Ok(truth.iter().zip(scores).map(loss).collect());
    }
    let truth = view.codes(Role::Class)?;
    let mut losses = vec![0.0; truth.len()];
    for (place, class) in classes.scored.iter().enumerate() {
        let scores = probabilities(view, Role::ScoreOf(place))?;
        for ((loss, truth), score) in losses.iter_mut().zip(truth).zip(scores) {
            let came_true = f64::from(u8::from(truth == class));
            *loss += match metric {
                Metric::LogLoss if truth == class => log(*score),
                Metric::LogLoss => 0.0,
                _ => (came_true - score) * (came_true - score),
            };
        }
    }
    let foreign = truth.iter().filter(|truth| !classes.scored.contains(truth)).count();
    if foreign > 0 {
        return Err(Flaw::new(Fault::Unreadable, format!("{foreign} of {} rows are of a class without a score column", view.rows)));
    }
    // As scikit-learn: of two classes, one of both equal squares.
    if *metric == Metric::Brier && classes.scored.len() == 2 {
        losses.iter_mut().for_each(|loss| *loss /= 2.0);
    }
    Ok(losses)
}

fn calibration<'v>(bins: usize, view: &'v View<'_>, classes: &Classes<'_>, side: Side) -> Result<Statistic<'v>, Flaw> {
    let (confidence, came_true) = if classes.scored.is_empty() {
        (Cow::Borrowed(probabilities(view, Role::Score)?), binary_truth(view, classes, side)?)
    } else {
        let truth = view.codes(Role::Class)?;
        let mut best = vec![(f64::NEG_INFINITY, 0); truth.len()];
        for (place, class) in classes.scored.iter().enumerate() {
            for (best, score) in best.iter_mut().zip(probabilities(view, Role::ScoreOf(place))?) {
                if *score > best.0 {
                    *best = (*score, *class);
                }
            }
        }
        let came_true = best.iter().zip(truth).map(|((_, class), truth)| class == truth).collect();
        (Cow::Owned(best.into_iter().map(|(score, _)| score).collect()), came_true)
    };
    // The lower edges of the bins after the first, as numpy's linspace has them; a score on an edge is in the bin below.
    let edges: Vec<f64> = (1..bins).map(|edge| edge as f64 * (1.0 / bins as f64)).collect();
    let bin = |score: &f64| u16::try_from(edges.partition_point(|edge| edge < score)).unwrap_or(u16::MAX);
    Ok(Statistic::Calibration { bins: confidence.iter().map(bin).collect(), count: bins, confidence, came_true })
}

fn one_versus_rest<'v>(view: &View<'_>, classes: &Classes<'_>) -> Result<Statistic<'v>, Flaw> {
    let truth = view.codes(Role::Class)?;
    let foreign = truth.iter().filter(|truth| !classes.scored.contains(truth)).count();
    if foreign > 0 {
        return Err(Flaw::new(Fault::Unreadable, format!("{foreign} of {} rows are of a class without a score column", view.rows)));
    }
    let ranked = classes.scored.iter().enumerate().map(|(place, class)| {
        let scores = view.numbers(Role::ScoreOf(place), Infinite::Allowed)?;
        Ranked::new(&flags(truth, *class), scores, true)
    });
    ranked.collect::<Result<_, _>>().map(Statistic::OneVersusRest)
}

#[cfg(test)]
mod tests;
