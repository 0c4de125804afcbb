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
    /// An answer that leads to a place where the request is not repeated.
    #[error("{what}: the server answers {status} and leads to `{to}`, {why}")]
    Moved {
        /// What was tried.
        what: String,
        /// The status code.
        status: u16,
        /// The place, without its query; foreign text.
        to: String,
        /// Why it is not followed, as the end of a sentence.
        why: &'static str,
    },
    /// Nobody can tell whether a change was made, and a second one would be one too many.
    #[error("it is not known whether {what}: {why}; {look}")]
    Unknown {
        /// What may have happened: ``the workflow `train.yml` was started with the key `pm1-4f` ``.
        what: String,
        /// Why nobody can tell.
        why: String,
        /// How a person finds out, as the end of a sentence.
        look: String,
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

    /// Whether GitHub says that there is no such thing, or none that this token may see: for a commit, that it is gone.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Refused { status: 404 | 410, .. } => true,
            Self::Refused { status: 422, message, .. } => message.starts_with("No commit found"),
            _ => false,
        }
    }

    /// Whether the change may have been made although no answer tells.
    pub fn is_lost(&self) -> bool {
        matches!(
            self,
            Self::Http { source: HttpError::Lost { .. } | HttpError::OutOfTime { .. }, .. }
                | Self::Shape { .. }
                | Self::Moved { status: 303, .. }
                | Self::Unknown { .. }
        )
    }
}

/// The longest foreign message that is passed on.
const LONGEST: usize = 300;

/// The error that a refusing answer is. `clean` takes the token out, before anything is cut: half a token is one too many.
pub(crate) fn refusal(what: String, answer: &Answer, clean: impl Fn(&str) -> String) -> GitHubError {
    let message = match serde_json::from_slice::<Refusal>(&answer.body) {
        Ok(refusal) => clean(&refusal.told()),
        Err(_) => format!("(no JSON) {}", start(&clean(&String::from_utf8_lossy(&answer.body)))),
    };
    let needs = answer.header("x-accepted-github-permissions").map(permissions).unwrap_or_default();
    GitHubError::Refused { what, status: answer.status, message: clip(&message), needs }
}

/// The error that an answer of another shape is.
pub(crate) fn shape(request: &Request, answer: &Answer, error: &serde_json::Error) -> GitHubError {
    shape_with(request, answer, &proofmark_http::redact(&error.to_string(), &[]))
}

/// The same, in words that hold no token.
pub(crate) fn shape_with(request: &Request, answer: &Answer, words: &str) -> GitHubError {
    let detail = if answer.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<') {
        "it is HTML, so something between here and GitHub answered".to_owned()
    } else if answer.body.is_empty() {
        "it is empty".to_owned()
    } else {
        clip(words)
    };
    GitHubError::Shape { what: request.shown(), detail }
}

/// A failure whose words have been cleaned.
pub(crate) fn without(error: HttpError, clean: impl Fn(&str) -> String) -> HttpError {
    match error {
        HttpError::NotReached { detail } => HttpError::NotReached { detail: clean(&detail) },
        HttpError::Lost { detail } => HttpError::Lost { detail: clean(&detail) },
        HttpError::NoAnswer { detail } => HttpError::NoAnswer { detail: clean(&detail) },
        HttpError::OutOfTime { total, detail } => HttpError::OutOfTime { total, detail: clean(&detail) },
        other => other,
    }
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

fn start(text: &str) -> String {
    text.split_whitespace().take(100).collect::<Vec<_>>().join(" ")
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
        let answer = Answer { status, headers, body: body.as_bytes().to_vec() };
        refusal(Request::get("/repos/o/r/x?secret=1".to_owned()).shown(), &answer, |text| text.replace("odd-token", "***"))
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
        let body =
            r#"{"message": "Validation Failed", "errors": [{"code": "custom", "field": "body", "message": "Body is too long"}, "x"]}"#;
        assert!(refused(422, body, None).to_string().ends_with("422: Validation Failed: Body is too long; x"));
        assert!(refused(502, "<html>bad gateway</html>", None).to_string().contains("(no JSON) <html>"));
        assert!(refused(422, &"x".repeat(100_000), Some("rm -rf=/; ;=")).to_string().len() < 1000);
    }

    #[test]
    fn a_quoted_token_is_taken_out_before_anything_is_cut() {
        for body in ["{\"message\": \"MORE odd-token\"}", "{\"message\": \"x\", \"errors\": [\"MORE odd-token\"]}", "MORE odd-token"] {
            for length in 250..310 {
                let told = refused(422, &body.replace("MORE", &"y".repeat(length)), None).to_string();
                assert!(!told.contains("odd"), "{length}: {told}");
            }
        }
        let source = HttpError::Lost { detail: "odd-token".to_owned() };
        assert_eq!(without(source, |_| "***".to_owned()), HttpError::Lost { detail: "***".to_owned() });
    }

    #[test]
    fn what_is_gone_is_told_from_what_is_refused() {
        let missing = |status, message: &str| refused(status, &format!("{{\"message\": \"{message}\"}}"), None).is_missing();
        assert!(missing(404, "Not Found") && missing(410, "") && missing(422, "No commit found for SHA: x"));
        assert!(!missing(403, "x") && !missing(422, "Validation Failed") && !GitHubError::Input(String::new()).is_missing());
    }
}
