//! Comments on issues and pull requests, and reactions to them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::{Call, Need, text};
use super::paging;
use super::site::WEB;

/// More characters than this are refused.
const MAX_BODY: usize = 65_536;
const CONTENTS: [&str; 8] = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];
const READ: Need = Need::read(&["issues", "pull_requests"]);
const WRITE: Need = Need::write(&["issues", "pull_requests"]);

/// One comment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// The issue or pull request that it is on.
    pub issue: u64,
    /// Who wrote it.
    pub login: String,
    /// The app behind it, if one is.
    pub app: Option<String>,
    /// Markdown.
    pub body: String,
    /// When it was written.
    pub created_at: String,
    /// When it was changed last.
    pub updated_at: String,
    /// Hidden, and why, as in `outdated`.
    pub minimized: Option<String>,
    /// By id.
    pub reactions: BTreeMap<u64, Reaction>,
    /// How often the text was changed.
    pub edits: u32,
    /// When it was written, finer than GitHub tells; nothing for what was there from the start.
    #[serde(skip)]
    pub(crate) written: Option<Instant>,
}

/// One reaction to a comment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reaction {
    /// Such as `+1`.
    pub content: String,
    /// Whose it is.
    pub login: String,
    /// When it was given.
    pub created_at: String,
}

impl Comment {
    pub(crate) fn new(id: u64, issue: u64, login: &str, body: &str, now: String) -> Self {
        let (login, body) = (login.to_owned(), body.to_owned());
        let written = Some(Instant::now());
        Self { id, issue, login, body, created_at: now.clone(), updated_at: now, written, ..Self::default() }
    }

    /// The id that GraphQL knows it by.
    pub fn node_id(&self) -> String {
        format!("IC_kwDO{}", self.id)
    }

    pub(crate) fn settle(&mut self, id: u64, now: &str) {
        self.id = id;
        for date in [&mut self.created_at, &mut self.updated_at] {
            if date.is_empty() {
                now.clone_into(date);
            }
        }
    }
}

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", ["issues", "comments", id]) => get(call, number(id)?),
        ("PATCH", ["issues", "comments", id]) => edit(call, number(id)?),
        ("DELETE", ["issues", "comments", id]) => delete(call, number(id)?),
        ("GET", ["issues", "comments", id, "reactions"]) => reactions(call, number(id)?),
        ("POST", ["issues", "comments", id, "reactions"]) => react(call, number(id)?),
        ("DELETE", ["issues", "comments", id, "reactions", reaction]) => unreact(call, number(id)?, number(reaction)?),
        ("GET", ["issues", issue, "comments"]) => list(call, number(issue)?),
        ("POST", ["issues", issue, "comments"]) => create(call, number(issue)?),
        _ => return None,
    })
}

/// A number in a path; anything else is no such address.
pub(crate) fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn list(call: &mut Call<'_>, issue: u64) -> Outcome {
    call.needs(READ)?;
    let late = Duration::from_millis(call.repo().issues.get(&issue).ok_or_else(Answer::not_found)?.comments_late);
    let since = call.request.parameter("since").unwrap_or_default();
    let is_listed = |comment: &Comment| comment.written.is_none_or(|written| written.elapsed() >= late);
    let comments = call.repo().comments.values().filter(|comment| comment.issue == issue && comment.updated_at >= since);
    let comments = comments.filter(|comment| is_listed(comment));
    let shown = comments.map(|comment| shape(call, comment)).collect();
    Ok(paging::list(call, shown))
}

fn get(call: &mut Call<'_>, id: u64) -> Outcome {
    call.needs(READ)?;
    Ok(Answer::ok(shape(call, find(call, id)?)))
}

fn create(call: &mut Call<'_>, issue: u64) -> Outcome {
    call.has(WRITE)?;
    match call.repo().issues.get(&issue) {
        None => return Err(Answer::not_found()),
        Some(issue) if issue.locked => return Err(Answer::error(403, "Unable to create comment because issue is locked.")),
        Some(_) => {}
    }
    let body = checked_body(&call.body()?, "data")?;
    let app = call.token.as_ref().and_then(|token| token.app_slug().map(str::to_owned));
    let (id, now) = (call.world.next_id(), call.world.clock.tick());
    let comment = Comment { app, ..Comment::new(id, issue, &call.login(), &body, now) };
    let shown = shape(call, &comment);
    call.repo_mut().comments.insert(id, comment);
    let location = shown["url"].as_str().unwrap_or_default().to_owned();
    Ok(Answer::json(201, shown).header("Location", location))
}

fn edit(call: &mut Call<'_>, id: u64) -> Outcome {
    call.has(WRITE)?;
    find(call, id)?;
    let body = checked_body(&call.body()?, "body")?;
    let now = call.world.clock.tick();
    let comment = call.repo_mut().comments.get_mut(&id).ok_or_else(Answer::not_found)?;
    (comment.body, comment.updated_at) = (body, now);
    comment.edits += 1;
    Ok(Answer::ok(shape(call, find(call, id)?)))
}

fn delete(call: &mut Call<'_>, id: u64) -> Outcome {
    call.has(WRITE)?;
    call.repo_mut().comments.remove(&id).ok_or_else(Answer::not_found)?;
    Ok(Answer::empty(204))
}

fn checked_body(body: &Value, field: &str) -> Result<String, Answer> {
    let body = text(body, "body").ok_or_else(|| Answer::not_supplied("body"))?;
    if body.trim().is_empty() {
        return Err(Answer::invalid("IssueComment", field, "unprocessable", "Body cannot be blank"));
    }
    if body.chars().count() > MAX_BODY {
        return Err(Answer::invalid("IssueComment", field, "custom", "Body is too long (maximum is 65536 characters)"));
    }
    Ok(body)
}

fn reactions(call: &mut Call<'_>, id: u64) -> Outcome {
    call.needs(READ)?;
    let content = call.request.parameter("content");
    let given = find(call, id)?.reactions.iter().filter(|(_, given)| content.as_ref().is_none_or(|wanted| *wanted == given.content));
    let shown = given.map(|(id, reaction)| reaction_shape(call, *id, reaction)).collect();
    Ok(paging::list(call, shown))
}

fn react(call: &mut Call<'_>, id: u64) -> Outcome {
    call.has(WRITE)?;
    let known = find(call, id)?.reactions.clone();
    let content = text(&call.body()?, "content").ok_or_else(|| Answer::not_supplied("content"))?;
    if !CONTENTS.contains(&content.as_str()) {
        return Err(Answer::invalid("Reaction", "content", "invalid", ""));
    }
    let login = call.login();
    if let Some((id, reaction)) = known.iter().find(|(_, given)| given.login == login && given.content == content) {
        return Ok(Answer::ok(reaction_shape(call, *id, reaction)));
    }
    let (new, created_at) = (call.world.next_id(), call.world.clock.tick());
    let reaction = Reaction { content, login, created_at };
    let shown = reaction_shape(call, new, &reaction);
    if let Some(comment) = call.repo_mut().comments.get_mut(&id) {
        comment.reactions.insert(new, reaction);
    }
    Ok(Answer::json(201, shown))
}

fn unreact(call: &mut Call<'_>, id: u64, reaction: u64) -> Outcome {
    call.has(WRITE)?;
    let comment = call.repo_mut().comments.get_mut(&id).ok_or_else(Answer::not_found)?;
    comment.reactions.remove(&reaction).ok_or_else(Answer::not_found)?;
    Ok(Answer::empty(204))
}

fn find<'a>(call: &'a Call<'_>, id: u64) -> Result<&'a Comment, Answer> {
    call.repo().comments.get(&id).ok_or_else(Answer::not_found)
}

fn shape(call: &Call<'_>, comment: &Comment) -> Value {
    let repository = &call.repository;
    let pull = call.repo().issues.get(&comment.issue).is_some_and(|issue| issue.pull.is_some());
    let kind = if pull { "pull" } else { "issues" };
    let url = call.site.api(&format!("/repos/{repository}/issues/comments/{}", comment.id));
    json!({
        "id": comment.id,
        "node_id": comment.node_id(),
        "url": url,
        "html_url": format!("{WEB}/{repository}/{kind}/{}#issuecomment-{}", comment.issue, comment.id),
        "issue_url": call.site.api(&format!("/repos/{repository}/issues/{}", comment.issue)),
        "user": call.site.user(&comment.login),
        "author_association": call.repo().association(repository, &comment.login),
        "body": comment.body,
        "created_at": comment.created_at,
        "updated_at": comment.updated_at,
        "performed_via_github_app": comment.app.as_deref().map(|slug| call.site.app(slug)),
        "minimized": comment.minimized.as_ref().map(|reason| json!({"reason": reason})),
        "reactions": rollup(&url, comment),
    })
}

fn rollup(url: &str, comment: &Comment) -> Value {
    let mut counts = json!({"url": format!("{url}/reactions"), "total_count": comment.reactions.len()});
    for content in CONTENTS {
        counts[content] = json!(comment.reactions.values().filter(|reaction| reaction.content == content).count());
    }
    counts
}

fn reaction_shape(call: &Call<'_>, id: u64, reaction: &Reaction) -> Value {
    json!({
        "id": id,
        "node_id": format!("REA_lADO{id}"),
        "user": call.site.user(&reaction.login),
        "content": reaction.content,
        "created_at": reaction.created_at,
    })
}
