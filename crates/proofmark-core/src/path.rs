//! Paths inside a repository: relative, normalised, `/`-separated, and never outside.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A path from the repository's root, without `.`, `..`, empty parts or NUL. The root itself is the empty path. Cheap to
/// clone.
///
/// ```
/// use proofmark_core::path::RepoPath;
///
/// let stage = RepoPath::parse("models/a")?;
/// assert_eq!(stage.join("../b/metrics.json")?.as_str(), "models/b/metrics.json");
/// assert!(stage.join("../../../etc/passwd").is_err());
/// # Ok::<(), proofmark_core::path::PathError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RepoPath(Arc<str>);

/// Why a text is not a path inside the repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It climbs above the root.
    #[error("`{0}` leaves the repository")]
    Escapes(String),
    /// It starts at the file system's root or with a drive letter.
    #[error("`{0}` is an absolute path")]
    Absolute(String),
    /// It holds a NUL byte.
    #[error("the path holds a NUL byte")]
    Nul,
}

impl RepoPath {
    /// The root of the repository.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a path relative to the root.
    ///
    /// # Errors
    /// When it is absolute, leaves the root or holds a NUL byte.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        Self::root().join(text)
    }

    /// Resolves `relative` against this folder.
    ///
    /// # Errors
    /// When it is absolute, leaves the root or holds a NUL byte.
    pub fn join(&self, relative: &str) -> Result<Self, PathError> {
        if relative.contains('\0') {
            return Err(PathError::Nul);
        }
        let drive = relative.as_bytes();
        let has_drive = drive.len() >= 3 && drive[0].is_ascii_alphabetic() && drive[1] == b':' && matches!(drive[2], b'/' | b'\\');
        if relative.starts_with('/') || has_drive {
            return Err(PathError::Absolute(relative.to_owned()));
        }
        let mut joined = self.0.to_string();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    if joined.is_empty() {
                        return Err(PathError::Escapes(relative.to_owned()));
                    }
                    joined.truncate(joined.rfind('/').unwrap_or(0));
                }
                name => {
                    if !joined.is_empty() {
                        joined.push('/');
                    }
                    joined.push_str(name);
                }
            }
        }
        Ok(Self(joined.into()))
    }

    /// The child of this folder with a plain `name`, as a directory listing gives it.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.into()) } else { Self(format!("{}/{name}", self.0).into()) }
    }

    /// The folder that holds this path; the root's parent is the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(self.0[..self.0.rfind('/').unwrap_or(0)].into())
    }

    /// The last part; empty for the root.
    pub fn name(&self) -> &str {
        &self.0[self.0.rfind('/').map_or(0, |at| at + 1)..]
    }

    /// The text after the last dot of the name, in lower case; empty where there is none.
    pub fn extension(&self) -> String {
        self.name().rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or_else(String::new, |(_, end)| end.to_ascii_lowercase())
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this path is `folder` or lies below it.
    pub fn is_within(&self, folder: &Self) -> bool {
        self.strip(folder).is_some()
    }

    /// This path as seen from `folder`; `None` when it does not lie there.
    pub fn strip<'a>(&'a self, folder: &Self) -> Option<&'a str> {
        if folder.is_root() {
            return Some(&self.0);
        }
        match self.0.strip_prefix(&*folder.0)? {
            "" => Some(""),
            rest => rest.strip_prefix('/'),
        }
    }

    /// The folders around this path, the nearest first, without the root.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self.parent()), |folder| Some(folder.parent())).take_while(|folder| !folder.is_root())
    }

    /// The parts from the root down; none for the root.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// The path as text, without a leading slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for RepoPath {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for RepoPath {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RepoPath".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "A path from the repository's root, with `/`" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_and_normalises() {
        let root = RepoPath::root();
        assert_eq!(root.join("./a//b/../c").map(|path| path.to_string()), Ok("a/c".into()));
        assert_eq!(root.join("a/..").map(|path| path.is_root()), Ok(true));
        assert_eq!(RepoPath::parse("a/b").map(|path| path.parent().to_string()), Ok("a".into()));
        assert_eq!(RepoPath::parse("a").map(|path| path.parent().is_root()), Ok(true));
    }

    #[test]
    fn refuses_what_lies_outside() {
        assert_eq!(RepoPath::parse("../x"), Err(PathError::Escapes("../x".into())));
        assert_eq!(RepoPath::parse("a/../../x"), Err(PathError::Escapes("a/../../x".into())));
        assert_eq!(RepoPath::parse("/etc"), Err(PathError::Absolute("/etc".into())));
        assert_eq!(RepoPath::parse("C:\\x"), Err(PathError::Absolute("C:\\x".into())));
        assert_eq!(RepoPath::parse("a\0b"), Err(PathError::Nul));
    }

    #[test]
    fn within_needs_a_whole_part() {
        let folder = RepoPath::parse("out").unwrap_or_default();
        assert!(folder.join("m.json").is_ok_and(|path| path.is_within(&folder)));
        assert!(!RepoPath::parse("output/m.json").is_ok_and(|path| path.is_within(&folder)));
    }

    #[test]
    fn extension_ignores_hidden_names() {
        assert_eq!(RepoPath::parse("a/.json").map(|path| path.extension()), Ok(String::new()));
        assert_eq!(RepoPath::parse("a/m.tar.JSON").map(|path| path.extension()), Ok("json".into()));
    }
}
