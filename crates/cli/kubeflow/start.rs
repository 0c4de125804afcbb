//! What is started: a version that the server has, one that is uploaded first, or a compiled pipeline that goes with the run.

use std::collections::BTreeMap;
use std::path::Path;

use proofmark_kubeflow::pipelines::{Pipelines, Source, Submission, Upload};
use proofmark_kubeflow::spec::{Kind, Spec, parse_text};
use serde_json::Value;

use crate::exit::CliError;

/// What is to be started, as it was typed.
pub(crate) struct Wanted<'w> {
    pub(crate) pipeline: Option<&'w str>,
    pub(crate) version: Option<&'w str>,
    /// The compiled pipeline, where there is a file.
    pub(crate) spec: Option<Spec>,
    pub(crate) experiment: Option<&'w str>,
    pub(crate) parameters: &'w BTreeMap<String, Value>,
    /// What the run is called, before its key; as the pipeline when absent.
    pub(crate) name: Option<&'w str>,
    pub(crate) service_account: Option<&'w str>,
    pub(crate) cache: Option<bool>,
    /// The commit that an uploaded version is of.
    pub(crate) commit: Option<&'w str>,
}

/// A compiled pipeline; `name` is what messages call the file.
pub(crate) fn compiled(path: &Path, name: &str) -> Result<Spec, CliError> {
    let bad = |why: String| CliError::input(format!("the pipeline's file `{name}` {why}"));
    let bytes = std::fs::read(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
    let spec = Spec::parse(&bytes).map_err(|error| bad(format!("is no compiled pipeline: {error}")))?;
    spec.check_form()?;
    Ok(spec)
}

/// Values by the pipeline's types, checked: what comes from an event or a command line is text, and `500` may be meant as a number.
pub(crate) fn typed(spec: &Spec, given: &BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, CliError> {
    let value = |(name, value): (&String, &Value)| {
        let kind = spec.parameter(name).map(|parameter| &parameter.kind).filter(|kind| **kind != Kind::String);
        let parsed = kind.zip(value.as_str()).and_then(|(kind, text)| parse_text(kind, text).ok());
        (name.clone(), parsed.unwrap_or_else(|| value.clone()))
    };
    Ok(spec.check(&given.iter().map(value).collect()).map_err(proofmark_kubeflow::Error::from)?)
}

/// What is sent, with every parameter checked.
pub(crate) fn submission(pipelines: &Pipelines, wanted: &Wanted<'_>, key: &str, say: &dyn Fn(&str)) -> Result<Submission, CliError> {
    let source = source(pipelines, wanted, say)?;
    let (name, parameters) = match &source {
        Source::Spec(spec) => (spec.name.clone(), typed(spec, wanted.parameters)?),
        Source::Version(version) => {
            let spec = pipelines.spec_of(version)?;
            (wanted.pipeline.unwrap_or(&spec.name).to_owned(), typed(&spec, wanted.parameters)?)
        }
    };
    Ok(Submission {
        experiment: wanted.experiment.map(str::to_owned),
        parameters,
        service_account: wanted.service_account.map(str::to_owned),
        caching: wanted.cache,
        ..Submission::new(source, wanted.name.map_or(name, str::to_owned), key)
    })
}

fn source(pipelines: &Pipelines, wanted: &Wanted<'_>, say: &dyn Fn(&str)) -> Result<Source, CliError> {
    let pipeline = match (wanted.pipeline, wanted.version, &wanted.spec) {
        (Some(pipeline), Some(version), Some(spec)) => {
            // Nothing that the parameters do not fit is uploaded.
            typed(spec, wanted.parameters)?;
            return uploaded(pipelines, pipeline, version, spec, wanted.commit, say);
        }
        (_, None, Some(spec)) => return Ok(Source::Spec(Box::new(spec.clone()))),
        (Some(pipeline), _, None) => pipeline,
        (None, ..) => return Err(CliError::input("neither a pipeline nor a file is named")),
    };
    let missing = |what: String| CliError::input(what).hint("names are case-sensitive, and each namespace has pipelines of its own");
    let found = pipelines.pipeline(pipeline)?;
    let found = found.ok_or_else(|| missing(format!("there is no pipeline `{pipeline}` at {}", pipelines.title())))?;
    let version = match wanted.version {
        Some(name) => pipelines.version(&found, name)?.ok_or_else(|| missing(format!("the pipeline `{pipeline}` has no version `{name}`"))),
        None => pipelines.newest_version(&found)?.ok_or_else(|| missing(format!("the pipeline `{pipeline}` has no version"))),
    };
    Ok(Source::Version(version?))
}

fn uploaded(
    pipelines: &Pipelines,
    pipeline: &str,
    version: &str,
    spec: &Spec,
    commit: Option<&str>,
    say: &dyn Fn(&str),
) -> Result<Source, CliError> {
    let description = commit.map(|commit| format!("of the commit {commit}"));
    let upload = Upload { pipeline, version, spec, description: description.as_deref(), source: None };
    let uploaded = pipelines.upload(&upload)?;
    if !uploaded.was_there {
        say(&format!("uploaded as version {version} of {pipeline}"));
    }
    Ok(Source::Version(uploaded.version))
}
