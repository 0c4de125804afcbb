//! `proofmark kubeflow upload`: a compiled pipeline becomes a version at the server.

use std::path::PathBuf;

use clap::Args;
use proofmark_kubeflow::pipelines;
use proofmark_render::escape::terminal;

use super::start::compiled;
use super::{Server, connect};
use crate::exit::{self, CliError};
use crate::printer::Printer;
use crate::world::World;

/// Upload a compiled pipeline as a version; nothing happens where it is there already with the same content
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Upload {
    /// The compiled pipeline
    file: PathBuf,
    /// The pipeline's name at the server, which is made where there is none [default: the name in the file]
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// The version's name, such as the commit
    #[arg(long = "version", value_name = "NAME")]
    version: String,
    /// What people are told of it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(args: &Upload, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let spec = compiled(&world.folder.join(&args.file), &args.file.display().to_string())?;
    let pipelines = connect::pipelines(args.server.host.as_deref(), args.server.namespace.as_deref(), world)?;
    let upload = pipelines::Upload {
        pipeline: args.pipeline.as_deref().unwrap_or(&spec.name),
        version: &args.version,
        spec: &spec,
        description: args.description.as_deref(),
        source: None,
    };
    let uploaded = pipelines.upload(&upload)?;
    let how = if uploaded.was_there { "was there already, with the same content" } else { "was uploaded" };
    let line = format!("version {} of {} {how} ({})", args.version, uploaded.pipeline.name, uploaded.version.id);
    printer.data((terminal(&line) + "\n").as_bytes())?;
    Ok(exit::ALLOWED)
}
