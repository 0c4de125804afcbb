//! Reads and parses single files of a tree, each content once.

use std::sync::Arc;

use proofmark_core::document::{self, Format, ParseError};
use proofmark_core::path::RepoPath;
use proofmark_core::ports::{ContentId, EntryKind, Tree, TreeError};
use proofmark_core::problem::{Position, Problem};
use proofmark_core::value::Value;

use crate::memo::{Cache, Memo};

/// A file's text beside what it means, so that mistakes can be located in it.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) bytes: Vec<u8>,
    pub(crate) value: Result<Value, ParseError>,
}

impl Document {
    pub(crate) fn parse(format: Format, bytes: Vec<u8>) -> Self {
        let value = parse(format, &bytes);
        Self { bytes, value }
    }

    /// Whether any `${...}` can be in it.
    pub(crate) fn has_templates(&self) -> bool {
        self.bytes.windows(2).any(|pair| pair == b"${")
    }

    /// Where a text first stands in the file: as a word of its own, or else inside another.
    pub(crate) fn position_of(&self, text: &str) -> Option<Position> {
        let whole = std::str::from_utf8(&self.bytes).ok().filter(|_| !text.is_empty())?;
        let part_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        let alone = |at: usize| !whole[..at].ends_with(part_of_word) && !whole[at + text.len()..].starts_with(part_of_word);
        let offset = whole.match_indices(text).map(|(at, _)| at).find(|&at| alone(at)).or_else(|| whole.find(text))?;
        Some(Position::of(&self.bytes, offset))
    }
}

/// Parses, and recognises the most common reason why that fails in a repository.
pub(crate) fn parse(format: Format, bytes: &[u8]) -> Result<Value, ParseError> {
    document::parse(format, bytes).map_err(|error| {
        let conflict = |marker: &[u8]| {
            bytes.starts_with(marker) || bytes.windows(marker.len() + 1).any(|part| part[0] == b'\n' && &part[1..] == marker)
        };
        if conflict(b"<<<<<<< ") && conflict(b">>>>>>> ") {
            error.hint("the file holds merge conflict markers; resolve the conflict and commit the file")
        } else {
            error
        }
    })
}

/// A tree with a memory.
#[derive(Clone, Copy)]
pub(crate) struct Files<'a> {
    pub(crate) tree: &'a dyn Tree,
    pub(crate) memo: &'a Memo,
}

impl Files<'_> {
    /// A parsed file; `None` when there is none.
    pub(crate) fn document(&self, path: &RepoPath, id: Option<ContentId>, format: Format) -> Result<Option<Arc<Document>>, Problem> {
        self.load(path, id, &self.memo.documents, |id| (id, format), |bytes| Document::parse(format, bytes))
    }

    /// What `make` makes of a file's bytes; `None` when there is no file.
    pub(crate) fn load<K: Eq + std::hash::Hash, V>(
        &self,
        path: &RepoPath,
        id: Option<ContentId>,
        cache: &Cache<K, V>,
        key: impl Fn(ContentId) -> K,
        make: impl FnOnce(Vec<u8>) -> V,
    ) -> Result<Option<Arc<V>>, Problem> {
        let problem = |error: &TreeError| Problem::from_tree(path.clone(), error);
        let id = match id {
            Some(id) => Some(id),
            None => match self.tree.entry(path).map_err(|error| problem(&error))? {
                Some(entry) if entry.kind == EntryKind::File => entry.id,
                _ => None,
            },
        };
        if let Some(known) = id.and_then(|id| cache.get(&key(id))) {
            return Ok(Some(known));
        }
        let content = self.tree.read(path).map_err(|error| problem(&error))?;
        Ok(content.map(|content| cache.put(id.map(&key), make(content.bytes))))
    }

    /// Whether a file or folder is there; what cannot be looked at counts as there.
    pub(crate) fn exists(&self, path: &RepoPath) -> bool {
        self.tree.entry(path).map_or(true, |entry| entry.is_some())
    }
}
