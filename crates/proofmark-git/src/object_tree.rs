//! The files of a commit, out of the object database.

use std::sync::Arc;

use gix::ObjectId;
use gix::objs::Kind;
use proofmark_core::path::RepoPath;
use proofmark_core::ports::{Content, ContentId, Entry, EntryKind, Revision, Tree, TreeError};

use crate::commit::Commit;
use crate::error::GitError;
use crate::lfs::Pointer;
use crate::objects::ObjectError;
use crate::repository::Inner;
use crate::walk::{Node, Nodes, follow};

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
        match follow(self, folder)? {
            Some(Node::Folder(id)) => {
                let limit = self.repository.limit;
                let rows = self.repository.objects.tree(id, limit).map_err(|error| tree_error(error, id, folder, limit))?;
                Ok(Some(rows.entries()))
            }
            Some(Node::Submodule(_)) => Err(TreeError::Submodule { path: folder.clone(), submodule: folder.clone() }),
            Some(Node::File(_) | Node::Link(_) | Node::Other(_)) | None => Ok(None),
        }
    }

    fn read(&self, path: &RepoPath) -> Result<Option<Content>, TreeError> {
        let id = match follow(self, path)? {
            Some(Node::File(id)) => id,
            Some(Node::Folder(_) | Node::Submodule(_) | Node::Link(_) | Node::Other(_)) | None => return Ok(None),
        };
        let bytes = self.repository.through_lfs(self.blob(id, path)?, path)?;
        // Equal pointers mean equal files, so that the pointer's id stands for the content.
        Ok(Some(Content { bytes, id: Some(ContentId::new(id.as_slice())) }))
    }

    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, TreeError> {
        Ok(follow(self, path)?.map(|node| {
            let (kind, id) = match node {
                Node::Folder(id) => (EntryKind::Folder, id),
                Node::File(id) => (EntryKind::File, id),
                Node::Link(id) => (EntryKind::Link, id),
                Node::Submodule(id) => (EntryKind::Submodule, id),
                Node::Other(id) => (EntryKind::Other, id),
            };
            Entry { name: path.name().to_owned(), kind, id: Some(ContentId::new(id.as_slice())) }
        }))
    }

    fn read_many(&self, paths: &[RepoPath]) -> Vec<Result<Option<Content>, TreeError>> {
        self.repository.objects.map_many(paths.len(), |at| self.read(&paths[at]))
    }
}

impl Nodes for GitTree {
    type Place = ObjectId;

    fn root(&self) -> ObjectId {
        self.root
    }

    fn child(&self, folder: &ObjectId, name: &str, asked: &RepoPath) -> Result<Option<Node<ObjectId>>, TreeError> {
        let limit = self.repository.limit;
        let rows = self.repository.objects.tree(*folder, limit).map_err(|error| tree_error(error, *folder, asked, limit))?;
        Ok(rows.row(name).map(|row| match row.kind {
            EntryKind::Folder => Node::Folder(row.id),
            EntryKind::File => Node::File(row.id),
            EntryKind::Link => Node::Link(row.id),
            EntryKind::Submodule => Node::Submodule(row.id),
            EntryKind::Other => Node::Other(row.id),
        }))
    }

    fn target(&self, link: &ObjectId, asked: &RepoPath) -> Result<Vec<u8>, TreeError> {
        self.blob(*link, asked)
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
}

fn tree_error(error: ObjectError, id: ObjectId, path: &RepoPath, limit: u64) -> TreeError {
    let path = path.clone();
    match error {
        ObjectError::Missing => TreeError::Missing { path, id: id.to_string() },
        ObjectError::TooLarge(size) => TreeError::TooLarge { path, size, limit },
        ObjectError::Refused(detail) => TreeError::Refused { path, detail },
    }
}
