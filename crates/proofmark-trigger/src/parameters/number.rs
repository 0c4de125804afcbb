//! Numbers out of texts, and whether they are within bounds. Integers stay exact.

use proofmark_core::config::ParameterRule;
use serde_json::Number;

use super::Unfit;

/// A whole number in decimal digits, with or without a sign.
pub(super) fn integer(text: &str) -> Result<Number, Unfit> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Unfit::Type);
    }
    exact(text).ok_or(Unfit::Huge)
}

fn exact(text: &str) -> Option<Number> {
    text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from)).ok()
}

/// A decimal number, with or without a fraction and an exponent. One without both stays an integer as far as it can.
pub(super) fn number(text: &str) -> Result<Number, Unfit> {
    // Rust reads `inf`, `nan` and `infinity` as well, and no other letters.
    if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')) {
        return Err(Unfit::Type);
    }
    if let Some(exact) = exact(text) {
        return Ok(exact);
    }
    Number::from_f64(text.parse().map_err(|_| Unfit::Type)?).ok_or(Unfit::Huge)
}

/// Whether a number is within the bounds of its parameter.
pub(super) fn within(rule: &ParameterRule, number: &Number) -> Result<(), Unfit> {
    // Integers are compared as integers: as floats, two neighbours beyond 2^53 are one.
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    let float = number.as_f64();
    // Casts to `i128` saturate, and bounds beyond it are beyond each integer here.
    let below = rule.min.is_some_and(|min| whole.map_or(float < Some(min), |whole| whole < min.ceil() as i128));
    let above = rule.max.is_some_and(|max| whole.map_or(float > Some(max), |whole| whole > max.floor() as i128));
    if below || above { Err(Unfit::Range { min: rule.min, max: rule.max }) } else { Ok(()) }
}
