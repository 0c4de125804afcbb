//! Aliases and stages of MLflow's registry.

mod moves;
mod rollback;

use std::collections::BTreeSet;

use proofmark_mlflow::Registry;
use proofmark_mlflow::model::{ModelUri, ModelVersion, Which};

pub(super) use self::moves::Target;
use super::shelf::{Planned, Shelf, Version};
use crate::exit::CliError;

/// An alias or a stage of a registered model.
pub(super) struct MlflowShelf {
    pub(super) registry: Box<dyn Registry>,
    pub(super) model: String,
    pub(super) target: Target,
}

impl Shelf for MlflowShelf {
    fn title(&self) -> String {
        self.target.to_string()
    }

    fn system(&self) -> &'static str {
        "mlflow"
    }

    fn reference(&self) -> String {
        ModelUri { model: self.model.clone(), which: self.target.which() }.to_string()
    }

    fn current(&self) -> Result<Option<Version>, CliError> {
        Ok(moves::current(self.registry.as_ref(), &self.model, &self.target)?.map(told))
    }

    fn version(&self, named: Option<&str>, runs: &BTreeSet<&str>) -> Result<Version, CliError> {
        let model = &self.model;
        let shown = || runs.iter().map(|run| format!("`{run}`")).collect::<Vec<_>>().join(", ");
        let found = match named {
            Some(named) => {
                let number = number(named)?;
                let none = || CliError::input(format!("`{model}` has no version {number}"));
                self.registry.model_version(model, &Which::Number(number))?.ok_or_else(none)?
            }
            None => self.newest(runs)?,
        };
        let of = found.run.as_deref();
        if !of.is_some_and(|run| runs.contains(run)) {
            let of = of.map_or_else(|| "of no run".to_owned(), |run| format!("of the run `{run}`"));
            return Err(CliError::input(format!("version {} of `{model}` is {of}, and judged was {}", found.version, shown()))
                .hint("a version is promoted by the judgement of its own run"));
        }
        if !matches!(found.status.as_str(), "" | "READY") {
            return Err(CliError::input(format!("version {} of `{model}` is not ready: {}", found.version, found.status)));
        }
        Ok(told(found))
    }

    fn promote(&self, before: Option<&Version>, to: &Version, evidence: &[(String, String)], write: bool) -> Result<Planned, CliError> {
        let before = before.map(|version| number(&version.name)).transpose()?;
        let plan = moves::plan(self.registry.as_ref(), &self.model, &self.target, before, to, evidence)?;
        if write {
            plan.carry_out(self.registry.as_ref(), &self.target)?;
        }
        Ok(plan.told(&self.target))
    }

    fn roll_back(&self, from: Option<&str>, write: bool) -> Result<Option<Planned>, CliError> {
        let from = from.map(number).transpose()?;
        let Some(plan) = rollback::plan(self.registry.as_ref(), &self.model, &self.target, from)? else { return Ok(None) };
        if write {
            plan.carry_out(self.registry.as_ref(), &self.target)?;
        }
        Ok(Some(plan.told(&self.target)))
    }
}

impl MlflowShelf {
    /// The newest version that these runs made.
    fn newest(&self, runs: &BTreeSet<&str>) -> Result<ModelVersion, CliError> {
        let model = &self.model;
        let mut all = Vec::new();
        for run in runs {
            all.extend(self.registry.versions_of_run(model, run)?);
        }
        let newest = all.iter().max_by_key(|version| version.version).cloned().ok_or_else(|| {
            let shown = runs.iter().map(|run| format!("`{run}`")).collect::<Vec<_>>().join(", ");
            CliError::input(format!("no version of `{model}` is of a run that was judged ({shown})"))
                .hint("register the model that the run logged, or name the version with --version")
        })?;
        // Who may register versions can name any run with any files.
        if let Some(other) = all.iter().find(|other| other.run == newest.run && other.source != newest.source) {
            let (one, two) = (other.version, newest.version);
            return Err(CliError::input(format!("versions {one} and {two} of `{model}` are of one run and have different files"))
                .hint("name the one that is meant with --version"));
        }
        Ok(newest)
    }
}

fn told(version: ModelVersion) -> Version {
    Version { name: version.version.to_string(), tags: version.tags }
}

fn number(text: &str) -> Result<u64, CliError> {
    text.parse().map_err(|_| CliError::input(format!("`{text}` is no version of MLflow, which are numbers")))
}
