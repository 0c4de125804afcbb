//! What rules compare with beside the base: other commits, the best values that passed, and the recorded history.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::Delta;
use crate::evidence::{Measured, Slice};
use crate::key::Key;
use crate::path::RepoPath;

/// Which metric a value belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The metrics file, or the table's.
    pub file: RepoPath,
    /// The prediction table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The metric.
    pub metric: Key,
    /// Which rows.
    #[serde(default, skip_serializing_if = "Slice::is_all")]
    pub slice: Slice,
}

impl Place {
    /// Where a value of a metrics file is.
    pub fn of_row(row: &Delta) -> Self {
        Self { file: row.file.clone(), table: None, metric: row.key.clone(), slice: Slice::all() }
    }

    /// Where a metric of a prediction table, or of repeated runs, is.
    pub fn of_measured(measured: &Measured) -> Self {
        let Measured { file, table, metric, slice, .. } = measured;
        Self { file: file.clone(), table: table.clone(), metric: metric.clone(), slice: slice.clone() }
    }
}

/// What became of metrics since a commit other than the base, by the name that rules give it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Reference {
    /// The name: `production`, `best`.
    pub name: String,
    /// What it stands for: a tag, a branch, a commit; empty for `best`, where each value has a commit of its own.
    pub revision: String,
    /// The full commit id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Why there is nothing to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// It may be there and cannot be had, which is not the same as nothing to compare with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
    /// The metrics that rules ask for: `base` is the value there.
    pub metrics: Vec<Delta>,
}

/// Recorded values of one metric, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    /// Which metric.
    pub place: Place,
    /// The values that count; finite.
    pub values: Vec<f64>,
}

impl Reference {
    /// A reference that nothing is known of yet.
    pub fn new(name: impl Into<String>, revision: impl Into<String>) -> Self {
        Self { name: name.into(), revision: revision.into(), commit: None, problem: None, unreadable: false, metrics: Vec::new() }
    }

    /// What it is called and what that stands for: `production (v1.4)`.
    pub fn title(&self) -> String {
        if self.revision.is_empty() || self.revision == self.name {
            self.name.clone()
        } else {
            format!("{} ({})", self.name, self.revision)
        }
    }
}
