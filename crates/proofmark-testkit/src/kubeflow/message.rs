//! Request bodies as the server takes them: known fields only, in either spelling, each of its type.

use serde_json::{Map, Value};

use super::call::{bare, invalid};
use crate::github::answer::Answer;

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    /// A number, or its digits.
    Number,
    Flag,
    /// An object with any keys.
    Object,
    Nested(&'static [(&'static str, Self)]),
    /// One of these names.
    Name(&'static [&'static str]),
    /// Set by the server, and taken in silence when it comes in.
    Ignored,
}

type Fields = &'static [(&'static str, Kind)];

const REFERENCE: Fields = &[("pipeline_id", Kind::Text), ("pipeline_version_id", Kind::Text)];
const RUNTIME: Fields = &[("parameters", Kind::Object), ("pipeline_root", Kind::Text)];
const CRON: Fields = &[("cron", Kind::Text), ("start_time", Kind::Text), ("end_time", Kind::Text)];
const PERIOD: Fields = &[("interval_second", Kind::Number), ("start_time", Kind::Text), ("end_time", Kind::Text)];
const TRIGGER: Fields = &[("cron_schedule", Kind::Nested(CRON)), ("periodic_schedule", Kind::Nested(PERIOD))];
const MODES: &[&str] = &["MODE_UNSPECIFIED", "ENABLE", "DISABLE"];
const URL: Fields = &[("pipeline_url", Kind::Text)];

pub(crate) const EXPERIMENT: Fields = &[
    ("experiment_id", Kind::Ignored),
    ("display_name", Kind::Text),
    ("description", Kind::Text),
    ("namespace", Kind::Text),
    ("created_at", Kind::Ignored),
    ("storage_state", Kind::Ignored),
    ("last_run_created_at", Kind::Ignored),
];

pub(crate) const RUN: Fields = &[
    ("experiment_id", Kind::Text),
    ("run_id", Kind::Ignored),
    ("display_name", Kind::Text),
    ("description", Kind::Text),
    ("storage_state", Kind::Ignored),
    ("pipeline_version_id", Kind::Text),
    ("pipeline_spec", Kind::Object),
    ("pipeline_version_reference", Kind::Nested(REFERENCE)),
    ("runtime_config", Kind::Nested(RUNTIME)),
    ("service_account", Kind::Text),
    ("created_at", Kind::Ignored),
    ("scheduled_at", Kind::Ignored),
    ("finished_at", Kind::Ignored),
    ("state", Kind::Ignored),
    ("error", Kind::Ignored),
    ("run_details", Kind::Ignored),
    ("recurring_run_id", Kind::Text),
    ("state_history", Kind::Ignored),
    ("plugins_input", Kind::Object),
    ("plugins_output", Kind::Object),
];

pub(crate) const PIPELINE: Fields = &[
    ("pipeline_id", Kind::Ignored),
    ("display_name", Kind::Text),
    ("name", Kind::Text),
    ("description", Kind::Text),
    ("namespace", Kind::Text),
    ("created_at", Kind::Ignored),
    ("error", Kind::Ignored),
    ("tags", Kind::Object),
];

pub(crate) const PIPELINE_VERSION: Fields = &[
    ("pipeline_id", Kind::Text),
    ("pipeline_version_id", Kind::Ignored),
    ("display_name", Kind::Text),
    ("name", Kind::Text),
    ("description", Kind::Text),
    ("created_at", Kind::Ignored),
    ("package_url", Kind::Nested(URL)),
    ("code_source_url", Kind::Text),
    ("pipeline_spec", Kind::Object),
    ("error", Kind::Ignored),
    ("tags", Kind::Object),
];

pub(crate) const BOTH: Fields = &[("pipeline", Kind::Nested(PIPELINE)), ("pipeline_version", Kind::Nested(PIPELINE_VERSION))];

pub(crate) const RECURRING: Fields = &[
    ("recurring_run_id", Kind::Ignored),
    ("display_name", Kind::Text),
    ("description", Kind::Text),
    ("pipeline_version_id", Kind::Text),
    ("pipeline_spec", Kind::Object),
    ("pipeline_version_reference", Kind::Nested(REFERENCE)),
    ("runtime_config", Kind::Nested(RUNTIME)),
    ("service_account", Kind::Text),
    ("max_concurrency", Kind::Number),
    ("trigger", Kind::Nested(TRIGGER)),
    ("mode", Kind::Name(MODES)),
    ("created_at", Kind::Ignored),
    ("updated_at", Kind::Ignored),
    ("status", Kind::Ignored),
    ("error", Kind::Ignored),
    ("no_catchup", Kind::Flag),
    ("namespace", Kind::Text),
    ("experiment_id", Kind::Text),
    ("plugins_input", Kind::Object),
];

/// The fields of a body in snake case. Old servers are lenient: they drop what they do not know.
pub(crate) fn read(body: &[u8], fields: Fields, lenient: bool) -> Result<Map<String, Value>, Answer> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    let value: Value = serde_json::from_slice(body).map_err(|error| invalid("", &format!("proto: syntax error: {error}")))?;
    match checked(&value, fields, lenient)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(invalid("", "proto: syntax error (line 1:1): unexpected token")),
    }
}

fn checked(value: &Value, fields: Fields, lenient: bool) -> Result<Value, Answer> {
    let Value::Object(given) = value else {
        return Err(invalid("", &format!("proto: (line 1:1): unexpected token {value}")));
    };
    let mut read = Map::new();
    for (name, value) in given {
        let found = fields.iter().find(|(known, _)| known == name || camel(known) == *name);
        let Some((name, kind)) = found else {
            if lenient {
                continue;
            }
            return Err(bare(3, &format!("proto: (line 1:2): unknown field \"{name}\"")));
        };
        if value.is_null() {
            continue;
        }
        let wrong = |kind: &str| invalid("", &format!("proto: (line 1:2): invalid value for {kind} field {name}: {value}"));
        let value = match kind {
            Kind::Text if !value.is_string() => return Err(wrong("string")),
            Kind::Flag if !value.is_boolean() => return Err(wrong("bool")),
            Kind::Number => {
                let number = value.as_i64().or_else(|| value.as_str().and_then(|digits| digits.parse().ok()));
                Value::from(number.ok_or_else(|| wrong("int64"))?)
            }
            Kind::Object if !value.is_object() => return Err(wrong("google.protobuf.Struct")),
            Kind::Nested(fields) => checked(value, fields, lenient)?,
            Kind::Name(names) => match value {
                Value::String(text) if names.contains(&text.as_str()) => value.clone(),
                Value::Number(number) => {
                    let name = number.as_u64().and_then(|index| names.get(usize::try_from(index).ok()?));
                    Value::from(*name.ok_or_else(|| wrong("enum"))?)
                }
                _ => return Err(wrong("enum")),
            },
            Kind::Ignored => continue,
            Kind::Text | Kind::Flag | Kind::Object => value.clone(),
        };
        read.insert((*name).to_owned(), value);
    }
    Ok(Value::Object(read))
}

/// `pipelineVersionId` of `pipeline_version_id`.
pub(crate) fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else {
            camel.push(if upper { letter.to_ascii_uppercase() } else { letter });
            upper = false;
        }
    }
    camel
}

/// A text field, empty when it is not there.
pub(crate) fn text(fields: &Map<String, Value>, name: &str) -> String {
    fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A nested object, empty when it is not there.
pub(crate) fn object(fields: &Map<String, Value>, name: &str) -> Map<String, Value> {
    fields.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_known_and_nothing_else() {
        let read = |text: &str| read(text.as_bytes(), RUN, false).map_err(|answer| answer.status);
        let snake = read(r#"{"display_name": "x", "runtime_config": {"pipeline_root": "s3://b"}}"#);
        assert_eq!(snake, read(r#"{"displayName": "x", "runtimeConfig": {"pipelineRoot": "s3://b"}}"#));
        for wrong in [
            r#"{"bogus": 1}"#,
            r#"{"display_name": 1}"#,
            r#"{"runtime_config": {"pipelineroot": ""}}"#,
            "[]",
            "{",
            r#"{"pipeline_spec": "text"}"#,
        ] {
            assert_eq!(read(wrong), Err(400), "{wrong}");
        }
    }
}
