//! Values as ModelDB keeps them. The type of a value in JSON counts: the Python client says of each that it is text.

use proofmark_core::value::Value;
use serde_json::Value as Json;

/// The value of a metric: numbers, also those that were logged as text, `true` and `false`, and other text. What is none of these
/// was logged all the same, and is its JSON: a metric that cannot be judged is not one that is missing.
pub(crate) fn metric(json: &Json) -> Value {
    match json {
        Json::Number(number) => of_number(number),
        Json::String(text) => of_text(text),
        Json::Bool(yes) => Value::Bool(*yes),
        Json::Null => Value::Null,
        Json::Array(_) | Json::Object(_) => Value::Text(json.to_string()),
    }
}

fn of_number(number: &serde_json::Number) -> Value {
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    whole.map(Value::Int).or_else(|| number.as_f64().map(Value::Float)).unwrap_or(Value::Null)
}

/// JSON has no NaN and no infinity, and whole numbers beyond 2^53 are only exact as text, so that both come as text.
fn of_text(text: &str) -> Value {
    let trimmed = text.trim();
    if let Ok(whole) = trimmed.parse::<i128>() {
        return Value::Int(whole);
    }
    // Both Rust and Python take `nan`, `inf` and `Infinity` with any letters and a sign.
    trimmed.parse::<f64>().map_or_else(|_| Value::Text(text.to_owned()), Value::Float)
}

/// The text of an attribute as people compare it: text as it is, other scalars as JSON has them.
pub(crate) fn text(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        // Newer servers keep a text of digits as a number with a fraction of nothing.
        Json::Number(number) => Some(match number.as_f64() {
            Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
            _ => number.to_string(),
        }),
        Json::Bool(yes) => Some(yes.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Whether two attributes are the same. Newer servers keep a text that is a number as that number, so that `"1"` is `1`; of two texts
/// each letter counts.
pub(crate) fn same(one: &Json, other: &Json) -> bool {
    let (is_text, other_is_text) = (one.is_string(), other.is_string());
    one == other
        || match (text(one), text(other)) {
            (Some(one), Some(other)) if is_text != other_is_text => one == other || numbers_agree(&one, &other),
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
}

/// Beyond 2^53 several texts are one number: a commit that happens to be all digits is not the next one.
fn numbers_agree(one: &str, other: &str) -> bool {
    let (one, other) = (of_text(one).as_f64(), of_text(other).as_f64());
    one.zip(other).is_some_and(|(one, other)| one == other && one.abs() < 9e15)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_type_in_json_counts() {
        let cases = [
            (json!(0.9), Value::Float(0.9)),
            (json!(5), Value::Int(5)),
            (json!("0.9"), Value::Float(0.9)),
            (json!(" 1e-5 "), Value::Float(1e-5)),
            (json!("9007199254740993"), Value::Int(9_007_199_254_740_993)),
            (json!("-Infinity"), Value::Float(f64::NEG_INFINITY)),
            (json!("inf"), Value::Float(f64::INFINITY)),
            (json!(true), Value::Bool(true)),
            (json!("adam"), Value::Text("adam".into())),
            (json!(""), Value::Text(String::new())),
        ];
        for (given, expected) in cases {
            assert_eq!(metric(&given), expected, "{given}");
        }
        for text in ["NaN", "nan", "-nan"] {
            assert!(metric(&json!(text)).is_non_finite(), "{text}");
        }
        for other in [json!([1]), json!({"a": 1}), Json::Null] {
            assert!(metric(&other).as_f64().is_none());
        }
    }

    #[test]
    fn attributes_are_the_same_as_text_or_number() {
        assert_eq!(text(&json!(1234567.0)).as_deref(), Some("1234567"));
        assert!(same(&json!("1"), &json!(1)) && same(&json!("0.50"), &json!(0.5)) && same(&json!([1]), &json!([1])));
        assert!(!same(&json!("1.10"), &json!("1.1")) && same(&json!("1.10"), &json!(1.1)) && same(&json!(1), &json!(1.0)));
        assert!(!same(&json!("a"), &json!("b")) && !same(&json!("1"), &json!([1])) && !same(&json!("nan"), &json!("inf")));
    }

    proptest! {
        #[test]
        fn doubles_come_back_to_the_last_bit(number in any::<f64>()) {
            let value = metric(&json!(format!("{number:e}")));
            let found = value.as_f64().expect("a number");
            prop_assert!(found == number || (found.is_nan() && number.is_nan()));
            if number.is_finite() {
                let read: Json = serde_json::from_str(&json!(number).to_string()).expect("JSON");
                prop_assert_eq!(metric(&read).as_f64(), Some(number));
            }
        }

        #[test]
        fn no_text_is_lost(text in "\\PC*") {
            let kept = if let Value::Text(kept) = metric(&json!(text)) { kept == text } else { true };
            prop_assert!(kept);
        }
    }
}
