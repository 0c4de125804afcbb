//! Speaks to a tracking server.

use std::collections::BTreeMap;

use crate::Error;
use crate::model::{LoggedModel, ModelVersion, Which};
use crate::registry::Registry;
use crate::run::{Experiment, Point, Run};
use crate::settings::Access;
use crate::store::{Artifact, Found, Query, Store};

/// A tracking server.
#[derive(Debug)]
pub(crate) struct Server {
    address: String,
}

impl Server {
    pub(crate) fn new(address: &str, _: &Access) -> Result<Self, Error> {
        Ok(Self { address: address.to_owned() })
    }
}

impl Store for Server {
    fn title(&self) -> &str {
        &self.address
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

impl Registry for Server {
    fn model_tags(&self, _: &str) -> Result<BTreeMap<String, String>, Error> {
        Ok(BTreeMap::new())
    }
    fn set_alias(&self, _: &str, _: &str, _: u64) -> Result<(), Error> {
        Ok(())
    }
    fn delete_alias(&self, _: &str, _: &str) -> Result<(), Error> {
        Ok(())
    }
    fn set_version_tag(&self, _: &str, _: u64, _: &str, _: &str) -> Result<(), Error> {
        Ok(())
    }
    fn set_model_tag(&self, _: &str, _: &str, _: &str) -> Result<(), Error> {
        Ok(())
    }
    fn set_stage(&self, _: &str, _: u64, _: &str, _: bool) -> Result<(), Error> {
        Ok(())
    }
}
