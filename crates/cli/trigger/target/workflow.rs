//! A workflow of GitHub Actions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proofmark_core::event::Mark;
use proofmark_github::{Begun, Link, StartPatience, WorkflowRun, WorkflowStart};
use proofmark_render::escape::terminal;
use proofmark_trigger::target::{Origin, Receipt, Target, TargetError};
use proofmark_trigger::{Call, PastRun, RunState, StepResult};

use super::{host_of, link_to};
use crate::exit::CliError;
use crate::trigger::Now;

/// Runs of a workflow that are looked through for keys of ours.
const LOOKED_THROUGH: usize = 200;
/// Failed looks in a row after which nobody waits any more.
const MOST_FAILURES: u32 = 20;
/// The pauses between two looks, in seconds.
const PAUSES: (u64, u64) = (2, 30);

pub(super) struct Workflow<'a> {
    now: &'a Now<'a>,
}

/// The parts of a call that is for a workflow.
struct Wanted<'c> {
    repository: Option<&'c str>,
    file: &'c str,
    reference: Option<&'c str>,
    inputs: &'c std::collections::BTreeMap<String, String>,
    key_input: &'c str,
}

impl<'a> Workflow<'a> {
    pub(super) fn new(now: &'a Now<'a>) -> Self {
        Self { now }
    }

    fn run(&self, wanted: &Wanted<'_>, id: u64) -> Result<WorkflowRun, CliError> {
        // Each look has time of its own: a training takes longer than all that one way to the server may.
        let link = link_to(wanted.repository, self.now)?;
        Ok(link.block_on(link.client().workflow_run(id))?)
    }

    /// The newest runs that were asked for by name, and the way to them.
    fn runs(&self, wanted: &Wanted<'_>) -> Result<(Arc<Link>, Vec<WorkflowRun>), CliError> {
        let link = link_to(wanted.repository, self.now)?;
        let runs = link.block_on(link.client().workflow_runs(wanted.file, Some("workflow_dispatch"), LOOKED_THROUGH))?;
        Ok((link, runs))
    }

    fn reference(&self, wanted: &Wanted<'_>) -> Result<String, TargetError> {
        if let Some(told) = wanted.reference.or(self.now.source.event.default_branch.as_deref()) {
            return Ok(told.to_owned());
        }
        let link = link_to(wanted.repository, self.now)?;
        Ok(link.block_on(link.client().default_branch()).map_err(CliError::from)?)
    }
}

fn wanted(call: &Call) -> Result<Wanted<'_>, TargetError> {
    match call {
        Call::Workflow { repository, file, reference, inputs, key_input } => {
            Ok(Wanted { repository: repository.as_deref(), file, reference: reference.as_deref(), inputs, key_input })
        }
        _ => Err(TargetError::input("this is no workflow")),
    }
}

impl Target for Workflow<'_> {
    fn check(&self, call: &Call) -> Result<(), TargetError> {
        Ok(host_of(wanted(call)?.repository, self.now).map(drop)?)
    }

    fn start(&self, call: &Call, key: &str) -> Result<Receipt, TargetError> {
        let wanted = wanted(call)?;
        let mut inputs = wanted.inputs.clone();
        inputs.insert(wanted.key_input.to_owned(), key.to_owned());
        let start = WorkflowStart { workflow: wanted.file.to_owned(), reference: self.reference(&wanted)?, inputs, key: key.to_owned() };
        let link = link_to(wanted.repository, self.now)?;
        let started = link.block_on(link.client().start_workflow(&start, &patience(self.now))).map_err(told)?;
        let origin = match started.begun {
            Begun::New => Origin::New,
            Begun::FoundAgain => Origin::FoundAgain,
            Begun::Earlier => Origin::Earlier,
        };
        for twin in &started.twins {
            self.now.printer.say(&format!("run {twin} carries the same key and could not be cancelled"));
        }
        let run = started.run;
        Ok(Receipt {
            id: run.as_ref().map(|run| run.id.to_string()),
            can_wait: run.is_some(),
            result: run.as_ref().and_then(result_of),
            url: run.map(|run| run.url),
            ..Receipt::new(origin)
        })
    }

    fn wait(&self, call: &Call, receipt: &Receipt, seconds: Option<u64>) -> Result<StepResult, TargetError> {
        let wanted = wanted(call)?;
        let Some(id) = receipt.id.as_deref().and_then(|id| id.parse().ok()) else {
            return Err(TargetError::outside("GitHub did not tell which run it is, so that its end cannot be told"));
        };
        let end = seconds.and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)));
        let (mut pause, mut failures, mut shown) = (PAUSES.0, 0, String::new());
        loop {
            match self.run(&wanted, id) {
                Ok(run) => {
                    failures = 0;
                    if let Some(result) = result_of(&run) {
                        return Ok(result);
                    }
                    if run.status != shown {
                        self.now.printer.say(&format!("{} {}", terminal(wanted.file), terminal(&run.status)));
                        shown = run.status;
                    }
                }
                Err(error) if error.code != crate::exit::OUTSIDE || failures >= MOST_FAILURES => return Err(error.into()),
                Err(_) => failures += 1,
            }
            if end.is_some_and(|end| Instant::now() >= end) {
                let link = link_to(wanted.repository, self.now)?;
                link.block_on(link.client().cancel_run(id)).map_err(CliError::from)?;
                let conclusion = format!("took longer than {} s and was cancelled", seconds.unwrap_or_default());
                return Ok(StepResult { passed: false, conclusion, id: receipt.id.clone(), url: receipt.url.clone() });
            }
            std::thread::sleep(Duration::from_secs(pause));
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }

    fn past(&self, call: &Call) -> Result<Vec<PastRun>, TargetError> {
        let wanted = wanted(call)?;
        // Without a token nothing is started either; the rules can be tried all the same.
        if host_of(wanted.repository, self.now).is_err() {
            return Ok(Vec::new());
        }
        let (_, runs) = self.runs(&wanted)?;
        Ok(runs.iter().filter_map(past_run).collect())
    }

    fn stop(&self, call: &Call, key: &str) -> Result<(), TargetError> {
        let wanted = wanted(call)?;
        let (link, runs) = self.runs(&wanted)?;
        for run in runs.iter().filter(|run| run.carries(key) && !run.is_completed()) {
            link.block_on(link.client().cancel_run(run.id)).map_err(CliError::from)?;
        }
        Ok(())
    }
}

fn past_run(run: &WorkflowRun) -> Option<PastRun> {
    // What stands before it may be a branch that is called like another key.
    let mark = Mark::all(&run.title).last()?;
    let state = match result_of(run) {
        None => RunState::UnderWay,
        Some(result) if result.passed => RunState::Passed,
        Some(_) => RunState::Failed,
    };
    Some(PastRun { mark, started: run.created, state, place: run.url.clone() })
}

fn result_of(run: &WorkflowRun) -> Option<StepResult> {
    let conclusion = run.conclusion.clone().filter(|_| run.is_completed())?;
    let passed = matches!(conclusion.as_str(), "success" | "neutral");
    Some(StepResult { passed, conclusion, id: Some(run.id.to_string()), url: Some(run.url.clone()) })
}

/// Tests and impatient people can have it all quicker.
pub(super) fn patience(now: &Now<'_>) -> StartPatience {
    let usual = StartPatience::default();
    match now.world.var("PROOFMARK_SETTLING_MILLISECONDS").and_then(|text| text.parse().ok()) {
        Some(milliseconds) => {
            let settling = Duration::from_millis(milliseconds);
            StartPatience { pause: settling / 20, longest: settling / 4, settling, find: settling * 2, ..usual }
        }
        None => usual,
    }
}

/// A start whose outcome nobody knows is in doubt, and is told so.
pub(super) fn told(error: proofmark_github::GitHubError) -> TargetError {
    let is_doubtful = matches!(error, proofmark_github::GitHubError::Unknown { .. });
    let told = TargetError::from(CliError::from(error));
    if is_doubtful { TargetError { fault: proofmark_trigger::target::Fault::Doubt, ..told } } else { told }
}
