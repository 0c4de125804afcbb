//! What went over the wire, for tests to look at and for the check against GitHub's own description of its API.
//!
//! When the environment variable `PROOFMARK_TRAFFIC` names a folder, every fake appends what it saw to a file of its own
//! there, one JSON object a line, so that tests can run at the same time:
//!
//! ```text
//! {"method": "GET", "path": "/repos/acme/widgets", "query": "", "headers": {..}, "body": null,
//!  "status": 200, "answer_headers": {..}, "answer": {..}, "fault": null, "storage": false}
//! ```
//!
//! `fault` names what was made to go wrong: such an answer is not GitHub's. `storage` marks requests to the second
//! listener, which is not part of the API. Tokens are not written. A test that sends something wrong on purpose adds the header
//! `X-Testkit`, and its request is not checked. `tests/github/openapi.py FILES` checks everything else:
//!
//! ```text
//! PROOFMARK_TRAFFIC=/tmp/traffic cargo test && python tests/github/openapi.py /tmp/traffic/*.jsonl
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

use super::answer::{Answer, Body};
use super::http::Request;

/// One request and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recorded {
    /// Such as `GET`.
    pub method: String,
    /// As sent, percent-encoded.
    pub path: String,
    /// As sent, without the question mark.
    pub query: String,
    /// Names in lower case; the token is replaced by stars.
    pub headers: BTreeMap<String, String>,
    /// The JSON, or the text if it was none.
    pub body: Value,
    /// `None` when the connection was cut.
    pub status: Option<u16>,
    /// Names in lower case.
    pub answer_headers: BTreeMap<String, String>,
    /// The JSON, or the text if it was none.
    pub answer: Value,
    /// What was made to go wrong.
    pub fault: Option<String>,
    /// Sent to the storage of artifacts, not to the API.
    pub storage: bool,
    /// It carried an `Authorization` header. The storage must never see one.
    pub authorized: bool,
}

impl Recorded {
    pub(crate) fn of(request: &Request, storage: bool) -> Self {
        let stars = |(name, value): &(String, String)| {
            let value = if name == "authorization" { "***" } else { value };
            (name.clone(), value.to_owned())
        };
        Self {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.iter().map(stars).collect(),
            body: readable(&request.body),
            status: None,
            answer_headers: BTreeMap::new(),
            answer: Value::Null,
            fault: None,
            storage,
            authorized: request.header("authorization").is_some(),
        }
    }

    pub(crate) fn answered(&mut self, answer: &Answer) {
        self.status = Some(answer.status);
        self.answer_headers = answer.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        if let Some(kind) = answer.media_type() {
            self.answer_headers.insert("content-type".to_owned(), kind.to_owned());
        }
        self.answer = match &answer.body {
            Body::Empty => Value::Null,
            Body::Json(value) => value.clone(),
            Body::Other(_, bytes) => readable(bytes),
        };
    }
}

/// JSON, else text, else the number of bytes.
fn readable(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| match std::str::from_utf8(bytes) {
        Ok(text) if text.len() < 65_536 => json!(text),
        _ => json!(format!("{} bytes", bytes.len())),
    })
}

/// The file that one fake appends to.
#[derive(Debug)]
pub(crate) struct Traffic(Mutex<File>);

impl Traffic {
    /// A new file in the folder that the environment names; nothing when it names none.
    pub(crate) fn from_environment() -> Option<Self> {
        static FAKES: AtomicU64 = AtomicU64::new(1);
        let folder = std::env::var_os("PROOFMARK_TRAFFIC").filter(|folder| !folder.is_empty())?;
        fs::create_dir_all(&folder).ok()?;
        let number = FAKES.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(&folder).join(format!("{}-{number}.jsonl", std::process::id()));
        OpenOptions::new().create(true).append(true).open(path).ok().map(|file| Self(Mutex::new(file)))
    }

    pub(crate) fn append(&self, recorded: &Recorded) {
        let mut line = serde_json::to_string(recorded).unwrap_or_default();
        line.push('\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not fail a test: the check complains of missing traffic on its own.
        let _ = file.write_all(line.as_bytes());
    }
}
