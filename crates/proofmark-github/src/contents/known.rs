//! What was fetched already, for all revisions that one run looks at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proofmark_core::path::RepoPath;
use proofmark_core::ports::ContentId;

use super::Source;
use super::folders::Folder;

/// Bytes of files that are kept for a second look.
const MOST_KEPT: usize = 32 << 20;
/// Commits whose listings are kept; a run looks at two or three.
const MOST_LISTINGS: usize = 4;

/// Files by their object ids, and listings by their commits.
#[derive(Debug, Default)]
pub(crate) struct Known {
    files: Mutex<Files>,
    listings: Mutex<HashMap<String, Arc<Listing>>>,
}

/// The folders of a commit, as far as they are known.
#[derive(Debug)]
pub(super) struct Listing {
    /// Where the others come from.
    pub(super) source: Source,
    folders: Mutex<HashMap<RepoPath, Arc<Folder>>>,
}

#[derive(Debug, Default)]
struct Files {
    bytes: HashMap<ContentId, Arc<[u8]>>,
    sum: usize,
}

impl Known {
    pub(super) fn file(&self, id: ContentId) -> Option<Arc<[u8]>> {
        lock(&self.files).bytes.get(&id).cloned()
    }

    /// Keeps a file while there is room.
    pub(super) fn keep(&self, id: ContentId, bytes: &Arc<[u8]>) {
        let mut files = lock(&self.files);
        if files.sum + bytes.len() <= MOST_KEPT && files.bytes.insert(id, Arc::clone(bytes)).is_none() {
            files.sum += bytes.len();
        }
    }

    pub(super) fn listing(&self, commit: &str) -> Option<Arc<Listing>> {
        lock(&self.listings).get(commit).cloned()
    }

    pub(super) fn keep_listing(&self, commit: &str, listing: &Arc<Listing>) {
        let mut listings = lock(&self.listings);
        if listings.len() < MOST_LISTINGS {
            listings.insert(commit.to_owned(), Arc::clone(listing));
        }
    }
}

impl Listing {
    pub(super) fn new(source: Source, folders: HashMap<RepoPath, Arc<Folder>>) -> Self {
        Self { source, folders: Mutex::new(folders) }
    }

    pub(super) fn folder(&self, path: &RepoPath) -> Option<Arc<Folder>> {
        lock(&self.folders).get(path).cloned()
    }

    pub(super) fn insert(&self, path: RepoPath, folder: &Arc<Folder>) {
        lock(&self.folders).insert(path, Arc::clone(folder));
    }
}

/// What is in there is whole at any time: a panic of another thread spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        let known = Known::default();
        let id = |number: u8| ContentId::new(&[number; 20]);
        let half: Arc<[u8]> = vec![0; MOST_KEPT / 2].into();
        for number in [1, 1, 2, 3] {
            known.keep(id(number), &half);
        }
        assert_eq!([1, 2, 3].map(|number| known.file(id(number)).is_some()), [true, true, false]);
        let listing = Arc::new(Listing::new(Source::Trees, HashMap::new()));
        for commit in ["a", "b", "c", "d", "e"] {
            known.keep_listing(commit, &listing);
        }
        assert!(known.listing("d").is_some() && known.listing("e").is_none());
    }
}
