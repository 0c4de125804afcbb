//! What `.gitignore` says, read folder by folder as a walk gets there.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gix::bstr::BStr;
use gix::glob::pattern::Case;
use gix::ignore::{Search, search::Ignore};
use proofmark_core::path::RepoPath;

use crate::repository::Inner;

/// A `.gitignore` above this size is not one.
const LARGEST: u64 = 1024 * 1024;

/// The rules of one work tree.
pub(crate) struct Ignores {
    repository: Arc<Inner>,
    root: PathBuf,
    exclude: OnceLock<Search>,
    folders: Mutex<HashMap<RepoPath, Arc<Rules>>>,
    tracked: OnceLock<Option<gix::index::File>>,
}

/// What holds in a folder.
struct Rules {
    /// Whether the folder itself is ignored, and with it everything inside.
    ignored: bool,
    /// Its own `.gitignore`.
    own: Option<Search>,
}

impl Ignores {
    pub(crate) fn new(repository: &Arc<Inner>, root: &Path) -> Self {
        Self {
            repository: Arc::clone(repository),
            root: root.to_owned(),
            exclude: OnceLock::new(),
            folders: Mutex::default(),
            tracked: OnceLock::new(),
        }
    }

    /// Whether a walk should not look at `path`. Never what git tracks, whatever the rules say: a metrics file that
    /// was added by force is in every commit, and must not look removed on disk.
    pub(crate) fn is_ignored(&self, path: &RepoPath, folder: bool) -> bool {
        !path.is_root() && self.by_rules(path, folder) && !self.is_tracked(path, folder)
    }

    fn by_rules(&self, path: &RepoPath, folder: bool) -> bool {
        let parent = path.parent();
        // Git never looks into an ignored folder, so that nothing inside can be taken back.
        if self.rules(&parent).ignored {
            return true;
        }
        let mut above = parent;
        loop {
            let rules = self.rules(&above);
            if let Some(own) = &rules.own
                && let Some(relative) = path.strip(&above)
                && let Some(ignored) = decide(own, relative, folder)
            {
                return ignored;
            }
            if above.is_root() {
                break;
            }
            above = above.parent();
        }
        decide(self.exclude(), path.as_str(), folder).unwrap_or(false)
    }

    fn rules(&self, folder: &RepoPath) -> Arc<Rules> {
        if let Some(rules) = self.folders.lock().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return Arc::clone(rules);
        }
        let ignored = !folder.is_root() && self.by_rules(folder, true);
        let own = if ignored { None } else { read(&self.root.join(folder.as_str()).join(".gitignore")) };
        let rules = Arc::new(Rules { ignored, own });
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.clone(), Arc::clone(&rules));
        rules
    }

    fn exclude(&self) -> &Search {
        self.exclude.get_or_init(|| read(&self.repository.common_dir().join("info/exclude")).unwrap_or_default())
    }

    /// Looked up only once a rule has matched, since the index of a large repository takes milliseconds to read.
    fn is_tracked(&self, path: &RepoPath, folder: bool) -> bool {
        let index = self.tracked.get_or_init(|| {
            let (path, hash) = self.repository.objects.with(|handle| (handle.repo.index_path(), handle.repo.object_hash()));
            gix::index::File::at(path, hash, true, gix::index::decode::Options::default()).ok()
        });
        let path: &BStr = path.as_str().into();
        index.as_ref().is_some_and(|index| if folder { index.path_is_directory(path) } else { index.entry_by_path(path).is_some() })
    }
}

/// The last pattern that fits decides; `None` when none does.
fn decide(rules: &Search, relative: &str, folder: bool) -> Option<bool> {
    let found = rules.pattern_matching_relative_path(relative.into(), Some(folder), Case::Sensitive)?;
    Some(!found.pattern.is_negative())
}

/// The rules of one file; `None` when there is no such file, or it is a link (git does not follow it either).
fn read(path: &Path) -> Option<Search> {
    let metadata = fs::symlink_metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return None;
    }
    let mut rules = Search::default();
    rules.add_patterns_buffer(&fs::read(path).ok()?, path, None, Ignore::default()).ok()?;
    Some(rules)
}
