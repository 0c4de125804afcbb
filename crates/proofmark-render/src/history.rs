//! Metrics over commits: the table, JSON and CSV of `proofmark log`.

mod date;
mod table;

use proofmark_core::direction::Oriented;
use proofmark_core::key::Key;
use proofmark_core::path::RepoPath;
use proofmark_core::value::Value;
use schemars::JsonSchema;
use serde::Serialize;

use crate::RenderError;
use crate::escape;

pub use date::Date;
pub use table::{sparkline, table};

/// The version of the JSON form.
pub const SCHEMA: u32 = 1;

/// Some metrics at some commits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct History {
    /// The metrics, in the order of [`Commit::points`].
    pub metrics: Vec<Metric>,
    /// The commits, newest first.
    pub commits: Vec<Commit>,
}

/// A metric whose course is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Metric {
    /// The file.
    pub file: RepoPath,
    /// The place in the file.
    pub key: Key,
    /// Which way is better, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oriented: Option<Oriented>,
}

/// One commit and what the metrics were there.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Commit {
    /// The full id.
    pub id: String,
    /// The id as people write it.
    pub short: String,
    /// When it was committed.
    pub date: Date,
    /// The first line of its message.
    pub subject: String,
    /// One for each metric of the [`History`].
    pub points: Vec<Point>,
}

/// A metric at a commit.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// It has this value.
    Value(#[schemars(with = "serde_json::Value")] Value),
    /// It has none, and this is why: `not there`, `unreadable`.
    Missing(String),
}

impl Point {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&Value> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }

    /// The number, if the value is one; NaN and the infinities are numbers here.
    pub fn number(&self) -> Option<f64> {
        self.value().and_then(Value::as_f64)
    }
}

/// What `proofmark log --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HistoryDocument<'a> {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    pub schema: u32,
    /// Always `history`.
    pub kind: &'static str,
    /// The version of proofmark that wrote it.
    pub proofmark: String,
    /// The metrics and commits.
    pub history: &'a History,
}

/// The history as JSON, with the version of proofmark that writes it.
///
/// # Errors
/// When it has no JSON form, which is a bug.
pub fn json(history: &History, version: &str) -> Result<String, RenderError> {
    crate::json(&HistoryDocument { schema: SCHEMA, kind: "history", proofmark: version.to_owned(), history })
}

/// The history as CSV, one row for each metric of each commit, newest first: `commit,date,subject,file,metric,value,missing`.
///
/// Values have full precision. Quoting is RFC 4180's, lines end in a line feed; see [`escape::csv`] for what is not done
/// about spreadsheets.
pub fn csv(history: &History) -> String {
    let mut text = "commit,date,subject,file,metric,value,missing\n".to_owned();
    for commit in &history.commits {
        let date = commit.date.to_string();
        for (metric, point) in history.metrics.iter().zip(&commit.points) {
            let (value, missing) = match point {
                Point::Value(value) => (value.to_string(), ""),
                Point::Missing(reason) => (String::new(), reason.as_str()),
            };
            let fields = [&commit.id, &date, &commit.subject, metric.file.as_str(), metric.key.as_str(), &value, missing];
            text.push_str(&fields.map(escape::csv).join(","));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests;
