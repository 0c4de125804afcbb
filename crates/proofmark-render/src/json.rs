//! Documents as strict JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::RenderError;
use crate::escape::acts;

/// Strict, indented JSON in the order of the fields, with a line end. Whole numbers are exact, whatever their size.
///
/// Characters that act on a terminal or hide, and the `##` that begins a command in some logs, are `\u` escapes: to a
/// parser the document is the same.
///
/// # Errors
/// When the document has no JSON form, such as a map whose keys are not text.
pub fn json<T: Serialize>(document: &T) -> Result<String, RenderError> {
    let mut text = inert(&serde_json::to_string_pretty(document)?);
    text.push('\n');
    Ok(text)
}

/// The same document without characters that act. They can only stand inside of strings, where escapes mean the same.
pub(crate) fn inert(json: &str) -> String {
    let acting = |letter: char| letter != '\n' && acts(letter);
    if !json.contains("##") && !json.contains(acting) {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len() + 16);
    let mut units = [0; 2];
    for letter in json.replace("##", "#\\u0023").chars() {
        if acting(letter) {
            for unit in letter.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(letter);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_and_nothing_is_lost() {
        let document = serde_json::json!({"a\u{202e}": "##[error] \u{9b}31m \u{e0041} ###", "b": [1, "\u{1b}"]});
        let text = json(&document).expect("JSON");
        assert!(!text.contains("##") && text.chars().all(|letter| letter == '\n' || !acts(letter)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("valid"), document);
        assert!(text.ends_with("}\n"));
    }

    #[test]
    fn large_integers_are_exact() {
        let value = proofmark_core::value::Value::Int(-170_141_183_460_469_231_731_687_303_715_884_105_728);
        assert_eq!(json(&value).expect("JSON"), "-170141183460469231731687303715884105728\n");
    }
}
