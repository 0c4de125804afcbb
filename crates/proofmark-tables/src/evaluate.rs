//! Metrics of two tables, for each slice, with what a judgement needs to know of their difference.
//!
//! Nothing is judged here: no margin and no direction enters the results, so that stored ones can be judged again.

mod check;
mod measure;
mod plan;
mod resampled;
mod sample;

use std::collections::BTreeMap;

use proofmark_core::config::{Procedure, Table as Declared};
use proofmark_core::evidence::{Measured, Obstacle, Why};

pub use self::check::wanted;
use self::measure::{Context, Pass};
use self::plan::Plan;
use crate::metric::Metric;
use crate::slice::Selector;
use crate::table::Table;

/// One metric on the slices of one selector.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The metric.
    pub metric: Metric,
    /// Which slices.
    pub selector: Selector,
    /// Passed on: the name of the reference that stands in for the base.
    pub against: Option<String>,
    /// Differences, head less base, at which a verdict turns. Where a resampled limit is too near to one of them, ten times
    /// as many resamples are drawn, if rows are few enough.
    pub decide_at: Vec<f64>,
    /// The same as shares of the size of the base's value.
    pub decide_at_shares: Vec<f64>,
    /// The one-sided error probability of these verdicts.
    pub alpha: f64,
    /// What the policy wants. Only [`Procedure::Bootstrap`] makes a difference here: areas and means are resampled too.
    pub procedure: Option<Procedure>,
}

impl Request {
    /// On all rows, at alpha 0.05, by the usual procedure.
    pub fn new(metric: Metric) -> Self {
        Self {
            metric,
            selector: Selector::all(),
            against: None,
            decide_at: Vec::new(),
            decide_at_shares: Vec::new(),
            alpha: 0.05,
            procedure: None,
        }
    }
}

/// How much work may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Resamples of a metric that no formula covers; beyond 200,000 rows at most 1,000.
    pub resamples: u64,
    /// Threads; results do not depend on them. 0 is 1.
    pub threads: usize,
}

impl Default for Settings {
    /// 10,000 resamples on one thread.
    fn default() -> Self {
        Self { resamples: 10_000, threads: 1 }
    }
}

/// Why nothing can be evaluated: the declaration or a rule asks for what cannot be. What is wrong with the data of one side
/// is an obstacle of the metrics that it concerns instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The declaration does not name a column that the metric reads.
    #[error("`{metric}` needs the table's `{field}`, and none is declared")]
    Undeclared {
        /// The metric.
        metric: String,
        /// The field of the declaration.
        field: &'static str,
    },
    /// The metric is not for tables of this task.
    #[error("`{metric}` is not for a table of task `{task}`")]
    OtherTask {
        /// The metric.
        metric: String,
        /// The task.
        task: &'static str,
    },
    /// A metric of two classes, and there are more.
    #[error("`{metric}` is of two classes, and labels have {classes}")]
    TooManyClasses {
        /// The metric.
        metric: String,
        /// The classes.
        classes: String,
        /// What to ask for instead.
        instead: String,
    },
    /// Nothing says which of the classes is positive.
    #[error("`{metric}` needs a positive class, and none of {classes} is plainly it")]
    NoPositiveClass {
        /// The metric.
        metric: String,
        /// The classes of the labels.
        classes: String,
    },
    /// A selector matches more slices than anybody would read.
    #[error("`{selector}` has {slices} slices, of at most {}", crate::slice::MAX_SLICES)]
    TooManySlices {
        /// The selector.
        selector: String,
        /// How many there are.
        slices: usize,
    },
    /// The declared file is no path inside the repository.
    #[error("`{file}` is no path of a file in the repository")]
    File {
        /// What is declared.
        file: String,
    },
}

impl EvaluateError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Undeclared { field, .. } => Some(format!("name the column in the table's declaration: `{field} = \"...\"`")),
            Self::TooManyClasses { instead, .. } => Some(format!("ask for {instead}")),
            Self::NoPositiveClass { .. } => Some("name it in the table's declaration: `positive = \"...\"`, one of the classes".to_owned()),
            Self::TooManySlices { .. } => Some("slice by a column with few values".to_owned()),
            Self::OtherTask { .. } | Self::File { .. } => None,
        }
    }
}

/// Evaluates every request: results in the order of the requests, the slices of each sorted by value.
///
/// With both tables, rows are paired by the declared id, or by order; slices then are those of the base's columns. Values and counts
/// are of all rows of a side, also of those that are let off pairing; differences are of pairs. Where rows cannot be paired there is an obstacle and no sample, and each side's value
/// is that of its own rows. A value is absent where a cell that the metric reads is missing or NaN. A slice that one side does
/// not have has no rows there. `progress` is told, from any thread, how much of how much is done.
///
/// # Errors
/// When the declaration or a request cannot be met whatever the data are, or a selector has too many slices.
pub fn evaluate(
    base: Option<&Table>,
    head: Option<&Table>,
    spec: &Declared,
    requests: &[Request],
    settings: &Settings,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Vec<Measured>, EvaluateError> {
    check::requests(spec, requests)?;
    let plan = Plan::new(base, head, spec, requests)?;
    let digests = [base, head].map(|table| table.map(Table::digest));
    let paired = measured(&Context { plan: &plan, requests, settings, digests, progress });
    if plan.unmatched == 0 {
        return Ok(paired);
    }
    // Values, counts and slices are those of all rows, which a change could choose otherwise; only differences are of pairs.
    let alone = Declared { unpaired: true, ..spec.clone() };
    let values = Plan::new(base, head, &alone, requests)?;
    let mut all = measured(&Context { plan: &values, requests, settings, digests, progress });
    let key = |one: &Measured| (one.metric.clone(), one.slice.clone(), one.against.clone());
    let mut of_pairs: BTreeMap<_, Measured> = paired.into_iter().map(|one| (key(&one), one)).collect();
    for one in &mut all {
        let pair = of_pairs.remove(&key(one));
        one.sample = pair.as_ref().and_then(|pair| pair.sample.clone());
        one.unmatched = plan.unmatched;
        if one.obstacle.is_none() && one.sample.is_none() {
            let told = || "no row of the slice stands on both sides".to_owned();
            one.obstacle = pair.and_then(|pair| pair.obstacle).or_else(|| Some(Obstacle { reason: Why::UnpairedRows, told: told() }));
        }
    }
    Ok(all)
}

fn measured(context: &Context<'_>) -> Vec<Measured> {
    let mut found = context.run(Pass::Quick);
    found.extend(context.run(Pass::Resampled));
    let mut measured: Vec<Option<Measured>> = vec![None; context.plan.results];
    for (slot, result) in found {
        if let Some(place) = measured.get_mut(slot) {
            *place = Some(result);
        }
    }
    measured.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
