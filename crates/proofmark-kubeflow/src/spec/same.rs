//! Whether two compiled pipelines are the same one.
//!
//! A server does not keep the file: it writes what it understood anew. Numbers become doubles, what is empty, zero or false is
//! left out, and the pipeline's name is replaced by `namespace/…/pipeline/…`.

use serde_json::{Map, Value};

use super::Spec;

/// Fields whose content is the user's, where false and zero are values.
const VERBATIM: [&str; 8] =
    ["deploymentSpec", "defaultValue", "constant", "constantValue", "runtimeValue", "literals", "metadata", "customProperties"];

impl Spec {
    /// Whether a server would make the same of both. What the pipeline calls itself does not count.
    pub fn is_same(&self, other: &Self) -> bool {
        let platform = |spec: &Self| spec.platform.as_ref().and_then(essence).unwrap_or_default();
        same_value(&self.essence(), &other.essence()) && same_value(&platform(self), &platform(other))
    }

    fn essence(&self) -> Value {
        let mut pipeline = self.pipeline.clone();
        if let Some(Value::Object(info)) = pipeline.get_mut("pipelineInfo") {
            info.remove("name");
        }
        essence(&Value::Object(pipeline)).unwrap_or_default()
    }
}

/// Without what means nothing: empty, zero and false fields. Elements of lists stay, since their places count.
fn essence(value: &Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Number(number) if number.as_f64() == Some(0.0) => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => Some(items.iter().map(|item| essence(item).unwrap_or_default()).collect()),
        Value::Object(fields) => {
            let kept = fields.iter().filter_map(|(name, value)| {
                let is_verbatim = VERBATIM.contains(&name.as_str());
                let kept = if is_verbatim { Some(value.clone()) } else { essence(value) };
                kept.map(|value| (name.clone(), value))
            });
            let kept: Map<String, Value> = kept.collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        other => Some(other.clone()),
    }
}

/// Whether two values are one: numbers by what they are and not by how they are written.
pub(super) fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| same_value(one, other)))
        }
        (one, other) => one == other,
    }
}
