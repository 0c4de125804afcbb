//! `proofmark jenkins`: what steps of a Jenkins pipeline are made of, and a client that starts jobs.

pub(crate) mod build;
mod capabilities;
mod library;
pub(crate) mod outcome;
mod request;
mod step;
mod steps;

use clap::{Args, Subcommand};

use crate::exit::CliError;
use crate::printer::Printer;
use crate::world::World;

pub(crate) use build::BuildDocument;
pub(crate) use capabilities::Capabilities;
pub(crate) use request::Request;
pub(crate) use step::StepResult;

/// Start jobs of Jenkins and wait for them; be the back end of its pipeline steps
#[derive(Debug, Args)]
pub(crate) struct Jenkins {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(Box<build::Build>),
    Capabilities(capabilities::Arguments),
    Step(step::Step),
    Library(library::Library),
}

pub(crate) fn run(args: &Jenkins, world: &World, printer: &Printer) -> Result<u8, CliError> {
    match &args.command {
        Command::Build(args) => build::run(args, world, printer),
        Command::Capabilities(_) => capabilities::run(printer),
        Command::Step(args) => step::run(args, world, printer),
        Command::Library(args) => library::run(args, world, printer),
    }
}
