//! `proofmark kubeflow schedules`: the recurring runs.

use clap::Args;
use proofmark_kubeflow::pipelines::{Schedule, Trigger};
use proofmark_render::escape::terminal;

use super::{Server, connect};
use crate::exit::{self, CliError};
use crate::printer::Printer;
use crate::world::World;

/// List the recurring runs
#[derive(Debug, Args)]
pub(crate) struct Schedules {
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(args: &Schedules, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let pipelines = connect::pipelines(args.server.host.as_deref(), args.server.namespace.as_deref(), world)?;
    let all = pipelines.schedules()?;
    let lines: String = all.iter().map(|schedule| terminal(&line(schedule)) + "\n").collect();
    printer.data(if all.is_empty() { b"no recurring runs\n" } else { lines.as_bytes() })?;
    Ok(exit::ALLOWED)
}

fn line(schedule: &Schedule) -> String {
    let when = match &schedule.trigger {
        Trigger::Cron(cron) => format!("cron {cron} (seconds first)"),
        Trigger::Every(seconds) => format!("every {seconds} s"),
        _ => "at times that are not told".to_owned(),
    };
    let state = if schedule.enabled { "on" } else { "off" };
    // Who turns such a one on may start many runs at once.
    let catches_up = if schedule.no_catchup { "" } else { ", catches up on what it missed" };
    let version = schedule.pipeline_version.as_ref().map_or_else(|| "newest version".to_owned(), |version| format!("version {version}"));
    format!("{state:<3} {}  {when}{catches_up}  {version}  {}", schedule.name, schedule.id)
}
