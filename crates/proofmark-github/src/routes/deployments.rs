//! The addresses of deployments and their statuses.

use serde_json::Value;

use super::PER_PAGE;
use crate::names::{RepoName, segment};
use crate::request::{Form, Method, Request};

/// The newest first.
pub(crate) fn list(repo: &RepoName, environment: &str, reference: &str) -> Request {
    let (environment, reference) = (segment(environment), segment(reference));
    Request::get(format!("/repos/{repo}/deployments?environment={environment}&ref={reference}&per_page={PER_PAGE}"))
}

/// An object in any case, but one with a number only where a deployment was made.
pub(crate) fn create(repo: &RepoName, deployment: Value) -> Request {
    Request::new(Method::Post, format!("/repos/{repo}/deployments")).with(deployment).answers(Form::Object)
}

/// The newest first.
pub(crate) fn statuses(repo: &RepoName, id: u64) -> Request {
    Request::get(format!("/repos/{repo}/deployments/{id}/statuses?per_page=1"))
}

pub(crate) fn create_status(repo: &RepoName, id: u64, status: Value) -> Request {
    Request::new(Method::Post, format!("/repos/{repo}/deployments/{id}/statuses")).with(status)
}
