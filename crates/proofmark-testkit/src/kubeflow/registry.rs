//! What the model registry holds: models, versions, artifacts, experiments with their runs and metrics.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::base64;

/// When a registry begins, in milliseconds since 1970.
const EPOCH: i64 = 1_767_225_600_000;

/// Below which path a registry answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Base {
    /// `/api/model_registry/v1alpha3`.
    #[default]
    V1Alpha3,
    /// `/api/model_registry/v1`.
    V1,
    /// Both.
    Both,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Entity {
    pub(crate) kind: &'static str,
    /// The number of the version or run that an artifact belongs to, else of its parent; 0 for none.
    pub(crate) parent: u64,
    pub(crate) fields: Map<String, Value>,
}

/// The models, their versions, and everything else that a registry holds.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// Below which path it answers.
    pub base: Base,
    /// Its database is down.
    pub down: bool,
    pub(crate) entities: BTreeMap<u64, Entity>,
    /// Every value that a metric ever had.
    pub(crate) history: Vec<(u64, Value)>,
    elapsed: i64,
}

impl Registry {
    /// Registers a model; its id.
    pub fn model(&mut self, name: &str) -> String {
        self.add("registered_models", 0, [("name", json!(name)), ("state", json!("LIVE"))])
    }

    /// Adds a version of a model with custom properties; its id.
    pub fn version(&mut self, model: &str, name: &str, properties: &[(&str, Value)]) -> String {
        let properties: Map<String, Value> = properties.iter().map(|(name, value)| ((*name).to_owned(), property(value))).collect();
        let parent = model.parse().unwrap_or_default();
        let fields =
            [("name", json!(name)), ("registeredModelId", json!(model)), ("state", json!("LIVE")), ("customProperties", json!(properties))];
        self.add("model_versions", parent, fields)
    }

    /// Adds the model artifact of a version; its id.
    pub fn artifact(&mut self, version: &str, name: &str, uri: &str) -> String {
        let fields = [("name", json!(name)), ("artifactType", json!("model-artifact")), ("uri", json!(uri)), ("state", json!("LIVE"))];
        self.add("artifacts", version.parse().unwrap_or_default(), fields)
    }

    /// Adds an experiment; its id.
    pub fn experiment(&mut self, name: &str) -> String {
        self.add("experiments", 0, [("name", json!(name)), ("state", json!("LIVE"))])
    }

    /// Adds a run of an experiment with metrics; its id.
    pub fn experiment_run(&mut self, experiment: &str, name: &str, metrics: &[(&str, f64)]) -> String {
        let fields = [("name", json!(name)), ("experimentId", json!(experiment)), ("status", json!("FINISHED")), ("state", json!("LIVE"))];
        let run = self.add("experiment_runs", experiment.parse().unwrap_or_default(), fields);
        for (name, value) in metrics {
            let fields = [("name", json!(name)), ("artifactType", json!("metric")), ("value", json!(value)), ("step", json!(0))];
            let id = self.add("artifacts", run.parse().unwrap_or_default(), fields);
            self.remember(id.parse().unwrap_or_default());
        }
        run
    }

    /// Somebody gives a version another custom property, a text.
    pub fn set_text(&mut self, id: &str, name: &str, text: &str) {
        let Some(entity) = id.parse().ok().and_then(|id: u64| self.entities.get_mut(&id)) else { return };
        if let Some(properties) = entity.fields.get_mut("customProperties").and_then(Value::as_object_mut) {
            properties.insert(name.to_owned(), property(&json!(text)));
        }
    }

    /// An entity as it is now.
    pub fn entity(&self, id: &str) -> Option<Value> {
        self.entities.get(&id.parse().ok()?).map(|entity| Value::Object(entity.fields.clone()))
    }

    fn add<'a>(&mut self, kind: &'static str, parent: u64, fields: impl IntoIterator<Item = (&'a str, Value)>) -> String {
        let fields: Map<String, Value> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.insert(kind, parent, fields).to_string()
    }

    pub(crate) fn insert(&mut self, kind: &'static str, parent: u64, mut fields: Map<String, Value>) -> u64 {
        let id = self.entities.last_key_value().map_or(1, |(id, _)| id + 1);
        let now = json!(self.tick().to_string());
        fields.insert("id".to_owned(), json!(id.to_string()));
        fields.insert("createTimeSinceEpoch".to_owned(), now.clone());
        fields.insert("lastUpdateTimeSinceEpoch".to_owned(), now);
        fields.entry("customProperties").or_insert_with(|| json!({}));
        if kind == "artifacts"
            && let Some(run) = self.entities.get(&parent).filter(|entity| entity.kind == "experiment_runs")
        {
            fields.insert("experimentRunId".to_owned(), json!(parent.to_string()));
            fields.insert("experimentId".to_owned(), run.fields["experimentId"].clone());
        }
        self.entities.insert(id, Entity { kind, parent, fields });
        id
    }

    pub(crate) fn tick(&mut self) -> i64 {
        self.elapsed += 1000;
        EPOCH + self.elapsed
    }

    /// Writes the value that a metric has now into its history.
    pub(crate) fn remember(&mut self, id: u64) {
        if let Some(entity) = self.entities.get(&id).filter(|entity| entity.fields.get("artifactType") == Some(&json!("metric"))) {
            self.history.push((entity.parent, Value::Object(entity.fields.clone())));
        }
    }
}

/// A custom property of a value.
fn property(value: &Value) -> Value {
    match value {
        Value::Bool(_) => json!({"metadataType": "MetadataBoolValue", "bool_value": value}),
        Value::Number(number) if number.is_i64() => json!({"metadataType": "MetadataIntValue", "int_value": number.to_string()}),
        Value::Number(_) => json!({"metadataType": "MetadataDoubleValue", "double_value": value}),
        Value::String(_) => json!({"metadataType": "MetadataStringValue", "string_value": value}),
        other => json!({"metadataType": "MetadataStructValue", "struct_value": base64::encode(other.to_string().as_bytes())}),
    }
}
