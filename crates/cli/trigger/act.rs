//! Carries the orders of a plan out, and keeps in the journal what became of every decision.

use proofmark_core::event::Event;
use proofmark_render::escape::terminal;
use proofmark_trigger::journal::{Entry, What};
use proofmark_trigger::runner::{self, OrderDone, Ports, StepDone};
use proofmark_trigger::target::{Deployments, Fault, Ledger as _, TargetError};
use proofmark_trigger::{Call, Decision, Order, Outcome, Plan, RunState, StepResult};

use super::target::{Deployer, Targets};
use super::{How, Now};
use crate::exit::{self, CliError};
use crate::printer::Printer;

/// An order that was carried out, or tried.
pub(super) struct Done {
    pub(super) rule: String,
    pub(super) key: String,
    pub(super) done: OrderDone,
}

/// Everything that is to be started is checked first; then one order after the other.
pub(super) fn carry_out(plan: &Plan, how: &How, now: &Now<'_>) -> Result<Vec<Done>, CliError> {
    let targets = Targets::new(now);
    let deployer = Deployer::new(now);
    let talk = |line: &str| now.printer.say(&terminal(line));
    let clock = || now.world.now();
    let ports = Ports {
        target: &|call: &Call| targets.of(call),
        ledger: now.journal,
        deployments: Some(&deployer as &dyn Deployments),
        talk: &talk,
        now: &clock,
    };
    let about = about(&plan.event, now);
    now.journal.record(decisions(plan, &about))?;
    let wanted: Vec<(&Decision, &Order)> = plan
        .decisions
        .iter()
        .filter(|decision| decision.outcome == Outcome::Fires || (how.wait && is_followed(decision)))
        .filter_map(|decision| Some((decision, decision.order.as_ref()?)))
        .collect();
    let unready = wanted.iter().filter_map(|(_, order)| Some((*order, runner::check(order, &ports).err()?)));
    let unready: Vec<Done> = unready.map(|(order, error)| refused(order, error)).collect();
    if !unready.is_empty() {
        let entry = |done: &Done| {
            let detail = done.done.error.as_ref().map(|error| error.message.clone());
            Entry { rule: Some(done.rule.clone()), key: Some(done.key.clone()), detail, what: What::Failed, ..about.clone() }
        };
        now.journal.record(unready.iter().map(entry).collect())?;
        // Nothing is half-started: what can be seen beforehand stops all.
        return Ok(unready);
    }
    wanted.iter().map(|(decision, order)| one(decision, order, how.wait, &about, &ports, now)).collect()
}

/// One order. A chain is carried out by one process of this machine; what another one leaves behind is gone on with.
fn one(decision: &Decision, order: &Order, wait: bool, about: &Entry, ports: &Ports<'_>, now: &Now<'_>) -> Result<Done, CliError> {
    let lease = if order.is_chain() { now.journal.lease(&order.mark().key)? } else { None };
    let done = if order.is_chain() && lease.is_none() {
        now.printer.say(&format!("`{}` is carried out by another process", terminal(&order.rule)));
        followed(order, wait, now)?
    } else {
        runner::run(order, wait, decision.replaces.as_deref(), about, ports)
    };
    Ok(Done { rule: order.rule.clone(), key: order.key.clone(), done })
}

/// What another process made of a chain.
fn followed(order: &Order, wait: bool, now: &Now<'_>) -> Result<OrderDone, CliError> {
    let key = &order.mark().key;
    let mut done = OrderDone { steps: Vec::new(), error: None };
    if wait {
        now.journal.wait_for(key);
        let past = now.journal.read()?.past();
        done.error = match past.with_key(key).map(|run| run.state) {
            Some(RunState::Passed) => None,
            Some(RunState::Failed) => return Ok(OrderDone { steps: vec![failed_elsewhere()], error: None }),
            _ => Some(
                TargetError::outside("the process that carried it out ended without an end")
                    .hint("run this again: it goes on where that one stood"),
            ),
        };
    }
    Ok(done)
}

fn failed_elsewhere() -> StepDone {
    let result = StepResult { passed: false, conclusion: "failed in another process".to_owned(), id: None, url: None };
    StepDone { name: "elsewhere".to_owned(), receipt: None, result: Some(result) }
}

/// Whether what was started before is still under way, and can be waited for.
fn is_followed(decision: &Decision) -> bool {
    decision.outcome == Outcome::Duplicate && decision.earlier == Some(RunState::UnderWay)
}

fn refused(order: &Order, error: TargetError) -> Done {
    let done = OrderDone { steps: Vec::new(), error: Some(error) };
    Done { rule: order.rule.clone(), key: order.key.clone(), done }
}

/// What each entry says of the event.
fn about(event: &Event, now: &Now<'_>) -> Entry {
    let commit = event.head.short_commit();
    let place = event.tag.as_deref().or(event.branch.as_deref());
    let parts = [Some(event.name()), event.repository.clone(), place.map(str::to_owned), commit.map(str::to_owned)];
    let told = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Entry { event: told, delivery: event.id.clone(), ..Entry::new(What::Accepted, now.world.now()) }
}

/// An entry for the event and one for every decision about it.
fn decisions(plan: &Plan, about: &Entry) -> Vec<Entry> {
    let mut entries = vec![about.clone()];
    if plan.decisions.iter().all(|decision| decision.outcome == Outcome::Skipped) {
        let why = if plan.event.kind.is_unknown() {
            "proofmark has no type for this event, and no trigger names it"
        } else {
            "no trigger is for it"
        };
        entries.push(Entry { what: What::Ignored, detail: Some(why.to_owned()), ..about.clone() });
    }
    entries.extend(plan.decisions.iter().filter_map(|decision| entry(decision, about)));
    entries
}

fn entry(decision: &Decision, about: &Entry) -> Option<Entry> {
    let what = match decision.outcome {
        Outcome::Fires => What::Matched,
        Outcome::Duplicate => What::Duplicate,
        Outcome::Held => What::Held,
        Outcome::Superseded => What::Superseded,
        Outcome::Rejected | Outcome::Stopped => What::Rejected,
        Outcome::Refused => What::Refused,
        Outcome::Undecided => What::Undecided,
        Outcome::Skipped => return None,
    };
    Some(Entry {
        what,
        rule: Some(decision.rule.clone()),
        key: decision.order.as_ref().map(|order| order.key.clone()),
        detail: decision.reason.clone(),
        since: Some(decision.since).filter(|since| *since > 0),
        until: decision.until,
        gather: Some(decision.gather.clone()).filter(|gather| !gather.is_empty()),
        ..about.clone()
    })
}

/// The next moment at which something that is held back may start, or be looked at again.
pub(super) fn next_due(plan: &Plan, now: u64) -> Option<u64> {
    /// Seconds after which a group that is busy is looked at again.
    const LOOK: u64 = 15;
    plan.of(Outcome::Held).map(|decision| decision.until.unwrap_or(now + LOOK)).min()
}

/// Keeps what is held back, so that others who gather the same events see it.
pub(super) fn note_held(plan: &Plan, now: &Now<'_>) -> Result<(), CliError> {
    let about = about(&plan.event, now);
    let known = now.journal.read()?.past();
    let is_new = |decision: &&Decision| {
        let key = decision.order.as_ref().map(|order| order.mark().key.clone());
        !known.waiting.iter().any(|waiting| Some(&waiting.mark.key) == key.as_ref())
    };
    let entries: Vec<Entry> = plan.of(Outcome::Held).filter(is_new).filter_map(|decision| entry(decision, &about)).collect();
    for entry in &entries {
        let (rule, why) = (entry.rule.as_deref().unwrap_or_default(), entry.detail.as_deref().unwrap_or_default());
        now.printer.say(&format!("`{}` waits: {}", terminal(rule), terminal(why)));
    }
    if entries.is_empty() { Ok(()) } else { Ok(now.journal.record(entries)?) }
}

/// Tells what went wrong; the exit code is that of the worst.
pub(super) fn report(plan: &Plan, done: &[Done], wait: bool, printer: &Printer) -> Result<u8, CliError> {
    let mut code = exit::ALLOWED;
    // Whoever waits for a result takes that of the earlier run.
    if wait && plan.of(Outcome::Duplicate).any(|decision| decision.earlier == Some(RunState::Failed)) {
        code = exit::BLOCKED;
    }
    for decision in plan.of(Outcome::Undecided) {
        let line = decision.line.map(|line| format!(" (line {line})")).unwrap_or_default();
        let reason = decision.reason.as_deref().unwrap_or("it cannot be told whether it fires");
        let told = CliError::input(format!("trigger `{}`{line}: {reason}; by it nothing was started", decision.rule));
        code = worse(code, printer.error(&decision.hint.iter().cloned().fold(told, CliError::hint)));
    }
    for order in done {
        if let Some(error) = &order.done.error {
            let mut told = CliError::from(error.clone());
            if error.fault == Fault::Doubt {
                let again = "running this again looks first, and where the system can tell it starts nothing twice";
                told = told.hint(format!("look for the key {} there; {again}", order.key));
            }
            code = worse(code, printer.error(&told));
        } else if order.done.has_failed() {
            code = worse(code, exit::BLOCKED);
        }
    }
    Ok(code)
}

/// A system that failed outweighs what could not be decided, and that a run that failed.
fn worse(one: u8, other: u8) -> u8 {
    one.max(other)
}
