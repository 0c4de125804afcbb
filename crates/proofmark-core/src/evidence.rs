//! What a check can rest on besides one number a side: repeated runs, and rows of prediction tables.
//!
//! Kept are sufficient statistics, small enough for a report, from which every procedure can be computed again: so stored
//! results can be judged under other rules without running anything.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::direction::Direction;
use crate::key::Key;
use crate::path::RepoPath;

/// How the value of a missing cell is written.
pub const MISSING: &str = "(missing)";

/// A part of the rows: those whose columns have these values. Empty is all rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Slice(BTreeMap<String, String>);

impl Slice {
    /// All rows.
    pub fn all() -> Self {
        Self::default()
    }

    /// The rows that also have this value in this column.
    #[must_use]
    pub fn with(mut self, column: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(column.into(), value.into());
        self
    }

    /// Whether these are all rows.
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Column and value, by column.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(column, value)| (column.as_str(), value.as_str()))
    }

    /// The value that a column must have.
    pub fn value(&self, column: &str) -> Option<&str> {
        self.0.get(column).map(String::as_str)
    }
}

impl fmt::Display for Slice {
    /// `country=DE, device=phone`; nothing for all rows. A cell that is missing has no value.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (column, value)) in self.0.iter().enumerate() {
            let value = if value.is_empty() { MISSING } else { value };
            write!(out, "{}{column}={value}", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// One prediction table, as both sides have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct TableVersion {
    /// What rules call it.
    pub name: String,
    /// The file.
    pub file: RepoPath,
    /// SHA-256 of the base's file, where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// SHA-256 of the head's file, where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Which examples the head's table is about, as a digest of ids and labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_set: Option<String>,
}

impl TableVersion {
    /// A table of which nothing was read yet.
    pub fn new(name: impl Into<String>, file: RepoPath) -> Self {
        Self { name: name.into(), file, base: None, head: None, test_set: None }
    }
}

/// One metric of both sides with its evidence: of repeated runs, or of a prediction table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Measured {
    /// The prediction table's name; absent for repeated runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The table's file, or the file or glob that the runs are from.
    pub file: RepoPath,
    /// The metric: `accuracy`, `quantile(0.95, latency)`.
    pub metric: Key,
    /// Which rows.
    #[serde(default, skip_serializing_if = "Slice::is_all")]
    pub slice: Slice,
    /// What the head is compared with, where that is not the base: the name of a reference (`production`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Which way the metric gets better by its definition, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub natural: Option<Direction>,
    /// The metric's value at the base; absent when it is not there or undefined.
    pub base: Option<f64>,
    /// The metric's value at the head; absent when it is not there or undefined.
    pub head: Option<f64>,
    /// Rows or runs at the base.
    pub n_base: u64,
    /// Rows or runs at the head.
    pub n_head: u64,
    /// Rows, or runs, that stand on one side only and are left out of what is said about the difference.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unmatched: u64,
    /// What can be said about the difference beyond the two values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// Why there is no sample, or no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<Obstacle>,
}

impl Measured {
    /// A metric of which nothing is known yet.
    pub fn new(file: RepoPath, metric: Key) -> Self {
        Self {
            table: None,
            file,
            metric,
            slice: Slice::all(),
            against: None,
            natural: None,
            base: None,
            head: None,
            n_base: 0,
            n_head: 0,
            unmatched: 0,
            sample: None,
            obstacle: None,
        }
    }
}

/// Why a metric has no value or no sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Obstacle {
    /// As a stable word.
    pub reason: Why,
    /// As a sentence fragment with the numbers: `3 of 1000 ids stand on one side only`.
    pub told: String,
}

/// The kinds of [`Obstacle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Why {
    /// The head has no such table.
    MissingCandidate,
    /// The base has no such table.
    NoBaseline,
    /// The head's table cannot be read, or is not what the policy says it is.
    UnreadableCandidate,
    /// The base's table cannot be read, or is not what the policy says it is.
    UnreadableBaseline,
    /// The same id has other labels, weights or slices on the two sides, so these are different test sets.
    DifferentTestSet,
    /// More rows than allowed stand on one side only.
    UnpairedRows,
    /// The head has no row of the slice.
    MissingSlice,
    /// The metric is not defined at the head: one class only, no positive prediction.
    UndefinedCandidate,
    /// The metric is not defined at the base.
    UndefinedBaseline,
    /// A score, a label or a value at the head is NaN or infinite where the metric needs a number.
    NonFiniteCandidate,
    /// The same at the base.
    NonFiniteBaseline,
    /// There are too few rows for the rule.
    TooFewRows,
}

impl Why {
    /// The word that documents use.
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingCandidate => "missing-candidate",
            Self::NoBaseline => "no-baseline",
            Self::UnreadableCandidate => "unreadable-candidate",
            Self::UnreadableBaseline => "unreadable-baseline",
            Self::DifferentTestSet => "different-test-set",
            Self::UnpairedRows => "unpaired-rows",
            Self::MissingSlice => "missing-slice",
            Self::UndefinedCandidate => "undefined-candidate",
            Self::UndefinedBaseline => "undefined-baseline",
            Self::NonFiniteCandidate => "non-finite-candidate",
            Self::NonFiniteBaseline => "non-finite-baseline",
            Self::TooFewRows => "too-few-rows",
        }
    }
}

/// What a procedure needs to know of both sides. Nothing in it is turned by direction: differences are head less base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[non_exhaustive]
pub enum Sample {
    /// Repeated runs of the same training.
    Runs {
        /// The values at the base.
        base: Vec<f64>,
        /// The values at the head.
        head: Vec<f64>,
        /// The i-th run of both sides has the same seed or fold.
        paired: bool,
        /// Values that were NaN and are left out, of both sides.
        #[serde(default)]
        n_nan: u64,
    },
    /// Right or wrong on the same rows.
    PairedProportion {
        /// Right on both sides.
        n11: u64,
        /// Right at the base only.
        n10: u64,
        /// Right at the head only.
        n01: u64,
        /// Wrong on both sides.
        n00: u64,
    },
    /// A share of rows, on different rows.
    Proportions {
        /// Right at the base.
        base: u64,
        /// Rows at the base.
        n_base: u64,
        /// Right at the head.
        head: u64,
        /// Rows at the head.
        n_head: u64,
    },
    /// A mean over the same rows, or over clusters of them.
    PairedMeans {
        /// Independent units: rows, or clusters.
        n: u64,
        /// Mean difference over rows.
        difference: f64,
        /// Standard error of the mean difference, `sd / sqrt(n)` for rows.
        se: f64,
        /// All differences are equal.
        #[serde(default)]
        equal: bool,
        /// The differences themselves when there are fewer than thirty, for the exact test.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        few: Vec<f64>,
        /// Whether the units are clusters.
        #[serde(default)]
        clusters: bool,
    },
    /// A mean on different rows.
    Means {
        /// Mean at the base.
        base: f64,
        /// Variance at the base, with n - 1.
        var_base: f64,
        /// Rows at the base.
        n_base: u64,
        /// Mean at the head.
        head: f64,
        /// Variance at the head, with n - 1.
        var_head: f64,
        /// Rows at the head.
        n_head: u64,
    },
    /// The area under the ROC curve on the same rows (DeLong).
    PairedAuc {
        /// Rows of the positive class.
        positives: u64,
        /// Rows of the other classes.
        negatives: u64,
        /// Area at the base.
        base: f64,
        /// Area at the head.
        head: f64,
        /// Variance of the base's area.
        var_base: f64,
        /// Variance of the head's area.
        var_head: f64,
        /// Covariance of both areas.
        covariance: f64,
        /// Both sides rank all rows alike.
        identical: bool,
    },
    /// Counts of label, prediction of the base and prediction of the head on the same rows, for a binary metric of counts.
    PairedCells {
        /// Rows by `4 label + 2 base + head`, each 0 or 1.
        cells: [u64; 8],
        /// The seed of the resampling.
        seed: u64,
    },
    /// A difference resampled beforehand.
    Replicates {
        /// Independent units that were drawn: rows, or clusters.
        n: u64,
        /// The difference itself.
        difference: f64,
        /// Resamples that were drawn.
        resamples: u64,
        /// Resamples on which the metric is undefined, and which are left out.
        dropped: u64,
        /// The seed of the resampling.
        seed: u64,
        /// Standard deviation of the replicates.
        sd: f64,
        /// Quantiles (type 7) of the replicates at [`levels`].
        quantiles: Vec<f64>,
    },
}

/// The levels at which quantiles of replicates are kept: fine in the tails, where verdicts are made, and symmetric.
pub fn levels() -> Vec<f64> {
    let tail = [0.0001, 0.0002, 0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.0075];
    let lower = tail.iter().copied().chain((1..50).map(|percent| f64::from(percent) / 100.0)).chain([0.025, 0.075]);
    let mut levels: Vec<f64> = lower.flat_map(|level| [level, 1.0 - level]).chain([0.0, 0.5, 1.0]).collect();
    levels.sort_by(f64::total_cmp);
    levels
}

/// The columns of a slice as a table declares it: `country`, or several joined by `*` (`country*device`).
pub fn selector_columns(text: &str) -> Vec<&str> {
    let columns: Vec<&str> = text.split('*').map(str::trim).collect();
    if columns.iter().any(|column| column.is_empty()) { Vec::new() } else { columns }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
