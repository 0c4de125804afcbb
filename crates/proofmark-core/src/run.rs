//! What a run of a CI system is about: distilled from its environment by one adapter per system, and free of secrets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who runs us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum System {
    /// GitHub Actions.
    GithubActions,
    /// Jenkins.
    Jenkins,
}

/// One run. Everything in it comes from outside and is hostile until escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct RunContext {
    /// Who runs us.
    pub system: System,
    /// The event that started the run: `pull_request`, `push`.
    pub event: String,
    /// What happened in that event: `opened`, `synchronize`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The repository, as `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The address of the server that people look at, without a slash at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_url: Option<String>,
    /// What the change goes into.
    #[serde(default)]
    pub base: Place,
    /// What is looked at. Its commit is the one that reports are shown at: never a merge commit made for the test.
    #[serde(default)]
    pub head: Place,
    /// The commit that the system checks out, where it is another one: the merge of head and base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<String>,
    /// The pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequest>,
    /// The pull requests that a merge queue tries together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queued: Vec<u64>,
    /// Who caused the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The workflow's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The job's id inside of the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Which of several parallel jobs of a matrix: `os=linux, python=3.12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<String>,
    /// The run's number in the whole system, growing.
    #[serde(default)]
    pub run_id: u64,
    /// Which try of that run; from 1.
    #[serde(default)]
    pub attempt: u32,
    /// Where people see the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// Why the run's token cannot write, where that is known beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<ReadOnly>,
}

/// A branch and a commit of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Place {
    /// The branch (or tag), without `refs/heads/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The full commit id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Whether its branch lies in another repository, or in one that is gone.
    #[serde(default)]
    pub fork: bool,
    /// Whether it is a draft.
    #[serde(default)]
    pub draft: bool,
    /// Whether it is closed (merged or not).
    #[serde(default)]
    pub closed: bool,
    /// Who opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The names of its labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// Why a token can only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReadOnly {
    /// The run is for a pull request from a fork.
    Fork,
    /// Dependabot caused the run.
    Dependabot,
}

impl RunContext {
    /// A run of which nothing but the system and the event is known.
    pub fn new(system: System, event: impl Into<String>) -> Self {
        Self {
            system,
            event: event.into(),
            action: None,
            repository: None,
            server_url: None,
            base: Place::default(),
            head: Place::default(),
            merged: None,
            pull_request: None,
            queued: Vec::new(),
            actor: None,
            workflow: None,
            job: None,
            leg: None,
            run_id: 0,
            attempt: 1,
            run_url: None,
            read_only: None,
        }
    }
}

impl Place {
    /// A branch and a commit, as far as they are known.
    pub fn new(branch: Option<String>, commit: Option<String>) -> Self {
        Self { branch, commit }
    }

    /// The first ten digits of the commit id.
    pub fn short_commit(&self) -> Option<&str> {
        self.commit.as_deref().map(|id| id.get(..10).unwrap_or(id))
    }
}

impl PullRequest {
    /// A pull request of which only the number is known.
    pub fn new(number: u64) -> Self {
        Self { number, fork: false, draft: false, closed: false, author: None, labels: Vec::new() }
    }
}
