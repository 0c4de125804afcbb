//! The commit status: for tokens that may not write check runs, and for whoever wants one line only.

use proofmark_core::config::Effect;
use serde_json::json;

use crate::client::Client;
use crate::error::GitHubError;
use crate::{fit, routes, wire};

/// GitHub refuses longer descriptions.
const MOST_CHARACTERS: usize = 140;

/// What the status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusState {
    /// Somebody is at work on it.
    Pending,
    /// There is a result. GitHub's statuses have no place between success and failure: a notice is a success.
    Judged(Effect),
    /// There will be no result.
    Broken,
}

/// A status to be set.
#[derive(Debug, Clone)]
pub struct StatusOrder {
    /// The commit.
    pub sha: String,
    /// Its name, compared without case; what a branch rule requires.
    pub context: String,
    /// What it says.
    pub state: StatusState,
    /// One line; cut at 140 characters.
    pub description: String,
    /// Where the whole is; left out when it is no web address.
    pub target_url: Option<String>,
}

impl Client {
    /// Sets a status. One request.
    ///
    /// # Errors
    /// See [`GitHubError`].
    pub async fn set_status(&self, order: &StatusOrder) -> Result<(), GitHubError> {
        let state = match order.state {
            StatusState::Pending => "pending",
            StatusState::Judged(Effect::Allow | Effect::Notice) => "success",
            StatusState::Judged(Effect::Block) => "failure",
            StatusState::Broken => "error",
        };
        let description = fit::line(&order.description);
        let mut status = json!({
            "state": state,
            "context": fit::line(&order.context),
            "description": fit::characters(&description, MOST_CHARACTERS),
        });
        if let Some(url) = order.target_url.as_deref().and_then(wire::web_address) {
            status["target_url"] = json!(url);
        }
        self.send(&routes::create_status(&self.repo, &order.sha, status)).await.map(|_| ())
    }
}
