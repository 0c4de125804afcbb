//! Commits without a clone: where two branches parted, and what a commit is.

use crate::client::Client;
use crate::error::GitHubError;
use crate::{routes, wire};

/// A commit, without its files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommitInfo {
    /// Its id.
    pub sha: String,
    /// The first line of its message.
    pub subject: String,
    /// The ids of its parents, the first parent first.
    pub parents: Vec<String>,
    /// The id of its root folder.
    pub tree: String,
}

impl Client {
    /// The commit from which both have gone on. One request.
    ///
    /// # Errors
    /// See [`GitHubError`]; a 404 when one of them is unknown or they have nothing in common.
    pub async fn merge_base(&self, base: &str, head: &str) -> Result<String, GitHubError> {
        let request = routes::compare(&self.repo, base, head);
        let compared: wire::Compared = self.json(&request).await?;
        id(compared.merge_base_commit.sha, &request.shown())
    }

    /// A commit. One request.
    ///
    /// # Errors
    /// See [`GitHubError`].
    pub async fn commit(&self, sha: &str) -> Result<CommitInfo, GitHubError> {
        let request = routes::commit(&self.repo, sha);
        let what = request.shown();
        let commit: wire::Commit = self.json(&request).await?;
        Ok(CommitInfo {
            sha: id(commit.sha, &what)?,
            subject: commit.message.lines().next().unwrap_or_default().trim().to_owned(),
            parents: commit.parents.into_iter().map(|parent| id(parent.sha, &what)).collect::<Result<_, _>>()?,
            tree: id(commit.tree.sha, &what)?,
        })
    }
}

/// Ids of a server become parts of addresses and arguments of git.
fn id(text: String, what: &str) -> Result<String, GitHubError> {
    if wire::is_object_id(&text) {
        Ok(text)
    } else {
        let detail = format!("`{}` is no object id", text.chars().take(80).collect::<String>().escape_debug());
        Err(GitHubError::Shape { what: what.to_owned(), detail })
    }
}
