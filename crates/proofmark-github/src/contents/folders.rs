//! What GitHub lists of a commit's folders: all of them in one request where that works, else one by one.

use std::collections::HashMap;

use proofmark_core::path::RepoPath;
use proofmark_core::ports::{ContentId, Entry, EntryKind};

use crate::wire;

/// Rows that a listing of contents has at most; GitHub leaves the others out without a word.
pub(super) const MOST_CONTENTS: usize = 1000;

/// The rows of one folder, sorted by name.
#[derive(Debug, Default)]
pub(super) struct Folder {
    rows: Vec<Row>,
}

/// What stands in a folder under a name.
#[derive(Debug, Clone)]
pub(super) struct Row {
    name: Box<str>,
    pub(super) kind: EntryKind,
    pub(super) id: ContentId,
    pub(super) size: Option<u64>,
}

impl Folder {
    /// Of one listing whose paths are plain names.
    pub(super) fn of_tree(rows: Vec<wire::TreeRow>) -> Self {
        Self::sorted(rows.into_iter().filter(|row| is_name(&row.path)).filter_map(|row| read(&row.path, &row)).collect())
    }

    pub(super) fn of_contents(rows: Vec<wire::ContentRow>) -> Self {
        let read = |row: wire::ContentRow| {
            let kind = match row.kind.as_str() {
                "dir" => EntryKind::Folder,
                "symlink" => EntryKind::Link,
                // A submodule is told apart from a file by having nothing to download.
                "file" if row.download_url.is_some() => EntryKind::File,
                "file" | "submodule" => EntryKind::Submodule,
                _ => EntryKind::Other,
            };
            Some(Row { kind, id: content_id(&row.sha)?, size: row.size, name: is_name(&row.name).then(|| row.name.into())? })
        };
        Self::sorted(rows.into_iter().filter_map(read).collect())
    }

    pub(super) fn row(&self, name: &str) -> Option<&Row> {
        let at = self.rows.binary_search_by(|row| (*row.name).cmp(name)).ok()?;
        self.rows.get(at)
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.rows.iter().map(|row| Entry { name: row.name.to_string(), kind: row.kind, id: Some(row.id) }).collect()
    }

    fn sorted(mut rows: Vec<Row>) -> Self {
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        Self { rows }
    }
}

/// The folders of a listing of everything, by their paths.
pub(super) fn all(rows: Vec<wire::TreeRow>) -> HashMap<RepoPath, Folder> {
    let mut folders: HashMap<RepoPath, Vec<Row>> = HashMap::from([(RepoPath::root(), Vec::new())]);
    for row in rows {
        // A path that is not in its plain form is no path of git's.
        let Ok(path) = RepoPath::parse(&row.path) else { continue };
        if path.as_str() == row.path && !path.is_root() {
            folders.entry(path.parent()).or_default().extend(read(path.name(), &row));
        }
    }
    folders.into_iter().map(|(path, rows)| (path, Folder::sorted(rows))).collect()
}

fn read(name: &str, row: &wire::TreeRow) -> Option<Row> {
    let kind = match row.mode.as_str() {
        "040000" | "40000" => EntryKind::Folder,
        "120000" => EntryKind::Link,
        "160000" => EntryKind::Submodule,
        mode if mode.starts_with("100") => EntryKind::File,
        _ => EntryKind::Other,
    };
    Some(Row { name: name.into(), kind, id: content_id(&row.sha)?, size: row.size })
}

fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

fn content_id(hex: &str) -> Option<ContentId> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pair = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    let bytes: Option<Vec<u8>> = wire::is_object_id(hex).then(|| hex.as_bytes().chunks_exact(2).map(pair).collect())?;
    bytes.map(|bytes| ContentId::new(&bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(path: &str, mode: &str) -> wire::TreeRow {
        wire::TreeRow { path: path.to_owned(), mode: mode.to_owned(), sha: "0a".repeat(20), size: Some(1) }
    }

    fn names(folder: &Folder) -> Vec<(String, EntryKind)> {
        folder.entries().into_iter().map(|entry| (entry.name, entry.kind)).collect()
    }

    #[test]
    fn one_listing_becomes_folders() {
        let rows = ["z.json", "a", "a/b", "a/b/c.json", "a/x"].map(|path| row(path, if path.contains('.') { "100644" } else { "040000" }));
        let folders = all(rows.into());
        let root = &folders[&RepoPath::root()];
        assert_eq!(names(root), [("a".to_owned(), EntryKind::Folder), ("z.json".to_owned(), EntryKind::File)]);
        let inner = RepoPath::parse("a/b").expect("a path");
        assert_eq!(names(&folders[&inner]), [("c.json".to_owned(), EntryKind::File)]);
        assert_eq!(root.row("z.json").map(|row| row.id.to_string()), Some("0a".repeat(20)));
        assert!(root.row("y").is_none());
    }

    #[test]
    fn paths_that_git_does_not_have_are_left_out() {
        let rows = ["../x", "/x", "a/../x", "a//x", "", "a\0b"].map(|path| row(path, "100644"));
        assert_eq!(all(rows.into()).values().map(|folder| folder.rows.len()).sum::<usize>(), 0);
        let rows = ["..", "a/b", "", "."].map(|path| row(path, "100644"));
        assert!(Folder::of_tree(rows.into()).rows.is_empty());
        let mut bad = row("a", "100644");
        bad.sha = "../../x".to_owned();
        assert!(Folder::of_tree(vec![bad]).rows.is_empty());
    }

    proptest! {
        #[test]
        fn any_listing_is_taken(rows in prop::collection::vec(("[a./]{0,8}|\\PC{0,8}", "[0-9]{0,6}", "[0-9a-g]{40}|.{0,3}"), 0..20)) {
            let rows = || rows.iter().map(|(path, mode, sha)| wire::TreeRow { path: path.clone(), mode: mode.clone(), sha: sha.clone(), size: None });
            for (folder, listed) in all(rows().collect()) {
                for entry in listed.entries() {
                    // What is listed can be named, and lies where it is listed.
                    prop_assert_eq!(folder.join(&entry.name).map(|path| path.parent()), Ok(folder.clone()));
                    prop_assert!(listed.row(&entry.name).is_some());
                }
            }
            prop_assert!(Folder::of_tree(rows().collect()).rows.iter().all(|row| is_name(&row.name)));
        }
    }

    #[test]
    fn modes_are_kinds() {
        let kinds = ["100644", "100755", "120000", "160000", "040000", "777"].map(|mode| read("a", &row("a", mode)).map(|row| row.kind));
        use EntryKind::{File, Folder, Link, Other, Submodule};
        assert_eq!(kinds, [File, File, Link, Submodule, Folder, Other].map(Some));
    }
}
