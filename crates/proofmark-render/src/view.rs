//! Documents as people read them: what is shown, in which order, in which words. Nothing here is escaped yet.
//!
//! Tables print these structs and Markdown templates get them as their context, so **their field names are a contract**
//! with users' templates, told in `templates/README.md`.

use std::collections::BTreeMap;

use proofmark_core::compare::{BaseKind, Comparison, Delta, Side, Status};
use proofmark_core::direction::DirectionSource;
use proofmark_core::number::{percent, shown, shown_pair, signed};
use proofmark_core::ports::Revision;
use proofmark_core::problem::{Problem, ProblemKind};
use proofmark_core::value::Value;
use serde::Serialize;

use crate::Options;
use crate::text::{clip, counted};

use data::DataRows;

pub(crate) mod data;
pub(crate) mod gate;

/// The longest name and the longest text value that are shown; JSON has them whole.
const LONGEST_NAME: usize = 160;
const LONGEST_VALUE: usize = 80;

/// A comparison.
#[derive(Debug, Serialize)]
pub(crate) struct ComparisonView {
    /// The base.
    pub(crate) base: SideView,
    /// The head.
    pub(crate) head: SideView,
    /// How the base was found, in words.
    pub(crate) base_is: String,
    /// First-parent steps from what was asked for to the base that has metrics.
    pub(crate) base_distance: u32,
    /// The newest commit of the base branch, when it has moved on.
    pub(crate) tip: Option<SideView>,
    /// The name of the column with the values at the tip.
    pub(crate) tip_column: Option<String>,
    /// What happened, in one line of counts.
    pub(crate) summary: String,
    /// Counts by status.
    pub(crate) counts: BTreeMap<&'static str, usize>,
    /// How many metrics there are.
    pub(crate) total: usize,
    /// How many of them did not change.
    pub(crate) unchanged: usize,
    /// How many of them did.
    pub(crate) changed: usize,
    /// The metrics that are shown.
    pub(crate) metrics: Rows,
    /// The params that changed.
    pub(crate) params: Rows,
    /// The data versions that changed.
    pub(crate) data: DataRows,
    /// What could not be understood.
    pub(crate) problems: Vec<ProblemView>,
    /// Problems that are not listed.
    pub(crate) problems_left_out: usize,
    /// Whether a direction that is shown is only a guess.
    pub(crate) guesses: bool,
}

/// One side.
#[derive(Debug, Serialize)]
pub(crate) struct SideView {
    /// What the user called it.
    pub(crate) name: String,
    /// The full commit id.
    pub(crate) commit: Option<String>,
    /// The first ten digits of it.
    pub(crate) short: Option<String>,
    /// The first line of the commit's message.
    pub(crate) subject: Option<String>,
    /// Whether these are the files on disk.
    pub(crate) work_tree: bool,
    /// How many metrics files there are.
    pub(crate) metric_files: usize,
}

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

/// One problem of one side.
#[derive(Debug, Serialize)]
pub(crate) struct ProblemView {
    /// `base`, `head` or `tip`.
    pub(crate) side: &'static str,
    /// `error` or `warning`.
    pub(crate) level: &'static str,
    /// The file and the place in it: `metrics.json:3:1`.
    pub(crate) place: String,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl ComparisonView {
    pub(crate) fn new(comparison: &Comparison, options: &Options) -> Self {
        let counts = comparison.counts();
        let of = |wanted: &[Status]| wanted.iter().filter_map(|status| counts.get(status)).sum::<usize>();
        let unchanged = of(&[Status::Unchanged, Status::UnchangedByHash, Status::RenamedFile]);
        let metrics = Rows::new(&comparison.metrics, options);
        let guesses = metrics.files.iter().flat_map(|file| &file.rows).any(|row| row.guessed);
        let all_problems = problems(comparison);
        let left_out = all_problems.len().saturating_sub(options.max_rows);
        let baseline = &comparison.baseline;
        Self {
            base: SideView::new(&comparison.base),
            head: SideView::new(&comparison.head),
            base_is: match baseline.kind {
                BaseKind::MergeBase => format!("merge base of {} and {}", name(&baseline.of), name(&comparison.head.revision.name)),
                BaseKind::Tip => format!("tip of {}", name(&baseline.of)),
            },
            base_distance: baseline.distance,
            tip: comparison.tip.as_ref().map(SideView::new),
            tip_column: comparison.tip.as_ref().map(|_| format!("{} now", clip(&baseline.of, 24))),
            summary: summary(comparison, &counts),
            counts: counts.iter().map(|(status, count)| (status.name(), *count)).collect(),
            total: comparison.metrics.len(),
            unchanged,
            changed: comparison.metrics.len() - unchanged,
            metrics,
            params: Rows::new(&comparison.params, options),
            data: DataRows::new(&comparison.data, options),
            problems: all_problems.into_iter().take(options.max_rows).collect(),
            problems_left_out: left_out,
            guesses,
        }
    }
}

impl SideView {
    fn new(side: &Side) -> Self {
        let Revision { name: called, commit, subject, work_tree, .. } = &side.revision;
        Self {
            name: name(called),
            commit: commit.clone(),
            short: side.revision.short_commit().map(str::to_owned),
            subject: subject.as_deref().map(name),
            work_tree: *work_tree,
            metric_files: side.metric_files,
        }
    }
}

impl Rows {
    fn new(deltas: &[Delta], options: &Options) -> Self {
        let mut rows = Self::default();
        for delta in deltas {
            let hidden = !options.all && (delta.status.is_unchanged() || delta.status == Status::RenamedFile);
            if hidden {
                rows.hidden += 1;
                if delta.renamed_from.is_none() {
                    continue;
                }
            }
            if rows.shown >= options.max_rows {
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

/// A sign for a status that needs no colour. Better and worse, not up and down: a loss gets better by going down.
pub(crate) fn symbol(status: Status) -> &'static str {
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

fn name(text: &str) -> String {
    clip(text, LONGEST_NAME)
}

fn value(value: Option<&Value>, unreadable: bool) -> String {
    match value {
        Some(value) => shown(value),
        None if unreadable => "unreadable".to_owned(),
        None => "–".to_owned(),
    }
}

fn summary(comparison: &Comparison, counts: &BTreeMap<Status, usize>) -> String {
    if comparison.metrics.is_empty() {
        let files = |side: &Side| counted(side.metric_files, "metrics file");
        return format!("no metrics to compare (base: {}, head: {})", files(&comparison.base), files(&comparison.head));
    }
    let told = |status: &Status| !status.is_unchanged() && *status != Status::RenamedFile;
    let mut parts: Vec<String> =
        counts.iter().filter(|(status, _)| told(status)).map(|(status, count)| format!("{count} {}", status.name())).collect();
    if parts.is_empty() {
        parts.push("no metric changed".to_owned());
    }
    let moved = counts.get(&Status::RenamedFile).copied().unwrap_or(0);
    if moved > 0 {
        parts.push(format!("{moved} the same in a renamed file"));
    }
    let unchanged: usize = counts.iter().filter(|(status, _)| status.is_unchanged()).map(|(_, count)| *count).sum();
    if unchanged > 0 {
        parts.push(format!("{unchanged} unchanged"));
    }
    parts.join(", ")
}

fn problems(comparison: &Comparison) -> Vec<ProblemView> {
    let sides = [("head", Some(&comparison.head)), ("base", Some(&comparison.base)), ("tip", comparison.tip.as_ref())];
    let all = sides.into_iter().filter_map(|(name, side)| Some((name, side?)));
    let mut views: Vec<ProblemView> =
        all.flat_map(|(side, of)| of.problems.iter().map(move |problem| ProblemView::new(side, problem))).collect();
    views.sort_by_key(|view| view.level);
    views
}

impl ProblemView {
    fn new(side: &'static str, problem: &Problem) -> Self {
        let place = problem.position.map_or_else(|| problem.file.to_string(), |at| format!("{}:{at}", problem.file));
        Self {
            side,
            level: if problem.kind == ProblemKind::Warning { "warning" } else { "error" },
            place: name(&place),
            message: clip(&problem.message, 400),
            hint: problem.hint.as_deref().map(|hint| clip(hint, 400)),
        }
    }
}
