//! Branches and tags by their whole names.

use serde_json::json;

use super::answer::{Answer, Outcome};
use super::call::Call;
use super::git::READ;

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    match (call.request.method.as_str(), path) {
        ("GET", ["git", "ref", kind @ ("heads" | "tags"), name @ ..]) if !name.is_empty() => {
            let name = format!("refs/{kind}/{}", name.join("/"));
            Some(reference(call, &name))
        }
        _ => None,
    }
}

/// No beginning of a name is enough, and no other way to name a commit.
fn reference(call: &mut Call<'_>, name: &str) -> Outcome {
    call.needs(READ)?;
    let git = call.git()?;
    git.bytes(&["check-ref-format", name]).ok_or_else(Answer::not_found)?;
    let format = "--format=%(objectname) %(objecttype) %(refname)";
    let listed = git.text(&["for-each-ref", format, name]).ok_or_else(Answer::not_found)?;
    // A folder of names lists what is in it.
    let rows = listed.lines().filter_map(|line| line.split_once(' ').and_then(|(sha, rest)| Some((sha, rest.split_once(' ')?))));
    let found = rows.into_iter().find(|(_, (_, full))| *full == name);
    let (sha, (kind, _)) = found.ok_or_else(Answer::not_found)?;
    let url = |path: &str| call.site.api(&format!("/repos/{}/git/{path}", call.repository));
    Ok(Answer::ok(json!({
        "ref": name,
        "node_id": format!("REF_kwDO{sha}"),
        "url": url(name),
        "object": {"sha": sha, "type": kind, "url": url(&format!("{kind}s/{sha}"))},
    })))
}
