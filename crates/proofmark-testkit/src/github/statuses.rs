//! Commit statuses.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::{Call, Need, text};
use super::paging;
use super::site::user_id;

const READ: Need = Need::read(&["statuses"]);
const WRITE: Need = Need::write(&["statuses"]);
const STATES: [&str; 4] = ["error", "failure", "pending", "success"];

/// One status. The latest of a context is the one that holds; contexts differ by more than case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Status {
    /// Its number.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// `error`, `failure`, `pending` or `success`.
    pub state: String,
    /// Its name.
    pub context: String,
    /// One line.
    pub description: Option<String>,
    /// Where the details are.
    pub target_url: Option<String>,
    /// Who set it.
    pub login: String,
    /// When.
    pub created_at: String,
}

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("POST", ["statuses", sha]) => create(call, sha),
        ("GET", ["commits", reference @ .., "status"]) => combined(call, &reference.join("/")),
        ("GET", ["commits", reference @ .., "statuses"]) => list(call, &reference.join("/")),
        _ => return None,
    })
}

fn create(call: &mut Call<'_>, sha: &str) -> Outcome {
    call.has(WRITE)?;
    let body = call.body()?;
    let state = text(&body, "state").ok_or_else(|| Answer::not_supplied("state"))?;
    if !STATES.contains(&state.as_str()) {
        return Err(Answer::invalid("Status", "state", "custom", "state is not included in the list"));
    }
    let description = text(&body, "description");
    if description.as_ref().is_some_and(|text| text.chars().count() > 140) {
        return Err(Answer::invalid("Status", "description", "custom", "description is too long (maximum is 140 characters)"));
    }
    let target_url = text(&body, "target_url").filter(|url| !url.is_empty());
    if target_url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
        return Err(Answer::invalid("Status", "target_url", "custom", "target_url must use http(s) scheme"));
    }
    let sha = call.commit(sha).ok_or_else(|| Answer::error(422, &format!("No commit found for SHA: {sha}")))?;
    let context = text(&body, "context").unwrap_or_else(|| "default".to_owned());
    let same = call.repo().statuses.values().filter(|status| status.sha == sha && status.context.eq_ignore_ascii_case(&context));
    if same.count() >= 1000 {
        let message = "This SHA and context has reached the maximum number of statuses.";
        return Err(Answer::invalid("Status", "base", "custom", message));
    }
    let (id, created_at) = (call.world.next_id(), call.world.clock.tick());
    let status = Status { id, sha, state, context, description, target_url, login: call.login(), created_at };
    let mut shown = shape(call, &status);
    shown["creator"] = call.site.user(&status.login);
    let location = shown["url"].as_str().unwrap_or_default().to_owned();
    call.repo_mut().statuses.insert(id, status);
    Ok(Answer::json(201, shown).header("Location", location))
}

fn list(call: &mut Call<'_>, reference: &str) -> Outcome {
    call.needs(READ)?;
    let sha = call.commit(reference).ok_or_else(Answer::not_found)?;
    let statuses = call.repo().statuses.values().rev().filter(|status| status.sha == sha);
    let shown = statuses.map(|status| {
        let mut shown = shape(call, status);
        shown["creator"] = call.site.user(&status.login);
        shown
    });
    let shown = shown.collect();
    Ok(paging::list(call, shown))
}

fn combined(call: &mut Call<'_>, reference: &str) -> Outcome {
    call.needs(READ)?;
    let sha = call.commit(reference).ok_or_else(Answer::not_found)?;
    let mut latest: Vec<&Status> = Vec::new();
    for status in call.repo().statuses.values().rev().filter(|status| status.sha == sha) {
        if !latest.iter().any(|later| later.context.eq_ignore_ascii_case(&status.context)) {
            latest.push(status);
        }
    }
    let any = |states: &[&str]| latest.iter().any(|status| states.contains(&status.state.as_str()));
    let state = if any(&["error", "failure"]) {
        "failure"
    } else if latest.is_empty() || any(&["pending"]) {
        "pending"
    } else {
        "success"
    };
    let url = call.site.api(&format!("/repos/{}/commits/{sha}", call.repository));
    Ok(Answer::ok(json!({
        "state": state,
        "statuses": latest.iter().map(|status| shape(call, status)).collect::<Vec<_>>(),
        "sha": sha,
        "total_count": latest.len(),
        "repository": call.site.minimal_repository(&call.repository, call.repo()),
        "commit_url": url,
        "url": format!("{url}/status"),
    })))
}

fn shape(call: &Call<'_>, status: &Status) -> Value {
    json!({
        "url": call.site.api(&format!("/repos/{}/statuses/{}", call.repository, status.sha)),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", user_id(&status.login)),
        "id": status.id,
        "node_id": format!("SC_kwDO{}", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": status.created_at,
        "updated_at": status.created_at,
    })
}
