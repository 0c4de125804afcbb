//! `proofmark trigger log`: the journal, checked.

use std::path::PathBuf;

use clap::Args;
use proofmark_render::escape::terminal;
use proofmark_trigger::journal::Entry;

use super::Form;
use super::ledger::JournalFile;
use super::show;
use crate::exit::{self, CliError};
use crate::printer::Printer;
use crate::session::open_repository;
use crate::world::World;

/// Show what was decided and started, and check that nothing was changed or taken out since
#[derive(Debug, Args)]
pub(crate) struct TriggerLog {
    /// The journal's file [default: proofmark/triggers.jsonl in the git folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Only entries about this trigger
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
    /// The newest entries, at most so many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    /// The form of what is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Table)]
    pub(crate) format: Form,
}

pub(crate) fn run(args: &TriggerLog, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let repository = open_repository(world).ok();
    let file = JournalFile::open(args.journal.as_deref(), repository.as_ref(), world)?;
    let journal = file.read()?;
    let wanted: Vec<&Entry> = journal.entries.iter().filter(|entry| args.only.is_none() || entry.rule == args.only).collect();
    let shown = &wanted[wanted.len().saturating_sub(args.limit)..];
    match args.format {
        Form::Json => printer.data(proofmark_render::json(&shown)?.as_bytes())?,
        Form::Table => {
            let lines: String = shown.iter().map(|entry| line(entry)).collect();
            printer.data(lines.as_bytes())?;
            printer.say(&format!(
                "{} entries, each follows from the one before: {}",
                journal.entries.len(),
                terminal(&file.path().display().to_string())
            ));
        }
    }
    Ok(exit::ALLOWED)
}

fn line(entry: &Entry) -> String {
    let step = entry.step.as_ref().map(|step| format!("/{step}")).unwrap_or_default();
    let rule = entry.rule.as_ref().map(|rule| format!("  {rule}{step}")).unwrap_or_default();
    let rest =
        [&entry.detail, &entry.place, &entry.key].map(|part| part.as_ref().map(|part| format!("  {part}")).unwrap_or_default()).concat();
    let about = if entry.rule.is_none() { format!("  {}", entry.event) } else { String::new() };
    let text = format!("{}  {:11}{about}{rule}{rest}", show::day_and_time(entry.time), entry.what.name());
    format!("{}\n", terminal(text.trim_end()))
}
