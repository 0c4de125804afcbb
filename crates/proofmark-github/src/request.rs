//! A request, before anybody sends it: what `--dry-run` prints and the client carries out.

use serde::Serialize;
use serde_json::Value;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names of the methods say it")]
pub enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

/// The form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// GitHub's JSON.
    Json,
    /// A file's bytes as they are.
    Raw,
    /// Whatever is there: a zip file.
    Any,
}

/// A request to GitHub's API.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What is asked for.
    pub method: Method,
    /// The address below that of the API, or a whole one for the next page; `None` is GraphQL.
    pub path: Option<String>,
    /// The body.
    pub body: Option<Value>,
    /// The form of the answer.
    pub accept: Accept,
    /// Bytes of the answer that are read at most.
    pub limit: usize,
    /// Whether a second time changes nothing: always so for `GET` and `DELETE`.
    pub idempotent: bool,
}

/// Enough for a page of a hundred comments of the greatest length, in JSON.
const USUAL_LIMIT: usize = 48 << 20;

impl Request {
    pub(crate) fn new(method: Method, path: String) -> Self {
        let idempotent = matches!(method, Method::Get | Method::Delete);
        Self { method, path: Some(path), body: None, accept: Accept::Json, limit: USUAL_LIMIT, idempotent }
    }

    pub(crate) fn get(path: String) -> Self {
        Self::new(Method::Get, path)
    }

    pub(crate) fn with(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    pub(crate) fn accept(mut self, accept: Accept) -> Self {
        self.accept = accept;
        self
    }

    pub(crate) fn at_most(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// A second time sets the same values once more.
    pub(crate) fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    pub(crate) fn graphql(query: &str, variables: Value) -> Self {
        let body = serde_json::json!({"query": query, "variables": variables});
        Self { path: None, ..Self::new(Method::Post, String::new()).with(body) }
    }

    /// What was tried, for messages: `GET /repos/o/r/pulls/7`.
    pub fn shown(&self) -> String {
        let method = match self.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        };
        let path = self.path.as_deref().map_or("graphql", |path| path.split('?').next().unwrap_or(path));
        format!("{method} {path}")
    }

    /// Whether it only looks.
    pub fn reads(&self) -> bool {
        self.method == Method::Get
    }
}
