//! Metrics and params as rows, by file.

use proofmark_core::compare::{Delta, Status};
use proofmark_core::direction::DirectionSource;
use proofmark_core::number::{percent, shown, shown_pair, signed};
use proofmark_core::value::Value;
use serde::Serialize;

use super::{LONGEST_VALUE, Room, name};
use crate::text::clip;

/// Rows by file.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Rows {
    /// The files that have rows to show.
    pub(crate) files: Vec<FileView>,
    /// How many rows are shown.
    pub(crate) shown: usize,
    /// How many were left out for want of room.
    pub(crate) left_out: usize,
    /// How many are hidden since nothing happened to them.
    pub(crate) hidden: usize,
}

/// The rows of one file.
#[derive(Debug, Serialize)]
pub(crate) struct FileView {
    /// Its name.
    pub(crate) file: String,
    /// Its name at the base, when it moved.
    pub(crate) renamed_from: Option<String>,
    /// The rows.
    pub(crate) rows: Vec<RowView>,
}

/// One metric or param.
#[derive(Debug, Serialize)]
pub(crate) struct RowView {
    /// Its name in the file.
    pub(crate) name: String,
    /// The status as a word.
    pub(crate) status: &'static str,
    /// The status as a sign.
    pub(crate) symbol: &'static str,
    /// Whether better or worse is a guess from the name.
    pub(crate) guessed: bool,
    /// The value at the base, shortened to what tells it from the head's.
    pub(crate) base: String,
    /// The value at the head.
    pub(crate) head: String,
    /// The value at the tip of the base branch.
    pub(crate) tip: String,
    /// The difference with its sign.
    pub(crate) change: String,
    /// The difference as a share of the base.
    pub(crate) percent: String,
    /// Which way the number went: `▲`, `▼`, or nothing.
    pub(crate) arrow: &'static str,
    /// Whether that is `better` or `worse`, where it is known.
    pub(crate) meaning: &'static str,
    /// The values themselves.
    pub(crate) raw: Raw,
    /// The status as the type.
    #[serde(skip)]
    pub(crate) kind: Status,
}

/// Values at full precision.
#[derive(Debug, Serialize)]
pub(crate) struct Raw {
    pub(crate) base: Option<Value>,
    pub(crate) head: Option<Value>,
    pub(crate) tip: Option<Value>,
    pub(crate) delta: Option<Value>,
    pub(crate) relative: Option<f64>,
}

impl Rows {
    /// The rows that `most` leaves room for.
    pub(super) fn new(deltas: &[Delta], most: usize, room: &Room) -> Self {
        let hidden = |delta: &Delta| !room.all && (delta.status.is_unchanged() || delta.status == Status::RenamedFile);
        let chosen = room.ranked.then(|| most_important(deltas, most, &hidden));
        let mut rows = Self::default();
        for (at, delta) in deltas.iter().enumerate() {
            let hidden = hidden(delta);
            if hidden {
                rows.hidden += 1;
                if delta.renamed_from.is_none() {
                    continue;
                }
            }
            let fits = chosen.as_ref().map_or(rows.shown < most, |chosen| chosen[at]);
            if !fits {
                rows.left_out += usize::from(!hidden);
                continue;
            }
            // A file that moved is worth its line even when all values in it are the same.
            let file = rows.file(delta);
            if !hidden {
                file.push(RowView::new(delta));
                rows.shown += 1;
            }
        }
        rows
    }

    fn file(&mut self, delta: &Delta) -> &mut Vec<RowView> {
        let file = name(delta.file.as_str());
        if self.files.last().is_none_or(|last| last.file != file) {
            let renamed_from = delta.renamed_from.as_ref().map(|old| name(old.as_str()));
            self.files.push(FileView { file, renamed_from, rows: Vec::new() });
        }
        let last = self.files.len() - 1;
        &mut self.files[last].rows
    }
}

impl RowView {
    fn new(delta: &Delta) -> Self {
        let (base, head) = match (&delta.base, &delta.head) {
            (Some(old), Some(new)) => shown_pair(old, new),
            (old, new) => (value(old.as_ref(), delta.base_problem.is_some()), value(new.as_ref(), delta.head_problem.is_some())),
        };
        let tip = match (&delta.head, &delta.tip) {
            (Some(head), Some(tip)) => shown_pair(head, tip).1,
            (_, tip) => tip.as_ref().map_or_else(String::new, shown),
        };
        let judged = matches!(delta.status, Status::Improved | Status::Regressed);
        Self {
            name: if delta.whole_file { "(whole file)".to_owned() } else { name(&delta.key.to_string()) },
            status: delta.status.name(),
            symbol: symbol(delta.status),
            guessed: judged && delta.oriented.is_some_and(|oriented| oriented.source == DirectionSource::Hint),
            base: clip(&base, LONGEST_VALUE),
            head: clip(&head, LONGEST_VALUE),
            tip: clip(&tip, LONGEST_VALUE),
            change: delta.delta.as_ref().map_or_else(String::new, signed),
            percent: delta.relative.map_or_else(String::new, percent),
            arrow: delta.delta.as_ref().and_then(Value::as_f64).map_or("", arrow),
            meaning: match delta.status {
                Status::Improved => "better",
                Status::Regressed => "worse",
                _ => "",
            },
            raw: Raw {
                base: delta.base.clone(),
                head: delta.head.clone(),
                tip: delta.tip.clone(),
                delta: delta.delta.clone(),
                relative: delta.relative,
            },
            kind: delta.status,
        }
    }
}

/// The direction of a number, not its worth.
fn arrow(change: f64) -> &'static str {
    match change.partial_cmp(&0.0) {
        Some(std::cmp::Ordering::Greater) => "▲",
        Some(std::cmp::Ordering::Less) => "▼",
        _ => "",
    }
}

/// A sign for a status that needs no colour. Better and worse, not up and down: a loss gets better by going down.
fn symbol(status: Status) -> &'static str {
    match status {
        Status::Improved => "✓",
        Status::Regressed => "✗",
        Status::Added => "+",
        Status::Removed => "-",
        Status::Changed | Status::TypeChanged => "~",
        Status::Unparsable | Status::NotANumber | Status::Null => "!",
        Status::Unavailable => "?",
        Status::RenamedFile => "→",
        Status::Unchanged | Status::UnchangedByHash => "=",
        // A status that is newer than this renderer.
        _ => "*",
    }
}

fn value(value: Option<&Value>, unreadable: bool) -> String {
    match value {
        Some(value) => shown(value),
        None if unreadable => "unreadable".to_owned(),
        None => "–".to_owned(),
    }
}

/// Which rows are among the `most` worst ones. Of a moved file in which nothing changed, one stands for all.
fn most_important(deltas: &[Delta], most: usize, hidden: &dyn Fn(&Delta) -> bool) -> Vec<bool> {
    let begins_file = |at: usize| at == 0 || deltas[at - 1].file != deltas[at].file;
    let worth = |at: &usize| !hidden(&deltas[*at]) || (deltas[*at].renamed_from.is_some() && begins_file(*at));
    let mut order: Vec<usize> = (0..deltas.len()).filter(worth).collect();
    order.sort_by_key(|&at| deltas[at].status);
    let mut chosen = vec![false; deltas.len()];
    order.into_iter().take(most).for_each(|at| chosen[at] = true);
    chosen
}
