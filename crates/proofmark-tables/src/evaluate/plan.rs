//! What is computed on which rows: pairs, features of both sides, slices, and where each result goes.

use std::collections::BTreeMap;

use proofmark_core::config::Table as Declared;
use proofmark_core::evidence::{Obstacle, Slice};
use proofmark_core::path::RepoPath;

use super::{EvaluateError, Request};
use crate::metric::{Metric, Need};
use crate::pair::{Keys, Pairs, Rows, pair};
use crate::rows::classes::{Classes, Positive};
use crate::rows::{Fault, Features, Flaw, Role, Shared, Side, View, build};
use crate::slice::{MAX_SLICES, Origin, Partition};
use crate::table::Table;

/// All that the measuring threads share.
pub(super) struct Plan<'a> {
    pub(super) spec: &'a Declared,
    pub(super) file: RepoPath,
    pub(super) classes: Classes<'a>,
    sides: [Result<Features<'a>, Flaw>; 2],
    /// Rows of both sides are the same, in the same order.
    pub(super) paired: bool,
    /// Rows that stand on one side only and are left out of the pairs.
    pub(super) unmatched: u64,
    /// Why they are not, where they should be.
    pub(super) unpaired: Option<Obstacle>,
    partitions: Vec<Sliced>,
    pub(super) units: Vec<Unit>,
    /// How many results there will be.
    pub(super) results: usize,
}

/// The rows by some columns.
struct Sliced {
    partition: Partition,
    /// Of base and head: which origin of the partition, or why there is none.
    origins: [Result<usize, Flaw>; 2],
}

/// One slice, and what is computed on it.
pub(super) struct Unit {
    pub(super) slice: Slice,
    /// The partition and the group in it; all rows without one.
    part: Option<(usize, usize)>,
    /// The request and the place of its result.
    pub(super) requests: Vec<(usize, usize)>,
    /// No row of either side is in here.
    empty: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        base: Option<&'a Table>,
        head: Option<&'a Table>,
        spec: &'a Declared,
        requests: &'a [Request],
    ) -> Result<Self, EvaluateError> {
        let file = RepoPath::parse(&spec.file).map_err(|_| EvaluateError::File { file: spec.file.clone() })?;
        let (pairs, unpaired) = match (base, head) {
            (Some(base), Some(head)) if !spec.unpaired => match pair(base, head, &keys(spec, requests)) {
                Ok(pairs) => (Some(pairs), None),
                Err(obstacle) => (None, Some(obstacle)),
            },
            _ => (None, None),
        };
        let paired = pairs.is_some();
        let tables = [base, head];
        let known = pairs.as_ref().map(|pairs| pairs.base.len());
        let unmatched = known.map_or(0, |pairs| tables.iter().flatten().map(|table| (table.rows() - pairs) as u64).sum());
        let rows = match pairs {
            Some(Pairs { base, head }) => [base, head],
            None => tables.map(|table| Rows::All(table.map_or(0, Table::rows))),
        };
        let mut shared = Shared { spec, classes: classes(spec, tables, requests)? };
        let roles = roles(spec, requests);
        let [of_base, of_head] = &rows;
        let absent = || Flaw::new(Fault::Absent, "there is no such table");
        let base_side = base.ok_or_else(absent).map(|table| build(&mut shared, Side::Base, table, of_base, &roles, None));
        let known = base_side.as_ref().ok().filter(|_| paired);
        let head_side = head.ok_or_else(absent).map(|table| build(&mut shared, Side::Head, table, of_head, &roles, known));
        let mut plan = Self {
            spec,
            file,
            classes: shared.classes,
            sides: [base_side, head_side],
            paired,
            unmatched,
            unpaired,
            partitions: Vec::new(),
            units: Vec::new(),
            results: 0,
        };
        plan.slice(tables, &rows, requests)?;
        Ok(plan)
    }

    /// The rows of a unit on one side.
    pub(super) fn view(&self, unit: &Unit, side: Side) -> Result<View<'_>, Flaw> {
        let [base, head] = &self.sides;
        let features = match side {
            Side::Base => base,
            Side::Head => head,
        };
        let features = features.as_ref().map_err(Clone::clone)?;
        let no_rows = || Flaw::new(Fault::NoRows, format!("no row has {}", unit.slice));
        if unit.empty {
            return Err(no_rows());
        }
        let Some((partition, group)) = unit.part else { return Ok(View::new(features, None)) };
        let sliced = self.partitions.get(partition).ok_or_else(no_rows)?;
        let [base, head] = &sliced.origins;
        let origin = match side {
            Side::Base => base,
            Side::Head => head,
        };
        match sliced.partition.rows(*origin.as_ref().map_err(Clone::clone)?, group) {
            [] => Err(no_rows()),
            rows => Ok(View::new(features, Some(rows))),
        }
    }

    fn slice(&mut self, tables: [Option<&'a Table>; 2], rows: &[Rows; 2], requests: &[Request]) -> Result<(), EvaluateError> {
        let mut known: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
        let mut units: BTreeMap<(Option<(usize, usize)>, Slice), usize> = BTreeMap::new();
        let mut add = |plan: &mut Self, request: usize, part: Option<(usize, usize)>, slice: Slice, empty: bool| {
            let unit = *units.entry((part, slice.clone())).or_insert_with(|| {
                plan.units.push(Unit { slice, part, requests: Vec::new(), empty });
                plan.units.len() - 1
            });
            if let Some(unit) = plan.units.get_mut(unit) {
                unit.requests.push((request, plan.results));
            }
            plan.results += 1;
        };
        for (number, Request { selector, .. }) in requests.iter().enumerate() {
            if selector.is_all() {
                add(self, number, None, Slice::all(), false);
                continue;
            }
            let columns: Vec<&str> = selector.parts().map(|(column, _)| column).collect();
            let place = match known.get(&columns) {
                Some(place) => *place,
                None => {
                    self.partitions.push(partition(&columns, tables, rows, self.paired));
                    known.insert(columns, self.partitions.len() - 1);
                    self.partitions.len() - 1
                }
            };
            let partition = self.partitions.get(place).map(|sliced| &sliced.partition);
            let groups: Vec<(usize, Slice)> = partition
                .map(|partition| (partition.select(selector).into_iter(), partition))
                .map(|(groups, partition)| groups.map(|group| (group, partition.slice(group))).take(MAX_SLICES + 1).collect())
                .unwrap_or_default();
            if groups.len() > MAX_SLICES {
                let slices = partition.map(|partition| partition.select(selector).len()).unwrap_or_default();
                return Err(EvaluateError::TooManySlices { selector: selector.to_string(), slices });
            }
            // A slice without rows is measured as well, so that what a rule asks for never just vanishes.
            if groups.is_empty() {
                let blocked = self.partitions.get(place).is_some_and(|sliced| sliced.origins.iter().all(Result::is_err));
                add(self, number, blocked.then_some((place, usize::MAX)), selector.slice(), !blocked);
            }
            for (group, slice) in groups {
                add(self, number, Some((place, group)), slice, false);
            }
        }
        Ok(())
    }
}

/// Sorts the rows of both sides; those of pairs by the base's columns alone.
fn partition(columns: &[&str], tables: [Option<&Table>; 2], rows: &[Rows; 2], paired: bool) -> Sliced {
    let mut origins = Vec::new();
    let mut found = tables.into_iter().zip(rows).enumerate().map(|(side, (table, rows))| {
        let table = table.ok_or_else(|| Flaw::new(Fault::Absent, "there is no such table"))?;
        let cells = columns.iter().map(|name| {
            let fault = if side == Side::Base as usize { Fault::Absent } else { Fault::Unreadable };
            table.column(name).ok_or_else(|| Flaw::new(fault, format!("no column `{name}`")))
        });
        Ok(Origin { columns: cells.collect::<Result<_, _>>()?, rows })
    });
    let (base, head) = (found.next(), found.next());
    let origins_of = match (base, head) {
        (Some(Ok(base)), Some(Ok(_))) if paired => {
            origins.push(base);
            [Ok(0), Ok(0)]
        }
        (base, head) => [base, head].map(|origin| match origin {
            Some(Ok(origin)) => {
                origins.push(origin);
                Ok(origins.len() - 1)
            }
            Some(Err(flaw)) => Err(flaw),
            None => Err(Flaw::new(Fault::Absent, "there is no such table")),
        }),
    };
    Sliced { partition: Partition::new(columns, &origins), origins: origins_of }
}

/// What pairs have in common: every column that decides which rows count, and how.
fn keys<'a>(spec: &'a Declared, requests: &'a [Request]) -> Keys<'a> {
    let named = |what, name: &'a Option<String>| name.as_deref().map(|name| (what, name));
    let fixed = [named("label", &spec.label), named("weight", &spec.weight), named("cluster", &spec.cluster)];
    let mut equal: Vec<(&'static str, &'a str)> = fixed.into_iter().flatten().collect();
    let shown = spec.slices.iter().flat_map(|columns| columns.split('*').map(str::trim).filter(|column| !column.is_empty()));
    for column in requests.iter().flat_map(|request| request.selector.parts().map(|(column, _)| column)).chain(shown) {
        if !equal.contains(&("slice", column)) {
            equal.push(("slice", column));
        }
    }
    Keys { id: spec.id.as_deref(), equal, max_unmatched: spec.max_unmatched.unwrap_or_default() }
}

fn roles<'a>(spec: &'a Declared, requests: &'a [Request]) -> Vec<Role<'a>> {
    let mut roles = Vec::new();
    for need in requests.iter().flat_map(|request| request.metric.needs()) {
        match need {
            Need::Class => roles.push(Role::Class),
            Need::PredictedClass => roles.push(Role::Predicted),
            Need::Score => roles.push(Role::Score),
            Need::Probabilities if spec.scores.is_empty() => roles.push(Role::Score),
            Need::Probabilities | Need::Scores => roles.extend((0..spec.scores.len()).map(Role::ScoreOf)),
            Need::TrueNumber => roles.push(Role::TrueNumber),
            Need::PredictedNumber => roles.push(Role::PredictedNumber),
            Need::Column(column) => roles.push(Role::Column(column)),
        }
    }
    roles.extend(spec.weight.as_ref().map(|_| Role::Weight));
    roles.extend(spec.cluster.as_ref().map(|_| Role::Cluster));
    roles.sort_unstable();
    roles.dedup();
    roles
}

fn classes<'a>(spec: &'a Declared, tables: [Option<&'a Table>; 2], requests: &'a [Request]) -> Result<Classes<'a>, EvaluateError> {
    if !requests.iter().any(|request| request.metric.needs().contains(&Need::Class)) {
        return Ok(Classes::default());
    }
    let named = requests.iter().filter_map(|request| match &request.metric {
        Metric::OfClass { class, .. } => class.as_deref(),
        _ => None,
    });
    let classes = Classes::new(spec, tables, named);
    for Request { metric, .. } in requests {
        let from_score = spec.prediction.is_none() && spec.score.is_some();
        let instead = match metric {
            Metric::OfClass { class: None, .. } => {
                let name = metric.to_string();
                let (word, argument) =
                    name.split_once('(').map_or((name.as_str(), String::new()), |(word, rest)| (word, format!("({rest}")));
                let averages = format!("`{word}_macro{argument}`, `{word}_micro{argument}`, `{word}_weighted{argument}` or ");
                let averages = if word == "specificity" { String::new() } else { averages };
                format!("{averages}`{name}[CLASS]`")
            }
            Metric::RocAuc | Metric::PrAuc => "`roc_auc_ovr`, with a score column for each class".to_owned(),
            _ if metric.needs().contains(&Need::Probabilities) && spec.scores.is_empty() => "a score column for each class".to_owned(),
            _ if metric.needs().contains(&Need::PredictedClass) && from_score => "a prediction column".to_owned(),
            _ => continue,
        };
        if classes.labelled() > 2 {
            return Err(EvaluateError::TooManyClasses { metric: metric.to_string(), classes: classes.listed(), instead });
        }
        if classes.positive() == Positive::Unclear {
            return Err(EvaluateError::NoPositiveClass { metric: metric.to_string(), classes: classes.listed() });
        }
    }
    Ok(classes)
}
