//! What was read once and need not be read again: shared between the revisions of one run.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use proofmark_core::document::Format;
use proofmark_core::ports::ContentId;

use crate::dvcfile::DvcFile;
use crate::files::Document;
use crate::folder::Folder;
use crate::lock::Lock;
use crate::walk::Subtree;

/// Remembers walks and parsed files by the identity of their content. Cheap to make, `Sync`.
///
/// Folders and files that are the same at two revisions are walked and parsed once. What has no identity (a changed
/// file of the work tree) is never remembered.
#[derive(Default)]
pub struct Memo {
    pub(crate) subtrees: Cache<ContentId, Subtree>,
    pub(crate) documents: Cache<(ContentId, Format), Document>,
    pub(crate) locks: Cache<ContentId, Lock>,
    pub(crate) dvc_files: Cache<ContentId, DvcFile>,
    pub(crate) folders: Cache<String, Folder>,
}

impl fmt::Debug for Memo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Memo").field("subtrees", &self.subtrees.len()).field("documents", &self.documents.len()).finish_non_exhaustive()
    }
}

/// A map behind a lock that hands out shared values.
pub(crate) struct Cache<K, V>(Mutex<HashMap<K, Arc<V>>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Eq + Hash, V> Cache<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<Arc<V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Remembers `value` if there is a key to remember it by.
    pub(crate) fn put(&self, key: Option<K>, value: V) -> Arc<V> {
        let shared = Arc::new(value);
        if let Some(key) = key {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&shared));
        }
        shared
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
