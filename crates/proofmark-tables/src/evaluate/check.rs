//! What can be told to be wrong before any row is looked at, and which columns are read.

use proofmark_core::config::{Table as Declared, Task};

use super::{EvaluateError, Request};
use crate::metric::{Metric, Need};
use crate::slice::Selector;
use crate::source::Wanted;

/// The columns that these requests read. Those that tables of older commits may well lack are optional: columns of slices, and
/// those that a metric names.
pub fn wanted(spec: &Declared, requests: &[Request]) -> Wanted {
    let needs: Vec<Need<'_>> = requests.iter().flat_map(|request| request.metric.needs()).collect();
    let predictions = |need: &Need<'_>| matches!(need, Need::PredictedClass | Need::PredictedNumber);
    let scores = |need: &Need<'_>| {
        let from_scores = *need == Need::PredictedClass && spec.prediction.is_none();
        matches!(need, Need::Score | Need::Probabilities | Need::Scores) || from_scores
    };
    let prediction = spec.prediction.iter().filter(|_| needs.iter().any(predictions));
    let scores = spec.score.iter().chain(spec.scores.values()).filter(|_| needs.iter().any(scores));
    // The label, whatever the metric, tells whether both sides have the same rows.
    let always = spec.id.iter().chain(&spec.label).chain(&spec.weight).chain(&spec.cluster);
    let required = always.chain(prediction).chain(scores);
    let mut wanted = required.fold(Wanted::none(), |wanted, column| wanted.required(column));
    let shown = spec.slices.iter().map(|columns| Selector::columns(columns));
    for selector in requests.iter().map(|request| request.selector.clone()).chain(shown) {
        wanted = selector.parts().fold(wanted, |wanted, (column, _)| wanted.optional(column));
    }
    for need in needs {
        if let Need::Column(column) = need {
            wanted = wanted.optional(column);
        }
    }
    wanted
}

pub(super) fn requests(spec: &Declared, requests: &[Request]) -> Result<(), EvaluateError> {
    for Request { metric, .. } in requests {
        for need in metric.needs() {
            if let Some(field) = undeclared(spec, need) {
                return Err(EvaluateError::Undeclared { metric: metric.to_string(), field });
            }
            if let Some(task) = spec.task.filter(|task| !fits(*task, metric, need)) {
                return Err(EvaluateError::OtherTask { metric: metric.to_string(), task: word(task) });
            }
        }
    }
    Ok(())
}

fn undeclared(spec: &Declared, need: Need<'_>) -> Option<&'static str> {
    let (field, declared) = match need {
        Need::Class | Need::TrueNumber => ("label", spec.label.is_some()),
        Need::PredictedClass => ("prediction", spec.prediction.is_some() || spec.score.is_some() || !spec.scores.is_empty()),
        Need::PredictedNumber => ("prediction", spec.prediction.is_some()),
        Need::Score => ("score", spec.score.is_some()),
        Need::Probabilities => ("score", spec.score.is_some() || !spec.scores.is_empty()),
        Need::Scores => ("scores", !spec.scores.is_empty()),
        Need::Column(_) => ("", true),
    };
    (!declared).then_some(field)
}

fn fits(task: Task, metric: &Metric, need: Need<'_>) -> bool {
    let classes = matches!(need, Need::Class | Need::PredictedClass | Need::Score | Need::Probabilities | Need::Scores);
    let numbers = matches!(need, Need::TrueNumber | Need::PredictedNumber);
    let of_two = matches!(metric, Metric::RocAuc | Metric::PrAuc | Metric::OfClass { class: None, .. });
    match task {
        Task::Binary => !numbers,
        Task::Multiclass => !numbers && !of_two,
        Task::Regression => !classes,
        Task::Values => !classes && !numbers,
    }
}

fn word(task: Task) -> &'static str {
    match task {
        Task::Binary => "binary",
        Task::Multiclass => "multiclass",
        Task::Regression => "regression",
        Task::Values => "values",
    }
}
