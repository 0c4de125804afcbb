//! Runs, as ModelDB keeps them.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::value::Value;
use serde_json::Value as Json;

use crate::value;

/// One run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Its name; unique within its experiment.
    pub name: String,
    /// The id of its project.
    pub project: String,
    /// The id of its experiment.
    pub experiment: String,
    /// When it was made, in milliseconds since 1970.
    pub created: Option<i64>,
    /// When it was changed last, a tag or a value included.
    pub updated: Option<i64>,
    /// When it began, where whoever made it said so.
    pub started: Option<i64>,
    /// When it ended, where whoever made it said so.
    pub ended: Option<i64>,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// Its attributes.
    pub attributes: BTreeMap<String, Json>,
    /// Its hyperparameters.
    pub hyperparameters: BTreeMap<String, Json>,
    /// Its metrics: numbers, and what else was logged as one: text, nothing, JSON as text. NaN and the infinities are themselves.
    pub metrics: BTreeMap<String, Value>,
    /// The names of what it logged in the course of time; see [`crate::ModelDb::history`].
    pub observed: BTreeSet<String>,
    /// The data that it read.
    pub datasets: Vec<Dataset>,
    /// The code that it was started from.
    pub code: Option<Code>,
    /// How often it was changed; there is no write that depends on it.
    pub version: u64,
    /// What people should know of what was read: a metric that is no number, a key that stands there twice.
    pub notes: Vec<String>,
}

/// Data that a run read.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dataset {
    /// What the run calls it.
    pub name: String,
    /// The id of the version of a dataset that it stands for; empty where it is only a path.
    pub version: String,
    /// Where it was read from, where that was said.
    pub path: String,
}

/// Code in git.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code {
    /// Where the repository is; as it was logged.
    pub repo: String,
    /// The commit.
    pub hash: String,
    /// Whether the files were other than those of the commit; not known where the client did not say.
    pub dirty: Option<bool>,
}

/// One value of what a run logged in the course of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The value.
    pub value: f64,
    /// The epoch.
    pub epoch: Option<f64>,
    /// When, in milliseconds since 1970.
    pub time: Option<i64>,
}

/// What a run logged in the course of time under one name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// The values, by epoch and then by time. Without epochs by time.
    pub points: Vec<Point>,
    /// How many values are no numbers, and were left out.
    pub others: usize,
}

/// How far a run is.
///
/// ModelDB has no word for it. Both times are said when a run is made and no call changes them later; the Python client says
/// neither. So a run that says when it began and not when it ended was still going on when it was written down; all others are taken
/// for finished, and it shows in their metrics whether they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It says when it ended.
    Ended,
    /// It says when it began, and not when it ended.
    Open,
    /// It says neither.
    Unsaid,
}

/// Why a run does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aside {
    /// It says when it began, and not when it ended.
    Open,
    /// It logged no metric, and nothing in the course of time either.
    NoMetrics,
    /// It was started from other files than those of the commit.
    Dirty,
}

impl Aside {
    /// Why, as a fragment that follows `1 run`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "not finished",
            Self::NoMetrics => "without metrics",
            Self::Dirty => "of files that were not committed",
        }
    }
}

impl Run {
    /// How far it is.
    pub fn standing(&self) -> Standing {
        match (self.started, self.ended) {
            (_, Some(_)) => Standing::Ended,
            (Some(_), None) => Standing::Open,
            (None, None) => Standing::Unsaid,
        }
    }

    /// Why it does not count, however it was found. See [`Self::is_dirty`] for runs that were found by a commit.
    pub fn aside(&self) -> Option<Aside> {
        if self.standing() == Standing::Open {
            return Some(Aside::Open);
        }
        (self.metrics.is_empty() && self.observed.is_empty()).then_some(Aside::NoMetrics)
    }

    /// Whether it was started from files that were not committed, so that no commit can stand for its code.
    pub fn is_dirty(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.dirty == Some(true))
    }

    /// When it is said to be from, to tell which of two runs is newer.
    pub fn time(&self) -> i64 {
        self.created.or(self.started).or(self.updated).unwrap_or_default()
    }

    /// An attribute as text: numbers and truth values as JSON has them, none for lists and objects.
    pub fn attribute(&self, key: &str) -> Option<String> {
        self.attributes.get(key).and_then(value::text).filter(|text| !text.is_empty())
    }

    /// A hyperparameter as text.
    pub fn hyperparameter(&self, key: &str) -> Option<String> {
        self.hyperparameters.get(key).and_then(value::text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_says_when_it_began_and_not_when_it_ended_is_open() {
        let metrics = BTreeMap::from([("auc".to_owned(), Value::Float(0.9))]);
        let run = |started, ended| Run { started, ended, metrics: metrics.clone(), ..Run::default() };
        assert_eq!(run(Some(1), None).aside(), Some(Aside::Open));
        for finished in [run(None, None), run(Some(1), Some(2)), run(None, Some(2))] {
            assert_eq!(finished.aside(), None);
        }
        let text = Run { metrics: BTreeMap::from([("note".to_owned(), Value::Text("x".into()))]), ..Run::default() };
        assert_eq!((text.aside(), text.standing()), (None, Standing::Unsaid));
        assert_eq!(Run::default().aside(), Some(Aside::NoMetrics));
    }
}
