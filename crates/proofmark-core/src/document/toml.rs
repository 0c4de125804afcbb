//! TOML documents, in the order of the file.
//!
//! TOML 1.1 is read, so a little more than DVC's reader takes: line breaks and a last comma within `{…}`, `\e`, `\x41`,
//! times without seconds. As for DVC, integers may have any size and a double that overflows is infinite.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Leaves, ParseError, integer_of};
use crate::value::Value;

/// Reads one TOML document.
pub(super) fn read(bytes: &[u8], leaves: Leaves) -> Result<Value, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|bad| ParseError::at(bytes, bad.valid_up_to(), "the file is not UTF-8"))?;
    let table = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        ParseError::at(bytes, offset, error.message().lines().collect::<Vec<_>>().join("; "))
    })?;
    Ok(mapping(table.into_inner(), leaves))
}

/// The parser sorts by key; where the keys stand tells the order of the file.
fn mapping(table: DeTable<'_>, leaves: Leaves) -> Value {
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    Value::Map(entries.into_iter().map(|(key, value)| (key.into_inner().into_owned(), convert(value, leaves))).collect())
}

fn convert(value: Spanned<DeValue<'_>>, leaves: Leaves) -> Value {
    let start = value.span().start;
    let scalar = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(whole) => integer_of(whole.as_str(), whole.radix()),
        // The parser has checked the digits, so only `nan` is left.
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(yes) => Value::Bool(yes),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(list) => return Value::List(list.into_iter().map(|item| convert(item, leaves)).collect()),
        DeValue::Table(table) => return mapping(table, leaves),
    };
    leaves.leaf(scalar, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tables_dates_and_nan() {
        let value = read(b"a = nan\nd = 2020-01-02\n[t]\nx = -inf\nl = [1, 2.5]\n", Leaves::Values).expect("valid");
        assert_eq!(value.to_string(), r#"{"a":"NaN","d":"2020-01-02","t":{"x":"-Infinity","l":[1,2.5]}}"#);
    }

    #[test]
    fn the_order_is_that_of_the_file() {
        let text = |text: &str| read(text.as_bytes(), Leaves::Values).expect("valid").to_string();
        assert_eq!(text("b = 1\na = 2\n[d]\nx = 1\n[c]\n[d.a]\n"), r#"{"b":1,"a":2,"d":{"x":1,"a":{}},"c":{}}"#);
        assert_eq!(text("a.z = 1\nb = 2\na.y = 3\n"), r#"{"a":{"z":1,"y":3},"b":2}"#);
    }

    #[test]
    fn numbers_as_pythons_readers_have_them() {
        for (written, value) in [
            ("9223372036854775808", Value::Int(9_223_372_036_854_775_808)),
            ("-9223372036854775809", Value::Int(-9_223_372_036_854_775_809)),
            ("0xFFFFFFFFFFFFFFFF", Value::Int(0xFFFF_FFFF_FFFF_FFFF)),
            ("0o17", Value::Int(15)),
            ("0b101", Value::Int(5)),
            ("1_000", Value::Int(1000)),
            ("+7", Value::Int(7)),
            ("1e400", Value::Float(f64::INFINITY)),
            ("+inf", Value::Float(f64::INFINITY)),
            ("1_0.5", Value::Float(10.5)),
            ("6.626e-34", Value::Float(6.626e-34)),
        ] {
            let read = read(format!("k = {written}").as_bytes(), Leaves::Values).expect(written);
            assert_eq!(read.as_map().and_then(|map| map.get("k")), Some(&value), "{written}");
        }
        for nan in ["nan", "+nan", "-nan"] {
            assert!(read(format!("k = {nan}").as_bytes(), Leaves::Values).is_ok_and(|value| value.to_string().contains("NaN")), "{nan}");
        }
    }

    #[test]
    fn mistakes_have_places() {
        let error = read(b"a = 1\nb = \n", Leaves::Values).expect_err("broken");
        assert_eq!(error.position.map(|at| at.line), Some(2));
        for broken in ["a = 1\na = 2", "[a]\n[a]", "a = 01", "a = 1__0", "a = 1.", "a = True", "a = 2020-13-01", "a = \"x", "a b = 1"] {
            assert!(read(broken.as_bytes(), Leaves::Values).is_err(), "{broken}");
        }
        assert!(read(format!("a = {}", "[".repeat(10_000)).as_bytes(), Leaves::Values).is_err());
    }
}
