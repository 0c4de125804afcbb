//! A single comment of anybody's: reading it again before it is acted on, and a sign that it was seen.

use crate::client::Client;
use crate::error::GitHubError;
use crate::routes;
use crate::wire::triggers::{self, seconds};

/// What GitHub takes for a reaction.
const REACTIONS: [&str; 8] = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];

/// A comment as it is now, which may be another than the event told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommentNow {
    /// Its number.
    pub id: u64,
    /// The issue or pull request that it stands on; `None` where that is not told.
    pub issue: Option<u64>,
    /// Where people see it.
    pub url: String,
    /// Its text; foreign.
    pub body: String,
    /// Who wrote it; `None` when the account is gone. Others may have changed the text since.
    pub author: Option<String>,
    /// `User`, `Bot`, `Organization`; empty when the account is gone.
    pub author_type: String,
    /// When it was written, in seconds since 1970; 0 where that is not told.
    pub created: u64,
    /// When it last changed.
    pub updated: u64,
}

impl Client {
    /// A comment on an issue or a pull request. One request.
    ///
    /// # Errors
    /// See [`GitHubError`]; [`GitHubError::is_missing`] when it was deleted.
    pub async fn comment_now(&self, id: u64) -> Result<CommentNow, GitHubError> {
        let comment: triggers::CommentNow = self.json(&routes::comment(&self.repo, id)).await?;
        let (author, author_type) = comment.user.map(|user| (user.login, user.kind)).unwrap_or_default();
        Ok(CommentNow {
            id: comment.id,
            issue: comment.issue_url.rsplit('/').next().and_then(|number| number.parse().ok()),
            url: crate::wire::web_address(&comment.html_url).unwrap_or_default().to_owned(),
            body: comment.body.unwrap_or_default(),
            author: Some(author).filter(|login| !login.is_empty()),
            author_type,
            created: seconds(comment.created_at.as_deref()),
            updated: seconds(comment.updated_at.as_deref()),
        })
    }

    /// Reacts to a comment, such as with `eyes`: it was seen. A second time changes nothing. Not for the comment that reports are
    /// in, where a reaction is a lock. One request.
    ///
    /// # Errors
    /// See [`GitHubError`]; [`GitHubError::Input`] for what is no reaction.
    pub async fn react_to_comment(&self, comment: u64, content: &str) -> Result<(), GitHubError> {
        if !REACTIONS.contains(&content) {
            return Err(GitHubError::Input(format!("`{}` is no reaction; there are {}", content.escape_debug(), REACTIONS.join(", "))));
        }
        self.send(&routes::react(&self.repo, comment, content).idempotent()).await.map(drop)
    }
}
