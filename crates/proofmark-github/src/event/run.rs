//! The event that started a run of Actions: as its payload tells, and as its environment does where the payload is thin.

use proofmark_core::event::{Actor, Event, Kind};

use super::{EventError, checked_name, form, parse, parts};
use crate::actions::payload::{LONGEST_NAME, Payload, TOO_LONG};
use crate::actions::{Host, HostError};

/// The variables that names are taken from.
const NAMES: [&str; 4] = ["GITHUB_ACTOR", "GITHUB_REF", "GITHUB_HEAD_REF", "GITHUB_BASE_REF"];

/// The event that started a run. `host` is what [`Host::read`] made of the same variables and payload.
///
/// Its id is the run's, so that all attempts of one run are one event.
///
/// # Errors
/// See [`EventError`]. A payload may be thin, as [act](https://github.com/nektos/act) makes it, but not another event's.
pub fn of_run(host: &Host, var: &dyn Fn(&str) -> Option<String>, payload: Option<&[u8]>) -> Result<Event, EventError> {
    let var = |name: &str| var(name).filter(|text| !text.is_empty());
    for name in NAMES {
        if var(name).is_some_and(|text| text.chars().count() > LONGEST_NAME) {
            return Err(HostError::Variable { name, problem: TOO_LONG }.into());
        }
    }
    let name = checked_name(&host.run.event)?;
    let payload = payload.map(parse).transpose()?.unwrap_or_else(Payload::default);
    let root = payload.bounded_root();
    form::check_thin(name, &root)?;
    let known = parts::Known { repository: host.run.repository.clone(), number: host.run.pull_request.as_ref().map(|pull| pull.number) };
    let mut event = parts::read(form::kind(name), &root, &known)?;
    event.id = (host.run.run_id > 0).then(|| host.run.run_id.to_string());
    event.default_branch = event.default_branch.or_else(|| host.default_branch.clone());
    event.actor = event.actor.or_else(|| host.run.actor.clone().map(|login| Actor::new(login, false)));
    complete(&mut event, host, var("GITHUB_REF").as_deref());
    Ok(event)
}

/// Adds what the environment tells. On most events `GITHUB_SHA` is the tip of the default branch, and of no meaning.
fn complete(event: &mut Event, host: &Host, reference: Option<&str>) {
    let run = &host.run;
    match event.kind {
        Kind::Push | Kind::WorkflowDispatch | Kind::RepositoryDispatch | Kind::Schedule => {
            if let (None, None, Some(reference)) = (&event.branch, &event.tag, reference) {
                parts::name_of(event, reference);
            }
            event.head.branch = event.head.branch.take().or_else(|| event.branch.clone()).or_else(|| event.tag.clone());
            let is_gone = event.push.as_ref().is_some_and(|push| push.deleted);
            event.head.commit = event.head.commit.take().or_else(|| run.head.commit.clone()).filter(|_| !is_gone);
        }
        Kind::Release | Kind::Package => event.head.commit = event.head.commit.take().or_else(|| run.head.commit.clone()),
        Kind::PullRequest | Kind::MergeGroup => {
            fill(event, host);
            event.branch.clone_from(&event.base.branch);
        }
        // A review, say, whose pull request the payload may tell less of.
        Kind::Other(_) if run.pull_request.is_some() => fill(event, host),
        _ => {}
    }
}

/// Base, head and pull request, where the event does not tell them.
fn fill(event: &mut Event, host: &Host) {
    let run = &host.run;
    for (place, other) in [(&mut event.base, &run.base), (&mut event.head, &run.head)] {
        place.branch = place.branch.take().or_else(|| other.branch.clone());
        place.commit = place.commit.take().or_else(|| other.commit.clone());
    }
    event.pull_request = event.pull_request.take().or_else(|| run.pull_request.clone());
}
