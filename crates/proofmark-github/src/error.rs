//! What goes wrong with GitHub, and what to do about it.

use proofmark_http::{Answer, HttpError};
use serde::Deserialize;
use serde_json::Value;

use crate::request::Request;

/// A failure to do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitHubError {
    /// No answer.
    #[error("{what}: {source}")]
    Http {
        /// What was tried, in words: `GET /repos/o/r/pulls/7`.
        what: String,
        /// Why there is none.
        source: HttpError,
    },
    /// An answer that refuses.
    #[error("{what}: GitHub answers {status}: {message}")]
    Refused {
        /// What was tried.
        what: String,
        /// The status code.
        status: u16,
        /// GitHub's own words; foreign text.
        message: String,
        /// What the token would need, any one of the rows, where GitHub tells.
        needs: Vec<Vec<Permission>>,
    },
    /// An answer that is no answer: HTML, half a document, another shape.
    #[error("{what}: the answer is not what GitHub sends: {detail}")]
    Shape {
        /// What was tried.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Something that cannot be right before anything is sent.
    #[error("{0}")]
    Input(String),
}

/// A permission of the token, as a workflow's `permissions:` block names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// `pull-requests`.
    pub name: String,
    /// `read` or `write`.
    pub level: String,
}

impl GitHubError {
    /// The status code of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the change may have been made although no answer tells.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Http { source: HttpError::Lost { .. } | HttpError::OutOfTime { .. }, .. } | Self::Shape { .. })
    }
}

/// The longest foreign message that is passed on.
const LONGEST: usize = 300;

/// The error that a refusing answer is.
pub(crate) fn refusal(request: &Request, answer: &Answer) -> GitHubError {
    let message = match serde_json::from_slice::<Refusal>(&answer.body) {
        Ok(refusal) => refusal.told(),
        Err(_) => format!("(no JSON) {}", start(&answer.body)),
    };
    let needs = answer.header("x-accepted-github-permissions").map(permissions).unwrap_or_default();
    GitHubError::Refused { what: request.shown(), status: answer.status, message: clip(&message), needs }
}

/// The error that an answer of another shape is.
pub(crate) fn shape(request: &Request, answer: &Answer, error: &serde_json::Error) -> GitHubError {
    let detail = if answer.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<') {
        "it is HTML, so something between here and GitHub answered".to_owned()
    } else if answer.body.is_empty() {
        "it is empty".to_owned()
    } else {
        clip(&error.to_string())
    };
    GitHubError::Shape { what: request.shown(), detail }
}

/// GitHub's JSON of a refusal.
#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Value,
}

impl Refusal {
    /// The message, with the details that tell more.
    fn told(&self) -> String {
        let detail = |error: &Value| match error {
            Value::String(text) => Some(text.clone()),
            Value::Object(_) => {
                let text = |name: &str| error.get(name).and_then(Value::as_str);
                text("message").map(str::to_owned).or_else(|| Some(format!("{} of {}", text("code")?, text("field")?)))
            }
            _ => None,
        };
        let details: Vec<String> = self.errors.as_array().into_iter().flatten().filter_map(detail).take(5).collect();
        if details.is_empty() { self.message.clone() } else { format!("{}: {}", self.message, details.join("; ")) }
    }
}

/// `issues=write; pull_requests=write` is one or the other; a comma joins what is needed together.
fn permissions(header: &str) -> Vec<Vec<Permission>> {
    let one = |text: &str| {
        let (name, level) = text.trim().split_once('=')?;
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        (plain(name) && plain(level)).then(|| Permission { name: name.replace('_', "-"), level: level.to_owned() })
    };
    header.split(';').take(8).map(|row| row.split(',').filter_map(one).collect::<Vec<_>>()).filter(|row| !row.is_empty()).collect()
}

fn start(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..200).unwrap_or(body)).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str, accepted: Option<&str>) -> GitHubError {
        let mut headers = http::HeaderMap::new();
        if let Some(accepted) = accepted {
            headers.insert("x-accepted-github-permissions", accepted.parse().expect("a header"));
        }
        refusal(&Request::get("/repos/o/r/x?secret=1".to_owned()), &Answer { status, headers, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn a_refusal_tells_what_the_token_needs() {
        let error = refused(403, r#"{"message": "Resource not accessible by integration"}"#, Some("issues=write; pull_requests=write"));
        let GitHubError::Refused { needs, what, .. } = &error else { panic!("{error}") };
        assert_eq!(what, "GET /repos/o/r/x");
        let names: Vec<&str> = needs.iter().flatten().map(|need| need.name.as_str()).collect();
        assert_eq!(names, ["issues", "pull-requests"]);
        assert_eq!(error.status(), Some(403));
    }

    #[test]
    fn details_of_a_refusal_are_told() {
        let body = r#"{"message": "Validation Failed", "errors": [{"code": "custom", "field": "body", "message": "Body is too long"}, "x"]}"#;
        assert!(refused(422, body, None).to_string().ends_with("422: Validation Failed: Body is too long; x"));
        assert!(refused(502, "<html>bad gateway</html>", None).to_string().contains("(no JSON) <html>"));
        assert!(refused(422, &"x".repeat(100_000), Some("rm -rf=/; ;=")).to_string().len() < 1000);
    }
}
