//! What goes wrong with MLflow. `Display` says what, [`Error::hint`] what to do.

use proofmark_http::HttpError;
use proofmark_http::api::ApiError;

/// Why a store gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that cannot be used: an address, a variable, a certificate.
    #[error("{what}: {why}")]
    Setting {
        /// Which one: `MLFLOW_TRACKING_URI`.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// Something that MLflow's client can do and this reader cannot.
    #[error("{what} is not supported")]
    Unsupported {
        /// What.
        what: String,
        /// What to do.
        hint: String,
    },
    /// The store is not there, or cannot be opened.
    #[error("cannot open `{store}`: {why}")]
    NoStore {
        /// The store.
        store: String,
        /// Why.
        why: String,
    },
    /// A part of a store that cannot be read.
    #[error("`{what}` cannot be read: {why}")]
    Damaged {
        /// The file, table or run.
        what: String,
        /// Why.
        why: String,
    },
    /// There is no such registered model.
    #[error("there is no registered model `{model}`")]
    NoModel {
        /// The name.
        model: String,
    },
    /// The server said no.
    #[error("{what}: the server answered {status}{}", message.as_deref().map_or_else(String::new, |told| format!(": {told}")))]
    Refused {
        /// The request: `GET runs/get`.
        what: String,
        /// The status code.
        status: u16,
        /// MLflow's error code, such as `RESOURCE_DOES_NOT_EXIST`.
        code: Option<String>,
        /// What the server said, short and without secrets.
        message: Option<String>,
    },
    /// An answer that is none of MLflow's: a login page, half a document, another service.
    #[error("{what}: the answer is not MLflow's: {why}")]
    Strange {
        /// The request.
        what: String,
        /// What was wrong with the answer.
        why: String,
    },
    /// More than is read.
    #[error("{what} is larger than the {limit} bytes that are read")]
    TooLarge {
        /// What.
        what: String,
        /// The limit in bytes.
        limit: u64,
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

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unsupported { hint, .. } => Some(hint.clone()),
            Self::Refused { status: 401, .. } => {
                Some("set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN for a proxy in front".to_owned())
            }
            Self::Refused { status: 403, message: Some(told), .. } if told.contains("Invalid Host header") => {
                Some("the server does not know itself by this name; start it with --allowed-hosts, port included".to_owned())
            }
            Self::Refused { status: 403, .. } => Some("the user may not do this; the server's administrator can permit it".to_owned()),
            Self::Strange { .. } => Some("is MLFLOW_TRACKING_URI the address of the server itself, and not of a login page?".to_owned()),
            Self::NoModel { .. } => Some("names are case-sensitive; the registry's page lists them".to_owned()),
            Self::Http { .. } => {
                Some("is the server up, and reachable from here? MLFLOW_TRACKING_URI says where it is looked for".to_owned())
            }
            _ => None,
        }
    }

    /// Whether a system outside of this machine's files failed.
    pub fn is_outside(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Strange { .. } | Self::Http { .. })
    }
}

/// A foreign text in one short line: without the secrets, and without what a terminal would act on.
pub(crate) use proofmark_http::api::one_line as clean;

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Setting { what, why } => Self::Setting { what, why },
            ApiError::Refused { what, status, message, .. } => Self::Refused { what, status, code: None, message },
            ApiError::Strange { what, why } => Self::Strange { what, why },
            ApiError::TooLarge { what, limit } => Self::TooLarge { what, limit: limit as u64 },
            ApiError::Http { what, source } => Self::Http { what, source },
            other => Self::Strange { what: "the request".to_owned(), why: other.to_string() },
        }
    }
}
