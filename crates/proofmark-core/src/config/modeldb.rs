//! `[[modeldb]]`: metrics of runs that are logged to ModelDB.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::finding::{BY_COMMIT, Count, Find, Finding, Names, check_title, file};
use super::mlflow::{Summary, check_history};
use crate::path::RepoPath;

/// What the files begin with that hold the metrics of runs.
const PREFIX: &str = "modeldb:";
/// The attribute with the commit where nothing is said.
const COMMIT_ATTRIBUTE: &str = "git_sha";
/// The attribute with the branch where nothing is said.
const BRANCH_ATTRIBUTE: &str = "git_branch";

/// Runs of a project; what they logged is compared like a metrics file of the name `modeldb:NAME`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelDb {
    /// The project's name.
    pub project: String,
    /// The names of the experiments that count; all of the project when absent.
    pub experiment: Names,
    /// What rules call the runs: `modeldb:NAME`; the project's name when absent.
    pub name: Option<String>,
    /// The address of ModelDB. `VERTA_HOST` when absent.
    pub host: Option<String>,
    /// The workspace. `VERTA_WORKSPACE`, else `personal` when absent.
    pub workspace: Option<String>,
    /// How runs are found, one way after the other until one finds any: `commit`, `branch`, `run-name`, `newest`.
    pub find: Option<Vec<Find>>,
    /// The attribute with the full commit id; `git_sha` when absent. A run without it is found by a tag that is the commit, and by
    /// the commit of its code version.
    pub commit_attribute: Option<String>,
    /// The attribute with the branch; `git_branch` when absent.
    pub branch_attribute: Option<String>,
    /// The name that a run has: `{branch}`, `{commit}` and `{short_commit}` stand for those of each side.
    pub run_name: Option<String>,
    /// Attributes that a run must have as well, exactly.
    pub attributes: BTreeMap<String, String>,
    /// Tags that a run must have as well.
    pub tags: Vec<String>,
    /// Which of several runs of one commit count.
    pub runs: Count,
    /// The hyperparameter by which repeated runs of both sides belong together: `seed`.
    pub pair_by: Option<String>,
    /// Globs over metric names; all when absent.
    pub metrics: Option<Vec<String>>,
    /// Values over all observations of a name, beside the metrics: `{ loss = ["min"] }` adds `loss.min`.
    pub history: BTreeMap<String, Vec<Summary>>,
}

impl ModelDb {
    /// What it is called.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.project)
    }

    /// The file that its metrics are said to be in.
    pub fn file(&self) -> RepoPath {
        file(PREFIX, self.title())
    }

    /// How its runs are found.
    pub fn finding(&self) -> Finding {
        Finding {
            ways: self.find.clone().unwrap_or_else(|| BY_COMMIT.to_vec()),
            commit: self.commit_attribute.clone().unwrap_or_else(|| COMMIT_ATTRIBUTE.to_owned()),
            commit_key: "commit_attribute",
            branch: self.branch_attribute.clone().unwrap_or_else(|| BRANCH_ATTRIBUTE.to_owned()),
            run_name: self.run_name.clone(),
            tags: self.attributes.clone(),
            children: false,
            newest: self.runs == Count::Newest,
            pair_by: self.pair_by.clone(),
            metrics: self.metrics.clone(),
        }
    }

    /// Why it cannot be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.project.trim().is_empty() {
            return Err("`project` is missing: the name of the project that runs are logged to".to_owned());
        }
        if self.experiment.0.iter().chain(&self.tags).any(String::is_empty) {
            return Err("a name in `experiment` or `tags` is empty".to_owned());
        }
        check_title(PREFIX, self.title())?;
        check_history(&self.history)?;
        self.finding().check()
    }
}
