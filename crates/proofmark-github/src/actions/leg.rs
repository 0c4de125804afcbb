//! Which of several parallel jobs of a matrix this one is, as a short text that stays the same from run to run.

use std::collections::BTreeMap;

use serde_json::Value;

/// Longer texts are cut, and told apart by a number made of the whole.
const LIMIT: usize = 100;

/// Reads `toJSON(matrix)`: `os=linux, python=3.12`, sorted by name; `None` when the job has no matrix.
///
/// Legs that people can tell apart never get the same text: whatever could be taken for a separator is quoted.
pub(super) fn parse(json: &str) -> Result<Option<String>, serde_json::Error> {
    if json.trim().is_empty() {
        return Ok(None);
    }
    let Some(matrix) = serde_json::from_str::<Option<BTreeMap<String, Value>>>(json)? else { return Ok(None) };
    let pairs: Vec<String> = matrix.iter().map(|(name, value)| format!("{}={}", plain(name), shown(value))).collect();
    Ok((!pairs.is_empty()).then(|| bounded(pairs.join(", "))))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        other => other.to_string(),
    }
}

fn plain(text: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "._-+/@ ".contains(character);
    if !text.is_empty() && text.trim() == text && text.chars().all(is_plain) { text.to_owned() } else { Value::from(text).to_string() }
}

fn bounded(text: String) -> String {
    if text.chars().count() <= LIMIT {
        return text;
    }
    let kept: String = text.chars().take(LIMIT - 18).collect();
    format!("{kept}… {:016x}", fingerprint(&text))
}

/// FNV-1a: the same in every version of this program, which the standard library's hasher does not promise.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leg(json: &str) -> Option<String> {
        parse(json).unwrap()
    }

    #[test]
    fn legs_are_short_and_sorted() {
        assert_eq!(
            leg("{\n  \"python\": 3.12,\n  \"os\": \"ubuntu-latest\",\n \"gpu\": true\n}").unwrap(),
            "gpu=true, os=ubuntu-latest, python=3.12"
        );
        assert_eq!(leg(r#"{"model": {"name": "a", "size": 2}, "empty": null}"#).unwrap(), r#"empty=null, model={"name":"a","size":2}"#);
        for none in ["", " \n", "null", "{}"] {
            assert_eq!(leg(none), None, "{none:?}");
        }
        for bad in ["linux", "[1]", "3", "{", r#"{"a":1} x"#] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn separators_inside_of_values_are_quoted() {
        assert_eq!(leg(r#"{"a": "1, b=2"}"#).unwrap(), r#"a="1, b=2""#);
        assert_ne!(leg(r#"{"a": "1, b=2"}"#), leg(r#"{"a": "1", "b": "2"}"#));
        assert_eq!(leg(r#"{"a": "x\n<!-- y"}"#).unwrap(), r#"a="x\n<!-- y""#);
    }

    #[test]
    fn long_legs_are_cut_and_still_differ() {
        let long = |end: &str| leg(&format!(r#"{{"name": "{}{end}"}}"#, "ü".repeat(100_000))).unwrap();
        assert_eq!(long("a").chars().count(), LIMIT);
        assert_ne!(long("a"), long("b"));
        assert_eq!(long("a"), long("a"));
    }

    proptest! {
        #[test]
        fn different_legs_have_different_texts(
            one in prop::collection::btree_map("[ab,= \"]{0,3}", "[ab,= \"\n]{0,4}", 1..3),
            other in prop::collection::btree_map("[ab,= \"]{0,3}", "[ab,= \"\n]{0,4}", 1..3),
        ) {
            let text = |matrix: &BTreeMap<String, String>| leg(&serde_json::to_string(matrix).unwrap());
            prop_assert_eq!(one == other, text(&one) == text(&other));
            prop_assert!(!text(&one).unwrap().contains('\n'));
        }
    }
}
