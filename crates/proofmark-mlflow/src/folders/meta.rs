//! `meta.yaml`: one field a line, in the form in which MLflow writes it.
//!
//! A plain scalar is kept as its text: Python writes the digest `12e45678` without quotes, since to YAML 1.1 it is no number,
//! and a reader of YAML 1.2 would make a number of it. The real reader takes what is not of the usual form.

use std::collections::BTreeMap;

use proofmark_core::document::{self, Format};
use proofmark_core::value::{Map, Value};

use super::files::shown;

/// The fields of a file.
#[derive(Debug, Default)]
pub(super) struct Meta {
    /// `None` is YAML's null.
    simple: BTreeMap<String, Option<String>>,
    whole: Option<Map>,
}

impl Meta {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut meta = Self::default();
        let mut is_usual = true;
        for line in text.lines().filter(|line| !line.is_empty()) {
            match field(line) {
                Some((key, value)) => {
                    let known = meta.simple.insert(key.to_owned(), value);
                    is_usual &= known.is_none();
                }
                None => is_usual = false,
            }
        }
        if !is_usual {
            let value = document::parse(Format::Yaml, text.as_bytes()).map_err(|error| match error.position {
                Some(at) => format!("is not YAML: {} (line {})", shown(&error.message), at.line),
                None => format!("is not YAML: {}", shown(&error.message)),
            })?;
            let Value::Map(map) = value else { return Err("has no fields".to_owned()) };
            meta.simple.retain(|key, _| map.contains_key(key));
            meta.whole = Some(map);
        } else if meta.simple.is_empty() {
            return Err("is empty".to_owned());
        }
        Ok(meta)
    }

    /// A field as text; `None` where it is missing, null, or no scalar.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.simple.get(key) {
            Some(value) => value.clone(),
            None => self.whole.as_ref()?.get(key).and_then(scalar),
        }
    }

    /// A field as a number.
    pub(super) fn number(&self, key: &str) -> Result<Option<i64>, String> {
        let Some(text) = self.text(key) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| format!("holds no number as `{key}`: `{}`", shown(&text)))
    }

    /// A field of a field: `tags` of an input.
    pub(super) fn below(&self, key: &str, inner: &str) -> Option<String> {
        self.whole.as_ref()?.get(key)?.as_map()?.get(inner).and_then(scalar)
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Date(text) => Some(text.clone()),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// A line of the usual form: `key: plain`, `key: 'quoted'`, `key: []`.
fn field(line: &str) -> Option<(&str, Option<String>)> {
    let (key, value) = line.split_once(": ")?;
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_key || value.contains(char::is_control) {
        return None;
    }
    match value {
        "null" | "~" | "[]" | "{}" => Some((key, None)),
        _ => match value.strip_prefix('\'') {
            Some(rest) => {
                let inner = rest.strip_suffix('\'')?;
                // Quotes inside are doubled; an odd one ends the text before its line does.
                (!inner.replace("''", "").contains('\'')).then(|| (key, Some(inner.replace("''", "'"))))
            }
            None => is_plain(value).then(|| (key, Some(value.to_owned()))),
        },
    }
}

fn is_plain(value: &str) -> bool {
    let begins = value.chars().next().is_some_and(|first| first.is_alphanumeric() || matches!(first, '/' | '.' | '_'));
    begins && !value.contains(": ") && !value.contains(" #") && !value.ends_with([':', ' ']) && value != "..."
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_form_keeps_texts() {
        let meta = Meta::parse(
            "a: 12e45678\nb: 'it''s: x'\nc: null\nd: ''\ne: 3\nf: -1\ng: \"\\xFC\"\nh: 'two\n  lines'\ni:\n  k.l: v\nj: [1]\nk: é 中\r\n",
        )
        .expect("a file");
        let all: Vec<Option<String>> = "abcdefghijk".chars().map(|key| meta.text(&key.to_string())).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            all,
            [
                text("12e45678"),
                text("it's: x"),
                None,
                text(""),
                text("3"),
                text("-1"),
                text("ü"),
                text("two lines"),
                None,
                None,
                text("é 中")
            ]
        );
        assert_eq!((meta.below("i", "k.l"), meta.below("a", "b"), meta.below("i", "x")), (text("v"), None, None));
        assert_eq!((meta.number("e"), meta.number("c"), meta.number("z")), (Ok(Some(3)), Ok(None), Ok(None)));
        assert_eq!(meta.number("b"), Err("holds no number as `b`: `it's: x`".to_owned()));
    }

    #[test]
    fn what_is_no_file_of_fields() {
        for text in ["", "\n", "- a\n", "just text", "a: \"open\n", "a: 'b\n", "a: 1\nb\n", "a: {\n", "\u{0}", "a: 1\n<<<<<<< HEAD\n"] {
            assert!(Meta::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_fast_reader_agrees_with_the_real_one(line in "[ab]: [ -~é]{0,12}") {
            if let Some((key, value)) = field(&line) {
                let whole = document::parse(Format::Yaml, line.as_bytes()).expect("a document");
                let theirs = whole.as_map().and_then(|map| map.get(key)).expect("the field");
                match theirs {
                    Value::Text(text) => prop_assert_eq!(value.as_deref(), Some(text.as_str())),
                    // A number keeps its text; null and what holds others have none.
                    Value::Null | Value::List(_) | Value::Map(_) => prop_assert!(value.is_none_or(|text| text.eq_ignore_ascii_case("null"))),
                    _ => prop_assert!(value.is_some()),
                }
            }
        }
    }
}
