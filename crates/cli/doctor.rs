//! `proofmark doctor`: what stands between this place and a report on a pull request. Posts nothing.

use clap::Args;

use crate::exit::CliError;
use crate::printer::Printer;
use crate::world::World;

/// Check the token, its permissions, the base and the depth of the clone, and say what to change; posts nothing
#[derive(Debug, Args)]
pub(crate) struct Doctor {}

pub(crate) fn run(_: &Doctor, _: &World, _: &Printer) -> Result<u8, CliError> {
    Err(CliError::input("being built"))
}
