//! An `InferenceService` as it stands.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Predictors of older services, which have the model's format for a name.
const OLD_FORMS: [&str; 10] =
    ["sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "huggingface", "pmml", "lightgbm", "paddle"];
/// The annotation by which people choose a mode.
const MODE: &str = "serving.kserve.io/deploymentMode";

/// An `InferenceService`.
#[derive(Debug, Clone, PartialEq)]
pub struct InferenceService {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What tells it from a later one of the same name.
    pub uid: String,
    /// What tells it from every other state of itself.
    pub resource_version: String,
    /// The number of its specification.
    pub generation: i64,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its specification, whole.
    pub spec: Map<String, Value>,
    /// How it stands.
    pub status: Status,
}

/// How a service is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// By Knative, with revisions and a canary in percent (`Serverless`, `Knative`).
    Knative,
    /// By plain deployments, with a list of canaries from KServe 0.20 on (`RawDeployment`, `Standard`).
    Standard,
    /// By ModelMesh, which has no canary.
    ModelMesh,
    /// Nothing tells it yet, or one that is not known here.
    Unknown(Option<String>),
}

/// How a service stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// As its controller calls its mode.
    pub mode: Option<String>,
    /// Which generation was looked at. Up to KServe 0.20 at least it is a child's and not the service's own.
    pub observed_generation: Option<i64>,
    /// Where it answers.
    pub url: Option<String>,
    /// Its conditions, by type.
    pub conditions: BTreeMap<String, Condition>,
    /// The predictor's revisions, where Knative runs it.
    pub revisions: Revisions,
    /// How its traffic is shared out now.
    pub traffic: Vec<Traffic>,
    /// How the model stands.
    pub model: ModelStatus,
    /// Canaries of the standard mode: name, and whether it is ready.
    pub canaries: Vec<(String, bool)>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Condition {
    /// `True`, `False`, `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: Option<String>,
    /// Why, for people.
    pub message: Option<String>,
    /// When it changed last.
    pub changed: Option<String>,
}

/// Names of revisions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revisions {
    /// The newest one.
    pub created: Option<String>,
    /// The newest one that can answer.
    pub ready: Option<String>,
    /// The newest one that had all traffic.
    pub rolled_out: Option<String>,
    /// The one that had it before.
    pub previous: Option<String>,
}

/// A share of the traffic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Whose.
    pub revision: Option<String>,
    /// In percent.
    pub percent: i64,
    /// Whether it goes to whatever revision is newest.
    pub is_latest: bool,
}

/// How the model stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelStatus {
    /// `UpToDate`, `InProgress`, `BlockedByFailedLoad`, `InvalidSpec`.
    pub transition: Option<String>,
    /// What the one that answers has come to: `Loaded`.
    pub active: Option<String>,
    /// What the one that is to answer has come to: `Pending`, `Loading`, `Loaded`, `FailedToLoad`.
    pub target: Option<String>,
    /// What went wrong last.
    pub failure: Option<LoadFailure>,
}

/// Why a model could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadFailure {
    /// In one word: `ModelLoadFailed`.
    pub reason: Option<String>,
    /// For people.
    pub message: Option<String>,
    /// How the container ended.
    pub exit_code: Option<i64>,
    /// When.
    pub time: Option<String>,
}

impl InferenceService {
    /// As the API writes it.
    ///
    /// # Errors
    /// What is missing, as a sentence fragment.
    pub fn from_json(value: &Value) -> Result<Self, &'static str> {
        if value.get("kind").is_some_and(|kind| kind != "InferenceService") {
            return Err("it is no InferenceService");
        }
        let metadata = value.get("metadata").ok_or("it has no metadata")?;
        let annotations = metadata.get("annotations").and_then(Value::as_object).into_iter().flatten();
        Ok(Self {
            namespace: text(metadata, "namespace").unwrap_or_default(),
            name: text(metadata, "name").ok_or("it has no name")?,
            uid: text(metadata, "uid").unwrap_or_default(),
            resource_version: text(metadata, "resourceVersion").ok_or("it has no resourceVersion")?,
            generation: metadata.get("generation").and_then(Value::as_i64).ok_or("it has no generation")?,
            annotations: annotations.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect(),
            spec: value.get("spec").and_then(Value::as_object).cloned().ok_or("it has no spec")?,
            status: Status::from_json(value.get("status").unwrap_or(&Value::Null)),
        })
    }

    /// How it is run.
    pub fn mode(&self) -> Mode {
        match self.status.mode.as_deref().or_else(|| self.annotations.get(MODE).map(String::as_str)) {
            Some("Serverless" | "Knative") => Mode::Knative,
            Some("RawDeployment" | "Standard") => Mode::Standard,
            Some("ModelMesh") => Mode::ModelMesh,
            Some(other) => Mode::Unknown(Some(other.to_owned())),
            // Only Knative has revisions.
            None if self.status.revisions.created.is_some() => Mode::Knative,
            None => Mode::Unknown(None),
        }
    }

    /// The predictor, whole.
    pub fn predictor(&self) -> Option<&Map<String, Value>> {
        self.spec.get("predictor")?.as_object()
    }

    /// The name of the predictor's form: `model`, or `sklearn` and the like of older services.
    pub fn form(&self) -> Option<&'static str> {
        form(self.predictor()?)
    }

    /// Where the model's files are.
    pub fn storage_uri(&self) -> Option<&str> {
        storage_uri(self.predictor()?)
    }

    /// The serving runtime that is asked for.
    pub fn runtime(&self) -> Option<&str> {
        let predictor = self.predictor()?;
        predictor.get(form(predictor)?)?.get("runtime")?.as_str()
    }

    /// The percentage of the traffic that the newest revision gets, where it is not all.
    pub fn canary_percent(&self) -> Option<i64> {
        self.predictor()?.get("canaryTrafficPercent")?.as_i64()
    }

    /// The canaries of the standard mode, whole.
    pub fn canaries(&self) -> &[Value] {
        self.spec.get("canary").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// The files of the canary beside the predictor (standard mode), where there is one only, and its share in percent.
    pub fn canary_beside(&self) -> Option<(&str, i64)> {
        let [entry] = self.canaries() else { return None };
        let predictor = entry.get("predictor")?.as_object()?;
        Some((storage_uri(predictor)?, entry.get("trafficPercent").and_then(Value::as_i64).unwrap_or_default()))
    }

    /// Whether a condition is `True`; nothing where it is not there.
    pub fn is(&self, condition: &str) -> Option<bool> {
        self.status.conditions.get(condition).map(|condition| condition.status == "True")
    }
}

/// The form of a predictor.
pub(super) fn form(predictor: &Map<String, Value>) -> Option<&'static str> {
    ["model"].into_iter().chain(OLD_FORMS).find(|form| predictor.get(*form).is_some_and(Value::is_object))
}

/// Where a predictor's files are.
pub(super) fn storage_uri(predictor: &Map<String, Value>) -> Option<&str> {
    predictor.get(form(predictor)?)?.get("storageUri")?.as_str()
}

/// The annotations that a predictor gives to its pods.
pub(super) fn annotations(predictor: &Map<String, Value>) -> BTreeMap<String, String> {
    let all = predictor.get("annotations").and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect()
}

impl Status {
    fn from_json(value: &Value) -> Self {
        let predictor = value.pointer("/components/predictor").unwrap_or(&Value::Null);
        let list = |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let condition = |value: &Value| {
            let condition = Condition {
                status: text(value, "status").unwrap_or_default(),
                reason: text(value, "reason"),
                message: text(value, "message"),
                changed: text(value, "lastTransitionTime"),
            };
            Some((text(value, "type")?, condition))
        };
        let traffic = |value: &Value| Traffic {
            revision: text(value, "revisionName"),
            percent: value.get("percent").and_then(Value::as_i64).unwrap_or_default(),
            is_latest: value.get("latestRevision") == Some(&Value::Bool(true)),
        };
        Self {
            mode: text(value, "deploymentMode"),
            observed_generation: value.get("observedGeneration").and_then(Value::as_i64),
            url: text(value, "url"),
            conditions: list(value, "conditions").iter().filter_map(condition).collect(),
            revisions: Revisions {
                created: text(predictor, "latestCreatedRevision"),
                ready: text(predictor, "latestReadyRevision"),
                rolled_out: text(predictor, "latestRolledoutRevision"),
                previous: text(predictor, "previousRolledoutRevision"),
            },
            traffic: list(predictor, "traffic").iter().map(traffic).collect(),
            model: ModelStatus::from_json(value.get("modelStatus").unwrap_or(&Value::Null)),
            canaries: list(value, "canaryStatuses")
                .iter()
                .filter_map(|value| Some((text(value, "name")?, value.get("ready") == Some(&Value::Bool(true)))))
                .collect(),
        }
    }
}

impl ModelStatus {
    fn from_json(value: &Value) -> Self {
        let states = value.get("states").unwrap_or(&Value::Null);
        let failure = value.get("lastFailureInfo").filter(|failure| failure.is_object()).map(|failure| LoadFailure {
            reason: text(failure, "reason"),
            message: text(failure, "message"),
            exit_code: failure.get("exitCode").and_then(Value::as_i64),
            time: text(failure, "time"),
        });
        Self {
            transition: text(value, "transitionStatus"),
            active: text(states, "activeModelState"),
            target: text(states, "targetModelState"),
            failure,
        }
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(spec: &Value, status: &Value) -> InferenceService {
        let metadata = json!({"name": "churn", "namespace": "a", "uid": "u", "resourceVersion": "7", "generation": 3});
        InferenceService::from_json(&json!({"metadata": metadata, "spec": spec, "status": status})).expect("a service")
    }

    #[test]
    fn a_canary_as_knative_shows_it() {
        let read = service(
            &json!({"predictor": {"canaryTrafficPercent": 10, "model": {"storageUri": "s3://m/v2", "runtime": "r"}}}),
            &json!({
                "observedGeneration": 3,
                "conditions": [{"type": "Ready", "status": "True"}, {"type": "RoutesReady", "status": "Unknown", "reason": "x"}],
                "components": {"predictor": {
                    "latestCreatedRevision": "c-2", "latestReadyRevision": "c-2", "latestRolledoutRevision": "c-1",
                    "traffic": [{"latestRevision": true, "percent": 10, "revisionName": "c-2"}, {"percent": 90, "revisionName": "c-1"}],
                }},
                "modelStatus": {"transitionStatus": "UpToDate", "states": {"activeModelState": "", "targetModelState": "Loaded"}},
            }),
        );
        assert_eq!((read.mode(), read.form(), read.storage_uri()), (Mode::Knative, Some("model"), Some("s3://m/v2")));
        assert_eq!((read.canary_percent(), read.runtime(), read.is("Ready"), read.is("Stopped")), (Some(10), Some("r"), Some(true), None));
        assert_eq!(read.is("RoutesReady"), Some(false));
        assert_eq!(read.status.traffic.iter().map(|part| (part.percent, part.is_latest)).collect::<Vec<_>>(), [(10, true), (90, false)]);
        assert_eq!((read.status.model.active, read.status.model.target.as_deref()), (None, Some("Loaded")));
    }

    #[test]
    fn modes_and_forms() {
        let mode = |status: Value| service(&json!({"predictor": {}}), &status).mode();
        assert_eq!(mode(json!({"deploymentMode": "RawDeployment"})), Mode::Standard);
        assert_eq!(mode(json!({"deploymentMode": "Standard"})), Mode::Standard);
        assert_eq!(mode(json!({"deploymentMode": "Knative"})), Mode::Knative);
        assert_eq!((mode(json!({"deploymentMode": "New"})), mode(json!({}))), (Mode::Unknown(Some("New".into())), Mode::Unknown(None)));
        let old = service(&json!({"predictor": {"sklearn": {"storageUri": "gs://x"}}}), &json!({}));
        assert_eq!((old.form(), old.storage_uri()), (Some("sklearn"), Some("gs://x")));
        let own = service(&json!({"predictor": {"containers": [{}]}}), &json!({}));
        assert_eq!((own.form(), own.storage_uri()), (None, None));
    }

    #[test]
    fn what_is_no_service() {
        for bad in
            [json!({}), json!({"kind": "Pod", "metadata": {}}), json!({"metadata": {"name": "a", "resourceVersion": "1", "generation": 1}})]
        {
            assert!(InferenceService::from_json(&bad).is_err(), "{bad}");
        }
    }
}
