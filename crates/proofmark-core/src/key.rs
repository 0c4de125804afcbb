//! Names of metrics inside a file, and how a document becomes a flat list of them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::value::{Map, Value};

/// The longest name that is read, in bytes.
pub const MAX_KEY: usize = 4096;
/// All names of one file together, in bytes: a small file must not become a large list.
const MAX_NAMES: usize = 256 << 20;

/// Values of one file that are read.
const MAX_LEAVES: usize = 2_000_000;

/// The place of a value in its document: `train.loss`, `folds[2].auc`.
///
/// Mapping keys are joined with `.`, list elements are `[i]`. A dot, bracket or backslash inside a key is escaped with a
/// backslash, and an empty key is written `""`, so different places never have the same name. The root is the empty name.
///
/// ```
/// use proofmark_core::key::Key;
///
/// let key = Key::root().child("top.k").child("auc").item(0);
/// assert_eq!(key.as_str(), r"top\.k.auc[0]");
/// assert_eq!(key.plain(), "top.k.auc[0]");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Key(Arc<str>);

impl Key {
    /// The document itself, for a file that is one value.
    pub fn root() -> Self {
        Self::default()
    }

    /// The value under `name` of the mapping at this key.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let mut text = String::with_capacity(self.0.len() + name.len() + 1);
        text.push_str(&self.0);
        push_name(&mut text, name);
        Self(text.into())
    }

    /// The `index`-th element of the list at this key.
    #[must_use]
    pub fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0).into())
    }

    /// A key from its canonical text, as documents of this crate print it.
    pub fn from_canonical(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The canonical text, with escapes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without escapes, as DVC joins keys; different places may then look alike.
    pub fn plain(&self) -> String {
        let text = self.0.replace("\"\"", "");
        if !text.contains('\\') {
            return text;
        }
        let mut plain = String::with_capacity(text.len());
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            plain.push(if letter == '\\' { letters.next().unwrap_or('\\') } else { letter });
        }
        plain
    }

    /// The names on the way from the root, list elements as their number.
    pub fn parts(&self) -> Vec<String> {
        let mut parts = vec![String::new()];
        let mut letters = self.0.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => {
                    if let (Some(escaped), Some(last)) = (letters.next(), parts.last_mut()) {
                        last.push(escaped);
                    }
                }
                '.' | '[' => parts.push(String::new()),
                ']' => {}
                other => {
                    if let Some(last) = parts.last_mut() {
                        last.push(other);
                    }
                }
            }
        }
        parts
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.is_root() { "(value)" } else { &self.0 })
    }
}

fn push_name(text: &mut String, name: &str) {
    if !text.is_empty() {
        text.push('.');
    }
    if name.is_empty() {
        text.push_str("\"\"");
        return;
    }
    if !name.contains(['.', '[', ']', '\\', '"']) {
        text.push_str(name);
        return;
    }
    for letter in name.chars() {
        if matches!(letter, '.' | '[' | ']' | '\\' | '"') {
            text.push('\\');
        }
        text.push(letter);
    }
}

/// What happens to lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lists {
    /// Each element is a value of its own (metrics).
    Elements,
    /// A list is one value (params).
    Whole,
}

/// Why a document cannot be flattened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlattenError {
    /// One name is too long.
    #[error("a key is longer than {MAX_KEY} bytes (it begins with `{0}`)")]
    LongKey(String),
    /// All names together are too long.
    #[error("the keys of the file add up to more than {} MiB", MAX_NAMES >> 20)]
    TooMuch,
    /// There are too many values.
    #[error("the file holds more than {MAX_LEAVES} values; metrics are results, not data")]
    TooMany,
}

/// The leaves of a document, sorted by key. An empty mapping or list is a leaf; the document itself may be one.
///
/// # Errors
/// When the names would grow beyond what is read.
pub fn flatten(value: Value, lists: Lists) -> Result<Vec<(Key, Value)>, FlattenError> {
    let mut walk = Flatten { lists, leaves: Vec::new(), name: String::new(), total: 0 };
    match value {
        Value::Map(map) if map.is_empty() => {}
        other => walk.visit(other)?,
    }
    walk.leaves.sort_by(|one, two| one.0.cmp(&two.0));
    Ok(walk.leaves)
}

struct Flatten {
    lists: Lists,
    leaves: Vec<(Key, Value)>,
    name: String,
    total: usize,
}

impl Flatten {
    fn visit(&mut self, value: Value) -> Result<(), FlattenError> {
        match value {
            Value::Map(map) if !map.is_empty() => self.mapping(map),
            Value::List(list) if !list.is_empty() && self.lists == Lists::Elements => self.list(list),
            leaf => {
                self.total += self.name.len();
                if self.total > MAX_NAMES {
                    return Err(FlattenError::TooMuch);
                }
                if self.leaves.len() >= MAX_LEAVES {
                    return Err(FlattenError::TooMany);
                }
                self.leaves.push((Key(self.name.as_str().into()), leaf));
                Ok(())
            }
        }
    }

    fn mapping(&mut self, map: Map) -> Result<(), FlattenError> {
        let length = self.name.len();
        for (key, value) in map {
            push_name(&mut self.name, &key);
            self.below(value, length)?;
        }
        Ok(())
    }

    fn list(&mut self, list: Vec<Value>) -> Result<(), FlattenError> {
        let length = self.name.len();
        for (index, value) in list.into_iter().enumerate() {
            self.name.push('[');
            self.name.push_str(&index.to_string());
            self.name.push(']');
            self.below(value, length)?;
        }
        Ok(())
    }

    fn below(&mut self, value: Value, length: usize) -> Result<(), FlattenError> {
        if self.name.len() > MAX_KEY {
            return Err(FlattenError::LongKey(self.name.chars().take(40).collect()));
        }
        self.visit(value)?;
        self.name.truncate(length);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Format, parse};

    fn names(json: &str, lists: Lists) -> Vec<String> {
        let value = parse(Format::Json, json.as_bytes()).expect("valid JSON");
        flatten(value, lists).expect("small").into_iter().map(|(key, value)| format!("{}={value}", key.as_str())).collect()
    }

    #[test]
    fn nested_keys_and_lists() {
        assert_eq!(names(r#"{"b": {"c": 1}, "a": [1, {"x": 2}], "e": {}}"#, Lists::Elements), ["a[0]=1", "a[1].x=2", "b.c=1", "e={}"]);
        assert_eq!(names(r#"{"a": [1, 2]}"#, Lists::Whole), ["a=[1,2]"]);
        assert_eq!(names("0.5", Lists::Elements), ["=0.5"]);
        assert!(names("{}", Lists::Elements).is_empty());
    }

    #[test]
    fn different_places_have_different_names() {
        let all = names(r#"{"a.b": 1, "a": {"b": 2, "": 3}, "": 4, "x[0]": 5, "x": [6], "\"\"": 7}"#, Lists::Elements);
        let unique: std::collections::HashSet<_> = all.iter().map(|row| row.split('=').next()).collect();
        assert_eq!(unique.len(), 7, "{all:?}");
        assert_eq!(Key::root().child("a.b").parts(), ["a.b"]);
        assert_eq!(Key::root().child("a").child("b").item(3).parts(), ["a", "b", "3"]);
    }

    #[test]
    fn names_cannot_explode() {
        let long = format!(r#"{{"{}": {{"a": 1}}}}"#, "k".repeat(MAX_KEY));
        let value = parse(Format::Json, long.as_bytes()).expect("valid JSON");
        assert!(matches!(flatten(value, Lists::Elements), Err(FlattenError::LongKey(_))));
    }
}
