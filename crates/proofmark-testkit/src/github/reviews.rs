//! Reviews of pull requests, and who is asked for one.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::{Call, Need};
use super::comments::number;
use super::issues::{Pull, Review};
use super::paging;
use super::pulls::{find_pull, simple};
use super::site::WEB;

const READ: Need = Need::read(&["pull_requests"]);
const WRITE: Need = Need::write(&["pull_requests"]);

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", ["pulls", pull, "reviews"]) => list(call, number(pull)?),
        ("GET", ["pulls", pull, "requested_reviewers"]) => reviewers(call, number(pull)?),
        ("POST", ["pulls", pull, "requested_reviewers"]) => ask(call, number(pull)?),
        ("DELETE", ["pulls", pull, "requested_reviewers"]) => unask(call, number(pull)?),
        _ => return None,
    })
}

fn list(call: &mut Call<'_>, number: u64) -> Outcome {
    call.needs(READ)?;
    let (issue, pull) = find_pull(call, number)?;
    let page = format!("{WEB}/{}/pull/{number}", call.repository);
    let url = call.site.api(&format!("/repos/{}/pulls/{number}", call.repository));
    let shape = |(at, review): (usize, &Review)| {
        let id = 5_000_000_000 + number * 1000 + at as u64;
        let address = format!("{page}#pullrequestreview-{id}");
        json!({
            "id": id,
            "node_id": format!("PRR_kwDO{id}"),
            "user": (!review.user.is_empty()).then(|| call.site.user(&review.user)),
            "body": review.body,
            "state": review.state,
            "html_url": address,
            "pull_request_url": url,
            "author_association": call.repo().association(&call.repository, &review.user),
            "_links": {"html": {"href": address}, "pull_request": {"href": url}},
            "submitted_at": issue.created_at,
            "commit_id": pull.head.sha,
        })
    };
    let shown = pull.reviews.iter().enumerate().map(shape).collect();
    Ok(paging::list(call, shown))
}

fn reviewers(call: &mut Call<'_>, number: u64) -> Outcome {
    call.needs(READ)?;
    let (_, pull) = find_pull(call, number)?;
    let users: Vec<Value> = pull.reviewers.iter().map(|login| call.site.user(login)).collect();
    let teams: Vec<Value> = pull.team_reviewers.iter().map(|slug| team(call, slug)).collect();
    Ok(Answer::ok(json!({"users": users, "teams": teams})))
}

fn ask(call: &mut Call<'_>, number: u64) -> Outcome {
    call.has(WRITE)?;
    let (issue, _) = find_pull(call, number)?;
    let (users, teams) = asked(call)?;
    if users.contains(&issue.author) {
        return Err(Answer::error(422, "Review cannot be requested from pull request author."));
    }
    if users.iter().any(|login| !call.repo().collaborators.contains_key(login)) {
        let message = format!(
            "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the {} repository.",
            call.repository
        );
        return Err(Answer::error(422, &message));
    }
    change(call, number, |pull| {
        for (known, new) in [(&mut pull.reviewers, users), (&mut pull.team_reviewers, teams)] {
            let new: Vec<String> = new.into_iter().filter(|name| !known.contains(name)).collect();
            known.extend(new);
        }
    })
    .map(|value| Answer::json(201, value))
}

fn unask(call: &mut Call<'_>, number: u64) -> Outcome {
    call.has(WRITE)?;
    find_pull(call, number)?;
    let (users, teams) = asked(call)?;
    change(call, number, |pull| {
        pull.reviewers.retain(|login| !users.contains(login));
        pull.team_reviewers.retain(|slug| !teams.contains(slug));
    })
    .map(Answer::ok)
}

fn asked(call: &Call<'_>) -> Result<(Vec<String>, Vec<String>), Answer> {
    let body = call.body()?;
    let names = |field: &str| -> Vec<String> {
        body[field].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Ok((names("reviewers"), names("team_reviewers")))
}

fn change(call: &mut Call<'_>, number: u64, change: impl FnOnce(&mut Pull)) -> Result<Value, Answer> {
    if let Some(pull) = call.repo_mut().issues.get_mut(&number).and_then(|issue| issue.pull.as_mut()) {
        change(pull);
    }
    let (issue, pull) = find_pull(call, number)?;
    Ok(simple(call, issue, pull))
}

/// A team as it stands in lists of who is asked.
pub(crate) fn team(call: &Call<'_>, slug: &str) -> Value {
    let id = super::site::user_id(slug);
    let url = call.site.api(&format!("/teams/{id}"));
    json!({
        "id": id,
        "node_id": format!("T_kwDO{id}"),
        "name": slug,
        "slug": slug,
        "description": null,
        "privacy": "closed",
        "permission": "pull",
        "url": url,
        "html_url": format!("{WEB}/orgs/acme/teams/{slug}"),
        "members_url": format!("{url}/members{{/member}}"),
        "repositories_url": format!("{url}/repos"),
        "type": "organization",
        "organization_id": 1,
        "parent": null,
    })
}
