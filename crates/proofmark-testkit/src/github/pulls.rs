//! Pull requests: reading them and their files.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::{Call, Need};
use super::comments::number;
use super::issues::{Issue, Pull, Side, find, label_shapes};
use super::reviews::team;
use super::site::WEB;
use super::{compare, paging};

const READ: Need = Need::read(&["pull_requests"]);

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", ["pulls"]) => list(call),
        ("GET", ["pulls", pull]) => get(call, number(pull)?),
        ("GET", ["pulls", pull, "files"]) => files(call, number(pull)?),
        ("GET", ["commits", sha, "pulls"]) => of_commit(call, sha),
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
    let (issue, pull) = find_pull(call, number)?;
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
    let (_, pull) = find_pull(call, number)?;
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

pub(crate) fn find_pull<'a>(call: &'a Call<'_>, number: u64) -> Result<(&'a Issue, &'a Pull), Answer> {
    let issue = find(call, number)?;
    Ok((issue, issue.pull.as_ref().ok_or_else(Answer::not_found)?))
}

/// `owner:branch`.
fn label(side: &Side, own: &str) -> String {
    let repository = if side.repo.is_empty() { own } else { &side.repo };
    format!("{}:{}", repository.split('/').next().unwrap_or_default(), side.branch)
}

/// A `pull-request-simple`, which the whole one extends.
pub(crate) fn simple(call: &Call<'_>, issue: &Issue, pull: &Pull) -> Value {
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
