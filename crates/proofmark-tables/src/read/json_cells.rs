//! What the layouts of JSON share: the keys of an object, and what a value means as a cell.

use std::fmt;

use proofmark_core::config::nearest;

use crate::column::scalar::{self, Scalar};
use crate::error::TableError;
use crate::source::Wanted;

use super::builder::Builders;
use super::json::{Json, Scanner, Told};
use super::shown;

/// Keys that are remembered to name one when a column is missing.
const KEYS: usize = 200;

/// Where in the file a row is, as a message says it; from 1.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// A file of which each row is a line.
    Line(u64),
    /// Any other file.
    Row(u64),
}

impl Place {
    /// What is wrong with the row here.
    pub(super) fn told(self, told: impl Into<String>) -> TableError {
        match self {
            Self::Line(line) => TableError::malformed(line, told),
            Self::Row(_) => TableError::malformed(None, format!("{self}: {}", told.into())),
        }
    }

    fn line(self) -> Option<u64> {
        match self {
            Self::Line(line) => Some(line),
            Self::Row(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(out, "line {line}"),
            Self::Row(row) => write!(out, "row {row}"),
        }
    }
}

/// What is known of the keys of the objects.
pub(super) struct Keys<'w> {
    wanted: &'w [&'w str],
    /// Some keys that are not wanted.
    others: Vec<String>,
    /// The wanted column that comes next if this object has the order of the last.
    expected: usize,
}

impl<'w> Keys<'w> {
    pub(super) fn new(wanted: &'w [&'w str]) -> Self {
        Self { wanted, others: Vec::new(), expected: 0 }
    }

    /// The wanted column of this name.
    pub(super) fn find(&mut self, key: &[u8]) -> Option<usize> {
        let is = |index: &usize| self.wanted.get(*index).is_some_and(|name| name.as_bytes() == key);
        let index = Some(self.expected).filter(is).or_else(|| (0..self.wanted.len()).find(is))?;
        self.expected = index + 1;
        Some(index)
    }

    /// Keeps a name that nobody wants.
    pub(super) fn remember(&mut self, key: &[u8]) {
        if self.others.len() < KEYS && key.len() < 1000 {
            let key = String::from_utf8_lossy(key);
            if !self.others.iter().any(|known| *known == key) {
                self.others.push(key.into_owned());
            }
        }
    }

    fn name(&self, index: usize) -> &'w str {
        self.wanted.get(index).copied().unwrap_or_default()
    }
}

/// Puts the wanted values of an object into the row that is being read.
pub(super) fn object(text: &[u8], place: Place, keys: &mut Keys<'_>, builders: &mut Builders) -> Result<(), TableError> {
    let told = |told: Told| place.told(told);
    let mut scanner = Scanner::object(text).map_err(told)?;
    let mut is_first = true;
    while let Some(key) = scanner.key(is_first).map_err(told)? {
        is_first = false;
        match keys.find(&key) {
            Some(index) => put(&scanner.value().map_err(told)?, index, place, keys, builders)?,
            None => {
                keys.remember(&key);
                scanner.skip().map_err(told)?;
            }
        }
    }
    Ok(())
}

/// Puts one value into the row that is being read.
pub(super) fn put(value: &Json<'_>, index: usize, place: Place, keys: &Keys<'_>, builders: &mut Builders) -> Result<(), TableError> {
    let (scalar, text) = match value {
        Json::Null => (Scalar::Empty, b"".as_slice()),
        Json::Boolean(true) => (Scalar::Boolean(true), b"true".as_slice()),
        Json::Boolean(false) => (Scalar::Boolean(false), b"false".as_slice()),
        Json::Number(text) => (number(text), *text),
        Json::Text(text) => (Scalar::Text, text.as_ref()),
        Json::Nested => {
            let told = format!("an object or a list in column `{}` ({place})", shown(keys.name(index)));
            return Err(TableError::Unsupported { told });
        }
    };
    // No line is 0 here.
    let put = builders.put(index, scalar, text, place.line().unwrap_or_default()).map_err(|error| match (place, error) {
        (Place::Row(_), TableError::Malformed { told, .. }) => place.told(told),
        (_, error) => error,
    });
    if put? { Ok(()) } else { Err(TableError::DuplicateColumn { name: keys.name(index).to_owned(), line: place.line() }) }
}

/// Refuses a file without rows, or without a column that must be there.
pub(super) fn refuse_missing(wanted: &Wanted, builders: &Builders, keys: &Keys<'_>) -> Result<(), TableError> {
    if builders.rows() == 0 {
        return Err(TableError::malformed(None, "the file is empty"));
    }
    refuse_absent(wanted, builders, keys)
}

/// Refuses a file without a column that must be there.
pub(super) fn refuse_absent(wanted: &Wanted, builders: &Builders, keys: &Keys<'_>) -> Result<(), TableError> {
    let absent: Vec<&str> = builders.absent().collect();
    match wanted.columns().find(|(name, required)| *required && absent.contains(name)) {
        None => Ok(()),
        Some((name, _)) => {
            let nearest = nearest(name, keys.others.iter().map(String::as_str)).map(shown);
            Err(TableError::MissingColumn { name: name.to_owned(), nearest })
        }
    }
}

/// What a number means that JSON, or Python, writes so.
fn number(text: &[u8]) -> Scalar {
    if let Some(value) = scalar::integer(text) {
        return Scalar::Integer(value);
    }
    let is_digits = text.iter().all(u8::is_ascii_digit);
    let value = || str::from_utf8(text).ok().and_then(scalar::number);
    if is_digits { Scalar::Wide } else { value().map_or(Scalar::Text, Scalar::Number) }
}
