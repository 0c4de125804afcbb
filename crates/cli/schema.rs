//! `proofmark schema`: the JSON Schemas of the configuration and of every document that is printed.

use clap::{Args, ValueEnum};
use proofmark_core::config::Config;
use proofmark_core::event::{Drift, Event};
use proofmark_core::record::Record;
use proofmark_core::report::{ComparisonDocument, Report};
use proofmark_render::history::HistoryDocument;
use proofmark_trigger::journal::Entry;
use schemars::generate::SchemaSettings;

use crate::exit::{self, CliError};
use crate::jenkins::{BuildDocument, Capabilities, Request, StepResult};
use crate::kubeflow::{RunDocument, ServiceDocument};
use crate::plan::PlanDocument;
use crate::printer::Printer;
use crate::promote::Promotion;
use crate::trigger::TriggerDocument;

/// Print the JSON Schema of the configuration or of a document
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which
    #[arg(value_enum)]
    pub(crate) of: Document,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Document {
    /// proofmark.toml
    Config,
    /// What `compare --format json` prints
    Comparison,
    /// What `gate --format json` prints
    Report,
    /// What `log --format json` prints
    Log,
    /// What `plan --format json` prints
    Plan,
    /// What `promote --format json` prints
    Promotion,
    /// What `record` keeps
    Record,
    /// An event, as `trigger --format json` prints it and `trigger test` takes it
    Event,
    /// What a monitor found of a data set, as `trigger --report` takes it
    Drift,
    /// What `trigger --format json` prints
    Trigger,
    /// A line of the journal of triggers
    Journal,
    /// What `jenkins build --format json` prints
    JenkinsBuild,
    /// What `jenkins capabilities` prints
    JenkinsCapabilities,
    /// What `jenkins step` reads
    JenkinsRequest,
    /// What `jenkins step` writes as result.json
    JenkinsStep,
    /// What `kubeflow run --format json` prints
    KubeflowRun,
    /// What `kubeflow service`, `deploy`, `promote` and `rollback` print with `--format json`
    KubeflowService,
}

pub(crate) fn run(args: &Schema, printer: &Printer) -> Result<u8, CliError> {
    printer.data(text(args.of)?.as_bytes())?;
    Ok(exit::ALLOWED)
}

fn text(of: Document) -> Result<String, CliError> {
    let schema = match of {
        Document::Config => schemars::schema_for!(Config),
        Document::Comparison => printed::<ComparisonDocument>(),
        Document::Report => printed::<Report>(),
        Document::Log => printed::<HistoryDocument<'_>>(),
        Document::Plan => printed::<PlanDocument>(),
        Document::Promotion => printed::<Promotion>(),
        Document::Record => printed::<Record>(),
        Document::Event => schemars::schema_for!(Event),
        Document::Drift => schemars::schema_for!(Drift),
        Document::Trigger => printed::<TriggerDocument>(),
        Document::Journal => printed::<Entry>(),
        Document::JenkinsBuild => printed::<BuildDocument>(),
        Document::JenkinsCapabilities => printed::<Capabilities>(),
        Document::JenkinsRequest => schemars::schema_for!(Request),
        Document::JenkinsStep => printed::<StepResult>(),
        Document::KubeflowRun => printed::<RunDocument>(),
        Document::KubeflowService => printed::<ServiceDocument>(),
    };
    serde_json::to_string_pretty(&schema)
        .map(|text| text + "\n")
        .map_err(|error| CliError::input("cannot write the schema").because(&error))
}

/// The schema of what is written, where a field that is left out when empty is not required.
fn printed<T: schemars::JsonSchema>() -> schemars::Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}
