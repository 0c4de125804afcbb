//! Folders as metrics or params: every file under them.

use std::collections::BTreeSet;

use proofmark_core::path::RepoPath;
use proofmark_core::ports::{EntryKind, Tree};
use proofmark_core::problem::{Problem, ProblemKind};

/// Files that the folders of one revision may come to.
const MAX_FILES: usize = 20_000;
/// Folders that are listed for them.
const MAX_FOLDERS: usize = 20_000;
/// Folders within folders.
const MAX_DEPTH: usize = 64;

/// Lists folders, with one limit for all of them.
pub(crate) struct Spreader<'a> {
    tree: &'a dyn Tree,
    files: usize,
    folders: usize,
    said: bool,
}

/// What stands at a declared path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Not in the tree.
    Absent,
    /// A file, or something that cannot be looked at.
    File,
    /// A folder and the files under it.
    Folder(BTreeSet<RepoPath>),
}

impl<'a> Spreader<'a> {
    pub(crate) fn new(tree: &'a dyn Tree) -> Self {
        Self { tree, files: MAX_FILES, folders: MAX_FOLDERS, said: false }
    }

    /// Looks at a declared path.
    pub(crate) fn spread(&mut self, path: &RepoPath, problems: &mut Vec<Problem>) -> Spread {
        match self.tree.entry(path) {
            Ok(None) => Spread::Absent,
            Ok(Some(entry)) if entry.kind == EntryKind::Folder => {
                let mut found = BTreeSet::new();
                if !self.list(path, 0, &mut found, problems) && !std::mem::replace(&mut self.said, true) {
                    let message = format!("is one of folders with more than {MAX_FILES} files in all; the rest is not read");
                    problems.push(Problem::new(ProblemKind::Unparsable, path.clone(), message));
                }
                Spread::Folder(found)
            }
            Ok(Some(_)) | Err(_) => Spread::File,
        }
    }

    /// Whether all of the folder was listed.
    fn list(&mut self, folder: &RepoPath, depth: usize, found: &mut BTreeSet<RepoPath>, problems: &mut Vec<Problem>) -> bool {
        if self.folders == 0 || depth > MAX_DEPTH {
            return false;
        }
        self.folders -= 1;
        let rows = match self.tree.list(folder) {
            Ok(rows) => rows.unwrap_or_default(),
            Err(error) => {
                problems.push(Problem::from_tree(folder.clone(), &error));
                return true;
            }
        };
        for row in rows {
            let path = folder.child(&row.name);
            let is_file = match row.kind {
                EntryKind::Folder => {
                    if !matches!(row.name.as_str(), ".git" | ".dvc") && !self.list(&path, depth + 1, found, problems) {
                        return false;
                    }
                    false
                }
                EntryKind::File => true,
                EntryKind::Link => !matches!(self.tree.entry(&path), Ok(Some(entry)) if entry.kind == EntryKind::Folder),
                EntryKind::Submodule | EntryKind::Other => false,
            };
            if is_file && !is_housekeeping(&row.name) {
                if self.files == 0 {
                    return false;
                }
                self.files -= 1;
                found.insert(path);
            }
        }
        true
    }
}

/// Files of git and DVC, which hold no metrics.
fn is_housekeeping(name: &str) -> bool {
    name.starts_with(".git") || matches!(name, ".dvcignore" | "dvc.yaml" | "dvc.lock") || name.ends_with(".dvc")
}
