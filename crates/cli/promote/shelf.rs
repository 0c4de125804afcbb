//! Where versions of a model stand, whichever registry has them.

use std::collections::{BTreeMap, BTreeSet};

use crate::exit::{self, CliError};

/// What the names begin with under which a registry keeps what a promotion rests on.
pub(super) const PREFIX: &str = "proofmark.";

/// A version of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// What people call it: `3`, `v3`, the id of a run.
    pub(super) name: String,
    /// Texts that are kept with it: tags, properties, attributes.
    pub(super) tags: BTreeMap<String, String>,
}

/// A move from one version to another, made or to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    /// What is written, in words; nothing where all is as it should be.
    pub(super) writes: Vec<String>,
    /// What it rests on: name and value.
    pub(super) evidence: Vec<(String, String)>,
}

/// The place that a version takes: an alias, a stage, a property, a tag.
pub(super) trait Shelf {
    /// `the alias `champion``.
    fn title(&self) -> String;

    /// The table of the configuration that names the runs whose versions stand here: `mlflow`.
    fn system(&self) -> &'static str;

    /// How `[baselines]` names what stands here now: `models:/churn@champion`.
    fn reference(&self) -> String;

    /// The version that stands here now.
    fn current(&self) -> Result<Option<Version>, CliError>;

    /// The version that is meant, of one of these runs: the one that is named, else the newest.
    fn version(&self, named: Option<&str>, runs: &BTreeSet<&str>) -> Result<Version, CliError>;

    /// Puts a version here, unless somebody moved it since it was `before`. Without `write` it only says what that takes.
    fn promote(&self, before: Option<&Version>, to: &Version, evidence: &[(String, String)], write: bool) -> Result<Planned, CliError>;

    /// Puts the version back that the present one replaced; `None` where that was done before. With `from` only if that is the
    /// present one.
    fn roll_back(&self, from: Option<&str>, write: bool) -> Result<Option<Planned>, CliError>;

    /// Somebody else moved it.
    fn moved(&self, expected: Option<&str>, now: Option<&str>) -> CliError {
        moved(&self.title(), expected, now)
    }
}

/// Somebody else moved what is called `title`.
pub(super) fn moved(title: &str, expected: Option<&str>, now: Option<&str>) -> CliError {
    let at = |version: Option<&str>| version.map_or_else(|| "at no version".to_owned(), |name| format!("at version {name}"));
    let told = CliError::input(format!("{title} moved meanwhile: it was {}, and is {} now", at(expected), at(now)));
    CliError { code: exit::BLOCKED, ..told }.hint("run the gate again: what it compared with is no longer what is in production")
}
