//! What a pipeline is started with.

use std::fmt;

use serde_json::{Map, Value};

use super::read::unreadable;
use crate::Error;

/// Parameters that one pipeline has at most.
const MOST: usize = 10_000;

/// One parameter of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub kind: Kind,
    /// What it is where nothing is given.
    pub default: Option<Value>,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is for.
    pub description: Option<String>,
    /// The values that it takes, where only some are allowed.
    pub choices: Vec<Value>,
}

/// What a parameter takes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A number.
    Double,
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// A list.
    List,
    /// A mapping.
    Struct,
    /// How another task ended; filled in by the server.
    TaskFinalStatus,
    /// The settings of a task; filled in by the server.
    TaskConfig,
    /// Something newer than this program.
    Other(String),
}

impl Kind {
    fn of(word: &str) -> Self {
        match word {
            "NUMBER_INTEGER" | "INT" => Self::Integer,
            "NUMBER_DOUBLE" | "DOUBLE" => Self::Double,
            "STRING" => Self::String,
            "BOOLEAN" => Self::Boolean,
            "LIST" => Self::List,
            "STRUCT" => Self::Struct,
            "TASK_FINAL_STATUS" => Self::TaskFinalStatus,
            "TASK_CONFIG" => Self::TaskConfig,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether the server fills it in, so that nobody may give it.
    pub fn is_filled_in(&self) -> bool {
        matches!(self, Self::TaskFinalStatus | Self::TaskConfig)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Integer => "a whole number",
            Self::Double => "a number",
            Self::String => "a text",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Struct => "a mapping",
            Self::TaskFinalStatus => "the end of a task",
            Self::TaskConfig => "the settings of a task",
            Self::Other(_) => "a value",
        })
    }
}

/// The parameters of a pipeline, by name.
pub(super) fn all(pipeline: &Map<String, Value>) -> Result<Vec<Parameter>, Error> {
    let inputs = pipeline.get("root").and_then(|root| root.get("inputDefinitions"));
    let Some(parameters) = inputs.and_then(|inputs| inputs.get("parameters")) else { return Ok(Vec::new()) };
    let Value::Object(parameters) = parameters else {
        return Err(unreadable("its `parameters` are no mapping", None));
    };
    if parameters.len() > MOST {
        return Err(unreadable(&format!("it has more than {MOST} parameters"), None));
    }
    parameters.iter().map(|(name, fields)| one(name, fields)).collect()
}

fn one(name: &str, fields: &Value) -> Result<Parameter, Error> {
    let Value::Object(fields) = fields else {
        return Err(unreadable(&format!("its parameter `{name}` is no mapping"), None));
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    Ok(Parameter {
        name: name.to_owned(),
        kind: Kind::of(text("parameterType").or_else(|| text("type")).unwrap_or_default()),
        default: fields.get("defaultValue").filter(|value| !value.is_null()).cloned(),
        optional: fields.get("isOptional").and_then(Value::as_bool).unwrap_or_default() || fields.contains_key("defaultValue"),
        description: text("description").filter(|text| !text.is_empty()).map(str::to_owned),
        choices: fields.get("literals").and_then(Value::as_array).cloned().unwrap_or_default(),
    })
}
