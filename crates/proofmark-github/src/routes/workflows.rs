//! The addresses of workflows and their runs.

use serde_json::Value;

use super::PER_PAGE;
use crate::names::{RepoName, segment};
use crate::request::{Form, Method, Request};

/// Starts a workflow. What is answered depends on the server's age: an object, or nothing.
pub(crate) fn start(repo: &RepoName, workflow: &str, body: Value) -> Request {
    let path = format!("/repos/{repo}/actions/workflows/{}/dispatches", segment(workflow));
    Request::new(Method::Post, path).with(body).answers(Form::Anything)
}

/// The runs of a workflow, the newest first.
pub(crate) fn runs(repo: &RepoName, workflow: &str, event: Option<&str>, most: usize) -> Request {
    let (workflow, rows) = (segment(workflow), most.clamp(1, PER_PAGE as usize));
    let event = event.map(|event| format!("event={}&", segment(event))).unwrap_or_default();
    Request::get(format!("/repos/{repo}/actions/workflows/{workflow}/runs?{event}exclude_pull_requests=true&per_page={rows}"))
}

pub(crate) fn run(repo: &RepoName, id: u64) -> Request {
    Request::get(format!("/repos/{repo}/actions/runs/{id}"))
}

/// The jobs of a run's latest attempt.
pub(crate) fn jobs(repo: &RepoName, run: u64) -> Request {
    Request::get(format!("/repos/{repo}/actions/runs/{run}/jobs?per_page={PER_PAGE}"))
}

/// A run that is cancelled twice is cancelled once.
pub(crate) fn cancel(repo: &RepoName, run: u64) -> Request {
    Request::new(Method::Post, format!("/repos/{repo}/actions/runs/{run}/cancel")).idempotent().answers(Form::Anything)
}
