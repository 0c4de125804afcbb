//! From the bytes of a compiled pipeline to JSON.

use proofmark_core::document::{Format, ParseError, parse};
use proofmark_core::value::Value as CoreValue;
use proofmark_http::api::one_line;
use serde_json::{Map, Number, Value};

use super::LARGEST;
use crate::Error;

/// Levels of nesting; our own reader of a server's answers takes some more.
const DEEPEST: usize = 100;
/// YAML documents in one file: the pipeline, the part for its platform, and empty ones.
const MOST_DOCUMENTS: usize = 8;
/// The names under which one file holds a pipeline and its platform.
const WRAPPERS: [&str; 2] = ["pipelineSpec", "pipeline_spec"];
const PLATFORMS: [&str; 2] = ["platformSpec", "platform_spec"];

/// A file that is no compiled pipeline, for a reason that is a sentence fragment.
pub(super) fn unreadable(why: &str, hint: Option<&str>) -> Error {
    let error = Error::input(format!("the compiled pipeline cannot be read: {}", one_line(why, &[])));
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// All documents of a file that hold something.
pub(super) fn documents(bytes: &[u8]) -> Result<Vec<Value>, Error> {
    if bytes.len() > LARGEST {
        return Err(unreadable(&format!("it is larger than {} MiB", LARGEST >> 20), None));
    }
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        // JSON, or YAML that looks like it at its beginning; mistakes are most likely those of JSON.
        match parse(Format::Json, bytes) {
            Ok(document) => return Ok(vec![json(document, 0)?]),
            Err(error) => return yaml(bytes).map_err(|_| misread(&error, 0)),
        }
    }
    yaml(bytes)
}

fn yaml(bytes: &[u8]) -> Result<Vec<Value>, Error> {
    let parts = split(bytes);
    if parts.len() > MOST_DOCUMENTS {
        return Err(unreadable(&format!("it holds more than {MOST_DOCUMENTS} YAML documents"), None));
    }
    let mut found = Vec::new();
    for (line, part) in parts {
        let document = parse(Format::Yaml, part).map_err(|error| misread(&error, line))?;
        if document != CoreValue::Null {
            found.push(json(document, 0)?);
        }
    }
    Ok(found)
}

fn misread(error: &ParseError, lines_before: usize) -> Error {
    let place = error.position.map_or_else(String::new, |at| {
        let line = lines_before.saturating_add(usize::try_from(at.line).unwrap_or(usize::MAX));
        format!(" in line {line}")
    });
    unreadable(&format!("{}{place}", error.message), error.hint.as_deref())
}

/// The documents of a YAML stream, each with the count of lines before it. A line that begins with `---` begins a document
/// wherever it stands, in texts as well.
fn split(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let mut parts = Vec::new();
    let (mut start, mut start_line, mut offset) = (0, 0, 0);
    for (number, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let is_marker = line.strip_prefix(b"---").is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace));
        if is_marker && offset > start {
            parts.push((start_line, bytes.get(start..offset).unwrap_or_default()));
            (start, start_line) = (offset, number);
        }
        offset += line.len();
    }
    parts.push((start_line, bytes.get(start..).unwrap_or_default()));
    parts
}

fn json(value: CoreValue, depth: usize) -> Result<Value, Error> {
    if depth > DEEPEST {
        return Err(unreadable(&format!("it is nested deeper than {DEEPEST} levels"), None));
    }
    Ok(match value {
        CoreValue::Null => Value::Null,
        CoreValue::Bool(yes) => Value::Bool(yes),
        CoreValue::Int(whole) => match (i64::try_from(whole), u64::try_from(whole)) {
            (Ok(small), _) => Value::from(small),
            (_, Ok(large)) => Value::from(large),
            // A server keeps all numbers as doubles.
            _ => finite(whole as f64)?,
        },
        CoreValue::Float(number) => finite(number)?,
        CoreValue::Text(text) | CoreValue::Date(text) => Value::String(text),
        CoreValue::List(items) => Value::Array(items.into_iter().map(|item| json(item, depth + 1)).collect::<Result<_, _>>()?),
        CoreValue::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| Ok((key, json(value, depth + 1)?)));
            Value::Object(entries.collect::<Result<_, Error>>()?)
        }
    })
}

fn finite(number: f64) -> Result<Value, Error> {
    Number::from_f64(number)
        .map(Value::Number)
        .ok_or_else(|| unreadable("it holds a number that JSON does not have: NaN or infinity", None))
}

type Parts = (Map<String, Value>, Option<Value>, bool);

/// The pipeline, its platform, and whether they were wrapped in another object.
pub(super) fn parts(documents: Vec<Value>) -> Result<Parts, Error> {
    let (mut pipeline, mut platform, mut is_wrapped) = (None, None, false);
    for document in documents {
        let Value::Object(mut fields) = document else {
            return Err(unreadable("a document in it is no mapping", None));
        };
        if let Some(Value::Object(inner)) = WRAPPERS.iter().find_map(|name| fields.remove(*name)) {
            is_wrapped = true;
            keep(&mut platform, PLATFORMS.iter().find_map(|name| fields.remove(*name)).filter(|value| !value.is_null()), "platform")?;
            keep(&mut pipeline, Some(inner), "pipeline")?;
        } else if fields.contains_key("pipelineInfo") {
            keep(&mut pipeline, Some(fields), "pipeline")?;
        } else if fields.contains_key("platforms") {
            keep(&mut platform, Some(Value::Object(fields)), "platform")?;
        } else if fields.contains_key("apiVersion") {
            let hint = "compile the pipeline with version 2 of the kfp package";
            return Err(unreadable("it is a resource of Kubernetes, as version 1 of kfp made them", Some(hint)));
        } else {
            return Err(unreadable("it holds neither `pipelineInfo` nor `pipelineSpec`", Some("is this what kfp's compiler wrote?")));
        }
    }
    // A part for the platform is told by this name wherever it stands alone.
    if platform.as_ref().is_some_and(|platform: &Value| platform.get("platforms").is_none()) {
        return Err(unreadable("its part for the platform has no `platforms`", None));
    }
    let pipeline = pipeline.ok_or_else(|| unreadable("it holds no pipeline", Some("is this what kfp's compiler wrote?")))?;
    Ok((pipeline, platform, is_wrapped))
}

fn keep<T>(place: &mut Option<T>, found: Option<T>, what: &str) -> Result<(), Error> {
    if place.is_some() && found.is_some() {
        return Err(unreadable(&format!("it holds more than one {what}"), None));
    }
    *place = found.or_else(|| place.take());
    Ok(())
}
