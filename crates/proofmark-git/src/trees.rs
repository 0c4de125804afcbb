//! Decoded folders of a commit.

use gix::ObjectId;
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryKind as Mode;
use proofmark_core::ports::{ContentId, Entry, EntryKind};

/// The rows of one tree object, sorted by name.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    rows: Vec<Row>,
}

/// One row: what stands in a folder under a name.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    name: Box<str>,
    pub(crate) kind: EntryKind,
    pub(crate) id: ObjectId,
}

impl Folder {
    /// Decodes a tree object; the detail of what is wrong otherwise.
    pub(crate) fn decode(data: &[u8], hash: gix::hash::Kind) -> Result<Self, String> {
        let mut rows = Vec::with_capacity(data.len() / 36 + 1);
        for entry in TreeRefIter::from_bytes(data, hash) {
            let entry = entry.map_err(|error| crate::error::words(&error))?;
            let kind = match entry.mode.kind() {
                Mode::Tree => EntryKind::Folder,
                Mode::Blob | Mode::BlobExecutable => EntryKind::File,
                Mode::Link => EntryKind::Link,
                Mode::Commit => EntryKind::Submodule,
            };
            let id = entry.oid.to_owned();
            rows.push(match std::str::from_utf8(entry.filename) {
                Ok(name) => Row { name: name.into(), kind, id },
                Err(_) => Row { name: String::from_utf8_lossy(entry.filename).into(), kind: EntryKind::Other, id },
            });
        }
        // Git sorts a folder as if its name ended with a slash.
        if !rows.is_sorted_by(|a, b| a.name <= b.name) {
            rows.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Ok(Self { rows })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn row(&self, name: &str) -> Option<&Row> {
        let at = self.rows.binary_search_by(|row| (*row.name).cmp(name)).ok()?;
        Some(&self.rows[at])
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.rows
            .iter()
            .map(|row| Entry { name: row.name.to_string(), kind: row.kind, id: Some(ContentId::new(row.id.as_slice())) })
            .collect()
    }
}
