//! `[[table]]`: prediction tables, whose metrics are computed from their rows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// A table with one row for each example of the test set, at each revision.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Table {
    /// What rules call it.
    pub name: String,
    /// The file, from the repository's root: CSV, TSV, JSON, JSON lines or Parquet by its extension.
    pub file: String,
    /// The runs that it is an artifact of, by the name of a `[[mlflow]]`; `file` is then its path among the artifacts.
    pub mlflow: Option<String>,
    /// What the rows are about; by the columns when absent.
    pub task: Option<Task>,
    /// The column that names a row, the same on both sides. Without one, rows are paired by their order, if labels agree.
    pub id: Option<String>,
    /// The column with the truth.
    pub label: Option<String>,
    /// The column with what the model says.
    pub prediction: Option<String>,
    /// The column with the score of the positive class (binary).
    pub score: Option<String>,
    /// Class and column with its score (multiclass).
    pub scores: BTreeMap<String, String>,
    /// The positive class; `1`, `true`, `yes` or `positive` when absent and clear.
    pub positive: Option<String>,
    /// From this score on a row is predicted positive, where there is no prediction column; 0.5 when absent.
    pub threshold: Option<f64>,
    /// The column with how much a row counts.
    pub weight: Option<String>,
    /// The column that names groups of rows that belong together (user, document): they are resampled as one.
    pub cluster: Option<String>,
    /// Parts that are shown for every metric: a column, or several joined by `*` (`country*device`).
    pub slices: Vec<String>,
    /// Metrics that are shown, beside those that rules name.
    pub metrics: Vec<String>,
    /// Slices with fewer rows are shown and not judged; 30 when absent.
    pub min_rows: Option<u64>,
    /// Rows that may stand on one side only; 0 when absent.
    pub max_unmatched: Option<u64>,
    /// The two sides have different rows: no pairs are looked for.
    pub unpaired: bool,
}

/// What the rows of a table are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Two classes, one of them positive.
    Binary,
    /// Several classes.
    Multiclass,
    /// Numbers.
    Regression,
    /// One value a row, such as a grade or a loss; there is no truth.
    Values,
}
