//! The command line as a whole. One struct per subcommand stands in that subcommand's file, with its help.

use clap::{Parser, Subcommand};

use crate::args::Global;
use crate::exit::{self, CliError};

/// Tells in time that a model got worse: compares model metrics between git revisions and gates merges on regressions.
///
/// Reads DVC projects and plain metrics files straight from git, at any revision, without a checkout and without Python.
#[derive(Debug, Parser)]
#[command(name = "proofmark", version, after_help = exit::HELP, propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Parses a command line that something else than a shell put together; `what` names its parts in messages.
    pub(crate) fn of_words(words: Vec<String>, what: &str) -> Result<Self, CliError> {
        Self::try_parse_from(words).map_err(|error| {
            let text = error.render().to_string();
            let told: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
            CliError::input(format!("{what} cannot be used: {}", told.join(" ").trim_start_matches("error: ")))
        })
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Compare(crate::compare::Compare),
    Gate(crate::gate::Gate),
    Report(crate::report::Report),
    Replay(crate::replay::Replay),
    Plan(crate::plan::Plan),
    Promote(crate::promote::Promote),
    Trigger(crate::trigger::Trigger),
    Record(crate::record::Record),
    Log(crate::log::Log),
    Init(crate::init::Init),
    Demo(crate::demo::Demo),
    Hook(crate::hook::Hook),
    Doctor(crate::doctor::Doctor),
    Jenkins(crate::jenkins::Jenkins),
    Kubeflow(crate::kubeflow::Kubeflow),
    Action(crate::action::Action),
    Schema(crate::schema::Schema),
    Completions(crate::completions::Completions),
    Man(crate::man::Man),
}
