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

impl StatusState {
    /// Whether a branch rule that requires the status is content with it.
    pub(crate) fn opens(self) -> bool {
        matches!(self, Self::Judged(Effect::Allow | Effect::Notice))
    }
}

impl Client {
    /// Whether the status of this name that is there comes from a newer run. Told by the addresses of the runs; one request, and
    /// none where the order names no run.
    pub(crate) async fn has_newer_status(&self, order: &StatusOrder) -> Result<bool, GitHubError> {
        let Some(own) = order.target_url.as_deref().and_then(run_of) else { return Ok(false) };
        let statuses: Vec<wire::Status> = self.json(&routes::list_statuses(&self.repo, &order.sha)).await?;
        let context = fit::line(&order.context);
        let newest = statuses.into_iter().find(|status| status.context.to_lowercase() == context.to_lowercase());
        let run = newest.and_then(|status| run_of(status.target_url.as_deref()?));
        Ok(run.is_some_and(|run| run > own))
    }

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

/// The number and the attempt of the run that an address names: `…/actions/runs/ID/attempts/N`; without an attempt the first.
fn run_of(url: &str) -> Option<(u64, u64)> {
    let (_, rest) = url.split_once("/actions/runs/")?;
    let mut parts = rest.split(['/', '?', '#']);
    let id = parts.next()?.parse().ok()?;
    let attempt = match (parts.next(), parts.next()) {
        (Some("attempts"), Some(attempt)) => attempt.parse().ok()?,
        _ => 1,
    };
    Some((id, attempt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_known_by_their_addresses() {
        let of = |rest: &str| run_of(&format!("https://github.com/acme/widgets/{rest}"));
        assert_eq!(of("actions/runs/12/attempts/3"), Some((12, 3)));
        assert_eq!(of("actions/runs/12/attempts/3?pr=7"), Some((12, 3)));
        assert_eq!((of("actions/runs/12"), of("actions/runs/12/job/5#step")), (Some((12, 1)), Some((12, 1))));
        for other in ["", "pull/7", "actions/runs/", "actions/runs/x", "actions/runs/12/attempts/x", "actions/runs/-1"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
