//! What a monitor of data found: a small document that any tool can write, and the event that it is.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Event, Kind, SCHEMA, Sender, Verdict};
use crate::document::{ParseError, likelier_cause, read_as};
use crate::run::Place;

const DRIFT: &str = "drift";

/// The largest document that is read, in bytes.
pub const LIMIT: usize = 4 << 20;

/// Letters of a name at most.
const LONGEST: usize = 1000;

/// Whether a data set is still what a model was made for, as whoever compared it says. Fields that are not known are passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Drift {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    pub schema: u32,
    /// Always `drift`.
    pub kind: Cow<'static, str>,
    /// The version of proofmark that wrote it, where it was proofmark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proofmark: Option<String>,
    /// The data set, by the name that people know it by.
    pub dataset: String,
    /// The repository of the model, as `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The full commit id of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether the data set as a whole drifted.
    pub drifted: bool,
    /// The share of columns that drifted, from 0 to 1, weighted or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// The columns that were compared.
    #[serde(default)]
    pub columns: Vec<DriftColumn>,
    /// When they were, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
}

/// One column of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct DriftColumn {
    /// Its name.
    pub name: String,
    /// Whether it drifted.
    pub drifted: bool,
    /// How that was measured: `psi`, `ks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
    /// What came out; absent or null where the column cannot be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

/// Why bytes tell of no drift. The texts name fields and never what they hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DriftError {
    /// It is larger than [`LIMIT`].
    #[error("the document is {0} bytes large, more than the {LIMIT} that are read")]
    TooLarge(usize),
    /// It is not JSON, or cut short.
    #[error("the document cannot be read{}: {}", place(.0), .0.message)]
    Syntax(ParseError),
    /// It is another document, or none of ours.
    #[error("the document does not say that it is one of drift")]
    OtherKind,
    /// A newer proofmark wrote it.
    #[error("the document of drift has schema {0}, and this proofmark reads schema {SCHEMA}")]
    OtherSchema(u64),
    /// It has another form.
    #[error("the document has not the form of schema {SCHEMA}{}: {}", place(.0), .0.message)]
    Form(ParseError),
    /// A field holds what makes no sense.
    #[error("`{field}` of the document {problem}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

fn place(error: &ParseError) -> String {
    error.position.map_or_else(String::new, |at| format!(" (line {}, column {})", at.line, at.column))
}

impl Drift {
    /// What is found of a data set of which no column is known.
    pub fn new(dataset: impl Into<String>, drifted: bool) -> Self {
        Self {
            schema: SCHEMA,
            kind: DRIFT.into(),
            proofmark: None,
            dataset: dataset.into(),
            repository: None,
            commit: None,
            drifted,
            share: None,
            columns: Vec::new(),
            time: None,
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// See [`DriftError`].
    pub fn read(bytes: &[u8]) -> Result<Self, DriftError> {
        if bytes.len() > LIMIT {
            return Err(DriftError::TooLarge(bytes.len()));
        }
        // Shells of Windows put a byte-order mark before what is redirected.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let drift: Self = read_as(bytes).map_err(|error| explain(bytes, error))?;
        is_ours(Some(&drift.kind), Some(drift.schema.into()))?;
        drift.check()?;
        Ok(drift)
    }

    fn check(&self) -> Result<(), DriftError> {
        let wrong = |field, problem| Err(DriftError::Field { field, problem });
        let is_long = |text: &str| text.len() > LONGEST && text.chars().count() > LONGEST;
        let is_commit = |id: &str| matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.dataset.is_empty() {
            return wrong("dataset", "is empty");
        }
        for (field, text) in [("dataset", Some(&self.dataset)), ("repository", self.repository.as_ref())] {
            if text.is_some_and(|text| is_long(text)) {
                return wrong(field, "is longer than 1000 characters");
            }
        }
        if self.commit.as_ref().is_some_and(|id| !is_commit(id)) {
            return wrong("commit", "is not a commit id of 40 or 64 hexadecimal digits");
        }
        if self.share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return wrong("share", "is not a number from 0 to 1");
        }
        if self.columns.iter().any(|column| is_long(&column.name)) {
            return wrong("columns", "has a name that is longer than 1000 characters");
        }
        Ok(())
    }
}

/// What says which document it is, whatever else it holds.
#[derive(Deserialize)]
struct Head {
    kind: Option<crate::value::Value>,
    schema: Option<crate::value::Value>,
}

/// Another document, or one of a newer version, explains itself better than the first field that is missing.
fn explain(bytes: &[u8], error: ParseError) -> DriftError {
    let head: Head = match read_as(bytes) {
        Ok(head) => head,
        Err(syntax) => return DriftError::Syntax(likelier_cause(bytes, syntax)),
    };
    let schema = if let Some(crate::value::Value::Int(schema)) = head.schema { u64::try_from(schema).ok() } else { None };
    is_ours(head.kind.as_ref().and_then(crate::value::Value::as_text), schema).err().unwrap_or(DriftError::Form(error))
}

fn is_ours(kind: Option<&str>, schema: Option<u64>) -> Result<(), DriftError> {
    match (kind, schema) {
        (Some(DRIFT), Some(schema)) if schema != u64::from(SCHEMA) => Err(DriftError::OtherSchema(schema)),
        (Some(DRIFT), _) => Ok(()),
        _ => Err(DriftError::OtherKind),
    }
}

impl Event {
    /// The event that a monitor looked at data: `drift.detected` or `drift.none`. `document` is the hash of the document's bytes,
    /// by which the same document is the same event. Data set and share stand in the inputs.
    pub fn of_drift(drift: &Drift, document: impl Into<String>) -> Self {
        let document = document.into();
        let failed: Vec<String> = drift.columns.iter().filter(|column| column.drifted).map(|column| column.name.clone()).collect();
        let mut event = Self::new(Sender::Proofmark, Kind::Drift);
        event.action = Some(if drift.drifted { "detected" } else { "none" }.to_owned());
        event.id = Some(document.clone());
        event.time = drift.time;
        event.repository.clone_from(&drift.repository);
        event.head = Place::new(None, drift.commit.as_ref().map(|id| id.to_ascii_lowercase()));
        event.inputs.insert("dataset".to_owned(), Value::from(drift.dataset.clone()));
        event.inputs.extend(drift.share.map(|share| ("share".to_owned(), Value::from(share))));
        event.verdict =
            Some(Verdict { headline: Some(headline(drift, failed.len())), failed, document: Some(document), ..Verdict::default() });
        event
    }
}

/// Of our own words and of numbers.
fn headline(drift: &Drift, failed: usize) -> String {
    let what = if drift.drifted { "drift" } else { "no drift" };
    match drift.columns.len() {
        0 => what.to_owned(),
        1 => format!("{what}: {failed} of 1 column"),
        all => format!("{what}: {failed} of {all} columns"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const WHOLE: &str = r#"{"schema": 1, "kind": "drift", "proofmark": "0.1.0", "dataset": "orders", "repository": "acme/widgets",
        "commit": "0123456789ABCDEF0123456789abcdef01234567", "drifted": true, "share": 0.5, "tomorrow": [],
        "columns": [{"name": "age", "drifted": true, "statistic": "psi", "value": 0.3, "p": 0.01}, {"name": "town", "drifted": false}],
        "time": 1700000000}"#;

    #[test]
    fn the_columns_that_drifted_are_told() {
        let event = Event::of_drift(&Drift::read(WHOLE.as_bytes()).expect("valid"), "cafe");
        assert_eq!((event.name().as_str(), event.sender, event.time), ("drift.detected", Sender::Proofmark, Some(1_700_000_000)));
        assert_eq!((event.id.as_deref(), event.repository.as_deref()), (Some("cafe"), Some("acme/widgets")));
        assert_eq!(event.head.commit.as_deref(), Some("0123456789abcdef0123456789abcdef01234567"));
        assert_eq!((&event.inputs["dataset"], &event.inputs["share"]), (&json!("orders"), &json!(0.5)));
        let verdict = event.verdict.expect("a verdict");
        assert_eq!((verdict.headline.as_deref(), verdict.failed), (Some("drift: 1 of 2 columns"), vec!["age".to_owned()]));
        let least = Drift::read(br#"{"schema": 1, "kind": "drift", "dataset": "d", "drifted": false}"#).expect("valid");
        assert_eq!(least, Drift::new("d", false));
        assert_eq!(Event::of_drift(&least, "").name(), "drift.none");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let told = |from: &str, to: &str| Drift::read(WHOLE.replace(from, to).as_bytes()).expect_err(to).to_string();
        assert_eq!(told(r#""kind": "drift""#, r#""kind": "report""#), "the document does not say that it is one of drift");
        assert_eq!(told(r#""schema": 1"#, r#""schema": 2"#), "the document of drift has schema 2, and this proofmark reads schema 1");
        assert_eq!(told("0.5", "1.5"), "`share` of the document is not a number from 0 to 1");
        assert!(told("0.5", "NaN").contains("not finite"));
        assert!(told("0.3", "NaN").contains("not finite"));
        assert_eq!(told("0123456789ABCDEF", "main"), "`commit` of the document is not a commit id of 40 or 64 hexadecimal digits");
        assert_eq!(told(r#""orders""#, r#""""#), "`dataset` of the document is empty");
        assert_eq!(told("orders", &"o".repeat(1001)), "`dataset` of the document is longer than 1000 characters");
        assert!(told(r#""drifted": true, "share""#, r#""share""#).contains("drifted"));
        assert!(told(r#""time": 1700000000}"#, "").starts_with("the document cannot be read"));
        assert!(matches!(Drift::read(b"[]"), Err(DriftError::Syntax(_) | DriftError::OtherKind)));
        assert_eq!(Drift::read(&vec![b' '; LIMIT + 1]), Err(DriftError::TooLarge(LIMIT + 1)));
    }

    proptest! {
        #[test]
        fn any_part_of_it_is_read_or_refused(end in 0..WHOLE.len(), at in 0..WHOLE.len(), with in any::<char>()) {
            prop_assert!(Drift::read(&WHOLE.as_bytes()[..end]).is_err());
            let mut text: Vec<char> = WHOLE.chars().collect();
            text[at] = with;
            let _ = Drift::read(text.into_iter().collect::<String>().as_bytes());
        }
    }
}
