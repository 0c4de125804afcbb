//! What goes wrong with an API.

use crate::HttpError;

/// Why an API gave no answer that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// A setting that cannot be used: an address, a certificate, a token's file.
    #[error("{what}: {why}")]
    Setting {
        /// Which one.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server said no.
    #[error("{what}: the server answered {status}{}", message.as_deref().map_or_else(String::new, |told| format!(": {told}")))]
    Refused {
        /// The request: `GET runs`.
        what: String,
        /// The status code.
        status: u16,
        /// What the server said in plain text, short and without secrets; none where it said it in JSON.
        message: Option<String>,
        /// What it said in JSON, its texts short and without secrets.
        json: Option<serde_json::Value>,
    },
    /// An answer that is not the API's: a login page, half a document, another service.
    #[error("{what}: the answer is not the API's: {why}")]
    Strange {
        /// The request.
        what: String,
        /// What was wrong with the answer, as a sentence fragment.
        why: String,
    },
    /// More than is read.
    #[error("{what}: the answer is larger than the {limit} bytes that are read")]
    TooLarge {
        /// The request.
        what: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// No answer came.
    #[error("{what}: {source}")]
    Http {
        /// The request.
        what: String,
        /// Why.
        source: HttpError,
    },
}

impl ApiError {
    /// The status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether nobody can tell whether a change was made: its answer was lost, cut, or came from a gateway.
    pub fn is_doubtful(&self) -> bool {
        match self {
            Self::Http { source, .. } => {
                matches!(source, HttpError::Lost { .. } | HttpError::NoAnswer { .. } | HttpError::OutOfTime { .. })
            }
            Self::Strange { .. } | Self::TooLarge { .. } => true,
            Self::Refused { status, .. } => crate::answer::is_broken(*status),
            Self::Setting { .. } => false,
        }
    }
}
