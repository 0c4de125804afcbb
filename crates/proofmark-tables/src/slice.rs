//! Parts of the rows by what stands in columns: which a rule asks for, and which rows are in each.

mod partition;

use std::collections::BTreeMap;
use std::fmt;

use proofmark_core::evidence::Slice;

pub(crate) use self::partition::{Origin, Partition};

/// Slices that one selector may have.
pub const MAX_SLICES: usize = 10_000;
/// The pattern for every value.
pub const EVERY: &str = "*";

/// Which slices are asked for: for each column one value, or [`EVERY`] value that stands there at the base or the head.
///
/// Values are compared by what they mean, so `true` finds a truth value and `1` the number 1.0. A missing cell is the empty
/// value, of which a slice's name shows nothing behind the `=`. Of several columns, the combinations that occur.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector(BTreeMap<String, String>);

impl Selector {
    /// All rows, as one part.
    pub fn all() -> Self {
        Self::default()
    }

    /// Every value of these columns, joined by `*`: `country`, `country*device`.
    pub fn columns(text: &str) -> Self {
        text.split('*').map(str::trim).filter(|column| !column.is_empty()).map(|column| (column, EVERY)).collect()
    }

    /// Also this value, or [`EVERY`] value, of this column.
    #[must_use]
    pub fn with(mut self, column: impl Into<String>, pattern: impl Into<String>) -> Self {
        self.0.insert(column.into(), pattern.into());
        self
    }

    /// Whether these are all rows.
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Column and pattern, by column.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(column, pattern)| (column.as_str(), pattern.as_str()))
    }

    /// The selector itself as a slice, for what has no rows to name it by.
    pub(crate) fn slice(&self) -> Slice {
        self.parts().fold(Slice::all(), |slice, (column, pattern)| slice.with(column, pattern))
    }
}

impl<C: Into<String>, P: Into<String>> FromIterator<(C, P)> for Selector {
    fn from_iter<I: IntoIterator<Item = (C, P)>>(parts: I) -> Self {
        Self(parts.into_iter().map(|(column, pattern)| (column.into(), pattern.into())).collect())
    }
}

impl fmt::Display for Selector {
    /// `country=*, device=phone`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.slice().fmt(out)
    }
}

#[cfg(test)]
mod tests;
