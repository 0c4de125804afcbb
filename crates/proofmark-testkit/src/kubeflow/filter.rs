//! The `filter` of lists: JSON that the server decodes once more than it is encoded.

use serde_json::{Value, json};

use super::call::invalid;
use super::message::camel;
use super::time;
use crate::github::answer::Answer;
use crate::http::decode;

/// What a row has under a key.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub(crate) enum Field {
    Text(String),
    Number(i64),
    Real(f64),
}

/// All of a filter's conditions.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Filter {
    predicates: Vec<Predicate>,
}

#[derive(Debug, Clone, PartialEq)]
struct Predicate {
    key: String,
    operation: &'static str,
    values: Vec<Field>,
}

const OPERATIONS: [(&str, u64); 8] = [
    ("EQUALS", 1),
    ("NOT_EQUALS", 2),
    ("GREATER_THAN", 3),
    ("GREATER_THAN_EQUALS", 5),
    ("LESS_THAN", 6),
    ("LESS_THAN_EQUALS", 7),
    ("IN", 8),
    ("IS_SUBSTRING", 9),
];

const SCALARS: [&str; 4] = ["int_value", "long_value", "string_value", "timestamp_value"];
const LISTS: [&str; 3] = ["int_values", "long_values", "string_values"];

impl Filter {
    /// Reads the text that the query holds after its own decoding. `known` are the keys of the resource.
    pub(crate) fn read(text: &str, known: &[&str]) -> Result<Self, Answer> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let unescaped = unescape(text).ok_or_else(|| wrong(&format!("failed to parse valid filter from {text:?}: invalid URL escape")))?;
        let json: Value =
            serde_json::from_str(&unescaped).map_err(|error| wrong(&format!("failed to parse valid filter from {text:?}: {error}")))?;
        let fields = json.as_object().ok_or_else(|| wrong("failed to parse the filter JSON: not an object"))?;
        if let Some(name) = fields.keys().find(|name| *name != "predicates") {
            return Err(wrong(&format!("failed to parse the filter JSON: unknown field \"{name}\"")));
        }
        let predicates = json["predicates"].as_array().map(Vec::as_slice).unwrap_or_default();
        let predicates = predicates.iter().map(|predicate| Predicate::read(predicate, known)).collect::<Result<_, _>>()?;
        Ok(Self { predicates })
    }

    /// What [`Self::to_json`] gave; anything else is no condition.
    pub(crate) fn of_token(rows: &[Value]) -> Self {
        let value = |value: &Value| match value {
            Value::String(text) => Field::Text(text.clone()),
            other => Field::Number(other.as_i64().unwrap_or_default()),
        };
        let one = |row: &Value| {
            let (operation, _) = OPERATIONS.iter().find(|(name, _)| row[0] == *name)?;
            let values = row[2].as_array()?.iter().map(value).collect();
            Some(Predicate { key: row[1].as_str()?.to_owned(), operation, values })
        };
        Self { predicates: rows.iter().filter_map(one).collect() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.predicates.is_empty()
    }

    /// Whether a row fulfils all conditions.
    pub(crate) fn admits(&self, field: impl Fn(&str) -> Field) -> bool {
        self.predicates.iter().all(|predicate| predicate.admits(&field(&predicate.key)))
    }

    /// As a token carries it.
    pub(crate) fn to_json(&self) -> Value {
        let value = |field: &Field| match field {
            Field::Text(text) => json!(text),
            Field::Number(number) => json!(number),
            Field::Real(number) => json!(number),
        };
        let one =
            |predicate: &Predicate| json!([predicate.operation, predicate.key, predicate.values.iter().map(value).collect::<Vec<_>>()]);
        self.predicates.iter().map(one).collect()
    }
}

impl Predicate {
    fn read(json: &Value, known: &[&str]) -> Result<Self, Answer> {
        let fields = json.as_object().ok_or_else(|| wrong("failed to parse the filter JSON: not a predicate"))?;
        let names = ["operation", "key"].into_iter().chain(SCALARS).chain(LISTS);
        let names: Vec<String> = names.flat_map(|name| [name.to_owned(), camel(name)]).collect();
        if let Some(name) = fields.keys().find(|name| !names.contains(name)) {
            return Err(wrong(&format!("failed to parse the filter JSON: unknown field \"{name}\"")));
        }
        let get = |name: &str| fields.get(name).or_else(|| fields.get(&camel(name))).filter(|value| !value.is_null());
        let operation = get("operation").cloned().unwrap_or_default();
        let found = OPERATIONS.iter().find(|(name, number)| operation == *name || operation == json!(number));
        let (operation, _) = found.ok_or_else(|| wrong(&format!("failed to parse the filter JSON: invalid operation {operation}")))?;
        let key = get("key").and_then(Value::as_str).unwrap_or_default();
        if !known.contains(&key) {
            return Err(wrong(&format!("no support for filtering on unrecognized field \"{key}\"")));
        }
        let scalar = SCALARS.iter().find_map(|name| get(name).map(|value| (*name, value)));
        let list = LISTS.iter().find_map(|name| get(name).map(|value| (*name, value)));
        let values = match (scalar, list) {
            (Some(_), None) if *operation == "IN" => return Err(wrong("cannot use IN operator with scalar type string")),
            (None, Some(_)) if *operation != "IN" => return Err(wrong(&format!("cannot use {operation} operator with array type"))),
            (Some((name, value)), None) => vec![field(name, value)?],
            (None, Some((name, value))) => {
                let values = value["values"].as_array().map(Vec::as_slice).unwrap_or_default();
                values.iter().map(|value| field(name, value)).collect::<Result<_, _>>()?
            }
            _ => return Err(wrong("filter must have exactly one value")),
        };
        if *operation == "IS_SUBSTRING" && !matches!(values.first(), Some(Field::Text(_))) {
            return Err(wrong("cannot use IS_SUBSTRING with a value that is not a string"));
        }
        Ok(Self { key: key.to_owned(), operation, values })
    }

    fn admits(&self, found: &Field) -> bool {
        let Some(value) = self.values.first() else {
            return false;
        };
        match self.operation {
            "EQUALS" => found == value,
            "NOT_EQUALS" => found != value,
            "GREATER_THAN" => found > value,
            "GREATER_THAN_EQUALS" => found >= value,
            "LESS_THAN" => found < value,
            "LESS_THAN_EQUALS" => found <= value,
            "IN" => self.values.contains(found),
            _ => matches!((found, value), (Field::Text(found), Field::Text(part)) if found.contains(part.as_str())),
        }
    }
}

fn field(name: &str, value: &Value) -> Result<Field, Answer> {
    let wrong_type = || wrong(&format!("failed to parse the filter JSON: invalid value for field {name}: {value}"));
    match name.trim_end_matches('s') {
        "string_value" => value.as_str().map(|text| Field::Text(text.to_owned())).ok_or_else(wrong_type),
        "timestamp_value" => value.as_str().and_then(time::seconds).map(Field::Number).ok_or_else(wrong_type),
        _ => {
            let number = value.as_i64().or_else(|| value.as_str().and_then(|digits| digits.parse().ok()));
            number.map(Field::Number).ok_or_else(wrong_type)
        }
    }
}

/// The second decoding, which refuses a `%` that begins no code.
fn unescape(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let sound = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let all = bytes.iter().enumerate().all(|(at, byte)| *byte != b'%' || sound(at));
    all.then(|| decode(text, true))
}

fn wrong(shown: &str) -> Answer {
    invalid("Failed to create list options", shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(filter: &str) -> Result<bool, u16> {
        let row = |key: &str| match key {
            "created_at" => Field::Number(1_767_225_605),
            "display_name" => Field::Text("a+b 50%".to_owned()),
            _ => Field::Text("SUCCEEDED".to_owned()),
        };
        let read = Filter::read(filter, &["created_at", "display_name", "state"]);
        read.map(|filter| filter.admits(row)).map_err(|answer| answer.status)
    }

    #[test]
    fn every_operation_in_both_spellings() {
        let one = |operation: &str, key: &str, value: &str| {
            admits(&format!(r#"{{"predicates":[{{"operation":{operation},"key":"{key}",{value}}}]}}"#))
        };
        assert_eq!(one("\"EQUALS\"", "state", r#""string_value":"SUCCEEDED""#), Ok(true));
        assert_eq!(one("1", "state", r#""stringValue":"FAILED""#), Ok(false));
        assert_eq!(one("2", "state", r#""stringValue":"FAILED""#), Ok(true));
        assert_eq!(one("3", "created_at", r#""timestampValue":"2020-01-01T00:00:00Z""#), Ok(true));
        assert_eq!(one("\"LESS_THAN_EQUALS\"", "created_at", r#""long_value":"1767225605""#), Ok(true));
        assert_eq!(one("\"IN\"", "state", r#""string_values":{"values":["X","SUCCEEDED"]}"#), Ok(true));
        assert_eq!(one("9", "state", r#""string_value":"CCEE""#), Ok(true));
        assert_eq!(one("\"IN\"", "state", r#""string_value":"X""#), Err(400));
        assert_eq!(one("\"EQUALS\"", "zz", r#""string_value":"X""#), Err(400));
        assert_eq!(one("4", "state", r#""string_value":"X""#), Err(400));
        assert_eq!(one("1", "state", r#""string":"X""#), Err(400));
        assert_eq!([admits(""), admits("{}"), admits("nonsense")], [Ok(true), Ok(true), Err(400)]);
    }

    #[test]
    fn it_is_decoded_twice() {
        let equals = |name: &str| admits(&format!(r#"{{"predicates":[{{"operation":1,"key":"display_name","string_value":"{name}"}}]}}"#));
        assert_eq!(equals("a+b 50%25"), Ok(false), "a bare plus is a space by then");
        assert_eq!(equals("a%2Bb 50%25"), Ok(true));
        assert_eq!(equals("a%2Bb 50%"), Err(400), "a bare percent sign is an error");
    }
}
