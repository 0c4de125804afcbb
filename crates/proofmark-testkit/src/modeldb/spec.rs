//! What a test says about a run; everything else is made up.

use serde_json::Value;

/// A run to be. `RunSpec { name: "one", metrics: &[("auc", 0.9)], ..RunSpec::default() }`.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunSpec<'a> {
    /// Its name; made up when empty.
    pub name: &'a str,
    /// When it was made, in milliseconds since 1970; a second after what was made last when 0.
    pub created: i64,
    /// When it began; as with the Python client not said when 0.
    pub started: i64,
    /// When it ended; as with the Python client not said when 0.
    pub ended: i64,
    /// The attribute `git_sha`; none when empty.
    pub commit: &'a str,
    /// Tags.
    pub tags: &'a [&'a str],
    /// Attributes, after that of the commit.
    pub attributes: &'a [(&'a str, &'a str)],
    /// Metrics.
    pub metrics: &'a [(&'a str, f64)],
    /// Metrics whose values are any JSON, after the others.
    pub values: &'a [(&'a str, &'a Value)],
    /// Hyperparameters.
    pub hyperparameters: &'a [(&'a str, &'a str)],
    /// What was logged in the course of time: name, value, epoch.
    pub points: &'a [(&'a str, f64, i64)],
    /// The commit of the snapshot of the code; none when empty.
    pub snapshot: &'a str,
    /// Whether the files were other than those of the commit.
    pub dirty: bool,
    /// Datasets: the name, and the id of the version.
    pub datasets: &'a [(&'a str, &'a str)],
}
