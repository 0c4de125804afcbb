//! What runs, checks, deployments and packages tell: things that came of a commit.

use proofmark_core::event::{Event, Mark, Run};
use proofmark_core::run::Place;
use serde_json::Value;

use super::{deepest, name_of, time};
use crate::actions::HostError;
use crate::actions::events::{lies_elsewhere, only_pull, pulls_of};
use crate::actions::payload::{LONGEST_NAME, Part, is_commit};

pub(super) fn workflow_run(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    let source = root.at("workflow_run")?;
    let fork = lies_elsewhere(&source, "head_repository", &source.at("repository")?, event.repository.as_deref())?.unwrap_or(true);
    let mut run = unknown(fork);
    run.id = source.number("id")?;
    run.name = match source.owned_text("name")? {
        // The workflow of a `workflow_dispatch` is a text, and not read here.
        None => root.owned_text("workflow.name")?,
        name => name,
    };
    let title = source.at("display_title")?.long_text()?;
    run.title = title.map(|title| title.chars().take(LONGEST_NAME).collect());
    run.event = source.owned_text("event")?;
    run.status = source.owned_text("status")?;
    run.conclusion = source.owned_text("conclusion")?;
    event.depth = deepest(title.into_iter().flat_map(Mark::all));
    event.time = time(&source, &["updated_at", "run_started_at", "created_at"])?;
    // A fork may call its branches what it wants, `main` as well.
    let branch = source.owned_text("head_branch")?;
    event.branch = branch.clone().filter(|_| !fork);
    event.head = Place::new(branch, source.commit("head_sha")?);
    with_pull(event, root, &source, fork)?;
    if run.event.as_deref().is_some_and(|event| event.starts_with("pull_request")) && event.pull_request.is_some() {
        event.branch.clone_from(&event.base.branch);
    }
    event.run = Some(run);
    Ok(())
}

/// The pull request that a run or check is about, where it is only one.
fn with_pull(event: &mut Event, root: &Part<'_>, part: &Part<'_>, fork: bool) -> Result<(), HostError> {
    let pulls = pulls_of(&part.rows("pull_requests")?, event.head.commit.as_deref(), root.number("repository.id")?)?;
    if let Some((base, pull)) = only_pull(&pulls, fork)? {
        (event.base, event.pull_request) = (base, Some(pull));
    }
    Ok(())
}

pub(super) fn deployment(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    let (part, status) = (root.at("deployment")?, root.at("deployment_status")?);
    let reference = part.text("ref")?;
    // That of a pull request, which may be a fork's.
    let mut run = unknown(reference.is_some_and(|reference| reference.starts_with("refs/pull/")));
    run.id = part.number("id")?;
    run.name = match status.owned_text("environment")? {
        None => part.owned_text("environment")?,
        name => name,
    };
    run.conclusion = status.owned_text("state")?;
    if let Some(reference) = reference {
        name_of(event, reference);
    }
    event.head = Place::new(event.branch.clone().or_else(|| event.tag.clone()), part.commit("sha")?);
    event.depth = deepest(marks_of_payload(part.value("payload")).into_iter());
    event.time = match time(&status, &["updated_at", "created_at"])? {
        None => time(&part, &["updated_at", "created_at"])?,
        told => told,
    };
    event.run = Some(run);
    Ok(())
}

/// The payload of a deployment is an object, or a text that may hold one.
fn marks_of_payload(payload: &Value) -> Vec<Mark> {
    match payload {
        Value::String(text) => Mark::all(text).collect(),
        payload => payload.get("proofmark").and_then(Value::as_str).and_then(Mark::parse).into_iter().collect(),
    }
}

pub(super) fn check_run(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    let check = root.at("check_run")?;
    let name = check.owned_text("name")?;
    event.time = time(&check, &["completed_at", "started_at"])?;
    checked(event, root, &check, name, check.owned_text("check_suite.head_branch")?)
}

pub(super) fn check_suite(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    let suite = root.at("check_suite")?;
    let name = match suite.owned_text("app.slug")? {
        None => suite.owned_text("app.name")?,
        slug => slug,
    };
    event.time = time(&suite, &["updated_at", "created_at"])?;
    checked(event, root, &suite, name, suite.owned_text("head_branch")?)
}

fn checked(event: &mut Event, root: &Part<'_>, check: &Part<'_>, name: Option<String>, branch: Option<String>) -> Result<(), HostError> {
    // GitHub names no branch for commits of forks.
    let mut run = unknown(branch.is_none());
    run.id = check.number("id")?;
    run.name = name;
    run.status = check.owned_text("status")?;
    run.conclusion = check.owned_text("conclusion")?;
    event.branch.clone_from(&branch);
    event.head = Place::new(branch, check.commit("head_sha")?);
    with_pull(event, root, check, run.fork)?;
    event.run = Some(run);
    Ok(())
}

pub(super) fn status(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    let commit = root.commit("sha")?;
    let mut branches = Vec::new();
    for branch in root.rows("branches")? {
        branches.push((branch.owned_text("name")?, branch.commit("commit.sha")?));
    }
    // A commit that no branch of ours holds may be a fork's.
    let mut run = unknown(branches.is_empty());
    run.id = root.number("id")?;
    run.name = root.owned_text("context")?;
    run.conclusion = root.owned_text("state")?;
    let mut tips = branches.into_iter().filter(|(_, tip)| tip.is_some() && *tip == commit);
    event.branch = match (tips.next(), tips.next()) {
        (Some((name, _)), None) => name,
        _ => None,
    };
    event.head = Place::new(event.branch.clone(), commit);
    event.time = time(root, &["updated_at"])?;
    event.run = Some(run);
    Ok(())
}

pub(super) fn package(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    let old = root.at("package")?;
    let package = if old.is_missing() { root.at("registry_package")? } else { old };
    let version = package.at("package_version")?;
    event.tag = match version.owned_text("tag_name")? {
        None => version.owned_text("container_metadata.tag.name")?,
        tag => tag,
    };
    let mut run = Run::default();
    run.id = package.number("id")?;
    run.name = package.owned_text("name")?;
    let commit = version.text("target_oid")?.filter(|id| is_commit(id)).map(str::to_ascii_lowercase);
    event.head = Place::new(event.tag.clone(), commit);
    event.time = time(&package, &["updated_at", "created_at"])?;
    event.run = Some(run);
    Ok(())
}

/// A run of which only that is known.
pub(super) fn unknown(fork: bool) -> Run {
    let mut run = Run::default();
    run.fork = fork;
    run
}
