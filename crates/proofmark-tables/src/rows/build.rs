//! Columns of a table to cells by role.

use std::borrow::Cow;
use std::sync::Arc;

use proofmark_core::config::Table as Declared;

use super::classes::{Classes, Positive};
use super::codes::{Coded, MISSING};
use super::{Data, Fault, Feature, Features, Flaw, Role, Side};
use crate::column::Column;
use crate::pair::Rows;
use crate::table::Table;

/// Where scores say which class is predicted, and nothing else is said.
const THRESHOLD: f64 = 0.5;

/// What both sides share.
pub(crate) struct Shared<'a> {
    pub(crate) spec: &'a Declared,
    pub(crate) classes: Classes<'a>,
}

/// The features of these rows of a table. What `known` has already is taken from there: labels of pairs are the base's.
pub(crate) fn build<'a>(
    shared: &mut Shared<'a>,
    side: Side,
    table: &'a Table,
    rows: &Rows,
    roles: &[Role<'a>],
    known: Option<&Features<'a>>,
) -> Features<'a> {
    let mut features = Features { rows: rows.len(), ..Features::default() };
    for role in roles {
        let of_pairs = matches!(role, Role::Class | Role::TrueNumber | Role::Weight | Role::Cluster);
        let shared_feature = known.filter(|_| of_pairs).and_then(|known| known.by_role.get(role));
        let feature = match shared_feature {
            Some(feature) => feature.clone(),
            None => data(shared, side, table, rows, *role).map(|data| Arc::new(Feature::new(data))),
        };
        features.by_role.insert(*role, feature);
    }
    features
}

fn data<'a>(shared: &mut Shared<'a>, side: Side, table: &'a Table, rows: &Rows, role: Role<'a>) -> Result<Data<'a>, Flaw> {
    let spec = shared.spec;
    match role {
        Role::Class => {
            named(table, spec.label.as_deref(), role)?;
            let codes = shared.classes.labels.get_mut(side as usize).and_then(Option::take).unwrap_or_default();
            Ok(Data::Codes(arranged(codes, rows, MISSING)))
        }
        Role::Predicted if spec.prediction.is_some() => {
            named(table, spec.prediction.as_deref(), role)?;
            let codes = shared.classes.predictions.get_mut(side as usize).and_then(Option::take).unwrap_or_default();
            Ok(Data::Codes(arranged(codes, rows, MISSING)))
        }
        Role::Predicted => Ok(Data::Codes(arranged(predicted(shared, table)?, rows, MISSING))),
        Role::Score => numbers(table, spec.score.as_deref(), rows, role),
        Role::ScoreOf(class) => numbers(table, spec.scores.values().nth(class).map(String::as_str), rows, role),
        Role::TrueNumber => numbers(table, spec.label.as_deref(), rows, role),
        Role::PredictedNumber => numbers(table, spec.prediction.as_deref(), rows, role),
        Role::Column(name) => numbers(table, Some(name), rows, role),
        Role::Weight => numbers(table, spec.weight.as_deref(), rows, role),
        Role::Cluster => {
            let column = named(table, spec.cluster.as_deref(), role)?;
            let codes = Coded::new(&[column], []).columns.pop().unwrap_or_default();
            Ok(Data::Codes(arranged(codes, rows, MISSING)))
        }
    }
}

/// The class that scores predict: the positive one from the threshold on, or the one with the largest score.
fn predicted(shared: &Shared<'_>, table: &Table) -> Result<Vec<u32>, Flaw> {
    let (spec, classes) = (shared.spec, &shared.classes);
    if let Some(score) = spec.score.as_deref() {
        let Positive::Known(positive) = classes.positive() else {
            return Err(Flaw::new(Fault::Undefined, "no class is positive, so scores predict none"));
        };
        let scores = plain_numbers(named(table, Some(score), Role::Score)?, score)?;
        let (negative, threshold) = (classes.negative(), spec.threshold.unwrap_or(THRESHOLD));
        let class = |score: &f64| match score {
            score if score.is_nan() => MISSING,
            score if *score >= threshold => positive,
            _ => negative,
        };
        return Ok(scores.iter().map(class).collect());
    }
    let mut best: Vec<(f64, u32)> = vec![(f64::NEG_INFINITY, MISSING); table.rows()];
    let mut missing = vec![false; table.rows()];
    for ((name, code), place) in spec.scores.values().zip(&classes.scored).zip(0..) {
        let scores = plain_numbers(named(table, Some(name), Role::ScoreOf(place))?, name)?;
        for ((best, missing), score) in best.iter_mut().zip(&mut missing).zip(scores.iter()) {
            *missing |= score.is_nan();
            if *score > best.0 || best.1 == MISSING {
                *best = (*score, *code);
            }
        }
    }
    Ok(best.iter().zip(&missing).map(|((_, code), missing)| if *missing { MISSING } else { *code }).collect())
}

fn named<'a>(table: &'a Table, name: Option<&str>, role: Role<'_>) -> Result<&'a Column, Flaw> {
    let name = name.ok_or_else(|| super::undeclared(role))?;
    table.column(name).ok_or_else(|| Flaw::new(Fault::Unreadable, format!("no column `{name}`")))
}

fn numbers<'a>(table: &'a Table, name: Option<&str>, rows: &Rows, role: Role<'_>) -> Result<Data<'a>, Flaw> {
    let column = named(table, name, role)?;
    let numbers = plain_numbers(column, name.unwrap_or_default())?;
    Ok(Data::Numbers(match rows {
        Rows::All(_) => numbers,
        Rows::Some(rows) => Cow::Owned(rows.iter().map(|row| numbers.get(*row as usize).copied().unwrap_or(f64::NAN)).collect()),
    }))
}

fn plain_numbers<'a>(column: &'a Column, name: &str) -> Result<Cow<'a, [f64]>, Flaw> {
    column.numbers().ok_or_else(|| Flaw::new(Fault::Unreadable, format!("column `{name}` has texts that are no numbers")))
}

fn arranged(codes: Vec<u32>, rows: &Rows, none: u32) -> Vec<u32> {
    match rows {
        Rows::All(_) => codes,
        Rows::Some(rows) => rows.iter().map(|row| codes.get(*row as usize).copied().unwrap_or(none)).collect(),
    }
}
