//! A run of Kubeflow Pipelines.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use proofmark_core::event::Mark;
use proofmark_kubeflow::pipelines::{self, Pace, Pipelines, Run, Source, Submission, Upload};
use proofmark_kubeflow::spec::{Kind, Spec, parse_text};
use proofmark_kubeflow::{Access, Error};
use proofmark_render::escape::terminal;
use proofmark_trigger::target::{Fault, Origin, Receipt, Target, TargetError};
use proofmark_trigger::{Call, PastRun, RunState, StepResult};
use serde_json::Value;

use super::command::root;
use crate::exit::CliError;
use crate::network;
use crate::trigger::Now;

/// What all keys of ours begin with.
const KEYS: &str = "pm1-";

pub(super) struct Kubeflow<'a> {
    now: &'a Now<'a>,
    pipelines: OnceCell<Pipelines>,
}

/// The parts of a call that is for Pipelines.
struct Wanted<'c> {
    host: Option<&'c str>,
    namespace: Option<&'c str>,
    pipeline: Option<&'c str>,
    version: Option<&'c str>,
    file: Option<&'c str>,
    experiment: Option<&'c str>,
    parameters: &'c BTreeMap<String, Value>,
    name: Option<&'c str>,
    service_account: Option<&'c str>,
    cache: Option<bool>,
}

fn wanted(call: &Call) -> Result<Wanted<'_>, TargetError> {
    match call {
        Call::Kubeflow { host, namespace, pipeline, version, file, experiment, parameters, name, service_account, cache } => Ok(Wanted {
            host: host.as_deref(),
            namespace: namespace.as_deref(),
            pipeline: pipeline.as_deref(),
            version: version.as_deref(),
            file: file.as_deref(),
            experiment: experiment.as_deref(),
            parameters,
            name: name.as_deref(),
            service_account: service_account.as_deref(),
            cache: *cache,
        }),
        _ => Err(TargetError::input("this is no run of Kubeflow Pipelines")),
    }
}

impl<'a> Kubeflow<'a> {
    pub(super) fn new(now: &'a Now<'a>) -> Self {
        Self { now, pipelines: OnceCell::new() }
    }

    fn pipelines(&self, wanted: &Wanted<'_>) -> Result<&Pipelines, TargetError> {
        if let Some(known) = self.pipelines.get() {
            return Ok(known);
        }
        let world = self.now.world;
        let host = wanted.host.or_else(|| world.var("KF_PIPELINES_ENDPOINT")).ok_or_else(|| {
            TargetError::input("the address of Kubeflow Pipelines is not known").hint("set KF_PIPELINES_ENDPOINT, or `host` in the trigger")
        })?;
        let access = Access::from_environment(host, &|name| world.var(name).map(str::to_owned), network::terms(world)).map_err(told)?;
        let opened = Pipelines::open(&access, wanted.namespace.or_else(|| world.var("KF_PIPELINES_NAMESPACE"))).map_err(told)?;
        Ok(self.pipelines.get_or_init(|| opened))
    }

    /// The compiled pipeline of this checkout.
    fn file(&self, wanted: &Wanted<'_>) -> Result<Option<Spec>, TargetError> {
        let Some(name) = wanted.file else { return Ok(None) };
        let bad = |why: &str| TargetError::input(format!("the pipeline's file `{name}` {why}"));
        let root = root(self.now)?;
        let canonical = |path: PathBuf| std::fs::canonicalize(&path).map_err(|error| bad(&format!("cannot be read: {error}")));
        let (root, path) = (canonical(root.clone())?, canonical(root.join(name))?);
        // A link of the change could lead to whatever this machine has.
        if !path.starts_with(&root) {
            return Err(bad("lies outside of the checkout"));
        }
        let bytes = std::fs::read(&path).map_err(|error| bad(&format!("cannot be read: {error}")))?;
        Spec::parse(&bytes).map(Some).map_err(|error| bad(&format!("is no compiled pipeline: {error}")))
    }

    /// What a run is a run of: uploaded where that is asked for.
    fn source(&self, pipelines: &Pipelines, wanted: &Wanted<'_>) -> Result<Source, TargetError> {
        let pipeline = match (wanted.pipeline, wanted.version, self.file(wanted)?) {
            (Some(pipeline), Some(version), Some(spec)) => return self.uploaded(pipelines, pipeline, version, &spec),
            (_, None, Some(spec)) => return Ok(Source::Spec(Box::new(spec))),
            (Some(pipeline), _, None) => pipeline,
            (None, ..) => return Err(TargetError::input("neither a pipeline nor a file is named")),
        };
        let missing = |what: String| TargetError::input(what).hint("names are case-sensitive, and each namespace has pipelines of its own");
        let found = pipelines.pipeline(pipeline).map_err(told)?;
        let found = found.ok_or_else(|| missing(format!("there is no pipeline `{pipeline}` at {}", pipelines.title())))?;
        let version = match wanted.version {
            Some(name) => pipelines.version(&found, name).map_err(told)?,
            None => pipelines.newest_version(&found).map_err(told)?,
        };
        let named = wanted.version.unwrap_or("of any name");
        Ok(Source::Version(version.ok_or_else(|| missing(format!("the pipeline `{pipeline}` has no version `{named}`")))?))
    }

    fn uploaded(&self, pipelines: &Pipelines, pipeline: &str, version: &str, spec: &Spec) -> Result<Source, TargetError> {
        let commit = self.now.source.event.head.commit.as_deref().map(|commit| format!("of the commit {commit}"));
        let upload = Upload { pipeline, version, spec, description: commit.as_deref(), source: None };
        let uploaded = pipelines.upload(&upload).map_err(told)?;
        if !uploaded.was_there {
            self.say(&format!("uploaded as version {version} of {pipeline}"));
        }
        Ok(Source::Version(uploaded.version))
    }

    fn submission(&self, pipelines: &Pipelines, wanted: &Wanted<'_>, key: &str) -> Result<Submission, TargetError> {
        let source = self.source(pipelines, wanted)?;
        let (name, parameters) = match &source {
            Source::Spec(spec) => (spec.name.clone(), typed(spec, wanted.parameters).map_err(told)?),
            Source::Version(version) => {
                let spec = pipelines.spec_of(version).map_err(told)?;
                (wanted.pipeline.unwrap_or(&spec.name).to_owned(), typed(&spec, wanted.parameters).map_err(told)?)
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

    fn say(&self, line: &str) {
        self.now.printer.say(&terminal(line));
    }

    /// Tests and impatient people can have it all quicker.
    fn pace(&self) -> Pace {
        let usual = Pace::default();
        match self.now.world.var("PROOFMARK_SETTLING_MILLISECONDS").and_then(|text| text.parse().ok()) {
            Some(milliseconds) => {
                let settling = Duration::from_millis(milliseconds);
                Pace { shortest: settling / 20, longest: settling / 4, settling, ..usual }
            }
            None => usual,
        }
    }
}

impl Target for Kubeflow<'_> {
    fn check(&self, call: &Call) -> Result<(), TargetError> {
        let wanted = wanted(call)?;
        self.pipelines(&wanted)?;
        // Before anything is sent: what a compiled pipeline does not take, no server will.
        match self.file(&wanted)? {
            Some(spec) => typed(&spec, wanted.parameters).map(drop).map_err(told),
            None => Ok(()),
        }
    }

    fn start(&self, call: &Call, key: &str) -> Result<Receipt, TargetError> {
        let wanted = wanted(call)?;
        let pipelines = self.pipelines(&wanted)?;
        let submission = self.submission(pipelines, &wanted, key)?;
        let started = pipelines.start_at(&submission, &self.pace()).map_err(told)?;
        started.notes.iter().for_each(|note| self.say(note));
        let origin = match started.origin {
            pipelines::Origin::New => Origin::New,
            pipelines::Origin::FoundAgain => Origin::FoundAgain,
            pipelines::Origin::Earlier => Origin::Earlier,
        };
        Ok(Receipt { id: Some(started.run_id), url: started.url, ..Receipt::new(origin) })
    }

    fn wait(&self, call: &Call, receipt: &Receipt, seconds: Option<u64>) -> Result<StepResult, TargetError> {
        let wanted = wanted(call)?;
        let pipelines = self.pipelines(&wanted)?;
        let id = receipt.id.as_deref().ok_or_else(|| TargetError::input("nothing was started that could be waited for"))?;
        let limit = seconds.map(Duration::from_secs);
        let ended = pipelines.wait(id, limit, &self.pace(), &mut |progress| self.say(&format!("  {progress}"))).map_err(told)?;
        if !ended.cached.is_empty() {
            self.say(&format!("results of earlier runs were taken for: {}", ended.cached.join(", ")));
        }
        let mut conclusion = ended.outcome.to_string();
        if !ended.outcome.passed() {
            let reason = pipelines.reason(&ended.run);
            for step in &reason.steps {
                self.say(&format!("{} failed: {}", step.task, step.message.as_deref().unwrap_or("no reason is told")));
                step.log.iter().for_each(|line| self.say(&format!("    {line}")));
            }
            reason.notes.iter().for_each(|note| self.say(note));
            conclusion = reason.line().map_or_else(|| conclusion.clone(), |line| format!("{conclusion}: {line}"));
        }
        Ok(StepResult { passed: ended.outcome.passed(), conclusion, id: Some(id.to_owned()), url: receipt.url.clone() })
    }

    fn past(&self, call: &Call) -> Result<Vec<PastRun>, TargetError> {
        let wanted = wanted(call)?;
        // Without an address nothing is started either; the rules can be tried all the same.
        if wanted.host.is_none() && self.now.world.var("KF_PIPELINES_ENDPOINT").is_none() {
            return Ok(Vec::new());
        }
        let runs = self.pipelines(&wanted)?.runs_like(KEYS).map_err(told)?;
        Ok(runs.iter().filter_map(past_run).collect())
    }

    fn stop(&self, call: &Call, key: &str) -> Result<(), TargetError> {
        let wanted = wanted(call)?;
        let pipelines = self.pipelines(&wanted)?;
        for run in pipelines.with_key(key).map_err(told)?.iter().filter(|run| !run.state.is_final()) {
            pipelines.terminate(&run.id).map_err(told)?;
        }
        Ok(())
    }
}

/// Values by the pipeline's types, checked: what comes from an event is text, and `500` may be meant as a number.
fn typed(spec: &Spec, given: &BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, Error> {
    let value = |(name, value): (&String, &Value)| {
        let kind = spec.parameter(name).map(|parameter| &parameter.kind).filter(|kind| **kind != Kind::String);
        let parsed = kind.zip(value.as_str()).and_then(|(kind, text)| parse_text(kind, text).ok());
        (name.clone(), parsed.unwrap_or_else(|| value.clone()))
    };
    Ok(spec.check(&given.iter().map(value).collect())?)
}

/// A run that carries a key.
fn past_run(run: &Run) -> Option<PastRun> {
    let mark = Mark::find(&run.name)?;
    let state = match run.state {
        state if !state.is_final() => RunState::UnderWay,
        state if state.passed() => RunState::Passed,
        _ => RunState::Failed,
    };
    let started = run.created.and_then(|time| u64::try_from(time / 1000).ok()).unwrap_or_default();
    Some(PastRun { mark, started, state, place: format!("Kubeflow run {}", run.id) })
}

fn told(error: Error) -> TargetError {
    let is_doubtful = matches!(error, Error::Doubt { .. });
    let told = TargetError::from(CliError::from(error));
    if is_doubtful { TargetError { fault: Fault::Doubt, ..told } } else { told }
}
