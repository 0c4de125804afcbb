//! What is written to the model registry. Only a server takes it: the files of a store are never written past their server.
//!
//! MLflow has no compare-and-set and no transaction over two calls. So whoever writes reads before and after
//! ([`Store::model_version`]), and writes nothing that is there already, since every write calls webhooks.

use std::collections::BTreeMap;

use crate::Error;
use crate::store::Store;

/// The registry of a server.
pub trait Registry: Store {
    /// The tags of a registered model.
    ///
    /// # Errors
    /// [`Error::NoModel`] where there is no such model.
    fn model_tags(&self, model: &str) -> Result<BTreeMap<String, String>, Error>;

    /// Makes an alias, or moves it.
    ///
    /// # Errors
    /// See [`Error`].
    fn set_alias(&self, model: &str, alias: &str, version: u64) -> Result<(), Error>;

    /// Takes an alias away; nothing happens where it is not there.
    ///
    /// # Errors
    /// See [`Error`].
    fn delete_alias(&self, model: &str, alias: &str) -> Result<(), Error>;

    /// Sets a tag of a version.
    ///
    /// # Errors
    /// See [`Error`].
    fn set_version_tag(&self, model: &str, version: u64, key: &str, value: &str) -> Result<(), Error>;

    /// Sets a tag of a registered model.
    ///
    /// # Errors
    /// See [`Error`].
    fn set_model_tag(&self, model: &str, key: &str, value: &str) -> Result<(), Error>;

    /// Moves a version to a stage, and with `archive` those that are in it to `Archived`.
    ///
    /// # Errors
    /// See [`Error`].
    fn set_stage(&self, model: &str, version: u64, stage: &str, archive: bool) -> Result<(), Error>;
}
