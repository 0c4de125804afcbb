//! TOML documents.

use super::ParseError;
use crate::value::{Map, Value};

/// Reads one TOML document.
pub(super) fn read(bytes: &[u8]) -> Result<Value, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|bad| ParseError::at(bytes, bad.valid_up_to(), "the file is not UTF-8"))?;
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        ParseError::at(bytes, offset, error.message().lines().collect::<Vec<_>>().join("; "))
    })?;
    Ok(mapping(table))
}

fn mapping(table: toml::Table) -> Value {
    Value::Map(table.into_iter().map(|(key, value)| (key, convert(value))).collect::<Map>())
}

fn convert(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::Text(text),
        toml::Value::Integer(whole) => Value::Int(whole.into()),
        toml::Value::Float(number) => Value::Float(number),
        toml::Value::Boolean(yes) => Value::Bool(yes),
        toml::Value::Datetime(date) => Value::Date(date.to_string()),
        toml::Value::Array(list) => Value::List(list.into_iter().map(convert).collect()),
        toml::Value::Table(table) => mapping(table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tables_dates_and_nan() {
        let value = read(b"a = nan\nd = 2020-01-02\n[t]\nx = -inf\nl = [1, 2.5]\n").expect("valid");
        assert_eq!(value.to_string(), r#"{"a":"NaN","d":"2020-01-02","t":{"l":[1,2.5],"x":"-Infinity"}}"#);
    }

    #[test]
    fn mistakes_have_places() {
        let error = read(b"a = 1\nb = \n").expect_err("broken");
        assert_eq!(error.position.map(|at| at.line), Some(2));
        assert!(read(format!("a = {}", "[".repeat(10_000)).as_bytes()).is_err());
    }
}
