//! How the runs of a commit are found, whichever system has them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::path::RepoPath;

/// The way to find runs where nothing is said.
pub(super) const BY_COMMIT: &[Find] = &[Find::Commit];

/// What a configuration says of it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The ways, one after the other until one finds any.
    pub ways: Vec<Find>,
    /// The tag (parameter, attribute) with the full commit id.
    pub commit: String,
    /// The key of the configuration that names it: `commit_tag`.
    pub commit_key: &'static str,
    /// The one with the branch.
    pub branch: String,
    /// The name that a run has, with places to fill in.
    pub run_name: Option<String>,
    /// Tags that a run must have as well, exactly.
    pub tags: BTreeMap<String, String>,
    /// Whether nested runs are the repeated runs of their parent.
    pub children: bool,
    /// Whether only the newest of several runs counts.
    pub newest: bool,
    /// The parameter by which repeated runs of both sides belong together.
    pub pair_by: Option<String>,
    /// Globs over metric names.
    pub metrics: Option<Vec<String>>,
}

impl Finding {
    /// Why it cannot be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.ways.is_empty() {
            return Err("`find` is empty; take it away, or name `commit`, `branch`, `run-name` or `newest`".to_owned());
        }
        if self.ways.contains(&Find::RunName) != self.run_name.is_some() {
            return Err("`run_name` and the way `run-name` of `find` belong together".to_owned());
        }
        match self.metrics.iter().flatten().find_map(|glob| crate::glob::Glob::name(glob).err()) {
            Some(bad) => Err(format!("`metrics`: {bad}")),
            None => Ok(()),
        }
    }
}

/// Whether rules can call runs so.
pub(super) fn check_title(prefix: &str, title: &str) -> Result<(), String> {
    if RepoPath::parse(&format!("{prefix}{title}")).is_err() || title.is_empty() || title.starts_with(['/', '.']) {
        return Err(format!("`{title}` cannot be what rules call it; give another `name`"));
    }
    Ok(())
}

/// The file that metrics of runs are said to be in.
pub(super) fn file(prefix: &str, title: &str) -> RepoPath {
    RepoPath::parse(&format!("{prefix}{title}")).unwrap_or_default()
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
    /// The newest run that finished, whatever it is of: for experiments that only one branch logs to.
    Newest,
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
