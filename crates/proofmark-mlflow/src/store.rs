//! What is read of MLflow, whichever store it is in.

use std::path::PathBuf;

use crate::Error;
use crate::model::{LoggedModel, ModelVersion, Which};
use crate::run::{Experiment, Point, Run};

/// A reader of one store. Nothing is ever written through it.
///
/// "There is none" is `None` or an empty list, never an error; an error means that it cannot be told.
pub trait Store {
    /// The store as people know it, without credentials: `http://127.0.0.1:5000`, `sqlite:///mlflow.db`.
    fn title(&self) -> &str;

    /// The active experiment of exactly this name.
    ///
    /// # Errors
    /// See [`Error`].
    fn experiment(&self, name: &str) -> Result<Option<Experiment>, Error>;

    /// Runs that are not deleted, whatever their status, newest start first.
    ///
    /// # Errors
    /// See [`Error`].
    fn search(&self, query: &Query) -> Result<Found, Error>;

    /// The values of a tag that one search looks for without looking through all runs.
    fn values_at_once(&self) -> usize {
        usize::MAX
    }

    /// One run, deleted or not.
    ///
    /// # Errors
    /// See [`Error`].
    fn run(&self, id: &str) -> Result<Option<Run>, Error>;

    /// All logged values of a metric, in no particular order; empty where the run has no such metric.
    ///
    /// # Errors
    /// See [`Error`].
    fn history(&self, run: &Run, metric: &str) -> Result<Vec<Point>, Error>;

    /// A logged model; `None` as well where MLflow is too old to have any.
    ///
    /// # Errors
    /// See [`Error`].
    fn logged_model(&self, id: &str) -> Result<Option<LoggedModel>, Error>;

    /// A file among the run's artifacts, by its path from their root, of at most `limit` bytes.
    ///
    /// # Errors
    /// See [`Error`].
    fn artifact(&self, run: &Run, path: &str, limit: u64) -> Result<Option<Artifact>, Error>;

    /// A version of a registered model; `None` where the model has no such alias, version or stage.
    ///
    /// # Errors
    /// [`Error::NoModel`] where there is no such model.
    fn model_version(&self, model: &str, which: &Which) -> Result<Option<ModelVersion>, Error>;

    /// The versions of a registered model that this run made, newest first. They do not tell their aliases.
    ///
    /// # Errors
    /// [`Error::NoModel`] where there is no such model.
    fn versions_of_run(&self, model: &str, run: &str) -> Result<Vec<ModelVersion>, Error>;

    /// Where people look at a run.
    fn run_url(&self, run: &Run) -> Option<String>;
}

/// Which runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The ids of the experiments to look in; at least one.
    pub experiments: Vec<String>,
    /// Tags that a run must have: the name, and the values of which it must have one. Values are compared exactly.
    pub tags: Vec<(String, Vec<String>)>,
    /// The name that a run must have, exactly.
    pub name: Option<String>,
    /// How many runs at most.
    pub limit: usize,
}

/// Runs that were found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The runs, newest start first.
    pub runs: Vec<Run>,
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

/// The content of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// All of its bytes.
    Bytes(Vec<u8>),
    /// A file on this machine that holds it.
    File(PathBuf),
}
