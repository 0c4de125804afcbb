//! Decisions as a document.

use proofmark_core::event::Event;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::RuleError;
use crate::order::Order;
use crate::pace::Standing;
use crate::past::RunState;
use crate::rules::Rule;

/// The version of the document's form; it grows when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// What an event comes to.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Plan {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    pub schema: u32,
    /// Always `trigger`.
    pub kind: &'static str,
    /// The event.
    pub event: Event,
    /// How many rules there are.
    pub rules: usize,
    /// How many of them are not for this event, and are not listed.
    pub skipped: usize,
    /// One for each rule that is, and for each command.
    pub decisions: Vec<Decision>,
}

/// What a rule makes of an event.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Decision {
    /// The rule.
    pub rule: String,
    /// Its line in the configuration, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// When it becomes due, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// The key of the run that has to be stopped first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// How the earlier start with the same key stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<RunState>,
    /// The order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// Every clause of the rule, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clauses: Vec<Clause>,
    /// When the event came, in seconds since 1970.
    #[serde(skip)]
    pub since: u64,
    /// What the events are gathered by that it stands for.
    #[serde(skip)]
    pub gather: String,
}

/// What becomes of a rule for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The order is to be started.
    Fires,
    /// It was started before, with the same key.
    Duplicate,
    /// It may start later.
    Held,
    /// A newer event stands for this one.
    Superseded,
    /// It is not to be started: a run of its group is under way, or it costs too much.
    Rejected,
    /// It would go round in a circle: the event is of proofmark's own, or too many orders led to it.
    Stopped,
    /// Whoever asked may not, or what they wrote cannot be understood.
    Refused,
    /// It cannot be told whether it fires, or a value is missing: nothing is started.
    Undecided,
    /// It is not for this event.
    Skipped,
}

impl Outcome {
    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fires => "fires",
            Self::Duplicate => "duplicate",
            Self::Held => "held",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
            Self::Skipped => "skipped",
        }
    }
}

/// One condition, what it asks for and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Clause {
    /// The key of the configuration.
    pub name: String,
    /// What it asks for.
    pub wanted: String,
    /// What was found.
    pub found: String,
    /// Whether it holds; `null` when it cannot be told.
    pub holds: Option<bool>,
}

impl Clause {
    pub(crate) fn new(name: &str, wanted: &str, found: &str, holds: Option<bool>) -> Self {
        Self { name: name.to_owned(), wanted: wanted.to_owned(), found: found.to_owned(), holds }
    }

    pub(crate) fn told(&self) -> String {
        if self.wanted.is_empty() {
            format!("`{}` does not hold", self.name)
        } else {
            format!("`{}` is {}: {}", self.name, self.wanted, self.found)
        }
    }
}

impl Plan {
    pub(crate) fn new(event: &Event, rules: usize) -> Self {
        Self { schema: SCHEMA, kind: "trigger", event: event.clone(), rules, skipped: 0, decisions: Vec::new() }
    }

    pub(crate) fn push(&mut self, decision: Decision) {
        self.decisions.push(decision);
    }

    /// The decisions with this outcome.
    pub fn of(&self, outcome: Outcome) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(move |decision| decision.outcome == outcome)
    }
}

impl Decision {
    pub(crate) fn new(rule: &Rule, outcome: Outcome, reason: Option<String>) -> Self {
        Self {
            rule: rule.name.clone(),
            line: rule.line,
            outcome,
            reason,
            hint: None,
            until: None,
            replaces: None,
            earlier: None,
            order: None,
            clauses: Vec::new(),
            since: 0,
            gather: String::new(),
        }
    }

    pub(crate) fn with(mut self, clauses: Vec<Clause>) -> Self {
        self.clauses = clauses;
        self
    }

    /// A value that is missing or wrong.
    pub(crate) fn wrong(rule: &Rule, error: &RuleError) -> Self {
        let reason = format!("`{}`: {}", error.field, error.message);
        Self { hint: error.hint.clone(), ..Self::new(rule, Outcome::Undecided, Some(reason)) }
    }

    /// An order and whether it may start.
    pub(crate) fn standing(rule: &Rule, order: Order, standing: Standing, since: u64, gather: &str) -> Self {
        let new = |outcome, reason| Self { since, gather: gather.to_owned(), order: Some(order), ..Self::new(rule, outcome, reason) };
        match standing {
            Standing::Ready => new(Outcome::Fires, None),
            Standing::Replaces(key) => Self { replaces: Some(key), ..new(Outcome::Fires, None) },
            Standing::Earlier { state, place } => {
                let how = match state {
                    RunState::UnderWay => "is under way",
                    RunState::Passed => "passed",
                    RunState::Failed => "failed",
                };
                let hint =
                    (state == RunState::Failed).then(|| "to start it once more: `--again WORD`, with a word of your choice".to_owned());
                Self { earlier: Some(state), hint, ..new(Outcome::Duplicate, Some(format!("it was started before: {place} {how}"))) }
            }
            Standing::Held { until, why } => Self { until, ..new(Outcome::Held, Some(why)) },
            Standing::Superseded(why) => new(Outcome::Superseded, Some(why)),
            Standing::Rejected(why) => new(Outcome::Rejected, Some(why)),
            Standing::Unknown(why) => new(Outcome::Undecided, Some(why)),
        }
    }
}
