//! What every document must satisfy, whatever its format: the checks that the fuzz targets share.

use proofmark_core::document::{self, Format, ParseError};
use proofmark_core::problem::Position;
use proofmark_core::value::Value;

/// One input as several files, so that seeds stay readable: the line `#: NAME` begins the file of that name. Text before
/// the first such line belongs to nobody, and a name that is not one of `names` is text like any other.
pub fn files<'a, 'n>(input: &'a [u8], names: &[&'n str]) -> Vec<(&'n str, &'a [u8])> {
    let mut files: Vec<(&'n str, &'a [u8])> = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in input.split_inclusive(|&byte| byte == b'\n') {
        let begins = line.strip_prefix(b"#: ").and_then(|name| names.iter().find(|known| known.as_bytes() == name.trim_ascii_end()));
        at += line.len();
        if let Some(&name) = begins {
            files.push((name, b""));
            start = at;
        }
        if let Some(last) = files.last_mut() {
            last.1 = &input[start..at];
        }
    }
    files
}

/// Parses and checks what holds for every format; gives the value for the checks of the target's own.
pub fn checked(format: Format, bytes: &[u8]) -> Option<Value> {
    match document::parse(format, bytes) {
        Ok(value) => {
            survives_json(&value);
            Some(value)
        }
        Err(error) => {
            is_useful(&error, bytes);
            None
        }
    }
}

/// A mistake is described, and its place lies inside the file (or just behind its end).
fn is_useful(error: &ParseError, bytes: &[u8]) {
    assert!(!error.message.is_empty(), "a mistake without words");
    if let Some(position) = error.position {
        is_inside(position, bytes, &error.message);
    }
}

/// A place that an editor can go to.
pub fn is_inside(position: Position, bytes: &[u8], error: &str) {
    assert!(position.line >= 1 && position.column >= 1, "positions count from 1: {position:?}");
    let line = bytes.split(|&byte| byte == b'\n').nth(position.line as usize - 1);
    let line = line.unwrap_or_else(|| panic!("line {} is behind the end: {error}", position.line));
    assert!(position.column as usize <= line.len() + 1, "column {} is behind the end of line {}: {error}", position.column, position.line);
}

/// A value that is written as JSON and read again is the same value, and its JSON is strict.
fn survives_json(value: &Value) {
    let text = serde_json::to_string(value).expect("every value can be written as JSON");
    let again = document::parse(Format::Json, text.as_bytes());
    let again = again.unwrap_or_else(|error| panic!("our own JSON is refused: {error}\n{text}"));
    let expected = as_in_json(value);
    assert!(again.same(&expected), "JSON changed the value\nbefore {expected:?}\nafter {again:?}");
    if let Err(error) = serde_json::from_str::<serde_json::Value>(&text) {
        let excused = error.to_string();
        assert!(excused.starts_with("recursion limit") || excused.starts_with("number out of range"), "not strict JSON: {error}\n{text}");
    }
}

/// What strict JSON makes of a value: NaN, infinities and dates become text.
fn as_in_json(value: &Value) -> Value {
    match value {
        Value::Float(_) if value.is_non_finite() => Value::Text(value.to_string()),
        Value::Date(text) => Value::Text(text.clone()),
        Value::List(list) => Value::List(list.iter().map(as_in_json).collect()),
        Value::Map(map) => Value::Map(map.iter().map(|(key, value)| (key.clone(), as_in_json(value))).collect()),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => value.clone(),
    }
}

/// Whether our value and the one of `serde_json` are one; numbers are compared as doubles.
pub fn agrees(ours: &Value, theirs: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    match (ours, theirs) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(ours), Json::Bool(theirs)) => ours == theirs,
        (Value::Int(_) | Value::Float(_), Json::Number(theirs)) => ours.as_f64() == theirs.as_f64(),
        (Value::Text(ours), Json::String(theirs)) => ours == theirs,
        (Value::List(ours), Json::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| agrees(ours, theirs))
        }
        (Value::Map(ours), Json::Object(theirs)) => {
            ours.len() == theirs.len() && theirs.iter().all(|(key, theirs)| ours.get(key).is_some_and(|ours| agrees(ours, theirs)))
        }
        _ => false,
    }
}
