//! What goes wrong with Kubeflow. `Display` says what, [`Error::hint`] what to do.

use proofmark_http::api::ApiError;

/// Why a service of Kubeflow gave no answer that counts.
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
    /// What was asked for cannot be: a parameter of a wrong type, a pipeline that is not there.
    #[error("{message}")]
    Input {
        /// What is wrong, as a sentence.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A service said no.
    #[error("{what}: the server answered {status}{}", if message.is_empty() { String::new() } else { format!(": {message}") })]
    Refused {
        /// The request: `GET runs`.
        what: String,
        /// The status code.
        status: u16,
        /// What the server said, short and without secrets.
        message: String,
    },
    /// Nobody can tell whether something was started or changed.
    #[error("{what} may have been done, or not: {why}")]
    Doubt {
        /// What.
        what: String,
        /// Why nobody can tell.
        why: String,
    },
    /// Something in a store that cannot be read.
    #[error("`{what}` cannot be read: {why}")]
    Damaged {
        /// The file, run or artifact.
        what: String,
        /// Why.
        why: String,
    },
    /// It took longer than it may.
    #[error("{what} was not done after {seconds} s{}", if last.is_empty() { String::new() } else { format!(": {last}") })]
    TooLate {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// How it stood then.
        last: String,
    },
    /// Nobody can tell whether a run has metrics: no way leads to them.
    #[error("the metrics of run {run} cannot be reached: {}", reasons.join("; "))]
    NoMetrics {
        /// The run's id.
        run: String,
        /// What each way came to: sentence fragments.
        reasons: Vec<String>,
    },
    /// No answer, or one that is not the API's.
    #[error("{0}")]
    Api(ApiError),
    /// Somebody else changed the same thing at the same time, or since.
    #[error("{message}")]
    Moved {
        /// What is otherwise than it was, as a sentence.
        message: String,
        /// What to do.
        hint: String,
    },
    /// One of the others, with what to do about it in this place.
    #[error("{error}")]
    Advised {
        /// What went wrong.
        error: Box<Self>,
        /// What to do.
        hint: String,
    },
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

    /// With advice that fits better than the usual one.
    #[must_use]
    pub fn advised(self, hint: impl Into<String>) -> Self {
        Self::Advised { error: Box::new(self), hint: hint.into() }
    }

    /// The status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Advised { error, .. } => error.status(),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Input { hint, .. } => hint.clone(),
            Self::Advised { hint, .. } | Self::Moved { hint, .. } => Some(hint.clone()),
            Self::Refused { status: 401, .. } => Some(
                "set KF_PIPELINES_TOKEN, KF_PIPELINES_SA_TOKEN_PATH or KF_PIPELINES_COOKIE; a token of the cluster needs the audience \
                 pipelines.kubeflow.org"
                    .to_owned(),
            ),
            Self::Refused { status: 403, .. } => {
                Some("the user may not do this in this namespace; is `namespace` the right one?".to_owned())
            }
            Self::Api(ApiError::Strange { .. }) => Some(
                "a session that has run out is answered with a login page: renew KF_PIPELINES_COOKIE or the token; and behind \
                 Kubeflow's gateway the address ends in /pipeline"
                    .to_owned(),
            ),
            Self::Api(ApiError::Http { .. }) => Some("is the server up, and reachable from here?".to_owned()),
            Self::NoMetrics { .. } => Some(
                "the metrics of Kubeflow Pipelines up to 2.17 are reached through its UI only: forward a port to the service ml-pipeline-ui \
                 and not to ml-pipeline, or use the address behind Kubeflow's gateway, which ends in /pipeline"
                    .to_owned(),
            ),
            Self::Doubt { .. } => Some("run this again: what was started is known by its key and taken".to_owned()),
            _ => None,
        }
    }

    /// Whether a system outside of this machine failed.
    pub fn is_outside(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::Doubt { .. } | Self::TooLate { .. } | Self::NoMetrics { .. } => true,
            Self::Api(error) => !matches!(error, ApiError::Setting { .. }),
            Self::Setting { .. } | Self::Input { .. } | Self::Damaged { .. } | Self::Moved { .. } => false,
            Self::Advised { error, .. } => error.is_outside(),
        }
    }

    /// Whether somebody else wrote meanwhile, so that what was judged is no longer what is there.
    pub fn is_overtaken(&self) -> bool {
        match self {
            Self::Moved { .. } => true,
            Self::Advised { error, .. } => error.is_overtaken(),
            _ => false,
        }
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Setting { what, why } => Self::Setting { what, why },
            ApiError::Refused { what, status, message, json } => {
                let message = message.or_else(|| json.as_ref().and_then(told)).unwrap_or_default();
                Self::Refused { what, status, message: proofmark_http::api::one_line(&message, &[]) }
            }
            other => Self::Api(other),
        }
    }
}

/// What a refusal says to people: the detail of Pipelines' errors first, then the message; uploads and Kubernetes have other
/// fields.
fn told(json: &serde_json::Value) -> Option<String> {
    let text = |value: &serde_json::Value, name: &str| value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let details = json.get("details").and_then(serde_json::Value::as_array);
    let detail = details.into_iter().flatten().find_map(|detail| {
        // Older servers have two texts in one detail; the second one is for people.
        text(detail, "error_details").or_else(|| text(detail, "error_message")).or_else(|| text(detail, "message"))
    });
    detail.or_else(|| ["message", "error_details", "error_message", "error"].into_iter().find_map(|name| text(json, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_for_people_is_found_in_every_form_of_refusal() {
        let cases = [
            (r#"{"code":3,"message":"outer","details":[{"@type":"x","code":3,"message":"inner"}]}"#, "inner"),
            (r#"{"error":"e","message":"outer","details":[{"error_message":"short","error_details":"long"}]}"#, "long"),
            (r#"{"error_message":"m","error_details":"d"}"#, "d"),
            (r#"{"kind":"Status","message":"not found","code":404}"#, "not found"),
            (r#"{"code":3,"message":"outer","details":[]}"#, "outer"),
        ];
        for (body, expected) in cases {
            let json = serde_json::from_str(body).expect("JSON");
            let error = ApiError::Refused { what: "GET runs".into(), status: 400, message: None, json: Some(json) };
            assert_eq!(Error::from(error).to_string(), format!("GET runs: the server answered 400: {expected}"));
        }
    }
}
