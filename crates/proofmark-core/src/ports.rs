//! What the core asks of the world. Adapters implement these traits; tests use [`MemoryTree`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::RepoPath;

/// The identity of a file's or folder's content (a git object id). Equal ids mean equal bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentId {
    bytes: [u8; 32],
    length: u8,
}

impl ContentId {
    /// From raw object id bytes; longer ids than 32 bytes are cut, which no object format needs.
    pub fn new(id: &[u8]) -> Self {
        let mut bytes = [0; 32];
        let length = id.len().min(32);
        bytes[..length].copy_from_slice(&id[..length]);
        Self { bytes, length: length as u8 }
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ContentId({self})")
    }
}

/// Which state of the repository something was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Revision {
    /// What the user or the environment called it: `main`, `HEAD~1`, `work tree`.
    pub name: String,
    /// The full commit id; for the work tree the commit that is checked out, if there is one.
    pub commit: Option<String>,
    /// The first line of the commit's message.
    pub subject: Option<String>,
    /// Whether these are the files on disk and not those of the commit.
    pub work_tree: bool,
}

impl Revision {
    /// A commit.
    pub fn commit(name: impl Into<String>, commit: impl Into<String>, subject: impl Into<String>) -> Self {
        Self { name: name.into(), commit: Some(commit.into()), subject: Some(subject.into()), work_tree: false }
    }

    /// The files on disk, on top of `commit`.
    pub fn work_tree(commit: Option<String>) -> Self {
        Self { name: "work tree".to_owned(), commit, subject: None, work_tree: true }
    }

    /// The first ten digits of the commit id.
    pub fn short_commit(&self) -> Option<&str> {
        self.commit.as_deref().map(|id| id.get(..10).unwrap_or(id))
    }
}

/// What stands at a path, without following a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, to whatever it points.
    Link,
    /// Another repository's commit: its files are not in this repository's objects.
    Submodule,
    /// A socket, a device, or a name that is not UTF-8: never read.
    Other,
}

/// One row of a folder's listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The plain name. A name that is not UTF-8 comes lossily, with [`EntryKind::Other`].
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// The identity of its content, where the tree knows it without reading.
    pub id: Option<ContentId>,
}

/// A file's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// All of them.
    pub bytes: Vec<u8>,
    /// Their identity, where the tree knows it without hashing.
    pub id: Option<ContentId>,
}

/// A large file's content, where it can be had without holding all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blob {
    /// All of its bytes.
    InMemory(Vec<u8>),
    /// A regular file on disk that holds it.
    OnDisk(PathBuf),
}

/// Read-only files at one revision.
///
/// Symbolic links are followed inside the tree, with a bound, and never outside. "Nothing there" is `None`,
/// never an error; an error means that something is there, or may be, and cannot be had.
pub trait Tree: Sync {
    /// The revision that this is.
    fn revision(&self) -> &Revision;

    /// The rows of a folder, sorted by name; `None` when there is no such folder.
    ///
    /// # Errors
    /// See [`TreeError`].
    fn list(&self, folder: &RepoPath) -> Result<Option<Vec<Entry>>, TreeError>;

    /// The bytes of a file; `None` when nothing is there, or a folder.
    ///
    /// # Errors
    /// See [`TreeError`].
    fn read(&self, path: &RepoPath) -> Result<Option<Content>, TreeError>;

    /// The content of a file that may be larger than a metrics file, up to `limit` bytes; `None` when nothing is there, or a
    /// folder.
    ///
    /// # Errors
    /// See [`TreeError`].
    fn open(&self, path: &RepoPath, limit: u64) -> Result<Option<Blob>, TreeError> {
        let Some(content) = self.read(path)? else { return Ok(None) };
        let size = content.bytes.len() as u64;
        if size > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size, limit });
        }
        Ok(Some(Blob::InMemory(content.bytes)))
    }

    /// What stands at a path once links are followed, without reading it; `None` when nothing is there.
    ///
    /// # Errors
    /// See [`TreeError`].
    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, TreeError>;

    /// Whether the tree's own rules (`.gitignore`) say that a walk in search of files should not look here. A file
    /// that is named outright is read all the same.
    fn is_ignored(&self, path: &RepoPath, folder: bool) -> bool {
        let _ = (path, folder);
        false
    }

    /// Many files in one call, in the same order; adapters may read them side by side.
    fn read_many(&self, paths: &[RepoPath]) -> Vec<Result<Option<Content>, TreeError>> {
        paths.iter().map(|path| self.read(path)).collect()
    }
}

/// Why something in a tree cannot be had. `Display` says what, [`TreeError::hint`] what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A link points outside the tree, or its target is absolute.
    #[error("`{path}` is a symbolic link to `{target}`, outside the repository")]
    LinkLeaves {
        /// The link.
        path: RepoPath,
        /// What it holds.
        target: String,
    },
    /// Links that point at each other, or too many in a row.
    #[error("`{path}` goes through too many symbolic links")]
    LinkLoop {
        /// The first link.
        path: RepoPath,
    },
    /// The path lies in a submodule.
    #[error("`{path}` lies in the submodule `{submodule}`, whose files are not part of this repository")]
    Submodule {
        /// What was asked for.
        path: RepoPath,
        /// The submodule's folder.
        submodule: RepoPath,
    },
    /// A git-LFS pointer whose object is not here.
    #[error("`{path}` is a git-LFS pointer and its content is not here")]
    LfsPointer {
        /// The pointer file.
        path: RepoPath,
    },
    /// An object that the commit names is not in the object database (partial clone, damaged repository).
    #[error("the content of `{path}` (object {id}) is not in this clone")]
    Missing {
        /// What was asked for.
        path: RepoPath,
        /// The object.
        id: String,
    },
    /// More bytes than are read for a file of its kind.
    #[error("`{path}` is {size} bytes large, more than the {limit} that are read")]
    TooLarge {
        /// The file.
        path: RepoPath,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The operating system or the object database refused.
    #[error("`{path}` cannot be read: {detail}")]
    Refused {
        /// What was asked for.
        path: RepoPath,
        /// In the words of the system.
        detail: String,
    },
}

impl TreeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::LinkLeaves { .. } => Some("proofmark never reads outside the repository; commit the file itself"),
            Self::LinkLoop { .. } => None,
            Self::Submodule { .. } => Some("run proofmark in the submodule, or copy the metrics file into this repository"),
            Self::LfsPointer { .. } => Some("run `git lfs pull`, or check out with `lfs: true`"),
            Self::Missing { .. } => {
                Some("fetch the whole history without a filter: `git fetch --refetch` (in CI: no `filter:` on checkout)")
            }
            Self::TooLarge { .. } => Some("a metrics file holds results, not data; write the summary to a file of its own"),
            Self::Refused { .. } => None,
        }
    }
}

/// A tree held in memory: for tests, and for whoever has the files already.
#[derive(Debug, Clone)]
pub struct MemoryTree {
    revision: Revision,
    files: BTreeMap<RepoPath, Vec<u8>>,
}

impl MemoryTree {
    /// A tree of these files; the paths are taken as they are.
    pub fn new<P: AsRef<str>, B: Into<Vec<u8>>>(name: &str, files: impl IntoIterator<Item = (P, B)>) -> Self {
        let files = files.into_iter().filter_map(|(path, bytes)| Some((RepoPath::parse(path.as_ref()).ok()?, bytes.into()))).collect();
        Self { revision: Revision { name: name.to_owned(), commit: None, subject: None, work_tree: false }, files }
    }
}

impl Tree for MemoryTree {
    fn revision(&self) -> &Revision {
        &self.revision
    }

    fn list(&self, folder: &RepoPath) -> Result<Option<Vec<Entry>>, TreeError> {
        let mut rows: BTreeMap<&str, EntryKind> = BTreeMap::new();
        for below in self.files.keys().filter_map(|path| path.strip(folder)) {
            match below.split_once('/') {
                Some((name, _)) => rows.insert(name, EntryKind::Folder),
                None => rows.insert(below, EntryKind::File),
            };
        }
        let found = !rows.is_empty() || folder.is_root();
        let rows = rows.into_iter().map(|(name, kind)| Entry { name: name.to_owned(), kind, id: None }).collect();
        Ok(found.then_some(rows))
    }

    fn read(&self, path: &RepoPath) -> Result<Option<Content>, TreeError> {
        Ok(self.files.get(path).map(|bytes| Content { bytes: bytes.clone(), id: None }))
    }

    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, TreeError> {
        let kind = if self.files.contains_key(path) {
            EntryKind::File
        } else if self.files.keys().any(|file| file.is_within(path)) {
            EntryKind::Folder
        } else {
            return Ok(None);
        };
        Ok(Some(Entry { name: path.name().to_owned(), kind, id: None }))
    }
}
