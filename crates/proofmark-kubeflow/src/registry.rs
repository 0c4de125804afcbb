//! Kubeflow's Model Registry: models, versions, what is kept with them, and moving a version to production.
//!
//! There are no stages and no aliases: a custom property of a version (`stage` = `production`) says it, and anybody may write
//! it. A write of custom properties replaces all of them, and there is no compare-and-set. So each write reads right before,
//! puts its own into what is there then, and reads again afterwards; what a second writer changes within those milliseconds
//! is lost to either of them, and only the one who is overwritten last can see it.

mod model;
mod promotion;
mod property;
mod read;
mod run;
#[cfg(test)]
mod tests;
mod write;

use proofmark_http::api::{Api, ApiError, Call};
use serde_json::Value;

pub use self::model::{Artifact, Model, Source, State, Version};
pub use self::promotion::{Former, Plan, Slot, Step};
pub use self::property::{Changes, Properties, Property};
pub use self::run::{RunNames, Told};
pub use self::write::{Kind, Written};

use crate::{Access, Error};

/// The paths of the API: the one that newer clients use, and the one that servers have had for long.
const PATHS: [&str; 2] = ["/api/model_registry/v1", "/api/model_registry/v1alpha3"];
/// What refusals advise.
const WHO: &str = "set MODEL_REGISTRY_TOKEN, KF_PIPELINES_TOKEN or KF_PIPELINES_COOKIE to somebody's who may use the Model Registry";

/// A Model Registry that answers.
#[derive(Debug)]
pub struct Registry {
    api: Api,
    path: &'static str,
}

impl Registry {
    /// Asks which API there is.
    ///
    /// # Errors
    /// [`Error::Setting`] for an address where no Model Registry is; else see [`Error`].
    pub fn open(access: &Access) -> Result<Self, Error> {
        let mut access = access.clone();
        // The whole address of the API is what its own documentation shows.
        for path in PATHS {
            if let Some(server) = access.address.strip_suffix(path) {
                access.address = server.to_owned();
                break;
            }
        }
        let api = access.api()?;
        for path in PATHS {
            let call = Call::get("registered_models", format!("{path}/registered_models")).with("pageSize", "1");
            match api.json::<Value>(&call) {
                Ok(answer) if answer.get("items").is_some_and(Value::is_array) => return Ok(Self { api, path }),
                Ok(_) => return Err(api.strange(&call, "it is no list of models").into()),
                Err(ApiError::Refused { status: 404, .. }) => {}
                Err(error) => return Err(refusal(error)),
            }
        }
        let why = format!("there is no Model Registry at {}: neither {} nor {}", api.address(), PATHS[0], PATHS[1]);
        Err(Error::setting("MODEL_REGISTRY_ENDPOINT", why))
    }

    /// Where its API is on the server: `/api/model_registry/v1`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The server's address.
    pub fn address(&self) -> &str {
        self.api.address()
    }

    /// The registered model of this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn model(&self, name: &str) -> Result<Option<Model>, Error> {
        let call = self.get("registered_model").with("name", name);
        self.named(call, &self.get("registered_models"), name, Model::from_json, |model| &model.name)
    }

    /// The registered model of this id.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn model_by_id(&self, id: &str) -> Result<Option<Model>, Error> {
        self.by_id("registered_models", id, Model::from_json)
    }

    /// All versions of a model, in the order in which they were made.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn versions(&self, model: &Model) -> Result<Vec<Version>, Error> {
        let mut versions = self.all(&self.versions_call(model), Version::from_json)?;
        versions.sort_by_key(Version::age);
        Ok(versions)
    }

    /// The version of this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn version(&self, model: &Model, name: &str) -> Result<Option<Version>, Error> {
        let call = self.get("model_version").with("name", name).with("parentResourceId", &model.id);
        self.named(call, &self.versions_call(model), name, Version::from_json, |version| &version.name)
    }

    /// The version of this id.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn version_by_id(&self, id: &str) -> Result<Option<Version>, Error> {
        self.by_id("model_versions", id, Version::from_json)
    }

    /// The files of a version, and what else belongs to it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn artifacts(&self, version: &Version) -> Result<Vec<Artifact>, Error> {
        let call = self.get("model_versions").part(&version.id).then("/artifacts");
        self.all(&call, Artifact::from_json)
    }

    fn versions_call(&self, model: &Model) -> Call {
        self.get("registered_models").part(&model.id).then("/versions")
    }
}

/// Refusals with advice that is about this service.
fn refusal(error: ApiError) -> Error {
    let status = error.status();
    let error = Error::from(error);
    match status {
        Some(401 | 403) => error.advised(WHO),
        _ => error,
    }
}
