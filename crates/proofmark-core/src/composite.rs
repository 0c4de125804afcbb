//! Rules over several metrics or slices: expressions, and prepared forms for what is asked most.
//!
//! They take estimates and give a verdict; which data the estimates are from is not known here. What is not known stays so: a rule
//! that cannot be decided is `inconclusive`, never a pass.

use crate::config::{self, Budget, By, Gap, Severity, Trade, WorstSlice};
use crate::direction::Direction;
use crate::evidence::{Slice, selector_columns};
use crate::gate::Verdict;
use crate::key::Key;

mod estimate;
mod expression;
mod forms;
mod slices;

pub use self::estimate::{Estimate, NameError};
pub use self::expression::{Expression, ExpressionError, MAX_DEPTH, MAX_TEXT, Mistake};

/// Slices with fewer rows are left out, where the rule does not say.
const MIN_ROWS: u64 = 30;
/// The most metrics of one rule, and the most ways to slice.
const MAX_NAMES: usize = 64;

/// A rule that is known to be complete.
#[derive(Debug, Clone, PartialEq)]
pub struct CompositeRule {
    /// What reports call it.
    pub name: String,
    /// What a violation does.
    pub severity: Severity,
    /// Where it stands in the policy's file.
    pub line: Option<u32>,
    form: Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Expression(Expression),
    Pareto(Vec<String>),
    Trade { loss_in: String, up_to: f64, gain_in: String, at_least: f64 },
    Gap { slices: Slices, max: Option<f64>, max_change: Option<f64> },
    WorstSlice { slices: Slices, margin: Option<f64> },
    Budget(Budget),
}

/// The slices of one metric.
#[derive(Debug, Clone, PartialEq)]
struct Slices {
    metric: String,
    table: Option<String>,
    /// The columns of each way to slice, sorted.
    by: Vec<Vec<String>>,
    min_rows: u64,
}

/// What a rule came to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CompositeOutcome {
    /// What was learned; a violation of a rule of severity `warn` is `warn`.
    pub verdict: Verdict,
    /// Why, as stable words, sorted.
    pub reasons: Vec<String>,
    /// The same as a sentence fragment with the numbers.
    pub explanation: String,
    /// The metric and the rows that are worst, for rules over slices.
    pub worst: Option<(Key, Slice)>,
    /// The one number that was judged, where there is one: the gap, or what a budget is about.
    pub measure: Option<Measure>,
}

/// A number that a rule was judged by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// At the base.
    pub baseline: Option<f64>,
    /// At the head.
    pub candidate: Option<f64>,
    /// Which way is better.
    pub direction: Direction,
}

/// What a rule needs an estimate of.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The metric as it is written: `f1`, `test:f1`.
    pub metric: String,
    /// The table, where it is given apart from the metric.
    pub table: Option<String>,
    /// Which rows.
    pub rows: Rows,
    /// The margin for which limits and p-values are needed, where the rule has its own.
    pub margin: Option<f64>,
    /// Whether nothing can be said without knowing which way is better.
    pub needs_direction: bool,
}

/// The rows that a rule needs an estimate of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// These.
    Of(Slice),
    /// Each slice by these columns; several lists are several ways to slice.
    By(Vec<Vec<String>>),
}

/// Why a rule cannot be meant.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CompositeError {
    /// It has no name.
    #[error("`name` is missing")]
    NoName,
    /// It has no form, or several.
    #[error("{0} forms are given, and a rule has one: expression, pareto, trade, gap, worst_slice or budget")]
    Forms(usize),
    /// Something that the form needs is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A limit that is no limit.
    #[error("`{0}` must be a finite number from 0")]
    Limit(&'static str),
    /// A bound that is no number.
    #[error("`{0}` is not a finite number")]
    Bound(&'static str),
    /// Too few or too many metrics.
    #[error("`pareto` needs from 2 to {MAX_NAMES} different metrics")]
    Pareto,
    /// Columns that make no slices.
    #[error("`by` needs a column, several joined by `*`, or a list of up to {MAX_NAMES} of them")]
    By,
    /// The expression cannot be read.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
}

impl CompositeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Expression(error) => error.hint(),
            Self::By => Some("write by = \"country\", or by = [\"country\", \"country*device\"]".to_owned()),
            Self::NoName | Self::Forms(_) | Self::Missing(_) | Self::Limit(_) | Self::Bound(_) | Self::Pareto => None,
        }
    }
}

impl CompositeRule {
    /// What a typed rule means.
    ///
    /// # Errors
    /// When it cannot be meant.
    pub fn compile(typed: &config::Composite) -> Result<Self, CompositeError> {
        if typed.name.trim().is_empty() {
            return Err(CompositeError::NoName);
        }
        let forms = [
            typed.expression.as_deref().map(|text| Expression::parse(text).map(Form::Expression).map_err(CompositeError::from)),
            typed.pareto.as_deref().map(pareto),
            typed.trade.as_ref().map(trade),
            typed.gap.as_ref().map(gap),
            typed.worst_slice.as_ref().map(worst_slice),
            typed.budget.as_ref().map(budget),
        ];
        let given = forms.iter().flatten().count();
        let mut forms = forms.into_iter().flatten();
        match (forms.next(), given) {
            (Some(form), 1) => Ok(Self { name: typed.name.clone(), severity: typed.severity, line: typed.line.0, form: form? }),
            _ => Err(CompositeError::Forms(given)),
        }
    }

    /// What the rule needs estimates of, so that they can be made, and names be checked, beforehand.
    pub fn names(&self) -> Vec<Wanted> {
        let wanted = |metric: &str, rows: Rows, needs_direction: bool| Wanted {
            metric: metric.to_owned(),
            table: None,
            rows,
            margin: None,
            needs_direction,
        };
        let all = |metric: &String| wanted(metric, Rows::Of(Slice::all()), true);
        let by = |slices: &Slices, needs_direction| Wanted {
            table: slices.table.clone(),
            ..wanted(&slices.metric, Rows::By(slices.by.clone()), needs_direction)
        };
        match &self.form {
            Form::Expression(expression) => {
                let operands = expression.operands().into_iter();
                operands.map(|one| wanted(&one.name.metric, Rows::Of(one.name.slice.clone()), one.field.is_oriented())).collect()
            }
            Form::Pareto(metrics) => metrics.iter().map(all).collect(),
            Form::Trade { loss_in, gain_in, .. } => vec![all(loss_in), all(gain_in)],
            Form::Gap { slices, .. } => vec![by(slices, false)],
            Form::WorstSlice { slices, margin } => vec![Wanted { margin: *margin, ..by(slices, true) }],
            Form::Budget(budget) => vec![Wanted { needs_direction: false, ..all(&budget.metric) }],
        }
    }

    /// Judges the rule. `alpha` is the error probability that a verdict on slices accepts.
    ///
    /// # Errors
    /// When a name leads to no metric, or to several: a mistake in the configuration.
    pub fn evaluate(&self, estimates: &[Estimate], alpha: f64) -> Result<CompositeOutcome, NameError> {
        let mut outcome = match &self.form {
            Form::Expression(expression) => forms::expression(expression, estimates),
            Form::Pareto(metrics) => forms::pareto(metrics, estimates),
            Form::Trade { loss_in, up_to, gain_in, at_least } => forms::trade((loss_in, *up_to), (gain_in, *at_least), estimates),
            Form::Gap { slices, max, max_change } => slices::gap(slices, *max, *max_change, estimates),
            Form::WorstSlice { slices, margin } => slices::worst_slice(slices, *margin, alpha, estimates),
            Form::Budget(budget) => forms::budget(budget, estimates),
        }?;
        if outcome.verdict == Verdict::Fail && self.severity == Severity::Warn {
            outcome.verdict = Verdict::Warn;
        }
        outcome.reasons.sort_unstable();
        outcome.reasons.dedup();
        Ok(outcome)
    }
}

impl CompositeOutcome {
    fn new(verdict: Verdict, reasons: &[&str], explanation: impl Into<String>) -> Self {
        let reasons = reasons.iter().map(|&reason| reason.to_owned()).collect();
        Self { verdict, reasons, explanation: explanation.into(), worst: None, measure: None }
    }
}

/// `a > b`, where `a` a rounding error above `b` is not above: 1e-12 times the largest of all numbers of the comparison is slack.
pub(crate) fn exceeds(a: f64, b: f64, numbers: &[f64]) -> bool {
    let largest =
        numbers.iter().chain([&a, &b]).filter(|number| number.is_finite()).fold(0.0_f64, |largest, number| largest.max(number.abs()));
    a > b + 1e-12 * largest
}

fn pareto(metrics: &[String]) -> Result<Form, CompositeError> {
    let different: std::collections::BTreeSet<&String> = metrics.iter().filter(|metric| !metric.is_empty()).collect();
    let is_fine = (2..=MAX_NAMES).contains(&metrics.len()) && different.len() == metrics.len();
    if is_fine { Ok(Form::Pareto(metrics.to_vec())) } else { Err(CompositeError::Pareto) }
}

fn trade(typed: &Trade) -> Result<Form, CompositeError> {
    let up_to = limit("up_to", typed.up_to)?.ok_or(CompositeError::Missing("up_to"))?;
    let at_least = typed.at_least.ok_or(CompositeError::Missing("at_least"))?;
    if !at_least.is_finite() {
        return Err(CompositeError::Bound("at_least"));
    }
    let (loss_in, gain_in) = (named("loss_in", &typed.loss_in)?, named("gain_in", &typed.gain_in)?);
    Ok(Form::Trade { loss_in, up_to, gain_in, at_least })
}

fn gap(typed: &Gap) -> Result<Form, CompositeError> {
    let slices = slices(&typed.metric, &typed.table, &typed.by, typed.min_rows)?;
    let (max, max_change) = (limit("max", typed.max)?, limit("max_change", typed.max_change)?);
    if max.or(max_change).is_none() { Err(CompositeError::Missing("max")) } else { Ok(Form::Gap { slices, max, max_change }) }
}

fn worst_slice(typed: &WorstSlice) -> Result<Form, CompositeError> {
    let slices = slices(&typed.metric, &typed.table, &typed.by, typed.min_rows)?;
    Ok(Form::WorstSlice { slices, margin: limit("margin", typed.margin)? })
}

fn budget(typed: &Budget) -> Result<Form, CompositeError> {
    named("metric", &typed.metric)?;
    let absolute = limit("max_increase_abs", typed.max_increase_abs)?;
    let relative = limit("max_increase_rel", typed.max_increase_rel)?;
    if typed.max.is_some_and(|max| !max.is_finite()) {
        return Err(CompositeError::Bound("max"));
    }
    if typed.max.or(absolute).or(relative).is_none() { Err(CompositeError::Missing("max")) } else { Ok(Form::Budget(typed.clone())) }
}

fn slices(metric: &str, table: &Option<String>, by: &By, min_rows: Option<u64>) -> Result<Slices, CompositeError> {
    let columns = |text: &String| {
        let mut columns: Vec<String> = selector_columns(text).into_iter().map(str::to_owned).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    };
    let ways: Vec<Vec<String>> = by.0.iter().map(columns).collect();
    if !(1..=MAX_NAMES).contains(&ways.len()) || ways.iter().any(Vec::is_empty) {
        return Err(CompositeError::By);
    }
    Ok(Slices { metric: named("metric", metric)?, table: table.clone(), by: ways, min_rows: min_rows.unwrap_or(MIN_ROWS) })
}

fn named(field: &'static str, text: &str) -> Result<String, CompositeError> {
    if text.is_empty() { Err(CompositeError::Missing(field)) } else { Ok(text.to_owned()) }
}

fn limit(field: &'static str, number: Option<f64>) -> Result<Option<f64>, CompositeError> {
    if number.is_some_and(|number| !number.is_finite() || number < 0.0) { Err(CompositeError::Limit(field)) } else { Ok(number) }
}

#[cfg(test)]
mod tests;
