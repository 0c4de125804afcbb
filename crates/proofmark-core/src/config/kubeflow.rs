//! `[[kubeflow]]`: metrics of runs of Kubeflow Pipelines.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::finding::{BY_COMMIT, Count, Find, Finding, Names, check_title, file};
use crate::path::RepoPath;

/// What the files begin with that hold the metrics of runs.
const PREFIX: &str = "kubeflow:";
/// The parameter with the commit where nothing is said.
const COMMIT_PARAMETER: &str = "git_sha";
/// The parameter with the branch where nothing is said.
const BRANCH_PARAMETER: &str = "git_branch";

/// Runs of one or several experiments; what their tasks logged is compared like a metrics file of the name `kubeflow:NAME`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Kubeflow {
    /// The experiment's name, or several.
    pub experiment: Names,
    /// What rules call the runs: `kubeflow:NAME`; the name of the first experiment when absent.
    pub name: Option<String>,
    /// The address of Pipelines, of its user interface where it has one: `https://kubeflow.example.com/pipeline`.
    /// `KF_PIPELINES_ENDPOINT` when absent.
    pub host: Option<String>,
    /// The namespace, for installations with several users. `KF_PIPELINES_NAMESPACE` when absent.
    pub namespace: Option<String>,
    /// The address of Kubeflow's Model Registry, for promotions and for what is in production. `MODEL_REGISTRY_ENDPOINT` when absent.
    pub registry: Option<String>,
    /// How runs are found, one way after the other until one finds any: `commit`, `branch`, `run-name`, `newest`.
    pub find: Option<Vec<Find>>,
    /// The parameter of the pipeline with the full commit id that it trains; `git_sha` when absent.
    pub commit_parameter: Option<String>,
    /// The parameter with the branch; `git_branch` when absent.
    pub branch_parameter: Option<String>,
    /// The name that a run has: `{branch}`, `{commit}` and `{short_commit}` stand for those of each side.
    pub run_name: Option<String>,
    /// Parameters that a run must have as well, exactly.
    pub parameters: BTreeMap<String, String>,
    /// Which of several runs of one commit count.
    pub runs: Count,
    /// The parameter by which repeated runs of both sides belong together: `seed`.
    pub pair_by: Option<String>,
    /// Globs over metric names; all when absent.
    pub metrics: Option<Vec<String>>,
    /// The folder of local runs (`kfp.local`), from the repository's root: outside of CI the newest of them stands for work that
    /// no server has trained.
    pub local: Option<String>,
}

impl Kubeflow {
    /// What it is called.
    pub fn title(&self) -> &str {
        self.name.as_deref().or_else(|| self.experiment.0.first().map(String::as_str)).unwrap_or_default()
    }

    /// The file that its metrics are said to be in.
    pub fn file(&self) -> RepoPath {
        file(PREFIX, self.title())
    }

    /// How its runs are found.
    pub fn finding(&self) -> Finding {
        Finding {
            ways: self.find.clone().unwrap_or_else(|| BY_COMMIT.to_vec()),
            commit: self.commit_parameter.clone().unwrap_or_else(|| COMMIT_PARAMETER.to_owned()),
            commit_key: "commit_parameter",
            branch: self.branch_parameter.clone().unwrap_or_else(|| BRANCH_PARAMETER.to_owned()),
            run_name: self.run_name.clone(),
            tags: self.parameters.clone(),
            children: false,
            newest: self.runs == Count::Newest,
            pair_by: self.pair_by.clone(),
            metrics: self.metrics.clone(),
        }
    }

    /// Why it cannot be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.experiment.0.is_empty() || self.experiment.0.iter().any(String::is_empty) {
            return Err("`experiment` is missing: the name of the experiment that the runs belong to".to_owned());
        }
        check_title(PREFIX, self.title())?;
        if self.local.as_deref().is_some_and(|folder| RepoPath::parse(folder).is_err()) {
            return Err("`local` is no folder of the repository".to_owned());
        }
        self.finding().check()
    }
}
