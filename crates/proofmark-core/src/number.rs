//! Numbers as people read them: significant digits, never rounded so far that a difference disappears.

use crate::value::Value;

/// Significant digits where nothing asks for more.
const DIGITS: usize = 5;
/// Digits that tell any two doubles apart.
const MAX_DIGITS: usize = 17;

/// One number with `digits` significant digits, without trailing zeros; very small and very large ones in scientific form.
pub fn significant(number: f64, digits: usize) -> String {
    if !number.is_finite() {
        return Value::Float(number).to_string();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{number:.*e}", digits.saturating_sub(1));
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-5..=14).contains(&exponent) {
        return format!("{}e{exponent}", trim_zeros(mantissa));
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    trim_zeros(&format!("{number:.decimals$}")).to_owned()
}

fn trim_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// A value for a table cell: integers exact, doubles in significant digits, the rest as it is.
pub fn shown(value: &Value) -> String {
    if let Value::Float(number) = value { significant(*number, DIGITS) } else { value.to_string() }
}

/// Two values side by side, with as many digits as it takes to see that they differ.
///
/// ```
/// use proofmark_core::number::shown_pair;
/// use proofmark_core::value::Value;
///
/// let pair = shown_pair(&Value::Float(0.91234567), &Value::Float(0.91234612));
/// assert_eq!(pair, ("0.91234567".into(), "0.91234612".into()));
/// ```
pub fn shown_pair(one: &Value, two: &Value) -> (String, String) {
    if one.same(two) || one.as_f64().is_none() || two.as_f64().is_none() {
        return (shown(one), shown(two));
    }
    let at = |value: &Value, digits| if let Value::Float(number) = value { significant(*number, digits) } else { value.to_string() };
    let mut pair = (String::new(), String::new());
    for digits in DIGITS..=MAX_DIGITS {
        pair = (at(one, digits), at(two, digits));
        // One digit more than the first that differs, so that the size of the difference can be seen.
        if pair.0 != pair.1 && (digits == DIGITS || at(one, digits - 1) != at(two, digits - 1)) {
            break;
        }
    }
    pair
}

/// A difference with its sign: `+0.012`, `-3`, `0`.
pub fn signed(value: &Value) -> String {
    let text = if let Value::Float(number) = value { significant(*number, 4) } else { value.to_string() };
    if value.as_f64().is_some_and(|number| number > 0.0) { format!("+{text}") } else { text }
}

/// A fraction as a percentage with its sign: `0.0123` is `+1.23 %`.
pub fn percent(fraction: f64) -> String {
    let size = fraction * 100.0;
    let digits = if size.abs() >= 100.0 { 4 } else { 3 };
    let sign = if size > 0.0 { "+" } else { "" };
    format!("{sign}{} %", significant(size, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_digits() {
        for (number, text) in [
            (0.1 + 0.2, "0.3"),
            (1e-9, "1e-9"),
            (123_456.789, "123457"),
            (1.5e300, "1.5e300"),
            (-0.000_012_345, "-0.000012345"),
            (-0.0, "0"),
            (100.0, "100"),
        ] {
            assert_eq!(significant(number, 5), text);
        }
    }

    #[test]
    fn small_differences_stay_visible() {
        let pair = |one, two| shown_pair(&Value::Float(one), &Value::Float(two));
        assert_eq!(pair(1e-9, 2e-9), ("1e-9".into(), "2e-9".into()));
        let (one, two) = pair(0.3, 0.1 + 0.2);
        assert_ne!(one, two);
        assert_eq!(pair(0.9, 0.89), ("0.9".into(), "0.89".into()));
        assert_eq!(pair(1e6, 1e6 + 0.01), ("1000000".into(), "1000000.01".into()));
    }

    #[test]
    fn percentages() {
        assert_eq!(percent(-0.0111111), "-1.11 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(12.5), "+1250 %");
    }
}
