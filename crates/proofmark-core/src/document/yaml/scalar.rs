//! What a YAML scalar means, by the rules of ruamel for YAML 1.2.

use saphyr_parser::{ScalarStyle, Tag};

use super::super::integer_of;
use crate::value::Value;

/// The value of a scalar as it stands in the file; the error is what does not fit.
pub(super) fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Misfit> {
    let Some(tag) = tag.map(suffix) else {
        return Ok(if style == ScalarStyle::Plain { plain_scalar(text) } else { Value::Text(text.to_owned()) });
    };
    let fitting = match tag.ok_or(Misfit::Tag)? {
        "" => Some(plain_scalar(text)),
        "str" => Some(Value::Text(text.to_owned())),
        "null" => Some(Value::Null),
        "bool" => boolean(text).map(Value::Bool),
        "int" => Some(plain_scalar(text)).filter(|value| matches!(value, Value::Int(_)) || big(text, value)),
        "float" => tagged_float(text).map(Value::Float),
        "timestamp" => is_date(text, false).then(|| Value::Date(text.to_owned())),
        _ => return Err(Misfit::Tag),
    };
    fitting.ok_or(Misfit::Text)
}

/// Why a scalar has no value.
pub(super) enum Misfit {
    /// The tag is none of a metrics file.
    Tag,
    /// The text is not what its tag says.
    Text,
}

/// The name of a core tag; empty for the tag `!`, which says nothing.
pub(super) fn suffix(tag: &Tag) -> Option<&str> {
    const CORE: &str = "tag:yaml.org,2002:";
    match tag.handle.as_str() {
        CORE => Some(&tag.suffix),
        "" => tag.suffix.strip_prefix(CORE).or_else(|| (tag.suffix == "!").then_some("")),
        "!" if tag.suffix.is_empty() => Some(""),
        _ => None,
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" => Some(true),
        "false" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

/// An integer beyond 128 bits.
fn big(text: &str, value: &Value) -> bool {
    matches!(value, Value::Float(_)) && text.bytes().all(|byte| !matches!(byte, b'.' | b'e' | b'E'))
}

fn tagged_float(text: &str) -> Option<f64> {
    match plain_scalar(text) {
        Value::Int(_) if text.contains(['x', 'o', 'b']) => None,
        number => number.as_f64(),
    }
}

/// The value of a plain (unquoted) scalar, as DVC's YAML reader would have it.
///
/// ```
/// use proofmark_core::document::plain_scalar;
/// use proofmark_core::value::Value;
///
/// assert_eq!(plain_scalar("1e-3"), Value::Float(0.001));
/// assert_eq!(plain_scalar("0o17"), Value::Int(15));
/// assert_eq!(plain_scalar("yes"), Value::Text("yes".into()));
/// ```
pub fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let starts_number = text.bytes().next().is_some_and(|first| first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.'));
    if !starts_number {
        return Value::Text(text.to_owned());
    }
    integer(text)
        .or_else(|| float(text))
        .or_else(|| is_date(text, true).then(|| Value::Date(text.to_owned())))
        .unwrap_or_else(|| Value::Text(text.to_owned()))
}

fn integer(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (radix, digits) = match digits.get(..2) {
        Some("0b") => (2, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0x") => (16, &digits[2..]),
        _ => (10, digits),
    };
    let mut clean = String::with_capacity(text.len());
    if text.starts_with('-') {
        clean.push('-');
    }
    let sign = clean.len();
    for digit in digits.chars() {
        match digit {
            '_' => {}
            _ if digit.is_digit(radix) => clean.push(digit),
            _ => return None,
        }
    }
    (clean.len() > sign).then(|| integer_of(&clean, radix))
}

fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(Value::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY })),
        _ if matches!(text, ".nan" | ".NaN" | ".NAN") => return Some(Value::Float(f64::NAN)),
        _ => {}
    }
    let (mantissa, exponent) = unsigned.find(['e', 'E']).map_or((unsigned, None), |at| (&unsigned[..at], Some(&unsigned[at + 1..])));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let starts_right = whole.is_empty() || whole.as_bytes()[0].is_ascii_digit();
    let has_digits = mantissa.bytes().any(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|power| {
        let unsigned = power.strip_prefix(['+', '-']);
        let digits = unsigned.unwrap_or(power);
        // After `.5` the exponent must have a sign: an oddity of the rules that DVC reads by.
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && (unsigned.is_some() || !whole.is_empty())
    });
    let is_float = has_digits
        && starts_right
        && digits(whole)
        && fraction.is_none_or(digits)
        && exponent_fits
        && (fraction.is_some() || exponent.is_some());
    if is_float { text.replace('_', "").parse().ok().map(Value::Float) } else { None }
}

/// `2001-12-14`, or with a time behind `T`, `t` or blanks; then days and months may have one digit, as they may
/// everywhere when not `strict`. Whether the calendar has the day is not asked.
fn is_date(text: &str, strict: bool) -> bool {
    let mut rest = Rest(text.as_bytes());
    let (year, month) = (rest.digits(), if rest.byte(b"-") { rest.digits() } else { 0 });
    let day = if rest.byte(b"-") { rest.digits() } else { 0 };
    if year != 4 || !(1..=2).contains(&month) || !(1..=2).contains(&day) {
        return false;
    }
    if rest.0.is_empty() {
        return !strict || (month == 2 && day == 2);
    }
    if !rest.byte(b"Tt") && rest.blanks() == 0 {
        return false;
    }
    let hour = rest.digits();
    if !(1..=2).contains(&hour) || !rest.byte(b":") || rest.digits() != 2 || !rest.byte(b":") || rest.digits() != 2 {
        return false;
    }
    if rest.byte(b".") {
        rest.digits();
    }
    if rest.0.is_empty() {
        return true;
    }
    rest.blanks();
    if rest.byte(b"+-") {
        let fits = (1..=2).contains(&rest.digits());
        return fits && (rest.0.is_empty() || (rest.byte(b":") && rest.digits() == 2 && rest.0.is_empty()));
    }
    rest.byte(b"Z") && rest.0.is_empty()
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn skip(&mut self, fits: impl Fn(&u8) -> bool) -> usize {
        let length = self.0.iter().take_while(|&byte| fits(byte)).count();
        self.0 = &self.0[length..];
        length
    }

    fn digits(&mut self) -> usize {
        self.skip(u8::is_ascii_digit)
    }

    fn blanks(&mut self) -> usize {
        self.skip(|byte| matches!(byte, b' ' | b'\t'))
    }

    fn byte(&mut self, any: &[u8]) -> bool {
        let here = self.0.first().is_some_and(|byte| any.contains(byte));
        self.0 = &self.0[usize::from(here)..];
        here
    }
}
