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
        let (comment, (check, status), (labels, reviews)) = tokio::join!(comment, checks, people);
        Posted { comment, check, status, labels, reviews }
    }

    async fn checks(&self, post: &Post<'_>) -> (Option<Result<CheckOutcome, GitHubError>>, Option<Result<(), GitHubError>>) {
        let check = match &post.check {
            Some(order) => Some(self.complete_check(None, order).await),
            None => None,
        };
        let no_check = matches!(&check, Some(Err(error)) if crate::needs_app(error));
        let status = match post.status.as_ref().or(post.instead_of_check.as_ref().filter(|_| no_check)) {
            Some(order) => Some(self.set_status(order).await),
            None => None,
        };
        (check, status)
    }
}
