//! Files and folders through the contents API.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::base64;
use super::call::Call;
use super::git::{self, Entry};
use super::site::WEB;

/// Up to here a file comes with its content.
const INLINE: u64 = 1024 * 1024;
/// Beyond this it does not come at all.
const LARGEST: u64 = 100 * 1024 * 1024;
/// Entries of a folder beyond which the rest is left out.
const MAX_ENTRIES: usize = 1000;

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    match (call.request.method.as_str(), path) {
        ("GET", ["contents", path @ ..]) => Some(contents(call, path.join("/").trim_matches('/'))),
        _ => None,
    }
}

fn contents(call: &mut Call<'_>, path: &str) -> Outcome {
    call.needs(git::READ)?;
    let git = call.git()?;
    let reference = call.request.parameter("ref").unwrap_or_else(|| call.repo().default_branch.clone());
    let commit = git.commit(&reference).ok_or_else(|| Answer::error(404, &format!("No commit found for the ref {reference}")))?;
    if path.is_empty() {
        return Ok(folder(call, git.entries(&commit, &[]), "", &reference));
    }
    let entry = git.entries(&format!("{commit}:{}", parent(path)), &[]).into_iter().flatten();
    let entry = entry.map(|entry| Entry { path: join(parent(path), &entry.path), ..entry }).find(|entry| entry.path == path);
    let entry = entry.ok_or_else(Answer::not_found)?;
    match entry.kind.as_str() {
        "tree" => Ok(folder(call, git.entries(&entry.sha, &[]), path, &reference)),
        "commit" => Ok(Answer::ok(shape(call, &entry, &reference))),
        _ => file(call, &entry, &reference),
    }
}

fn file(call: &Call<'_>, entry: &Entry, reference: &str) -> Outcome {
    let size = entry.size.unwrap_or_default();
    if size > LARGEST {
        return Err(Answer::error(403, "This API returns blobs up to 100 MB in size."));
    }
    let bytes = call.git()?.bytes(&["cat-file", "blob", &entry.sha]).ok_or_else(Answer::not_found)?;
    if call.accepts("raw") {
        return Ok(Answer::bytes("application/vnd.github.raw+json; charset=utf-8", bytes));
    }
    let mut shown = shape(call, entry, reference);
    if entry.mode == "120000" {
        shown["target"] = json!(String::from_utf8_lossy(&bytes));
    } else if size > INLINE {
        (shown["content"], shown["encoding"]) = (json!(""), json!("none"));
    } else {
        (shown["content"], shown["encoding"]) = (json!(base64::encode_in_lines(&bytes)), json!("base64"));
    }
    Ok(Answer::ok(shown))
}

fn folder(call: &Call<'_>, entries: Option<Vec<Entry>>, path: &str, reference: &str) -> Answer {
    let entries = entries.into_iter().flatten().take(MAX_ENTRIES);
    let inside = entries.map(|entry| Entry { path: join(path, &entry.path), ..entry });
    let shown: Vec<Value> = inside.map(|entry| shape(call, &entry, reference)).collect();
    if !call.accepts("object") {
        return Answer::ok(Value::Array(shown));
    }
    let whole = Entry { mode: "040000".to_owned(), kind: "tree".to_owned(), sha: String::new(), size: None, path: path.to_owned() };
    let mut whole = shape(call, &whole, reference);
    whole["entries"] = Value::Array(shown);
    Answer::ok(whole)
}

fn shape(call: &Call<'_>, entry: &Entry, reference: &str) -> Value {
    let kind = match (entry.kind.as_str(), entry.mode.as_str()) {
        ("tree", _) => "dir",
        ("commit", _) => "submodule",
        (_, "120000") => "symlink",
        _ => "file",
    };
    let (repository, path) = (&call.repository, super::http::encode(&entry.path));
    let url = call.site.api(&format!("/repos/{repository}/contents/{path}?ref={}", super::http::encode(reference)));
    let git_kind = if kind == "dir" { "trees" } else { "blobs" };
    let git_url = call.site.api(&format!("/repos/{repository}/git/{git_kind}/{}", entry.sha));
    let page = format!("{WEB}/{repository}/{}/{reference}/{path}", if kind == "dir" { "tree" } else { "blob" });
    let download = (kind == "file").then(|| format!("https://raw.githubusercontent.com/{repository}/{reference}/{path}"));
    let mut shown = json!({
        "type": kind,
        "size": entry.size.unwrap_or_default(),
        "name": entry.path.rsplit('/').next(),
        "path": entry.path,
        "sha": entry.sha,
        "url": url,
        "git_url": git_url,
        "html_url": page,
        "download_url": download,
        "_links": {"self": url, "git": git_url, "html": page},
    });
    if kind == "submodule" {
        shown["submodule_git_url"] = json!("https://github.com/acme/submodule.git");
    }
    shown
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
