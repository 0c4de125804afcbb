//! `proofmark record`: keeps what was judged, in a git ref of its own, for windows, `best` and charts.

use std::path::{Path, PathBuf};

use clap::Args;
use proofmark_core::record::{self, Past, Record as Document, RecordError, Setting};
use proofmark_git::{Commit, Fetched, Note, NotesError, NotesRef, Pushed, Repository, Writer, Written};
use proofmark_render::escape::terminal;

use crate::exit::{self, CliError};
use crate::printer::Printer;
use crate::report::read_report;
use crate::session::open_repository;
use crate::world::World;

/// Where records are kept unless told otherwise.
pub(crate) const DEFAULT_REF: &str = "refs/proofmark/history";

/// Keep the judged values of a commit in a git ref of its own, for rules that look back
///
/// REPORT is what `proofmark gate --format json` wrote about a commit. Nothing in the work tree, the index or any branch
/// changes. Record on the default branch after each merge; several jobs may record at the same time.
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The report, or `-` for standard input; without one, records are only fetched or pushed
    #[arg(required_unless_present_any = ["push", "fetch"])]
    pub(crate) report: Option<PathBuf>,
    /// The ref that keeps the records
    #[arg(long = "ref", value_name = "REF", default_value = DEFAULT_REF)]
    pub(crate) reference: String,
    /// The kind of machine this was measured on; windows never mix kinds
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Option<String>,
    /// The level of METRIC (or FILE:METRIC, TABLE:METRIC) is accepted to change here: windows begin anew with this value
    #[arg(long, value_name = "METRIC", requires = "report")]
    pub(crate) accept_level: Vec<String>,
    /// Fetch the records of a remote first, and merge them with those here [default remote: origin]
    #[arg(long, value_name = "REMOTE", num_args = 0..=1, require_equals = true, default_missing_value = "origin")]
    pub(crate) fetch: Option<String>,
    /// Push the records to a remote afterwards, merged with what others pushed [default remote: origin]
    #[arg(long, value_name = "REMOTE", num_args = 0..=1, require_equals = true, default_missing_value = "origin")]
    pub(crate) push: Option<String>,
}

pub(crate) fn run(args: &Record, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let at = NotesRef::parse(&args.reference)?;
    let repository = open_repository(world)?;
    // All that can be wrong with what was given comes before anything is written or sent.
    let given = args.report.as_deref().map(|path| document(args, path, world)).transpose()?;
    let random = || world.random();
    let writer = Writer { replaces: &record::replaces, now: world.now(), random: &random };
    if let Some(remote) = &args.fetch {
        printer.say(match repository.fetch_notes(&at, remote, &writer)? {
            Fetched::New => "Fetched new records.",
            Fetched::Known => "The remote has no records that are not here.",
            Fetched::Nothing => "The remote has no records yet.",
        });
    }
    if let Some(given) = &given {
        let bytes = serde_json::to_vec_pretty(given).map_err(|error| CliError::input("cannot write the record").because(&error))?;
        let note = Note { commit: &given.commit, label: given.class.as_deref(), bytes: &bytes };
        printer.say(&told(given, repository.write_note(&at, &note, &writer)?));
    }
    if let Some(remote) = &args.push {
        printer.say(match repository.push_notes(&at, remote, &writer)? {
            Pushed::Done => "Pushed the records.",
            Pushed::Nothing => "There are no records to push.",
        });
    }
    Ok(exit::ALLOWED)
}

fn document(args: &Record, path: &Path, world: &World) -> Result<Document, CliError> {
    let report = read_report(path, world)?;
    let setting = Setting {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        time: world.now(),
        class: args.class.clone(),
        accept: args.accept_level.clone(),
    };
    Ok(Document::of(&report, &setting)?)
}

fn told(given: &Document, written: Written) -> String {
    let Document { commit, values, left_out, enters_windows, .. } = given;
    let mut text = match written {
        Written::New => format!("Recorded {} values of {commit:.10}", values.len()),
        Written::Kept => return format!("The record of {commit:.10} says this already, or is newer; nothing was changed."),
    };
    if *left_out > 0 {
        text += &format!(", and left out {left_out} that no rule judged");
    }
    let accepted: Vec<String> = values.iter().filter(|entry| entry.new_level).map(|entry| terminal(entry.place.metric.as_str())).collect();
    if !accepted.is_empty() {
        text += &format!("; a new level of {}", accepted.join(", "));
    }
    if !enters_windows {
        text += "; the run was blocked, so they enter no window";
        text += if accepted.is_empty() { "" } else { " but those of the new level" };
    }
    text + "."
}

/// The records of commits, in their order (the newest first, as [`Repository::history`] gives them); without any where the
/// ref is not there.
pub(crate) fn past(repository: &Repository, reference: &str, commits: &[Commit]) -> Result<Past, CliError> {
    let at = NotesRef::parse(reference)?;
    let mut past = Past::default();
    repository.notes(&at, commits, |commit, bytes| past.add(&commit.id, bytes))?;
    Ok(past)
}

impl From<NotesError> for CliError {
    fn from(error: NotesError) -> Self {
        let told = if error.is_outside() { Self::outside(error.to_string()) } else { Self::input(error.to_string()) };
        error.hint().into_iter().fold(told, Self::hint)
    }
}

impl From<RecordError> for CliError {
    fn from(error: RecordError) -> Self {
        error.hint().into_iter().fold(Self::input(error.to_string()), Self::hint)
    }
}
