//! Writing one note, and moving the ref so that nobody's note is lost.

use std::time::Duration;

use gix::ObjectId;
use gix::actor::SignatureRef;
use gix::objs::tree::{Entry, EntryKind};
use gix::objs::{Tree, TreeRef};
use gix::open::Options;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};
use gix::sec::Trust;

use super::error::NotesError;
use super::{FOLDER_LIMIT, NOTE_LIMIT, NotesRef, Writer, place};
use crate::error::words;
use crate::repository::Repository;

/// How often the ref is tried to be moved while others move it.
const TRIES: u32 = 200;
/// How often it is tried when nobody moves it: its lock is held, or it cannot be written at all.
const STUCK: u32 = 10;
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_millis(200);

/// A note to be written.
#[derive(Debug, Clone, Copy)]
pub struct Note<'a> {
    /// The commit that it is about, as a full id. It need not be in this clone.
    pub commit: &'a str,
    /// Tells several notes about one commit apart.
    pub label: Option<&'a str>,
    /// The document.
    pub bytes: &'a [u8],
}

/// What came of writing a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is there now.
    New,
    /// One that it does not replace was there, and nothing was changed.
    Kept,
}

impl Repository {
    /// Writes a note, unless one that it does not replace is there. Several processes may write at the same time: the one
    /// that comes late reads again what the others wrote, and adds its own.
    ///
    /// # Errors
    /// When it cannot be written, or others were faster too often.
    pub fn write_note(&self, at: &NotesRef, note: &Note<'_>, writer: &Writer<'_>) -> Result<Written, NotesError> {
        let Some((folder, name)) = place(note.commit, note.label) else {
            return Err(NotesError::BadPlace { commit: note.commit.chars().take(80).collect() });
        };
        if note.bytes.len() as u64 > NOTE_LIMIT {
            return Err(NotesError::TooLarge(note.bytes.len()));
        }
        let store = Store::open(self, writer);
        let blob = store.blob(note.bytes)?;
        let message = format!("Record {:.10}\n", note.commit);
        self.move_ref(at, writer, |old| {
            let mut root = old.map_or_else(|| Ok(Tree::empty()), |old| store.tree_of(old))?;
            let below = folder_id(&root, &folder);
            let mut inner = below.map_or_else(|| Ok(Tree::empty()), |id| store.tree(id))?;
            if let Some(there) = file_id(&inner, &name)
                && (there == blob || store.bytes(there).is_some_and(|old| !(writer.replaces)(note.bytes, &old)))
            {
                return Ok(None);
            }
            put(&mut inner, &name, EntryKind::Blob, blob);
            put(&mut root, &folder, EntryKind::Tree, store.write(&inner)?);
            Ok(Some(store.commit(&root, old, &message)?))
        })
    }

    /// Moves the ref to what `next` makes of its value, as often as it takes to be first. `None` leaves it where it is.
    pub(super) fn move_ref(
        &self,
        at: &NotesRef,
        writer: &Writer<'_>,
        mut next: impl FnMut(Option<ObjectId>) -> Result<Option<ObjectId>, NotesError>,
    ) -> Result<Written, NotesError> {
        let mut stuck = 0;
        let mut detail = String::new();
        let mut last = None;
        for tries in 0..TRIES {
            let old = self.ref_target(at.as_str())?;
            stuck = if last == Some(old) { stuck + 1 } else { 0 };
            if stuck > STUCK {
                return Err(NotesError::Busy { name: at.as_str().to_owned(), tries, detail });
            }
            last = Some(old);
            let Some(new) = next(old)? else { return Ok(Written::Kept) };
            match self.set_ref(at.as_str(), old, new) {
                Ok(()) => return Ok(Written::New),
                Err(error) => detail = words(&error),
            }
            wait(writer, tries);
        }
        Err(NotesError::Busy { name: at.as_str().to_owned(), tries: TRIES, detail })
    }

    fn set_ref(&self, name: &str, old: Option<ObjectId>, new: ObjectId) -> Result<(), gix::Error> {
        let expected = old.map_or(PreviousValue::MustNotExist, |old| PreviousValue::MustExistAndMatch(Target::Object(old)));
        // A log is kept where the user wants one for every ref, and nowhere else.
        let log = LogChange { mode: RefLog::AndReference, force_create_reflog: false, message: "proofmark record".into() };
        self.edit_ref(name, Change::Update { log, expected, new: Target::Object(new) })
    }

    pub(super) fn delete_ref(&self, name: &str) -> Result<(), gix::Error> {
        self.edit_ref(name, Change::Delete { expected: PreviousValue::Any, log: RefLog::AndReference })
    }

    fn edit_ref(&self, name: &str, change: Change) -> Result<(), gix::Error> {
        let name = FullName::try_from(name).map_err(gix::Error::from_error)?;
        let who = SignatureRef { name: NAME.into(), email: EMAIL.into(), time: "0 +0000" };
        let edit = RefEdit { change, name, deref: false };
        self.inner.git.to_thread_local().edit_references_as([edit], Some(who)).map(drop)
    }

    /// The name and address that the user's git would put on a commit.
    fn identity(&self) -> Option<(String, String)> {
        let options = Options::default().with(Trust::Full).filter_config_section(|_| true);
        let full = options.open(self.root().unwrap_or_else(|| self.git_dir())).ok()?.to_thread_local();
        let who = full.committer()?.ok()?;
        // What the format of commits has no place for.
        let clean = |text: &[u8]| String::from_utf8_lossy(text).replace(['<', '>'], "").chars().filter(|c| !c.is_control()).collect();
        let (name, email): (String, String) = (clean(who.name), clean(who.email));
        (!name.trim().is_empty() && !email.trim().is_empty()).then(|| (name.trim().to_owned(), email.trim().to_owned()))
    }
}

const NAME: &str = "proofmark";
const EMAIL: &str = "proofmark@localhost";

/// Waits for a time that grows with the tries and differs between writers, so that they do not meet again.
pub(super) fn wait(writer: &Writer<'_>, tries: u32) {
    let most = (Duration::from_millis(4) * (1 << tries.min(6))).min(LONGEST);
    let share = ((writer.random)() % 1024) as u32;
    std::thread::sleep(most * share / 1024);
}

/// Writes objects in the name of the user.
pub(super) struct Store<'a> {
    repository: &'a Repository,
    git: gix::Repository,
    name: String,
    email: String,
    time: String,
}

impl<'a> Store<'a> {
    pub(super) fn open(repository: &'a Repository, writer: &Writer<'_>) -> Self {
        let (name, email) = repository.identity().unwrap_or_else(|| (NAME.to_owned(), EMAIL.to_owned()));
        Self { repository, git: repository.inner.git.to_thread_local(), name, email, time: format!("{} +0000", writer.now) }
    }

    /// The bytes of a note; `None` when they cannot be had, so that a damaged note does not stand in the way.
    pub(super) fn bytes(&self, id: ObjectId) -> Option<Vec<u8>> {
        self.repository.inner.objects.find(id, gix::objs::Kind::Blob, NOTE_LIMIT).ok()
    }

    /// The folder of a commit.
    pub(super) fn tree_of(&self, commit: ObjectId) -> Result<Tree, NotesError> {
        let id = self.repository.inner.commit(commit)?.tree;
        let id = ObjectId::from_hex(id.as_bytes()).map_err(|error| unreadable(&id, error.to_string()))?;
        self.tree(id)
    }

    pub(super) fn tree(&self, id: ObjectId) -> Result<Tree, NotesError> {
        let bytes = self.repository.inner.objects.find(id, gix::objs::Kind::Tree, FOLDER_LIMIT);
        let bytes = bytes.map_err(|error| unreadable(&id.to_string(), error.to_string()))?;
        let tree = TreeRef::from_bytes(&bytes, id.kind()).map_err(|error| unreadable(&id.to_string(), words(&error)))?;
        Ok(Tree { entries: tree.entries.into_iter().map(Into::into).collect() })
    }

    pub(super) fn blob(&self, bytes: &[u8]) -> Result<ObjectId, NotesError> {
        self.git.write_blob(bytes).map(gix::Id::detach).map_err(|error| unwritable("the note", &error))
    }

    pub(super) fn write(&self, tree: &Tree) -> Result<ObjectId, NotesError> {
        self.git.write_object(tree).map(gix::Id::detach).map_err(|error| unwritable("a folder of notes", &error))
    }

    pub(super) fn commit(&self, root: &Tree, parent: Option<ObjectId>, message: &str) -> Result<ObjectId, NotesError> {
        let who = SignatureRef { name: self.name.as_str().into(), email: self.email.as_str().into(), time: &self.time };
        let tree = self.write(root)?;
        let commit = self.git.new_commit_as(who, who, message, tree, parent);
        commit.map(|commit| commit.id).map_err(|error| unwritable("the commit of the note", &error))
    }
}

fn unreadable(id: &str, detail: String) -> NotesError {
    crate::error::GitError::Refused { what: format!("the folder of notes {id:.10}"), detail }.into()
}

fn unwritable(what: &str, error: &gix::Error) -> NotesError {
    NotesError::Unwritable { what: what.to_owned(), detail: words(error) }
}

fn folder_id(tree: &Tree, name: &str) -> Option<ObjectId> {
    tree.entries.iter().find(|entry| entry.filename == name && entry.mode.is_tree()).map(|entry| entry.oid)
}

fn file_id(tree: &Tree, name: &str) -> Option<ObjectId> {
    tree.entries.iter().find(|entry| entry.filename == name && entry.mode.is_blob()).map(|entry| entry.oid)
}

/// Puts an entry in the place of whatever has its name.
fn put(tree: &mut Tree, name: &str, kind: EntryKind, oid: ObjectId) {
    tree.entries.retain(|entry| entry.filename != name);
    tree.entries.push(Entry { mode: kind.into(), filename: name.into(), oid });
    tree.entries.sort();
}
