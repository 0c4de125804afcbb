//! The shape of `dvc metrics diff --json` and `dvc params diff --json`, for scripts that read those.
//!
//! Checked against DVC 3.67.1. On purpose different: one-number files are shown also when one side is zero or absent,
//! which DVC loses; booleans have no `diff`; NaN and the infinities are strings, since they are no JSON numbers; NaN on both
//! sides is equal; lists in params are JSON lists, not Python source text.

use std::collections::BTreeMap;

use proofmark_core::compare::{Comparison, Delta};
use proofmark_core::key::Key;
use proofmark_core::value::Value;
use serde::Serialize;

/// Which part of a comparison is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DvcPart {
    /// As `dvc metrics diff --json` does: numbers, text and booleans outside of lists.
    Metrics,
    /// As `dvc params diff --json` does.
    Params,
}

/// `{file: {key: {"old": value, "new": value, "diff": number}}}` on one line. Equal values are left out unless `all`.
///
/// Keys are joined with dots and without escapes, as DVC does; places that look alike then share an entry. A renamed file
/// is removed under its old name and added under the new one.
pub fn dvc_json(comparison: &Comparison, part: DvcPart, all: bool) -> String {
    let rows = match part {
        DvcPart::Metrics => &comparison.metrics,
        DvcPart::Params => &comparison.params,
    };
    let mut files: BTreeMap<&str, BTreeMap<String, Entry<'_>>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.whole_file && (part == DvcPart::Params || !has_list_element(&row.key))) {
        add(row, part, &mut files);
    }
    for entries in files.values_mut() {
        entries.retain(|_, entry| all || !entry.is_same());
        entries.values_mut().for_each(Entry::subtract);
    }
    files.retain(|_, entries| !entries.is_empty());
    // Maps with text keys of values that are JSON always have a JSON form.
    let text = serde_json::to_string(&files).unwrap_or_else(|_| "{}".to_owned());
    crate::json::inert(&text) + "\n"
}

#[derive(Debug, Default, Serialize)]
struct Entry<'a> {
    old: Option<&'a Value>,
    new: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<Value>,
}

impl Entry<'_> {
    /// Null and absent are the same to DVC.
    fn is_same(&self) -> bool {
        match (self.old, self.new) {
            (Some(old), Some(new)) => old.same(new),
            (Some(only), None) | (None, Some(only)) => *only == Value::Null,
            (None, None) => true,
        }
    }

    fn subtract(&mut self) {
        let (Some(old), Some(new)) = (self.old, self.new) else { return };
        let exact = if let (Value::Int(old), Value::Int(new)) = (old, new) { new.checked_sub(*old).map(Value::Int) } else { None };
        let rounded = || Some(Value::Float(new.as_f64()? - old.as_f64()?));
        self.diff = exact.or_else(rounded);
    }
}

fn add<'a>(row: &'a Delta, part: DvcPart, files: &mut BTreeMap<&'a str, BTreeMap<String, Entry<'a>>>) {
    let key = row.key.plain();
    let old_file = row.renamed_from.as_ref().unwrap_or(&row.file);
    if let Some(old) = row.base.as_ref().filter(|value| exists(value, part)) {
        let entry = files.entry(old_file.as_str()).or_default().entry(key.clone()).or_default();
        entry.old.get_or_insert(old);
    }
    if let Some(new) = row.head.as_ref().filter(|value| exists(value, part)) {
        let entry = files.entry(row.file.as_str()).or_default().entry(key).or_default();
        entry.new.get_or_insert(new);
    }
}

/// Whether DVC would see the value at all.
fn exists(value: &Value, part: DvcPart) -> bool {
    match value {
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => true,
        Value::Map(map) => part == DvcPart::Params && !map.is_empty(),
        Value::Null | Value::Date(_) | Value::List(_) => part == DvcPart::Params,
    }
}

/// Whether the key leads through a list. A bracket that belongs to a name has a backslash in front.
fn has_list_element(key: &Key) -> bool {
    let mut escaped = false;
    key.as_str().chars().any(|letter| {
        let found = letter == '[' && !escaped;
        escaped = letter == '\\' && !escaped;
        found
    })
}

#[cfg(test)]
mod tests;
