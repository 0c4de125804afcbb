//! What the commands print for programs.

use schemars::JsonSchema;
use serde::Serialize;

/// The version of the documents' form; it grows when a field changes its meaning or goes.
pub(super) const SCHEMA: u32 = 1;

/// What `proofmark kubeflow run --format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct RunDocument {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    pub(super) schema: u32,
    /// Always `kubeflow-run`.
    pub(super) kind: &'static str,
    /// The version of proofmark that wrote it.
    pub(super) proofmark: &'static str,
    /// The run's id; none of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<String>,
    /// What the start is known by; of a dry run only where it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    /// Where it comes from: `new`, `found-again` after a lost answer, `earlier` by the same key; `none` of a dry run.
    pub(super) origin: &'static str,
    /// Where people look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    /// How far it is, in the server's word; none of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<&'static str>,
    /// How it ended, where it was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conclusion: Option<String>,
    /// Whether it passed, where it was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) passed: Option<bool>,
    /// Tasks whose results were taken from earlier runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cached: Vec<String>,
}

/// What the commands about a service of KServe print with `--format json`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ServiceDocument {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    pub(super) schema: u32,
    /// Always `kubeflow-service`.
    pub(super) kind: &'static str,
    /// The version of proofmark that wrote it.
    pub(super) proofmark: &'static str,
    /// The service.
    pub(super) service: String,
    /// Its namespace.
    pub(super) namespace: String,
    /// Where the files are of the model that it is to serve.
    pub(super) storage_uri: Option<String>,
    /// The percentage of requests that a canary gets, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) canary: Option<i64>,
    /// Whether anything was changed, or would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) changed: Option<bool>,
    /// Where the files are of what was served before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<String>,
    /// The merge patch that would be sent (`--dry-run`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) patch: Option<serde_json::Value>,
    /// Whether it answers, where that was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ready: Option<bool>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}
