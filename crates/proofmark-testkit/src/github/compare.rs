//! Comparing two commits.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::Call;
use super::git::{self, Git};
use super::site::WEB;

const MAX_COMMITS: usize = 250;
const MAX_FILES: usize = 300;

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    match (call.request.method.as_str(), path) {
        ("GET", ["compare", sides @ ..]) => Some(compare(call, &sides.join("/"))),
        _ => None,
    }
}

fn compare(call: &mut Call<'_>, sides: &str) -> Outcome {
    call.needs(git::READ)?;
    let git = call.git()?;
    let (base_name, head_name) = sides.split_once("...").ok_or_else(Answer::not_found)?;
    // `owner:branch`: forks share the object store.
    let side = |name: &str| call.commit(name.rsplit(':').next().unwrap_or(name));
    let (Some(base), Some(head)) = (side(base_name), side(head_name)) else {
        return Err(Answer::not_found());
    };
    let Some(merge_base) = git.text(&["merge-base", &base, &head]) else {
        return Err(Answer::error(404, &format!("No common ancestor between {base_name} and {head_name}.")));
    };
    let count = |from: &str, to: &str| git.text(&["rev-list", "--count", &format!("{from}..{to}")]).and_then(|text| text.parse().ok());
    let (ahead, behind) = (count(&base, &head).unwrap_or(0_u64), count(&head, &base).unwrap_or(0_u64));
    let commit = |sha: &str| git.show(sha).map(|commit| git::shape(call, &commit));
    let status = match (ahead, behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let url = call.site.api(&format!("/repos/{}/compare/{sides}", call.repository));
    let page = format!("{WEB}/{}/compare/{sides}", call.repository);
    let mut files = between(call, &merge_base, &head);
    files.truncate(MAX_FILES);
    let first_page = call.request.parameter("page").is_none_or(|page| page == "1");
    Ok(Answer::ok(json!({
        "url": url,
        "html_url": page,
        "permalink_url": page,
        "diff_url": format!("{page}.diff"),
        "patch_url": format!("{page}.patch"),
        "base_commit": commit(&base),
        "merge_base_commit": commit(&merge_base),
        "status": status,
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "commits": commits(call, &git, &base, &head),
        "files": if first_page { files } else { Vec::new() },
    })))
}

/// One page of the commits of `head` that `base` has not.
fn commits(call: &Call<'_>, git: &Git, base: &str, head: &str) -> Vec<Value> {
    let number = |name: &str| call.request.parameter(name).and_then(|text| text.parse::<usize>().ok()).filter(|number| *number > 0);
    let size = number("per_page").unwrap_or(MAX_COMMITS).min(MAX_COMMITS);
    let listed = git.text(&["rev-list", "--reverse", &format!("{base}..{head}")]).unwrap_or_default();
    let page = listed.lines().skip((number("page").unwrap_or(1) - 1).saturating_mul(size)).take(size);
    page.filter_map(|sha| git.show(sha)).map(|commit| git::shape(call, &commit)).collect()
}

/// The files that differ, each a `diff-entry` without its patch. Nothing when git does not have both.
pub(crate) fn between(call: &Call<'_>, from: &str, to: &str) -> Vec<Value> {
    let Ok(git) = call.git() else {
        return Vec::new();
    };
    let raw = git.bytes(&["diff", "--raw", "--no-abbrev", "--no-renames", "-z", from, to]).unwrap_or_default();
    let numbers = git.bytes(&["diff", "--numstat", "--no-renames", "-z", from, to]).unwrap_or_default();
    let numbers = String::from_utf8_lossy(&numbers).into_owned();
    let counts = |path: &str| {
        let line = numbers.split('\0').find(|line| line.splitn(3, '\t').nth(2) == Some(path)).unwrap_or_default();
        let mut parts = line.split('\t').map(|part| part.parse::<u64>().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    };
    let raw = String::from_utf8_lossy(&raw).into_owned();
    let mut parts = raw.split('\0');
    let mut files = Vec::new();
    while let (Some(facts), Some(path)) = (parts.next(), parts.next()) {
        let facts: Vec<&str> = facts.split(' ').collect();
        let [_, _, old, new, status] = facts.as_slice() else {
            break;
        };
        let (status, sha) = match *status {
            "A" => ("added", new),
            "D" => ("removed", old),
            _ => ("modified", new),
        };
        let (additions, deletions) = counts(path);
        let encoded = super::http::encode(path);
        let page = |kind: &str| format!("{WEB}/{}/{kind}/{to}/{encoded}", call.repository);
        files.push(json!({
            "sha": sha,
            "filename": path,
            "status": status,
            "additions": additions,
            "deletions": deletions,
            "changes": additions + deletions,
            "blob_url": page("blob"),
            "raw_url": page("raw"),
            "contents_url": call.site.api(&format!("/repos/{}/contents/{encoded}?ref={to}", call.repository)),
        }));
    }
    files
}
