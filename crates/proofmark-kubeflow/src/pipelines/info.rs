//! What a server says of itself.

use proofmark_http::api::{Api, ApiError, Call};
use serde::Deserialize;

use crate::Error;

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Its version, where it tells: `2.17.0`.
    pub version: Option<String>,
    /// Whether runs belong to namespaces of users, so that a namespace is needed.
    pub multi_user: bool,
    /// Whether the UI answered, which passes the API on: through it the metadata store can be reached as well.
    pub through_ui: bool,
}

/// The server's own names, and those of the UI in front of it.
#[derive(Debug, Deserialize)]
struct Health {
    tag_name: Option<String>,
    multi_user: Option<bool>,
    commit_sha: Option<String>,
    pipeline_store: Option<String>,
    #[serde(rename = "apiServerReady")]
    is_ready: Option<bool>,
    #[serde(rename = "apiServerTagName")]
    ui_tag_name: Option<String>,
    #[serde(rename = "apiServerMultiUser")]
    ui_multi_user: Option<bool>,
}

/// Asks once.
pub(super) fn ask(api: &Api) -> Result<Info, Error> {
    let call = Call::get("healthz", "/apis/v2beta1/healthz");
    let health: Health = api.json(&call)?;
    if health.is_ready == Some(false) {
        return Err(Error::Api(api.strange(&call, "the UI answered, and it does not reach the API server behind it")));
    }
    let told = [&health.tag_name, &health.commit_sha, &health.pipeline_store].into_iter().any(Option::is_some);
    if !told && health.multi_user.is_none() && health.is_ready.is_none() {
        let error: ApiError = api.strange(&call, "it is JSON of something else than Kubeflow Pipelines");
        return Err(Error::Api(error));
    }
    let version = health.tag_name.or(health.ui_tag_name).map(|version| api.clean(&version));
    Ok(Info {
        version: version.filter(|version| !version.is_empty() && version != "unknown"),
        multi_user: health.multi_user.or(health.ui_multi_user).unwrap_or(false),
        through_ui: health.is_ready.is_some(),
    })
}
