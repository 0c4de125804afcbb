//! The report that another run has uploaded. It may come from a stranger's pull request: everything about it is bounded and
//! checked before a byte of it is believed.

mod unpack;

use crate::client::Client;
use crate::error::GitHubError;
use crate::request::Accept;
use crate::{routes, wire};

pub use unpack::ZipRefusal;

/// Bytes of the zip file.
const MOST_ZIPPED: usize = 40 << 20;
/// Bytes of the file in it.
const MOST_UNZIPPED: usize = 32 << 20;
/// The file in it.
const FILE: &str = "report.json";

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// GitHub refuses or cannot be reached.
    #[error(transparent)]
    GitHub(#[from] GitHubError),
    /// The run has none of that name.
    #[error("the run {run} has no artifact `{name}`")]
    Missing {
        /// The run.
        run: u64,
        /// The artifact's name.
        name: String,
    },
    /// It is too old.
    #[error("the artifact `{name}` of the run {run} has expired")]
    Expired {
        /// The run.
        run: u64,
        /// The artifact's name.
        name: String,
    },
    /// More bytes than are read.
    #[error("the artifact `{name}` is {size} bytes large, more than the {limit} that are read")]
    TooLarge {
        /// The artifact's name.
        name: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// It is no zip file that is opened.
    #[error("the artifact `{name}` is refused: {reason}")]
    Refused {
        /// The artifact's name.
        name: String,
        /// Why.
        reason: ZipRefusal,
    },
}

impl Client {
    /// The `report.json` of the newest artifact of that name that the run has. Two requests, of which the second is led on to
    /// the store, where the token does not go.
    ///
    /// # Errors
    /// See [`ArtifactError`].
    pub async fn fetch_report(&self, run: u64, name: &str) -> Result<Vec<u8>, ArtifactError> {
        let list: wire::Artifacts = self.json(&routes::artifacts(&self.repo, run, name)).await?;
        let artifact = newest(run, name, list.artifacts)?;
        if artifact.size_in_bytes > MOST_ZIPPED as u64 {
            return Err(ArtifactError::TooLarge { name: name.to_owned(), size: artifact.size_in_bytes, limit: MOST_ZIPPED as u64 });
        }
        let request = routes::artifact_zip(&self.repo, artifact.id).accept(Accept::Any).at_most(MOST_ZIPPED);
        let zip = self.send(&request).await.map_err(|error| match error.status() {
            Some(410) => ArtifactError::Expired { run, name: name.to_owned() },
            _ => error.into(),
        })?;
        unpack::file(&zip.body, FILE, MOST_UNZIPPED).map_err(|reason| ArtifactError::Refused { name: name.to_owned(), reason })
    }
}

/// The newest that can still be had: a run that was repeated has one for each attempt.
fn newest(run: u64, name: &str, artifacts: Vec<wire::Artifact>) -> Result<wire::Artifact, ArtifactError> {
    let (expired, good): (Vec<_>, Vec<_>) =
        artifacts.into_iter().filter(|artifact| artifact.name == name).partition(|artifact| artifact.expired);
    // Times in one form sort as texts do.
    let newest = good.into_iter().max_by(|a, b| (&a.created_at, a.id).cmp(&(&b.created_at, b.id)));
    newest.ok_or_else(|| {
        let name = name.to_owned();
        if expired.is_empty() { ArtifactError::Missing { run, name } } else { ArtifactError::Expired { run, name } }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(id: u64, name: &str, created_at: &str, expired: bool) -> wire::Artifact {
        wire::Artifact { id, name: name.to_owned(), size_in_bytes: 1, expired, created_at: Some(created_at.to_owned()) }
    }

    #[test]
    fn the_newest_that_can_be_had_is_taken() {
        let list = || {
            vec![
                artifact(4, "r", "2026-01-02T00:00:00Z", false),
                artifact(3, "r", "2026-01-03T00:00:00Z", false),
                artifact(9, "r", "2026-01-09T00:00:00Z", true),
                artifact(8, "r2", "2026-01-08T00:00:00Z", false),
            ]
        };
        assert_eq!(newest(1, "r", list()).expect("one").id, 3);
        assert!(matches!(newest(1, "R", list()), Err(ArtifactError::Missing { run: 1, .. })));
        let expired = vec![artifact(9, "r", "", true)];
        assert!(matches!(newest(1, "r", expired), Err(ArtifactError::Expired { run: 1, .. })));
    }
}
