//! The fake GitHub for tests in other languages: `fake_github WORLD.json` prints one line of JSON with its addresses,
//! `{"url": .., "graphql_url": .., "storage_url": ..}`, and serves until its standard input ends.
//!
//! The world, where every field may be left out (`-` instead of a file is an empty world):
//!
//! ```json
//! {
//!   "repositories": {
//!     "acme/widgets": {
//!       "id": 186853002, "private": false, "fork": false, "default_branch": "main",
//!       "git": "/path/of/a/repository",
//!       "collaborators": {"ada": "write"},
//!       "issues": {
//!         "7": {
//!           "title": "A change", "author": "ada", "state": "open", "locked": false, "labels": [],
//!           "pull": {
//!             "head": {"ref": "work", "sha": "<40 digits>", "repo": "outsider/widgets", "gone": false},
//!             "base": {"ref": "main", "sha": "<40 digits>"},
//!             "draft": false, "merged": false, "merge_commit_sha": null,
//!             "reviewers": [], "team_reviewers": [], "reviews": [{"user": "rita", "state": "APPROVED", "body": ""}]
//!           }
//!         }
//!       },
//!       "comments": {"1001": {"issue": 7, "login": "ada", "body": "Text"}},
//!       "runs": {"42": {"event": "pull_request", "head_sha": "<40 digits>", "head_branch": "work", "head_repository": ""}},
//!       "artifacts": {"43": {"run": 42, "name": "report", "zip": "<base64>", "expired": false, "digest": null}},
//!       "workflows": {"metrics.yml": ["input"]},
//!       "rules": {"main": [{"type": "required_status_checks", "parameters": {"..": 0}}]},
//!       "protections": {"main": {"..": 0}}
//!     }
//!   },
//!   "tokens": {
//!     "ghs_text": {
//!       "login": "github-actions[bot]", "kind": "actions", "repository": "acme/widgets",
//!       "permissions": {"metadata": "read", "issues": "write", "checks": "none"},
//!       "limit": 15000, "used": 0
//!     }
//!   }
//! }
//! ```
//!
//! `kind` is `actions` (GITHUB_TOKEN), `personal` or `app`. While it runs:
//!
//! - `GET /__state` gives the whole world as it is now, without the tokens. Besides the above there are `check_runs` and
//!   `statuses` by id, `dispatches`, and in comments `minimized` and `reactions`.
//! - `GET /__requests` gives what was asked and answered, as in [`proofmark_testkit::github::traffic`].
//! - `POST /__world` merges another such document: objects key by key, everything else replaces.
//! - `POST /__fault` makes something go wrong, `DELETE /__fault` ends all of that:
//!   `{"method": "POST", "path": "/repos/*/comments", "hits": {"nth": 1}, "what": {"status_after": 502}}`.
//!   `hits` is `"all"`, `{"nth": n}`, `{"first": n}` or `{"chance": [0.3, seed]}`; `what` is `{"status_before": 502}`,
//!   `{"status_after": 502}`, `"cut_before"`, `"cut_after"`, `"cut_in_body"`, `{"secondary_limit": null}` or with seconds,
//!   `{"too_many_requests": 1}`, `{"primary_limit": 60}`, `{"slow": 500}`, `{"html": 502}`, `"empty"`, `"truncated"`,
//!   `"wrong_shape"` or `"endless"`.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::{env, fs, io};

use proofmark_testkit::github::{FakeGitHub, World};
use serde_json::{Value, json};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(io::stderr(), "fake_github: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let path = env::args().nth(1).ok_or("usage: fake_github WORLD.json")?;
    let document = if path == "-" { "{}".to_owned() } else { fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))? };
    let document: Value = serde_json::from_str(&document).map_err(|error| format!("{path}: {error}"))?;
    let github = FakeGitHub::start_with_control(World::from_json(document).map_err(|error| format!("{path}: {error}"))?);
    let addresses = json!({"url": github.url(), "graphql_url": github.graphql_url(), "storage_url": github.storage_url()});
    let mut out = io::stdout();
    writeln!(out, "{addresses}").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    // Whoever started it need not stop it: the pipe ends with them.
    io::stdin().read_to_end(&mut Vec::new()).map_err(|error| error.to_string())?;
    Ok(())
}
