//! What goes wrong with ModelDB. `Display` says what, [`Error::hint`] what to do.

use proofmark_http::api::{ApiError, one_line};
use serde_json::Value;

/// Why ModelDB gave no answer that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that cannot be used.
    #[error("{what}: {why}")]
    Setting {
        /// Which one.
        what: String,
        /// What is wrong with it, as a sentence fragment.
        why: String,
    },
    /// What was asked for cannot be: a tag that is too long, a run that is not there.
    #[error("{message}")]
    Input {
        /// What is wrong, as a sentence.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Something answers at the address, and it is not ModelDB.
    #[error("`{address}` does not answer as ModelDB: {why}")]
    NotModelDb {
        /// The address.
        address: String,
        /// What it answered to each of the two paths.
        why: String,
    },
    /// The server said no.
    #[error("{what}: the server answered {status}{}", if message.is_empty() { String::new() } else { format!(": {message}") })]
    Refused {
        /// The request: `POST findExperimentRuns`.
        what: String,
        /// The status code.
        status: u16,
        /// What the server said, short and without secrets.
        message: String,
    },
    /// Somebody else wrote another value meanwhile, which was left as it is.
    #[error("{what} was changed by somebody else meanwhile: it is {found} now")]
    Changed {
        /// What: `the attribute `stage` of the run 1234`.
        what: String,
        /// What is there now.
        found: String,
    },
    /// Nobody can tell whether something was changed.
    #[error("{what} may have been done, or not: {why}")]
    Doubt {
        /// What.
        what: String,
        /// Why nobody can tell.
        why: String,
    },
    /// No answer, or one that is not the API's.
    #[error("{0}")]
    Api(ApiError),
}

impl Error {
    /// A setting that cannot be used.
    pub fn setting(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Setting { what: what.into(), why: why.into() }
    }

    /// Something that cannot be asked for.
    pub fn input(message: impl Into<String>) -> Self {
        Self::Input { message: message.into(), hint: None }
    }

    /// With advice, where the kind of error carries some.
    #[must_use]
    pub fn with_hint(self, text: impl Into<String>) -> Self {
        match self {
            Self::Input { message, .. } => Self::Input { message, hint: Some(text.into()) },
            other => other,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Input { hint, .. } => return hint.clone(),
            Self::NotModelDb { .. } => {
                "name the web front end (usually port 3000) or its REST proxy (usually port 8080), without /api or /v1; a login page \
                 means that VERTA_EMAIL and VERTA_DEV_KEY are missing or wrong"
            }
            Self::Refused { status: 401, .. } => "set VERTA_EMAIL and VERTA_DEV_KEY, or VERTA_JWT_TOKEN and VERTA_JWT_TOKEN_SIG",
            Self::Refused { status: 403, .. } => "the user may not do this; is VERTA_WORKSPACE the workspace of the project?",
            Self::Changed { .. } => "run the gate again: what it compared with is no longer what is there",
            Self::Doubt { .. } => "run this again: what is written already is left as it is",
            Self::Api(ApiError::Strange { .. }) => "does something in front of ModelDB answer in its place, a login page or a proxy?",
            Self::Api(ApiError::Http { .. }) => "is the server up, and reachable from here?",
            Self::Api(_) | Self::Setting { .. } | Self::Refused { .. } => return None,
        };
        Some(text.to_owned())
    }

    /// Whether a system outside of this machine failed.
    pub fn is_outside(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::Doubt { .. } | Self::NotModelDb { .. } => true,
            Self::Api(error) => !matches!(error, ApiError::Setting { .. }),
            Self::Setting { .. } | Self::Input { .. } | Self::Changed { .. } => false,
        }
    }

    /// Whether somebody else wrote meanwhile, so that what was judged is no longer what is there.
    pub fn is_overtaken(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }

    /// The status of a refusal.
    pub(crate) fn status(&self) -> Option<u16> {
        if let Self::Refused { status, .. } = self { Some(*status) } else { None }
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Setting { what, why } => Self::Setting { what, why },
            ApiError::Refused { what, status, message, json } => {
                let message = message.or_else(|| json.as_ref().and_then(told)).unwrap_or_default();
                Self::Refused { what, status, message: one_line(&message, &[]) }
            }
            other => Self::Api(other),
        }
    }
}

/// What a refusal says: `{"error": .., "code": .., "message": ..}`.
fn told(json: &Value) -> Option<String> {
    let text = |name: &str| json.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    text("message").or_else(|| text("error"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_what_the_server_said() {
        for body in [r#"{"error":"e","code":5,"message":"Project not found"}"#, r#"{"error":"Project not found","code":5}"#] {
            let json = serde_json::from_str(body).expect("JSON");
            let error = Error::from(ApiError::Refused { what: "GET it".into(), status: 404, message: None, json: Some(json) });
            assert_eq!(error.to_string(), "GET it: the server answered 404: Project not found");
        }
    }
}
