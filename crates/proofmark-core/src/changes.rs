//! Which files differ between two trees: the truth, where the lists that forges send along are cut short.
//!
//! Folders with equal ids are never opened, so that it costs what changed and not what there is.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::RepoPath;
use crate::ports::{Entry, EntryKind, Tree, TreeError};

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct FileChange {
    /// Where.
    pub path: RepoPath,
    /// How.
    pub how: How,
}

/// How a file differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It is new.
    Added,
    /// It has other content, or is of another kind.
    Modified,
    /// It is gone.
    Removed,
}

/// All files that differ, sorted by path. A file that moved is gone at one place and new at another.
///
/// # Errors
/// What either tree cannot list or read.
pub fn changed_files(base: &dyn Tree, head: &dyn Tree) -> Result<Vec<FileChange>, TreeError> {
    let mut walk = Walk { base, head, found: Vec::new() };
    walk.folder(&RepoPath::root())?;
    walk.found.sort_unstable();
    Ok(walk.found)
}

struct Walk<'t> {
    base: &'t dyn Tree,
    head: &'t dyn Tree,
    found: Vec<FileChange>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &RepoPath) -> Result<(), TreeError> {
        let before = self.base.list(folder)?.unwrap_or_default();
        let after = self.head.list(folder)?.unwrap_or_default();
        let (mut before, mut after) = (by_name(before).into_iter().peekable(), by_name(after).into_iter().peekable());
        loop {
            let order = match (before.peek(), after.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) => one.name.cmp(&other.name),
            };
            let gone = if order.is_le() { before.next() } else { None };
            let new = if order.is_ge() { after.next() } else { None };
            self.entry(folder, gone.as_ref(), new.as_ref())?;
        }
    }

    fn entry(&mut self, folder: &RepoPath, before: Option<&Entry>, after: Option<&Entry>) -> Result<(), TreeError> {
        let Some(name) = before.or(after).map(|entry| entry.name.as_str()) else { return Ok(()) };
        let path = folder.child(name);
        let is_folder = |entry: Option<&Entry>| entry.is_some_and(|entry| entry.kind == EntryKind::Folder);
        match (before, after) {
            (Some(one), Some(other)) if is_folder(before) && is_folder(after) => {
                if one.id.is_none() || one.id != other.id {
                    self.folder(&path)?;
                }
            }
            (Some(one), Some(other)) if !is_folder(before) && !is_folder(after) => {
                if one.kind != other.kind || self.differ(&path, one, other)? {
                    self.found.push(FileChange { path, how: How::Modified });
                }
            }
            _ => {
                self.one_sided(&path, before, How::Removed)?;
                self.one_sided(&path, after, How::Added)?;
            }
        }
        Ok(())
    }

    fn differ(&self, path: &RepoPath, before: &Entry, after: &Entry) -> Result<bool, TreeError> {
        match (before.id, after.id) {
            (Some(one), Some(other)) => Ok(one != other),
            _ => Ok(self.base.read(path)?.map(|content| content.bytes) != self.head.read(path)?.map(|content| content.bytes)),
        }
    }

    fn one_sided(&mut self, path: &RepoPath, entry: Option<&Entry>, how: How) -> Result<(), TreeError> {
        let Some(entry) = entry else { return Ok(()) };
        if entry.kind != EntryKind::Folder {
            self.found.push(FileChange { path: path.clone(), how });
            return Ok(());
        }
        let tree = if how == How::Removed { self.base } else { self.head };
        for below in tree.list(path)?.unwrap_or_default() {
            self.one_sided(&path.child(&below.name), Some(&below), how)?;
        }
        Ok(())
    }
}

/// Git sorts folders as if their names ended in a slash; both sides need one order.
fn by_name(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::MemoryTree;
    use proptest::prelude::*;

    fn changes(base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<String> {
        let tree = |files: &[(&str, &str)]| MemoryTree::new("x", files.iter().copied());
        let found = changed_files(&tree(base), &tree(head)).expect("readable");
        found.iter().map(|change| format!("{:?} {}", change.how, change.path)).collect()
    }

    #[test]
    fn files_that_came_went_and_changed() {
        let base = [("a/b/c", "1"), ("a/d", "1"), ("same/x", "1"), ("turns", "1"), ("was/a", "1"), ("was/b", "1")];
        let head = [("a/b/c", "2"), ("a/e", "1"), ("same/x", "1"), ("turns/into", "1"), ("was", "1")];
        let expected = [
            "Modified a/b/c",
            "Removed a/d",
            "Added a/e",
            "Removed turns",
            "Added turns/into",
            "Added was",
            "Removed was/a",
            "Removed was/b",
        ];
        assert_eq!(changes(&base, &head), expected);
    }

    proptest! {
        #[test]
        fn as_maps_of_files_differ(
            base in proptest::collection::btree_map("[ab]/[ab]{1,2}", "[xy]", 0..6),
            head in proptest::collection::btree_map("[ab]/[ab]{1,2}", "[xy]", 0..6),
        ) {
            let tree = |files: &std::collections::BTreeMap<String, String>| MemoryTree::new("x", files.clone());
            let found = changed_files(&tree(&base), &tree(&head)).expect("readable");
            let names: std::collections::BTreeSet<&String> = base.keys().chain(head.keys()).collect();
            let expected: Vec<&String> = names.into_iter().filter(|name| base.get(*name) != head.get(*name)).collect();
            prop_assert_eq!(found.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(), expected);
        }
    }
}
