//! All DVC projects of one revision.

use proofmark_core::discovery::Discovery;
use proofmark_core::path::RepoPath;
use proofmark_core::ports::Tree;
use proofmark_core::problem::Problem;

use crate::memo::Memo;
use crate::store::{Fetched, Objects, StoreError};
use crate::tracked::Tracked;

/// A stage, templates filled in and generated ones by their full name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its `dvc.yaml`.
    pub file: RepoPath,
    /// Its full name: `train`, `train@us`.
    pub name: String,
    /// The metrics it writes: files or folders.
    pub metrics: Vec<RepoPath>,
    /// All it writes, metrics and plots included.
    pub outs: Vec<RepoPath>,
    /// What it reads.
    pub deps: Vec<RepoPath>,
}

/// One DVC project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its folder.
    pub root: RepoPath,
    /// Whether it has a `.dvc/config`; without one, DVC itself sees nothing here.
    pub configured: bool,
    /// Its stages.
    pub stages: Vec<Stage>,
}

/// All DVC projects of one revision.
#[derive(Debug, Clone, Default)]
pub struct Dvc {
    /// Sorted by root.
    pub projects: Vec<Project>,
    /// What could not be understood. One of kind `Unparsable` or `Unavailable` means that metrics of that file's
    /// folder are unknown on this side.
    pub problems: Vec<Problem>,
    discovery: Discovery,
}

impl Dvc {
    /// Reads every project of a revision.
    pub fn read(_tree: &dyn Tree, _memo: &Memo) -> Self {
        Self::default()
    }

    /// Looks into cached folders that hold metrics: lists folders that are metrics, finds the hashes of the files in
    /// them. A folder whose list cannot be had stays in the metrics as it is.
    pub fn expand(&mut self, _objects: &dyn Objects, _memo: &Memo) {}

    /// Everything that was found, in all projects.
    pub fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// The innermost project around a path.
    pub fn project_of(&self, path: &RepoPath) -> Option<&Project> {
        self.projects.iter().filter(|project| path.is_within(&project.root)).max_by_key(|project| project.root.as_str().len())
    }

    /// Where the content of a path is: by its own entry in a lock or `.dvc` file, or that of a folder around it.
    pub fn tracked(&self, _path: &RepoPath) -> Option<Tracked> {
        None
    }

    /// The content of a tracked path.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn fetch(tracked: &Tracked, objects: &dyn Objects, _memo: &Memo) -> Result<Fetched, StoreError> {
        Err(StoreError::Missing { hash: format!("{}{objects:p}", tracked.version.hash) })
    }
}
