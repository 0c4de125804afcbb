//! The JSON of runs, deployments and roles.

use serde::Deserialize;
use serde_json::Value;

use super::User;

#[derive(Debug, Deserialize)]
pub(crate) struct Runs {
    pub(crate) workflow_runs: Vec<Run>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Run {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) html_url: String,
    #[serde(default)]
    pub(crate) display_title: Option<String>,
    #[serde(default)]
    pub(crate) event: String,
    #[serde(default)]
    pub(crate) head_branch: Option<String>,
    #[serde(default)]
    pub(crate) head_sha: Option<String>,
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) conclusion: Option<String>,
    #[serde(default)]
    pub(crate) run_attempt: Option<u64>,
    #[serde(default)]
    pub(crate) created_at: Option<String>,
    #[serde(default)]
    pub(crate) updated_at: Option<String>,
    #[serde(default)]
    pub(crate) actor: Option<User>,
    #[serde(default)]
    pub(crate) path: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Jobs {
    pub(crate) jobs: Vec<Job>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) conclusion: Option<String>,
    #[serde(default)]
    pub(crate) html_url: Option<String>,
}

/// What a server answers that tells the run.
#[derive(Debug, Deserialize)]
pub(crate) struct Begun {
    pub(crate) workflow_run_id: u64,
    #[serde(default)]
    pub(crate) html_url: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Standing {
    #[serde(default)]
    pub(crate) permission: String,
    #[serde(default)]
    pub(crate) role_name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Deployment {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) sha: String,
    #[serde(default, rename = "ref")]
    pub(crate) reference: String,
    #[serde(default)]
    pub(crate) environment: String,
    /// An object, or the text of one: as it was sent.
    #[serde(default)]
    pub(crate) payload: Value,
    #[serde(default)]
    pub(crate) created_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DeploymentStatus {
    #[serde(default)]
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) log_url: Option<String>,
    #[serde(default)]
    pub(crate) environment_url: Option<String>,
}

/// A comment as it is now, with what tells whose it is.
#[derive(Debug, Deserialize)]
pub(crate) struct CommentNow {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) html_url: String,
    #[serde(default)]
    pub(crate) issue_url: String,
    #[serde(default)]
    pub(crate) body: Option<String>,
    #[serde(default)]
    pub(crate) user: Option<Author>,
    #[serde(default)]
    pub(crate) created_at: Option<String>,
    #[serde(default)]
    pub(crate) updated_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Author {
    #[serde(default)]
    pub(crate) login: String,
    #[serde(default, rename = "type")]
    pub(crate) kind: String,
}

/// Seconds since 1970 of a moment in an answer; 0 for one that cannot be read.
pub(crate) fn seconds(text: Option<&str>) -> u64 {
    text.and_then(proofmark_http::epoch_seconds).unwrap_or_default()
}
