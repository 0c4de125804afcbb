//! Paths as DVC's files write them, made safe.

use proofmark_core::path::{PathError, RepoPath};

/// Bytes of the longest path that is followed.
const MAX_PATH: usize = 4096;

/// Why a path is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathRefusal {
    /// Not in the repository at all, and meant so.
    #[error("`{0}` is a URL")]
    Url(String),
    /// Somewhere on the machine.
    #[error("`{0}` is an absolute path")]
    Absolute(String),
    /// It climbs out of the project.
    #[error("`{0}` leaves the project")]
    Outside(String),
    /// Longer than any system's paths.
    #[error("a path is longer than {MAX_PATH} bytes")]
    Long,
    /// No path.
    #[error("a path holds a NUL byte")]
    Nul,
}

impl PathRefusal {
    /// Whether DVC itself allows it for an output: then skipping it is worth a warning only.
    pub(crate) fn is_external(&self) -> bool {
        matches!(self, Self::Url(_) | Self::Absolute(_))
    }
}

/// Resolves a path relative to `folder`, without leaving `root`.
pub(crate) fn resolve(folder: &RepoPath, text: &str, root: &RepoPath) -> Result<RepoPath, PathRefusal> {
    if text.len() > MAX_PATH {
        return Err(PathRefusal::Long);
    }
    if is_url(text) {
        return Err(PathRefusal::Url(text.to_owned()));
    }
    let path = folder.join(text).map_err(|error| match error {
        PathError::Absolute(_) => PathRefusal::Absolute(text.to_owned()),
        PathError::Escapes(_) => PathRefusal::Outside(text.to_owned()),
        PathError::Nul => PathRefusal::Nul,
    })?;
    if path.is_within(root) { Ok(path) } else { Err(PathRefusal::Outside(text.to_owned())) }
}

/// Whether a text starts with a scheme: `s3://`, `remote://`.
pub(crate) fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| !scheme.is_empty() && scheme.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn climbs_within_the_project_only() {
        let path = |text: &str| RepoPath::parse(text).unwrap_or_default();
        let (folder, root) = (path("proj/sub"), path("proj"));
        assert_eq!(resolve(&folder, "../m.json", &root), Ok(path("proj/m.json")));
        assert_eq!(resolve(&folder, "../../other/m.json", &root), Err(PathRefusal::Outside("../../other/m.json".into())));
        assert_eq!(resolve(&folder, "../../../../etc/passwd", &root), Err(PathRefusal::Outside("../../../../etc/passwd".into())));
        assert_eq!(resolve(&folder, "/etc/passwd", &root), Err(PathRefusal::Absolute("/etc/passwd".into())));
        assert_eq!(resolve(&folder, "s3://bucket/m.json", &root), Err(PathRefusal::Url("s3://bucket/m.json".into())));
        assert_eq!(resolve(&folder, "a\0", &root), Err(PathRefusal::Nul));
        assert_eq!(resolve(&folder, &"a".repeat(5_000), &root), Err(PathRefusal::Long));
        assert_eq!(resolve(&folder, "../../project2/x", &root), Err(PathRefusal::Outside("../../project2/x".into())));
    }
}
