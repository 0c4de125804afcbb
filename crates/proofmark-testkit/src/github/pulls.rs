//! Pull requests: reading them, their files, and whom they ask for a review.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::{Call, Need};
use super::comments::number;
use super::issues::{Issue, Pull, Side, find, label_shapes};
use super::site::WEB;
use super::{compare, paging};

const READ: Need = Need::read(&["pull_requests"]);
const WRITE: Need = Need::write(&["pull_requests"]);

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", ["pulls"]) => list(call),
        ("GET", ["pulls", pull]) => get(call, number(pull)?),
        ("GET", ["pulls", pull, "files"]) => files(call, number(pull)?),
        ("GET", ["commits", sha, "pulls"]) => of_commit(call, sha),
        ("GET", ["pulls", pull, "requested_reviewers"]) => reviewers(call, number(pull)?),
        ("POST", ["pulls", pull, "requested_reviewers"]) => ask(call, number(pull)?),
        ("DELETE", ["pulls", pull, "requested_reviewers"]) => unask(call, number(pull)?),
        _ => return None,
    })
}

fn list(call: &mut Call<'_>) -> Outcome {
    call.needs(READ)?;
    let state = call.request.parameter("state").unwrap_or_else(|| "open".to_owned());
    let (head, base) = (call.request.parameter("head"), call.request.parameter("base"));
    let own = call.repository.clone();
    let matches = |issue: &Issue, pull: &Pull| {
        (state == "all" || issue.state == state)
            && head.as_ref().is_none_or(|head| *head == label(&pull.head, &own))
            && base.as_ref().is_none_or(|base| *base == pull.base.branch)
    };
    let pulls = call.repo().issues.values().rev();
    let found = pulls.filter_map(|issue| issue.pull.as_ref().filter(|pull| matches(issue, pull)).map(|pull| simple(call, issue, pull)));
    let found = found.collect();
    Ok(paging::list(call, found))
}

fn get(call: &mut Call<'_>, number: u64) -> Outcome {
    call.needs(READ)?;
    let (issue, pull) = pull(call, number)?;
    let files = compare::between(call, &pull.base.sha, &pull.head.sha);
    let total = |field: &str| files.iter().filter_map(|file| file[field].as_u64()).sum::<u64>();
    let mut value = simple(call, issue, pull);
    let more = json!({
        "merged": pull.merged,
        "mergeable": (issue.state == "open").then_some(true),
        "rebaseable": (issue.state == "open").then_some(true),
        "mergeable_state": "clean",
        "merged_by": pull.merged.then(|| call.site.user(&issue.author)),
        "comments": call.repo().comments.values().filter(|comment| comment.issue == number).count(),
        "review_comments": 0,
        "maintainer_can_modify": false,
        "commits": 1,
        "additions": total("additions"),
        "deletions": total("deletions"),
        "changed_files": files.len(),
    });
    if let (Some(fields), Value::Object(more)) = (value.as_object_mut(), more) {
        fields.extend(more);
    }
    Ok(Answer::ok(value))
}

fn files(call: &mut Call<'_>, number: u64) -> Outcome {
    call.needs(READ)?;
    let (_, pull) = pull(call, number)?;
    let files = compare::between(call, &pull.base.sha, &pull.head.sha);
    Ok(paging::list(call, files.into_iter().take(3000).collect()))
}

/// GitHub names no pull request here whose commits only lie in a fork.
fn of_commit(call: &mut Call<'_>, sha: &str) -> Outcome {
    call.needs(READ)?;
    let here = |pull: &Pull| {
        let own = pull.head.repo.is_empty() || pull.head.repo == call.repository;
        (own && pull.head.sha == sha) || (pull.merged && pull.merge_commit_sha.as_deref() == Some(sha))
    };
    let pulls = call.repo().issues.values();
    let found = pulls.filter_map(|issue| issue.pull.as_ref().filter(|pull| here(pull)).map(|pull| simple(call, issue, pull)));
    let found = found.collect();
    Ok(paging::list(call, found))
}

fn reviewers(call: &mut Call<'_>, number: u64) -> Outcome {
    call.needs(READ)?;
    let (_, pull) = pull(call, number)?;
    let users: Vec<Value> = pull.reviewers.iter().map(|login| call.site.user(login)).collect();
    let teams: Vec<Value> = pull.team_reviewers.iter().map(|slug| team(call, slug)).collect();
    Ok(Answer::ok(json!({"users": users, "teams": teams})))
}

fn ask(call: &mut Call<'_>, number: u64) -> Outcome {
    call.has(WRITE)?;
    let (issue, _) = pull(call, number)?;
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
    pull(call, number)?;
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
    let (issue, pull) = pull(call, number)?;
    Ok(simple(call, issue, pull))
}

fn pull<'a>(call: &'a Call<'_>, number: u64) -> Result<(&'a Issue, &'a Pull), Answer> {
    let issue = find(call, number)?;
    Ok((issue, issue.pull.as_ref().ok_or_else(Answer::not_found)?))
}

/// `owner:branch`.
fn label(side: &Side, own: &str) -> String {
    let repository = if side.repo.is_empty() { own } else { &side.repo };
    format!("{}:{}", repository.split('/').next().unwrap_or_default(), side.branch)
}

/// A `pull-request-simple`, which the whole one extends.
fn simple(call: &Call<'_>, issue: &Issue, pull: &Pull) -> Value {
    let (site, repository, number) = (&call.site, &call.repository, issue.number);
    let url = site.api(&format!("/repos/{repository}/pulls/{number}"));
    let as_issue = site.api(&format!("/repos/{repository}/issues/{number}"));
    let statuses = site.api(&format!("/repos/{repository}/statuses/{}", pull.head.sha));
    let page = format!("{WEB}/{repository}/pull/{number}");
    json!({
        "url": url,
        "id": 3_000_000_000_u64 + number,
        "node_id": format!("PR_kwDO{number}"),
        "html_url": page,
        "diff_url": format!("{page}.diff"),
        "patch_url": format!("{page}.patch"),
        "issue_url": as_issue,
        "commits_url": format!("{url}/commits"),
        "review_comments_url": format!("{url}/comments"),
        "review_comment_url": site.api(&format!("/repos/{repository}/pulls/comments{{/number}}")),
        "comments_url": format!("{as_issue}/comments"),
        "statuses_url": statuses,
        "number": number,
        "state": issue.state,
        "locked": issue.locked,
        "active_lock_reason": null,
        "title": issue.title,
        "user": site.user(&issue.author),
        "body": issue.body,
        "labels": label_shapes(call, issue),
        "milestone": null,
        "created_at": issue.created_at,
        "updated_at": issue.created_at,
        "closed_at": (issue.state == "closed").then_some(&issue.created_at),
        "merged_at": pull.merged.then_some(&issue.created_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": null,
        "assignees": [],
        "requested_reviewers": pull.reviewers.iter().map(|login| site.user(login)).collect::<Vec<_>>(),
        "requested_teams": pull.team_reviewers.iter().map(|slug| team(call, slug)).collect::<Vec<_>>(),
        "head": side(call, &pull.head),
        "base": side(call, &pull.base),
        "draft": pull.draft,
        "auto_merge": null,
        "author_association": call.repo().association(repository, &issue.author),
        "_links": links(call, pull, number),
    })
}

fn links(call: &Call<'_>, pull: &Pull, number: u64) -> Value {
    let repository = call.site.api(&format!("/repos/{}", call.repository));
    let link = |path: String| json!({"href": format!("{repository}/{path}")});
    json!({
        "self": link(format!("pulls/{number}")),
        "html": {"href": format!("{WEB}/{}/pull/{number}", call.repository)},
        "issue": link(format!("issues/{number}")),
        "comments": link(format!("issues/{number}/comments")),
        "review_comments": link(format!("pulls/{number}/comments")),
        "review_comment": link("pulls/comments{/number}".to_owned()),
        "commits": link(format!("pulls/{number}/commits")),
        "statuses": link(format!("statuses/{}", pull.head.sha)),
    })
}

fn side(call: &Call<'_>, side: &Side) -> Value {
    let name = if side.repo.is_empty() { &call.repository } else { &side.repo };
    let owner = name.split('/').next().unwrap_or_default();
    // A fork need not be in the world to be named.
    let repository = call.world.repositories.get(name).map_or_else(
        || {
            let fork = super::world::Repository { id: super::site::user_id(name), fork: true, ..Default::default() };
            call.site.repository(name, &fork)
        },
        |known| call.site.repository(name, known),
    );
    json!({
        "label": label(side, &call.repository),
        "ref": side.branch,
        "sha": side.sha,
        "user": call.site.user(owner),
        "repo": (!side.gone).then_some(repository),
    })
}

fn team(call: &Call<'_>, slug: &str) -> Value {
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
