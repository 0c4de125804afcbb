//! KServe: rolling a model out to an `InferenceService`, following it, promoting its canary, and going back.
//!
//! Everything goes through the cluster's API and never through a service of KServe. What is changed is read first, tried
//! without saving, and written only while nobody else wrote. A change is known again by a key that is written down with it.

mod access;
mod change;
mod kubeconfig;
mod record;
mod rollout;
mod service;
mod status;
#[cfg(test)]
mod tests;
mod wait;

use std::fmt;

use http::Method;
use proofmark_http::api::{Api, ApiError, Call, is_part};
use serde_json::Value;

pub use self::access::ClusterAccess;
pub use self::change::{Rollout, Undo};
pub use self::record::{Previous, Record};
pub use self::rollout::{Origin, Proposal, Rolled};
pub use self::service::{Condition, InferenceService, LoadFailure, Mode, ModelStatus, Revisions, Status, Traffic};
pub use self::wait::{Failure, Patience, Waited};

use self::status::Doing;
use crate::Error;

/// What custom resources take; they take no strategic merge.
const MERGE_PATCH: &str = "application/merge-patch+json";
/// Who we are in the object's list of who wrote what.
const MANAGER: &str = "proofmark";

/// A cluster whose API is asked.
pub struct Cluster {
    api: Api,
    namespace: Option<String>,
    origin: String,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Cluster").field("address", &self.api.address()).field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::Setting`] for certificates that cannot be used.
    pub fn open(access: &ClusterAccess) -> Result<Self, Error> {
        let api = access.access.api()?;
        Ok(Self { api, namespace: access.namespace.clone(), origin: access.origin.clone() })
    }

    /// The API's address.
    pub fn address(&self) -> &str {
        self.api.address()
    }

    /// The namespace that is meant where none is named.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// A service as it stands.
    ///
    /// # Errors
    /// [`Error::Input`] where there is none of this name, or no KServe; else see [`Error`].
    pub fn service(&self, namespace: &str, name: &str) -> Result<InferenceService, Error> {
        let call = Call::get("inferenceservices", path(namespace, name)?);
        let doing = Doing { verb: "get", namespace, name };
        let answer: Value = self.api.json(&call).map_err(|error| status::explained(error, doing))?;
        InferenceService::from_json(&answer).map_err(|why| status::explained(self.api.strange(&call, why), doing))
    }

    /// Sends a merge patch; `dry` ones are checked by the server and not saved.
    fn patch(&self, namespace: &str, name: &str, patch: &Value, dry: bool) -> Result<InferenceService, Refusal> {
        let doing = Doing { verb: "patch", namespace, name };
        let path = path(namespace, name).map_err(Refusal::Error)?;
        let mut call = Call::change(Method::PATCH, "inferenceservices", path).with("fieldManager", MANAGER);
        if dry {
            call = call.with("dryRun", "All").freely();
        }
        let call = call.body(MERGE_PATCH, patch.to_string().into_bytes());
        let read = self.api.json::<Value>(&call);
        let read = read.and_then(|answer| InferenceService::from_json(&answer).map_err(|why| self.api.strange(&call, why)));
        read.map_err(|error| match &error {
            ApiError::Refused { status: 409, .. } => Refusal::Conflict,
            ApiError::Refused { status: 400, .. } if dry && status::says(&error, "does not support dry run") => Refusal::NoDryRun,
            _ if error.is_doubtful() => Refusal::Doubt(status::explained(error, doing)),
            _ => Refusal::Error(status::explained(error, doing)),
        })
    }
}

/// Why a patch was not taken.
enum Refusal {
    /// Somebody wrote in between.
    Conflict,
    /// A rule of the cluster can only be asked in earnest.
    NoDryRun,
    /// Nobody knows whether it was.
    Doubt(Error),
    Error(Error),
}

fn path(namespace: &str, name: &str) -> Result<String, Error> {
    for (what, text) in [("namespace", namespace), ("name", name)] {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        if !is_part(text) || text.len() > 253 || !text.bytes().all(fits) {
            return Err(Error::input(format!("`{text}` is no {what} of an InferenceService")));
        }
    }
    Ok(format!("/apis/serving.kserve.io/v1beta1/namespaces/{namespace}/inferenceservices/{name}"))
}
