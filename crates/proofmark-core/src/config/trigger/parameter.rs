//! `[trigger.parameters]`: values with names and types.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What a parameter may be, and what it is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ParameterRule {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// What it is: a value, or a template such as `"{{ event.inputs.lr }}"`. Arguments of a command come before it.
    pub value: Option<Value>,
    /// What it is when nothing else says; without one, it must be given.
    pub default: Option<Value>,
    /// All that it may be.
    pub choices: Vec<String>,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// Characters of a text at most; 200 when absent.
    pub max_length: Option<usize>,
    /// What it is for, for `/help`.
    pub help: Option<String>,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterKind {
    /// A text of one line.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A finite number.
    Number,
    /// `true` or `false`.
    Boolean,
}

impl ParameterKind {
    /// The type in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }
}
