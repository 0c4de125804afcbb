//! The only place with GitHub's addresses: one function per request. What starts work elsewhere is in files of its own below.

pub(crate) mod deployments;
pub(crate) mod workflows;

use serde_json::{Value, json};

use crate::names::{RepoName, path, segment};
use crate::request::{Accept, Form, Method, Request};

/// Rows of a page; GitHub's greatest.
pub(crate) const PER_PAGE: u32 = 100;

pub(crate) fn list_comments(repo: &RepoName, issue: u64) -> Request {
    Request::get(format!("/repos/{repo}/issues/{issue}/comments?per_page={PER_PAGE}"))
}

pub(crate) fn comment(repo: &RepoName, id: u64) -> Request {
    Request::get(format!("/repos/{repo}/issues/comments/{id}"))
}

pub(crate) fn create_comment(repo: &RepoName, issue: u64, body: &str) -> Request {
    Request::new(Method::Post, format!("/repos/{repo}/issues/{issue}/comments")).with(json!({ "body": body }))
}

/// Setting the same text twice is setting it once.
pub(crate) fn update_comment(repo: &RepoName, id: u64, body: &str) -> Request {
    Request::new(Method::Patch, format!("/repos/{repo}/issues/comments/{id}")).with(json!({ "body": body })).idempotent()
}

pub(crate) fn delete_comment(repo: &RepoName, id: u64) -> Request {
    Request::new(Method::Delete, format!("/repos/{repo}/issues/comments/{id}"))
}

/// Who reacts the same way twice has one reaction: 201 the first time, 200 after that.
pub(crate) fn react(repo: &RepoName, comment: u64, content: &str) -> Request {
    Request::new(Method::Post, format!("/repos/{repo}/issues/comments/{comment}/reactions")).with(json!({ "content": content }))
}

pub(crate) fn unreact(repo: &RepoName, comment: u64, reaction: u64) -> Request {
    Request::new(Method::Delete, format!("/repos/{repo}/issues/comments/{comment}/reactions/{reaction}"))
}

/// Hides a comment as outdated.
pub(crate) fn minimize(node_id: &str) -> Request {
    let query =
        "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { minimizedComment { isMinimized } } }";
    Request::graphql(query, json!({ "id": node_id })).idempotent()
}

/// Who the token is.
pub(crate) fn viewer() -> Request {
    Request::graphql("query { viewer { login } }", json!({})).idempotent()
}

pub(crate) fn user() -> Request {
    Request::get("/user".to_owned())
}

pub(crate) fn create_check(repo: &RepoName, check: Value) -> Request {
    Request::new(Method::Post, format!("/repos/{repo}/check-runs")).with(check)
}

/// Not idempotent when annotations are in it: they are added to those that are there.
pub(crate) fn update_check(repo: &RepoName, id: u64, check: Value) -> Request {
    let adds = check.pointer("/output/annotations").is_some();
    let request = Request::new(Method::Patch, format!("/repos/{repo}/check-runs/{id}")).with(check);
    if adds { request } else { request.idempotent() }
}

pub(crate) fn check(repo: &RepoName, id: u64) -> Request {
    Request::get(format!("/repos/{repo}/check-runs/{id}"))
}

pub(crate) fn list_checks(repo: &RepoName, sha: &str, name: &str, page: u32) -> Request {
    let (sha, name) = (segment(sha), segment(name));
    Request::get(format!("/repos/{repo}/commits/{sha}/check-runs?check_name={name}&filter=all&per_page={PER_PAGE}&page={page}"))
}

/// The newest first.
pub(crate) fn list_statuses(repo: &RepoName, sha: &str) -> Request {
    Request::get(format!("/repos/{repo}/commits/{}/statuses?per_page={PER_PAGE}", segment(sha)))
}

pub(crate) fn create_status(repo: &RepoName, sha: &str, status: Value) -> Request {
    // One more status of the same context is what it is made for: the latest counts.
    Request::new(Method::Post, format!("/repos/{repo}/statuses/{}", segment(sha))).with(status).idempotent()
}

pub(crate) fn labels(repo: &RepoName, issue: u64) -> Request {
    Request::get(format!("/repos/{repo}/issues/{issue}/labels?per_page={PER_PAGE}"))
}

/// Adding a label that is there changes nothing.
pub(crate) fn add_labels(repo: &RepoName, issue: u64, labels: &[&str]) -> Request {
    let request = Request::new(Method::Post, format!("/repos/{repo}/issues/{issue}/labels")).with(json!({ "labels": labels }));
    request.idempotent().answers(Form::List)
}

pub(crate) fn remove_label(repo: &RepoName, issue: u64, label: &str) -> Request {
    Request::new(Method::Delete, format!("/repos/{repo}/issues/{issue}/labels/{}", segment(label)))
}

/// Asking somebody who is asked already changes nothing.
pub(crate) fn request_reviewers(repo: &RepoName, pull: u64, users: &[&str], teams: &[&str]) -> Request {
    let body = json!({ "reviewers": users, "team_reviewers": teams });
    Request::new(Method::Post, format!("/repos/{repo}/pulls/{pull}/requested_reviewers")).with(body).idempotent().answers(Form::Object)
}

pub(crate) fn repository(repo: &RepoName) -> Request {
    Request::get(format!("/repos/{repo}"))
}

pub(crate) fn pull(repo: &RepoName, number: u64) -> Request {
    Request::get(format!("/repos/{repo}/pulls/{number}"))
}

/// Open pull requests whose branch is this one; `head` is `owner:branch`.
pub(crate) fn pulls_of_head(repo: &RepoName, head: &str) -> Request {
    Request::get(format!("/repos/{repo}/pulls?state=open&head={}&per_page={PER_PAGE}", segment(head)))
}

pub(crate) fn pulls_of_commit(repo: &RepoName, sha: &str) -> Request {
    Request::get(format!("/repos/{repo}/commits/{}/pulls?per_page={PER_PAGE}", segment(sha)))
}

pub(crate) fn compare(repo: &RepoName, base: &str, head: &str) -> Request {
    Request::get(format!("/repos/{repo}/compare/{}...{}?per_page=1", segment(base), segment(head)))
}

pub(crate) fn commit(repo: &RepoName, sha: &str) -> Request {
    Request::get(format!("/repos/{repo}/git/commits/{}", segment(sha)))
}

pub(crate) fn tree(repo: &RepoName, sha: &str, recursive: bool) -> Request {
    Request::get(format!("/repos/{repo}/git/trees/{}{}", segment(sha), if recursive { "?recursive=1" } else { "" }))
}

pub(crate) fn contents(repo: &RepoName, file: &str, sha: &str) -> Request {
    Request::get(format!("/repos/{repo}/contents/{}?ref={}", path(file), segment(sha)))
}

pub(crate) fn artifacts(repo: &RepoName, run: u64, name: &str) -> Request {
    Request::get(format!("/repos/{repo}/actions/runs/{run}/artifacts?name={}&per_page={PER_PAGE}", segment(name)))
}

pub(crate) fn artifact_zip(repo: &RepoName, id: u64) -> Request {
    Request::get(format!("/repos/{repo}/actions/artifacts/{id}/zip"))
}

pub(crate) fn rate_limit() -> Request {
    Request::get("/rate_limit".to_owned())
}

/// Rules that apply to a branch: whether the check is required there.
pub(crate) fn branch_rules(repo: &RepoName, branch: &str) -> Request {
    Request::get(format!("/repos/{repo}/rules/branches/{}?per_page={PER_PAGE}", segment(branch)))
}

/// A branch by its whole name: neither a tag nor another branch can be taken for it.
pub(crate) fn branch(repo: &RepoName, branch: &str) -> Request {
    Request::get(format!("/repos/{repo}/git/ref/heads/{}", path(branch)))
}

/// A file's bytes by their object id.
pub(crate) fn blob(repo: &RepoName, sha: &str) -> Request {
    Request::get(format!("/repos/{repo}/git/blobs/{}", segment(sha))).accept(Accept::Raw)
}

pub(crate) fn reviews(repo: &RepoName, pull: u64) -> Request {
    Request::get(format!("/repos/{repo}/pulls/{pull}/reviews?per_page={PER_PAGE}"))
}

/// An event for the workflows that wait for it. Nothing is answered, and nothing tells later that it was sent.
pub(crate) fn repository_dispatch(repo: &RepoName, event: &str, payload: &Value) -> Request {
    let body = json!({ "event_type": event, "client_payload": payload });
    Request::new(Method::Post, format!("/repos/{repo}/dispatches")).with(body).answers(Form::Anything)
}

/// What somebody may do here.
pub(crate) fn permission(repo: &RepoName, login: &str) -> Request {
    Request::get(format!("/repos/{repo}/collaborators/{}/permission", segment(login)))
}

/// A request that GitHub refuses whoever asks: a comment has a text. A token without the permission is refused sooner.
pub(crate) fn impossible_comment(repo: &RepoName, issue: u64) -> Request {
    Request::new(Method::Post, format!("/repos/{repo}/issues/{issue}/comments")).with(json!({}))
}

/// The same of a check run, which has a name and a commit.
pub(crate) fn impossible_check(repo: &RepoName) -> Request {
    Request::new(Method::Post, format!("/repos/{repo}/check-runs")).with(json!({}))
}

/// The same of a commit status, which has a state, at a commit that does not exist.
pub(crate) fn impossible_status(repo: &RepoName) -> Request {
    Request::new(Method::Post, format!("/repos/{repo}/statuses/{}", "0".repeat(40))).with(json!({}))
}
