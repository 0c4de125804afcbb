//! `proofmark log --recorded`: what `proofmark record` kept, also of prediction tables and their slices.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::config::{Config, nearest};
use proofmark_core::key::Key;
use proofmark_core::policy::{Policy, PolicyOrigin};
use proofmark_core::record::{Entry, Past, Record};
use proofmark_core::reference::Place;
use proofmark_core::value::Value;
use proofmark_git::{Commit, History as Commits, Repository};
use proofmark_render::history::{self, Date, History, Metric, Point};

use super::{Log, Wanted, quoted};
use crate::exit::CliError;
use crate::printer::Printer;
use crate::record::past;

/// The recorded values of the wanted metrics, for those commits that have any.
///
/// A run that was blocked, and a level that was accepted to change, are marked before the subject.
pub(super) fn read(
    args: &Log,
    repository: &Repository,
    commits: &Commits,
    config: &Config,
    printer: &Printer,
) -> Result<History, CliError> {
    let wanted = args.metric.iter().map(|text| Recorded::new(text)).collect::<Result<Vec<_>, _>>()?;
    let past = past(repository, &config.history.reference, &commits.commits)?;
    tell_unread(&past, printer);
    let class = args.class.as_deref().or(config.history.class.as_deref());
    let records: BTreeMap<&str, &Record> =
        past.records.iter().filter(|record| record.class.as_deref() == class).map(|record| (record.commit.as_str(), record)).collect();
    let places = || records.values().flat_map(|record| &record.values).map(|entry| &entry.place);
    let found: BTreeSet<&Place> = places().filter(|place| wanted.iter().any(|wanted| wanted.takes(place))).collect();
    if found.is_empty() {
        let names: BTreeSet<String> = places().map(name).collect();
        return Err(not_found(args, class, past.records.is_empty(), &names));
    }
    let policy = Policy::compile(config, PolicyOrigin::BuiltIn, None)?;
    let metrics = found.iter().map(|place| Metric {
        file: place.file.clone(),
        key: if place.table.is_none() { place.metric.clone() } else { Key::from_canonical(name(place)) },
        oriented: policy.orient(&place.file, &place.metric),
    });
    let metrics: Vec<Metric> = metrics.collect();
    let rows = commits.commits.iter().filter_map(|commit| row(commit, records.get(commit.id.as_str())?, &found));
    Ok(History { commits: rows.collect(), metrics })
}

/// `accuracy`, `predictions:f1`, `predictions:f1 [country=DE]`.
fn name(place: &Place) -> String {
    let table = place.table.as_ref().map_or_else(String::new, |table| format!("{table}:"));
    let slice = if place.slice.is_all() { String::new() } else { format!(" [{}]", place.slice) };
    format!("{table}{}{slice}", place.metric)
}

/// A commit whose record has any of the metrics.
fn row(commit: &Commit, record: &Record, places: &BTreeSet<&Place>) -> Option<history::Commit> {
    let entries: Vec<_> = places.iter().map(|place| record.entry(place)).collect();
    if entries.iter().all(Option::is_none) {
        return None;
    }
    let mut marks = Vec::new();
    if !record.enters_windows {
        marks.push("blocked".to_owned());
    }
    let levels: Vec<String> = entries.iter().flatten().filter(|entry| entry.new_level).map(|entry| name(&entry.place)).collect();
    match levels.as_slice() {
        [] => {}
        _ if places.len() == 1 => marks.push("new level".to_owned()),
        _ => marks.push(format!("new level of {}", levels.join(", "))),
    }
    let marks = if marks.is_empty() { String::new() } else { format!("({}) ", marks.join("; ")) };
    let point = |entry: Option<&Entry>| match entry {
        Some(entry) => Point::Value(Value::Float(entry.value)),
        None => Point::Missing("not recorded".to_owned()),
    };
    Some(history::Commit {
        id: commit.id.clone(),
        short: commit.short.clone(),
        date: Date { seconds: commit.time, offset: commit.offset },
        subject: format!("{marks}{}", commit.subject),
        points: entries.into_iter().map(point).collect(),
    })
}

/// One METRIC of the command line: as for files, `TABLE:METRIC`, and either with the rows: `f1 [country=DE]`.
struct Recorded {
    text: String,
    wanted: Wanted,
    slice: Vec<(String, String)>,
}

impl Recorded {
    fn new(typed: &str) -> Result<Self, CliError> {
        let (text, slice) = with_slice(typed).unwrap_or((typed, Vec::new()));
        Ok(Self { text: text.to_owned(), wanted: Wanted::new(text)?, slice })
    }

    /// Without rows, all rows are meant.
    fn takes(&self, place: &Place) -> bool {
        let of_slice = |(column, value): &(String, String)| place.slice.value(column).is_some_and(|known| value == "*" || known == value);
        if place.slice.parts().count() != self.slice.len() || !self.slice.iter().all(of_slice) {
            return false;
        }
        // Names of a table's metrics have brackets of their own (`f1[cat]`), so the text as it is comes first.
        let owner = |owner: &str| self.text.strip_prefix(owner).and_then(|rest| rest.strip_prefix(':'));
        let Place { file, table, metric, .. } = place;
        self.text == metric.as_str()
            || owner(file.as_str()) == Some(metric.as_str())
            || table.as_deref().and_then(owner) == Some(metric.as_str())
            || self.wanted.takes(file, metric)
            || table.as_ref().is_some_and(|table| self.wanted.takes_of_table(table, metric))
    }
}

/// `f1 [country=DE, device=phone]` is the metric and the rows.
fn with_slice(typed: &str) -> Option<(&str, Vec<(String, String)>)> {
    let (metric, inside) = typed.strip_suffix(']')?.rsplit_once(" [")?;
    let part = |part: &str| part.split_once('=').map(|(column, value)| (column.trim().to_owned(), value.trim().to_owned()));
    Some((metric.trim_end(), inside.split(',').map(part).collect::<Option<_>>()?))
}

fn tell_unread(past: &Past, printer: &Printer) {
    if let Some(first) = past.left_out.first() {
        let count = past.left_out.len();
        let told = format!("{count} records cannot be read and are left out ({:.10}: {}).", first.commit, first.reason);
        printer.say(&proofmark_render::escape::terminal(&told));
    }
}

fn not_found(args: &Log, class: Option<&str>, nothing: bool, names: &BTreeSet<String>) -> CliError {
    let error = CliError::input(format!("no recorded value matches {}", quoted(&args.metric)));
    if nothing {
        return error.hint(
            "nothing is recorded here: `proofmark record` after each merge records, `proofmark record --fetch` fetches what others did",
        );
    }
    if names.is_empty() {
        return error.hint(match class {
            Some(class) => format!("no record is of the class `{class}`"),
            None => "all records are of a class; name one with `--class`".to_owned(),
        });
    }
    let near = args.metric.first().and_then(|metric| nearest(metric, names.iter().map(String::as_str)));
    match near {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => {
            let some: Vec<String> = names.iter().take(8).cloned().collect();
            error.hint(format!("recorded are {}{}", quoted(&some), if names.len() > some.len() { ", …" } else { "" }))
        }
    }
}
