//! The metadata of an artifact, whichever store it is in: JSON's values, and the numbers that JSON does not have.

use std::collections::BTreeMap;

use serde_json::Value;

/// A value of an artifact's metadata.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Nothing.
    Null,
    /// A number; NaN and infinities as well.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(BTreeMap<String, Self>),
}

impl Tree {
    /// A field of an object.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.get(name),
            _ => None,
        }
    }

    /// The elements of a list.
    pub fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// A number, which may be written as text where JSON has none for it.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => not_finite(text),
            _ => None,
        }
    }

    /// A text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Without the object that the metadata store puts around lists and objects.
    pub(super) fn unwrapped(mut self) -> Self {
        if let Self::Object(fields) = &mut self
            && fields.len() == 1
            && let Some(inner) = ["struct", "list"].into_iter().find_map(|name| fields.remove(name))
        {
            return inner;
        }
        self
    }
}

/// Truth is the number 1, as the metadata store keeps it.
impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Number(f64::from(u8::from(truth))),
            Value::Number(number) => number.as_f64().map_or(Self::Null, Self::Number),
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(fields) => Self::Object(fields.into_iter().map(|(name, value)| (name, Self::from(value))).collect()),
        }
    }
}

/// The numbers that JSON has no form for, as protocol buffers and Python write them.
fn not_finite(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// JSON as Python writes it: `NaN`, `Infinity` and `-Infinity` stand in it as words, and become texts.
pub(super) fn from_python(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let length = if found.starts_with('"') {
            let length = end_of_text(found);
            out.push_str(found.get(..length).unwrap_or(found));
            length
        } else if let Some(word) = ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| found.starts_with(word)) {
            out.push('"');
            out.push_str(word);
            out.push('"');
            word.len()
        } else {
            out.push_str(found.get(..1).unwrap_or_default());
            1
        };
        rest = found.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Bytes of a JSON text with its quotes; all of the rest where it does not end.
fn end_of_text(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !is_escaped => return at + 1,
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn words_of_python_become_numbers() {
        let text = from_python(r#"{"a": NaN, "b": [-Infinity, Infinity, -1.5], "c \"NaN\\": "NaN -Infinity", "d": -2}"#);
        let tree = Tree::from(serde_json::from_str::<Value>(&text).expect("JSON"));
        assert!(tree.field("a").and_then(Tree::number).is_some_and(f64::is_nan));
        let list: Vec<_> = tree.field("b").and_then(Tree::list).expect("a list").iter().map(Tree::number).collect();
        assert_eq!(list, [Some(f64::NEG_INFINITY), Some(f64::INFINITY), Some(-1.5)]);
        assert_eq!(tree.field("c \"NaN\\"), Some(&Tree::Text("NaN -Infinity".to_owned())));
        assert_eq!(tree.field("d"), Some(&Tree::Number(-2.0)));
        assert_eq!(Tree::from(json!(true)), Tree::Number(1.0));
    }

    #[test]
    fn what_the_store_puts_around_is_taken_away() {
        assert_eq!(Tree::from(json!({"list": [1]})).unwrapped(), Tree::from(json!([1])));
        assert_eq!(Tree::from(json!({"struct": {"a": 1}})).unwrapped(), Tree::from(json!({"a": 1})));
        assert_eq!(Tree::from(json!({"list": 1, "b": 2})).unwrapped(), Tree::from(json!({"list": 1, "b": 2})));
    }

    proptest! {
        #[test]
        fn real_json_stays_as_it_is(texts in proptest::collection::vec(any::<String>(), 0..4), number in any::<f64>()) {
            let text = json!({"a": texts, "n": number, "o": {"-Infinity": null}}).to_string();
            prop_assert_eq!(from_python(&text), text);
        }

        #[test]
        fn anything_can_be_looked_at(text in any::<String>()) {
            let _ = from_python(&text);
        }
    }
}
