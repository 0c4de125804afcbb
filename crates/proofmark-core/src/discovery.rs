//! What a revision says about itself: which files hold metrics and params, and which data versions it pins.
//!
//! Every way of finding files (a DVC project, the configuration, the usual names) gives one [`Discovery`];
//! they are merged before anything is read.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::RepoPath;
use crate::problem::Problem;

/// Which keys of a params file belong to the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// The whole file.
    All,
    /// These dotted keys, as DVC writes them (`train.lr`, `layers.0`).
    Some(BTreeSet<String>),
}

impl Keys {
    /// Takes in what `other` asks for as well.
    pub fn extend(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Some(mine), Self::Some(theirs)) => mine.extend(theirs.iter().cloned()),
            (Self::Some(_), Self::All) => *self = Self::All,
            (Self::All, _) => {}
        }
    }
}

/// The content hash of one tracked file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataVersion {
    /// The hash algorithm's name as DVC writes it: `md5`, `etag`, `checksum`.
    pub algorithm: String,
    /// The hash; a folder's ends in `.dir`.
    pub hash: String,
    /// Size in bytes, if recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Number of files, for folders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
}

/// What one revision declares. Paths are relative to the repository's root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Files that hold metrics (folders are already expanded).
    pub metrics: BTreeSet<RepoPath>,
    /// Files that hold params, and which of their keys count.
    pub params: BTreeMap<RepoPath, Keys>,
    /// Tracked data, models and other dependencies and outputs: path to version.
    pub data: BTreeMap<RepoPath, DataVersion>,
    /// What could not be understood on the way.
    pub problems: Vec<Problem>,
}

impl Discovery {
    /// Takes in everything of `other`.
    pub fn merge(&mut self, other: Self) {
        self.add_files(&other);
        self.data.extend(other.data);
        self.problems.extend(other.problems);
    }

    /// Takes in the metrics and params files of `other`.
    pub fn add_files(&mut self, other: &Self) {
        self.metrics.extend(other.metrics.iter().cloned());
        for (file, keys) in &other.params {
            self.add_params(file.clone(), keys);
        }
    }

    /// Adds keys of one params file.
    pub fn add_params(&mut self, file: RepoPath, keys: &Keys) {
        self.params.entry(file).and_modify(|mine| mine.extend(keys)).or_insert_with(|| keys.clone());
    }
}
