//! What a system that keeps runs has to say of them, so that the right ones can be chosen.

use std::collections::BTreeMap;

use super::TrackedRun;

/// Where runs are.
pub trait Pool {
    /// Why it gives no answer.
    type Error;

    /// Runs that are not deleted, whatever their standing, newest start first.
    ///
    /// # Errors
    /// When it cannot be told which there are.
    fn search(&self, query: &Query) -> Result<Found, Self::Error>;

    /// One run; `None` where there is none of this id.
    ///
    /// # Errors
    /// When it cannot be told.
    fn run(&self, id: &str) -> Result<Option<Candidate>, Self::Error>;

    /// The names of the metrics that a run logged.
    ///
    /// # Errors
    /// When they cannot be had.
    fn metrics(&self, run: &Candidate) -> Result<Vec<String>, Self::Error>;

    /// The values of a tag that one search looks for without looking through all runs.
    fn values_at_once(&self) -> usize {
        usize::MAX
    }
}

/// Which runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Tags (parameters, attributes) that a run must have: the name, and the values of which it must have one, exactly.
    pub tags: Vec<(String, Vec<String>)>,
    /// The name that a run must have, exactly.
    pub name: Option<String>,
    /// The runs of which it must be a part.
    pub parents: Option<Vec<String>>,
    /// How many runs at most.
    pub limit: usize,
}

/// Runs that were found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The runs, newest start first.
    pub runs: Vec<Candidate>,
    /// Runs that may have been meant and cannot be read.
    pub skipped: Vec<Skipped>,
    /// Why there may be more of them than these, where that is so: a sentence fragment.
    pub incomplete: Option<String>,
}

/// A run that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its id, or what its folder is called.
    pub run: String,
    /// Why: a sentence fragment.
    pub reason: String,
}

/// A run, as far as it has to be known to choose it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// Its name; not unique.
    pub name: String,
    /// Why it does not count, where it does not: `failed`, `not finished`.
    pub aside: Option<&'static str>,
    /// When it began, in milliseconds since 1970.
    pub started: Option<i64>,
    /// The run that it is a part of.
    pub parent: Option<String>,
    /// What it says of itself and can be found by: tags, parameters, attributes.
    pub tags: BTreeMap<String, String>,
    /// Where people look at it.
    pub url: Option<String>,
    /// The ids of the models that it made.
    pub models: Vec<String>,
}

impl Candidate {
    /// A tag that is set and not empty.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// As reports name it.
    pub fn tracked(&self, commit_tag: &str) -> TrackedRun {
        let mut told = TrackedRun::new(&self.id, &self.name);
        told.commit = self.tag(commit_tag).map(str::to_owned);
        told.started = self.started;
        told.url.clone_from(&self.url);
        told.models.clone_from(&self.models);
        told
    }
}
