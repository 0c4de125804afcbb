//! Deployments and their statuses.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::{Call, Need, text};
use super::comments::number;
use super::paging;
use super::site::{WEB, user_id};

const READ: Need = Need::read(&["deployments"]);
const WRITE: Need = Need::write(&["deployments"]);
const STATES: [&str; 7] = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];

/// One deployment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deployment {
    /// Its number.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// The branch, tag or commit that was asked for.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Such as `production`.
    pub environment: String,
    /// One line.
    pub description: Option<String>,
    /// An object or a text, as it was sent.
    pub payload: Value,
    /// Who made it.
    pub login: String,
    /// When.
    pub created_at: String,
    /// What became of it, oldest first.
    pub statuses: Vec<DeploymentStatus>,
    /// So many reads of a list do not show it yet.
    pub late: u64,
}

/// What became of a deployment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeploymentStatus {
    /// Its number.
    pub id: u64,
    /// Such as `success`.
    pub state: String,
    /// One line.
    pub description: String,
    /// Where the log is.
    pub log_url: String,
    /// Where it can be seen.
    pub environment_url: String,
    /// Who set it.
    pub login: String,
    /// When.
    pub created_at: String,
}

/// What comes of a deployment that is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deploys {
    /// It is made.
    #[default]
    Made,
    /// 409: checks have not passed.
    Conflict,
    /// 202: a branch was merged instead.
    Merged,
}

impl Deployment {
    pub(crate) fn settle(&mut self, id: u64, now: &str) {
        self.id = id;
        if self.created_at.is_empty() {
            now.clone_into(&mut self.created_at);
        }
        if self.environment.is_empty() {
            "production".clone_into(&mut self.environment);
        }
    }
}

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", ["deployments"]) => list(call),
        ("POST", ["deployments"]) => create(call),
        ("GET", ["deployments", id]) => get(call, number(id)?),
        ("GET", ["deployments", id, "statuses"]) => statuses(call, number(id)?),
        ("POST", ["deployments", id, "statuses"]) => set(call, number(id)?),
        _ => return None,
    })
}

fn list(call: &mut Call<'_>) -> Outcome {
    call.needs(READ)?;
    let parameter = |name: &str| call.request.parameter(name).filter(|text| !text.is_empty());
    let (environment, reference, sha) = (parameter("environment"), parameter("ref"), parameter("sha"));
    let is = |wanted: &Option<String>, there: &str| wanted.as_ref().is_none_or(|wanted| wanted == there);
    let wanted =
        |one: &&Deployment| one.late == 0 && is(&environment, &one.environment) && is(&reference, &one.reference) && is(&sha, &one.sha);
    let shown = call.repo().deployments.values().rev().filter(wanted).map(|deployment| shape(call, deployment)).collect();
    let answer = paging::list(call, shown);
    for deployment in call.repo_mut().deployments.values_mut() {
        deployment.late = deployment.late.saturating_sub(1);
    }
    Ok(answer)
}

fn get(call: &mut Call<'_>, id: u64) -> Outcome {
    call.needs(READ)?;
    Ok(Answer::ok(shape(call, find(call, id)?)))
}

fn find<'a>(call: &'a Call<'_>, id: u64) -> Result<&'a Deployment, Answer> {
    call.repo().deployments.get(&id).ok_or_else(Answer::not_found)
}

fn create(call: &mut Call<'_>) -> Outcome {
    call.has(WRITE)?;
    let body = call.body()?;
    let reference = text(&body, "ref").ok_or_else(|| Answer::not_supplied("ref"))?;
    let known = call.commit(&reference);
    if call.repo().git.is_some() && known.is_none() {
        return Err(Answer::error(422, &format!("No ref found for: {reference}")));
    }
    match call.repo().deploys {
        Deploys::Made => {}
        Deploys::Conflict => return Err(Answer::error(409, &format!("Conflict: Commit status checks failed for {reference}."))),
        Deploys::Merged => {
            let message = format!("Auto-merged {} into {reference} on deployment.", call.repo().default_branch);
            return Ok(Answer::json(202, json!({ "message": message })));
        }
    }
    let (id, now) = (call.world.next_id(), call.world.clock.tick());
    let mut deployment = Deployment {
        sha: known.unwrap_or_else(|| format!("{:040x}", user_id(&reference))),
        reference,
        environment: text(&body, "environment").unwrap_or_default(),
        description: text(&body, "description"),
        payload: body.get("payload").cloned().unwrap_or_else(|| json!({})),
        login: call.login(),
        late: call.repo().plan.late,
        ..Deployment::default()
    };
    deployment.settle(id, &now);
    let shown = shape(call, &deployment);
    call.repo_mut().deployments.insert(id, deployment);
    Ok(Answer::json(201, shown))
}

fn statuses(call: &mut Call<'_>, id: u64) -> Outcome {
    call.needs(READ)?;
    let deployment = find(call, id)?;
    let shown = deployment.statuses.iter().rev().map(|status| status_shape(call, deployment, status)).collect();
    Ok(paging::list(call, shown))
}

fn set(call: &mut Call<'_>, id: u64) -> Outcome {
    call.has(WRITE)?;
    find(call, id)?;
    let body = call.body()?;
    let state = text(&body, "state").ok_or_else(|| Answer::not_supplied("state"))?;
    if !STATES.contains(&state.as_str()) {
        return Err(Answer::invalid("DeploymentStatus", "state", "custom", "state is not included in the list"));
    }
    let description = text(&body, "description").unwrap_or_default();
    if description.chars().count() > 140 {
        let message = "description is too long (maximum is 140 characters)";
        return Err(Answer::invalid("DeploymentStatus", "description", "custom", message));
    }
    let field = |name: &str| text(&body, name).unwrap_or_default();
    let (log_url, environment_url) = (field("log_url"), field("environment_url"));
    if [&log_url, &environment_url].iter().any(|url| !url.is_empty() && !url.starts_with("http")) {
        return Err(Answer::invalid("DeploymentStatus", "log_url", "custom", "log_url must use http(s) scheme"));
    }
    let (status, now) = (call.world.next_id(), call.world.clock.tick());
    let status = DeploymentStatus { id: status, state, description, log_url, environment_url, login: call.login(), created_at: now };
    let shown = status_shape(call, find(call, id)?, &status);
    if let Some(deployment) = call.repo_mut().deployments.get_mut(&id) {
        deployment.statuses.push(status);
    }
    Ok(Answer::json(201, shown))
}

fn shape(call: &Call<'_>, deployment: &Deployment) -> Value {
    let repository = call.site.api(&format!("/repos/{}", call.repository));
    let url = format!("{repository}/deployments/{}", deployment.id);
    json!({
        "url": url,
        "id": deployment.id,
        "node_id": format!("DE_kwDO{}", deployment.id),
        "sha": deployment.sha,
        "ref": deployment.reference,
        "task": "deploy",
        "payload": deployment.payload,
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "creator": call.site.user(&deployment.login),
        "created_at": deployment.created_at,
        "updated_at": deployment.statuses.last().map_or(&deployment.created_at, |status| &status.created_at),
        "statuses_url": format!("{url}/statuses"),
        "repository_url": repository,
        "transient_environment": false,
        "production_environment": deployment.environment == "production",
    })
}

fn status_shape(call: &Call<'_>, deployment: &Deployment, status: &DeploymentStatus) -> Value {
    let repository = call.site.api(&format!("/repos/{}", call.repository));
    let url = format!("{repository}/deployments/{}", deployment.id);
    let mut shown = json!({
        "url": format!("{url}/statuses/{}", status.id),
        "id": status.id,
        "node_id": format!("DES_kwDO{}", status.id),
        "state": status.state,
        "creator": call.site.user(&status.login),
        "description": status.description,
        "environment": deployment.environment,
        // The service has an empty text where there is none, which its own description does not allow.
        "target_url": if status.log_url.is_empty() { format!("{WEB}/{}/deployments", call.repository) } else { status.log_url.clone() },
        "created_at": status.created_at,
        "updated_at": status.created_at,
        "deployment_url": url,
        "repository_url": repository,
    });
    for (field, text) in [("log_url", &status.log_url), ("environment_url", &status.environment_url)] {
        if !text.is_empty() {
            shown[field] = json!(text);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::http::Request;
    use crate::github::{Level, Token, World, routes};

    /// Not over a connection: the service tells why, and its own description says that there is no body.
    #[test]
    fn a_conflict_is_told() {
        let mut world =
            World::new().repository_with("a/b", |repository| super::super::Repository { deploys: Deploys::Conflict, ..repository });
        world = world.token("t", Token::actions().with("deployments", Level::Write));
        let headers = [("authorization", "Bearer t"), ("user-agent", "x")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (method, path, body) = ("POST".to_owned(), "/repos/a/b/deployments".to_owned(), b"{\"ref\": \"main\"}".to_vec());
        let request = Request { method, path, headers: headers.into(), body, ..Request::default() };
        let answer = routes::handle(&mut world, &request, "http://x", "http://y");
        assert_eq!(answer.status, 409);
        assert!(String::from_utf8_lossy(&answer.body_bytes()).contains("Commit status checks failed for main"));
        assert!(world.repo("a/b").deployments.is_empty());
    }
}
