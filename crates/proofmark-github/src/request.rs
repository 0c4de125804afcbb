//! A request, before anybody sends it: what `--dry-run` prints and the client carries out.

use proofmark_http::Answer;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
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

/// What GitHub's answer is, whatever else is in it. A page of a portal or proxy says 200 too, and nothing was done then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Bytes, or nothing at all.
    Anything,
    /// Bytes that are no web page.
    File,
    /// Any JSON.
    Json,
    /// A JSON object.
    Object,
    /// A JSON object with a number: what was made or changed.
    Numbered,
    /// A list of JSON objects.
    List,
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
    pub(crate) form: Form,
}

/// Enough for a page of a hundred comments of the greatest length, in JSON.
const USUAL_LIMIT: usize = 48 << 20;

impl Request {
    pub(crate) fn new(method: Method, path: String) -> Self {
        let idempotent = matches!(method, Method::Get | Method::Delete);
        let form = match method {
            Method::Get => Form::Json,
            Method::Post | Method::Patch => Form::Numbered,
            Method::Delete => Form::Anything,
        };
        Self { method, path: Some(path), body: None, accept: Accept::Json, limit: USUAL_LIMIT, idempotent, form }
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
        self.form = match accept {
            Accept::Json => self.form,
            Accept::Raw => Form::File,
            Accept::Any => Form::Anything,
        };
        self
    }

    pub(crate) fn at_most(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    pub(crate) fn answers(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// A second time sets the same values once more.
    pub(crate) fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    pub(crate) fn graphql(query: &str, variables: Value) -> Self {
        let body = serde_json::json!({"query": query, "variables": variables});
        Self { path: None, ..Self::new(Method::Post, String::new()).with(body).answers(Form::Object) }
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

impl Form {
    /// Whether an answer has this form.
    pub(crate) fn check(self, answer: &Answer) -> Result<(), serde_json::Error> {
        #[derive(Deserialize)]
        struct Object {}
        #[derive(Deserialize)]
        struct Numbered {
            #[serde(rename = "id")]
            _id: u64,
        }
        let html = || answer.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html"));
        let body = answer.body.as_slice();
        match self {
            Self::File if html() => serde_json::from_slice::<IgnoredAny>(b"<").map(drop),
            Self::Anything | Self::File => Ok(()),
            Self::Json => serde_json::from_slice::<IgnoredAny>(body).map(drop),
            // A list would be read as an object's fields in their order.
            Self::Object | Self::Numbered if body.trim_ascii_start().starts_with(b"[") => serde_json::from_slice::<u64>(b"[]").map(drop),
            Self::Object => serde_json::from_slice::<Object>(body).map(drop),
            Self::Numbered => serde_json::from_slice::<Numbered>(body).map(drop),
            Self::List => serde_json::from_slice::<Vec<serde_json::Map<String, Value>>>(body).map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_a_form() {
        let fits = |form: Form, kind: &str, body: &str| {
            let headers = http::HeaderMap::from_iter([(http::header::CONTENT_TYPE, kind.parse().expect("a header"))]);
            form.check(&Answer { status: 200, headers, body: body.as_bytes().to_vec() }).is_ok()
        };
        use Form::{Anything, File, Json, List, Numbered, Object};
        let all = [Anything, File, Json, Object, Numbered, List];
        for (body, good) in [
            ("<html>x</html>", &all[..2]),
            ("", &all[..2]),
            ("{\"id\": 7", &all[..2]),
            ("{\"id\": 7} x", &all[..2]),
            ("7", &all[..3]),
            ("[]", &[Anything, File, Json, List]),
            ("[7]", &all[..3]),
            ("[{\"id\": 7}]", &[Anything, File, Json, List]),
            ("{}", &all[..4]),
            ("{\"id\": \"7\"}", &all[..4]),
            (" {\"id\": 7, \"x\": [1]}\n", &all[..5]),
        ] {
            for form in all {
                assert_eq!(fits(form, "application/json", body), good.contains(&form), "{form:?} {body}");
            }
        }
        assert!(!fits(File, "Text/HTML; charset=utf-8", "<html>") && fits(Anything, "text/html", ""));
    }
}
