//! What events are about, and who tells of them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Who told of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Sender {
    /// GitHub: a webhook, or a run of Actions.
    Github,
    /// A build of Jenkins.
    Jenkins,
    /// The state of a clone.
    Git,
    /// MLflow's model registry.
    Mlflow,
    /// A report of proofmark's own.
    Proofmark,
    /// A clock.
    Schedule,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Commits, a branch or a tag came or went.
    Push,
    /// A pull request.
    PullRequest,
    /// A merge queue asks for checks.
    MergeGroup,
    /// A comment on a pull request or issue.
    Comment,
    /// A run of a workflow.
    WorkflowRun,
    /// Somebody started a workflow.
    WorkflowDispatch,
    /// Somebody sent an event of their own.
    RepositoryDispatch,
    /// A time table.
    Schedule,
    /// A release.
    Release,
    /// A deployment.
    Deployment,
    /// A deployment went on.
    DeploymentStatus,
    /// A check run.
    CheckRun,
    /// All checks of one app.
    CheckSuite,
    /// A commit status.
    Status,
    /// A package.
    Package,
    /// A build of Jenkins.
    Build,
    /// An alias of a registered model.
    ModelAlias,
    /// A version of a registered model.
    ModelVersion,
    /// A tag of a version.
    ModelTag,
    /// A registered model.
    Model,
    /// The gate judged.
    Gate,
    /// A monitor looked at data.
    Drift,
    /// Something that proofmark has no type for, by its sender's own name.
    Other(String),
}

/// All kinds that have a type, as they are written.
const NAMES: [(Kind, &str); 22] = [
    (Kind::Push, "push"),
    (Kind::PullRequest, "pull_request"),
    (Kind::MergeGroup, "merge_group"),
    (Kind::Comment, "comment"),
    (Kind::WorkflowRun, "workflow_run"),
    (Kind::WorkflowDispatch, "workflow_dispatch"),
    (Kind::RepositoryDispatch, "repository_dispatch"),
    (Kind::Schedule, "schedule"),
    (Kind::Release, "release"),
    (Kind::Deployment, "deployment"),
    (Kind::DeploymentStatus, "deployment_status"),
    (Kind::CheckRun, "check_run"),
    (Kind::CheckSuite, "check_suite"),
    (Kind::Status, "status"),
    (Kind::Package, "package"),
    (Kind::Build, "build"),
    (Kind::ModelAlias, "model_alias"),
    (Kind::ModelVersion, "model_version"),
    (Kind::ModelTag, "model_tag"),
    (Kind::Model, "model"),
    (Kind::Gate, "gate"),
    (Kind::Drift, "drift"),
];

impl Kind {
    /// The kinds that have a type, as they are written.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(_, name)| *name)
    }

    /// The kind of a name: one that has a type, or `other:NAME` for the sender's own word.
    pub fn parse(name: &str) -> Option<Self> {
        let known = NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| kind.clone());
        known.or_else(|| name.strip_prefix("other:").filter(|name| !name.is_empty()).map(|name| Self::Other(name.to_owned())))
    }

    /// Whether proofmark has no type for it.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Other(_))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name) => write!(out, "other:{name}"),
            known => out.write_str(NAMES.iter().find(|(kind, _)| kind == known).map_or("", |(_, name)| name)),
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Self::parse(&name).ok_or_else(|| serde::de::Error::custom(format!("`{}` is no kind of event", name.escape_debug())))
    }
}

impl JsonSchema for Kind {
    fn schema_name() -> Cow<'static, str> {
        "Kind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Self::names().collect();
        json_schema!({
            "description": "What an event is about; `other:NAME` is the sender's own word for what proofmark has no type for",
            "anyOf": [{ "enum": names }, { "type": "string", "pattern": "^other:." }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_kinds_are_one() {
        for (kind, name) in NAMES {
            assert_eq!((Kind::parse(name), kind.to_string().as_str()), (Some(kind), name));
        }
        let other = Kind::Other("discussion".to_owned());
        assert_eq!((Kind::parse("other:discussion"), other.to_string().as_str()), (Some(other), "other:discussion"));
        for bad in ["", "other:", "Push", "pull-request"] {
            assert_eq!(Kind::parse(bad), None, "{bad}");
        }
    }
}
