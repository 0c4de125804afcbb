//! Everything that one report posts, side by side: no part waits for another, and none hides another's failure.

use crate::check::{CheckOrder, CheckOutcome};
use crate::client::Client;
use crate::comment::{CommentOrder, CommentOutcome};
use crate::error::GitHubError;
use crate::labels::{LabelChange, LabelOrder, ReviewOrder, ReviewOutcome};
use crate::status::StatusOrder;

/// What is to be posted.
#[derive(Default)]
pub struct Post<'a> {
    /// The comment on the pull request.
    pub comment: Option<CommentOrder<'a>>,
    /// The check run.
    pub check: Option<CheckOrder>,
    /// The commit status.
    pub status: Option<StatusOrder>,
    /// The commit status to set when the token cannot write checks.
    pub instead_of_check: Option<StatusOrder>,
    /// Labels of the pull request.
    pub labels: Option<LabelOrder>,
    /// Who is asked for a review.
    pub reviews: Option<ReviewOrder>,
}

/// What came of it; `None` where nothing was to be posted.
#[derive(Debug, Default)]
pub struct Posted {
    /// The comment.
    pub comment: Option<Result<CommentOutcome, GitHubError>>,
    /// The check run.
    pub check: Option<Result<CheckOutcome, GitHubError>>,
    /// The commit status, also one instead of a check.
    pub status: Option<Result<(), GitHubError>>,
    /// That the commit status was left as it is, since a newer run or a report that blocks has the word. `status` is fine then.
    pub status_left: bool,
    /// The labels.
    pub labels: Option<Result<LabelChange, GitHubError>>,
    /// The reviews.
    pub reviews: Option<Result<ReviewOutcome, GitHubError>>,
}

impl Client {
    /// Posts all of it.
    pub async fn post(&self, post: &Post<'_>) -> Posted {
        let comment = async {
            match &post.comment {
                Some(order) => Some(self.comment(order).await),
                None => None,
            }
        };
        let checks = self.checks(post);
        // One after the other: both change the pull request, and neither is in a hurry.
        let people = async {
            let labels = match &post.labels {
                Some(order) => Some(self.set_labels(order).await),
                None => None,
            };
            let reviews = match &post.reviews {
                Some(order) => Some(self.request_reviews(order).await),
                None => None,
            };
            (labels, reviews)
        };
        let (comment, (check, set), (labels, reviews)) = tokio::join!(comment, checks, people);
        let status_left = matches!(set, Some(Ok(Set::Left)));
        let status = set.map(|set| set.map(|_| ()));
        Posted { comment, check, status, status_left, labels, reviews }
    }

    async fn checks(&self, post: &Post<'_>) -> (Option<Result<CheckOutcome, GitHubError>>, Option<Result<Set, GitHubError>>) {
        let check = match &post.check {
            Some(order) => Some(self.complete_check(None, order).await),
            None => None,
        };
        let no_check = matches!(&check, Some(Err(error)) if crate::needs_app(error));
        let status = match post.status.as_ref().or(post.instead_of_check.as_ref().filter(|_| no_check)) {
            Some(order) => Some(self.status_beside(check.as_ref().and_then(|check| check.as_ref().ok()), order).await),
            None => None,
        };
        (check, status)
    }

    /// Sets a status that says no in any case, and one that opens the gate only where the check does so too, or where without a
    /// check no newer run has set it.
    async fn status_beside(&self, check: Option<&CheckOutcome>, order: &StatusOrder) -> Result<Set, GitHubError> {
        let left = order.state.opens()
            && match check {
                Some(CheckOutcome::Posted(_)) => false,
                Some(CheckOutcome::Superseded { .. } | CheckOutcome::Overruled { .. }) => true,
                None => self.has_newer_status(order).await?,
            };
        if left {
            return Ok(Set::Left);
        }
        self.set_status(order).await.map(|()| Set::Done)
    }
}

/// What came of a status.
enum Set {
    Done,
    Left,
}
