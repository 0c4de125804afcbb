//! Which version is of which run. Nothing in the registry is made for it: teams keep the run's id in a custom property, and
//! Pipelines' clients in the fields of an artifact that say where it comes from.

use super::{Registry, Version};
use crate::Error;
use crate::registry::Model;

/// Versions whose artifacts are looked at, newest first: each is a request.
const MOST_LOOKED_AT: usize = 200;

/// Where a run's id is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunNames {
    /// Custom properties of versions and of their artifacts.
    pub properties: Vec<String>,
    /// Whether artifacts are looked at where no version tells.
    pub artifacts: bool,
}

/// What told that a version is of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A custom property of the version.
    Version(String),
    /// A custom property of an artifact.
    Artifact(String),
    /// Where an artifact comes from: `modelSourceId`.
    Source,
    /// The registry's own run that made an artifact: `experimentRunId`.
    ExperimentRun,
}

impl Default for RunNames {
    fn default() -> Self {
        Self { properties: ["kfp_run_id", "run_id"].map(str::to_owned).to_vec(), artifacts: true }
    }
}

impl Registry {
    /// The versions of a run, in the order in which they were made, each with what told it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn versions_of_run(&self, model: &Model, run: &str, names: &RunNames) -> Result<Vec<(Version, Told)>, Error> {
        if run.is_empty() {
            return Ok(Vec::new());
        }
        let versions = self.versions(model)?;
        let told = |version: &Version| {
            let is_it = |name: &&String| version.properties.get(*name).and_then(|value| value.as_id()).is_some_and(|id| id == run);
            names.properties.iter().find(is_it).cloned().map(Told::Version)
        };
        let found: Vec<_> = versions.iter().filter_map(|version| Some((version.clone(), told(version)?))).collect();
        if !found.is_empty() || !names.artifacts {
            return Ok(found);
        }
        let mut found = Vec::new();
        for version in versions.into_iter().rev().take(MOST_LOOKED_AT) {
            if let Some(told) = self.told_by_artifacts(&version, run, names)? {
                found.push((version, told));
            }
        }
        found.reverse();
        Ok(found)
    }

    /// The run that made a version, as the version says it, else its artifacts.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn run_of_version(&self, version: &Version, names: &RunNames) -> Result<Option<String>, Error> {
        let said = |properties: &super::Properties| {
            names.properties.iter().find_map(|name| properties.get(name)?.as_id().map(std::borrow::Cow::into_owned))
        };
        if let Some(id) = said(&version.properties) {
            return Ok(Some(id));
        }
        if !names.artifacts {
            return Ok(None);
        }
        let of = |artifact: super::Artifact| artifact.source.id.clone().or(artifact.experiment_run).or_else(|| said(&artifact.properties));
        Ok(self.artifacts(version)?.into_iter().find_map(of))
    }

    fn told_by_artifacts(&self, version: &Version, run: &str, names: &RunNames) -> Result<Option<Told>, Error> {
        for artifact in self.artifacts(version)? {
            if artifact.source.id.as_deref() == Some(run) {
                return Ok(Some(Told::Source));
            }
            if artifact.experiment_run.as_deref() == Some(run) {
                return Ok(Some(Told::ExperimentRun));
            }
            let is_it = |name: &&String| artifact.properties.get(*name).and_then(|value| value.as_id()).is_some_and(|id| id == run);
            if let Some(name) = names.properties.iter().find(is_it) {
                return Ok(Some(Told::Artifact(name.clone())));
            }
        }
        Ok(None)
    }
}
