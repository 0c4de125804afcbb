//! Metrics over commits: the table, JSON and CSV of `proofmark log`.

use proofmark_core::direction::Oriented;
use proofmark_core::key::Key;
use proofmark_core::path::RepoPath;
use proofmark_core::value::Value;
use serde::Serialize;

use crate::{Options, RenderError};

/// Some metrics at some commits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    /// The metrics, in the order of [`Commit::points`].
    pub metrics: Vec<Metric>,
    /// The commits, newest first.
    pub commits: Vec<Commit>,
}

/// A metric whose course is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize)]
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

/// A moment as git stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub seconds: i64,
    /// The committer's offset from UTC in seconds.
    pub offset: i32,
}

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(self.seconds)
    }
}

/// A metric at a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Point {
    /// It has this value.
    Value(Value),
    /// It has none, and this is why: `not there`, `unreadable`.
    Missing(String),
}

impl Serialize for Point {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_unit()
    }
}

/// The table of `proofmark log`.
pub fn table(_history: &History, _options: &Options) -> String { String::new() }

/// The same as JSON.
///
/// # Errors
/// When it has no JSON form.
pub fn json(history: &History) -> Result<String, RenderError> { crate::json(history) }

/// The same as CSV.
pub fn csv(_history: &History) -> String { String::new() }
