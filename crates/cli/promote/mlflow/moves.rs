//! What is written to move an alias or a stage, in which order, and the check that nobody else did meanwhile.

use std::fmt;

use proofmark_mlflow::Registry;
use proofmark_mlflow::model::{ModelVersion, Which};

use super::super::shelf::{PREFIX, Planned, Version, moved};
use crate::exit::CliError;

/// A version that replaced none.
const NOTHING: &str = "none";

/// What moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::promote) enum Target {
    Alias(String),
    Stage { name: String, archive: bool },
}

impl Target {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Alias(name) | Self::Stage { name, .. } => name,
        }
    }

    pub(super) fn which(&self) -> Which {
        match self {
            Self::Alias(name) => Which::Alias(name.clone()),
            Self::Stage { name, .. } => Which::Stage(name.clone()),
        }
    }

    /// The tag of a version that says which one it replaced here.
    pub(super) fn replaced_tag(&self) -> String {
        format!("{PREFIX}replaced.{}", self.name())
    }

    /// The tag of a version that says to which one it gave way again.
    pub(super) fn rolled_back_tag(&self) -> String {
        format!("{PREFIX}rolled-back.{}", self.name())
    }

    /// The tag of the model that says what was done here last.
    pub(super) fn last_tag(&self) -> String {
        format!("{PREFIX}last.{}", self.name())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias(name) => write!(out, "the alias `{name}`"),
            Self::Stage { name, .. } => write!(out, "the stage {name}"),
        }
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Write {
    VersionTag {
        version: u64,
        key: String,
        value: String,
    },
    ModelTag {
        key: String,
        value: String,
    },
    /// The move itself.
    Move {
        version: u64,
        archive: bool,
    },
}

/// From one version to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) model: String,
    pub(super) from: Option<u64>,
    pub(super) to: Option<u64>,
    /// Empty where all is as it should be.
    pub(super) writes: Vec<Write>,
    /// What the move rests on: key and value.
    pub(super) evidence: Vec<(String, String)>,
}

/// The version that the target leads to now.
pub(super) fn current(registry: &dyn Registry, model: &str, target: &Target) -> Result<Option<ModelVersion>, CliError> {
    Ok(registry.model_version(model, &target.which())?)
}

/// What brings the target to a version. Tags come first: a move without them could not be undone.
pub(super) fn plan(
    registry: &dyn Registry,
    model: &str,
    target: &Target,
    from: Option<u64>,
    to: &Version,
    evidence: &[(String, String)],
) -> Result<Move, CliError> {
    let version = super::number(&to.name)?;
    let mut planned = Move { model: model.to_owned(), from, to: Some(version), evidence: evidence.to_vec(), ..Move::default() };
    if from == Some(version) {
        return Ok(planned);
    }
    let replaced = from.map_or_else(|| NOTHING.to_owned(), |number| number.to_string());
    let tags = planned.evidence.iter().cloned().chain([(target.replaced_tag(), replaced.clone())]);
    let new = tags.filter(|(key, value)| to.tags.get(key) != Some(value));
    planned.writes = new.map(|(key, value)| Write::VersionTag { version, key, value }).collect();
    planned.writes.push(Write::Move { version, archive: matches!(target, Target::Stage { archive: true, .. }) });
    let last = format!("promoted {version} in the place of {replaced}");
    if registry.model_tags(model)?.get(&target.last_tag()) != Some(&last) {
        planned.writes.push(Write::ModelTag { key: target.last_tag(), value: last });
    }
    Ok(planned)
}

/// The version that `version` replaced, by its own tag.
pub(super) fn replaced(version: &ModelVersion, target: &Target) -> Option<u64> {
    version.tags.get(&target.replaced_tag())?.parse().ok()
}

impl Move {
    /// The same for people.
    pub(super) fn told(&self, target: &Target) -> Planned {
        let name = |version: Option<u64>| version.map(|number| number.to_string());
        Planned {
            from: name(self.from),
            to: name(self.to),
            writes: self.writes.iter().map(|write| in_words(write, target)).collect(),
            evidence: self.evidence.clone(),
        }
    }

    /// Makes the writes in their order. The move itself is made only while the target is where it was, and is read back.
    pub(super) fn carry_out(&self, registry: &dyn Registry, target: &Target) -> Result<(), CliError> {
        for write in &self.writes {
            match write {
                Write::VersionTag { version, key, value } => registry.set_version_tag(&self.model, *version, key, value)?,
                Write::ModelTag { key, value } => registry.set_model_tag(&self.model, key, value)?,
                Write::Move { version, archive } => self.make(registry, target, *version, *archive)?,
            }
        }
        Ok(())
    }

    fn make(&self, registry: &dyn Registry, target: &Target, version: u64, archive: bool) -> Result<(), CliError> {
        let now = self.at(registry, target)?;
        if now != self.from {
            return Err(moved_to(target, self.from, now));
        }
        let written = match target {
            Target::Alias(alias) => registry.set_alias(&self.model, alias, version),
            Target::Stage { name, .. } => registry.set_stage(&self.model, version, name, archive),
        };
        // An answer that was lost says nothing: what is there now does.
        let there = self.at(registry, target)?;
        match written {
            _ if there == Some(version) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(()) if matches!(target, Target::Stage { .. }) && !archive && there == self.from => {
                let newer = there.map_or_else(String::new, |there| format!(": version {there} is newer and in it as well"));
                Err(CliError::input(format!("version {version} went to {target}, and those who use the stage do not get it{newer}"))
                    .hint("archive the others with --archive"))
            }
            Ok(()) => Err(moved_to(target, Some(version), there)),
        }
    }

    fn at(&self, registry: &dyn Registry, target: &Target) -> Result<Option<u64>, CliError> {
        Ok(current(registry, &self.model, target)?.map(|version| version.version))
    }
}

/// Somebody else moved it.
pub(super) fn moved_to(target: &Target, expected: Option<u64>, now: Option<u64>) -> CliError {
    let name = |version: Option<u64>| version.map(|number| number.to_string());
    moved(&target.to_string(), name(expected).as_deref(), name(now).as_deref())
}

fn in_words(write: &Write, target: &Target) -> String {
    match write {
        Write::VersionTag { version, key, value } => format!("tag of version {version}: {key} = {value}"),
        Write::ModelTag { key, value } => format!("tag of the model: {key} = {value}"),
        Write::Move { version, archive } => {
            let archived = if *archive && matches!(target, Target::Stage { .. }) { ", others archived" } else { "" };
            format!("{target} to version {version}{archived}")
        }
    }
}
