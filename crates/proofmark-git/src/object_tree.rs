//! The files of a commit, out of the object database.

use std::sync::Arc;

use gix::ObjectId;
use gix::objs::Kind;
use proofmark_core::links::{Node, follow};
use proofmark_core::path::RepoPath;
use proofmark_core::ports::{Blob, Content, ContentId, Entry, EntryKind, Revision, Tree, TreeError};

use crate::commit::Commit;
use crate::error::GitError;
use crate::lfs::Pointer;
use crate::objects::ObjectError;
use crate::repository::Inner;
use crate::trees::Folder;

/// The files of a commit. Decoded folders are shared with every other tree of the same repository.
#[derive(Clone)]
pub struct GitTree {
    repository: Arc<Inner>,
    root: ObjectId,
    revision: Revision,
}

impl std::fmt::Debug for GitTree {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("GitTree").field("root", &self.root).field("revision", &self.revision).finish()
    }
}

impl GitTree {
    pub(crate) fn open(repository: &Arc<Inner>, commit: &Commit, revision: Revision) -> Result<Self, GitError> {
        let what = || format!("the root folder of the commit `{}`", commit.short);
        let root = ObjectId::from_hex(commit.tree.as_bytes())
            .map_err(|_| GitError::Refused { what: what(), detail: format!("`{}` is not an object id", commit.tree) })?;
        // Decoded here so that every later call can count on it.
        repository.objects.tree(root, repository.limit).map_err(|error| match error {
            ObjectError::Missing => GitError::MissingObject { what: what(), id: root.to_string() },
            other => GitError::Refused { what: what(), detail: other.to_string() },
        })?;
        Ok(Self { repository: Arc::clone(repository), root, revision })
    }

    /// The id of the root folder: equal ids mean that all files are equal.
    pub fn id(&self) -> ContentId {
        ContentId::new(self.root.as_slice())
    }

    fn find(&self, path: &RepoPath) -> Result<Option<Node<ObjectId>>, TreeError> {
        let child =
            |folder: &ObjectId, name: &str| Ok(self.rows(*folder, path)?.row(name).map(|row| Node { kind: row.kind, place: row.id }));
        follow(path, self.root, child, |link| self.blob(*link, path))
    }

    fn rows(&self, id: ObjectId, path: &RepoPath) -> Result<Arc<Folder>, TreeError> {
        let limit = self.repository.limit;
        self.repository.objects.tree(id, limit).map_err(|error| tree_error(error, id, path, limit))
    }

    fn blob(&self, id: ObjectId, path: &RepoPath) -> Result<Vec<u8>, TreeError> {
        let limit = self.repository.limit;
        self.repository.objects.find(id, Kind::Blob, limit).map_err(|error| tree_error(error, id, path, limit))
    }
}

impl Tree for GitTree {
    fn revision(&self) -> &Revision {
        &self.revision
    }

    fn list(&self, folder: &RepoPath) -> Result<Option<Vec<Entry>>, TreeError> {
        let Some(node) = self.find(folder)? else { return Ok(None) };
        match node.kind {
            EntryKind::Folder => Ok(Some(self.rows(node.place, folder)?.entries())),
            EntryKind::Submodule => Err(TreeError::Submodule { path: folder.clone(), submodule: folder.clone() }),
            EntryKind::File | EntryKind::Link | EntryKind::Other => Ok(None),
        }
    }

    fn read(&self, path: &RepoPath) -> Result<Option<Content>, TreeError> {
        let Some(Node { kind: EntryKind::File, place: id }) = self.find(path)? else { return Ok(None) };
        let bytes = self.repository.through_lfs(self.blob(id, path)?, path)?;
        // Equal pointers mean equal files, so that the pointer's id stands for the content.
        Ok(Some(Content { bytes, id: Some(ContentId::new(id.as_slice())) }))
    }

    fn open(&self, path: &RepoPath, limit: u64) -> Result<Option<Blob>, TreeError> {
        let Some(Node { kind: EntryKind::File, place: id }) = self.find(path)? else { return Ok(None) };
        let bytes = self.repository.large_blob(id, limit).map_err(|error| tree_error(error, id, path, limit))?;
        self.repository.open_through_lfs(bytes, path, limit).map(Some)
    }

    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, TreeError> {
        let entry =
            |node: Node<ObjectId>| Entry { name: path.name().to_owned(), kind: node.kind, id: Some(ContentId::new(node.place.as_slice())) };
        Ok(self.find(path)?.map(entry))
    }

    fn read_many(&self, paths: &[RepoPath]) -> Vec<Result<Option<Content>, TreeError>> {
        self.repository.objects.map_many(paths.len(), |at| self.read(&paths[at]))
    }
}

impl Inner {
    /// Replaces a git-LFS pointer by what it points to; other bytes pass.
    pub(crate) fn through_lfs(&self, bytes: Vec<u8>, path: &RepoPath) -> Result<Vec<u8>, TreeError> {
        let Some(pointer) = Pointer::parse(&bytes) else { return Ok(bytes) };
        if pointer.size > self.limit {
            return Err(TreeError::TooLarge { path: path.clone(), size: pointer.size, limit: self.limit });
        }
        pointer.load(self.common_dir()).ok_or_else(|| TreeError::LfsPointer { path: path.clone() })
    }

    /// The same for a file that may be large.
    pub(crate) fn open_through_lfs(&self, bytes: Vec<u8>, path: &RepoPath, limit: u64) -> Result<Blob, TreeError> {
        let Some(pointer) = Pointer::parse(&bytes) else { return Ok(Blob::InMemory(bytes)) };
        if pointer.size > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size: pointer.size, limit });
        }
        pointer.locate(self.common_dir()).map(Blob::OnDisk).ok_or_else(|| TreeError::LfsPointer { path: path.clone() })
    }

    /// The bytes of a file that may be larger than the database is set to inflate.
    fn large_blob(&self, id: ObjectId, limit: u64) -> Result<Vec<u8>, ObjectError> {
        match self.objects.find(id, Kind::Blob, limit) {
            Err(ObjectError::Refused(refused)) => match self.with_room_for(limit) {
                Some(objects) => objects.find(id, Kind::Blob, limit),
                None => Err(ObjectError::Refused(refused)),
            },
            found => found,
        }
    }
}

fn tree_error(error: ObjectError, id: ObjectId, path: &RepoPath, limit: u64) -> TreeError {
    let path = path.clone();
    match error {
        ObjectError::Missing => TreeError::Missing { path, id: id.to_string() },
        ObjectError::TooLarge(size) => TreeError::TooLarge { path, size, limit },
        ObjectError::Refused(detail) => TreeError::Refused { path, detail },
    }
}
