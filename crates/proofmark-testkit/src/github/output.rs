//! The report inside of a check run, with the limits that GitHub holds it to.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::text;

/// Bytes of the summary and of the text.
const MAX_BYTES: usize = 65_535;
const MAX_ANNOTATIONS: usize = 50;
const LEVELS: [&str; 3] = ["notice", "warning", "failure"];

/// One annotation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Annotation {
    /// The file, from the root of the repository.
    pub path: String,
    /// From 1.
    pub start_line: u64,
    /// From 1.
    pub end_line: u64,
    /// Only within one line.
    pub start_column: Option<u64>,
    /// Only within one line.
    pub end_column: Option<u64>,
    /// `notice`, `warning` or `failure`.
    pub annotation_level: String,
    /// Plain text.
    pub message: String,
    /// Plain text of 255 characters at most.
    pub title: Option<String>,
    /// Shown on demand.
    pub raw_details: Option<String>,
}

/// What a request brings in its `output`.
pub(crate) struct Output {
    pub(crate) title: Option<String>,
    pub(crate) summary: String,
    pub(crate) text: Option<String>,
    pub(crate) annotations: Vec<Annotation>,
}

impl Output {
    pub(crate) fn checked(output: &Value) -> Result<Self, Answer> {
        let summary = text(output, "summary").ok_or_else(|| Answer::not_supplied("summary"))?;
        let more = text(output, "text");
        for (field, text) in [("summary", Some(&summary)), ("text", more.as_ref())] {
            if text.is_some_and(|text| text.len() > MAX_BYTES) {
                let message = format!("{field} exceeds a maximum bytesize of {MAX_BYTES}");
                return Err(Answer::invalid("CheckRun", field, "custom", &message));
            }
        }
        let annotations = output["annotations"].as_array().map(Vec::as_slice).unwrap_or_default();
        if annotations.len() > MAX_ANNOTATIONS {
            let message = format!("annotations exceeds a maximum quantity of {MAX_ANNOTATIONS}");
            return Err(Answer::invalid("CheckRun", "annotations", "custom", &message));
        }
        let annotations = annotations.iter().map(annotation).collect::<Result<_, _>>()?;
        Ok(Self { title: text(output, "title"), summary, text: more, annotations })
    }
}

fn annotation(value: &Value) -> Result<Annotation, Answer> {
    let refuse = |field: &str, message: &str| Err(Answer::invalid("CheckAnnotation", field, "custom", message));
    for field in ["path", "start_line", "end_line", "annotation_level", "message"] {
        if value[field].is_null() {
            return Err(Answer::not_supplied(field));
        }
    }
    let Ok(annotation) = serde_json::from_value::<Annotation>(value.clone()) else {
        return refuse("annotations", "is not of the right type");
    };
    let columns = annotation.start_column.is_some() || annotation.end_column.is_some();
    if !LEVELS.contains(&annotation.annotation_level.as_str()) {
        return refuse("annotation_level", "is not included in the list");
    }
    if annotation.start_line == 0 || annotation.end_line < annotation.start_line {
        return refuse("end_line", "must be greater than or equal to start_line");
    }
    if columns && annotation.start_line != annotation.end_line {
        return refuse("start_column", "can only be used when start_line and end_line are equal");
    }
    if annotation.path.is_empty() || annotation.path.starts_with('/') {
        return refuse("path", "must be relative to the root of the repository");
    }
    if annotation.title.as_ref().is_some_and(|title| title.chars().count() > 255) {
        return refuse("title", "is too long (maximum is 255 characters)");
    }
    let long = |text: &str| text.len() > 64 * 1024;
    if annotation.message.is_empty() || long(&annotation.message) {
        return refuse("message", "exceeds a maximum bytesize of 65536");
    }
    if annotation.raw_details.as_deref().is_some_and(long) {
        return refuse("raw_details", "exceeds a maximum bytesize of 65536");
    }
    Ok(annotation)
}

impl Annotation {
    pub(crate) fn shape(&self, page: &str) -> Value {
        json!({
            "path": self.path,
            "blob_href": format!("{page}/{}", super::http::encode(&self.path)),
            "start_line": self.start_line,
            "end_line": self.end_line,
            "start_column": self.start_column,
            "end_column": self.end_column,
            "annotation_level": self.annotation_level,
            "title": self.title,
            "message": self.message,
            "raw_details": self.raw_details,
        })
    }
}
