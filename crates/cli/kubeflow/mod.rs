//! `proofmark kubeflow`: pipelines, their runs and schedules, and models that KServe serves, by hand or as a step of any CI. The
//! triggers use the same parts.

mod check;
pub(crate) mod connect;
mod document;
pub(crate) mod follow;
mod run;
mod schedules;
pub(crate) mod serve;
pub(crate) mod start;
mod stop;
mod upload;

use clap::{Args, Subcommand};

use crate::exit::CliError;
use crate::printer::Printer;
use crate::world::World;

pub(crate) use self::document::{RunDocument, ServiceDocument};

/// Start and follow runs of Kubeflow Pipelines, upload pipelines, and roll models out with KServe
///
/// The address of Pipelines is KF_PIPELINES_ENDPOINT, of its user interface where it has one; who asks is in KF_PIPELINES_TOKEN,
/// KF_PIPELINES_SA_TOKEN_PATH (a file), KF_PIPELINES_COOKIE or KF_PIPELINES_USER. The cluster of KServe is that of KUBE_API_SERVER with
/// KUBE_TOKEN, of the kubeconfig, or of the pod.
#[derive(Debug, Args)]
pub(crate) struct Kubeflow {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Upload(upload::Upload),
    Run(Box<run::Run>),
    Stop(stop::Stop),
    Schedules(schedules::Schedules),
    Service(serve::Show),
    Deploy(serve::Deploy),
    Promote(serve::Promote),
    Rollback(serve::Rollback),
}

/// Which server of Pipelines.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Server {
    /// The address of Pipelines [default: KF_PIPELINES_ENDPOINT]
    #[arg(long, value_name = "URL")]
    pub(crate) host: Option<String>,
    /// The namespace, for installations with several users [default: KF_PIPELINES_NAMESPACE]
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
}

pub(crate) fn run(args: &Kubeflow, world: &World, printer: &Printer) -> Result<u8, CliError> {
    match &args.command {
        Command::Check(args) => check::run(args, world, printer),
        Command::Upload(args) => upload::run(args, world, printer),
        Command::Run(args) => run::run(args, world, printer),
        Command::Stop(args) => stop::run(args, world, printer),
        Command::Schedules(args) => schedules::run(args, world, printer),
        Command::Service(args) => serve::show(args, world, printer),
        Command::Deploy(args) => serve::deploy(args, world, printer),
        Command::Promote(args) => serve::promote(args, world, printer),
        Command::Rollback(args) => serve::rollback(args, world, printer),
    }
}
