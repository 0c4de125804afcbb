//! Bringing together what was written in two clones.

use std::collections::BTreeMap;

use gix::ObjectId;
use gix::objs::Tree;
use gix::objs::tree::Entry;

use super::error::NotesError;
use super::write::{Store, Written};
use super::{NotesRef, Writer};
use crate::repository::Repository;

/// How many commits back it is looked for whether one end of the chain contains the other. Beyond, both are merged, which
/// comes to the same notes.
const FAR: usize = 2_000;

impl Repository {
    /// Moves the ref so that it leads on from `theirs` and has the notes of both sides: all commits and labels of either,
    /// and of two notes in one place the one that replaces the other.
    ///
    /// The chain stays a line: what is here only becomes one commit on top of theirs, not a merge.
    pub(super) fn join(&self, at: &NotesRef, theirs: ObjectId, writer: &Writer<'_>) -> Result<Written, NotesError> {
        let store = Store::open(self, writer);
        let root = store.tree_of(theirs)?;
        self.move_ref(at, writer, |ours| {
            let Some(ours) = ours else { return Ok(Some(theirs)) };
            if self.leads_to(ours, theirs) {
                return Ok(None);
            }
            let merged = union(&store, &store.tree_of(ours)?, &root, writer)?;
            if merged.entries == root.entries {
                return Ok(Some(theirs));
            }
            store.commit(&merged, Some(theirs), "Merge records of another clone\n").map(Some)
        })
    }

    /// Whether `old` is `new` or one of its first-parent ancestors.
    fn leads_to(&self, new: ObjectId, old: ObjectId) -> bool {
        let parent = |id: &ObjectId| {
            let commit = self.inner.commit(*id).ok()?;
            ObjectId::from_hex(commit.parents.first()?.as_bytes()).ok()
        };
        std::iter::successors(Some(new), parent).take(FAR).any(|id| id == old)
    }
}

/// The entries of both roots, with folders of the same name merged.
fn union(store: &Store<'_>, ours: &Tree, theirs: &Tree, writer: &Writer<'_>) -> Result<Tree, NotesError> {
    both(ours, theirs, |our, their| {
        if our.mode.is_tree() && their.mode.is_tree() {
            let (our_files, their_files) = (store.tree(our.oid)?, store.tree(their.oid)?);
            let merged = both(&our_files, &their_files, |our, their| Ok(better(store, our, their, writer)))?;
            return Ok(Entry { oid: store.write(&merged)?, ..their.clone() });
        }
        Ok(their.clone())
    })
}

/// Of two notes in one place, the one that replaces the other; of anything else, theirs.
fn better(store: &Store<'_>, our: &Entry, their: &Entry, writer: &Writer<'_>) -> Entry {
    let ours_replaces = match (store.bytes(our.oid), store.bytes(their.oid)) {
        _ if !our.mode.is_blob() || !their.mode.is_blob() => false,
        (Some(our), Some(their)) => (writer.replaces)(&our, &their),
        (Some(_), None) => true,
        (None, _) => false,
    };
    if ours_replaces { our.clone() } else { their.clone() }
}

fn both(ours: &Tree, theirs: &Tree, mut choose: impl FnMut(&Entry, &Entry) -> Result<Entry, NotesError>) -> Result<Tree, NotesError> {
    let mut by_name: BTreeMap<&[u8], Entry> = theirs.entries.iter().map(|entry| (entry.filename.as_ref(), entry.clone())).collect();
    for our in &ours.entries {
        let name: &[u8] = our.filename.as_ref();
        let chosen = match by_name.get(name) {
            Some(their) if their.oid == our.oid => continue,
            Some(their) => choose(our, their)?,
            None => our.clone(),
        };
        by_name.insert(name, chosen);
    }
    let mut entries: Vec<Entry> = by_name.into_values().collect();
    entries.sort();
    Ok(Tree { entries })
}
