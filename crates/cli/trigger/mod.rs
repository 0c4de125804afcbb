//! `proofmark trigger`: from an event to the jobs that it starts.

mod act;
mod document;
mod dvc;
mod event;
mod facts;
mod ledger;
mod log;
mod past;
mod reply;
mod rules;
mod show;
mod table;
mod target;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use proofmark_trigger::facts::Facts;
use proofmark_trigger::{Plan, Request};

pub(crate) use self::document::TriggerDocument;
use self::event::Source;
use self::facts::Finder;
use self::ledger::JournalFile;
use self::rules::Found;
use crate::exit::{self, CliError};
use crate::output::write_file;
use crate::posting::runner;
use crate::printer::Printer;
use crate::world::World;

/// Start what an event is to start, by the [[trigger]]s of proofmark.toml
///
/// The event is that of the run around it (GitHub Actions, Jenkins), or one that is given. The triggers are those of the branch that a
/// change goes into, never of the change itself. Each order has a key and is started once, however often this is run; what was decided
/// is kept in a journal (.git/proofmark/triggers.jsonl).
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Trigger {
    #[command(subcommand)]
    pub(crate) command: Option<Sub>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) how: How,
}

/// What else can be done with triggers.
#[derive(Debug, Subcommand)]
pub(crate) enum Sub {
    Test(table::Test),
    Log(log::TriggerLog),
}

/// Where the event comes from.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SourceArgs {
    /// The event's kind: `push`, `pull_request`, `schedule`; or what GitHub calls the payload's event
    #[arg(long, value_name = "KIND")]
    pub(crate) event: Option<String>,
    /// The body of a webhook of GitHub or MLflow, a report of the gate, or a drift document, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) payload: Option<PathBuf>,
    /// A report of `proofmark gate --format json`, or a drift document
    #[arg(long, value_name = "FILE", conflicts_with = "payload")]
    pub(crate) report: Option<PathBuf>,
    /// With --event push: the commit before it [default: where the branch left the default branch]
    #[arg(long, value_name = "REV")]
    pub(crate) from: Option<String>,
    /// With --event: the commit that it is about [default: HEAD]
    #[arg(long, value_name = "REV")]
    pub(crate) to: Option<String>,
    /// With --event: the branch that was pushed, or that the change goes into
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    /// With --event schedule: the line of the time table
    #[arg(long, value_name = "LINE")]
    pub(crate) schedule: Option<String>,
    /// The repository at GitHub, where the run does not tell
    #[arg(long, value_name = "OWNER/NAME")]
    pub(crate) repository: Option<String>,
    /// Read this configuration instead of that of the branch
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// What is done.
#[derive(Debug, Clone, Args)]
pub(crate) struct How {
    /// Only the triggers of these names; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Start nothing, and print the orders
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Start nothing, and print for every trigger each clause, what it found, and why it fires or not
    #[arg(long)]
    pub(crate) explain: bool,
    /// Wait for what was started, also when it was started before; the exit code is its result
    #[arg(long)]
    pub(crate) wait: bool,
    /// Wait also for what is held back, for at most so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) patience: Option<u64>,
    /// Start once more what was started for this event already; a word of your choice that makes it another one
    #[arg(long, value_name = "WORD")]
    pub(crate) again: Option<String>,
    /// The journal's file [default: proofmark/triggers.jsonl in the git folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Answer commands in comments: a reaction, and one comment that is kept up to date
    #[arg(long)]
    pub(crate) reply: bool,
    /// The form of what is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Table)]
    pub(crate) format: Form,
    /// Also write what came out to a file, as JSON
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The forms of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people
    Table,
    /// For programs
    Json,
}

pub(crate) fn run(args: &Trigger, world: &World, printer: &Printer) -> Result<u8, CliError> {
    match &args.command {
        Some(Sub::Test(test)) => table::run(test, world, printer),
        Some(Sub::Log(log)) => log::run(log, world, printer),
        None => act(args, world, printer),
    }
}

fn act(args: &Trigger, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let how = &args.how;
    let mut source = Source::find(&args.source, world)?;
    let found = Found::read(&args.source, &source, world)?;
    let mut facts = Facts::default();
    let finder = Finder::new(&found, world);
    let mut request =
        Request { now: world.now(), explain: how.explain, again: how.again.clone(), only: how.only.clone(), ..Request::default() };
    found.check_names(&how.only)?;
    request.own_account = finder.own_account(&source);
    finder.find_all(&found.rules, &mut source, &mut facts, &request);
    let journal = JournalFile::open(how.journal.as_deref(), source.repository.as_ref(), world)?;
    let looks_only = how.dry_run || how.explain;
    let mut now = Now { source: &source, found: &found, facts, request, journal: &journal, world, printer };
    let mut plan = now.plan()?;
    if !looks_only {
        now.wait_for_held(how.patience, &mut plan, &finder)?;
    }
    if how.reply && !looks_only {
        reply::seen(&plan, &now);
    }
    let done = if looks_only { Vec::new() } else { act::carry_out(&plan, how, &now)? };
    let document = TriggerDocument::new(&found, &plan, &done, looks_only);
    match how.format {
        Form::Table => printer.data(show::told(&document, &plan, how.explain, world.now()).as_bytes())?,
        Form::Json => printer.data(proofmark_render::json(&document)?.as_bytes())?,
    }
    if let Some(file) = &how.output {
        let path = world.folder.join(file);
        write_file(&path, proofmark_render::json(&document)?.as_bytes()).map_err(|error| exit::unwritable(&path, &error))?;
    }
    if source_is_actions(&source) {
        let file = how.output.as_ref().map(|file| world.folder.join(file).display().to_string());
        runner::leave(&document.outputs(file), world)?;
        runner::add_to_summary(&show::summary(&document, &plan, how.explain, world.now()), world)?;
    }
    if how.reply && !looks_only {
        reply::answer(&plan, &done, &now)?;
    }
    act::report(&plan, &done, how.wait && !looks_only, printer)
}

fn source_is_actions(source: &Source) -> bool {
    source.host.as_ref().is_some_and(|host| host.actions.is_some())
}

/// Everything that a decision rests on.
pub(crate) struct Now<'a> {
    pub(crate) source: &'a Source,
    pub(crate) found: &'a Found,
    pub(crate) facts: Facts,
    pub(crate) request: Request,
    pub(crate) journal: &'a JournalFile,
    pub(crate) world: &'a World,
    pub(crate) printer: &'a Printer,
}

impl Now<'_> {
    /// Decides by what is known, what the journal says, and what the systems themselves say was started.
    fn plan(&self) -> Result<Plan, CliError> {
        let (rules, event) = (&self.found.rules, &self.source.event);
        let mut past = self.journal.past(self.world, self.printer)?;
        let first = proofmark_trigger::plan(rules, event, &self.facts, &past, &self.request);
        past::add(&mut past, &first, self);
        Ok(proofmark_trigger::plan(rules, event, &self.facts, &past, &self.request))
    }

    /// Waits until what is held back may start, as long as that is wanted.
    fn wait_for_held(&mut self, patience: Option<u64>, plan: &mut Plan, finder: &Finder<'_>) -> Result<(), CliError> {
        let Some(patience) = patience else { return Ok(()) };
        let end = self.request.now.saturating_add(patience);
        while let Some(due) = act::next_due(plan, self.request.now) {
            let now = self.request.now;
            if due > end || now >= end {
                return Ok(());
            }
            act::note_held(plan, self)?;
            std::thread::sleep(std::time::Duration::from_secs(due.saturating_sub(now).clamp(1, 30)));
            self.request.now = self.world.now().max(now + 1);
            // What is newest may be another commit by now.
            self.facts.tip = proofmark_trigger::facts::Fact::Unasked;
            finder.find_tip(&self.found.rules, self.source, &mut self.facts, &self.request);
            *plan = self.plan()?;
        }
        Ok(())
    }
}
