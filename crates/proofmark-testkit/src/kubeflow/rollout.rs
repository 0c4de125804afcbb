//! An inference service and the controller behind it, which goes on when somebody looks.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::{Value, json};

use super::time;

/// How the service's pods are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Serverless, with revisions and traffic between them.
    #[default]
    Knative,
    /// Plain deployments; canaries are a list of their own.
    Standard,
}

/// What comes of a change.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rollout {
    /// The model is loaded and takes its traffic.
    #[default]
    Ready,
    /// It cannot be loaded, for this reason and with this message; the old one goes on and the service stays ready.
    FailedLoad(String, String),
    /// The specification makes no sense to the controller.
    InvalidSpec(String),
    /// It is never done.
    Stuck,
    /// The controller never looks.
    Unseen,
}

/// What the controller does with one change. A poll is a request for that one service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// So many polls see the service as it was.
    pub unseen: u32,
    /// So many more see the model being loaded.
    pub loading: u32,
    /// What the others see.
    pub end: Rollout,
}

impl Default for Plan {
    fn default() -> Self {
        Self { unseen: 1, loading: 1, end: Rollout::Ready }
    }
}

impl Plan {
    /// What comes of it after one poll of nothing and one of loading.
    pub fn to(end: Rollout) -> Self {
        Self { end, ..Self::default() }
    }

    /// So many polls see the service as it was, so many more see the model being loaded.
    #[must_use]
    pub fn polls(self, unseen: u32, loading: u32) -> Self {
        Self { unseen, loading, ..self }
    }
}

/// How far the newest change has come.
#[derive(Debug, Clone, PartialEq)]
enum Phase {
    Unseen,
    Loading,
    Done,
    Failed(String, String),
    Invalid(String),
}

/// An inference service.
#[derive(Debug, Clone)]
pub struct Service {
    /// How its pods are run.
    pub mode: Mode,
    /// What the controller does with the next changes; without one, the usual.
    pub plans: VecDeque<Plan>,
    /// Metadata and specification.
    object: Value,
    plan: Plan,
    polls: u32,
    phase: Phase,
    observed: i64,
    /// Numbers of revisions, 0 for none.
    created: u32,
    ready: u32,
    rolled_out: u32,
    previous: u32,
    /// Shares of the newest and of the rolled out revision.
    share: i64,
    /// The model that is loaded, to know whether a change needs a new revision.
    template: Value,
    changed: i64,
}

/// The parts of a predictor that can name a model.
pub(crate) fn models(predictor: &Value) -> Vec<&Value> {
    predictor.as_object().map(|parts| parts.values().filter(|part| part.is_object()).collect()).unwrap_or_default()
}

fn template(object: &Value) -> Value {
    let mut spec = object["spec"].clone();
    if let Some(predictor) = spec["predictor"].as_object_mut() {
        predictor.remove("canaryTrafficPercent");
    }
    spec
}

impl Service {
    /// Somebody gives it other files.
    pub(crate) fn redirect(&mut self, storage_uri: &str) {
        self.object["spec"]["predictor"]["model"]["storageUri"] = Value::String(storage_uri.to_owned());
    }

    pub(crate) fn new(object: Value, now: i64) -> Self {
        let template = template(&object);
        Self {
            mode: Mode::Knative,
            plans: VecDeque::new(),
            object,
            plan: Plan::default(),
            polls: 0,
            phase: Phase::Unseen,
            observed: 0,
            created: 1,
            ready: 0,
            rolled_out: 0,
            previous: 0,
            share: 100,
            template,
            changed: now,
        }
    }

    /// Ready at once.
    pub(crate) fn settle(&mut self) {
        self.see();
        self.finish(self.changed);
    }

    /// Takes a new specification; whether anything is new. The status stays as it was until the controller looks.
    pub(crate) fn accept(&mut self, object: &Value, version: &str, now: i64) -> bool {
        let same = object["spec"] == self.object["spec"];
        let named = |name: &str| object["metadata"][name] == self.object["metadata"][name];
        if same && named("labels") && named("annotations") {
            return false;
        }
        for name in ["labels", "annotations"] {
            if let Some(value) = object["metadata"].get(name) {
                self.object["metadata"][name] = value.clone();
            }
        }
        self.object["metadata"]["resourceVersion"] = json!(version);
        if same {
            return true;
        }
        let generation = self.generation() + 1;
        self.object["metadata"]["generation"] = json!(generation);
        self.object["spec"] = object["spec"].clone();
        self.plan = self.plans.pop_front().unwrap_or_default();
        self.polls = 0;
        self.phase = Phase::Unseen;
        self.changed = now;
        true
    }

    /// Somebody looks.
    pub(crate) fn poll(&mut self, now: i64) {
        if !matches!(self.phase, Phase::Unseen | Phase::Loading) || self.plan.end == Rollout::Unseen {
            return;
        }
        self.polls += 1;
        if self.phase == Phase::Unseen && self.polls > self.plan.unseen {
            self.see();
            self.changed = now;
        }
        if self.phase == Phase::Loading && self.polls > self.plan.unseen.saturating_add(self.plan.loading) {
            self.finish(now);
        }
    }

    fn generation(&self) -> i64 {
        self.object["metadata"]["generation"].as_i64().unwrap_or(1)
    }

    /// The controller has seen the newest generation.
    fn see(&mut self) {
        self.observed = self.generation();
        self.phase = Phase::Loading;
        let template = template(&self.object);
        if template != self.template {
            self.template = template;
            self.created += 1;
        }
    }

    fn finish(&mut self, now: i64) {
        self.changed = now;
        match self.plan.end.clone() {
            Rollout::Ready => {
                self.phase = Phase::Done;
                self.ready = self.created;
                self.share = self.object["spec"]["predictor"]["canaryTrafficPercent"].as_i64().unwrap_or(100);
                if (self.share == 100 || self.rolled_out == 0) && self.rolled_out != self.created {
                    self.previous = self.rolled_out;
                    self.rolled_out = self.created;
                }
            }
            Rollout::FailedLoad(reason, message) => self.phase = Phase::Failed(reason, message),
            Rollout::InvalidSpec(message) => self.phase = Phase::Invalid(message),
            Rollout::Stuck | Rollout::Unseen => {}
        }
    }

    /// The whole object, status included.
    pub(crate) fn object(&self) -> Value {
        let mut object = self.object.clone();
        object["status"] = self.status();
        object
    }

    fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap_or_default()
    }

    fn revision(&self, number: u32) -> Value {
        json!(format!("{}-predictor-{number:05}", self.name()))
    }

    fn status(&self) -> Value {
        let namespace = self.object["metadata"]["namespace"].as_str().unwrap_or_default();
        let url = format!("http://{}.{namespace}.example.com", self.name());
        let mut status = json!({
            "observedGeneration": self.observed,
            "url": url,
            "conditions": self.conditions(),
            "components": {"predictor": self.predictor(&url)},
            "modelStatus": self.model(),
        });
        if self.observed > 0 {
            status["deploymentMode"] = json!(if self.mode == Mode::Knative { "Knative" } else { "Standard" });
        }
        status
    }

    fn conditions(&self) -> Value {
        let at = time::text(self.changed);
        let serves = self.ready > 0;
        let (mut general, mut newest) = match &self.phase {
            // What was true stays so until the controller has looked.
            Phase::Unseen | Phase::Done if serves => ("True", "True"),
            Phase::Failed(..) if serves => ("True", "False"),
            Phase::Failed(..) | Phase::Invalid(_) => ("False", "False"),
            Phase::Unseen | Phase::Loading | Phase::Done => ("Unknown", "Unknown"),
        };
        if self.mode == Mode::Standard && self.phase == Phase::Loading && serves {
            // Deployments keep their old pods until the new ones are there.
            (general, newest) = ("True", "True");
        }
        let one = |kind: &str, status: &str| {
            let mut condition = json!({"type": kind, "status": status, "lastTransitionTime": at});
            if let (Phase::Failed(reason, message), "False") = (&self.phase, status) {
                (condition["reason"], condition["message"]) = (json!(reason), json!(message));
            }
            if let (Phase::Invalid(message), "False") = (&self.phase, status) {
                (condition["reason"], condition["message"]) = (json!("InvalidSpec"), json!(message));
            }
            condition
        };
        let mut conditions = vec![one("IngressReady", general), one("PredictorReady", general), one("Ready", general)];
        if self.mode == Mode::Knative {
            conditions.push(one("LatestDeploymentReady", newest));
            conditions.push(one("RoutesReady", general));
        } else if self.object["spec"]["canary"].as_array().is_some_and(|list| !list.is_empty()) {
            conditions.push(one("CanaryPredictorReady", newest));
        }
        conditions.sort_by_key(|condition| condition["type"].as_str().unwrap_or_default().to_owned());
        json!(conditions)
    }

    fn predictor(&self, url: &str) -> Value {
        if self.mode == Mode::Standard {
            return json!({"url": url});
        }
        let mut predictor = json!({"latestCreatedRevision": self.revision(self.created), "url": url});
        if self.observed == 0 {
            return json!({});
        }
        let named = [
            ("latestReadyRevision", self.ready),
            ("latestRolledoutRevision", self.rolled_out),
            ("previousRolledoutRevision", self.previous),
        ];
        for (name, number) in named.into_iter().filter(|(_, number)| *number > 0) {
            predictor[name] = self.revision(number);
        }
        if self.ready > 0 {
            let split = self.share < 100 && self.rolled_out != self.ready;
            let mut traffic = vec![json!({
                "latestRevision": true, "percent": if split { self.share } else { 100 }, "revisionName": self.revision(self.ready),
            })];
            if split {
                traffic.push(json!({
                    "latestRevision": false, "percent": 100 - self.share, "revisionName": self.revision(self.rolled_out), "tag": "prev",
                }));
            }
            predictor["traffic"] = json!(traffic);
        }
        predictor
    }

    fn model(&self) -> Value {
        let active = if self.ready > 0 { "Loaded" } else { "" };
        let states = |target: &str| json!({"activeModelState": active, "targetModelState": target});
        match &self.phase {
            Phase::Done => {
                json!({"transitionStatus": "UpToDate", "states": states("Loaded"), "copies": {"failedCopies": 0, "totalCopies": 1}})
            }
            Phase::Unseen if self.ready > 0 => json!({"transitionStatus": "UpToDate", "states": states("Loaded")}),
            Phase::Unseen => json!({"transitionStatus": "InProgress", "states": states("Pending")}),
            Phase::Loading => json!({"transitionStatus": "InProgress", "states": states("Loading")}),
            Phase::Failed(reason, message) => json!({
                "transitionStatus": "BlockedByFailedLoad",
                "states": states("FailedToLoad"),
                "lastFailureInfo": {"reason": reason, "message": message, "exitCode": 1, "time": time::text(self.changed)},
            }),
            Phase::Invalid(message) => json!({
                "transitionStatus": "InvalidSpec",
                "states": states("FailedToLoad"),
                "lastFailureInfo": {"reason": "NoSupportingRuntime", "message": message},
            }),
        }
    }
}
