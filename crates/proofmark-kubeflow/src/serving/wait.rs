//! Following a change until it answers.
//!
//! `Ready` stays `True` from before until KServe's controller has looked, so it counts only with something that shows that it
//! has. `status.observedGeneration` is not enough for that: up to KServe 0.20 at least it is copied from a child
//! (kserve/kserve#6081), whose count is another one. What shows it:
//!
//! * with Knative, another newest revision than before, or, where only traffic moves, the traffic as it was asked for;
//! * without, the canary's own status, or an observed generation that reached the service's, or at least grew and is seen
//!   twice.
//!
//! A controller that reports none of these is never believed, and the time runs out with words that say so. In the standard
//! mode before KServe 0.16, `Ready` does not wait for new pods (kserve/kserve#4626): there this tells only that the
//! change was taken.

use std::time::{Duration, Instant};

use proofmark_http::api::one_line;

use super::Cluster;
use super::change::Shape;
use super::rollout::Rolled;
use super::service::{InferenceService, LoadFailure, Mode};
use crate::Error;

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// So many looks have to show the same before it counts, where a change before this one was not looked at yet.
const BEHIND_LOOKS: u32 = 4;

/// How long is waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// In all.
    pub total: Duration,
    /// Before the second look; the pauses grow.
    pub pause: Duration,
}

/// What waiting came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Waited {
    /// It answers.
    Ready(Box<InferenceService>),
    /// It will not.
    Failed(Failure),
}

/// Why a change will not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In a sentence.
    pub message: String,
    /// What KServe says of the model.
    pub model: Option<LoadFailure>,
}

impl Default for Patience {
    fn default() -> Self {
        Self { total: Duration::from_secs(900), pause: Duration::from_secs(2) }
    }
}

/// What one look shows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Look {
    /// It answers; surely, or by a sign that counts when it is seen twice.
    Ready {
        is_sure: bool,
    },
    Failed(Failure),
    Progress(String),
}

impl Cluster {
    /// Waits until a change answers. `progress` is told how it stands, whenever that is something else than before.
    ///
    /// # Errors
    /// [`Error::TooLate`] when the time is up; else see [`Error`]. Short failures of the network are waited out.
    pub fn wait(&self, rolled: &Rolled, patience: &Patience, progress: &mut dyn FnMut(&str)) -> Result<Waited, Error> {
        let started = Instant::now();
        let mut pause = patience.pause;
        let (mut last, mut looks) = (String::new(), 0);
        // What was not looked at before may still be what shows.
        let needed = if rolled.baseline.as_ref().is_some_and(|baseline| baseline.behind > 0) { BEHIND_LOOKS } else { 1 };
        let (namespace, name) = (&rolled.service.namespace, &rolled.service.name);
        loop {
            self.api.renew_budget();
            let told = match self.service(namespace, name) {
                Ok(now) => match look(rolled, &now) {
                    Look::Failed(failure) => return Ok(Waited::Failed(failure)),
                    Look::Ready { is_sure } => {
                        looks += 1;
                        if is_sure || looks > needed {
                            return Ok(Waited::Ready(Box::new(now)));
                        }
                        "it is ready, and looked at once more".to_owned()
                    }
                    Look::Progress(told) => {
                        looks = 0;
                        told
                    }
                },
                Err(error) if is_passing(&error) => format!("the cluster's API does not answer: {error}"),
                Err(error) => return Err(error),
            };
            if told != last {
                progress(&told);
                last = told;
            }
            let left = patience.total.saturating_sub(started.elapsed());
            if left.is_zero() {
                let what = format!("the change of `{name}`");
                return Err(Error::TooLate { what, seconds: patience.total.as_secs(), last });
            }
            // Nothing else is under way on this thread.
            std::thread::sleep(pause.min(left));
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }
}

/// Whether it can be another thing next time.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::Advised { error, .. } => is_passing(error),
        Error::Refused { status, .. } => *status >= 500 || matches!(status, 408 | 429),
        Error::Api(error) => error.is_doubtful() || matches!(error, proofmark_http::api::ApiError::Http { .. }),
        _ => false,
    }
}

fn look(rolled: &Rolled, now: &InferenceService) -> Look {
    let name = &now.name;
    let failed = |message: String| Look::Failed(Failure { message, model: None });
    if now.uid != rolled.service.uid {
        return failed(format!("`{name}` was deleted and made anew"));
    }
    if !rolled.goal.is_reached(now) {
        return failed(format!("somebody else changed `{name}` since: its files are {} now", now.storage_uri().unwrap_or("none")));
    }
    if now.is("Stopped") == Some(true) {
        return failed(format!("`{name}` is stopped"));
    }
    let seen = seen(rolled, now);
    if let Some(failure) = model_failure(rolled, now, seen) {
        return Look::Failed(failure);
    }
    let Some(is_sure) = seen else {
        let known = now.status.model.transition.as_deref().filter(|transition| is_failure(transition));
        let known = known.map_or_else(String::new, |transition| format!("; it says `{transition}`, as it did before"));
        return Look::Progress(format!("nothing shows yet that KServe's controller has looked at the change{known}"));
    };
    match unready(rolled, now) {
        Some(told) => Look::Progress(told),
        None => Look::Ready { is_sure },
    }
}

/// Whether the controller has looked at the change; the inner value is whether that is sure.
fn seen(rolled: &Rolled, now: &InferenceService) -> Option<bool> {
    let status = &now.status;
    if now.mode() == Mode::Knative {
        if !rolled.goal.starts_pods {
            return has_traffic(rolled, now).then_some(true);
        }
        if let (Some(baseline), Some(created)) = (&rolled.baseline, &status.revisions.created) {
            let is_other = baseline.revision.as_ref() != Some(created);
            // It may be that of a change before this one.
            let is_own = baseline.behind == 0 || !is_in_step(rolled) || status.observed_generation >= Some(rolled.service.generation);
            return (is_other && is_own).then_some(baseline.behind == 0);
        }
    }
    let has = |service: &InferenceService, name: &String| service.status.canaries.iter().any(|(own, _)| own == name);
    match (&rolled.goal.shape, &rolled.goal.leaves) {
        (Shape::Canary { name, .. }, _) if !status.canaries.is_empty() => return has(now, name).then_some(true),
        (_, Some(name)) if has(now, name) => return None,
        (_, Some(name)) if has(&rolled.service, name) => return Some(true),
        _ => {}
    }
    let observed = status.observed_generation?;
    let before = rolled.baseline.as_ref().and_then(|baseline| baseline.observed);
    // Without new pods the count can be another deployment's now.
    let has_moved = before.is_some_and(|before| if rolled.goal.starts_pods { observed > before } else { observed != before });
    if observed >= rolled.service.generation && (has_moved || before.is_none()) {
        return Some(has_moved);
    }
    // A child counts otherwise. Where it counted as the service did, it is to do so now.
    (has_moved && !is_in_step(rolled)).then_some(false)
}

/// Whether what was observed before the change counted as the service does, but for changes that were not looked at yet.
fn is_in_step(rolled: &Rolled) -> bool {
    let before = rolled.baseline.as_ref().and_then(|baseline| Some(baseline.observed? + baseline.behind));
    before.is_some_and(|before| before + 1 == rolled.service.generation)
}

fn is_failure(transition: &str) -> bool {
    matches!(transition, "BlockedByFailedLoad" | "InvalidSpec")
}

/// A failure of this change, and not one of before that nobody has looked at again.
fn model_failure(rolled: &Rolled, now: &InferenceService, seen: Option<bool>) -> Option<Failure> {
    let model = &now.status.model;
    let transition = model.transition.as_deref().filter(|transition| is_failure(transition))?;
    let is_new = rolled.model_before.as_ref().is_some_and(|before| before != model);
    if seen.is_none() && !is_new {
        return None;
    }
    let told = match transition {
        "InvalidSpec" => "KServe cannot run it as it is specified",
        _ => "the model could not be loaded",
    };
    let failure = model.failure.clone();
    let part = |text: Option<&String>| text.map(|text| format!(": {}", one_line(text, &[]))).unwrap_or_default();
    let (reason, message) =
        (failure.as_ref().and_then(|failure| failure.reason.as_ref()), failure.as_ref().and_then(|failure| failure.message.as_ref()));
    let code = failure.as_ref().and_then(|failure| failure.exit_code).filter(|code| *code != 0);
    let code = code.map_or_else(String::new, |code| format!(" (exit code {code})"));
    let still = if now.is("Ready") == Some(true) { "; the one from before still answers" } else { "" };
    Some(Failure { message: format!("{told}{}{}{code}{still}", part(reason), part(message)), model: failure })
}

/// What is still missing.
fn unready(rolled: &Rolled, now: &InferenceService) -> Option<String> {
    let status = &now.status;
    if now.is("Ready") != Some(true) {
        return Some(conditions(now));
    }
    let model = &status.model;
    let is_current = model.transition.as_deref().is_none_or(|transition| transition == "UpToDate");
    let is_loaded = model.target.as_deref().is_none_or(|target| matches!(target, "Loaded" | "Standby"));
    // Without traffic its pods go away again, and then it counts as not begun.
    if (!is_current || !is_loaded) && !is_idle(rolled, now) {
        let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
        return Some(format!("the model is {} ({})", part(&model.target), part(&model.transition)));
    }
    if now.mode() == Mode::Knative {
        let revisions = &status.revisions;
        if revisions.created != revisions.ready {
            return Some(format!("the revision {} is not ready", revisions.created.as_deref().unwrap_or("none")));
        }
        return (!has_traffic(rolled, now)).then(|| format!("the traffic is {}", traffic(now)));
    }
    if let Shape::Canary { name, .. } = &rolled.goal.shape {
        let own = status.canaries.iter().find(|(own, _)| own == name).map(|(_, is_ready)| *is_ready);
        let all = now.is("CanaryPredictorReady").or_else(|| now.is("CanaryReady"));
        return match own.or(all) {
            Some(true) => None,
            Some(false) => Some(format!("the canary {name} is not ready")),
            None => Some(format!("nothing tells how the canary {name} stands")),
        };
    }
    None
}

/// Whether the newest revision was ready and is to have no traffic.
fn is_idle(rolled: &Rolled, now: &InferenceService) -> bool {
    let is_dark = matches!(rolled.goal.shape, Shape::Predictor { percent: Some(0), .. });
    let revisions = &now.status.revisions;
    is_dark && now.mode() == Mode::Knative && revisions.created.is_some() && revisions.created == revisions.ready
}

/// Whether the newest revision has the share that it is to have.
fn has_traffic(rolled: &Rolled, now: &InferenceService) -> bool {
    let Shape::Predictor { percent, .. } = &rolled.goal.shape else { return true };
    let created = &now.status.revisions.created;
    let own = now.status.traffic.iter().filter(|part| part.is_latest || (created.is_some() && part.revision == *created));
    // The specification may have been given another share since, by people who go on step by step.
    let wanted = percent.map_or(100, i64::from);
    !now.status.traffic.is_empty() && own.map(|part| part.percent).sum::<i64>() == wanted
}

fn traffic(now: &InferenceService) -> String {
    let part = |part: &super::Traffic| format!("{} % to {}", part.percent, part.revision.as_deref().unwrap_or("the newest revision"));
    let parts: Vec<String> = now.status.traffic.iter().map(part).collect();
    if parts.is_empty() { "not told".to_owned() } else { parts.join(", ") }
}

/// The conditions that are not met.
fn conditions(now: &InferenceService) -> String {
    let open = now.status.conditions.iter().filter(|(_, condition)| condition.status != "True");
    let told: Vec<String> = open
        .filter(|(name, _)| *name != "Stopped")
        .map(|(name, condition)| {
            let why = condition.message.as_ref().or(condition.reason.as_ref());
            why.map_or_else(
                || format!("{name} is {}", condition.status),
                |why| format!("{name} is {}: {}", condition.status, one_line(why, &[])),
            )
        })
        .collect();
    if told.is_empty() { "it has no condition `Ready` yet".to_owned() } else { told.join("; ") }
}

#[cfg(test)]
mod tests;
