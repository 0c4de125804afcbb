//! Parameters of a trigger: values with names and types, whether they come from a comment, a template or the file of rules.
//!
//! Not for where a value comes from, nor for what it is put into: that a text is no option of a program is checked where
//! programs get their arguments.

mod error;
mod number;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::config::{ParameterKind, ParameterRule, nearest};
use serde_json::Value;

pub use self::error::{ParameterError, Unfit};

use crate::commands::{Argument, Command};

/// Characters of a text at most, unless the rule says otherwise.
pub const MAX_LENGTH: usize = 200;

/// Whether the rule of a parameter makes sense; else, what is wrong with it.
pub fn check_rule(name: &str, rule: &ParameterRule) -> Result<(), String> {
    if !is_name(name) {
        return Err(format!("the name {} is not made of small letters, digits and `_`, the first no digit", error::shown(name)));
    }
    let is_number = matches!(rule.kind, ParameterKind::Integer | ParameterKind::Number);
    let kind = rule.kind.name();
    for (key, bound) in [("min", rule.min), ("max", rule.max)] {
        match bound {
            Some(_) if !is_number => return Err(format!("`{key}` is for numbers, and the type is {kind}")),
            Some(bound) if !bound.is_finite() => return Err(format!("`{key}` is {bound}, and must be a finite number")),
            Some(_) | None => {}
        }
    }
    if let (Some(min), Some(max)) = (rule.min, rule.max)
        && min > max
    {
        return Err(format!("`min` is {min}, which is more than `max`, {max}"));
    }
    if rule.kind != ParameterKind::Text && !rule.choices.is_empty() {
        return Err(format!("`choices` are for texts, and the type is {kind}"));
    }
    if rule.kind != ParameterKind::Text && rule.max_length.is_some() {
        return Err(format!("`max_length` is for texts, and the type is {kind}"));
    }
    if rule.max_length == Some(0) {
        return Err("`max_length` is 0, so that no text fits".to_owned());
    }
    check_choices(rule)?;
    check_fixed("value", rule, rule.value.as_ref())?;
    check_fixed("default", rule, rule.default.as_ref())
}

fn is_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_')
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

fn check_choices(rule: &ParameterRule) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for choice in &rule.choices {
        if choice.is_empty() {
            return Err("one of `choices` is empty".to_owned());
        }
        if !seen.insert(choice) {
            return Err(format!("{} is twice among `choices`", error::shown(choice)));
        }
        if let Err(unfit) = line(rule, choice) {
            return Err(format!("{} among `choices` {unfit}", error::shown(choice)));
        }
    }
    Ok(())
}

/// A value that stands in the file has the type itself, so that nobody has to guess what it is; a template is filled later.
fn check_fixed(key: &str, rule: &ParameterRule, value: Option<&Value>) -> Result<(), String> {
    let Some(value) = value else { return Ok(()) };
    let of_type = match (rule.kind, value) {
        (_, Value::String(text)) if crate::template::is_template(text) => return Ok(()),
        (ParameterKind::Text, Value::String(_))
        | (ParameterKind::Integer | ParameterKind::Number, Value::Number(_))
        | (ParameterKind::Boolean, Value::Bool(_)) => true,
        (_, Value::Null | Value::Array(_) | Value::Object(_)) => {
            return Err(format!("`{key}` must be one value: a text, a number, `true` or `false`"));
        }
        _ => false,
    };
    if !of_type {
        return Err(format!("`{key}` is {}, and the type is {}", error::shown_json(value), rule.kind.name()));
    }
    fitted(rule, value).map(drop).map_err(|unfit| format!("`{key}` {unfit}: {}", error::shown_json(value)))
}

/// The value in its type. A text that came from a comment or a template is read as [`fit_text`] does; where a text is wanted, a
/// number or a truth is taken as it is written.
pub fn fit(name: &str, rule: &ParameterRule, value: &Value) -> Result<Value, ParameterError> {
    fitted(rule, value).map_err(|unfit| ParameterError::unfit(name, rule, error::shown_json(value), unfit))
}

/// The text in the parameter's type: decimal digits for an integer, a finite number, `true` or `false`, or itself.
pub fn fit_text(name: &str, rule: &ParameterRule, text: &str) -> Result<Value, ParameterError> {
    fitted_text(rule, text).map_err(|unfit| ParameterError::unfit(name, rule, error::shown(text), unfit))
}

fn fitted(rule: &ParameterRule, value: &Value) -> Result<Value, Unfit> {
    match (rule.kind, value) {
        (_, Value::Null | Value::Array(_) | Value::Object(_)) => Err(Unfit::Type),
        (_, Value::String(text)) => fitted_text(rule, text),
        (ParameterKind::Text, Value::Number(_) | Value::Bool(_)) => fitted_text(rule, &value.to_string()),
        (ParameterKind::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (ParameterKind::Integer, Value::Number(number)) if !number.is_i64() && !number.is_u64() => Err(Unfit::Type),
        (ParameterKind::Integer | ParameterKind::Number, Value::Number(number)) => number::within(rule, number).map(|()| value.clone()),
        (ParameterKind::Boolean, Value::Number(_)) | (ParameterKind::Integer | ParameterKind::Number, Value::Bool(_)) => Err(Unfit::Type),
    }
}

fn fitted_text(rule: &ParameterRule, text: &str) -> Result<Value, Unfit> {
    match rule.kind {
        ParameterKind::Text => {
            line(rule, text)?;
            let is_known = rule.choices.is_empty() || rule.choices.iter().any(|choice| choice == text);
            if is_known { Ok(Value::String(text.to_owned())) } else { Err(Unfit::Choice) }
        }
        ParameterKind::Boolean => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(Unfit::Type),
        },
        ParameterKind::Integer | ParameterKind::Number => {
            let number = if rule.kind == ParameterKind::Integer { number::integer(text)? } else { number::number(text)? };
            number::within(rule, &number)?;
            Ok(Value::Number(number))
        }
    }
}

/// Whether a text is one line of a length that is allowed.
fn line(rule: &ParameterRule, text: &str) -> Result<(), Unfit> {
    let most = rule.max_length.unwrap_or(MAX_LENGTH);
    if text.chars().any(|letter| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')) {
        return Err(Unfit::Line);
    }
    // A character is a byte or more, so that only long texts are counted.
    let length = if text.len() > most { text.chars().count() } else { 0 };
    if length > most { Err(Unfit::Long { length, most }) } else { Ok(()) }
}

/// What a command gives: its named arguments, and the others by the names in `positional`, in order. What is not given is not
/// in the result.
pub fn from_command(
    rules: &BTreeMap<String, ParameterRule>,
    positional: &[String],
    command: &Command,
) -> Result<BTreeMap<String, Value>, ParameterError> {
    let mut given = BTreeMap::new();
    let mut places = positional.iter();
    for argument in &command.arguments {
        let (name, text) = match argument {
            Argument::Named { name, value } => (name, value),
            Argument::Positional(text) => {
                let too_many = || ParameterError::TooMany { value: error::shown(text), places: positional.to_vec(), names: names(rules) };
                (places.next().ok_or_else(too_many)?, text)
            }
        };
        let Some((name, rule)) = rules.get_key_value(name) else {
            let known = nearest(name, rules.keys().map(String::as_str)).map(str::to_owned);
            return Err(ParameterError::Unknown { parameter: error::shown(name), nearest: known, names: names(rules) });
        };
        let value = fit_text(name, rule, text)?;
        if given.insert(name.clone(), value).is_some() {
            return Err(ParameterError::Twice { parameter: error::shown(name) });
        }
    }
    Ok(given)
}

fn names(rules: &BTreeMap<String, ParameterRule>) -> Vec<String> {
    rules.keys().cloned().collect()
}
