//! What each event tells.

mod runs;

use proofmark_core::event::{Actor, Comment, Event, Kind, Mark, Push, Sender};
use proofmark_core::run::Place;
use serde_json::Value;

use super::moment;
use crate::actions::HostError;
use crate::actions::events::{branch_name, facts, lies_elsewhere, short_name};
use crate::actions::payload::{LONGEST_NAME, Part, is_commit};

/// Characters of a comment at most; GitHub takes 65,536.
const LONGEST_COMMENT: usize = 262_144;

/// Bytes of the inputs at most, written as JSON; GitHub takes 65,535.
const MOST_INPUTS: usize = 262_144;

/// The depth that stands for every greater one.
const DEEPEST: u32 = 99;

/// What is known of an event beside its payload.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The repository that it happened in.
    pub(super) repository: Option<String>,
    /// The number of the pull request.
    pub(super) number: Option<u64>,
}

/// The event of this kind that a payload tells of.
pub(super) fn read(kind: Kind, root: &Part<'_>, known: &Known) -> Result<Event, HostError> {
    let mut event = Event::new(Sender::Github, kind.clone());
    if kind.is_unknown() {
        untyped(&mut event, root, known);
        return Ok(event);
    }
    event.action = root.owned_text("action")?;
    event.repository = match &known.repository {
        None => root.repository("repository.full_name")?,
        known => known.clone(),
    };
    event.default_branch = root.owned_text("repository.default_branch")?;
    event.actor = actor(&root.at("sender")?)?;
    match kind {
        Kind::Push => push(&mut event, root)?,
        Kind::PullRequest => pull_request(&mut event, root, known)?,
        Kind::MergeGroup => merge_group(&mut event, root)?,
        Kind::Comment => comment(&mut event, root)?,
        Kind::WorkflowRun => runs::workflow_run(&mut event, root)?,
        Kind::WorkflowDispatch => workflow_dispatch(&mut event, root)?,
        Kind::RepositoryDispatch => repository_dispatch(&mut event, root)?,
        Kind::Schedule => event.schedule = root.owned_text("schedule")?,
        Kind::Release => release(&mut event, root)?,
        Kind::Deployment | Kind::DeploymentStatus => runs::deployment(&mut event, root)?,
        Kind::CheckRun => runs::check_run(&mut event, root)?,
        Kind::CheckSuite => runs::check_suite(&mut event, root)?,
        Kind::Status => runs::status(&mut event, root)?,
        Kind::Package => runs::package(&mut event, root)?,
        // Of other senders, or without a type.
        _ => {}
    }
    Ok(event)
}

/// Of an event of tomorrow nothing is promised: what has another form than today's is left out. What may be a stranger's has to
/// stay one, whatever its form.
fn untyped(event: &mut Event, root: &Part<'_>, known: &Known) {
    event.action = root.owned_text("action").ok().flatten();
    event.repository = known.repository.clone().or_else(|| root.repository("repository.full_name").ok().flatten());
    event.default_branch = root.owned_text("repository.default_branch").ok().flatten();
    event.actor = root.at("sender").and_then(|sender| actor(&sender)).ok().flatten();
    let is_there = |part: &&str| !root.value(part).is_null();
    let Some(part) = ["pull_request", "issue", "workflow_run"].into_iter().find(is_there) else { return };
    let mut more = event.clone();
    let read = match part {
        "pull_request" => pull_request(&mut more, root, known),
        "issue" => root.at(part).and_then(|part| issue(&mut more, &part)).map(|_| ()),
        _ => runs::workflow_run(&mut more, root),
    };
    match read {
        Ok(()) => *event = more,
        Err(_) => event.run = Some(runs::unknown(true)),
    }
}

fn actor(account: &Part<'_>) -> Result<Option<Actor>, HostError> {
    let bot = account.text("type")? == Some("Bot");
    Ok(account.text("login")?.map(|login| Actor::new(login, bot)))
}

/// The first of some places that tells a moment: as text, or as seconds since 1970.
fn time(root: &Part<'_>, paths: &[&str]) -> Result<Option<u64>, HostError> {
    for path in paths {
        let told = match root.value(path) {
            Value::Number(number) => number.as_u64(),
            _ => root.text(path)?.and_then(moment::seconds),
        };
        if told.is_some() {
            return Ok(told);
        }
    }
    Ok(None)
}

/// Branch or tag of a reference. One that has no prefix is a branch; a commit, and `refs/pull/1/merge`, are neither.
pub(super) fn name_of(event: &mut Event, reference: &str) {
    let Some(name) = short_name(reference).filter(|name| !is_commit(name)).map(str::to_owned) else { return };
    if reference.starts_with("refs/tags/") { event.tag = Some(name) } else { event.branch = Some(name) }
}

fn push(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    let reference = root.text("ref")?;
    if let Some(reference) = reference {
        name_of(event, reference);
    }
    let name = reference.and_then(short_name).map(str::to_owned);
    let (before, after) = (root.commit("before")?, root.commit("after")?);
    let is_zero = |told: &Option<String>, path| Ok::<bool, HostError>(told.is_none() && root.text(path)?.is_some());
    let mut push = Push::default();
    push.created = root.flag("created")? || is_zero(&before, "before")?;
    push.deleted = root.flag("deleted")? || is_zero(&after, "after")?;
    push.forced = root.flag("forced")?;
    event.base = Place::new(name.clone(), before);
    event.head = Place::new(name, after.filter(|_| !push.deleted));
    event.push = Some(push);
    // The server's time; that of the commit is what its author wanted.
    event.time = time(root, &["repository.pushed_at", "head_commit.timestamp"])?;
    Ok(())
}

fn pull_request(event: &mut Event, root: &Part<'_>, known: &Known) -> Result<(), HostError> {
    let pull = root.at("pull_request")?;
    if pull.is_missing() {
        return Ok(());
    }
    let (head, base) = (pull.at("head")?, pull.at("base")?);
    event.head = Place::new(head.owned_text("ref")?, head.commit("sha")?);
    event.base = Place::new(base.owned_text("ref")?, base.commit("sha")?);
    event.branch.clone_from(&event.base.branch);
    let fork = lies_elsewhere(&head, "repo", &base.at("repo")?, event.repository.as_deref())?.unwrap_or(true);
    let number = match pull.number("number")? {
        None => root.number("number")?.or(known.number),
        told => told,
    };
    let number = number.ok_or_else(|| missing(&pull, "number"))?;
    event.pull_request = Some(facts(&pull, number, fork)?);
    event.merged = pull.flag("merged")?;
    if matches!(event.action.as_deref(), Some("labeled" | "unlabeled")) {
        event.label = root.owned_text("label.name")?;
    }
    event.time = time(&pull, &["updated_at"])?;
    Ok(())
}

fn merge_group(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    let group = root.at("merge_group")?;
    let branch = |path| Ok::<_, HostError>(group.text(path)?.map(|reference| branch_name(reference).to_owned()));
    event.base = Place::new(branch("base_ref")?, group.commit("base_sha")?);
    event.head = Place::new(branch("head_ref")?, group.commit("head_sha")?);
    event.branch.clone_from(&event.base.branch);
    event.time = time(&group, &["head_commit.timestamp"])?;
    Ok(())
}

fn comment(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    let issue_part = root.at("issue")?;
    let is_on_pull_request = issue(event, &issue_part)?;
    let part = root.at("comment")?;
    if part.is_missing() {
        return Ok(());
    }
    let id = part.number("id")?.ok_or_else(|| missing(&part, "id"))?;
    let on = issue_part.number("number")?.ok_or_else(|| missing(&issue_part, "number"))?;
    let body = part.at("body")?.long_text()?.unwrap_or_default();
    if body.len() > LONGEST_COMMENT && body.chars().count() > LONGEST_COMMENT {
        return Err(part.at("body")?.wrong("is longer than 262144 characters"));
    }
    let mut comment = Comment::new(id, on, body);
    comment.author = actor(&part.at("user")?)?;
    comment.created = time(&part, &["created_at"])?;
    comment.on_pull_request = is_on_pull_request;
    comment.open = issue_part.text("state")? == Some("open");
    event.time = time(&part, &["updated_at", "created_at"])?;
    event.comment = Some(comment);
    Ok(())
}

/// Whether it is a pull request. Such a payload does not tell where its head lies, so that it may be a fork's.
fn issue(event: &mut Event, issue: &Part<'_>) -> Result<bool, HostError> {
    if issue.is_missing() || issue.at("pull_request")?.is_missing() {
        return Ok(false);
    }
    let number = issue.number("number")?.ok_or_else(|| missing(issue, "number"))?;
    event.pull_request = Some(facts(issue, number, true)?);
    Ok(true)
}

fn workflow_dispatch(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    if let Some(reference) = root.text("ref")? {
        name_of(event, reference);
        event.head.branch = short_name(reference).map(str::to_owned);
    }
    inputs(event, root, "inputs")?;
    let texts = event.inputs.values().filter_map(Value::as_str);
    event.depth = deepest(texts.filter_map(Mark::parse));
    Ok(())
}

fn repository_dispatch(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    event.branch = root.owned_text("branch")?;
    event.head.branch.clone_from(&event.branch);
    inputs(event, root, "client_payload")?;
    event.depth = deepest(event.inputs.get("proofmark").and_then(Value::as_str).and_then(Mark::parse).into_iter());
    Ok(())
}

fn inputs(event: &mut Event, root: &Part<'_>, path: &str) -> Result<(), HostError> {
    let Some(object) = root.object(path)? else { return Ok(()) };
    if root.value(path).to_string().len() > MOST_INPUTS {
        return Err(root.at(path)?.wrong("is longer than 262144 bytes"));
    }
    let is_long = |name: &String| name.chars().count() > LONGEST_NAME;
    if object.keys().any(is_long) {
        return Err(root.at(path)?.wrong("has a name that is longer than 1000 characters"));
    }
    event.inputs = object.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok(())
}

fn release(event: &mut Event, root: &Part<'_>) -> Result<(), HostError> {
    let release = root.at("release")?;
    event.tag = release.owned_text("tag_name")?;
    // The place that the tag was made from: a branch, or a commit when somebody chose one.
    let from = release.text("target_commitish")?;
    let commit = from.filter(|from| is_commit(from)).map(str::to_ascii_lowercase);
    event.base.branch = from.filter(|from| !is_commit(from)).map(|from| branch_name(from).to_owned());
    event.head = Place::new(event.tag.clone(), commit);
    event.time = time(&release, &["published_at", "created_at"])?;
    Ok(())
}

fn deepest(marks: impl Iterator<Item = Mark>) -> u32 {
    marks.map(|mark| mark.depth).max().unwrap_or(0).min(DEEPEST)
}

/// What an event cannot be told without.
fn missing(part: &Part<'_>, field: &str) -> HostError {
    part.at(field).map_or_else(|error| error, |field| field.wrong("is missing"))
}
