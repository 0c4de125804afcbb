//! Labels of a pull request, and whom it asks for a review. Only what differs is sent.

use std::collections::BTreeSet;

use crate::client::Client;
use crate::error::GitHubError;
use crate::{routes, wire};

/// Which labels should be there and which not. A label of both lists is added.
#[derive(Debug, Clone, Default)]
pub struct LabelOrder {
    /// The issue or pull request.
    pub issue: u64,
    /// Labels that should be there.
    pub add: Vec<String>,
    /// Labels that should not.
    pub remove: Vec<String>,
}

/// What was changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelChange {
    /// Labels that were not there.
    pub added: Vec<String>,
    /// Labels that are gone now.
    pub removed: Vec<String>,
}

/// Who should look at a pull request.
#[derive(Debug, Clone, Default)]
pub struct ReviewOrder {
    /// The pull request.
    pub pull: u64,
    /// Logins.
    pub users: Vec<String>,
    /// Teams of the organisation, by their short names.
    pub teams: Vec<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewOutcome {
    /// They are asked now.
    Asked {
        /// Logins.
        users: Vec<String>,
        /// Teams.
        teams: Vec<String>,
    },
    /// Everybody is asked already, has reviewed, or is the author.
    NothingToDo,
    /// GitHub does not want to, in its own words: somebody is no collaborator. Nobody was asked.
    Refused(String),
}

impl Client {
    /// Brings the labels in line: one request to look, one for all new labels, one for each that has to go.
    ///
    /// # Errors
    /// See [`GitHubError`].
    pub async fn set_labels(&self, order: &LabelOrder) -> Result<LabelChange, GitHubError> {
        if order.add.is_empty() && order.remove.is_empty() {
            return Ok(LabelChange::default());
        }
        let there: Vec<wire::Label> = self.pages(&routes::labels(&self.repo, order.issue)).await?;
        let change = difference(order, &there);
        if !change.added.is_empty() {
            self.send(&routes::add_labels(&self.repo, order.issue, &refs(&change.added))).await?;
        }
        for name in &change.removed {
            match self.send(&routes::remove_label(&self.repo, order.issue, name)).await {
                // Somebody else was faster.
                Err(error) if error.status() == Some(404) => {}
                other => drop(other?),
            }
        }
        Ok(change)
    }

    /// Asks for reviews: one request to look, one for the reviews that are there, one to ask.
    ///
    /// Nobody is asked twice: asking somebody again who has reviewed would take the review back and send a message
    /// with every push. The author cannot be asked.
    ///
    /// # Errors
    /// See [`GitHubError`]; a refusal of somebody who was named is no error.
    pub async fn request_reviews(&self, order: &ReviewOrder) -> Result<ReviewOutcome, GitHubError> {
        let (mut users, mut teams) = (distinct(&order.users), distinct(&order.teams));
        let nobody = users.is_empty() && teams.is_empty();
        if !nobody && !self.is_dry() {
            let pull: wire::Reviewers = self.json(&routes::pull(&self.repo, order.pull)).await?;
            teams.retain(|team| !names(pull.requested_teams.iter().map(|team| &team.slug)).contains(&folded(team)));
            users = unasked(users, &pull, &[]);
            if !users.is_empty() {
                // Who may not see the reviews can ask all the same.
                let reviews: Vec<wire::Review> = match self.pages(&routes::reviews(&self.repo, order.pull)).await {
                    Err(error) if matches!(error.status(), Some(403 | 404)) => Vec::new(),
                    other => other?,
                };
                users = unasked(users, &pull, &reviews);
            }
        }
        if users.is_empty() && teams.is_empty() {
            return Ok(ReviewOutcome::NothingToDo);
        }
        let request = routes::request_reviewers(&self.repo, order.pull, &refs(&users), &refs(&teams));
        match self.send(&request).await {
            Ok(_) => Ok(ReviewOutcome::Asked { users, teams }),
            Err(GitHubError::Refused { status: 422, message, .. }) => Ok(ReviewOutcome::Refused(message)),
            Err(error) => Err(error),
        }
    }
}

fn difference(order: &LabelOrder, there: &[wire::Label]) -> LabelChange {
    let have: BTreeSet<String> = there.iter().map(|label| folded(&label.name)).collect();
    let wanted: BTreeSet<String> = order.add.iter().map(|name| folded(name)).collect();
    let unwanted: BTreeSet<String> = order.remove.iter().map(|name| folded(name)).collect();
    let added = distinct(&order.add).into_iter().filter(|name| !have.contains(&folded(name))).collect();
    // By the names that GitHub has, so that its address is the right one.
    let goes = |name: &String| unwanted.contains(&folded(name)) && !wanted.contains(&folded(name));
    let removed = there.iter().map(|label| label.name.clone()).filter(goes).collect();
    LabelChange { added, removed }
}

/// Who neither wrote it, nor is asked, nor has reviewed.
fn unasked(users: Vec<String>, pull: &wire::Reviewers, reviews: &[wire::Review]) -> Vec<String> {
    let reviewers = reviews.iter().filter_map(|review| review.user.as_ref());
    let done = names(pull.user.iter().chain(&pull.requested_reviewers).chain(reviewers).map(|user| &user.login));
    users.into_iter().filter(|user| !done.contains(&folded(user))).collect()
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    names.map(|name| folded(name)).collect()
}

/// The names in order, without white space round them, each once.
fn distinct(names: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let trimmed = names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    trimmed.filter(|name| seen.insert(folded(name))).collect()
}

/// GitHub compares names without case.
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(there: &[&str], add: &[&str], remove: &[&str]) -> (Vec<String>, Vec<String>) {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let order = LabelOrder { issue: 1, add: owned(add), remove: owned(remove) };
        let there: Vec<_> = there.iter().map(|name| wire::Label { name: (*name).to_owned() }).collect();
        let change = difference(&order, &there);
        (change.added, change.removed)
    }

    #[test]
    fn who_has_reviewed_is_left_alone() {
        let user = |login: &str| wire::User { login: login.to_owned() };
        let pull = wire::Reviewers { user: Some(user("ada")), requested_reviewers: vec![user("bob")], requested_teams: vec![] };
        let reviews = [wire::Review { user: None }, wire::Review { user: Some(user("Eve")) }];
        let users = || ["Ada", "Bob", "eve", "zoe"].map(str::to_owned).into();
        assert_eq!(unasked(users(), &pull, &reviews), ["zoe"]);
        assert_eq!(unasked(users(), &pull, &[]), ["eve", "zoe"]);
    }

    #[test]
    fn only_what_differs_is_changed() {
        assert_eq!(change(&["Model: Worse"], &["model: worse"], &["model: better"]), (vec![], vec![]));
        assert_eq!(change(&["Area/Ä 🚀"], &["b", "B ", ""], &["area/ä 🚀"]), (vec!["b".into()], vec!["Area/Ä 🚀".into()]));
        assert_eq!(change(&["both"], &["both"], &["BOTH"]), (vec![], vec![]));
    }
}
