//! Who one is, what one may do, what is left of the limit, and the rules of branches.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::{Call, Need};
use super::paging;
use super::site::user_id;
use super::token::{Kind, Level, Token};

/// Addresses that belong to no repository.
pub(crate) fn global(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", ["user"]) => me(call),
        ("GET", ["users", login]) => Ok(Answer::ok(public_user(call, login))),
        ("GET", ["rate_limit"]) => Ok(limits(call)),
        _ => return None,
    })
}

/// Addresses below a repository.
pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", []) => repository(call),
        ("GET", ["collaborators", login, "permission"]) => permission(call, login),
        ("GET", ["rules", "branches", branch @ ..]) => rules(call, &branch.join("/")),
        ("GET", ["branches", branch @ .., "protection"]) => protection(call, &branch.join("/")),
        _ => return None,
    })
}

fn me(call: &mut Call<'_>) -> Outcome {
    match &call.token {
        None => Err(Answer::error(401, "Requires authentication")),
        Some(token) if token.kind == Kind::Personal => Ok(Answer::ok(public_user(call, &token.login))),
        Some(_) => Err(Answer::error(403, "Resource not accessible by integration")),
    }
}

fn public_user(call: &Call<'_>, login: &str) -> Value {
    let mut user = call.site.user(login);
    let more = json!({
        "name": null,
        "company": null,
        "blog": "",
        "location": null,
        "email": null,
        "hireable": null,
        "bio": null,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": "2011-01-25T18:44:36Z",
        "updated_at": "2024-01-25T18:44:36Z",
    });
    if let (Some(fields), Value::Object(more)) = (user.as_object_mut(), more) {
        fields.extend(more);
    }
    user
}

/// What is left for the token; anonymous requests share 60.
pub(crate) fn left(token: Option<&Token>) -> (u64, u64, u64) {
    token.map_or((60, 0, 0), |token| (token.limit, token.used, token.reset))
}

fn limits(call: &Call<'_>) -> Answer {
    let (limit, used, reset) = left(call.token.as_ref());
    let core = json!({"limit": limit, "used": used, "remaining": limit.saturating_sub(used), "reset": reset});
    let other = |limit: u64| json!({"limit": limit, "used": 0, "remaining": limit, "reset": reset});
    Answer::ok(json!({"resources": {"core": core, "search": other(30), "graphql": other(5000)}, "rate": core}))
}

fn repository(call: &mut Call<'_>) -> Outcome {
    let mut shown = call.site.repository(&call.repository, call.repo());
    shown["network_count"] = json!(0);
    shown["subscribers_count"] = json!(0);
    shown["temp_clone_token"] = Value::Null;
    if let Some(token) = &call.token {
        let own = token.repository.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(&call.repository));
        let (reads, writes) = (token.level("contents") >= Level::Read, own && token.level("contents") >= Level::Write);
        let pull = reads || !call.repo().private;
        shown["permissions"] = json!({"admin": false, "maintain": false, "push": writes, "triage": false, "pull": pull});
    }
    Ok(Answer::ok(shown))
}

fn permission(call: &mut Call<'_>, login: &str) -> Outcome {
    call.has(Need::read(&["metadata"]))?;
    let role = match call.repo().collaborators.get(login) {
        Some(role) => role.clone(),
        None if call.repo().private => "none".to_owned(),
        None => "read".to_owned(),
    };
    // The older field knows neither triage nor maintain.
    let base = call.repo().custom_roles.get(&role).unwrap_or(&role).clone();
    let permission = match base.as_str() {
        "maintain" => "write",
        "triage" => "read",
        other => other,
    };
    let at_least = |roles: &[&str]| roles.contains(&base.as_str());
    let mut user = call.site.user(login);
    user["role_name"] = json!(role);
    user["permissions"] = json!({
        "pull": base != "none",
        "triage": at_least(&["triage", "write", "maintain", "admin"]),
        "push": at_least(&["write", "maintain", "admin"]),
        "maintain": at_least(&["maintain", "admin"]),
        "admin": at_least(&["admin"]),
    });
    Ok(Answer::ok(json!({"permission": permission, "role_name": role, "user": user})))
}

fn rules(call: &mut Call<'_>, branch: &str) -> Outcome {
    call.needs(Need::read(&["metadata"]))?;
    let rules = call.repo().rules.get(branch).cloned().unwrap_or_default();
    let name = call.repository.clone();
    let whole = rules.into_iter().map(|mut rule| {
        rule["ruleset_source_type"] = json!("Repository");
        rule["ruleset_source"] = json!(name);
        rule["ruleset_id"] = json!(user_id(&name));
        rule
    });
    let whole = whole.collect();
    Ok(paging::list(call, whole))
}

fn protection(call: &mut Call<'_>, branch: &str) -> Outcome {
    let need = Need::read(&["administration"]);
    // `permissions:` has no such key, so a workflow's own token never gets it.
    if call.token.as_ref().is_some_and(|token| token.kind == Kind::Actions) {
        return Err(call.refused(need));
    }
    call.has(need)?;
    match call.repo().protections.get(branch) {
        Some(protection) => Ok(Answer::ok(protection.clone())),
        None => Err(Answer::error(404, "Branch not protected")),
    }
}
