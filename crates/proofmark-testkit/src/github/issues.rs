//! Issues and pull requests as they stand in the world, and what they have in common: the issue's side and its labels.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::{Call, Need};
use super::comments::number;
use super::paging;
use super::site::WEB;
use super::world::Repository;

const READ: Need = Need::read(&["issues", "pull_requests"]);
const WRITE: Need = Need::write(&["issues", "pull_requests"]);

/// An issue, or a pull request when `pull` is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Issue {
    /// As in `#7`.
    pub number: u64,
    /// Hostile text, as a rule.
    pub title: String,
    /// Markdown, or nothing.
    pub body: Option<String>,
    /// Who opened it.
    pub author: String,
    /// `open` or `closed`.
    pub state: String,
    /// Nobody may comment.
    pub locked: bool,
    /// Names, in the order they were given.
    pub labels: Vec<String>,
    /// When it was opened.
    pub created_at: String,
    /// The list of its comments shows new ones only after so many milliseconds, as a replica of a database does.
    pub comments_late: u64,
    /// What makes it a pull request.
    pub pull: Option<Pull>,
}

/// The part of a pull request that an issue does not have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pull {
    /// What is to be merged.
    pub head: Side,
    /// What it is merged into.
    pub base: Side,
    /// Not ready yet.
    pub draft: bool,
    /// Merged, hence closed.
    pub merged: bool,
    /// The commit that merging made, or would make.
    pub merge_commit_sha: Option<String>,
    /// Logins that were asked for a review.
    pub reviewers: Vec<String>,
    /// Teams that were asked for a review.
    pub team_reviewers: Vec<String>,
    /// What was said so far, oldest first.
    pub reviews: Vec<Review>,
}

/// Somebody's verdict on a pull request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Review {
    /// Who wrote it; empty when the account is gone.
    pub user: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED` or `DISMISSED`.
    pub state: String,
    /// Markdown, often none.
    pub body: String,
}

impl Default for Review {
    fn default() -> Self {
        Self { user: "octocat".to_owned(), state: "COMMENTED".to_owned(), body: String::new() }
    }
}

/// A branch of a repository at a commit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Side {
    /// The branch.
    #[serde(rename = "ref")]
    pub branch: String,
    /// The commit.
    pub sha: String,
    /// `owner/name`; empty for the repository of the pull request.
    pub repo: String,
    /// The fork was deleted: GitHub then gives null as repository.
    pub gone: bool,
}

impl Default for Issue {
    fn default() -> Self {
        Self {
            number: 0,
            title: "A change".to_owned(),
            body: None,
            author: "octocat".to_owned(),
            state: "open".to_owned(),
            locked: false,
            labels: Vec::new(),
            created_at: String::new(),
            comments_late: 0,
            pull: None,
        }
    }
}

impl Issue {
    /// An open issue.
    pub fn new(number: u64, author: &str) -> Self {
        Self { number, author: author.to_owned(), ..Self::default() }
    }

    /// An open pull request between two branches of its repository.
    pub fn pull(number: u64, author: &str, head: (&str, &str), base: (&str, &str)) -> Self {
        let side = |(branch, sha): (&str, &str)| Side { branch: branch.to_owned(), sha: sha.to_owned(), ..Side::default() };
        Self { pull: Some(Pull { head: side(head), base: side(base), ..Pull::default() }), ..Self::new(number, author) }
    }

    /// The pull request, coming from a fork.
    #[must_use]
    pub fn of_fork(mut self, repository: &str) -> Self {
        if let Some(pull) = &mut self.pull {
            repository.clone_into(&mut pull.head.repo);
        }
        self
    }

    /// The pull request, reviewed: who has done so is no longer asked.
    #[must_use]
    pub fn reviewed(mut self, user: &str, state: &str) -> Self {
        if let Some(pull) = &mut self.pull {
            pull.reviewers.retain(|login| login != user);
            pull.reviews.push(Review { user: user.to_owned(), state: state.to_owned(), ..Review::default() });
        }
        self
    }

    /// With another title.
    #[must_use]
    pub fn titled(self, title: &str) -> Self {
        Self { title: title.to_owned(), ..self }
    }

    /// With a list of comments that lags behind.
    #[must_use]
    pub fn comments_late(self, milliseconds: u64) -> Self {
        Self { comments_late: milliseconds, ..self }
    }

    pub(crate) fn settle(&mut self, number: u64, now: &str) {
        self.number = number;
        if self.created_at.is_empty() {
            now.clone_into(&mut self.created_at);
        }
    }
}

impl Repository {
    /// How a login relates to this repository, in GitHub's words.
    pub(crate) fn association(&self, name: &str, login: &str) -> &'static str {
        match self.collaborators.get(login).map(String::as_str) {
            _ if name.split('/').next() == Some(login) => "OWNER",
            Some("admin" | "maintain") => "MEMBER",
            Some(_) => "COLLABORATOR",
            None => "NONE",
        }
    }
}

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", ["issues", issue]) => get(call, number(issue)?),
        ("GET", ["issues", issue, "labels"]) => list(call, number(issue)?),
        ("POST" | "PUT", ["issues", issue, "labels"]) => set(call, number(issue)?),
        ("DELETE", ["issues", issue, "labels", name]) => remove(call, number(issue)?, name),
        _ => return None,
    })
}

fn get(call: &mut Call<'_>, number: u64) -> Outcome {
    call.needs(READ)?;
    Ok(Answer::ok(shape(call, find(call, number)?)))
}

fn list(call: &mut Call<'_>, number: u64) -> Outcome {
    call.needs(READ)?;
    let labels = label_shapes(call, find(call, number)?);
    Ok(paging::list(call, labels))
}

fn set(call: &mut Call<'_>, number: u64) -> Outcome {
    call.has(WRITE)?;
    find(call, number)?;
    let names = names(call)?;
    if names.iter().any(|name| name.is_empty() || name.chars().count() > 50) {
        return Err(Answer::invalid("Label", "name", "invalid", "Name is too long (maximum is 50 characters)"));
    }
    let replace = call.request.method == "PUT";
    let repository = call.repo_mut();
    let mut labels =
        if replace { Vec::new() } else { repository.issues.get(&number).map(|issue| issue.labels.clone()).unwrap_or_default() };
    for name in names {
        let known = repository.labels.keys().find(|label| label.eq_ignore_ascii_case(&name)).cloned();
        let name = known.unwrap_or(name);
        repository.labels.entry(name.clone()).or_insert_with(|| "ededed".to_owned());
        if !labels.contains(&name) {
            labels.push(name);
        }
    }
    set_labels(call, number, labels)
}

fn remove(call: &mut Call<'_>, number: u64, name: &str) -> Outcome {
    call.has(WRITE)?;
    let labels = &find(call, number)?.labels;
    let left: Vec<String> = labels.iter().filter(|label| !label.eq_ignore_ascii_case(name)).cloned().collect();
    if left.len() == labels.len() {
        return Err(Answer::error(404, "Label does not exist"));
    }
    set_labels(call, number, left)
}

fn set_labels(call: &mut Call<'_>, number: u64, labels: Vec<String>) -> Outcome {
    if let Some(issue) = call.repo_mut().issues.get_mut(&number) {
        issue.labels = labels;
    }
    Ok(Answer::ok(Value::Array(label_shapes(call, find(call, number)?))))
}

/// `{"labels": [..]}` or the bare list, of names or of objects with a name.
fn names(call: &Call<'_>) -> Result<Vec<String>, Answer> {
    let body: Value = serde_json::from_slice(&call.request.body).map_err(|_| Answer::error(400, "Problems parsing JSON"))?;
    let list = body.get("labels").unwrap_or(&body).as_array().cloned().ok_or_else(|| Answer::not_supplied("labels"))?;
    let name = |label: &Value| label.as_str().or_else(|| label["name"].as_str()).map(str::to_owned);
    list.iter().map(|label| name(label).ok_or_else(|| Answer::invalid("Label", "name", "invalid", ""))).collect()
}

pub(crate) fn find<'a>(call: &'a Call<'_>, number: u64) -> Result<&'a Issue, Answer> {
    call.repo().issues.get(&number).ok_or_else(Answer::not_found)
}

pub(crate) fn label_shapes(call: &Call<'_>, issue: &Issue) -> Vec<Value> {
    let shape = |name: &String| {
        let id = super::site::user_id(name);
        json!({
            "id": id,
            "node_id": format!("LA_kwDO{id}"),
            "url": call.site.api(&format!("/repos/{}/labels/{}", call.repository, super::http::encode(name))),
            "name": name,
            // Null where there is none, but GitHub's description of pull requests in lists has no null here.
            "description": "",
            "color": call.repo().labels.get(name).map_or("ededed", String::as_str),
            "default": false,
        })
    };
    issue.labels.iter().map(shape).collect()
}

fn shape(call: &Call<'_>, issue: &Issue) -> Value {
    let repository = &call.repository;
    let url = call.site.api(&format!("/repos/{repository}/issues/{}", issue.number));
    let page = format!("{WEB}/{repository}/{}/{}", if issue.pull.is_some() { "pull" } else { "issues" }, issue.number);
    let mut value = json!({
        "id": 2_000_000_000 + issue.number,
        "node_id": format!("I_kwDO{}", issue.number),
        "url": url,
        "repository_url": call.site.api(&format!("/repos/{repository}")),
        "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"),
        "events_url": format!("{url}/events"),
        "html_url": page,
        "number": issue.number,
        "state": issue.state,
        "title": issue.title,
        "body": issue.body,
        "user": call.site.user(&issue.author),
        "author_association": call.repo().association(repository, &issue.author),
        "labels": label_shapes(call, issue),
        "assignee": null,
        "assignees": [],
        "milestone": null,
        "locked": issue.locked,
        "active_lock_reason": null,
        "comments": call.repo().comments.values().filter(|comment| comment.issue == issue.number).count(),
        "closed_at": (issue.state == "closed").then_some(&issue.created_at),
        "created_at": issue.created_at,
        "updated_at": issue.created_at,
    });
    if let Some(pull) = &issue.pull {
        value["draft"] = json!(pull.draft);
        value["pull_request"] = json!({
            "url": call.site.api(&format!("/repos/{repository}/pulls/{}", issue.number)),
            "html_url": page,
            "diff_url": format!("{page}.diff"),
            "patch_url": format!("{page}.patch"),
            "merged_at": pull.merged.then_some(&issue.created_at),
        });
    }
    value
}
