//! What is wrong with a value, and what to do about it.

use proofmark_core::config::{ParameterKind, ParameterRule, nearest};
use serde_json::Value;
use thiserror::Error;

/// Characters of a value that a message repeats.
const MAX_SHOWN: usize = 80;
/// Choices or names that a hint lists.
const MAX_LISTED: usize = 20;

/// Why a parameter does not get its value. Values are in here as they are shown: cut and escaped, but not for Markdown.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// The value is not one that the parameter may have.
    #[error("parameter {parameter} {problem}: {value}")]
    Unfit {
        /// The parameter.
        parameter: String,
        /// The value.
        value: String,
        /// What is wrong with it.
        problem: Unfit,
        /// What would fit.
        cure: Box<str>,
    },
    /// No parameter has this name.
    #[error("there is no parameter {parameter}")]
    Unknown {
        /// The name that was given.
        parameter: String,
        /// The parameter that was meant.
        nearest: Option<String>,
        /// All parameters.
        names: Vec<String>,
    },
    /// The parameter is given more than once.
    #[error("parameter {parameter} is given twice")]
    Twice {
        /// The parameter.
        parameter: String,
    },
    /// A value without a name, and no parameter is left that it could be.
    #[error("a value without a name is too much: {value}")]
    TooMany {
        /// The value.
        value: String,
        /// The parameters that can be given without their names.
        places: Vec<String>,
        /// All parameters.
        names: Vec<String>,
    },
}

/// What is wrong with a value as such; reads on after the parameter's name.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It is of another type.
    #[error("has a value of the wrong type")]
    Type,
    /// It is a number that cannot be held.
    #[error("is a number that is too great")]
    Huge,
    /// It is outside of the range.
    #[error("is out of range")]
    Range {
        /// The least number.
        min: Option<f64>,
        /// The greatest number.
        max: Option<f64>,
    },
    /// It is none of the choices.
    #[error("is none of its choices")]
    Choice,
    /// It has more than one line, or control characters.
    #[error("is not one line without control characters")]
    Line,
    /// It is too long.
    #[error("has {length} characters, more than {most}")]
    Long {
        /// Its length in characters.
        length: usize,
        /// How long it may be.
        most: usize,
    },
}

impl ParameterError {
    pub(super) fn unfit(name: &str, rule: &ParameterRule, value: String, problem: Unfit) -> Self {
        let cure = cure(rule, &value, problem).into();
        Self::Unfit { parameter: shown(name), value, problem, cure }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unfit { cure, .. } => cure.to_string(),
            Self::Unknown { names, .. } if names.is_empty() => "this command has no parameters".to_owned(),
            Self::Unknown { nearest, names, .. } => format!("{}there are {}", did_you_mean(nearest.as_ref()), listed(names)),
            Self::Twice { .. } => "give it once".to_owned(),
            Self::TooMany { names, .. } if names.is_empty() => "this command has no parameters".to_owned(),
            Self::TooMany { places, names, .. } if places.is_empty() => {
                format!("write `name=value`; there are {}, and a value with spaces takes quotes", listed(names))
            }
            Self::TooMany { places, .. } => {
                format!("only {} can be given without a name, in this order; a value with spaces takes quotes", listed(places))
            }
        };
        Some(hint)
    }
}

fn cure(rule: &ParameterRule, value: &str, problem: Unfit) -> String {
    match problem {
        Unfit::Type => wanted(rule.kind).to_owned(),
        Unfit::Huge if rule.kind == ParameterKind::Integer => format!("write an integer from {} to {}", i64::MIN, u64::MAX),
        Unfit::Huge => format!("write a number of at most {:e}", f64::MAX),
        Unfit::Range { min: Some(min), max: Some(max) } => format!("write a number from {min} to {max}"),
        Unfit::Range { min: Some(min), .. } => format!("write a number of at least {min}"),
        Unfit::Range { max, .. } => format!("write a number of at most {}", max.unwrap_or(f64::MAX)),
        Unfit::Choice => {
            let nearest = nearest(value.trim_matches('`'), rule.choices.iter().map(String::as_str)).map(str::to_owned);
            format!("{}write one of {}", did_you_mean(nearest.as_ref()), listed(&rule.choices))
        }
        Unfit::Line => "write one line of plain text".to_owned(),
        Unfit::Long { most, .. } => format!("write at most {most} characters"),
    }
}

fn wanted(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Text => "write one text",
        ParameterKind::Integer => "write a whole number in decimal digits, such as `3`; `3.0` and `3e0` are none",
        ParameterKind::Number => "write a finite decimal number, such as `0.1` or `1e-4`",
        ParameterKind::Boolean => "write `true` or `false`",
    }
}

fn did_you_mean(nearest: Option<&String>) -> String {
    nearest.map(|nearest| format!("did you mean {}? ", shown(nearest))).unwrap_or_default()
}

fn listed(texts: &[String]) -> String {
    let mut list: Vec<String> = texts.iter().take(MAX_LISTED).map(|text| shown(text)).collect();
    if texts.len() > MAX_LISTED {
        list.push(format!("{} more", texts.len() - MAX_LISTED));
    }
    list.join(", ")
}

/// A text in backticks, cut, with escapes for what is not seen and for backticks.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::from("`");
    for letter in text.chars().take(MAX_SHOWN) {
        match letter {
            '`' => shown.push_str("\\u{60}"),
            // Quotes need no escape between backticks.
            '"' | '\'' => shown.push(letter),
            _ => shown.extend(letter.escape_debug()),
        }
    }
    shown.push_str(if text.chars().nth(MAX_SHOWN).is_some() { "…`" } else { "`" });
    shown
}

/// A JSON value as [`shown`]; a text without its quotes.
pub(super) fn shown_json(value: &Value) -> String {
    match value {
        Value::String(text) => shown(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => shown(&value.to_string()),
        // What is in them is of no use to the reader, and may be long.
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
    }
}
