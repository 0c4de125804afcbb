//! Workflow runs, what they upload, and events that are asked for.

use std::io::{Cursor, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::answer::{Answer, Outcome};
use super::base64;
use super::call::{Call, Need, text};
use super::checks::pulls;
use super::clock::real_seconds;
use super::comments::number;
use super::site::WEB;
use super::{paging, world};

const READ: Need = Need::read(&["actions"]);
/// Seconds that the address of a download is good for.
const DOWNLOAD_LASTS: u64 = 60;

/// One run of a workflow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// Its number.
    pub id: u64,
    /// The workflow's name.
    pub name: String,
    /// Such as `pull_request`.
    pub event: String,
    /// The branch that it ran for.
    pub head_branch: String,
    /// The commit that it ran for.
    pub head_sha: String,
    /// `owner/name` that the commit came from; empty for this repository.
    pub head_repository: String,
    /// `completed`, as a rule.
    pub status: String,
    /// `success` and so on.
    pub conclusion: Option<String>,
    /// From 1.
    pub run_attempt: u64,
    /// When it began.
    pub created_at: String,
}

/// What a run uploaded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Artifact {
    /// Its number.
    pub id: u64,
    /// The run that made it.
    pub run: u64,
    /// Its name.
    pub name: String,
    /// The archive, in base64.
    pub zip: String,
    /// Deleted since.
    pub expired: bool,
    /// Of the archive, `sha256:..`, if it is to be told.
    pub digest: Option<String>,
    /// When it was uploaded.
    pub created_at: String,
}

/// An event that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dispatch {
    /// The workflow's file or number; empty for a `repository_dispatch`.
    pub workflow: String,
    /// The whole request.
    pub body: Value,
}

impl Run {
    /// A completed run for a pull request.
    pub fn of_pull_request(id: u64, head_branch: &str, head_sha: &str) -> Self {
        Self { id, event: "pull_request".to_owned(), head_branch: head_branch.to_owned(), head_sha: head_sha.to_owned(), ..Self::default() }
    }

    pub(crate) fn settle(&mut self, id: u64, now: &str) {
        self.id = id;
        for (field, value) in
            [(&mut self.name, "metrics"), (&mut self.event, "push"), (&mut self.status, "completed"), (&mut self.created_at, now)]
        {
            if field.is_empty() {
                value.clone_into(field);
            }
        }
        if self.status == "completed" && self.conclusion.is_none() {
            self.conclusion = Some("success".to_owned());
        }
        self.run_attempt = self.run_attempt.max(1);
    }
}

impl Artifact {
    /// An archive of these files.
    ///
    /// # Panics
    /// When the archive cannot be written: the test is wrong.
    pub fn of(id: u64, run: u64, name: &str, files: &[(&str, &[u8])]) -> Self {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in files {
            writer.start_file(*path, SimpleFileOptions::default()).unwrap_or_else(|error| panic!("cannot begin {path}: {error}"));
            writer.write_all(bytes).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
        }
        let bytes = writer.finish().unwrap_or_else(|error| panic!("cannot end the archive: {error}")).into_inner();
        Self::with_bytes(id, run, name, &bytes)
    }

    /// Any bytes, whether or not they are an archive, with their digest.
    pub fn with_bytes(id: u64, run: u64, name: &str, bytes: &[u8]) -> Self {
        let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let digest = Some(format!("sha256:{hex}"));
        Self { id, run, name: name.to_owned(), zip: base64::encode(bytes), digest, ..Self::default() }
    }

    /// The archive's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        base64::decode(&self.zip).unwrap_or_default()
    }

    pub(crate) fn settle(&mut self, id: u64, now: &str) {
        self.id = id;
        if self.created_at.is_empty() {
            now.clone_into(&mut self.created_at);
        }
    }
}

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", ["actions", "runs", run]) => get(call, number(run)?),
        ("GET", ["actions", "runs", run, "artifacts"]) => list(call, number(run)?),
        ("GET", ["actions", "artifacts", id]) => artifact(call, number(id)?),
        ("GET", ["actions", "artifacts", id, "zip"]) => download(call, number(id)?),
        ("POST", ["actions", "workflows", workflow, "dispatches"]) => start(call, workflow),
        ("POST", ["dispatches"]) => dispatch(call),
        _ => return None,
    })
}

fn get(call: &mut Call<'_>, id: u64) -> Outcome {
    call.needs(READ)?;
    Ok(Answer::ok(run_shape(call, find(call, id)?)))
}

fn find<'a>(call: &'a Call<'_>, id: u64) -> Result<&'a Run, Answer> {
    call.repo().runs.get(&id).ok_or_else(Answer::not_found)
}

fn list(call: &mut Call<'_>, run: u64) -> Outcome {
    call.needs(READ)?;
    find(call, run)?;
    let name = call.request.parameter("name");
    let of_run = call.repo().artifacts.values().filter(|artifact| artifact.run == run);
    let named = of_run.filter(|artifact| name.as_ref().is_none_or(|name| *name == artifact.name));
    let shown = named.map(|artifact| shape(call, artifact)).collect();
    Ok(paging::counted(call, "artifacts", shown))
}

fn artifact(call: &mut Call<'_>, id: u64) -> Outcome {
    call.needs(READ)?;
    let artifact = call.repo().artifacts.get(&id).ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(shape(call, artifact)))
}

/// The one read that anonymous requests cannot make even where all is public.
fn download(call: &mut Call<'_>, id: u64) -> Outcome {
    call.has(READ)?;
    let artifact = call.repo().artifacts.get(&id).ok_or_else(Answer::not_found)?;
    if artifact.expired {
        return Err(Answer::error(410, "Artifact has expired"));
    }
    let until = real_seconds() + DOWNLOAD_LASTS;
    let location = format!("{}/artifacts/{}/{id}.zip?se={until}&sig=fake", call.storage, call.repo().id);
    Ok(Answer::empty(302).header("Location", location))
}

fn start(call: &mut Call<'_>, workflow: &str) -> Outcome {
    call.has(Need::write(&["actions"]))?;
    let known = call.repo().workflows.get(workflow).cloned().ok_or_else(Answer::not_found)?;
    let body = call.body()?;
    let reference = text(&body, "ref").ok_or_else(|| Answer::not_supplied("ref"))?;
    let short = reference.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
    if call.repo().git.is_some() && call.commit(short).is_none() {
        return Err(Answer::error(422, &format!("No ref found for: {reference}")));
    }
    let inputs = body["inputs"].as_object().cloned().unwrap_or_default();
    let unknown: Vec<&str> = inputs.keys().map(String::as_str).filter(|name| !known.iter().any(|input| input == name)).collect();
    if !unknown.is_empty() {
        return Err(Answer::error(422, &format!("Unexpected inputs provided: {unknown:?}")));
    }
    call.repo_mut().dispatches.push(Dispatch { workflow: workflow.to_owned(), body: body.clone() });
    if body["return_run_details"] != json!(true) {
        return Ok(Answer::empty(204));
    }
    let id = call.world.next_id();
    let run = format!("{}/actions/runs/{id}", call.repository);
    Ok(Answer::ok(json!({
        "workflow_run_id": id,
        "run_url": call.site.api(&format!("/repos/{run}")),
        "html_url": format!("{WEB}/{run}"),
    })))
}

fn dispatch(call: &mut Call<'_>) -> Outcome {
    call.has(Need::write(&["contents"]))?;
    let body = call.body()?;
    let event = text(&body, "event_type").ok_or_else(|| Answer::not_supplied("event_type"))?;
    if event.is_empty() || event.chars().count() > 100 {
        return Err(Answer::error(422, "event_type must be between 1 and 100 characters"));
    }
    if body["client_payload"].as_object().is_some_and(|payload| payload.len() > 10) {
        return Err(Answer::error(422, "No more than 10 properties are allowed; client_payload has too many properties"));
    }
    call.repo_mut().dispatches.push(Dispatch { workflow: String::new(), body });
    Ok(Answer::empty(204))
}

fn shape(call: &Call<'_>, artifact: &Artifact) -> Value {
    let url = call.site.api(&format!("/repos/{}/actions/artifacts/{}", call.repository, artifact.id));
    let run = call.repo().runs.get(&artifact.run).cloned().unwrap_or_default();
    let id = call.repo().id;
    let head = if run.head_repository.is_empty() { id } else { super::site::user_id(&run.head_repository) };
    json!({
        "id": artifact.id,
        "node_id": format!("MDg6QXJ0aWZhY3Q{}", artifact.id),
        "name": artifact.name,
        "size_in_bytes": artifact.bytes().len(),
        "url": url,
        "archive_download_url": format!("{url}/zip"),
        "expired": artifact.expired,
        "digest": artifact.digest,
        "created_at": artifact.created_at,
        "updated_at": artifact.created_at,
        "expires_at": "2037-01-01T00:00:00Z",
        "workflow_run": {
            "id": artifact.run,
            "repository_id": id,
            "head_repository_id": head,
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
        },
    })
}

fn run_shape(call: &Call<'_>, run: &Run) -> Value {
    let base = call.site.api(&format!("/repos/{}", call.repository));
    let url = format!("{base}/actions/runs/{}", run.id);
    let own = call.site.minimal_repository(&call.repository, call.repo());
    let head = if run.head_repository.is_empty() || run.head_repository == call.repository {
        own.clone()
    } else {
        let fork = world::Repository { id: super::site::user_id(&run.head_repository), fork: true, ..Default::default() };
        call.site.minimal_repository(&run.head_repository, &fork)
    };
    json!({
        "id": run.id,
        "name": run.name,
        "node_id": format!("WFR_kwDO{}", run.id),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": ".github/workflows/metrics.yml",
        "display_title": run.name,
        "run_number": 1,
        "run_attempt": run.run_attempt,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": 5_000_000_000_u64,
        "check_suite_id": 4_000_000_000_u64 + run.id,
        "check_suite_node_id": format!("CS_kwDO{}", run.id),
        "url": url,
        "html_url": format!("{WEB}/{}/actions/runs/{}", call.repository, run.id),
        "pull_requests": pulls(call, &run.head_sha),
        "created_at": run.created_at,
        "updated_at": run.created_at,
        "run_started_at": run.created_at,
        "actor": call.site.user("octocat"),
        "triggering_actor": call.site.user("octocat"),
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{base}/check-suites/{}", 4_000_000_000_u64 + run.id),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": null,
        "workflow_url": format!("{base}/actions/workflows/5000000000"),
        "head_commit": null,
        "repository": own,
        "head_repository": head,
    })
}
