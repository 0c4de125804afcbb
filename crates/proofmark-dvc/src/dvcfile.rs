//! `*.dvc`: the hash of one tracked file or folder (`dvc add`), or of something imported.

use proofmark_core::document::{Format, ParseError};
use proofmark_core::value::Value;

use crate::files;
use crate::record::Record;

/// A `.dvc` file, by itself: paths are as written.
#[derive(Debug)]
pub(crate) struct DvcFile {
    pub(crate) content: Result<Contents, ParseError>,
}

/// What it says.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) wdir: Option<String>,
    pub(crate) outs: Vec<SingleOut>,
    pub(crate) deps: Vec<Record>,
    pub(crate) skipped: usize,
}

/// An output with the flags that matter here.
#[derive(Debug)]
pub(crate) struct SingleOut {
    pub(crate) record: Record,
    pub(crate) cached: bool,
    /// DVC before 1.0 marked metrics here.
    pub(crate) is_metric: bool,
}

impl DvcFile {
    /// Reads a `.dvc` file.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self { content: files::parse(Format::Yaml, bytes).and_then(|value| contents(&value)) }
    }
}

fn contents(value: &Value) -> Result<Contents, ParseError> {
    let error = |message: &str| ParseError { message: message.to_owned(), position: None, hint: None };
    let top = match value {
        Value::Null => return Ok(Contents::default()),
        Value::Map(top) => top,
        _ => return Err(error("is not a mapping")),
    };
    let mut read = Contents { wdir: top.get("wdir").and_then(Value::as_text).map(str::to_owned), ..Contents::default() };
    let outs = match top.get("outs") {
        None | Some(Value::Null) => &[],
        Some(Value::List(outs)) => outs.as_slice(),
        Some(_) => return Err(error("has `outs` that are not a list")),
    };
    for out in outs {
        let Some(record) = Record::read(out) else {
            read.skipped += 1;
            continue;
        };
        let flag = |name: &str| out.as_map().and_then(|out| out.get(name));
        let cached = flag("cache") != Some(&Value::Bool(false));
        let is_metric = matches!(flag("metric"), Some(Value::Bool(true) | Value::Map(_)));
        read.outs.push(SingleOut { record, cached, is_metric });
    }
    let deps = top.get("deps").and_then(Value::as_list).unwrap_or_default();
    // An import's dependency names a path in another repository.
    let own = deps.iter().filter(|dep| dep.as_map().is_some_and(|dep| !dep.contains_key("repo") && !dep.contains_key("db")));
    read.deps = own.filter_map(Record::read).collect();
    Ok(read)
}
