//! `proofmark kubeflow stop`: ends a run.

use clap::Args;
use proofmark_render::escape::terminal;

use super::{Server, connect};
use crate::exit::{self, CliError};
use crate::printer::Printer;
use crate::world::World;

/// Stop a run; nothing happens to one that has ended
#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// The run's id, or the key that it was started with
    run: String,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(args: &Stop, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let pipelines = connect::pipelines(args.server.host.as_deref(), args.server.namespace.as_deref(), world)?;
    let ids = match pipelines.run(&args.run)? {
        Some(run) if run.state.is_final() => {
            let told = format!("run {} has ended already ({}); nothing was done", run.id, run.state.name());
            printer.data((terminal(&told) + "\n").as_bytes())?;
            return Ok(exit::ALLOWED);
        }
        Some(run) => vec![run.id],
        None => pipelines.with_key(&args.run)?.into_iter().filter(|run| !run.state.is_final()).map(|run| run.id).collect(),
    };
    if ids.is_empty() {
        return Err(CliError::input(format!("no run that goes on has the id or the key `{}`", terminal(&args.run))));
    }
    for id in ids {
        pipelines.terminate(&id)?;
        printer.data((terminal(&format!("run {id} was told to stop")) + "\n").as_bytes())?;
    }
    Ok(exit::ALLOWED)
}
