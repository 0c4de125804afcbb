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
        self.id(compared.merge_base_commit.sha, &request.shown())
    }

    /// The newest commit of a branch; tags and other branches are never taken for it. One request.
    ///
    /// # Errors
    /// See [`GitHubError`]; [`GitHubError::is_missing`] when there is no such branch.
    pub async fn branch_tip(&self, branch: &str) -> Result<String, GitHubError> {
        let request = routes::branch(&self.repo, branch);
        let reference: wire::Reference = self.json(&request).await?;
        if reference.name.strip_prefix("refs/heads/") != Some(branch) {
            let detail = format!("`{}` is another branch", self.quoted(&reference.name));
            return Err(GitHubError::Shape { what: request.shown(), detail });
        }
        self.id(reference.object.sha, &request.shown())
    }

    /// The branch that the repository calls its default. One request.
    ///
    /// # Errors
    /// See [`GitHubError`].
    pub async fn default_branch(&self) -> Result<String, GitHubError> {
        let repository: wire::Repository = self.json(&routes::repository(&self.repo)).await?;
        Ok(repository.default_branch)
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
            sha: self.id(commit.sha, &what)?,
            subject: commit.message.lines().next().unwrap_or_default().trim().to_owned(),
            parents: commit.parents.into_iter().map(|parent| self.id(parent.sha, &what)).collect::<Result<_, _>>()?,
            tree: self.id(commit.tree.sha, &what)?,
        })
    }

    /// Ids of a server become parts of addresses and arguments of git.
    fn id(&self, text: String, what: &str) -> Result<String, GitHubError> {
        if wire::is_object_id(&text) {
            return Ok(text);
        }
        Err(GitHubError::Shape { what: what.to_owned(), detail: format!("`{}` is no object id", self.quoted(&text)) })
    }

    fn quoted(&self, text: &str) -> String {
        self.clean(text).chars().take(80).collect::<String>().escape_debug().to_string()
    }
}
