//! Finding and opening a repository.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::ObjectId;
use gix::discover::upwards;
use gix::objs::Kind;
use gix::open::{Options, Permissions};
use gix::sec::Trust;
use proofmark_core::ports::Revision;

use crate::commit::Commit;
use crate::error::{GitError, words};
use crate::object_tree::GitTree;
use crate::objects::Objects;
use crate::work_tree::WorkTree;

/// The size above which a file is not read: 256 MiB.
pub(crate) const LIMIT: u64 = 256 * 1024 * 1024;

/// A git repository, opened for reading. Cheap to clone; all clones share the caches and may be used from any thread.
///
/// Only the repository's own configuration is read: no system or user configuration, no `GIT_*` variable and no
/// included file can change what a revision means. Ownership is not checked either (`safe.directory`): git's check
/// guards against programs that a foreign repository's configuration starts, and nothing here starts a program.
/// Containers in CI, where the checkout belongs to another user, therefore just work.
#[derive(Clone)]
pub struct Repository {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) objects: Objects,
    pub(crate) git: gix::ThreadSafeRepository,
    pub(crate) limit: u64,
    pub(crate) shallow: bool,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Repository").field(&self.git_dir()).finish()
    }
}

impl Repository {
    /// Finds the repository that the folder `start` lies in. Linked worktrees, submodules (a `.git` file) and bare
    /// repositories are found like any other; a folder inside a submodule gives the submodule's repository.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn discover(start: &Path) -> Result<Self, GitError> {
        let nothing = || GitError::NotARepository { folder: start.to_owned() };
        let options = upwards::Options { trust: upwards::TrustPolicy::Assume(Trust::Full), cross_fs: true, ..Default::default() };
        // Absolute, so that the process may change its folder later.
        let absolute = std::path::absolute(start).map_err(|_| nothing())?;
        let (found, _) = gix::discover::upwards_opts(&absolute, options).map_err(|_| nothing())?;
        let (git_dir, _) = found.clone().into_repository_and_work_tree_directories();
        let open_at = match found {
            gix::discover::repository::Path::WorkTree(folder)
            | gix::discover::repository::Path::LinkedWorkTree { work_dir: folder, .. } => folder,
            gix::discover::repository::Path::Repository(git_dir) => git_dir,
        };
        Self::open(open_at, git_dir)
    }

    fn open(folder: PathBuf, git_dir: PathBuf) -> Result<Self, GitError> {
        let git = options(LIMIT).open(folder).map_err(|error| open_error(&git_dir, &error))?;
        let local = git.to_thread_local();
        let storage = local.config_snapshot().string("extensions.refStorage").map(|value| value.to_string());
        if let Some(storage) = storage.filter(|storage| !storage.eq_ignore_ascii_case("files")) {
            return Err(GitError::Unsupported { git_dir, what: format!("the ref storage `{storage}`") });
        }
        let shallow = local.is_shallow().unwrap_or(false);
        let objects = Objects::new(local, git.clone());
        Ok(Self { inner: Arc::new(Inner { objects, git, limit: LIMIT, shallow }) })
    }

    /// The folder of the files on disk; `None` for a bare repository.
    pub fn root(&self) -> Option<&Path> {
        self.inner.git.work_dir()
    }

    /// The git folder; for a linked worktree its own one below the main repository's.
    pub fn git_dir(&self) -> &Path {
        self.inner.git.git_dir()
    }

    /// The git folder that all worktrees share: objects, branches, hooks.
    pub fn common_dir(&self) -> &Path {
        self.inner.common_dir()
    }

    /// Whether there are no files on disk.
    pub fn is_bare(&self) -> bool {
        self.root().is_none()
    }

    /// Whether the history is cut off.
    pub fn is_shallow(&self) -> bool {
        self.inner.shallow
    }

    /// The folder that git runs hooks from: `core.hooksPath` of the whole configuration, the user's and the system's
    /// included, else `hooks` in the common git folder.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub fn hooks_dir(&self) -> Result<PathBuf, GitError> {
        let git_dir = self.git_dir();
        let full = Options::default()
            .with(Trust::Full)
            .filter_config_section(|_| true)
            .open(self.root().unwrap_or(git_dir))
            .map_err(|error| open_error(git_dir, &error))?
            .to_thread_local();
        let set = full
            .config_snapshot()
            .trusted_path("core.hooksPath")
            .map_err(|error| GitError::Open { git_dir: git_dir.to_owned(), detail: format!("`core.hooksPath`: {}", words(&error)) })?;
        // Git runs hooks from the root of the work tree (bare: from the git folder), and a relative path starts there.
        Ok(match set {
            Some(path) => self.root().unwrap_or(git_dir).join(path),
            None => self.common_dir().join("hooks"),
        })
    }

    /// The files of a commit. `name_as_typed` is what messages call it.
    ///
    /// # Errors
    /// When the commit's root folder is not in the object database.
    pub fn tree_at(&self, commit: &Commit, name_as_typed: &str) -> Result<GitTree, GitError> {
        let revision = Revision::commit(name_as_typed, &commit.id, &commit.subject);
        GitTree::open(&self.inner, commit, revision)
    }

    /// The files on disk.
    ///
    /// # Errors
    /// When the repository is bare, or `HEAD` cannot be read.
    pub fn work_tree(&self) -> Result<WorkTree, GitError> {
        let Some(root) = self.root() else {
            return Err(GitError::NoWorkTree { git_dir: self.git_dir().to_owned() });
        };
        let head = self.head_id()?.map(|id| id.to_string());
        Ok(WorkTree::open(&self.inner, root, Revision::work_tree(head)))
    }

    /// The same repository with another limit for the size of a file; for tests.
    #[doc(hidden)]
    pub fn with_limit(&self, limit: u64) -> Self {
        let inner = &self.inner;
        let objects = Objects::new(inner.git.to_thread_local(), inner.git.clone());
        Self { inner: Arc::new(Inner { objects, git: inner.git.clone(), limit, shallow: inner.shallow }) }
    }
}

impl Inner {
    pub(crate) fn common_dir(&self) -> &Path {
        self.git.common_dir.as_deref().unwrap_or_else(|| self.git.git_dir())
    }

    /// The same objects, for a few files that are larger than usual.
    pub(crate) fn with_room_for(&self, limit: u64) -> Option<Objects> {
        let git = options(limit).open(self.git.git_dir()).ok()?;
        Some(Objects::new(git.to_thread_local(), git))
    }

    /// Reads and decodes a commit.
    pub(crate) fn commit(&self, id: ObjectId) -> Result<Commit, GitError> {
        let missing = || GitError::MissingObject { what: format!("the commit `{id}`"), id: id.to_string() };
        let refused = |detail| GitError::Refused { what: format!("the commit `{id}`"), detail };
        let mut data = Vec::new();
        match self.objects.find_any(id, &mut data).map_err(|error| refused(error.to_string()))?.ok_or_else(missing)? {
            Kind::Commit => {}
            kind @ (Kind::Blob | Kind::Tree | Kind::Tag) => return Err(refused(format!("it is a {kind}"))),
        }
        Commit::decode(id, &data).map_err(refused)
    }
}

/// How a repository is opened whose files have up to `limit` bytes.
fn options(limit: u64) -> Options {
    Options::default()
        .permissions(Permissions::isolated())
        .with(Trust::Full)
        // A work tree of another owner lowers the trust; its configuration (object format, work tree) counts all the same.
        .filter_config_section(|_| true)
        .lossy_config(true)
        .config_overrides([
            // The database refuses to inflate more than the limit, so that a size needs no look-up of its own.
            format!("gitoxide.objects.allocLimit={}", 2 * limit),
        ])
}

fn open_error(git_dir: &Path, error: &gix::Error) -> GitError {
    let detail = words(error);
    let whole = error.iter_errors().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    if whole.to_ascii_lowercase().contains("objectformat") || whole.contains("object format") || whole.contains("sha256") {
        GitError::Unsupported { git_dir: git_dir.to_owned(), what: "an object format other than SHA-1".to_owned() }
    } else {
        GitError::Open { git_dir: git_dir.to_owned(), detail }
    }
}
