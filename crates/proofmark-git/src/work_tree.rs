//! The files on disk.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proofmark_core::links::{Node, follow};
use proofmark_core::path::RepoPath;
use proofmark_core::ports::{Blob, Content, Entry, EntryKind, Revision, Tree, TreeError};

use crate::ignores::Ignores;
use crate::repository::Inner;

/// The files below the root of a work tree. Links are followed by hand, so that nothing outside of the root and
/// nothing in `.git` is ever opened. The root itself may be reached through links: it is the user's choice.
pub struct WorkTree {
    repository: Arc<Inner>,
    root: PathBuf,
    revision: Revision,
    ignores: Ignores,
}

impl std::fmt::Debug for WorkTree {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("WorkTree").field("root", &self.root).field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl WorkTree {
    pub(crate) fn open(repository: &Arc<Inner>, root: &Path, revision: Revision) -> Self {
        let ignores = Ignores::new(repository, root);
        Self { repository: Arc::clone(repository), root: root.to_owned(), revision, ignores }
    }

    /// The folder of the files.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn find(&self, path: &RepoPath) -> Result<Option<Node<PathBuf>>, TreeError> {
        let target = |link: &PathBuf| match fs::read_link(link) {
            Ok(target) => Ok(target.into_os_string().into_encoded_bytes()),
            Err(error) => Err(refused(path, &error)),
        };
        follow(path, self.root.clone(), |folder, name| child(folder, name, path), target)
    }
}

impl Tree for WorkTree {
    fn revision(&self) -> &Revision {
        &self.revision
    }

    fn list(&self, folder: &RepoPath) -> Result<Option<Vec<Entry>>, TreeError> {
        let Some(node) = self.find(folder)? else { return Ok(None) };
        let place = match node.kind {
            EntryKind::Folder => node.place,
            EntryKind::Submodule => return Err(TreeError::Submodule { path: folder.clone(), submodule: folder.clone() }),
            EntryKind::File | EntryKind::Link | EntryKind::Other => return Ok(None),
        };
        let mut rows = Vec::new();
        for entry in fs::read_dir(&place).map_err(|error| refused(folder, &error))? {
            let entry = entry.map_err(|error| refused(folder, &error))?;
            let raw = entry.file_name();
            let (name, kind) = match raw.to_str() {
                Some(name) if is_dot_git(name) => continue,
                Some(name) => {
                    let kind = entry.file_type().map_err(|error| refused(folder, &error))?;
                    (name.to_owned(), kind_of(kind, || entry.path()))
                }
                None => (raw.to_string_lossy().into_owned(), EntryKind::Other),
            };
            rows.push(Entry { name, kind, id: None });
        }
        rows.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(Some(rows))
    }

    fn read(&self, path: &RepoPath) -> Result<Option<Content>, TreeError> {
        let Some(Node { kind: EntryKind::File, place }) = self.find(path)? else { return Ok(None) };
        let limit = self.repository.limit;
        let file = match File::open(&place) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(path, &error)),
        };
        let size = file.metadata().map_err(|error| refused(path, &error))?.len();
        if size > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size, limit });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        // A file that grows while it is read is still bounded.
        file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| refused(path, &error))?;
        if bytes.len() as u64 > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size: bytes.len() as u64, limit });
        }
        let bytes = self.repository.through_lfs(bytes, path)?;
        Ok(Some(Content { bytes, id: None }))
    }

    fn open(&self, path: &RepoPath, limit: u64) -> Result<Option<Blob>, TreeError> {
        let Some(Node { kind: EntryKind::File, place }) = self.find(path)? else { return Ok(None) };
        let size = match fs::metadata(&place) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(path, &error)),
        };
        if size > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size, limit });
        }
        // A small file may be a pointer to the real one.
        if size <= crate::lfs::LONGEST_POINTER as u64 {
            let bytes = fs::read(&place).map_err(|error| refused(path, &error))?;
            return self.repository.open_through_lfs(bytes, path, limit).map(Some);
        }
        Ok(Some(Blob::OnDisk(place)))
    }

    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, TreeError> {
        Ok(self.find(path)?.map(|node| Entry { name: path.name().to_owned(), kind: node.kind, id: None }))
    }

    /// By the `.gitignore` files and `.git/info/exclude`, for whatever git does not track. The user's own excludes
    /// file is left out: the same checkout must give the same answer on every machine.
    fn is_ignored(&self, path: &RepoPath, folder: bool) -> bool {
        self.ignores.is_ignored(path, folder)
    }

    fn read_many(&self, paths: &[RepoPath]) -> Vec<Result<Option<Content>, TreeError>> {
        self.repository.objects.map_many(paths.len(), |at| self.read(&paths[at]))
    }
}

/// What stands in a folder under this name, without following a link.
fn child(folder: &Path, name: &str, asked: &RepoPath) -> Result<Option<Node<PathBuf>>, TreeError> {
    if is_dot_git(name) {
        return Ok(None);
    }
    let place = folder.join(name);
    match fs::symlink_metadata(&place) {
        Ok(metadata) => Ok(Some(Node { kind: kind_of(metadata.file_type(), || place.clone()), place })),
        // A name that is too long or holds what the system does not allow cannot be there.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename) => Ok(None),
        Err(error) => Err(refused(asked, &error)),
    }
}

/// Also spelled otherwise: some file systems do not know case.
fn is_dot_git(name: &str) -> bool {
    name.eq_ignore_ascii_case(".git")
}

fn kind_of(found: fs::FileType, place: impl FnOnce() -> PathBuf) -> EntryKind {
    if found.is_symlink() {
        EntryKind::Link
    } else if found.is_file() {
        EntryKind::File
    } else if !found.is_dir() {
        EntryKind::Other
    } else if fs::symlink_metadata(place().join(".git")).is_ok() {
        EntryKind::Submodule
    } else {
        EntryKind::Folder
    }
}

fn refused(path: &RepoPath, error: &io::Error) -> TreeError {
    TreeError::Refused { path: path.clone(), detail: error.to_string() }
}
