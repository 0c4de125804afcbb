//! What a registry keeps: models, their versions, and the files of a version.

use serde_json::Value;

use super::property::{Properties, Property};

/// Whether something is in use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum State {
    /// In use.
    #[default]
    Live,
    /// Put away. The registry deletes nothing.
    Archived,
    /// One that is not known here.
    Other(String),
}

/// A registered model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    /// Its id: digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is in use.
    pub state: State,
    /// Whose it is, where that was said.
    pub owner: Option<String>,
    /// Its custom properties.
    pub properties: Properties,
}

/// A version of a registered model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Version {
    /// Its id: digits.
    pub id: String,
    /// Its name, which is one version's within a model: `v3`.
    pub name: String,
    /// The registered model's id.
    pub model_id: String,
    /// Whether it is in use.
    pub state: State,
    /// Who made it, where that was said.
    pub author: Option<String>,
    /// When it was made: milliseconds since 1970.
    pub created: Option<i64>,
    /// When it was changed last.
    pub updated: Option<i64>,
    /// Its custom properties.
    pub properties: Properties,
}

/// A file of a version, or something else that belongs to it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Artifact {
    /// Its id: digits.
    pub id: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// `model-artifact`, `doc-artifact`, `metric`, …
    pub kind: String,
    /// Where the files are.
    pub uri: Option<String>,
    /// The format's name: `sklearn`.
    pub format: Option<String>,
    /// The format's version.
    pub format_version: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// The registry's own experiment run that made it.
    pub experiment_run: Option<String>,
    /// Its custom properties.
    pub properties: Properties,
}

/// Where an artifact comes from, as its maker said it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// Which system: `pipelines`.
    pub kind: Option<String>,
    /// What of the system: `pipelinerun`.
    pub class: Option<String>,
    /// Within what: a namespace.
    pub group: Option<String>,
    /// The run's id.
    pub id: Option<String>,
    /// A name for people.
    pub name: Option<String>,
}

impl Model {
    pub(super) fn from_json(value: &Value) -> Result<Self, &'static str> {
        Ok(Self {
            id: id(value)?,
            name: text(value, "name").ok_or("a registered model has no name")?,
            state: state(value),
            owner: text(value, "owner"),
            properties: properties(value)?,
        })
    }
}

impl Version {
    pub(super) fn from_json(value: &Value) -> Result<Self, &'static str> {
        Ok(Self {
            id: id(value)?,
            name: text(value, "name").ok_or("a version has no name")?,
            model_id: text(value, "registeredModelId").unwrap_or_default(),
            state: state(value),
            author: text(value, "author"),
            created: time(value, "createTimeSinceEpoch"),
            updated: time(value, "lastUpdateTimeSinceEpoch"),
            properties: properties(value)?,
        })
    }

    /// A custom property that is a text.
    pub fn text(&self, property: &str) -> Option<&str> {
        match self.properties.get(property)? {
            Property::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Newer versions have greater ids.
    pub(super) fn age(&self) -> u64 {
        self.id.parse().unwrap_or_default()
    }
}

impl Artifact {
    pub(super) fn from_json(value: &Value) -> Result<Self, &'static str> {
        let source = |part: &str| text(value, &format!("modelSource{part}"));
        Ok(Self {
            id: id(value)?,
            name: text(value, "name"),
            kind: text(value, "artifactType").unwrap_or_else(|| "model-artifact".to_owned()),
            uri: text(value, "uri"),
            format: text(value, "modelFormatName"),
            format_version: text(value, "modelFormatVersion"),
            source: Source { kind: source("Kind"), class: source("Class"), group: source("Group"), id: source("Id"), name: source("Name") },
            experiment_run: text(value, "experimentRunId"),
            properties: properties(value)?,
        })
    }
}

/// A field that is a text or a whole number, and not empty.
pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Ids go into paths.
pub(super) fn id(value: &Value) -> Result<String, &'static str> {
    let id = text(value, "id").ok_or("something in it has no id")?;
    if is_id(&id) { Ok(id) } else { Err("an id in it is none") }
}

/// Digits, by all that is known.
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Milliseconds, which are written as a text.
pub(super) fn time(value: &Value, name: &str) -> Option<i64> {
    text(value, name)?.parse().ok()
}

fn state(value: &Value) -> State {
    match text(value, "state").as_deref() {
        None | Some("LIVE") => State::Live,
        Some("ARCHIVED") => State::Archived,
        Some(other) => State::Other(other.to_owned()),
    }
}

pub(super) fn properties(value: &Value) -> Result<Properties, &'static str> {
    match value.get("customProperties") {
        None | Some(Value::Null) => Ok(Properties::new()),
        Some(Value::Object(fields)) => Ok(fields.iter().map(|(name, value)| (name.clone(), Property::from_json(value))).collect()),
        // Written back as empty, they would be lost.
        Some(_) => Err("its customProperties are no object"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_version_as_the_registry_writes_it() {
        let version = Version::from_json(&json!({
            "id": "2", "name": "v1", "registeredModelId": "1", "state": "ARCHIVED", "author": "ci",
            "createTimeSinceEpoch": "1767225602000", "lastUpdateTimeSinceEpoch": "x",
            "customProperties": {"stage": {"metadataType": "MetadataStringValue", "string_value": "production"}},
        }));
        let version = version.expect("a version");
        assert_eq!(
            (version.state.clone(), version.text("stage"), version.created),
            (State::Archived, Some("production"), Some(1767225602000))
        );
        assert_eq!((version.updated, version.text("other"), version.age()), (None, None, 2));
    }

    #[test]
    fn what_is_no_version() {
        for bad in [
            json!({"name": "v1"}),
            json!({"id": "../x", "name": "v1"}),
            json!({"id": "1"}),
            json!({"id": "1", "name": "v", "customProperties": [1]}),
            json!(3),
        ] {
            assert!(Version::from_json(&bad).is_err(), "{bad}");
        }
    }
}
