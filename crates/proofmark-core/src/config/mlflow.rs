//! `[[mlflow]]`: metrics of runs that are logged to MLflow.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::RepoPath;

/// What the files begin with that hold the metrics of runs.
pub const PREFIX: &str = "mlflow:";

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
    /// How runs are found, one way after the other until one finds any: `commit`, `branch`, `run-name`.
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

/// One name or several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "Typed")]
#[schemars(with = "Typed")]
pub struct Names(pub Vec<String>);

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Typed {
    One(String),
    Several(Vec<String>),
}

impl From<Typed> for Names {
    fn from(typed: Typed) -> Self {
        match typed {
            Typed::One(name) => Self(vec![name]),
            Typed::Several(names) => Self(names),
        }
    }
}

/// One way to find the runs of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Find {
    /// By the commit; for the base also the nearest commit before it that has a run.
    Commit,
    /// By the branch: the newest run of it, which may be of another commit than is compared.
    Branch,
    /// By `run_name`.
    RunName,
}

/// What nested runs are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Children {
    /// Trials of a search, which do not count.
    #[default]
    Ignore,
    /// The repeated runs (seeds, folds) of their parent, which itself does not count.
    Runs,
}

/// Which of several runs of one commit count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Count {
    /// All of them: they are repeated runs. Nobody can train until the luck is right.
    #[default]
    All,
    /// The newest one.
    Newest,
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
        RepoPath::parse(&format!("{PREFIX}{}", self.title())).unwrap_or_default()
    }

    /// The ways in which runs are found.
    pub fn ways(&self) -> &[Find] {
        self.find.as_deref().unwrap_or(&[Find::Commit])
    }

    /// Why it cannot be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.experiment.0.is_empty() || self.experiment.0.iter().any(String::is_empty) {
            return Err("`experiment` is missing: the name of the experiment that runs are logged to".to_owned());
        }
        if RepoPath::parse(&format!("{PREFIX}{}", self.title())).is_err() || self.title().starts_with(['/', '.']) {
            return Err(format!("`{}` cannot be what rules call it; give another `name`", self.title()));
        }
        if self.ways().is_empty() {
            return Err("`find` is empty; take it away, or name `commit`, `branch` or `run-name`".to_owned());
        }
        if self.ways().contains(&Find::RunName) != self.run_name.is_some() {
            return Err("`run_name` and the way `run-name` of `find` belong together".to_owned());
        }
        if let Some(bad) = self.metrics.iter().flatten().find_map(|glob| crate::glob::Glob::name(glob).err()) {
            return Err(format!("`metrics`: {bad}"));
        }
        match self.history.iter().find(|(_, summaries)| summaries.is_empty()) {
            Some((metric, _)) => Err(format!("`history` of `{metric}` is empty; name `min`, `max`, `mean`, `first` or `last`")),
            None => Ok(()),
        }
    }
}
