//! Small repositories made in process, for demonstrations: the one place of this crate that writes.

use std::collections::BTreeMap;
use std::path::Path;

use gix::ObjectId;
use gix::actor::SignatureRef;
use gix::objs::tree::{Entry, EntryKind};

use crate::error::GitError;

/// When the first commit of a scratch repository is made: 2026-01-05 09:00 UTC. The same content gives the same ids.
const FIRST: i64 = 1_767_603_600;

/// A repository that was made here.
pub struct Scratch {
    git: gix::Repository,
    made: std::cell::Cell<i64>,
}

/// One file of a commit.
#[derive(Debug, Clone)]
pub struct File {
    path: String,
    bytes: Vec<u8>,
}

impl File {
    /// A file at a path with `/`.
    pub fn new(path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), bytes: bytes.into() }
    }
}

impl Scratch {
    /// Makes an empty repository in an empty folder, with `main` as its branch.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn init(folder: &Path) -> Result<Self, GitError> {
        let git = gix::init(folder).map_err(|error| refused("the new repository", &error))?;
        // Whatever the user's own default is: the branch of a demonstration is `main`.
        std::fs::write(git.git_dir().join("HEAD"), "ref: refs/heads/main\n").map_err(|error| refused("`HEAD`", &error))?;
        Ok(Self { git, made: std::cell::Cell::new(0) })
    }

    /// Commits these files, and only these, onto `branch`; gives the commit's id.
    ///
    /// # Errors
    /// When an object or the branch cannot be written.
    pub fn commit(&self, branch: &str, parent: Option<&str>, message: &str, files: &[File]) -> Result<String, GitError> {
        let tree = self.tree(files.iter().map(|file| (file.path.as_str(), file.bytes.as_slice())).collect())?;
        let parents: Vec<ObjectId> = parent.and_then(|id| ObjectId::from_hex(id.as_bytes()).ok()).into_iter().collect();
        let time = format!("{} +0000", FIRST + 3600 * self.made.replace(self.made.get() + 1));
        let who = SignatureRef { name: "proofmark demo".into(), email: "demo@example.com".into(), time: &time };
        let commit = self.git.new_commit_as(who, who, message, tree, parents).map_err(|error| refused("a commit", &error))?;
        // Written as git stores it, without a reflog, which would ask for an identity that the user may not have.
        let heads = self.git.git_dir().join("refs").join("heads");
        std::fs::write(heads.join(branch), format!("{}\n", commit.id)).map_err(|error| refused("a branch", &error))?;
        Ok(commit.id.to_string())
    }

    /// Writes a folder and what is below it.
    fn tree(&self, files: BTreeMap<&str, &[u8]>) -> Result<ObjectId, GitError> {
        let mut entries = Vec::new();
        let mut folders: BTreeMap<&str, BTreeMap<&str, &[u8]>> = BTreeMap::new();
        for (path, bytes) in files {
            if let Some((folder, rest)) = path.split_once('/') {
                folders.entry(folder).or_default().insert(rest, bytes);
            } else {
                let oid = self.git.write_blob(bytes).map_err(|error| refused("a file", &error))?.detach();
                entries.push(Entry { mode: EntryKind::Blob.into(), filename: path.into(), oid });
            }
        }
        for (name, files) in folders {
            entries.push(Entry { mode: EntryKind::Tree.into(), filename: name.into(), oid: self.tree(files)? });
        }
        entries.sort();
        Ok(self.git.write_object(gix::objs::Tree { entries }).map_err(|error| refused("a folder", &error))?.detach())
    }
}

fn refused(what: &str, error: &impl std::fmt::Display) -> GitError {
    GitError::Refused { what: what.to_owned(), detail: error.to_string() }
}
