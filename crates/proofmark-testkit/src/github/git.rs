//! The real git behind a repository: one short-lived program for each question.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::base64;
use super::call::{Call, Need};
use super::site::WEB;

pub(crate) const READ: Need = Need::read(&["contents"]);

/// A repository on disk.
#[derive(Debug, Clone)]
pub(crate) struct Git(PathBuf);

/// One entry of a tree.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) mode: String,
    pub(crate) kind: String,
    pub(crate) sha: String,
    pub(crate) size: Option<u64>,
    pub(crate) path: String,
}

impl Git {
    /// The output of a git command; `None` when it fails.
    pub(crate) fn bytes(&self, arguments: &[&str]) -> Option<Vec<u8>> {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.0).args(["-c", "core.quotePath=false", "-c", "safe.directory=*"]).args(arguments);
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_NO_LAZY_FETCH", "1").env("LC_ALL", "C");
        let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        output.status.success().then_some(output.stdout)
    }

    pub(crate) fn text(&self, arguments: &[&str]) -> Option<String> {
        self.bytes(arguments).map(|bytes| String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    /// The full id of the commit that a branch, a tag or an id names.
    pub(crate) fn commit(&self, name: &str) -> Option<String> {
        let names = [format!("refs/heads/{name}"), format!("refs/tags/{name}"), format!("refs/{name}"), name.to_owned()];
        let plain = name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let candidates = if plain { names.get(3..) } else { names.get(..) }?;
        let id = |name: &String| self.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")]);
        // `HEAD` is a name, but `HEAD~1` and `@{1}` are git's own language, which the service does not speak.
        if name.is_empty() || name.contains(['~', '^', '@', ':', '*', '?', '[', '\\', ' ']) || name.contains("..") {
            return None;
        }
        candidates.iter().find_map(id)
    }

    pub(crate) fn entries(&self, tree: &str, arguments: &[&str]) -> Option<Vec<Entry>> {
        let listed = self.bytes(&[&["ls-tree", "-z", "--long", "--full-tree"], arguments, &[tree]].concat())?;
        let parse = |line: &str| {
            let (facts, path) = line.split_once('\t')?;
            let mut facts = facts.split_whitespace().map(str::to_owned);
            let (mode, kind, sha) = (facts.next()?, facts.next()?, facts.next()?);
            Some(Entry { mode, kind, sha, size: facts.next()?.parse().ok(), path: path.to_owned() })
        };
        Some(String::from_utf8_lossy(&listed).split('\0').filter_map(parse).collect())
    }
}

impl Call<'_> {
    /// The real repository behind the one of the path; without one there are no files.
    pub(crate) fn git(&self) -> Result<Git, Answer> {
        self.repo().git.clone().map(Git).ok_or_else(Answer::not_found)
    }

    /// The full id of a commit that this repository knows.
    pub(crate) fn commit(&self, name: &str) -> Option<String> {
        if let Some(id) = self.git().ok().and_then(|git| git.commit(name)) {
            return Some(id);
        }
        let pulls = self.repo().issues.values().filter_map(|issue| issue.pull.as_ref());
        let mut sides = pulls.flat_map(|pull| [&pull.head, &pull.base]);
        if let Some(side) = sides.find(|side| side.sha == name || (side.repo.is_empty() && side.branch == name)) {
            return Some(side.sha.clone());
        }
        // Without a real repository every id counts as known.
        let id = name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        (id && self.repo().git.is_none()).then(|| name.to_owned())
    }
}

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", ["git", "trees", tree @ ..]) => trees(call, &tree.join("/")),
        ("GET", ["git", "blobs", sha]) => blobs(call, sha),
        ("GET", ["git", "commits", sha]) => git_commit(call, sha),
        ("GET", ["commits", reference @ ..]) if !reference.is_empty() => commit(call, &reference.join("/")),
        _ => return None,
    })
}

fn trees(call: &mut Call<'_>, name: &str) -> Outcome {
    call.needs(READ)?;
    let git = call.git()?;
    let known = git.commit(name).and_then(|commit| git.text(&["rev-parse", &format!("{commit}^{{tree}}")]));
    let object = || git.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{tree}}")]);
    let tree = known.or_else(object).ok_or_else(Answer::not_found)?;
    // Any value but absence means yes, even `0`.
    let recursive = call.request.parameter("recursive").is_some();
    let flags: &[&str] = if recursive { &["-r", "-t"] } else { &[] };
    let mut entries = git.entries(&tree, flags).ok_or_else(Answer::not_found)?;
    let truncated = entries.len() > call.repo().tree_limit;
    entries.truncate(call.repo().tree_limit);
    let url = |kind: &str, sha: &str| call.site.api(&format!("/repos/{}/git/{kind}s/{sha}", call.repository));
    let shown = entries.iter().map(|entry| {
        let mut shown = json!({"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha});
        if let Some(size) = entry.size {
            shown["size"] = json!(size);
        }
        if entry.kind != "commit" {
            shown["url"] = json!(url(&entry.kind, &entry.sha));
        }
        shown
    });
    let shown: Vec<Value> = shown.collect();
    Ok(Answer::ok(json!({"sha": tree, "url": url("tree", &tree), "tree": shown, "truncated": truncated})))
}

fn blobs(call: &mut Call<'_>, sha: &str) -> Outcome {
    call.needs(READ)?;
    let bytes = call.git()?.bytes(&["cat-file", "blob", sha]).ok_or_else(Answer::not_found)?;
    if call.accepts("raw") {
        return Ok(Answer::bytes("application/vnd.github.raw+json; charset=utf-8", bytes));
    }
    Ok(Answer::ok(json!({
        "sha": sha,
        "node_id": format!("B_kwDO{sha}"),
        "size": bytes.len(),
        "url": call.site.api(&format!("/repos/{}/git/blobs/{sha}", call.repository)),
        "content": base64::encode_in_lines(&bytes),
        "encoding": "base64",
    })))
}

/// What git says of a commit.
pub(crate) struct Commit {
    pub(crate) sha: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    author: Value,
    committer: Value,
    pub(crate) message: String,
}

impl Git {
    pub(crate) fn show(&self, sha: &str) -> Option<Commit> {
        let format = "--format=%H%n%T%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B";
        let text = self.text(&["show", "--no-patch", format, sha])?;
        let mut lines = text.splitn(10, '\n').map(str::to_owned);
        let mut next = || lines.next().unwrap_or_default();
        let (sha, tree, parents) = (next(), next(), next());
        let mut person = || {
            let (name, email, seconds) = (next(), next(), next());
            json!({"name": name, "email": email, "date": super::clock::rfc3339(seconds.parse().unwrap_or_default())})
        };
        let (author, committer) = (person(), person());
        let parents = parents.split_whitespace().map(str::to_owned).collect();
        Some(Commit { sha, tree, parents, author, committer, message: next() })
    }
}

fn git_commit(call: &mut Call<'_>, sha: &str) -> Outcome {
    call.needs(READ)?;
    let commit = call.git()?.show(sha).filter(|commit| commit.sha == sha).ok_or_else(Answer::not_found)?;
    let url = |kind: &str, sha: &str| call.site.api(&format!("/repos/{}/git/{kind}/{sha}", call.repository));
    let page = |sha: &str| format!("{WEB}/{}/commit/{sha}", call.repository);
    let parent = |sha: &String| json!({"sha": sha, "url": url("commits", sha), "html_url": page(sha)});
    Ok(Answer::ok(json!({
        "sha": sha,
        "node_id": format!("C_kwDO{sha}"),
        "url": url("commits", sha),
        "html_url": page(sha),
        "author": commit.author,
        "committer": commit.committer,
        "tree": {"sha": commit.tree, "url": url("trees", &commit.tree)},
        "message": commit.message,
        "parents": commit.parents.iter().map(parent).collect::<Vec<_>>(),
        "verification": unverified(),
    })))
}

fn commit(call: &mut Call<'_>, reference: &str) -> Outcome {
    call.needs(READ)?;
    let git = call.git()?;
    let Some(sha) = git.commit(reference) else {
        return Err(Answer::error(422, &format!("No commit found for SHA: {reference}")));
    };
    if call.accepts("sha") {
        return Ok(Answer::bytes("application/vnd.github.sha; charset=utf-8", sha.into_bytes()));
    }
    let commit = git.show(&sha).ok_or_else(Answer::not_found)?;
    let mut shown = shape(call, &commit);
    let parent = commit.parents.first().map_or("4b825dc642cb6eb9a060e54bf8d69288fbee4904", String::as_str);
    let files = super::compare::between(call, parent, &sha);
    let total = |field: &str| files.iter().filter_map(|file| file[field].as_u64()).sum::<u64>();
    shown["stats"] = json!({"total": total("changes"), "additions": total("additions"), "deletions": total("deletions")});
    shown["files"] = json!(files);
    Ok(Answer::ok(shown))
}

/// A `commit`, as lists and comparisons hold it.
pub(crate) fn shape(call: &Call<'_>, commit: &Commit) -> Value {
    let url = |path: &str| call.site.api(&format!("/repos/{}/{path}", call.repository));
    let page = |sha: &str| format!("{WEB}/{}/commit/{sha}", call.repository);
    let parent = |sha: &String| json!({"sha": sha, "url": url(&format!("commits/{sha}")), "html_url": page(sha)});
    let sha = &commit.sha;
    json!({
        "sha": sha,
        "node_id": format!("C_kwDO{sha}"),
        "url": url(&format!("commits/{sha}")),
        "html_url": page(sha),
        "comments_url": url(&format!("commits/{sha}/comments")),
        "commit": {
            "url": url(&format!("git/commits/{sha}")),
            "author": commit.author,
            "committer": commit.committer,
            "message": commit.message,
            "comment_count": 0,
            "tree": {"sha": commit.tree, "url": url(&format!("git/trees/{}", commit.tree))},
            "verification": unverified(),
        },
        // Addresses of these commits belong to no account.
        "author": null,
        "committer": null,
        "parents": commit.parents.iter().map(parent).collect::<Vec<_>>(),
    })
}

fn unverified() -> Value {
    json!({"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null})
}
