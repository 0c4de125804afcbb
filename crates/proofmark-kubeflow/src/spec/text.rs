//! Values that come as texts.

use serde_json::{Number, Value};

use super::Kind;

/// The value that a text stands for, as a parameter of this kind takes it: `500` is a number for [`Kind::Integer`] and a text
/// for [`Kind::String`]; lists and mappings are JSON.
///
/// ```
/// use proofmark_kubeflow::spec::{Kind, parse_text};
/// use serde_json::json;
///
/// assert_eq!(parse_text(&Kind::Integer, "500"), Ok(json!(500)));
/// assert_eq!(parse_text(&Kind::String, "500"), Ok(json!("500")));
/// assert_eq!(parse_text(&Kind::List, r#"["a", 1]"#), Ok(json!(["a", 1])));
/// assert!(parse_text(&Kind::Integer, "1.5").is_err());
/// ```
///
/// # Errors
/// What is expected instead, as a sentence fragment.
pub fn parse_text(kind: &Kind, text: &str) -> Result<Value, &'static str> {
    match kind {
        Kind::String => Ok(Value::String(text.to_owned())),
        Kind::Integer => whole(text.trim()).ok_or("write digits"),
        Kind::Double => double(text.trim()).ok_or("write a number such as 0.5 or 1e-3"),
        Kind::Boolean => match text.trim() {
            "true" | "True" | "TRUE" => Ok(Value::Bool(true)),
            "false" | "False" | "FALSE" => Ok(Value::Bool(false)),
            _ => Err("write true or false"),
        },
        Kind::List => json(text).filter(Value::is_array).ok_or("write JSON: [\"a\", 1]"),
        Kind::Struct => json(text).filter(Value::is_object).ok_or("write JSON: {\"a\": 1}"),
        Kind::TaskFinalStatus | Kind::TaskConfig => Err("the server fills it in"),
        Kind::Other(_) => Ok(json(text).unwrap_or_else(|| Value::String(text.to_owned()))),
    }
}

fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Digits, or another way to write a whole number: `1e3`, `100.0`.
fn whole(text: &str) -> Option<Value> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(Value::from(number));
    }
    // Anything larger is no less a whole number; the check says why it cannot be sent.
    if let Ok(number) = text.parse::<u64>() {
        return Some(Value::from(number));
    }
    finite(text).filter(|number| number.fract() == 0.0).and_then(Number::from_f64).map(Value::Number)
}

fn double(text: &str) -> Option<Value> {
    // Written as it was given: 5 and not 5.0.
    if let Ok(number) = text.parse::<i64>() {
        return Some(Value::from(number));
    }
    finite(text).and_then(Number::from_f64).map(Value::Number)
}

/// Neither `nan` nor `inf`, which JSON does not have, nor `1e999`.
fn finite(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(number)
}
