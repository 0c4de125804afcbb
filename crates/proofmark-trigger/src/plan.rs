//! From an event to decisions: a pure function of the event, the rules, what is known, and what was started before.

mod command;
mod document;

use std::collections::BTreeMap;

use proofmark_core::config::Forks;
use proofmark_core::event::{Event, Kind, Mark};
use serde_json::Value;

pub use self::document::{Clause, Decision, Outcome, Plan, SCHEMA};
use crate::condition::{Condition, Holds};
use crate::error::{Mistake, RuleError};
use crate::facts::{Fact, Facts, Needs};
use crate::order::Order;
use crate::pace::{self, Moment, Standing};
use crate::past::{Past, PastRun, RunState};
use crate::rules::{Rule, Rules};
use crate::template::{self, Context};
use crate::view::View;
use crate::{key, parameters};

/// What a plan is made for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Now, in seconds since 1970.
    pub now: u64,
    /// Whether every clause of every rule is told, also of those that do not fire.
    pub explain: bool,
    /// What makes the same event another one: somebody wants it once more.
    pub again: Option<String>,
    /// Our own account at the forge, where it is known.
    pub own_account: Option<String>,
    /// Only the rules of these names; all when empty.
    pub only: Vec<String>,
}

/// What has to be found out before all rules can be decided.
pub fn needs(rules: &Rules, event: &Event, facts: &Facts, request: &Request) -> Needs {
    let view = View::new(event, facts);
    let mut all = Needs::default();
    for rule in rules.rules.iter().filter(|rule| is_wanted(rule, request)) {
        match (Looker { view: &view, rules, rule, request }).look(false).holds {
            Holds::Needs(needs) => all = join(all, needs),
            // Only where it would fire is it asked whether something newer is there, and for what its values are made of.
            Holds::Yes => all = join(all, needs_to_start(rule, event, facts)),
            Holds::No | Holds::Unknown(_) => {}
        }
    }
    all
}

/// What a rule that fires needs beside its conditions.
fn needs_to_start(rule: &Rule, event: &Event, facts: &Facts) -> Needs {
    let is_after_commits = rule.pace.quiet.is_some() || rule.pace.group.is_some();
    let has_tip = is_after_commits && matches!(event.kind, Kind::Push | Kind::PullRequest) && event.tag.is_none();
    Needs { tip: has_tip && facts.tip == Fact::Unasked, changed: rule.reads_changed && facts.changed == Fact::Unasked, ..Needs::default() }
}

fn join(one: Needs, other: Needs) -> Needs {
    Needs {
        changed: one.changed || other.changed,
        dvc: one.dvc || other.dvc,
        role: one.role || other.role,
        pull: one.pull || other.pull,
        tip: one.tip || other.tip,
    }
}

fn is_wanted(rule: &Rule, request: &Request) -> bool {
    request.only.is_empty() || request.only.contains(&rule.name)
}

/// Decides for every rule.
pub fn plan(rules: &Rules, event: &Event, facts: &Facts, past: &Past, request: &Request) -> Plan {
    let view = View::new(event, facts);
    let mut past = past.clone();
    let mut plan = Plan::new(event, rules.len());
    for rule in rules.rules.iter().filter(|rule| is_wanted(rule, request)) {
        let looker = Looker { view: &view, rules, rule, request };
        let looked = looker.look(request.explain);
        match looked.holds {
            Holds::Yes => looker.orders(&mut past, looked.clauses, &mut plan),
            Holds::No => match looker.stopped() {
                Some(why) => plan.push(Decision::new(rule, Outcome::Stopped, Some(why)).with(looked.clauses)),
                None if request.explain => plan.push(Decision::new(rule, Outcome::Skipped, looked.reason).with(looked.clauses)),
                None => plan.skipped += 1,
            },
            Holds::Unknown(why) => plan.push(Decision::new(rule, Outcome::Undecided, Some(why)).with(looked.clauses)),
            Holds::Needs(needs) => {
                let why = format!("{} was not looked at", named(needs));
                plan.push(Decision::new(rule, Outcome::Undecided, Some(why)).with(looked.clauses));
            }
        }
    }
    plan
}

fn named(needs: Needs) -> String {
    let all = [
        (needs.changed, "what changed"),
        (needs.dvc, "what DVC tracks"),
        (needs.role, "the role of whoever commented"),
        (needs.pull, "the pull request"),
        (needs.tip, "the newest commit"),
    ];
    all.iter().filter(|(needed, _)| *needed).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

/// What looking at a rule's conditions comes to.
struct Looked {
    holds: Holds,
    clauses: Vec<Clause>,
    /// What did not hold, in words.
    reason: Option<String>,
}

/// What holds for all rules: a name, what it asks for, and what was found where it does not hold.
type Guard = (&'static str, &'static str, Option<(String, Holds)>);

/// Looks at one rule.
struct Looker<'a> {
    view: &'a View<'a>,
    rules: &'a Rules,
    rule: &'a Rule,
    request: &'a Request,
}

impl Looker<'_> {
    /// Whether all conditions hold. Without `all`, the first that does not ends it.
    fn look(&self, all: bool) -> Looked {
        let mut looked = Looked { holds: Holds::Yes, clauses: Vec::new(), reason: None };
        let guards = [self.own(), self.depth(), self.forks()];
        // What it is about comes first: another kind of event is the usual reason.
        let (first, rest) = self.rule.conditions.split_at(1.min(self.rule.conditions.len()));
        for condition in first {
            self.note(condition, &mut looked, all);
        }
        for (name, wanted, guard) in guards {
            if looked.holds == Holds::No && !all {
                return looked;
            }
            if let Some((found, holds)) = guard {
                let verdict = (holds == Holds::No).then_some(false);
                self.add(&mut looked, Clause::new(name, wanted, &found, verdict), holds);
            }
        }
        for condition in rest {
            if looked.holds == Holds::No && !all {
                return looked;
            }
            self.note(condition, &mut looked, all);
        }
        if self.rule.command.is_some() && (looked.holds != Holds::No || all) {
            self.note_command(&mut looked);
        }
        for except in &self.rule.not {
            if looked.holds == Holds::No && !all {
                return looked;
            }
            self.note_except(except, &mut looked, all);
        }
        looked
    }

    /// Why a rule does not fire that is for this event: a circle was cut, which people should see.
    fn stopped(&self) -> Option<String> {
        // A comment of our own answers one, and wants no answer.
        if self.view.event.comment.is_some() {
            return None;
        }
        let guards = [self.own(), self.depth()];
        let (found, _) = guards.iter().find_map(|(.., found)| found.clone())?;
        let is_guard = |clause: &Clause| guards.iter().any(|(name, ..)| *name == clause.name);
        let is_for_it = self.look(true).clauses.iter().all(|clause| clause.holds != Some(false) || is_guard(clause));
        is_for_it.then_some(found)
    }

    fn note(&self, condition: &Condition, looked: &mut Looked, all: bool) {
        let holds = condition.holds(self.view);
        if holds == Holds::Yes && !all {
            return;
        }
        let verdict = match &holds {
            Holds::Yes => Some(true),
            Holds::No => Some(false),
            Holds::Unknown(_) | Holds::Needs(_) => None,
        };
        // Words cost more than the decision; they are made where they are read.
        let clause = if all || verdict.is_none() {
            Clause::new(condition.name(), &condition.wanted(), &condition.found(self.view), verdict)
        } else {
            Clause::new(condition.name(), "", "", verdict)
        };
        self.add(looked, clause, holds);
    }

    fn add(&self, looked: &mut Looked, clause: Clause, holds: Holds) {
        if looked.reason.is_none() && holds == Holds::No {
            looked.reason = Some(clause.told());
        }
        looked.holds = worse(std::mem::replace(&mut looked.holds, Holds::Yes), in_words(&clause, holds));
        looked.clauses.push(clause);
    }

    fn note_command(&self, looked: &mut Looked) {
        let holds = self.has_command();
        let verb = self.rule.command.as_ref().map(|command| format!("/{}", command.verb)).unwrap_or_default();
        let found = if holds == Holds::No { "no such command" } else { "a command" };
        let verdict = Some(holds != Holds::No);
        let clause = Clause::new("command", &verb, found, verdict);
        self.add(looked, clause, holds);
    }

    /// None may hold; one of which it cannot be told is in doubt.
    fn note_except(&self, except: &[Condition], looked: &mut Looked, all: bool) {
        let mut holds = Holds::Yes;
        for condition in except {
            holds = worse(holds, condition.holds(self.view));
        }
        let holds = match holds {
            Holds::Yes => Holds::No,
            Holds::No => Holds::Yes,
            other => other,
        };
        if holds == Holds::Yes && !all {
            return;
        }
        let told = |text: &dyn Fn(&Condition) -> String| except.iter().map(text).collect::<Vec<_>>().join("; ");
        let wanted = told(&|condition| format!("{} {}", condition.name(), condition.wanted()));
        let found = told(&|condition| condition.found(self.view));
        let verdict = match &holds {
            Holds::Yes => Some(true),
            Holds::No => Some(false),
            _ => None,
        };
        self.add(looked, Clause::new("not", &wanted, &found, verdict), holds);
    }

    /// Events of our own lead in circles.
    fn own(&self) -> Guard {
        let accounts = self.rules.settings.own_accounts.iter().chain(&self.request.own_account);
        let event = self.view.event;
        let author = event.comment.as_ref().and_then(|comment| comment.author.as_ref());
        let found = event.actor.iter().chain(author).find(|actor| accounts.clone().any(|own| own.eq_ignore_ascii_case(&actor.login)));
        let is_own = found.filter(|_| !self.rule.own).map(|actor| format!("{} is our own account", actor.login));
        ("own", "events of others", is_own.map(|found| (found, Holds::No)))
    }

    fn depth(&self) -> Guard {
        let (depth, most) = (self.view.event.depth, self.rules.settings.max_depth);
        let found = (depth >= most).then(|| format!("{depth} orders led to it, and {most} may"));
        ("depth", "no endless chain", found.map(|found| (found, Holds::No)))
    }

    fn forks(&self) -> Guard {
        let is_allowed = match self.rule.forks {
            Forks::Always => true,
            Forks::Command => self.rule.command.is_some(),
            Forks::Never => false,
        };
        let told = |found: &str, holds| Some((found.to_owned(), holds));
        let found = match (&self.view.event.comment, &self.view.facts.pull) {
            _ if is_allowed => None,
            // Whoever gives a command is told why it does not count.
            (Some(_), _) if self.rule.command.is_some() => None,
            (Some(_), Fact::Known(pull)) if pull.fork => told("its head is in another repository", Holds::No),
            _ if !self.view.event.is_foreign() => None,
            // A comment does not say so; it may be a stranger's until the pull request is looked at.
            (Some(_), Fact::Unasked) => told("not looked at", Holds::Needs(Needs { pull: true, ..Needs::default() })),
            (Some(_), Fact::Unknown(why)) => told(why, Holds::Unknown(why.clone())),
            _ => told("its head is in another repository", Holds::No),
        };
        ("forks", "no code of strangers", found)
    }

    /// What templates see, and the parameters.
    fn values(&self, given: BTreeMap<String, Value>) -> Result<(Context, BTreeMap<String, Value>), Mistake> {
        let mut values = self.view.values().clone();
        values.set("rule", &Value::String(self.rule.name.clone()));
        let mut filled = BTreeMap::new();
        for (name, typed) in &self.rule.parameters {
            let field = format!("parameters.{name}");
            let wrong = |error: parameters::ParameterError| {
                let mistake = Mistake::new(&field, error.to_string());
                error.hint().into_iter().fold(mistake, Mistake::hint)
            };
            let value = match (given.get(name), &typed.value, &typed.default) {
                (Some(value), ..) => value.clone(),
                (None, Some(value), default) => match (self.filled(&field, value, &values), default) {
                    (Ok(value), _) => parameters::fit(name, typed, &value).map_err(wrong)?,
                    // What is not there is what the default is for; what is wrong is not.
                    (Err(mistake), Some(default)) if mistake.is_missing => {
                        parameters::fit(name, typed, &self.filled(&field, default, &values)?).map_err(wrong)?
                    }
                    (Err(mistake), _) => return Err(mistake),
                },
                (None, None, Some(default)) => parameters::fit(name, typed, &self.filled(&field, default, &values)?).map_err(wrong)?,
                (None, None, None) => {
                    return Err(Mistake::new(&field, "it is not given, and has no default")
                        .hint(format!("write `{name}=…`, or give it a `default`")));
                }
            };
            filled.insert(name.clone(), value);
        }
        values.set("parameters", &Value::Object(filled.clone().into_iter().collect()));
        Ok((values, filled))
    }

    fn filled(&self, field: &str, value: &Value, values: &Context) -> Result<Value, Mistake> {
        match value.as_str().filter(|text| template::is_template(text)) {
            Some(text) => template::value(field, text, values),
            None => Ok(value.clone()),
        }
    }

    /// One order for the event, or for each command in it.
    fn orders(&self, past: &mut Past, clauses: Vec<Clause>, plan: &mut Plan) {
        for wish in self.wishes() {
            let decision = match wish {
                Err(refused) => *refused,
                Ok(given) => self.order(given, past),
            };
            plan.push(decision.with(clauses.clone()));
        }
    }

    fn order(&self, given: BTreeMap<String, Value>, past: &mut Past) -> Decision {
        match self.made(given) {
            Ok((order, gather)) => self.stand(order, &gather, past),
            Err(error) => Decision::wrong(self.rule, &error),
        }
    }

    fn made(&self, given: BTreeMap<String, Value>) -> Result<(Order, String), RuleError> {
        let of = |mistake: Mistake| mistake.of(&self.rule.name, self.rule.line);
        let event = self.view.event;
        let (values, parameters) = self.values(given).map_err(of)?;
        let fill = |field: &str, text: &Option<String>| text.as_ref().map(|text| template::text(field, text, &values)).transpose();
        let group = fill("pace.group", &self.rule.pace.group).map_err(of)?;
        let gather = fill("pace.gather", &self.rule.pace.gather).map_err(of)?;
        let place = [&event.repository, &event.branch, &event.head.branch].map(|text| text.clone().unwrap_or_default()).join(" ");
        let mark = key::mark(&self.rule.name, event, &parameters, group.as_deref(), self.request.again.as_deref());
        let mut order = Order::make(self.rule, mark, values, parameters)?;
        order.group = group;
        order.events = vec![told(event)];
        Ok((order, gather.unwrap_or(place)))
    }

    /// Whether an order may start now; one that does counts for those after it.
    fn stand(&self, mut order: Order, gather: &str, past: &mut Past) -> Decision {
        let event = self.view.event;
        let newer = match (&self.view.facts.tip, &event.head.commit) {
            (Fact::Known(tip), Some(head)) if tip != head => Some(format!("the branch is at {} now", tip.get(..10).unwrap_or(tip))),
            _ => None,
        };
        // An event that does not tell its time came when it was first written down.
        let written = || past.waiting.iter().find(|other| other.mark.key == order.mark.key).map(|other| other.since);
        let since = event.time.or_else(written).filter(|time| *time <= self.request.now).unwrap_or(self.request.now);
        let costs = |hash: &str| self.rules.costs.get(hash).copied().unwrap_or_default();
        let at = Moment { now: self.request.now, settings: &self.rules.settings, costs: &costs, since, gather, newer };
        let standing = pace::standing(&order, &self.rule.pace, past, &at);
        let gathered =
            past.waiting.iter().filter(|other| other.mark.rule == order.mark.rule && other.gather == gather && other.since <= since);
        let mut events: Vec<String> = gathered.map(|other| other.event.clone()).chain(std::mem::take(&mut order.events)).collect();
        events.dedup();
        order.events = events;
        if matches!(standing, Standing::Ready | Standing::Replaces(_)) {
            let first = order.steps.first().and_then(|step| Mark::parse(&step.key)).filter(|first| *first != order.mark);
            past.runs.extend([Some(order.mark.clone()), first].into_iter().flatten().map(|mark| PastRun {
                mark,
                started: self.request.now,
                state: RunState::UnderWay,
                place: format!("the order of `{}`", order.rule),
            }));
        }
        Decision::standing(self.rule, order, standing, since, gather)
    }
}

/// An event in a few words.
fn told(event: &Event) -> String {
    let commit = event.head.short_commit();
    let place = event.tag.as_deref().or(event.branch.as_deref());
    let parts = [Some(event.name()), place.map(str::to_owned), commit.map(str::to_owned)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What does not hold weighs most: whatever else is unknown, nothing starts.
fn worse(one: Holds, other: Holds) -> Holds {
    match (one, other) {
        (Holds::No, _) | (_, Holds::No) => Holds::No,
        (Holds::Needs(one), Holds::Needs(other)) => Holds::Needs(join(one, other)),
        (Holds::Needs(needs), _) | (_, Holds::Needs(needs)) => Holds::Needs(needs),
        (Holds::Unknown(why), _) | (_, Holds::Unknown(why)) => Holds::Unknown(why),
        (Holds::Yes, Holds::Yes) => Holds::Yes,
    }
}

/// Names the clause that cannot be told.
fn in_words(clause: &Clause, holds: Holds) -> Holds {
    match holds {
        Holds::Unknown(why) => Holds::Unknown(format!("`{}` cannot be told: {why}", clause.name)),
        other => other,
    }
}
