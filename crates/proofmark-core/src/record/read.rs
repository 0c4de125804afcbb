//! A record read back from a place that others can write to: bounded, and refused unless it is whole.

use std::cmp::Reverse;

use serde::Deserialize;

use super::make::is_id;
use super::{MAX_VALUES, RECORD, Record, SCHEMA, is_class};
use crate::document::{ParseError, read_as};
use crate::value::Value;

/// The largest record that is read, in bytes: twice what the most values need with names of usual length.
pub const LIMIT: usize = 4 << 20;

/// Why bytes are no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is larger than [`LIMIT`].
    #[error("it is {0} bytes large, more than the {LIMIT} that are read")]
    TooLarge(usize),
    /// It is not JSON, or has another form.
    #[error("it cannot be read{}: {}", place(.0), .0.message)]
    Form(ParseError),
    /// It is JSON and no record.
    #[error("it does not say that it is a record")]
    Foreign,
    /// A newer proofmark wrote it.
    #[error("it has schema {0}, and this proofmark reads schema {SCHEMA}; use a newer version")]
    NewerSchema(u64),
    /// It holds what no record of ours holds.
    #[error("{0}")]
    Broken(&'static str),
}

fn place(error: &ParseError) -> String {
    error.position.map_or_else(String::new, |at| format!(" (line {}, column {})", at.line, at.column))
}

/// Reads a record. Fields that this version does not know are passed over.
///
/// # Errors
/// See [`ReadError`].
pub fn read(bytes: &[u8]) -> Result<Record, ReadError> {
    if bytes.len() > LIMIT {
        return Err(ReadError::TooLarge(bytes.len()));
    }
    let record: Record = read_as(bytes).map_err(|error| explain(bytes, error))?;
    is_ours(&record.kind, record.schema.into())?;
    let broken = |what| Err(ReadError::Broken(what));
    if !is_id(&record.commit) {
        return broken("its commit is no object id");
    }
    if record.class.as_deref().is_some_and(|class| !is_class(class)) {
        return broken("its class is empty, too long, or has control characters");
    }
    if record.values.len() > MAX_VALUES {
        return broken("it has more values than a record can have");
    }
    if record.values.iter().any(|entry| !entry.value.is_finite()) {
        return broken("one of its values is not finite");
    }
    let order = |at: usize| record.values.get(at).map(|entry| &entry.place);
    if (1..record.values.len()).any(|at| order(at - 1) >= order(at)) {
        return broken("its values are not sorted, or one is there twice");
    }
    Ok(record)
}

/// What says which document it is, whatever else it holds.
#[derive(Deserialize)]
struct Head {
    kind: Option<Value>,
    schema: Option<Value>,
}

/// A record of a newer version explains itself better than the first field that is missing.
fn explain(bytes: &[u8], error: ParseError) -> ReadError {
    let Ok(head) = read_as::<Head>(bytes) else { return ReadError::Form(error) };
    let schema = if let Some(Value::Int(schema)) = head.schema { u64::try_from(schema).unwrap_or_default() } else { 0 };
    let kind = head.kind.as_ref().and_then(Value::as_text).unwrap_or_default();
    is_ours(kind, schema).err().unwrap_or(ReadError::Form(error))
}

fn is_ours(kind: &str, schema: u64) -> Result<(), ReadError> {
    match schema {
        _ if kind != RECORD => Err(ReadError::Foreign),
        0 => Err(ReadError::Broken("its schema is no version")),
        schema if schema > u64::from(SCHEMA) => Err(ReadError::NewerSchema(schema)),
        _ => Ok(()),
    }
}

/// Whether `new` takes the place of `old` where both are records of the same commit: the later one does, and of two that
/// differ in their time only, the earlier one, so that recording the same again changes nothing.
///
/// Of two different texts exactly one takes the other's place, whichever is asked about, so that writers who never met
/// agree. What a newer version wrote is kept, and what cannot be read gives way.
pub fn replaces(new: &[u8], old: &[u8]) -> bool {
    let rank = |bytes| match read(bytes) {
        Ok(record) => (1, Some(record)),
        Err(ReadError::NewerSchema(_)) => (2, None),
        Err(_) => (0, None),
    };
    match (rank(new), rank(old)) {
        ((_, Some(a)), (_, Some(b))) if is_same_but_time(&a, &b) => (Reverse(a.time), new) > (Reverse(b.time), old),
        ((_, Some(a)), (_, Some(b))) => (a.time, new) > (b.time, old),
        ((a, _), (b, _)) => (a, new) > (b, old),
    }
}

/// The version that wrote it does not count either: an update alone makes no new record.
fn is_same_but_time(a: &Record, b: &Record) -> bool {
    let other = Record { time: a.time, proofmark: a.proofmark.clone(), ..b.clone() };
    *a == other
}
