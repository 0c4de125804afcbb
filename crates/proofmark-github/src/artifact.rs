//! The report that another run has uploaded. It may come from a stranger's pull request: everything about it is bounded and
//! checked before a byte of it is believed.

mod unpack;

use sha2::{Digest as _, Sha256};

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
    /// Other bytes came than were uploaded.
    #[error("the artifact `{name}` did not arrive as it was uploaded: GitHub names the digest {expected}, and its bytes have {found}")]
    Damaged {
        /// The artifact's name.
        name: String,
        /// What GitHub says, such as `sha256:..`; foreign text.
        expected: String,
        /// What was computed, in the same form.
        found: String,
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

impl ArtifactError {
    /// What to do about it; `None` where the message says all there is to say.
    pub fn advice(&self) -> Option<String> {
        const NAME: &str = "The workflow before this one must upload `report.json` alone under that name, also when the report blocks \
and also when a step fails (`if: always()`). A run that was cancelled before that step has none.";
        match self {
            Self::GitHub(error) => crate::advice(error),
            Self::Missing { .. } | Self::Refused { .. } => Some(NAME.to_owned()),
            Self::Expired { .. } => Some("Run the workflow that uploads it again; GitHub keeps artifacts for some days only.".to_owned()),
            Self::Damaged { .. } => Some(
                "Run this job again. If it stays so, something between here and GitHub changes downloads, and its report is not \
                 to be trusted."
                    .to_owned(),
            ),
            Self::TooLarge { .. } => Some("Upload `report.json` alone, without the data that it was made from.".to_owned()),
        }
    }
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
        verify(name, artifact.digest.map(|digest| self.clean(&digest)).as_deref(), &zip.body)?;
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

/// Compares the bytes with what GitHub knows of the upload. Older servers tell no digest, and one of another kind than SHA-256
/// cannot be computed here: neither says anything against the bytes, which came over TLS from where GitHub sent us.
fn verify(name: &str, digest: Option<&str>, zip: &[u8]) -> Result<(), ArtifactError> {
    let Some((expected, hex)) = digest.and_then(|digest| Some((digest, digest.strip_prefix("sha256:")?))) else { return Ok(()) };
    let found: String = Sha256::digest(zip).iter().map(|byte| format!("{byte:02x}")).collect();
    if hex.eq_ignore_ascii_case(&found) {
        return Ok(());
    }
    let expected = expected.chars().take(100).collect::<String>().escape_debug().to_string();
    Err(ArtifactError::Damaged { name: name.to_owned(), expected, found: format!("sha256:{found}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `abc`, from the standard that defines SHA-256.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn bytes_must_have_the_digest_that_github_names() {
        let good = |digest: Option<&str>| verify("r", digest, b"abc").is_ok();
        assert!(good(Some(&format!("sha256:{ABC}"))) && good(Some(&format!("sha256:{}", ABC.to_uppercase()))));
        assert!(good(None) && good(Some("sha512:00")) && good(Some("")));
        for wrong in [format!("sha256:{}", ABC.replace('b', "c")), "sha256:".to_owned(), format!("sha256:{}", &ABC[..62])] {
            let error = verify("r", Some(&wrong), b"abc").expect_err(&wrong);
            let ArtifactError::Damaged { expected, found, .. } = error else { panic!("{error}") };
            assert_eq!((expected, found), (wrong, format!("sha256:{ABC}")));
        }
        assert!(verify("r", Some("sha256:"), b"").expect_err("wrong").advice().is_some_and(|text| text.contains("again")));
        let long = verify("r", Some(&format!("sha256:\n{}", "x".repeat(100_000))), b"abc").expect_err("wrong").to_string();
        assert!(long.len() < 400 && !long.contains('\n'), "{long}");
    }

    fn artifact(id: u64, name: &str, created_at: &str, expired: bool) -> wire::Artifact {
        wire::Artifact { id, name: name.to_owned(), size_in_bytes: 1, expired, created_at: Some(created_at.to_owned()), digest: None }
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
