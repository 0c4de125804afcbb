//! Writing a change: read, tried without saving, written while nobody else wrote, and looked up where its answer was lost.

use serde_json::{Value, json};

use super::change::{self, Goal, Planned, Rollout, Undo};
use super::record::{Baseline, Previous, Record};
use super::service::{InferenceService, ModelStatus};
use super::{Cluster, Refusal};
use crate::Error;

/// How often somebody else may be faster: the service's controllers write its status all the time.
const TRIES: u32 = 8;

/// Where a change comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was made now.
    New,
    /// It was made now, though its answer was lost.
    FoundAgain,
    /// All was so already.
    Earlier,
}

/// A change that was made, or found made.
#[derive(Debug, Clone, PartialEq)]
pub struct Rolled {
    /// Where it comes from.
    pub origin: Origin,
    /// The service right after it.
    pub service: InferenceService,
    /// What was in production before, where that was written down.
    pub previous: Option<Previous>,
    pub(super) goal: Goal,
    pub(super) baseline: Option<Baseline>,
    /// How the model stood before, where this change is new.
    pub(super) model_before: Option<ModelStatus>,
}

/// What a change would be.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The merge patch; none where there is nothing to do.
    pub patch: Option<Value>,
    /// The service as it is.
    pub before: InferenceService,
    /// The service as the server would have it.
    pub after: InferenceService,
    /// What would be written down as what was in production before.
    pub previous: Option<Previous>,
}

type Plan<'a> = dyn Fn(&InferenceService) -> Result<Planned, Error> + 'a;

impl Cluster {
    /// What a rollout would do, checked by the server and not saved.
    ///
    /// # Errors
    /// See [`Self::deploy`].
    pub fn try_deploy(&self, rollout: &Rollout) -> Result<Proposal, Error> {
        self.proposed(&rollout.namespace, &rollout.name, &|service| change::rollout(service, rollout))
    }

    /// Rolls a model out, once for each key.
    ///
    /// # Errors
    /// [`Error::Input`] for what this service cannot have, [`Error::Moved`] where somebody else changed it at the same time,
    /// [`Error::Doubt`] where nobody can tell; else see [`Error`].
    pub fn deploy(&self, rollout: &Rollout) -> Result<Rolled, Error> {
        self.changed(&rollout.namespace, &rollout.name, &|service| change::rollout(service, rollout))
    }

    /// Gives all traffic to the canary that is under way. No other pods are started for it.
    ///
    /// # Errors
    /// See [`Self::deploy`].
    pub fn promote(&self, namespace: &str, name: &str) -> Result<Rolled, Error> {
        self.changed(namespace, name, &change::promotion)
    }

    /// What going back would do, checked by the server and not saved.
    ///
    /// # Errors
    /// See [`Self::rollback`].
    pub fn try_rollback(&self, namespace: &str, name: &str, undo: &Undo) -> Result<Proposal, Error> {
        self.proposed(namespace, name, &|service| change::rollback(service, undo))
    }

    /// Goes back to what the last rollout wrote down as being in production before it.
    ///
    /// While a canary is under way, the traffic goes back at once and stays there: the newest revision, which has the former
    /// files again, is left with 0 %, and [`Self::promote`] gives it all. Else the present model answers until the former one
    /// is ready again.
    ///
    /// # Errors
    /// [`Error::Input`] where nothing was written down, [`Error::Moved`] where another rollout is there than the one that
    /// is meant or, unless that is forced, somebody changed the files since; else see [`Self::deploy`].
    pub fn rollback(&self, namespace: &str, name: &str, undo: &Undo) -> Result<Rolled, Error> {
        self.changed(namespace, name, &|service| change::rollback(service, undo))
    }

    fn proposed(&self, namespace: &str, name: &str, plan: &Plan<'_>) -> Result<Proposal, Error> {
        for _ in 0..TRIES {
            let before = self.service(namespace, name)?;
            let (spec, goal, record) = match plan(&before)? {
                Planned::Already(_, record) => {
                    let previous = record.and_then(|record| record.previous);
                    return Ok(Proposal { patch: None, after: before.clone(), before, previous });
                }
                Planned::Patch { spec, goal, record } => (spec, goal, record),
            };
            let patch = guarded(&before, &spec);
            match self.patch(namespace, name, &patch, true) {
                Ok(after) => {
                    taken(&after, &goal)?;
                    let previous = record.and_then(|record| record.previous);
                    return Ok(Proposal { patch: Some(patch), before, after, previous });
                }
                Err(Refusal::Conflict) => {}
                Err(Refusal::NoDryRun) => {
                    return Err(Error::input("a rule of this cluster cannot be tried without saving")
                        .with_hint("the rollout itself is made without a trial there"));
                }
                Err(Refusal::Doubt(error) | Refusal::Error(error)) => return Err(error),
            }
        }
        Err(too_busy(name))
    }

    fn changed(&self, namespace: &str, name: &str, plan: &Plan<'_>) -> Result<Rolled, Error> {
        let mut first: Option<InferenceService> = None;
        let (mut doubt, mut sent) = (None, None::<(Goal, Option<Record>, ModelStatus)>);
        let mut is_tried = false;
        for _ in 0..TRIES {
            let before = self.service(namespace, name)?;
            if let (Some(_), Some((goal, record, model))) = (&doubt, &sent)
                && goal.is_reached(&before)
            {
                return Ok(rolled(Origin::FoundAgain, before, goal.clone(), record.clone(), Some(model.clone())));
            }
            if first.as_ref().is_some_and(|first| first.uid != before.uid || first.spec != before.spec) {
                return Err(Error::Moved {
                    message: format!("somebody else changed `{name}` at the same time"),
                    hint: "look at what they did, and run this again".to_owned(),
                });
            }
            let (spec, goal, record) = match plan(&before)? {
                Planned::Already(goal, record) => return Ok(rolled(Origin::Earlier, before, goal, record, None)),
                Planned::Patch { spec, goal, record } => (spec, goal, record),
            };
            let patch = guarded(&before, &spec);
            let model = before.status.model.clone();
            first.get_or_insert(before);
            if !is_tried {
                match self.patch(namespace, name, &patch, true) {
                    Ok(after) => taken(&after, &goal)?,
                    Err(Refusal::NoDryRun) => {}
                    Err(Refusal::Conflict) => continue,
                    Err(Refusal::Doubt(error) | Refusal::Error(error)) => return Err(error),
                }
                is_tried = true;
            }
            match self.patch(namespace, name, &patch, false) {
                Ok(after) => {
                    taken(&after, &goal)?;
                    return Ok(rolled(Origin::New, after, goal, record, Some(model)));
                }
                Err(Refusal::Conflict | Refusal::NoDryRun) => {}
                Err(Refusal::Error(error)) => return Err(error),
                Err(Refusal::Doubt(error)) => doubt = Some(error),
            }
            sent = Some((goal, record, model));
        }
        match doubt {
            Some(error) => Err(Error::Doubt { what: format!("the change of `{name}`"), why: error.to_string() }),
            None => Err(too_busy(name)),
        }
    }
}

/// With what makes the server refuse it once anybody else wrote.
fn guarded(service: &InferenceService, spec: &Value) -> Value {
    json!({"metadata": {"resourceVersion": service.resource_version}, "spec": spec})
}

/// Fields that a server does not know are dropped by it without a word.
fn taken(after: &InferenceService, goal: &Goal) -> Result<(), Error> {
    if goal.is_reached(after) {
        return Ok(());
    }
    let name = &after.name;
    if matches!(goal.shape, change::Shape::Canary { .. }) && after.canaries().is_empty() {
        return Err(Error::input(format!("this KServe has no canary for services like `{name}`, which are run without Knative"))
            .with_hint("it has from 0.20 on; roll it out without a canary"));
    }
    Err(Error::input(format!("the cluster does not keep the change of `{name}` as it was sent"))
        .with_hint("does something in the cluster change InferenceServices as they are written, or is KServe older than 0.8?"))
}

fn too_busy(name: &str) -> Error {
    Error::input(format!("`{name}` is written to all the time, so no change of ours was taken in {TRIES} tries"))
        .with_hint("run this again")
}

fn rolled(origin: Origin, service: InferenceService, goal: Goal, record: Option<Record>, model_before: Option<ModelStatus>) -> Rolled {
    let baseline = record.as_ref().map(|record| record.baseline.clone());
    Rolled { origin, service, previous: record.and_then(|record| record.previous), goal, baseline, model_before }
}
