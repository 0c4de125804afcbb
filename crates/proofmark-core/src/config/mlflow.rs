//! `[[mlflow]]`: metrics of runs that are logged to MLflow.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{BY_COMMIT, Children, Count, Find, Finding, Names, check_title, file};
use crate::path::RepoPath;

/// What the files begin with that hold the metrics of runs.
const PREFIX: &str = "mlflow:";
/// The tag by which MLflow's client names the commit that a run was started from.
const COMMIT_TAG: &str = "mlflow.source.git.commit";
/// The tag by which it names the branch; absent on a detached head, which is what CI checks out.
const BRANCH_TAG: &str = "mlflow.source.git.branch";

/// Runs of one or several experiments; what they logged is compared like a metrics file of the name `mlflow:NAME`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mlflow {
    /// The experiment's name, or several.
    pub experiment: Names,
    /// What rules call the runs: `mlflow:NAME`; the name of the first experiment when absent.
    pub name: Option<String>,
    /// The store, as MLflow writes it: `https://…`, `sqlite:///mlflow.db`, `mlruns`. `MLFLOW_TRACKING_URI` when absent.
    pub tracking_uri: Option<String>,
    /// How runs are found, one way after the other until one finds any: `commit`, `branch`, `run-name`, `newest`.
    pub find: Option<Vec<Find>>,
    /// The tag with the full commit id that a run was started from.
    pub commit_tag: Option<String>,
    /// The tag with the branch that a run was started from.
    pub branch_tag: Option<String>,
    /// The name that a run has: `{branch}`, `{commit}` and `{short_commit}` stand for those of each side.
    pub run_name: Option<String>,
    /// Tags that a run must have as well, exactly.
    pub tags: BTreeMap<String, String>,
    /// What nested runs are.
    pub children: Children,
    /// Which of several runs of one commit count.
    pub runs: Count,
    /// The parameter by which repeated runs of both sides belong together: `seed`.
    pub pair_by: Option<String>,
    /// Globs over metric names; all when absent.
    pub metrics: Option<Vec<String>>,
    /// Values over the whole history of a metric, beside its last one: `{ "val/loss" = ["min"] }` adds `val/loss.min`.
    pub history: BTreeMap<String, Vec<Summary>>,
    /// Whether the metrics of logged models count as well, as `models.NAME.METRIC` (MLflow 3).
    pub models: bool,
}

/// One number of a metric's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Summary {
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The mean.
    Mean,
    /// The first value.
    First,
    /// The last value, which is the metric's own.
    Last,
}

impl Summary {
    /// The word that is put behind the metric's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

impl Mlflow {
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
            commit: self.commit_tag.clone().unwrap_or_else(|| COMMIT_TAG.to_owned()),
            commit_key: "commit_tag",
            branch: self.branch_tag.clone().unwrap_or_else(|| BRANCH_TAG.to_owned()),
            run_name: self.run_name.clone(),
            tags: self.tags.clone(),
            children: self.children == Children::Runs,
            newest: self.runs == Count::Newest,
            pair_by: self.pair_by.clone(),
            metrics: self.metrics.clone(),
        }
    }

    /// Why it cannot be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.experiment.0.is_empty() || self.experiment.0.iter().any(String::is_empty) {
            return Err("`experiment` is missing: the name of the experiment that runs are logged to".to_owned());
        }
        check_title(PREFIX, self.title())?;
        self.finding().check()?;
        check_history(&self.history)
    }
}

/// Why what is asked of histories cannot be meant.
pub(super) fn check_history(history: &BTreeMap<String, Vec<Summary>>) -> Result<(), String> {
    match history.iter().find(|(_, summaries)| summaries.is_empty()) {
        Some((metric, _)) => Err(format!("`history` of `{metric}` is empty; name `min`, `max`, `mean`, `first` or `last`")),
        None => Ok(()),
    }
}
