//! The dry run's end of the wire: nothing is sent; what would be sent is kept.

use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use proofmark_http::Answer;
use serde_json::{Value, json};

use crate::request::{Method, Request};

/// Answers as a repository would in which nothing was posted yet.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    written: Mutex<Vec<Request>>,
}

impl Recorder {
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let path = request.path.as_deref().unwrap_or_default();
        let (status, body) = match request.method {
            Method::Get => (200, nothing_there(path.split('?').next().unwrap_or(path))),
            Method::Delete => (204, Value::Null),
            Method::Post | Method::Patch => {
                self.written.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
                (if path.ends_with("/dispatches") { 204 } else { 201 }, json!({"id": 0, "node_id": "", "html_url": "", "data": {}}))
            }
        };
        let body = if body.is_null() || status == 204 { Vec::new() } else { body.to_string().into_bytes() };
        Answer { status, headers: HeaderMap::new(), body }
    }

    pub(crate) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Lists are empty, nobody may do anything, and what is asked for by its number has no more than that.
fn nothing_there(path: &str) -> Value {
    let segments: Vec<&str> = path.split('/').skip(4).collect();
    let number = |text: &str| text.parse::<u64>().unwrap_or_default();
    match segments.as_slice() {
        [.., "check-runs"] => json!({"total_count": 0, "check_runs": []}),
        ["actions", "workflows", _, "runs"] => json!({"total_count": 0, "workflow_runs": []}),
        ["actions", "runs", _, "jobs"] => json!({"total_count": 0, "jobs": []}),
        ["actions", "runs", id] => json!({"id": number(id), "status": "completed"}),
        ["collaborators", _, "permission"] => json!({"permission": "none", "role_name": "none"}),
        ["issues", "comments", id] => json!({"id": number(id), "body": ""}),
        _ => json!([]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_is_empty_in_its_own_form() {
        for (path, form) in [
            ("/repos/a/b/commits/c/check-runs", "check_runs"),
            ("/repos/a/b/actions/workflows/x.yml/runs", "workflow_runs"),
            ("/repos/a/b/actions/runs/7/jobs", "jobs"),
            ("/repos/a/b/actions/runs/7", "id"),
            ("/repos/check-runs/jobs/issues/7/comments", ""),
        ] {
            let answer = nothing_there(path);
            assert_eq!(answer.get(form).is_some(), !form.is_empty(), "{path}");
        }
    }
}
