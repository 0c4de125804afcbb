//! Whether an order may start now: groups, pauses, budgets and gathering, decided from what was started before.

use proofmark_core::config::{Busy, Pace, Span, Triggers};

use crate::key::rule_hash;
use crate::order::Order;
use crate::past::{Past, PastRun, RunState, Waiting};

/// The window of budgets, in seconds: the last 24 hours, so that no new day lets a burst through.
const DAY: u64 = 86_400;
/// A tenth cannot be written as a float, and three of them are a little more than 0.3.
const ROUNDING: f64 = 1.0 + 1e-9;

/// What becomes of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It starts.
    Ready,
    /// It starts once the run that carries this key is stopped.
    Replaces(String),
    /// It was started before.
    Earlier { state: RunState, place: String },
    /// It may start later.
    Held { until: Option<u64>, why: String },
    /// A newer one stands for it.
    Superseded(String),
    /// It is not to be started.
    Rejected(String),
    /// It cannot be told.
    Unknown(String),
}

/// What an order is held against.
pub(crate) struct Moment<'a> {
    pub(crate) now: u64,
    pub(crate) settings: &'a Triggers,
    /// What each rule's runs cost, by the rule's hash.
    pub(crate) costs: &'a dyn Fn(&str) -> f64,
    /// When the event came.
    pub(crate) since: u64,
    /// The events that are gathered with this one.
    pub(crate) gather: &'a str,
    /// Why a newer event stands for this one, where that is known.
    pub(crate) newer: Option<String>,
}

/// Decides.
pub(crate) fn standing(order: &Order, pace: &Pace, past: &Past, at: &Moment<'_>) -> Standing {
    let mark = order.mark();
    if let Some(run) = past.with_key(&mark.key) {
        return Standing::Earlier { state: run.state, place: run.place.clone() };
    }
    // A chain that was begun goes on where it stood: its steps take what they started.
    let is_own = |run: &&PastRun| order.steps.iter().any(|step| step.key == run.mark.to_string());
    if order.is_chain() && past.runs.iter().any(|run| is_own(&run)) {
        return Standing::Ready;
    }
    let is_limited = pace.cooldown.is_some() || pace.per_day.is_some() || pace.cost_per_day.is_some() || pace.group.is_some();
    if let (Some(why), true) = (&past.unknown, is_limited || at.settings.cost_per_day.is_some()) {
        return Standing::Unknown(format!("what was started before is not known: {why}"));
    }
    if let Some(newer) = &at.newer {
        return Standing::Superseded(newer.clone());
    }
    let checks = [gathered(order, pace, past, at), cooled(order, pace, past, at), budget(order, pace, past, at), total(order, past, at)];
    if let Some(standing) = checks.into_iter().flatten().next() {
        return standing;
    }
    group(order, pace, past, at)
}

/// The newest of what waits, where it came after this one. Of one second, the one that was written down last.
fn newer<'p>(order: &Order, past: &'p Past, at: &Moment<'_>, is_same: impl Fn(&Waiting) -> bool) -> Option<&'p Waiting> {
    let is_own = |other: &Waiting| other.mark.key == order.mark().key;
    let own = past.waiting.iter().position(is_own).unwrap_or(usize::MAX);
    let others = past.waiting.iter().enumerate().filter(|(_, other)| is_same(other) && !is_own(other));
    others
        .map(|(place, other)| (other.since, place, other))
        .filter(|(since, place, _)| (*since, *place) > (at.since, own))
        .max_by_key(|(since, place, _)| (*since, *place))
        .map(|(.., other)| other)
}

/// Whether it has been quiet for long enough.
fn gathered(order: &Order, pace: &Pace, past: &Past, at: &Moment<'_>) -> Option<Standing> {
    let quiet = pace.quiet?.seconds();
    let is_same = |other: &Waiting| other.mark.rule == order.mark().rule && other.gather == at.gather;
    if let Some(newer) = newer(order, past, at, is_same) {
        return Some(Standing::Superseded(format!("{} came after it and stands for both", newer.event)));
    }
    let first = past.waiting.iter().filter(|other| is_same(other)).map(|other| other.since).chain([at.since]).min().unwrap_or(at.since);
    let longest = pace.longest_wait.map_or(u64::MAX, |wait| first.saturating_add(wait.seconds()));
    let due = at.since.saturating_add(quiet).min(longest);
    (at.now < due).then(|| Standing::Held {
        until: Some(due),
        why: format!("events are gathered until it has been quiet for {}", Span::of_seconds(quiet)),
    })
}

fn cooled(order: &Order, pace: &Pace, past: &Past, at: &Moment<'_>) -> Option<Standing> {
    let cooldown = pace.cooldown?;
    let last = past.of_rule(&rule_hash(&order.rule), 0).last().map(|run| run.started)?;
    let due = last.saturating_add(cooldown.seconds());
    (at.now < due).then(|| Standing::Held { until: Some(due), why: format!("the last start was less than {cooldown} ago") })
}

fn budget(order: &Order, pace: &Pace, past: &Past, at: &Moment<'_>) -> Option<Standing> {
    let recent = past.of_rule(&rule_hash(&order.rule), at.now.saturating_sub(DAY - 1));
    let frees = |so_many: usize| recent.get(recent.len().saturating_sub(so_many)).map(|run| run.started + DAY);
    if let Some(most) = pace.per_day.map(|most| most as usize)
        && recent.len() >= most
    {
        let why = format!("{} of {most} starts within 24 hours are used", recent.len());
        return Some(Standing::Held { until: frees(most), why });
    }
    let most = pace.cost_per_day?;
    let cost = order.cost;
    if cost > most * ROUNDING {
        return Some(Standing::Rejected(format!("one run costs {cost}, more than the {most} of 24 hours")));
    }
    let spent = cost * recent.len() as f64;
    let fit = if cost > 0.0 { (most / cost * ROUNDING).floor() as usize } else { usize::MAX };
    (spent + cost > most * ROUNDING).then(|| Standing::Held {
        until: frees(fit.max(1)),
        why: format!("{spent} of the {most} that runs may cost within 24 hours are spent"),
    })
}

/// The budget of all triggers together.
fn total(order: &Order, past: &Past, at: &Moment<'_>) -> Option<Standing> {
    let most = at.settings.cost_per_day?;
    if order.cost > most * ROUNDING {
        return Some(Standing::Rejected(format!("one run costs {}, more than the {most} of all triggers within 24 hours", order.cost)));
    }
    let from = at.now.saturating_sub(DAY - 1);
    let mut recent: Vec<_> = past.runs.iter().filter(|run| run.started >= from).collect();
    recent.sort_by_key(|run| (&run.mark.key, run.started));
    recent.dedup_by_key(|run| &run.mark.key);
    let spent: f64 = recent.iter().map(|run| (at.costs)(&run.mark.rule)).sum();
    let until = recent.iter().filter(|run| (at.costs)(&run.mark.rule) > 0.0).map(|run| run.started + DAY).min();
    (order.cost > 0.0 && spent + order.cost > most * ROUNDING)
        .then(|| Standing::Held { until, why: format!("{spent} of the {most} that all triggers may cost within 24 hours are spent") })
}

/// One of a group at a time.
fn group(order: &Order, pace: &Pace, past: &Past, at: &Moment<'_>) -> Standing {
    let Some(name) = &order.group else { return Standing::Ready };
    let is_same = |other: &Waiting| other.mark.rule == order.mark().rule && other.mark.group == order.mark().group;
    if let (Busy::Queue, Some(newer)) = (pace.busy, newer(order, past, at, is_same)) {
        return Standing::Superseded(format!("{} took its place in the group `{name}`", newer.event));
    }
    let of_group = |run: &&PastRun| run.mark.group == order.mark().group && run.state == RunState::UnderWay;
    let Some(busy) = past.runs.iter().filter(of_group).max_by_key(|run| run.started) else { return Standing::Ready };
    match pace.busy {
        Busy::Queue => Standing::Held { until: None, why: format!("{} of the group `{name}` is under way", busy.place) },
        Busy::Reject => Standing::Rejected(format!("{} of the group `{name}` is under way", busy.place)),
        Busy::Replace => Standing::Replaces(busy.mark.to_string()),
    }
}
