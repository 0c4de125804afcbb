//! Values as the database has them: as text, which is what the server sorts by and compares.

use serde_json::{Value, json};

use super::call::{invalid, member, message, text};
use crate::github::answer::Answer;

const VALUE_TYPES: [&str; 4] = ["STRING", "NUMBER", "LIST", "BLOB"];
/// The largest number of `DECIMAL(16, 8)`, times 10^8.
const LARGEST_DECIMAL: f64 = 9_999_999_999_999_999.0;

/// A key and what stands there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    pub(crate) key: String,
    /// JSON, numbers as Java writes them.
    pub(crate) stored: String,
    kind: usize,
}

impl Pair {
    /// `plain` is the rule of newer servers: a text that is a number is stored as that number, and numbers have no exponent.
    pub(crate) fn new(key: &str, value: &Value, plain: bool) -> Self {
        Self { key: key.to_owned(), stored: stored(value, plain), kind: 0 }
    }

    pub(crate) fn parse(json: &Value, plain: bool) -> Result<Self, Answer> {
        let kind = member(json.get("value_type"), &VALUE_TYPES)?;
        let value = json.get("value").cloned().unwrap_or(Value::Null);
        Ok(Self { kind, ..Self::new(&text(json, "key")?, &value, plain) })
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.stored).unwrap_or(Value::Null)
    }

    pub(crate) fn message(&self) -> Value {
        let kind = VALUE_TYPES.get(self.kind).filter(|_| self.kind > 0).map_or_else(|| json!(null), |name| json!(name));
        let mut told = message(vec![("key", json!(self.key)), ("value_type", kind)]);
        // Zero is a value here.
        told["value"] = self.value();
        told
    }
}

/// All keys are there, and none twice.
pub(crate) fn check(pairs: &[Pair]) -> Result<(), Answer> {
    for (index, pair) in pairs.iter().enumerate() {
        if pair.key.is_empty() {
            return Err(invalid("Empty key"));
        }
        if pairs.iter().take(index).any(|other| other.key == pair.key) {
            return Err(invalid(&format!("Multiple key {} found in request", pair.key)));
        }
    }
    Ok(())
}

pub(crate) fn stored(value: &Value, plain: bool) -> String {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if plain => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    };
    match number {
        Some(number) if plain => format!("{number:?}").parse::<f64>().map_or_else(|_| value.to_string(), without_exponent),
        Some(number) => of_java(number),
        None => value.to_string(),
    }
}

fn without_exponent(number: f64) -> String {
    let text = format!("{number}");
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// As `Double.toString` writes it, without a fraction of nothing.
fn of_java(number: f64) -> String {
    if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        return format!("{number}");
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = if digits.contains('.') { digits.to_owned() } else { format!("{digits}.0") };
    format!("{digits}E{exponent}")
}

/// `CAST(text AS DECIMAL(16, 8))`, times 10^8: what begins like a number is one, everything else is 0, and nothing is larger than
/// the largest.
pub(crate) fn decimal(text: &str) -> f64 {
    let end = |text: &str| {
        let mut longest = 0;
        for (at, letter) in text.char_indices() {
            if text.get(..at + letter.len_utf8()).is_some_and(|start| start.parse::<f64>().is_ok()) {
                longest = at + letter.len_utf8();
            } else if !"+-.eE".contains(letter) {
                break;
            }
        }
        longest
    };
    let text = text.trim_start();
    let number: f64 = text.get(..end(text)).and_then(|start| start.parse().ok()).unwrap_or(0.0);
    (number * 1e8).round().clamp(-LARGEST_DECIMAL, LARGEST_DECIMAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_text_as_java_writes_it() {
        let cases =
            [(json!(0.9), "0.9"), (json!(1e-5), "1.0E-5"), (json!(12_345_678.9), "1.23456789E7"), (json!(5), "5"), (json!("5"), "\"5\"")];
        for (value, text) in cases {
            assert_eq!(stored(&value, false), text);
        }
        assert_eq!(
            (stored(&json!("5"), true), stored(&json!(1e-5), true), stored(&json!("nan"), true)),
            ("5.0".into(), "0.00001".into(), "\"nan\"".into())
        );
    }

    #[test]
    fn decimals_have_eight_digits_behind_the_point() {
        assert_eq!(decimal("0.123456784"), decimal("0.123456781"));
        assert_ne!(decimal("0.12345678"), decimal("0.12345679"));
        assert_eq!((decimal("1.0E-5"), decimal("\"0.9\""), decimal("1e30")), (1000.0, 0.0, LARGEST_DECIMAL));
    }
}
