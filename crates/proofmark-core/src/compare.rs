//! Two snapshots side by side: what happened to every metric, each with exactly one [`Status`].

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::direction::{Direction, DirectionSource, Oriented};
use crate::discovery::DataVersion;
use crate::evidence::{Measured, TableVersion};
use crate::key::Key;
use crate::path::RepoPath;
use crate::ports::Revision;
use crate::problem::{Problem, ProblemKind};
use crate::reference::{Reference, Series};
use crate::snapshot::{Document, Leaves, Reading, Snapshot};
use crate::tracked::Tracked;
use crate::value::Value;

mod renames;
mod repeated;

pub use self::repeated::Repeated;
use self::repeated::repeated;

/// The version of the documents that carry a [`Comparison`].
pub const SCHEMA: u32 = 1;

/// What happened to one metric, param or data file. Each gets exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Status {
    /// The file is there on one side at least and cannot be understood.
    Unparsable,
    /// The content is known to exist and is not here.
    Unavailable,
    /// One side is NaN or infinite, and the other is something else.
    NotANumber,
    /// Worse.
    Regressed,
    /// Different kinds of value: a number became text, say.
    TypeChanged,
    /// One side is null.
    Null,
    /// Only the base has it.
    Removed,
    /// Different, and nobody said which way is better.
    Changed,
    /// Better.
    Improved,
    /// Only the head has it.
    Added,
    /// The same value in a file of another name.
    RenamedFile,
    /// The content was not read, and equal hashes prove it equal.
    UnchangedByHash,
    /// The same value.
    Unchanged,
}

impl Status {
    /// The status as it is printed everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unparsable => "unparsable",
            Self::Unavailable => "unavailable",
            Self::NotANumber => "not a number",
            Self::Regressed => "regressed",
            Self::TypeChanged => "type changed",
            Self::Null => "null",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Improved => "improved",
            Self::Added => "added",
            Self::RenamedFile => "renamed file",
            Self::UnchangedByHash => "unchanged (by hash)",
            Self::Unchanged => "unchanged",
        }
    }

    /// Whether there is nothing to see.
    pub fn is_unchanged(self) -> bool {
        matches!(self, Self::Unchanged | Self::UnchangedByHash)
    }
}

/// What happened to one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Delta {
    /// The file, under its name at the head when it is there.
    pub file: RepoPath,
    /// The value's place in the file.
    pub key: Key,
    /// What happened.
    pub status: Status,
    /// Which way is better, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oriented: Option<Oriented>,
    /// The value at the base.
    #[schemars(with = "Option<serde_json::Value>")]
    pub base: Option<Value>,
    /// The value at the head.
    #[schemars(with = "Option<serde_json::Value>")]
    pub head: Option<Value>,
    /// The value at the tip of the base branch, where that has moved on.
    #[serde(default, deserialize_with = "crate::value::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub tip: Option<Value>,
    /// `head - base`, in the metric's own unit; exact for integers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub delta: Option<Value>,
    /// `delta / |base|` as a fraction; absent for a base of zero unless nothing changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
    /// The file's name at the base, when it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<RepoPath>,
    /// The row stands for the whole file, whose metrics could not be read on either side.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole_file: bool,
    /// The problem at the base, when that side could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_problem: Option<Box<Problem>>,
    /// The problem at the head, when that side could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_problem: Option<Box<Problem>>,
}

/// What happened to one tracked data file, folder or model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct DataDelta {
    /// The path.
    pub path: RepoPath,
    /// `added`, `removed`, `changed` or `unchanged`.
    pub status: Status,
    /// The version at the base.
    pub base: Option<DataVersion>,
    /// The version at the head.
    pub head: Option<DataVersion>,
}

/// Which commit the head is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaseKind {
    /// Where the head's branch left the base branch (three dots).
    MergeBase,
    /// The newest commit of the base branch (two dots).
    Tip,
}

impl BaseKind {
    /// The kind in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::MergeBase => "merge base",
            Self::Tip => "tip",
        }
    }
}

/// One side of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Side {
    /// Which revision.
    pub revision: Revision,
    /// Metrics files that exist on this side.
    pub metric_files: usize,
    /// What could not be understood on this side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// The problems among them that leave open which metrics there are at all: a broken `dvc.yaml`, say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Problem>,
}

impl Side {
    /// The side of a snapshot.
    pub fn of(snapshot: &Snapshot) -> Self {
        let unread = snapshot.metrics.values().chain(snapshot.params.values()).filter_map(|reading| reading.leaves.as_ref().err().cloned());
        let mut problems: Vec<Problem> = snapshot.problems.iter().cloned().chain(unread).collect();
        problems.sort_by(|one, two| (one.kind, &one.file, &one.message).cmp(&(two.kind, &two.file, &two.message)));
        problems.dedup();
        let incomplete = snapshot.problems.iter().filter(|problem| problem.kind != ProblemKind::Warning).cloned().collect();
        Self { revision: snapshot.revision.clone(), metric_files: snapshot.metrics.len(), problems, incomplete }
    }
}

/// How the base was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Baseline {
    /// Merge base or tip.
    pub kind: BaseKind,
    /// What was asked for: a branch, a revision.
    pub of: String,
    /// First-parent steps from there to the nearest commit that has metrics; 0 when it has them itself.
    pub distance: u32,
}

impl Baseline {
    /// A base that has metrics itself.
    pub fn new(kind: BaseKind, of: impl Into<String>) -> Self {
        Self { kind, of: of.into(), distance: 0 }
    }

    /// The same, found `distance` first-parent steps further back.
    #[must_use]
    pub fn back(mut self, distance: u32) -> Self {
        self.distance = distance;
        self
    }
}

/// What happened between two revisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Comparison {
    /// The base side.
    pub base: Side,
    /// The head side.
    pub head: Side,
    /// How the base was found.
    pub baseline: Baseline,
    /// The base branch's newest commit, when it has moved past the base.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tip: Option<Side>,
    /// Every metric of both sides, by file and key.
    pub metrics: Vec<Delta>,
    /// Every param of both sides.
    pub params: Vec<Delta>,
    /// Every tracked data version of both sides.
    pub data: Vec<DataDelta>,
    /// The prediction tables that were evaluated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableVersion>,
    /// Metrics of prediction tables, with what can be said about their difference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measured>,
    /// Values of other commits that rules compare with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// Recorded values that rules compare with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Series>,
    /// Metrics in several runs of one training, run by run; the rows have their means.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeated: Vec<Repeated>,
    /// The runs of tracking servers that values are from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracked: Vec<Tracked>,
}

/// What goes into a comparison.
pub struct Sides<'a> {
    /// The base.
    pub base: &'a Snapshot,
    /// The head.
    pub head: &'a Snapshot,
    /// The base branch's newest commit, when it has moved past the base.
    pub tip: Option<&'a Snapshot>,
    /// How the base was found.
    pub baseline: Baseline,
}

/// Compares two snapshots. `orient` says which way a metric gets better.
pub fn compare(sides: &Sides<'_>, orient: &dyn Fn(&RepoPath, &Key) -> Option<Oriented>) -> Comparison {
    let no_direction = |_: &RepoPath, _: &Key| None;
    let mut metrics = deltas(&sides.base.metrics, &sides.head.metrics, orient);
    if let Some(tip) = sides.tip {
        add_tip(&mut metrics, &tip.metrics);
    }
    let mut sides_told = [Side::of(sides.base), Side::of(sides.head)];
    // What is proven equal needs no content, so that it is not here is no problem.
    let proven: BTreeSet<&RepoPath> = metrics.iter().filter(|row| row.status == Status::UnchangedByHash).map(|row| &row.file).collect();
    for side in &mut sides_told {
        side.problems.retain(|problem| problem.kind != ProblemKind::Unavailable || !proven.contains(&problem.file));
    }
    let [base, head] = sides_told;
    Comparison {
        base,
        head,
        baseline: sides.baseline.clone(),
        tip: sides.tip.map(Side::of),
        metrics,
        params: deltas(&sides.base.params, &sides.head.params, &no_direction),
        data: data_deltas(sides.base, sides.head),
        tables: Vec::new(),
        measured: Vec::new(),
        references: Vec::new(),
        history: Vec::new(),
        repeated: repeated(&sides.base.metrics, &sides.head.metrics),
        tracked: Vec::new(),
    }
}

type Readings = BTreeMap<RepoPath, Reading>;
type Orient<'a> = &'a dyn Fn(&RepoPath, &Key) -> Option<Oriented>;

fn deltas(base: &Readings, head: &Readings, orient: Orient<'_>) -> Vec<Delta> {
    let renames = renames::find(base, head);
    let old_names: BTreeSet<&RepoPath> = renames.values().copied().collect();
    let files: BTreeSet<&RepoPath> = base.keys().filter(|file| !old_names.contains(file)).chain(head.keys()).collect();
    let mut rows = Vec::new();
    for file in files {
        let old_name = renames.get(file).copied();
        let pair = Pair { file, renamed_from: old_name, base: base.get(old_name.unwrap_or(file)), head: head.get(file), orient };
        pair.compare(&mut rows);
    }
    rows
}

/// One file on both sides.
struct Pair<'a> {
    file: &'a RepoPath,
    renamed_from: Option<&'a RepoPath>,
    base: Option<&'a Reading>,
    head: Option<&'a Reading>,
    orient: Orient<'a>,
}

impl Pair<'_> {
    fn compare(&self, rows: &mut Vec<Delta>) {
        let nothing = Leaves::new();
        let leaves = |side: Option<&Reading>| side.map(|reading| reading.leaves.clone());
        let proven = matches!((self.base, self.head), (Some(base), Some(head)) if base.same_content(head));
        match (leaves(self.base), leaves(self.head)) {
            (Some(Ok(base)), Some(Ok(head))) => self.merge(&base, &head, rows),
            (Some(Ok(base)), None) => self.merge(&base, &nothing, rows),
            (None, Some(Ok(head))) => self.merge(&nothing, &head, rows),
            // One side is readable and the other is proven to be the same.
            (Some(Ok(known)), Some(Err(_))) | (Some(Err(_)), Some(Ok(known))) if proven => {
                for (key, value) in known.iter() {
                    rows.push(Delta {
                        status: Status::UnchangedByHash,
                        base: Some(value.clone()),
                        head: Some(value.clone()),
                        ..self.row(key)
                    });
                }
            }
            (Some(Err(problem)), Some(Err(_))) if proven && problem.kind == ProblemKind::Unavailable => {
                rows.push(Delta { status: Status::UnchangedByHash, whole_file: true, ..self.row(&Key::root()) });
            }
            (base, head) => self.unreadable(base.as_ref(), head.as_ref(), rows),
        }
    }

    fn unreadable(&self, base: Option<&Document>, head: Option<&Document>, rows: &mut Vec<Delta>) {
        let problem = |side: Option<&Document>| side.and_then(|leaves| leaves.as_ref().err()).cloned().map(Box::new);
        let (base_problem, head_problem) = (problem(base), problem(head));
        let unparsable = [&base_problem, &head_problem].into_iter().flatten().any(|problem| problem.kind == ProblemKind::Unparsable);
        let status = if unparsable { Status::Unparsable } else { Status::Unavailable };
        let row = |key: &Key| Delta { status, base_problem: base_problem.clone(), head_problem: head_problem.clone(), ..self.row(key) };
        let known_base = base.and_then(|leaves| leaves.as_ref().ok());
        let known_head = head.and_then(|leaves| leaves.as_ref().ok());
        let before = rows.len();
        for (key, value) in known_base.into_iter().flat_map(|leaves| leaves.iter()) {
            rows.push(Delta { base: Some(value.clone()), ..row(key) });
        }
        for (key, value) in known_head.into_iter().flat_map(|leaves| leaves.iter()) {
            rows.push(Delta { head: Some(value.clone()), ..row(key) });
        }
        if rows.len() == before {
            rows.push(Delta { whole_file: true, ..row(&Key::root()) });
        }
    }

    /// Both lists are sorted by key.
    fn merge(&self, base: &Leaves, head: &Leaves, rows: &mut Vec<Delta>) {
        let (mut old, mut new) = (base.iter().peekable(), head.iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (Some((one, _)), Some((two, _))) => one.cmp(two),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => break,
            };
            let before = order.is_le().then(|| old.next()).flatten();
            let after = order.is_ge().then(|| new.next()).flatten();
            if let Some((key, _)) = before.or(after) {
                rows.push(self.judge(key, before.map(|(_, value)| value), after.map(|(_, value)| value)));
            }
        }
    }

    fn judge(&self, key: &Key, base: Option<&Value>, head: Option<&Value>) -> Delta {
        let row = self.row(key);
        let (delta, relative) = match (base, head) {
            (Some(base), Some(head)) => change(base, head),
            _ => (None, None),
        };
        let unchanged = if self.renamed_from.is_some() { Status::RenamedFile } else { Status::Unchanged };
        let status = match (base, head) {
            (Some(base), Some(head)) if base.same(head) => unchanged,
            (_, Some(value)) | (Some(value), _) if value.is_non_finite() => Status::NotANumber,
            (Some(base), Some(_)) if base.is_non_finite() => Status::NotANumber,
            (None, _) => Status::Added,
            (_, None) => Status::Removed,
            (Some(Value::Null), _) | (_, Some(Value::Null)) => Status::Null,
            (Some(base), Some(head)) if base.kind() != head.kind() => Status::TypeChanged,
            (Some(_), Some(_)) => match (row.oriented, delta.as_ref().and_then(Value::as_f64)) {
                (Some(oriented), Some(delta)) if oriented.direction.improvement(delta) > 0.0 => Status::Improved,
                (Some(_), Some(_)) => Status::Regressed,
                _ => Status::Changed,
            },
        };
        Delta { status, base: base.cloned(), head: head.cloned(), delta, relative, ..row }
    }

    fn row(&self, key: &Key) -> Delta {
        Delta {
            file: self.file.clone(),
            key: key.clone(),
            status: Status::Unchanged,
            oriented: (self.orient)(self.file, key),
            base: None,
            head: None,
            tip: None,
            delta: None,
            relative: None,
            renamed_from: self.renamed_from.cloned(),
            whole_file: false,
            base_problem: None,
            head_problem: None,
        }
    }
}

/// `head - base` and its share of `|base|`, where both are finite numbers.
///
/// The share is taken of the baseline's size, never of the signed baseline, so a step from -0.5 to -0.6 is -20 %. With a
/// baseline of zero it is zero if nothing changed and undefined otherwise.
pub fn change(base: &Value, head: &Value) -> (Option<Value>, Option<f64>) {
    let (Some(old), Some(new)) = (base.as_f64(), head.as_f64()) else { return (None, None) };
    if !old.is_finite() || !new.is_finite() {
        return (None, None);
    }
    let exact = if let (Value::Int(old), Value::Int(new)) = (base, head) { new.checked_sub(*old) } else { None };
    let delta = exact.map_or(Value::Float(new - old), Value::Int);
    let size = delta.as_f64().unwrap_or(new - old);
    let relative = if old == 0.0 { (size == 0.0).then_some(0.0) } else { Some(size / old.abs()) };
    (Some(delta), relative.filter(|share| share.is_finite()))
}

fn add_tip(rows: &mut [Delta], tip: &Readings) {
    for row in rows {
        let reading = tip.get(&row.file).or_else(|| tip.get(row.renamed_from.as_ref()?));
        let Some(leaves) = reading.and_then(|reading| reading.leaves.as_ref().ok()) else { continue };
        row.tip = leaves.binary_search_by(|(key, _)| key.cmp(&row.key)).ok().map(|at| leaves[at].1.clone());
    }
}

fn data_deltas(base: &Snapshot, head: &Snapshot) -> Vec<DataDelta> {
    // A metrics file may be tracked as well; what happened to it is told value by value.
    let is_metric = |path: &RepoPath| base.metrics.contains_key(path) || head.metrics.contains_key(path);
    let paths: BTreeSet<&RepoPath> = base.data.keys().chain(head.data.keys()).filter(|path| !is_metric(path)).collect();
    let row = |path: &RepoPath| {
        let (old, new) = (base.data.get(path), head.data.get(path));
        let status = match (old, new) {
            (Some(old), Some(new)) if old.hash == new.hash && old.algorithm == new.algorithm => Status::Unchanged,
            (None, _) => Status::Added,
            (_, None) => Status::Removed,
            _ => Status::Changed,
        };
        DataDelta { path: path.clone(), status, base: old.cloned(), head: new.cloned() }
    };
    paths.into_iter().map(row).collect()
}

impl Comparison {
    /// How many metrics ended in each status, most alarming first.
    pub fn counts(&self) -> BTreeMap<Status, usize> {
        let mut counts = BTreeMap::new();
        for row in &self.metrics {
            *counts.entry(row.status).or_default() += 1;
        }
        counts
    }
}

/// The direction by name alone, as an `orient` for [`compare`].
pub fn by_name(_: &RepoPath, key: &Key) -> Option<Oriented> {
    crate::direction::guess(key)
}

/// An explicit direction of the policy.
pub fn by_policy(direction: Direction) -> Oriented {
    Oriented { direction, source: DirectionSource::Policy }
}

#[cfg(test)]
mod tests;
