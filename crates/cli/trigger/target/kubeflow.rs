//! A run of Kubeflow Pipelines.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use proofmark_core::event::Mark;
use proofmark_kubeflow::pipelines::{self, Pipelines, Run, Submission};
use proofmark_kubeflow::spec::Spec;
use proofmark_render::escape::terminal;
use proofmark_trigger::target::{Origin, Receipt, Target, TargetError};
use proofmark_trigger::{Call, PastRun, RunState, StepResult};
use serde_json::Value;

use super::command::root;
use super::of_kubeflow;
use crate::kubeflow::follow::follow;
use crate::kubeflow::{connect, start};
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
        let opened = connect::pipelines(wanted.host, wanted.namespace, self.now.world)?;
        Ok(self.pipelines.get_or_init(|| opened))
    }

    /// The compiled pipeline of this checkout.
    fn file(&self, wanted: &Wanted<'_>) -> Result<Option<Spec>, TargetError> {
        let Some(name) = wanted.file else { return Ok(None) };
        let bad = |why: &str| TargetError::input(format!("the pipeline's file `{name}` {why}"));
        let canonical = |path: PathBuf| std::fs::canonicalize(&path).map_err(|error| bad(&format!("cannot be read: {error}")));
        let root = canonical(root(self.now)?)?;
        let path = canonical(root.join(name))?;
        // A link of the change could lead to whatever this machine has.
        if !path.starts_with(&root) {
            return Err(bad("lies outside of the checkout"));
        }
        Ok(Some(start::compiled(&path, name)?))
    }

    fn submission(&self, pipelines: &Pipelines, wanted: &Wanted<'_>, key: &str) -> Result<Submission, TargetError> {
        let started = start::Wanted {
            pipeline: wanted.pipeline,
            version: wanted.version,
            spec: self.file(wanted)?,
            experiment: wanted.experiment,
            parameters: wanted.parameters,
            name: wanted.name,
            service_account: wanted.service_account,
            cache: wanted.cache,
            commit: self.now.source.event.head.commit.as_deref(),
        };
        Ok(start::submission(pipelines, &started, key, &|line| self.say(line))?)
    }

    fn say(&self, line: &str) {
        self.now.printer.say(&terminal(line));
    }
}

impl Target for Kubeflow<'_> {
    fn check(&self, call: &Call) -> Result<(), TargetError> {
        let wanted = wanted(call)?;
        self.pipelines(&wanted)?;
        // Before anything is sent: what a compiled pipeline does not take, no server will.
        match self.file(&wanted)? {
            Some(spec) => Ok(start::typed(&spec, wanted.parameters).map(drop)?),
            None => Ok(()),
        }
    }

    fn start(&self, call: &Call, key: &str) -> Result<Receipt, TargetError> {
        let wanted = wanted(call)?;
        let pipelines = self.pipelines(&wanted)?;
        let submission = self.submission(pipelines, &wanted, key)?;
        let started = pipelines.start_at(&submission, &connect::pace(self.now.world)).map_err(of_kubeflow)?;
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
        let followed = follow(pipelines, id, seconds, &connect::pace(self.now.world), &|line| self.say(line)).map_err(of_kubeflow)?;
        let (id, url) = (Some(id.to_owned()), receipt.url.clone());
        Ok(StepResult { passed: followed.passed, conclusion: followed.conclusion, id, url })
    }

    fn past(&self, call: &Call) -> Result<Vec<PastRun>, TargetError> {
        let wanted = wanted(call)?;
        // Without an address nothing is started either; the rules can be tried all the same.
        if wanted.host.is_none() && self.now.world.var(connect::ENDPOINT).is_none() {
            return Ok(Vec::new());
        }
        let runs = self.pipelines(&wanted)?.runs_like(KEYS).map_err(of_kubeflow)?;
        Ok(runs.iter().filter_map(past_run).collect())
    }

    fn stop(&self, call: &Call, key: &str) -> Result<(), TargetError> {
        let wanted = wanted(call)?;
        let pipelines = self.pipelines(&wanted)?;
        for run in pipelines.with_key(key).map_err(of_kubeflow)?.iter().filter(|run| !run.state.is_final()) {
            pipelines.terminate(&run.id).map_err(of_kubeflow)?;
        }
        Ok(())
    }
}

/// A run that carries a key: in brackets, and last. What stands before it may be a branch that is called like another key.
fn past_run(run: &Run) -> Option<PastRun> {
    let (_, last) = run.name.strip_suffix(']')?.rsplit_once('[')?;
    let mark = Mark::parse(last)?;
    let state = match run.state {
        state if !state.is_final() => RunState::UnderWay,
        state if state.passed() => RunState::Passed,
        _ => RunState::Failed,
    };
    let started = run.created.and_then(|time| u64::try_from(time / 1000).ok()).unwrap_or_default();
    Some(PastRun { mark, started, state, place: format!("Kubeflow run {}", run.id) })
}
