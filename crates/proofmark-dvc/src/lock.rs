//! `dvc.lock`: the hashes of what each stage read and wrote when it last ran.

use std::collections::HashMap;

use proofmark_core::document::{Format, ParseError};
use proofmark_core::value::Value;

use crate::files;
use crate::record::{Record, records};

/// A `dvc.lock`, by itself: paths are as written, relative to each stage's working directory.
#[derive(Debug)]
pub(crate) struct Lock {
    pub(crate) stages: Result<HashMap<String, LockedStage>, ParseError>,
    pub(crate) warning: Option<String>,
}

/// One stage's entries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LockedStage {
    pub(crate) outs: Vec<Record>,
    pub(crate) deps: Vec<Record>,
}

impl Lock {
    /// Reads schema 2.0, and leniently 1.0, which had the stages at the top.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let value = match files::parse(Format::Yaml, bytes) {
            Ok(value) => value,
            Err(error) => return Self { stages: Err(error), warning: None },
        };
        let mut warning = None;
        let stages = match &value {
            Value::Null => None,
            Value::Map(top) => match top.get("schema") {
                None if top.is_empty() => None,
                None => {
                    warning = Some("has no `schema`; it is read as 1.0, which DVC 3 refuses".to_owned());
                    Some(&value)
                }
                Some(schema) => {
                    if schema.as_text() != Some("2.0") {
                        warning = Some(format!("has the unknown schema `{schema}`; it is read as 2.0"));
                    }
                    top.get("stages")
                }
            },
            _ => return Self { stages: Err(not_a_mapping()), warning: None },
        };
        let stages = match stages {
            None | Some(Value::Null) => HashMap::new(),
            Some(Value::Map(stages)) => {
                let mut skipped = 0;
                let read = stages.iter().filter_map(|(name, stage)| {
                    let stage = stage.as_map()?;
                    let outs = records(stage.get("outs"), &mut skipped);
                    Some((name.clone(), LockedStage { outs, deps: records(stage.get("deps"), &mut skipped) }))
                });
                let read = read.collect();
                if skipped > 0 {
                    warning = Some(format!("has {skipped} entries that are no path with a hash"));
                }
                read
            }
            Some(_) => return Self { stages: Err(not_a_mapping()), warning: None },
        };
        Self { stages: Ok(stages), warning }
    }
}

fn not_a_mapping() -> ParseError {
    ParseError { message: "is not a mapping of stages".to_owned(), position: None, hint: None }
}
