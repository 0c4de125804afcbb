//! Documents as people read them: what is shown, in which order, in which words. Nothing here is escaped yet.
//!
//! Tables print these structs and Markdown templates get them as their context, so **their field names are a contract**
//! with users' templates, told in `templates/README.md`.

use std::collections::BTreeMap;

use proofmark_core::compare::{BaseKind, Comparison, Side, Status};
use proofmark_core::ports::Revision;
use proofmark_core::problem::{Problem, ProblemKind};
use serde::Serialize;

use crate::Options;
use crate::text::{clip, counted};

use data::DataRows;

pub(crate) use room::Room;
pub(crate) use rows::{RowView, Rows};

pub(crate) mod data;
pub(crate) mod finding;
pub(crate) mod gate;
pub(crate) mod page;
mod room;
mod rows;
pub(crate) mod slices;
pub(crate) mod waivers;

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
        Self::within(comparison, &Room::from(options))
    }

    pub(crate) fn within(comparison: &Comparison, room: &Room) -> Self {
        let counts = comparison.counts();
        let of = |wanted: &[Status]| wanted.iter().filter_map(|status| counts.get(status)).sum::<usize>();
        let unchanged = of(&[Status::Unchanged, Status::UnchangedByHash, Status::RenamedFile]);
        let metrics = Rows::new(&comparison.metrics, room.metrics, room);
        let guesses = metrics.files.iter().flat_map(|file| &file.rows).any(|row| row.guessed);
        let (problems, problems_left_out) = problems(comparison, room.problems);
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
            params: Rows::new(&comparison.params, room.details, room),
            data: DataRows::new(&comparison.data, room),
            problems,
            problems_left_out,
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

pub(crate) fn name(text: &str) -> String {
    clip(text, LONGEST_NAME)
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

/// The problems of all sides, errors first, and how many there was no room for.
fn problems(comparison: &Comparison, room: usize) -> (Vec<ProblemView>, usize) {
    let sides = [("head", Some(&comparison.head)), ("base", Some(&comparison.base)), ("tip", comparison.tip.as_ref())];
    let told = sides.into_iter().filter_map(|(name, side)| Some((name, side?)));
    let mut all: Vec<(&'static str, &Problem)> =
        told.flat_map(|(side, of)| of.problems.iter().map(move |problem| (side, problem))).collect();
    all.sort_by_key(|(_, problem)| problem.kind == ProblemKind::Warning);
    let shown = all.iter().take(room).map(|(side, problem)| ProblemView::new(side, problem)).collect();
    (shown, all.len().saturating_sub(room))
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
