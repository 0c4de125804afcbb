//! DVC's content-addressed folders on disk: the cache and local remotes. The only file that touches the disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proofmark_core::path::RepoPath;

use crate::tracked::{Object, Tracked};

/// Where the bytes came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The project's cache.
    Cache,
    /// The remote of this name.
    Remote(String),
}

/// Bytes that were checked against their hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// All of them.
    pub bytes: Vec<u8>,
    /// Where they were.
    pub from: Origin,
    /// Their hash as DVC writes it.
    pub hash: String,
}

/// Why cached content cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No such object.
    #[error("the content ({hash}) is neither in the DVC cache nor in a local remote")]
    Missing {
        /// The hash.
        hash: String,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn hint(&self, tracked: &Tracked) -> Option<String> {
        Some(format!("run `dvc pull {}`", tracked.output))
    }
}

/// Gives objects by their hash. Implemented by [`Stores`] for the disk; tests have their own.
pub trait Objects: Sync {
    /// The bytes of one object of a project, checked against the hash.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn object(&self, project: &RepoPath, object: &Object) -> Result<Fetched, StoreError>;
}

/// The user's side of DVC's configuration: what comes before a project's own files.
#[derive(Debug, Clone, Default)]
pub struct Home {
    /// The system's and the user's `config` files, in this order.
    pub configs: Vec<PathBuf>,
    /// What `~` stands for.
    pub folder: Option<PathBuf>,
}

/// The cache and the local remotes of one project.
#[derive(Debug, Clone, Default)]
pub struct Store {}

impl Store {
    /// The store of the project in `folder` on disk; `fallback` is the revision's own `.dvc/config`, for when the
    /// folder has none.
    pub fn open(_folder: &Path, _fallback: Option<&str>, _home: &Home) -> Self {
        Self {}
    }
}

/// The stores of all projects of a repository.
#[derive(Debug, Clone, Default)]
pub struct Stores {
    /// By the project's root.
    pub by_project: BTreeMap<RepoPath, Store>,
}

impl Objects for Stores {
    fn object(&self, _project: &RepoPath, object: &Object) -> Result<Fetched, StoreError> {
        Err(StoreError::Missing { hash: object.hash().to_owned() })
    }
}
