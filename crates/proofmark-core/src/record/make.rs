//! From a report to a record.

use std::collections::BTreeMap;

use super::{Entry, MAX_CLASS, MAX_VALUES, RECORD, Record, SCHEMA, is_class};
use crate::compare::Comparison;
use crate::config::{Effect, Severity, nearest};
use crate::evidence::Slice;
use crate::gate::{Finding, Verdict};
use crate::reference::Place;
use crate::report::Report;
use crate::value::Value;

/// What a report does not say about its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// The version of proofmark that writes it.
    pub version: String,
    /// When, in seconds since 1970.
    pub time: u64,
    /// The kind of machine.
    pub class: Option<String>,
    /// Metrics whose level is accepted to change: `METRIC`, `FILE:METRIC` or `TABLE:METRIC`.
    pub accept: Vec<String>,
}

/// Why a report cannot be recorded. `Display` says what, [`RecordError::hint`] what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The head is the files on disk.
    #[error("the report is about files on disk, and only a commit can be recorded")]
    WorkTree,
    /// The head is no commit, or its id is no id.
    #[error("the report does not say which commit it is about")]
    NoCommit,
    /// No metric of the report has this name.
    #[error("the report has no value of a metric `{name}`, so its level cannot be accepted")]
    UnknownMetric {
        /// As typed.
        name: String,
        /// The name that looks most like it.
        nearest: Option<String>,
    },
    /// The class's name cannot be one.
    #[error("the class is empty, longer than {MAX_CLASS} bytes, or has control characters")]
    Class,
}

impl RecordError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::WorkTree => Some("commit first, and name the commit to the gate: `proofmark gate BASE HEAD`".to_owned()),
            Self::UnknownMetric { nearest: Some(name), .. } => Some(format!("did you mean `{name}`?")),
            Self::NoCommit | Self::UnknownMetric { nearest: None, .. } | Self::Class => None,
        }
    }
}

impl Record {
    /// What a report says about its head. Values that are not finite numbers are left out; where there are more than
    /// [`MAX_VALUES`], those that were judged go first.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn of(report: &Report, setting: &Setting) -> Result<Self, RecordError> {
        let head = &report.comparison.head.revision;
        if head.work_tree {
            return Err(RecordError::WorkTree);
        }
        let commit = head.commit.clone().filter(|id| is_id(id)).ok_or(RecordError::NoCommit)?;
        if setting.class.as_deref().is_some_and(|class| !is_class(class)) {
            return Err(RecordError::Class);
        }
        let (mut values, left_out) = values(report);
        for name in &setting.accept {
            accept(&mut values, name)?;
        }
        let judgement = &report.judgement;
        Ok(Self {
            schema: SCHEMA,
            kind: RECORD.into(),
            proofmark: setting.version.clone(),
            commit,
            time: setting.time,
            branch: report.branch.clone(),
            class: setting.class.clone(),
            verdict: judgement.verdict,
            effect: judgement.effect,
            enters_windows: judgement.effect != Effect::Block,
            test_sets: test_sets(report),
            values,
            left_out,
        })
    }
}

/// The test set of each prediction table, where it is known.
fn test_sets(report: &Report) -> BTreeMap<String, String> {
    let known = report.comparison.tables.iter().filter_map(|table| Some((table.name.clone(), table.test_set.clone()?)));
    // The report may be anybody's.
    known.filter(|(_, digest)| digest.len() <= 128).collect()
}

/// A full object id, as git prints it.
pub(super) fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// The values of the head, sorted, and how many are left out.
fn values(report: &Report) -> (Vec<Entry>, u64) {
    let mut judged: BTreeMap<Place, Entry> = BTreeMap::new();
    for entry in report.judgement.findings.iter().filter_map(of_finding) {
        judged.entry(entry.place.clone()).and_modify(|known| merge(known, &entry)).or_insert(entry);
    }
    let Comparison { metrics, measured, .. } = &report.comparison;
    let of_files = metrics.iter().filter_map(|row| {
        let place = Place { file: row.file.clone(), table: None, metric: row.key.clone(), slice: Slice::all() };
        Some(plain(place, number(row.head.as_ref())?))
    });
    let of_tables = measured.iter().filter(|one| one.against.is_none()).filter_map(|one| {
        let place = Place { file: one.file.clone(), table: one.table.clone(), metric: one.metric.clone(), slice: one.slice.clone() };
        Some(plain(place, one.head.filter(|value| value.is_finite())?))
    });
    let others: BTreeMap<Place, Entry> =
        of_files.chain(of_tables).filter(|entry| !judged.contains_key(&entry.place)).map(|entry| (entry.place.clone(), entry)).collect();
    let all = judged.len() + others.len();
    let kept: BTreeMap<Place, Entry> = judged.into_iter().chain(others).take(MAX_VALUES).collect();
    let left_out = all - kept.len();
    (kept.into_values().collect(), left_out as u64)
}

fn of_finding(finding: &Finding) -> Option<Entry> {
    let value = number(finding.candidate.as_ref())?;
    let place =
        Place { file: finding.file.clone()?, table: finding.table.clone(), metric: finding.metric.clone(), slice: finding.slice.clone() };
    let verdict = (finding.severity != Severity::Info).then_some(finding.verdict);
    Some(Entry { verdict, new_level: finding.verdict == Verdict::Waived, ..plain(place, value) })
}

/// Several rules on one metric: the worst verdict counts.
fn merge(known: &mut Entry, other: &Entry) {
    known.verdict = known.verdict.into_iter().chain(other.verdict).min();
    known.new_level |= other.new_level;
}

fn plain(place: Place, value: f64) -> Entry {
    Entry { place, value, verdict: None, new_level: false }
}

fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number).filter(|number| number.is_finite()),
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::Date(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// Marks a metric, in all its files and slices, or in those of the file or table that is named.
fn accept(values: &mut [Entry], name: &str) -> Result<(), RecordError> {
    let mut found = false;
    for entry in values.iter_mut().filter(|entry| is_named(entry, name)) {
        entry.new_level = true;
        found = true;
    }
    if found {
        return Ok(());
    }
    let near = nearest(name, values.iter().map(|entry| entry.place.metric.as_str())).map(str::to_owned);
    Err(RecordError::UnknownMetric { name: name.to_owned(), nearest: near })
}

fn is_named(entry: &Entry, name: &str) -> bool {
    let metric = entry.place.metric.as_str();
    let owner = name.strip_suffix(metric).and_then(|rest| rest.strip_suffix(':'));
    metric == name || owner.is_some_and(|owner| owner == entry.place.file.as_str() || Some(owner) == entry.place.table.as_deref())
}
