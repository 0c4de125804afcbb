//! Why a payload is no event.

use crate::actions::HostError;
use crate::actions::payload::TOO_LONG;

pub(super) const NAME_TOO_LONG: &str = TOO_LONG;

/// Why a payload is no event. The texts name fields and places, and never what stands there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// A field or a variable holds what it cannot, or the payload is too large.
    #[error(transparent)]
    Payload(#[from] HostError),
    /// The payload is cut short.
    #[error("the event's payload ends at byte {size}, in the middle of its JSON")]
    Cut {
        /// Its size, in bytes.
        size: usize,
    },
    /// The payload is not JSON.
    #[error("the event's payload is not JSON (line {line}, column {column})")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in bytes.
        column: usize,
        /// Whether it is a form, as a webhook of content type `application/x-www-form-urlencoded` sends it.
        form: bool,
    },
    /// The payload is JSON, but no object.
    #[error("the event's payload is JSON, but not an object")]
    NoObject,
    /// The payload is one of another event.
    #[error("the payload is not one of the event `{event}`: it {} `{field}`{}", if *.missing { "has no" } else { "has" }, guessed(.like))]
    Foreign {
        /// The event that it should be of.
        event: &'static str,
        /// The part that tells.
        field: &'static str,
        /// Whether that part is missing, or there and should not be.
        missing: bool,
        /// The event that it looks like one of.
        like: Option<&'static str>,
    },
    /// The event's name is none.
    #[error("the event's name {problem}")]
    Name {
        /// What is wrong with it.
        problem: &'static str,
    },
}

fn guessed(like: &Option<&'static str>) -> String {
    like.map_or_else(String::new, |like| format!(", and looks like one of `{like}`"))
}

impl EventError {
    /// Says where the JSON ends or goes wrong. The message of the reader is left out: it may quote what it read.
    pub(super) fn of(error: HostError, payload: &[u8]) -> Self {
        match error {
            HostError::NotJson(error) if error.is_eof() => Self::Cut { size: payload.len() },
            HostError::NotJson(error) if error.is_data() => Self::NoObject,
            HostError::NotJson(error) => {
                Self::NotJson { line: error.line(), column: error.column(), form: payload.starts_with(b"payload=") }
            }
            other => Self::Payload(other),
        }
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotJson { form: true, .. } => Some("set the webhook's content type to application/json"),
            Self::Cut { .. } => Some("was the whole body written to the file?"),
            Self::Foreign { .. } => Some("the header X-GitHub-Event, or GITHUB_EVENT_NAME in a run, names the event of a payload"),
            Self::Name { .. } => Some("the header X-GitHub-Event names the event"),
            Self::Payload(_) | Self::NotJson { .. } | Self::NoObject => None,
        }
    }
}
