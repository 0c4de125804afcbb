//! What `proofmark trigger --format json` prints.

use proofmark_core::event::Event;
use proofmark_trigger::target::Origin;
use proofmark_trigger::{Decision, Outcome, Plan, StepResult};
use schemars::JsonSchema;
use serde::Serialize;

use super::act::Done;
use super::rules::Found;

/// The version of the document's form; it grows when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

/// What an event came to.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct TriggerDocument {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    schema: u32,
    /// Always `trigger`.
    kind: &'static str,
    /// The version of proofmark that wrote it.
    proofmark: &'static str,
    /// Whether nothing was started because only a look was asked for.
    dry_run: bool,
    /// Where the triggers stand.
    pub(super) triggers: String,
    /// What people should know about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    /// The event.
    event: Event,
    /// How many triggers there are.
    pub(super) rules: usize,
    /// How many of them are not for this event, and are not listed.
    skipped: usize,
    /// What each of the others makes of it, and for each command in a comment.
    decisions: Vec<Decision>,
    /// What was started.
    pub(super) started: Vec<Started>,
}

/// An order that was carried out.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Started {
    /// The trigger.
    pub(super) rule: String,
    /// The key.
    pub(super) key: String,
    /// Its steps, as far as it came.
    pub(super) steps: Vec<StepStarted>,
    /// What stood in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// A step of an order.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct StepStarted {
    /// Its name.
    pub(super) name: String,
    /// Where its run comes from; `null` for a step that was left out.
    pub(super) origin: Option<CameFrom>,
    /// Its number in its system.
    pub(super) id: Option<String>,
    /// Where people look at it.
    pub(super) url: Option<String>,
    /// What came of it, where it was waited for.
    pub(super) result: Option<StepResult>,
}

/// Where a run comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CameFrom {
    /// From this call.
    New,
    /// From this call, though its answer was lost.
    FoundAgain,
    /// An earlier start with the same key.
    Earlier,
}

impl TriggerDocument {
    pub(super) fn new(found: &Found, plan: &Plan, done: &[Done], dry_run: bool) -> Self {
        Self {
            schema: SCHEMA,
            kind: "trigger",
            proofmark: env!("CARGO_PKG_VERSION"),
            dry_run,
            triggers: found.origin.clone(),
            note: found.note.clone(),
            event: plan.event.clone(),
            rules: plan.rules,
            skipped: plan.skipped,
            decisions: plan.decisions.clone(),
            started: done.iter().map(Started::of).collect(),
        }
    }

    /// What later steps of a job may want to know, by name.
    pub(super) fn outputs(&self, file: Option<String>) -> Vec<(&'static str, String)> {
        let list = |outcome: Outcome| {
            let with = self.decisions.iter().filter(|decision| decision.outcome == outcome).map(|decision| decision.rule.as_str());
            serde_json::to_string(&with.collect::<Vec<_>>()).unwrap_or_default()
        };
        let last = self.started.iter().flat_map(|started| &started.steps).rev().find(|step| step.origin.is_some());
        let mut values = vec![("fired", list(Outcome::Fires)), ("held", list(Outcome::Held)), ("refused", list(Outcome::Refused))];
        values.extend(last.and_then(|step| Some(("run-id", step.id.clone()?))));
        values.extend(last.and_then(|step| Some(("run-url", step.url.clone()?))));
        values.extend(file.map(|file| ("trigger-json", file)));
        values
    }

    /// The order that was carried out with this key.
    pub(super) fn started(&self, key: &str) -> Option<&Started> {
        self.started.iter().find(|started| started.key == key)
    }
}

impl Started {
    fn of(done: &Done) -> Self {
        let steps = done.done.steps.iter().map(|step| StepStarted {
            name: step.name.clone(),
            origin: step.receipt.as_ref().map(|receipt| match receipt.origin {
                Origin::New => CameFrom::New,
                Origin::FoundAgain => CameFrom::FoundAgain,
                Origin::Earlier => CameFrom::Earlier,
            }),
            id: step.receipt.as_ref().and_then(|receipt| receipt.id.clone()),
            url: step.receipt.as_ref().and_then(|receipt| receipt.url.clone()),
            result: step.result.clone(),
        });
        let error = done.done.error.as_ref().map(|error| error.message.clone());
        Self { rule: done.rule.clone(), key: done.key.clone(), steps: steps.collect(), error }
    }
}
