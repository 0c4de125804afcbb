//! `proofmark completions`: what a shell needs to complete our command line.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::{self, CliError};
use crate::printer::Printer;

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

pub(crate) fn run(args: &Completions, printer: &Printer) -> Result<u8, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "proofmark", &mut script);
    printer.data(&script)?;
    Ok(exit::ALLOWED)
}
