//! Reads the SQLite database of a store.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::model::{LoggedModel, ModelVersion, Which};
use crate::run::{Experiment, Point, Run};
use crate::store::{Artifact, Found, Query, Store};

/// An open store.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
}

impl Database {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { path: path.to_owned() })
    }
}

impl Store for Database {
    fn title(&self) -> &str {
        self.path.to_str().unwrap_or_default()
    }
    fn experiment(&self, _: &str) -> Result<Option<Experiment>, Error> {
        Ok(None)
    }
    fn search(&self, _: &Query) -> Result<Found, Error> {
        Ok(Found::default())
    }
    fn run(&self, _: &str) -> Result<Option<Run>, Error> {
        Ok(None)
    }
    fn history(&self, _: &Run, _: &str) -> Result<Vec<Point>, Error> {
        Ok(Vec::new())
    }
    fn logged_model(&self, _: &str) -> Result<Option<LoggedModel>, Error> {
        Ok(None)
    }
    fn artifact(&self, _: &Run, _: &str, _: u64) -> Result<Option<Artifact>, Error> {
        Ok(None)
    }
    fn model_version(&self, _: &str, _: &Which) -> Result<Option<ModelVersion>, Error> {
        Ok(None)
    }
    fn versions_of_run(&self, _: &str, _: &str) -> Result<Vec<ModelVersion>, Error> {
        Ok(Vec::new())
    }
    fn run_url(&self, _: &Run) -> Option<String> {
        None
    }
}
