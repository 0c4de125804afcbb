//! Answers in GitHub's form, errors above all.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

/// What is sent back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    /// Media type and bytes.
    Other(&'static str, Vec<u8>),
}

/// Both are answers; the error ends the handling of the request early.
pub(crate) type Outcome = Result<Answer, Answer>;

impl Answer {
    pub(crate) fn json(status: u16, value: Value) -> Self {
        Self { status, headers: Vec::new(), body: Body::Json(value) }
    }

    pub(crate) fn ok(value: Value) -> Self {
        Self::json(200, value)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty }
    }

    pub(crate) fn bytes(kind: &'static str, bytes: Vec<u8>) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Other(kind, bytes) }
    }

    /// `{"message": .., "documentation_url": .., "status": ".."}`.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        let documentation = "https://docs.github.com/rest";
        Self::json(status, json!({"message": message, "documentation_url": documentation, "status": status.to_string()}))
    }

    pub(crate) fn not_found() -> Self {
        Self::error(404, "Not Found")
    }

    /// 422 with one entry of `errors`.
    pub(crate) fn invalid(resource: &str, field: &str, code: &str, message: &str) -> Self {
        let mut error = json!({"resource": resource, "field": field, "code": code});
        if !message.is_empty() {
            error["message"] = json!(message);
        }
        Self::json(
            422,
            json!({
                "message": "Validation Failed",
                "errors": [error],
                "documentation_url": "https://docs.github.com/rest",
                "status": "422",
            }),
        )
    }

    /// 422 for a field that the schema wants.
    pub(crate) fn not_supplied(field: &str) -> Self {
        Self::error(422, &format!("Invalid request.\n\n\"{field}\" wasn't supplied."))
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body_bytes(&self) -> Vec<u8> {
        match &self.body {
            Body::Empty => Vec::new(),
            Body::Json(value) => value.to_string().into_bytes(),
            Body::Other(_, bytes) => bytes.clone(),
        }
    }

    pub(crate) fn media_type(&self) -> Option<&str> {
        match &self.body {
            Body::Empty => None,
            Body::Json(_) => Some("application/json; charset=utf-8"),
            Body::Other(kind, _) => Some(kind),
        }
    }

    /// A weak tag of the body, as GitHub gives on reads.
    pub(crate) fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.body_bytes().hash(&mut hasher);
        format!("W/\"{:016x}\"", hasher.finish())
    }
}
