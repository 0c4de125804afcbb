//! The single changes to comments: a new text, hiding, deleting.

use proofmark_core::config::CommentMode;

use super::super::marker::{find, retired};
use super::{Session, text, unless_gone};
use crate::error::GitHubError;
use crate::routes;
use crate::wire::Comment;

impl Session<'_> {
    /// Replaces a text; `false` when the comment is gone.
    pub(super) async fn patch(&self, id: u64, body: &str) -> Result<bool, GitHubError> {
        let request = routes::update_comment(&self.client.repo, id, body);
        Ok(unless_gone(self.client.send(&request).await)?.is_some())
    }

    /// Deletes a comment; one that is gone is fine.
    pub(super) async fn delete(&self, id: u64) -> Result<(), GitHubError> {
        unless_gone(self.client.send(&routes::delete_comment(&self.client.repo, id)).await).map(|_| ())
    }

    pub(super) async fn delete_all(&self, comments: &[Comment]) -> Result<(), GitHubError> {
        for comment in comments {
            self.delete(comment.id).await?;
        }
        Ok(())
    }

    /// Deletes or hides what has a successor.
    pub(super) async fn put_aside(&mut self, old: &Comment) -> Result<(), GitHubError> {
        if self.order.mode != CommentMode::HideAndRecreate {
            return self.delete(old.id).await;
        }
        // Without our marker it is not found again, even where hiding fails or the server does not tell what is hidden.
        let (before, rest) = text(old).split_at(find(text(old), &self.marker).unwrap_or_default());
        let retired = format!("{before}{}", rest.replacen(&self.marker, &retired(&self.order.key), 1));
        self.patch(old.id, &retired).await?;
        if let Err(error) = self.hide(&old.node_id).await {
            self.notes.insert(format!("The earlier comment could not be hidden: {error}."));
        }
        Ok(())
    }

    async fn hide(&self, node_id: &str) -> Result<(), GitHubError> {
        let request = routes::minimize(node_id);
        let answer: serde_json::Value = self.client.json(&request).await?;
        match answer.get("errors") {
            None => Ok(()),
            Some(errors) => {
                let message = errors.pointer("/0/message").and_then(serde_json::Value::as_str).unwrap_or("no reason is told");
                let message: String = message.chars().filter(|letter| !letter.is_control()).take(200).collect();
                Err(GitHubError::Refused { what: request.shown(), status: 200, message, needs: Vec::new() })
            }
        }
    }
}
