//! `proofmark kubeflow service`, `deploy`, `promote`, `rollback`: models that KServe serves.

use clap::Args;
use proofmark_kubeflow::Error;
use proofmark_kubeflow::serving::{Cluster, InferenceService, Origin, Patience, Proposal, Rolled, Rollout, Undo};
use proofmark_render::escape::terminal;

use super::connect;
use super::document::{SCHEMA, ServiceDocument};
use super::follow::follow_rollout;
use super::run::Form;
use crate::exit::{self, CliError};
use crate::printer::Printer;
use crate::world::World;

/// How long a rollout may take where nothing is said: pods are started, and models are large.
pub(crate) const USUAL_SECONDS: u64 = 1800;

/// Which service, and how it is told of.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// The inference service
    service: String,
    /// Its namespace [default: the kubeconfig's or the pod's]
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// The form of what is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Text)]
    format: Form,
}

/// How long is waited.
#[derive(Debug, Clone, Args)]
pub(crate) struct Waiting {
    /// Wait until it answers; the exit code is 1 unless it does
    #[arg(long)]
    wait: bool,
    /// With --wait: seconds that it may take
    #[arg(long, value_name = "SECONDS", requires = "wait", default_value_t = USUAL_SECONDS)]
    timeout: u64,
}

/// Show a service: its model, its canary, and what was there before
#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    target: Target,
}

/// Serve other files, to some or all requests
///
/// The cluster tries the change before it is made (`dryRun=All`), and it is made only while nobody else changed the service. What was
/// served before is written down in the service, so that `rollback` finds it.
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    #[command(flatten)]
    target: Target,
    /// Where the model's files are: `s3://models/churn/42`, `model-registry://churn/v3`
    #[arg(long, value_name = "URI")]
    storage_uri: String,
    /// The percentage of requests that the new model gets [default: all]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    canary: Option<u8>,
    /// The serving runtime, where another one is wanted than there is
    #[arg(long, value_name = "NAME")]
    runtime: Option<String>,
    /// A name for this rollout: the same one is made once [default: the files and the percentage]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Change nothing; print the change that the cluster would accept
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    waiting: Waiting,
}

/// Give all requests to the model that is tried out
#[derive(Debug, Args)]
pub(crate) struct Promote {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    waiting: Waiting,
}

/// Go back to what was served before the last rollout
#[derive(Debug, Args)]
pub(crate) struct Rollback {
    #[command(flatten)]
    target: Target,
    /// Only the rollout of this key, so that a second try goes back no further
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Also where somebody else changed the files since
    #[arg(long)]
    force: bool,
    /// Change nothing; print the change that the cluster would accept
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    waiting: Waiting,
}

/// A cluster and the service that is meant.
struct Meant<'a> {
    cluster: Cluster,
    namespace: String,
    target: &'a Target,
    world: &'a World,
    printer: &'a Printer,
}

impl<'a> Meant<'a> {
    fn new(target: &'a Target, world: &'a World, printer: &'a Printer) -> Result<Self, CliError> {
        let cluster = connect::cluster(world)?;
        let namespace = target.namespace.as_deref().or_else(|| cluster.namespace()).map(str::to_owned);
        let namespace = namespace.ok_or_else(|| CliError::input("the namespace is not known").hint("give it: `--namespace NAME`"))?;
        Ok(Self { cluster, namespace, target, world, printer })
    }

    fn document(&self, service: &InferenceService) -> ServiceDocument {
        let beside = service.canary_beside();
        let previous = match beside {
            Some(_) => service.storage_uri().map(str::to_owned),
            None => service.records().into_iter().find_map(|record| record.previous.map(|previous| previous.storage_uri)),
        };
        ServiceDocument {
            schema: SCHEMA,
            kind: "kubeflow-service",
            proofmark: env!("CARGO_PKG_VERSION"),
            service: self.target.service.clone(),
            namespace: self.namespace.clone(),
            storage_uri: beside.map(|(uri, _)| uri).or_else(|| service.storage_uri()).map(str::to_owned),
            canary: beside.map(|(_, percent)| percent).or_else(|| service.canary_percent()),
            changed: None,
            previous,
            patch: None,
            ready: None,
            reason: None,
        }
    }

    fn proposed(&self, proposal: &Proposal) -> Result<u8, CliError> {
        let mut document = self.document(&proposal.after);
        document.changed = Some(proposal.patch.is_some());
        document.previous = proposal.previous.as_ref().map(|previous| previous.storage_uri.clone());
        document.patch.clone_from(&proposal.patch);
        self.print(&document)
    }

    fn rolled(&self, rolled: &Rolled, waiting: &Waiting) -> Result<u8, CliError> {
        let mut document = self.document(&rolled.service);
        document.changed = Some(rolled.origin != Origin::Earlier);
        if let Some(previous) = &rolled.previous {
            document.previous = Some(previous.storage_uri.clone());
        }
        if waiting.wait {
            let patience = Patience { total: std::time::Duration::from_secs(waiting.timeout), pause: connect::pause(self.world) };
            let failed = follow_rollout(&self.cluster, rolled, &patience, &|line| self.printer.say(&terminal(line)))?;
            (document.ready, document.reason) = (Some(failed.is_none()), failed);
        }
        self.print(&document)
    }

    fn print(&self, document: &ServiceDocument) -> Result<u8, CliError> {
        match self.target.format {
            Form::Text => {
                let lines: String = told(document).iter().map(|line| terminal(line) + "\n").collect();
                self.printer.data(lines.as_bytes())?;
            }
            Form::Json => self.printer.data(proofmark_render::json(document)?.as_bytes())?,
        }
        Ok(if document.ready == Some(false) { exit::BLOCKED } else { exit::ALLOWED })
    }
}

pub(super) fn show(args: &Show, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let meant = Meant::new(&args.target, world, printer)?;
    let service = meant.cluster.service(&meant.namespace, &args.target.service)?;
    let mut document = meant.document(&service);
    document.ready = None;
    meant.print(&document)
}

pub(super) fn deploy(args: &Deploy, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let meant = Meant::new(&args.target, world, printer)?;
    let share = args.canary.map_or_else(|| "all".to_owned(), |percent| percent.to_string());
    let key = args.key.clone().unwrap_or_else(|| format!("{share} {}", args.storage_uri));
    let rollout = Rollout {
        namespace: meant.namespace.clone(),
        name: args.target.service.clone(),
        storage_uri: args.storage_uri.clone(),
        canary: args.canary,
        runtime: args.runtime.clone(),
        key,
        once: args.key.is_some(),
        evidence: std::collections::BTreeMap::new(),
    };
    if args.dry_run {
        return meant.proposed(&meant.cluster.try_deploy(&rollout)?);
    }
    meant.rolled(&meant.cluster.deploy(&rollout)?, &args.waiting)
}

pub(super) fn promote(args: &Promote, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let meant = Meant::new(&args.target, world, printer)?;
    meant.rolled(&meant.cluster.promote(&meant.namespace, &args.target.service)?, &args.waiting)
}

pub(super) fn rollback(args: &Rollback, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let meant = Meant::new(&args.target, world, printer)?;
    let undo = Undo { key: args.key.clone(), forced: args.force, order: None };
    if args.dry_run {
        return meant.proposed(&meant.cluster.try_rollback(&meant.namespace, &args.target.service, &undo).map_err(back)?);
    }
    meant.rolled(&meant.cluster.rollback(&meant.namespace, &args.target.service, &undo).map_err(back)?, &args.waiting)
}

/// What somebody else changed since can be overridden.
fn back(error: Error) -> CliError {
    let is_overtaken = error.is_overtaken();
    let told = CliError::from(error);
    if is_overtaken { told.hint("`--force` goes back all the same") } else { told }
}

fn told(document: &ServiceDocument) -> Vec<String> {
    let name = format!("{}/{}", document.namespace, document.service);
    let files = document.storage_uri.as_deref().unwrap_or("files that it does not name");
    let share =
        document.canary.filter(|percent| *percent != 100).map(|percent| format!(" ({percent} % of the requests)")).unwrap_or_default();
    let state = match (document.changed, document.ready, &document.patch) {
        (_, Some(true), _) => "answers with",
        (_, Some(false), _) => "does not answer with",
        (Some(true), None, Some(_)) => "would serve",
        (Some(true), None, None) => "was told to serve",
        (Some(false), ..) => "serves already",
        (None, ..) => "serves",
    };
    let mut lines = vec![format!("{name} {state} {files}{share}")];
    lines.extend(document.reason.clone().map(|reason| format!("  {reason}")));
    lines.extend(document.previous.as_ref().map(|previous| format!("  before: {previous}")));
    lines.extend(document.patch.as_ref().map(|patch| format!("  patch: {patch}")));
    lines
}
