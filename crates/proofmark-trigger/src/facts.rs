//! What is known about an event beyond itself. Whoever calls finds it out, and only what is asked for.

use std::collections::BTreeMap;

use proofmark_core::changes::FileChange;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that may be known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fact<T> {
    /// Nobody looked.
    #[default]
    Unasked,
    /// There is no such thing for this event, and why.
    Absent(String),
    /// It is known.
    Known(T),
    /// It could not be found out, and why: what depends on it is not decided.
    Unknown(String),
}

/// What is known.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The files that really changed, sorted by path.
    pub changed: Fact<Vec<FileChange>>,
    /// What DVC sees changed.
    pub dvc: Fact<DvcChanges>,
    /// The role of whoever gave a command.
    pub role: Fact<Role>,
    /// The pull request of a comment as it is now.
    pub pull: Fact<PullNow>,
    /// The newest commit of the event's branch.
    pub tip: Fact<String>,
}

/// What has to be found out before all can be decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// The files that changed.
    pub changed: bool,
    /// What DVC sees changed.
    pub dvc: bool,
    /// The role of whoever gave a command.
    pub role: bool,
    /// The pull request of a comment.
    pub pull: bool,
    /// The newest commit of the event's branch.
    pub tip: bool,
}

impl Needs {
    /// Whether nothing is needed.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// What DVC sees changed between two revisions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DvcChanges {
    /// Tracked data and models whose recorded hash changed, came or went.
    pub data: Vec<String>,
    /// Params that changed, as `FILE:KEY`.
    pub params: Vec<String>,
    /// Stages of which something that they read or declare changed, and what.
    pub stages: BTreeMap<String, Vec<String>>,
}

/// A role at the forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Of the usual ones.
    pub role: proofmark_core::config::RoleName,
    /// As the forge calls it, where it is a custom one.
    pub told: Option<String>,
}

/// A pull request as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PullNow {
    /// Whether it is open.
    pub open: bool,
    /// Whether its head is in another repository.
    pub fork: bool,
    /// Whether something was pushed there since the comment, or nobody can tell.
    pub moved: bool,
}
