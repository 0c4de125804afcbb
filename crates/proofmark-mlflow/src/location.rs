//! Where a store is, from a tracking URI.

use std::path::{Path, PathBuf};

use crate::Error;

/// A store's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A server; the address without a slash at its end, and without credentials.
    Server(String),
    /// A SQLite database file.
    Database(PathBuf),
    /// The folder of a file store, `mlruns`.
    Folder(PathBuf),
}
impl Location {
    /// Reads a tracking URI. Relative paths start at `folder`.
    ///
    /// # Errors
    /// [`Error::Setting`] and [`Error::Unsupported`].
    pub fn parse(uri: &str, folder: &Path) -> Result<Self, Error> {
        let _ = (uri, folder);
        Err(Error::Setting { what: "tracking URI".to_owned(), why: "cannot be read yet".to_owned() })
    }
}
