//! A table in memory: the columns that were asked for, and the digest of the file they are from.

use crate::column::Column;

/// The columns of one file, all of the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    rows: usize,
    columns: Vec<(String, Column)>,
    digest: [u8; 32],
}

impl Table {
    /// Columns of the same length by their name.
    pub(crate) fn new(rows: usize, columns: Vec<(String, Column)>, digest: [u8; 32]) -> Self {
        debug_assert!(columns.iter().all(|(_, column)| column.len() == rows), "columns of one length");
        Self { rows, columns, digest }
    }

    /// Rows, without the header.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The column of this name, where it was wanted and is there.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// The columns in the order in which they were wanted.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// SHA-256 of the file's bytes, as they are stored.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Bytes that the columns hold in memory, about.
    pub fn held_bytes(&self) -> usize {
        self.columns.iter().map(|(_, column)| column.held_bytes()).sum()
    }
}
