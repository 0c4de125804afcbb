//! What a text alone means: the one definition behind the types of CSV columns and the comparison of cells of different types.
//!
//! | text | means |
//! |---|---|
//! | nothing | missing |
//! | `NA` `N/A` `<NA>` `NaT` `null` `NULL` `None` | missing in a column of numbers or truth values, itself in a column of texts |
//! | `true` `True` `TRUE` `false` `False` `FALSE` | a truth value |
//! | `7` `-7` `+7` | an integer, when 64 bits hold it |
//! | `0.5` `.5` `5.` `1e-5` `1E+5` `1.5e5` `nan` `inf` `Infinity` | a number |
//! | anything else | itself |
//!
//! Blanks around a number are passed over. Ids look like numbers at times, and reading them as numbers would make two of
//! them one: so leading zeros (`007`), and exponents with neither sign nor point (`12e345`, part of a hash), make a text.

/// What a text alone means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar {
    /// Nothing is written.
    Empty,
    /// One of the words for a missing value.
    Word,
    /// A truth value.
    Boolean(bool),
    /// An integer of 64 bits.
    Integer(i64),
    /// An integer of more than 64 bits, written without sign and leading zeros.
    Wide,
    /// A number that is no integer as written.
    Number(f64),
    /// Anything else.
    Text,
}

/// What a text alone means, by the table above.
pub(crate) fn classify(text: &[u8]) -> Scalar {
    match text.first() {
        None => Scalar::Empty,
        Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b' ') => numeric(text),
        Some(b'N' | b'n' | b'<' | b't' | b'T' | b'f' | b'F' | b'i' | b'I') => word(text),
        Some(_) => Scalar::Text,
    }
}

/// The number that a text is in any notation, also those that [`classify`] takes for an id; for columns of which it is known
/// that they hold numbers.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim_matches(' ').parse().ok()
}

fn numeric(text: &[u8]) -> Scalar {
    let text = text.trim_ascii();
    if let Some(value) = integer(text) {
        return Scalar::Integer(value);
    }
    let unsigned = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let is_digits = !unsigned.is_empty() && unsigned.iter().all(u8::is_ascii_digit);
    match unsigned {
        [b'0', b'0'..=b'9', ..] => Scalar::Text,
        _ if is_digits && unsigned.len() == text.len() => Scalar::Wide,
        _ if is_digits => Scalar::Text,
        _ if looks_like_an_id(unsigned) => Scalar::Text,
        _ => str::from_utf8(text).ok().and_then(|text| text.parse().ok()).map_or(Scalar::Text, Scalar::Number),
    }
}

/// An exponent with neither sign nor point.
fn looks_like_an_id(unsigned: &[u8]) -> bool {
    let Some(at) = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E')) else { return false };
    let (mantissa, exponent) = unsigned.split_at(at);
    !mantissa.contains(&b'.') && exponent.get(1).is_some_and(u8::is_ascii_digit)
}

/// An integer of 64 bits without leading zeros.
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 19 || (digits.len() > 1 && digits.starts_with(b"0")) {
        return None;
    }
    // Nineteen digits fit 64 bits without a sign.
    let mut size: u64 = 0;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        size = size * 10 + u64::from(digit);
    }
    if negative { 0_i64.checked_sub_unsigned(size) } else { i64::try_from(size).ok() }
}

fn word(text: &[u8]) -> Scalar {
    match text {
        b"NA" | b"N/A" | b"<NA>" | b"NaT" | b"null" | b"NULL" | b"None" => Scalar::Word,
        b"true" | b"True" | b"TRUE" => Scalar::Boolean(true),
        b"false" | b"False" | b"FALSE" => Scalar::Boolean(false),
        b"nan" | b"NaN" | b"NAN" => Scalar::Number(f64::NAN),
        b"inf" | b"Inf" | b"INF" | b"infinity" | b"Infinity" => Scalar::Number(f64::INFINITY),
        _ => Scalar::Text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integers_are_those_that_64_bits_hold() {
        for value in [0, 1, -1, 7, 10, i64::MAX, i64::MIN] {
            assert_eq!(classify(value.to_string().as_bytes()), Scalar::Integer(value));
        }
        assert_eq!(classify(b"+7"), Scalar::Integer(7));
        assert_eq!(classify(b" 7 "), Scalar::Integer(7));
        assert_eq!(classify(b"9223372036854775808"), Scalar::Wide);
        assert_eq!(classify(b"18446744073709551616"), Scalar::Wide);
        assert_eq!(classify(b"-9223372036854775809"), Scalar::Text);
    }

    #[test]
    fn what_an_id_may_be_is_no_number() {
        for text in ["007", "-007", "00", "12e345", "1E5", "1_000", "0x10", "1 2", "+", "-", ".", "e5", "1e", " ", "1.2.3", "12a", "+na"] {
            assert_eq!(classify(text.as_bytes()), Scalar::Text, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_as_python_and_others_write_them() {
        for (text, value) in
            [("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("1e-05", 1e-5), ("1E+20", 1e20), ("-1.5e300", -1.5e300), ("0e+0", 0.0)]
        {
            assert_eq!(classify(text.as_bytes()), Scalar::Number(value), "{text}");
        }
        assert!(matches!(classify(b"nan"), Scalar::Number(value) if value.is_nan()));
        assert_eq!(classify(b"inf"), Scalar::Number(f64::INFINITY));
        assert_eq!(classify(b"-inf"), Scalar::Number(f64::NEG_INFINITY));
        assert_eq!(number("1e5"), Some(1e5));
        assert_eq!(number("007"), Some(7.0));
        assert_eq!(number("DE"), None);
    }

    #[test]
    fn words_are_truth_or_nothing() {
        assert_eq!(classify(b""), Scalar::Empty);
        assert_eq!(classify(b"NA"), Scalar::Word);
        assert_eq!(classify(b"True"), Scalar::Boolean(true));
        assert_eq!(classify(b"FALSE"), Scalar::Boolean(false));
        assert_eq!(classify(b"no"), Scalar::Text);
        assert_eq!(classify(b"Nan"), Scalar::Text);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(integer in any::<i64>(), number in any::<f64>().prop_filter("finite", |number| number.is_finite())) {
            prop_assert_eq!(classify(integer.to_string().as_bytes()), Scalar::Integer(integer));
            // Without an exponent, as no writer leaves out both its sign and the point.
            match classify(number.to_string().as_bytes()) {
                Scalar::Number(read) => prop_assert_eq!(read.to_bits(), number.to_bits()),
                Scalar::Integer(read) => prop_assert_eq!(read as f64, number),
                other => prop_assert!(number.fract() == 0.0 && matches!(other, Scalar::Wide | Scalar::Text), "{number} is {other:?}"),
            }
        }

        #[test]
        fn any_bytes_have_a_meaning(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let meaning = classify(&bytes);
            prop_assert!(meaning != Scalar::Empty || bytes.is_empty());
        }
    }
}
