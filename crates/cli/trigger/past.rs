//! What the systems themselves say was started: in a fresh clone it is all there is.

use std::collections::BTreeMap;

use proofmark_core::config::Start;
use proofmark_trigger::{Call, Past, Plan};

use super::Now;
use super::facts::in_words;
use super::target::Targets;
use crate::exit::CliError;

/// Adds what the systems know of the orders that are to be decided.
pub(super) fn add(past: &mut Past, plan: &Plan, now: &Now<'_>) {
    let orders = plan.decisions.iter().filter_map(|decision| decision.order.as_ref());
    let calls: Vec<&Call> = orders.flat_map(|order| order.steps.iter().map(|step| &step.call)).collect();
    ask(past, &calls, now);
}

fn ask(past: &mut Past, calls: &[&Call], now: &Now<'_>) {
    let targets = Targets::new(now);
    let mut asked: Vec<&Call> = Vec::new();
    for call in calls {
        if asked.iter().any(|known| is_same_place(known, call)) {
            continue;
        }
        asked.push(call);
        match targets.of(call).and_then(|target| target.past(call)) {
            Ok(runs) => {
                // The system knows better than the journal how its run stands.
                past.runs.retain(|known| !runs.iter().any(|run| run.mark.key == known.mark.key));
                past.runs.extend(runs);
            }
            Err(error) => past.unknown = Some(in_words(&CliError::from(error))),
        }
    }
}

/// Adds what GitHub knows of the workflows that rules start, for `/status`.
pub(super) fn of_rules(past: &mut Past, now: &Now<'_>) {
    let call = |start: &Start| match start {
        Start::Workflow(start) if start.repository.is_none() => Some(Call::Workflow {
            repository: None,
            file: start.file.clone(),
            reference: None,
            inputs: BTreeMap::new(),
            key_input: String::new(),
        }),
        _ => None,
    };
    let calls: Vec<Call> = now.found.rules.starts().filter_map(|(_, start)| call(start)).collect();
    ask(past, &calls.iter().collect::<Vec<_>>(), now);
}

/// Whether two calls have their runs in one list.
fn is_same_place(one: &Call, other: &Call) -> bool {
    match (one, other) {
        (Call::Workflow { repository, file, .. }, Call::Workflow { repository: there, file: known, .. }) => {
            repository == there && file == known
        }
        (Call::Jenkins { server, job, branch, .. }, Call::Jenkins { server: there, job: known, branch: of, .. }) => {
            server == there && job == known && branch == of
        }
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}
