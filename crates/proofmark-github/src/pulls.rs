//! Which pull request a run belongs to. What a run claims is believed only when GitHub says the same.

use crate::client::Client;
use crate::error::GitHubError;
use crate::{routes, wire};

/// Claims that are looked at; a run belongs to one pull request, seldom two.
const MOST_CLAIMS: usize = 10;

/// A pull request as GitHub knows it now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// The newest commit of its branch.
    pub head_sha: String,
    /// The name of its branch.
    pub head_branch: String,
    /// The repository of its branch, as `owner/name`; `None` when it is gone.
    pub head_repo: Option<String>,
    /// The branch it goes into.
    pub base_ref: String,
    /// The commit of that branch when the pull request was last looked at by GitHub.
    pub base_sha: String,
    /// Who opened it; `None` when the account is gone.
    pub author: Option<String>,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether it is neither merged nor closed.
    pub open: bool,
    /// Whether it was merged.
    pub merged: bool,
    /// The names of its labels; foreign text.
    pub labels: Vec<String>,
    /// When somebody last pushed to the repository of its branch, in seconds since 1970: `None` when that is gone. A change that
    /// somebody has looked at before is another one after a later push.
    pub head_pushed_at: Option<u64>,
    /// Whether its branch lies in another repository, or in one that is gone.
    pub fork: bool,
}

/// The search's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The one.
    One(Box<Pull>),
    /// None has this commit as its newest: a push came between, or there is no pull request.
    None,
    /// Several have; nobody can tell which is meant.
    Several(Vec<u64>),
}

impl Client {
    /// A pull request. One request.
    ///
    /// # Errors
    /// See [`GitHubError`].
    pub async fn pull_request(&self, number: u64) -> Result<Pull, GitHubError> {
        let pull: wire::Pull = self.json(&routes::pull(&self.repo, number)).await?;
        Ok(read(pull))
    }

    /// The pull request whose newest commit is `head_sha`.
    ///
    /// `numbers` are claims (of an event, or of a report that a stranger made), and `head` is the run's branch as
    /// `owner:branch`, which finds pull requests from forks: GitHub's list of a commit's pull requests leaves them out.
    /// One request for each claim; without a claim that holds one for the branch, or else one for the commit.
    ///
    /// # Errors
    /// See [`GitHubError`]; a claimed number that does not exist is no error.
    pub async fn find_pull(&self, head_sha: &str, head: Option<&str>, numbers: &[u64]) -> Result<Found, GitHubError> {
        let mut claims = numbers.to_vec();
        claims.sort_unstable();
        claims.dedup();
        let mut found = Vec::new();
        for number in claims.into_iter().take(MOST_CLAIMS) {
            match self.pull_request(number).await {
                Ok(pull) => found.push(pull),
                Err(error) if error.status() == Some(404) => {}
                Err(error) => return Err(error),
            }
        }
        found.retain(|pull| belongs(pull, head_sha, head));
        if found.is_empty() {
            let list = match head {
                Some(head) => routes::pulls_of_head(&self.repo, head),
                None => routes::pulls_of_commit(&self.repo, head_sha),
            };
            let rows: Vec<wire::Pull> = self.pages(&list).await?;
            found = rows.into_iter().map(read).filter(|pull| pull.open && belongs(pull, head_sha, head)).collect();
        }
        Ok(decide(found))
    }
}

fn decide(mut found: Vec<Pull>) -> Found {
    // A closed one is not what anybody looks at while another is open.
    if found.iter().any(|pull| pull.open) {
        found.retain(|pull| pull.open);
    }
    match found.len() {
        0 => Found::None,
        1 => found.pop().map_or(Found::None, |pull| Found::One(Box::new(pull))),
        _ => Found::Several(found.iter().map(|pull| pull.number).collect()),
    }
}

/// The same commit can be the head of a stranger's pull request too: the branch must be the run's, where both are known.
fn belongs(pull: &Pull, head_sha: &str, head: Option<&str>) -> bool {
    let same_branch = match (&pull.head_repo, head.and_then(|head| head.split_once(':'))) {
        (Some(repo), Some((owner, branch))) => {
            repo.split('/').next().is_some_and(|own| own.eq_ignore_ascii_case(owner)) && pull.head_branch == branch
        }
        _ => true,
    };
    wire::is_object_id(head_sha) && pull.head_sha == head_sha && same_branch
}

fn read(pull: wire::Pull) -> Pull {
    let head_pushed_at = pull.head.repo.as_ref().and_then(|repo| proofmark_http::epoch_seconds(repo.pushed_at.as_deref()?));
    let head_repo = pull.head.repo.map(|repo| repo.full_name);
    let base_repo = pull.base.repo.map(|repo| repo.full_name);
    let fork = match (&head_repo, &base_repo) {
        (Some(head), Some(base)) => !head.eq_ignore_ascii_case(base),
        _ => true,
    };
    Pull {
        number: pull.number,
        head_sha: pull.head.sha,
        head_branch: pull.head.branch,
        head_repo,
        base_ref: pull.base.branch,
        base_sha: pull.base.sha,
        author: pull.user.map(|user| user.login).filter(|login| !login.is_empty()),
        draft: pull.draft,
        open: pull.state == "open",
        merged: pull.merged || pull.merged_at.is_some(),
        labels: pull.labels.into_iter().map(|label| label.name).collect(),
        head_pushed_at,
        fork,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "0123456789012345678901234567890123456789";

    fn pull(number: u64, repo: serde_json::Value, state: &str) -> Pull {
        let side = |repo: serde_json::Value| serde_json::json!({"ref": "topic", "sha": SHA, "repo": repo});
        let base = serde_json::json!({"full_name": "acme/widgets"});
        let value = serde_json::json!({"number": number, "state": state, "user": null, "head": side(repo), "base": side(base)});
        read(serde_json::from_value(value).expect("a pull request"))
    }

    #[test]
    fn a_fork_is_another_repository_or_none() {
        assert!(!pull(1, serde_json::json!({"full_name": "Acme/Widgets"}), "open").fork);
        assert!(pull(1, serde_json::json!({"full_name": "eve/widgets"}), "open").fork);
        assert!(pull(1, serde_json::Value::Null, "open").fork);
    }

    #[test]
    fn a_merge_and_the_last_push_are_told_in_lists_too() {
        let side = serde_json::json!({"ref": "topic", "sha": SHA, "repo": {"full_name": "a/b", "pushed_at": "1994-11-06T08:49:37Z"}});
        let mut value = serde_json::json!({"number": 1, "state": "closed", "head": side, "base": side, "labels": [{"name": "model"}]});
        value["merged_at"] = serde_json::json!("2026-01-01T00:00:00Z");
        let read = |value: &serde_json::Value| read(serde_json::from_value(value.clone()).expect("a pull request"));
        let (pull, gone) = (read(&value), pull(1, serde_json::Value::Null, "open"));
        assert_eq!((pull.merged, pull.labels.as_slice(), pull.head_pushed_at), (true, &["model".to_owned()][..], Some(784_111_777)));
        assert_eq!((gone.merged, gone.labels.len(), gone.head_pushed_at), (false, 0, None));
    }

    #[test]
    fn commit_and_branch_must_be_the_runs() {
        let of_eve = pull(1, serde_json::json!({"full_name": "eve/widgets"}), "open");
        assert!(belongs(&of_eve, SHA, None));
        assert!(belongs(&of_eve, SHA, Some("Eve:topic")));
        assert!(!belongs(&of_eve, SHA, Some("mallory:topic")));
        assert!(!belongs(&of_eve, SHA, Some("eve:main")));
        assert!(!belongs(&of_eve, &SHA.replace('0', "1"), None));
        assert!(!belongs(&of_eve, "", None));
        assert!(belongs(&pull(1, serde_json::Value::Null, "open"), SHA, Some("eve:topic")));
    }

    #[test]
    fn open_ones_come_before_closed_ones_and_none_is_guessed() {
        let some = |number, state| pull(number, serde_json::Value::Null, state);
        assert_eq!(decide(vec![]), Found::None);
        assert_eq!(decide(vec![some(1, "closed"), some(2, "open")]), Found::One(Box::new(some(2, "open"))));
        assert_eq!(decide(vec![some(1, "closed")]), Found::One(Box::new(some(1, "closed"))));
        assert_eq!(decide(vec![some(1, "open"), some(2, "open")]), Found::Several(vec![1, 2]));
    }
}
