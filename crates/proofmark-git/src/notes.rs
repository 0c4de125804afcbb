//! Notes: small documents about commits, kept on a ref of their own, so that a team shares them as it shares branches.
//!
//! The ref is a chain of commits whose tree has a file `ab/cdef….json` for the commit `abcdef…`, and `ab/cdef…@LABEL.json`
//! for a labelled one: writers of different commits never touch the same file, and looking one up reads one small folder.
//! What a note says is its writer's business.
//!
//! Objects and the ref are written in process: no hook runs, nothing is spliced into a command, index and work tree are
//! never touched, and the ref moves only from the value that was read (git's own lock file guards it against git as well).
//! Only [`push`](Repository::push_notes) and [`fetch`](Repository::fetch_notes) start `git`, which alone has the user's
//! credentials.

use gix::ObjectId;
use gix::objs::Kind;
use gix::refs::FullName;
use proofmark_core::ports::EntryKind;

use crate::commit::Commit;
use crate::error::GitError;
use crate::repository::Repository;

mod error;
mod merge;
mod remote;
mod write;

pub use self::error::NotesError;
pub use self::remote::{Fetched, Pushed};
pub use self::write::{Note, Written};

/// Where refs of notes lie.
const PREFIX: &str = "refs/proofmark/";
/// Where fetched ones wait until they are merged; no notes of anybody's own.
const INCOMING: &str = "refs/proofmark/incoming/";

/// The largest note that is read, in bytes.
const NOTE_LIMIT: u64 = 4 << 20;
/// The largest folder of notes that is read, in bytes: about 200,000 notes.
const FOLDER_LIMIT: u64 = 16 << 20;
/// All notes of one call together, in bytes.
const TOTAL_LIMIT: usize = 256 << 20;
/// Notes of one commit that are read: one a label.
const MOST_LABELS: usize = 64;

/// The name of a ref that holds notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotesRef(String);

impl NotesRef {
    /// A full ref name under `refs/proofmark/`.
    ///
    /// # Errors
    /// When it lies elsewhere, or cannot be a ref's name.
    pub fn parse(name: &str) -> Result<Self, NotesError> {
        let is_ours = name.starts_with(PREFIX) && !name.starts_with(INCOMING) && FullName::try_from(name).is_ok();
        if is_ours { Ok(Self(name.to_owned())) } else { Err(NotesError::BadRef { name: name.to_owned() }) }
    }

    /// The full name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the writer of notes decides, and what it takes from the world.
pub struct Writer<'a> {
    /// Whether the first of two notes of the same commit and label takes the place of the second.
    pub replaces: &'a dyn Fn(&[u8], &[u8]) -> bool,
    /// When, in seconds since 1970.
    pub now: u64,
    /// A number that no other writer has at the same time: for waiting times and names.
    pub random: &'a dyn Fn() -> u64,
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Writer").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Repository {
    /// Reads the notes of these commits in their order, and gives what `read` makes of each; labelled ones follow by their
    /// label. A note that cannot be had comes as the reason. Where there is no such ref there are no notes.
    ///
    /// Costs one read for each folder of notes and one for each note, whatever else the ref holds.
    ///
    /// # Errors
    /// When the ref leads to something else than notes.
    pub fn notes<T>(
        &self,
        at: &NotesRef,
        commits: &[Commit],
        mut read: impl FnMut(&Commit, Result<&[u8], String>) -> T,
    ) -> Result<Vec<T>, GitError> {
        let Some(tip) = self.ref_target(at.as_str())? else { return Ok(Vec::new()) };
        let objects = &self.inner.objects;
        let broken = |what: &str, detail: String| GitError::Refused { what: format!("{what} of `{}`", at.as_str()), detail };
        let root = self.inner.commit(tip)?.tree;
        let root = ObjectId::from_hex(root.as_bytes()).map_err(|error| broken("the folder", error.to_string()))?;
        let root = objects.tree(root, FOLDER_LIMIT).map_err(|error| broken("the folder", error.to_string()))?;
        let mut left = TOTAL_LIMIT;
        let mut results = Vec::new();
        for commit in commits {
            let Some((folder, name)) = commit.id.split_at_checked(2) else { continue };
            let Some(row) = root.row(folder).filter(|row| row.kind == EntryKind::Folder) else { continue };
            let folder = match objects.tree(row.id, FOLDER_LIMIT) {
                Ok(folder) => folder,
                Err(error) => {
                    results.push(read(commit, Err(error.to_string())));
                    continue;
                }
            };
            let about = folder.entries().into_iter().filter(|row| row.kind == EntryKind::File && is_about(&row.name, name));
            for id in about.filter_map(|row| ObjectId::try_from(row.id?.as_bytes()).ok()).take(MOST_LABELS) {
                let bytes = match objects.find(id, Kind::Blob, NOTE_LIMIT) {
                    Ok(bytes) if bytes.len() <= left => Ok(bytes),
                    Ok(_) => Err(format!("there are more than {TOTAL_LIMIT} bytes of notes")),
                    Err(error) => Err(error.to_string()),
                };
                left = left.saturating_sub(bytes.as_ref().map_or(0, Vec::len));
                results.push(read(commit, bytes.as_deref().map_err(Clone::clone)));
            }
        }
        Ok(results)
    }
}

/// Folder and name of the file for a commit's note; `None` when the id is none, or the label is empty or too long.
fn place(commit: &str, label: Option<&str>) -> Option<(String, String)> {
    let is_id = matches!(commit.len(), 40 | 64) && commit.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let (folder, rest) = commit.split_at_checked(2).filter(|_| is_id)?;
    let label = match label {
        Some(label) if label.is_empty() || label.len() > 64 => return None,
        Some(label) => format!("@{}", escaped(label)),
        None => String::new(),
    };
    Some((folder.to_owned(), format!("{rest}{label}.json")))
}

/// Letters, digits, `-` and `_` as they are, every other byte as `%` and two digits: a plain name on every file system.
fn escaped(label: &str) -> String {
    let mut text = String::with_capacity(label.len());
    for byte in label.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => text.push(char::from(byte)),
            _ => text += &format!("%{byte:02X}"),
        }
    }
    text
}

fn is_about(file: &str, rest_of_id: &str) -> bool {
    let label = file.strip_prefix(rest_of_id).and_then(|end| end.strip_suffix(".json"));
    label.is_some_and(|label| label.is_empty() || label.starts_with('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refs_of_ours() {
        assert!(NotesRef::parse("refs/proofmark/history").is_ok());
        assert!(NotesRef::parse("refs/proofmark/teams/vision").is_ok());
        for name in [
            "",
            "history",
            "refs/heads/main",
            "refs/proofmark/",
            "refs/proofmark",
            "refs/proofmark/../heads/main",
            "refs/proofmark/a..b",
            "refs/proofmark/a b",
            "refs/proofmark/a:refs/heads/main",
            "refs/proofmark/a\nb",
            "refs/proofmark/*",
            "refs/proofmark/a.lock",
            "refs/proofmark/-a/..",
            "--upload-pack=touch x",
            "+refs/proofmark/history",
            "refs/proofmark/incoming/1",
            "refs/proofmarker/a",
        ] {
            assert!(NotesRef::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn places_are_plain_names() {
        let id = "ab".repeat(20);
        let rest = "ab".repeat(19);
        assert_eq!(place(&id, None), Some(("ab".to_owned(), format!("{rest}.json"))));
        let (_, name) = place(&id, Some("A100/80 GB.@é")).expect("a label");
        assert_eq!(name, format!("{rest}@A100%2F80%20GB%2E%40%C3%A9.json"));
        assert!(is_about(&name, &rest) && is_about(&format!("{rest}.json"), &rest));
        assert!(!is_about(&format!("{rest}0.json"), &rest) && !is_about(&rest, &rest));
        assert_eq!(place(&id, Some("")), None);
        assert_eq!(place("../../etc/passwd", None), None);
        assert_eq!(place(&id.to_uppercase(), None), None);
    }
}
