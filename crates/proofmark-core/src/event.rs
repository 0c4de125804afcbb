//! Something that happened, whoever told: a forge, a CI system, a model registry, git, a clock, or proofmark itself.
//!
//! One type for all of them, so that rules are written once. Everything in it comes from outside and is hostile until escaped.
//! Adapters make events from what their systems send; what to do about one is decided elsewhere.

mod drift;
mod kind;
mod mark;
mod report;
mod subject;

pub use self::drift::{Drift, DriftColumn, DriftError, LIMIT as DRIFT_LIMIT};
pub use self::kind::{Kind, Sender};
pub use self::mark::Mark;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::run::{Place, PullRequest};

/// The version of the document's form; it grows when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// One event. What a sender does not tell is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Event {
    /// Who told.
    pub sender: Sender,
    /// What it is about.
    pub kind: Kind,
    /// What happened: `opened`, `completed`, `set`, `blocked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The delivery or run that brought it: the same for each repetition of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When it happened, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
    /// The repository, as `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The branch that everything is merged into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_branch: Option<String>,
    /// Who caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The branch that it is about: the one that was pushed, or that a pull request goes into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The tag that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Where things were before: the branch that a pull request goes into, the commit before a push.
    #[serde(default)]
    pub base: Place,
    /// Where things are now.
    #[serde(default)]
    pub head: Place,
    /// What was done to a branch or tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<Push>,
    /// The pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequest>,
    /// Whether the pull request was merged.
    #[serde(default)]
    pub merged: bool,
    /// The label that was put on or taken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
    /// The run, build or check that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// The model in a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// What a gate or a monitor said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The time table's line that fired: `17 3 * * *`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// What somebody gave along: inputs of a workflow, the payload of a `repository_dispatch`, parameters of a build.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Value>,
    /// How many orders of proofmark led to it, one after the other.
    #[serde(default)]
    pub depth: u32,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Actor {
    /// Its name.
    pub login: String,
    /// Whether it is no person.
    #[serde(default)]
    pub bot: bool,
}

/// What was done to a branch or tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Push {
    /// Whether it is new.
    pub created: bool,
    /// Whether it is gone.
    pub deleted: bool,
    /// Whether commits were taken away.
    pub forced: bool,
}

/// A comment on a pull request or an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// What it says.
    pub body: String,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Actor>,
    /// When it was written, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// The number of the pull request or issue.
    pub on: u64,
    /// Whether that is a pull request.
    #[serde(default)]
    pub on_pull_request: bool,
    /// Whether that is open.
    #[serde(default)]
    pub open: bool,
}

/// A run of a workflow, a build, a check, a deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Run {
    /// Its number in its system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The workflow, job or check, or the environment of a deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its own title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What started it: `push`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// How it stands: `completed`, `in_progress`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// How it ended, in lower case: `success`, `failure`, `unstable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<String>,
    /// Whether its commit may be a stranger's: of a fork, or of a place that is gone.
    pub fork: bool,
}

/// A model in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Model {
    /// The registered model's name.
    pub name: String,
    /// The version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The tag's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The tag's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The run that made the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// What a gate or a monitor said, as far as rules ask for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Verdict {
    /// What the policy says: `pass`, `waived`, `warn`, `no-baseline`, `inconclusive`, `fail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// What that does: `allow`, `notice`, `block`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// The result in a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// The metrics whose checks failed, or the columns that drifted.
    pub failed: Vec<String>,
    /// The hash of the document that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

impl Event {
    /// An event of which only the kind is known.
    pub fn new(sender: Sender, kind: Kind) -> Self {
        Self {
            sender,
            kind,
            action: None,
            id: None,
            time: None,
            repository: None,
            default_branch: None,
            actor: None,
            branch: None,
            tag: None,
            base: Place::default(),
            head: Place::default(),
            push: None,
            pull_request: None,
            merged: false,
            label: None,
            comment: None,
            run: None,
            model: None,
            verdict: None,
            schedule: None,
            inputs: BTreeMap::new(),
            depth: 0,
        }
    }

    /// The event as rules name it: `pull_request.opened`, or `push`.
    pub fn name(&self) -> String {
        match &self.action {
            Some(action) => format!("{}.{action}", self.kind),
            None => self.kind.to_string(),
        }
    }

    /// Whether what it is about may come from a stranger: its code must not meet secrets.
    pub fn is_foreign(&self) -> bool {
        self.pull_request.as_ref().is_some_and(|pull| pull.fork) || self.run.as_ref().is_some_and(|run| run.fork)
    }
}

impl Actor {
    /// An account; those whose names end in `[bot]` are no persons.
    pub fn new(login: impl Into<String>, bot: bool) -> Self {
        let login = login.into();
        let bot = bot || login.ends_with("[bot]");
        Self { login, bot }
    }
}

impl Comment {
    /// A comment on an open pull request, of which nothing else is known.
    pub fn new(id: u64, on: u64, body: impl Into<String>) -> Self {
        Self { id, body: body.into(), author: None, created: None, on, on_pull_request: true, open: true }
    }
}

impl Model {
    /// A registered model.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), version: None, alias: None, tag: None, value: None, run: None }
    }
}
