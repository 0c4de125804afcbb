//! Where the content of a path is, by a lock or `.dvc` entry.

use proofmark_core::discovery::DataVersion;
use proofmark_core::path::RepoPath;

use crate::folder;
use crate::memo::Memo;
use crate::store::{self, Fetched, Located, Objects, StoreError};

/// A file or folder whose content DVC knows by hash.
///
/// Two sides with equal `version` and equal `inside` have equal content, whether it can be read or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// The root of the project that tracks it.
    pub project: RepoPath,
    /// The `dvc.lock` or `.dvc` file that says so.
    pub declared_in: RepoPath,
    /// The output: the path itself or the folder around it.
    pub output: RepoPath,
    /// The hash of the path itself where it is known, else of the folder around it.
    pub version: DataVersion,
    /// Where in that folder, when `version` is the folder's.
    pub inside: Option<String>,
    /// Hashed by DVC before 3.0: other place, and line ends count as LF.
    pub legacy: bool,
    /// Whether DVC keeps the content (`cache: false` leaves it to git).
    pub cached: bool,
}

impl Tracked {
    /// The content of a file.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn fetch(&self, objects: &dyn Objects, memo: &Memo) -> Result<Fetched, StoreError> {
        folder::fetch(self, objects, memo)
    }

    /// The place of a file that may be large, without reading all of it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn locate(&self, objects: &dyn Objects, memo: &Memo, limit: u64) -> Result<Located, StoreError> {
        objects.locate(&self.project, &folder::object_of(self, objects, memo)?, limit)
    }

    /// Whether `bytes` are the content that `version` names. Inside a folder whose list is not known it cannot be told.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        self.inside.is_none() && self.object().is_ok_and(|object| store::matches_hash(bytes, &object, object.is_legacy()))
    }

    /// The object that `version` names.
    pub(crate) fn object(&self) -> Result<Object, StoreError> {
        let DataVersion { algorithm, hash, .. } = &self.version;
        let object = if algorithm == "md5" { Object::new(hash, self.legacy) } else { None };
        object.ok_or_else(|| StoreError::NoObject { algorithm: algorithm.clone(), hash: hash.clone() })
    }
}

/// The name of one object in a cache or a remote.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Object {
    hash: String,
    legacy: bool,
}

impl Object {
    /// An object by its MD5, with `.dir` at the end for folders; `None` when that is not what the text is.
    pub fn new(hash: &str, legacy: bool) -> Option<Self> {
        let digits = hash.strip_suffix(".dir").unwrap_or(hash);
        let valid = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        valid.then(|| Self { hash: hash.to_owned(), legacy })
    }

    /// The hash, in lower case.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Whether it was hashed by DVC before 3.0.
    pub fn is_legacy(&self) -> bool {
        self.legacy
    }

    /// Whether it is a folder's list of files.
    pub fn is_folder(&self) -> bool {
        self.hash.ends_with(".dir")
    }
}
