//! `proofmark kubeflow run`: starts a run, and waits for it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use proofmark_kubeflow::pipelines::Origin;
use proofmark_render::escape::terminal;
use serde_json::Value;

use super::document::{RunDocument, SCHEMA};
use super::follow::follow;
use super::start::{Wanted, compiled, submission, typed};
use super::{Server, connect};
use crate::exit::{self, CliError};
use crate::printer::Printer;
use crate::world::World;

/// Start a run, and wait for it
///
/// Parameters are checked against the types of the compiled pipeline before anything is sent: of a file without any server, else
/// against what the server has. A start with a key is made once, whatever answers are lost: the run carries the key in its name.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Run {
    /// The compiled pipeline; it is sent with the run, or with --pipeline and --version uploaded first
    #[arg(required_unless_present = "pipeline")]
    file: Option<PathBuf>,
    /// The pipeline's name at the server
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// The name of its version [default: the newest]
    #[arg(long = "version", value_name = "NAME", requires = "pipeline")]
    version: Option<String>,
    /// A parameter of the pipeline; may be repeated. Lists and mappings are JSON
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// The experiment, which is made where there is none [default: the server's]
    #[arg(long, value_name = "NAME")]
    experiment: Option<String>,
    /// What the run is called, before its key [default: the pipeline's name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A name for this start: where a run has it already, that is taken, and nothing is started [default: one that nobody has]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The service account of the run's pods
    #[arg(long, value_name = "NAME")]
    service_account: Option<String>,
    /// Run every task anew, whatever the pipeline says of caching
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    server: Server,
    /// Wait until it has ended; the exit code is 1 unless it succeeded
    #[arg(long)]
    wait: bool,
    /// With --wait: seconds that it may take; then it is stopped
    #[arg(long, value_name = "SECONDS", requires = "wait")]
    timeout: Option<u64>,
    /// Start nothing; check the parameters, and print what would be started
    #[arg(long)]
    dry_run: bool,
    /// The form of what is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Text)]
    format: Form,
}

/// The forms of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people
    Text,
    /// For programs
    Json,
}

/// A name and a value.
pub(super) fn parameter(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("it is NAME=VALUE")?;
    if name.is_empty() { Err("the name before `=` is missing") } else { Ok((name.to_owned(), value.to_owned())) }
}

/// As a map; of two values for one name the last one counts.
pub(super) fn pairs(given: &[(String, String)]) -> BTreeMap<String, Value> {
    given.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect()
}

pub(super) fn run(args: &Run, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let say = |line: &str| printer.say(&terminal(line));
    let parameters = pairs(&args.parameters);
    let spec = match &args.file {
        Some(file) => Some(compiled(&world.folder.join(file), &file.display().to_string())?),
        None => None,
    };
    if let Some(spec) = &spec {
        typed(spec, &parameters)?;
    }
    let wanted = Wanted {
        pipeline: args.pipeline.as_deref(),
        version: args.version.as_deref(),
        spec,
        experiment: args.experiment.as_deref(),
        parameters: &parameters,
        name: args.name.as_deref(),
        service_account: args.service_account.as_deref(),
        cache: args.no_cache.then_some(false),
        commit: None,
    };
    if args.dry_run && wanted.spec.is_some() {
        return dry(args, printer);
    }
    let pipelines = connect::pipelines(args.server.host.as_deref(), args.server.namespace.as_deref(), world)?;
    let key = args.key.clone().unwrap_or_else(|| format!("hand-{:016x}", world.random()));
    let submission = submission(&pipelines, &wanted, &key, &say)?;
    if args.dry_run {
        return dry(args, printer);
    }
    let pace = connect::pace(world);
    let started = pipelines.start_at(&submission, &pace)?;
    started.notes.iter().for_each(|note| say(note));
    let origin = match started.origin {
        Origin::New => "new",
        Origin::FoundAgain => "found-again",
        Origin::Earlier => "earlier",
    };
    let mut document = RunDocument {
        schema: SCHEMA,
        kind: "kubeflow-run",
        proofmark: env!("CARGO_PKG_VERSION"),
        run: Some(started.run_id.clone()),
        key: Some(key),
        origin,
        url: started.url,
        state: Some(started.state.name()),
        conclusion: None,
        passed: None,
        cached: Vec::new(),
    };
    if args.wait {
        say(&format!("run {} ({origin}){}", started.run_id, document.url.as_ref().map(|url| format!(": {url}")).unwrap_or_default()));
        let followed = follow(&pipelines, &started.run_id, args.timeout, &pace, &say)?;
        document.state = Some(followed.state.name());
        (document.conclusion, document.passed, document.cached) = (Some(followed.conclusion), Some(followed.passed), followed.cached);
    }
    match args.format {
        Form::Text => printer.data(told(&document, &started.run_id).as_bytes())?,
        Form::Json => printer.data(proofmark_render::json(&document)?.as_bytes())?,
    }
    Ok(if document.passed == Some(false) { exit::BLOCKED } else { exit::ALLOWED })
}

fn dry(args: &Run, printer: &Printer) -> Result<u8, CliError> {
    if args.format == Form::Json {
        let document = RunDocument {
            schema: SCHEMA,
            kind: "kubeflow-run",
            proofmark: env!("CARGO_PKG_VERSION"),
            run: None,
            key: args.key.clone(),
            origin: "none",
            url: None,
            state: None,
            conclusion: None,
            passed: None,
            cached: Vec::new(),
        };
        printer.data(proofmark_render::json(&document)?.as_bytes())?;
        return Ok(exit::ALLOWED);
    }
    let what = args.pipeline.clone().or_else(|| args.file.as_ref().map(|file| file.display().to_string())).unwrap_or_default();
    let given: String = args.parameters.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    printer.data((terminal(&format!("{what}: the parameters fit, and nothing was started:{given}")) + "\n").as_bytes())?;
    Ok(exit::ALLOWED)
}

fn told(document: &RunDocument, id: &str) -> String {
    let place = document.url.as_ref().map(|url| format!("\n  {url}")).unwrap_or_default();
    let end = document.conclusion.as_deref().unwrap_or(match document.origin {
        "earlier" => "was started before with this key",
        _ => "was started",
    });
    document_line(&format!("run {id} {end}")) + &document_line(place.trim_start_matches('\n'))
}

fn document_line(line: &str) -> String {
    if line.is_empty() { String::new() } else { terminal(line) + "\n" }
}
