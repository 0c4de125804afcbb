//! `proofmark jenkins build`: starts a job and waits for it.

use clap::Args;
use proofmark_core::jenkins::Outcome;
use serde_json::Value;

use crate::exit::CliError;
use crate::printer::Printer;
use crate::world::World;

/// Start a job of Jenkins, and wait for it
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The job, with its folders: `ml/train`
    pub(crate) job: String,
    /// A parameter of the job; may be repeated
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
}

pub(crate) fn run(args: &Build, world: &World, printer: &Printer) -> Result<u8, CliError> {
    as_step(args, "build", world, printer).map(|(code, ..)| code)
}

/// The same for a step of a pipeline: the exit code, what the step does with it, and the build as a document.
pub(crate) fn as_step(args: &Build, stage: &str, world: &World, printer: &Printer) -> Result<(u8, Outcome, Value), CliError> {
    let _ = (args, stage, world, printer);
    Err(CliError::outside("not there yet"))
}
