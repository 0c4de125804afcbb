//! `proofmark`, the command line: parses, calls, maps the result to an exit code.

mod action;
mod args;
mod base;
mod cli;
mod compare;
mod completions;
mod configuration;
mod demo;
mod digest;
mod doctor;
mod evidence;
mod exit;
mod explain;
mod forms;
mod gate;
mod hook;
mod host;
mod init;
mod jenkins;
mod kubeflow;
mod log;
mod man;
mod network;
mod output;
mod plan;
mod posting;
mod printer;
mod promote;
mod record;
mod replay;
mod report;
mod schema;
mod session;
mod sources;
mod tracking;
mod trigger;
mod world;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use exit::CliError;
use printer::Printer;
use world::World;

fn main() -> ExitCode {
    printer::report_bugs();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return printer::usage(&error),
    };
    let mut world = World::look();
    if let Some(directory) = &cli.global.directory {
        world = world.inside(directory);
    }
    let printer = Printer::new(world.colour(cli.global.color));
    match run(cli.command, &world, &printer) {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(printer.error(&error)),
    }
}

fn run(command: Command, world: &World, printer: &Printer) -> Result<u8, CliError> {
    match command {
        Command::Jenkins(args) => jenkins::run(&args, world, printer),
        Command::Kubeflow(args) => kubeflow::run(&args, world, printer),
        Command::Action(args) => action::run(&args, world, printer),
        Command::Compare(args) => compare::run(&args, world, printer),
        Command::Gate(args) => gate::run(&args, world, printer),
        Command::Replay(args) => replay::run(&args, world, printer),
        Command::Plan(args) => plan::run(&args, world, printer),
        Command::Promote(args) => promote::run(&args, world, printer),
        Command::Trigger(args) => trigger::run(&args, world, printer),
        Command::Record(args) => record::run(&args, world, printer),
        Command::Report(args) => report::run(&args, world, printer),
        Command::Doctor(args) => doctor::run(&args, world, printer),
        Command::Log(args) => log::run(&args, world, printer),
        Command::Init(args) => init::run(&args, world, printer),
        Command::Demo(args) => demo::run(&args, world, printer),
        Command::Hook(args) => hook::run(&args, world, printer),
        Command::Schema(args) => schema::run(&args, printer),
        Command::Completions(args) => completions::run(&args, printer),
        Command::Man(args) => man::run(&args, world, printer),
    }
}
