//! A request as the handlers see it, and answers by the gateway's rules: zero values are left out, long numbers are text.

use serde_json::{Map, Value, json};

use super::stored::Pair;
use crate::github::answer::Answer;
use crate::http::Request;

/// One request with its message.
#[derive(Debug)]
pub(crate) struct Call {
    body: Value,
    query: Option<Request>,
}

impl Call {
    /// The message of a GET is its query, except where it has none but a body; of everything else its body.
    pub(crate) fn new(request: &Request) -> Result<Self, Answer> {
        if request.method == "GET" {
            return Ok(Self { body: Value::Null, query: Some(request.clone()) });
        }
        if request.body.is_empty() {
            return Ok(Self { body: json!({}), query: None });
        }
        match serde_json::from_slice(&request.body) {
            Ok(body @ Value::Object(_)) => Ok(Self { body, query: None }),
            Ok(_) => Err(invalid("json: cannot unmarshal into Go value of type map[string]json.RawMessage")),
            Err(error) => Err(invalid(&error.to_string())),
        }
    }

    /// A text; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> Result<String, Answer> {
        match &self.query {
            Some(query) => Ok(query.parameter(name).unwrap_or_default()),
            None => text(&self.body, name),
        }
    }

    /// A whole number, of any size; 0 where there is none.
    pub(crate) fn number(&self, name: &str) -> Result<i64, Answer> {
        match &self.query {
            Some(query) => parsed(&query.parameter(name).unwrap_or_default(), name),
            None => number(&self.body, name),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Answer> {
        let told = match &self.query {
            Some(query) => query.parameter(name).map(Value::String),
            None => self.body.get(name).cloned(),
        };
        match told {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(yes)) => Ok(yes),
            // As Go's `ParseBool` takes them; in a body only true and false are flags.
            Some(Value::String(word)) if self.query.is_some() => match word.as_str() {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
                "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
                _ => Err(invalid(&format!("type mismatch, parameter: {name}, error: invalid syntax"))),
            },
            Some(_) => Err(wrong(name)),
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, Answer> {
        match &self.query {
            Some(query) => Ok(query.parameters(name)),
            None => list(&self.body, name)?.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(name))).collect(),
        }
    }

    /// The objects of a list of the body.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<Value>, Answer> {
        list(&self.body, name)
    }

    /// An object of the body.
    pub(crate) fn object(&self, name: &str) -> Option<&Value> {
        self.body.get(name).filter(|value| value.is_object())
    }
}

pub(crate) fn text(body: &Value, name: &str) -> Result<String, Answer> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(wrong(name)),
    }
}

pub(crate) fn number(body: &Value, name: &str) -> Result<i64, Answer> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(0),
        Some(Value::String(text)) => parsed(text, name),
        Some(Value::Number(number)) => number.as_i64().ok_or_else(|| wrong(name)),
        Some(_) => Err(wrong(name)),
    }
}

fn parsed(text: &str, name: &str) -> Result<i64, Answer> {
    if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| invalid(&format!("type mismatch, parameter: {name}, error: {text}"))) }
}

pub(crate) fn list(body: &Value, name: &str) -> Result<Vec<Value>, Answer> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items.clone()),
        Some(_) => Err(wrong(name)),
    }
}

/// An enum by name or by number.
pub(crate) fn member(value: Option<&Value>, names: &[&str]) -> Result<usize, Answer> {
    match value {
        None | Some(Value::Null) => Ok(0),
        Some(Value::Number(number)) => {
            number.as_u64().and_then(|number| usize::try_from(number).ok()).ok_or_else(|| invalid("not an enum value"))
        }
        Some(Value::String(word)) => {
            names.iter().position(|name| name == word).ok_or_else(|| invalid(&format!("unknown value \"{word}\" for enum")))
        }
        Some(_) => Err(invalid("not an enum value")),
    }
}

fn wrong(name: &str) -> Answer {
    invalid(&format!("json: cannot unmarshal the value of the field {name}"))
}

pub(crate) fn invalid(message: &str) -> Answer {
    refuse(3, message)
}

pub(crate) fn missing(message: &str) -> Answer {
    refuse(5, message)
}

pub(crate) fn clash(message: &str) -> Answer {
    refuse(6, message)
}

/// By the code of gRPC.
pub(crate) fn refuse(code: u8, message: &str) -> Answer {
    let status = match code {
        3 => 400,
        5 => 404,
        6 => 409,
        7 => 403,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    };
    Answer::json(status, json!({"error": message, "code": code, "message": message}))
}

/// A message without its zero values.
pub(crate) fn message(fields: Vec<(&str, Value)>) -> Value {
    let is_zero = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => false,
    };
    let kept = fields.into_iter().filter(|(_, value)| !is_zero(value));
    Value::Object(kept.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

pub(crate) fn pairs(pairs: &[Pair]) -> Value {
    let mut sorted: Vec<&Pair> = pairs.iter().collect();
    sorted.sort_by(|one, two| one.key.cmp(&two.key));
    sorted.into_iter().map(Pair::message).collect()
}

/// An answer that says nothing.
pub(crate) fn done() -> Answer {
    Answer::ok(json!({}))
}

/// A page or a text that is not the API's.
pub(crate) fn other(status: u16, kind: &'static str, text: &str) -> Answer {
    Answer { status, ..Answer::bytes(kind, text.as_bytes().to_vec()) }
}
