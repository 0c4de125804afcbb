//! Why a run failed: what the workflow says of its steps, and the end of their logs.
//!
//! It is asked for after the fact and must not spoil it: what cannot be had is left out, and a note says so.

mod workflow;

use proofmark_http::api::{Call, is_part};
use serde::Deserialize;

use super::client::{Pipelines, V1};
use super::run::{Run, State};
use super::wait::shown_tasks;

use self::workflow::{Failure, failures};

/// Steps whose failure is told.
const MOST_STEPS: usize = 5;
/// Steps whose log is read.
const MOST_LOGS: usize = 2;
/// Lines of a log that are shown.
const MOST_LINES: usize = 20;
/// Bytes of a log that are read, and of a workflow: the server gives them whole or not at all.
const LARGEST: usize = 32 << 20;

/// Why a run failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reason {
    /// What is said of the whole run.
    pub message: Option<String>,
    /// The steps that failed.
    pub steps: Vec<FailedStep>,
    /// What could not be had, and why: sentence fragments.
    pub notes: Vec<String>,
}

/// A step that failed. Its texts are one line each and without control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailedStep {
    /// The task's name in the pipeline.
    pub task: String,
    /// What is said of it.
    pub message: Option<String>,
    /// The last lines of its log.
    pub log: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct OldRun {
    #[serde(default)]
    pipeline_runtime: Runtime,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Runtime {
    workflow_manifest: String,
}

impl Reason {
    /// In one line: the first step and what is said of it, or what is said of the run.
    pub fn line(&self) -> Option<String> {
        let step = self.steps.first().map(|step| match &step.message {
            Some(message) => format!("`{}` failed: {message}", step.task),
            None => format!("`{}` failed", step.task),
        });
        step.or_else(|| self.message.clone())
    }
}

impl Pipelines {
    /// Why a run failed, as far as it can be told.
    pub fn reason(&self, run: &Run) -> Reason {
        self.renew_budget();
        let mut reason = Reason { message: run.error.as_deref().map(|error| self.api().clean(error)), ..Reason::default() };
        match self.workflow(run) {
            Ok(manifest) => match failures(&manifest) {
                Ok((message, failed)) => {
                    reason.message = message.map(|message| self.api().clean(&message)).or(reason.message);
                    self.add_steps(run, failed, &mut reason);
                }
                Err(why) => reason.notes.push(format!("the workflow of the run cannot be read: {}", self.api().clean(&why))),
            },
            Err(why) => reason.notes.push(format!("the workflow of the run cannot be had: {why}")),
        }
        if reason.steps.is_empty() {
            self.add_tasks(run, &mut reason);
        }
        reason
    }

    /// Only version 1 of the API gives it.
    fn workflow(&self, run: &Run) -> Result<String, String> {
        if !is_part(&run.id) {
            return Err("the run has no id".to_owned());
        }
        let call = Call::get("workflow", format!("{V1}/runs")).part(&run.id).limit(LARGEST);
        let answer: OldRun = self.get(&call).map_err(|error| error.to_string())?;
        match answer.pipeline_runtime.workflow_manifest {
            text if text.is_empty() => Err("the server does not give it".to_owned()),
            text => Ok(text),
        }
    }

    fn add_steps(&self, run: &Run, failed: Vec<Failure>, reason: &mut Reason) {
        let more = failed.len().saturating_sub(MOST_STEPS);
        for (index, failure) in failed.into_iter().take(MOST_STEPS).enumerate() {
            let log = match failure.pod.filter(|_| index < MOST_LOGS) {
                Some(node) => self.log(run, &node).unwrap_or_else(|why| {
                    reason.notes.push(format!("the log of `{}` cannot be had: {why}", self.api().clean(&failure.task)));
                    Vec::new()
                }),
                None => Vec::new(),
            };
            let message = failure.message.map(|message| self.api().clean(&message)).filter(|message| !message.is_empty());
            reason.steps.push(FailedStep { task: self.api().clean(&failure.task), message, log });
        }
        if more > 0 {
            reason.notes.push(format!("{more} more steps failed"));
        }
    }

    /// What newer servers say of tasks.
    fn add_tasks(&self, run: &Run, reason: &mut Reason) {
        let failed = shown_tasks(run).filter(|task| task.state == State::Failed);
        for task in failed.take(MOST_STEPS) {
            let message = task.error.as_deref().map(|error| self.api().clean(error));
            reason.steps.push(FailedStep { task: self.api().clean(&task.name), message, log: Vec::new() });
        }
    }

    /// The last lines of a pod's log. Errors come as a log that is JSON.
    fn log(&self, run: &Run, node: &str) -> Result<Vec<String>, String> {
        if !is_part(node) {
            return Err("the step has no pod".to_owned());
        }
        let call =
            Call::get("log", "/apis/v1alpha1/runs").part(&run.id).then("/nodes").part(node).then("/log").accept("*/*").limit(LARGEST);
        let answer = self.api().answer(&call).map_err(|error| crate::Error::from(error).to_string())?;
        let text = String::from_utf8_lossy(&answer.body);
        if let Some(why) = error_in(&text) {
            return Err(self.api().clean(&why));
        }
        if text.trim_start().starts_with("<!") || text.trim_start().starts_with("<html") {
            return Err("it is a page of HTML".to_owned());
        }
        // What is not shown need not be cleaned. A bar of progress writes over its line again and again.
        let written = |line: &str| line.rsplit('\r').find(|part| !part.trim().is_empty()).map(uncoloured).unwrap_or_default();
        let lines = text.lines().rev().map(|line| self.api().clean(&written(line)));
        let mut last: Vec<String> = lines.filter(|line| !line.is_empty()).take(MOST_LINES).collect();
        last.reverse();
        Ok(last)
    }
}

/// A line without the orders to a terminal that colour it.
fn uncoloured(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // Numbers, and the letter that ends them.
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit() || matches!(letter, ';' | '?'));
        out.push_str(rest.strip_prefix(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(rest));
    }
    out
}

/// What is wrong, where a log is the server's error and not a log.
fn error_in(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with('{') || text.len() > 64 << 10 {
        return None;
    }
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let fields = json.as_object()?;
    let is_error =
        fields.keys().all(|name| matches!(name.as_str(), "error_message" | "error_details" | "error" | "code" | "message" | "details"));
    let told = ["error_details", "error_message", "message", "error"].into_iter().find_map(|name| fields.get(name)?.as_str());
    told.filter(|_| is_error).map(str::to_owned)
}

#[cfg(test)]
mod tests;
