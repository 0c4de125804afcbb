//! A request as the handlers see it, and answers in MLflow's form.

use serde_json::{Map, Value, json};

use super::rows::Pairs;
use super::world::Version;
use crate::github::answer::{Answer, Body, Outcome};
use crate::http::Request;

/// One request with its JSON, if it has any.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) version: Version,
    body: Value,
}

impl<'a> Call<'a> {
    /// MLflow wants a content type of what has a body by nature, and takes JSON that it cannot read for none.
    pub(crate) fn new(request: &'a Request, version: Version) -> Result<Self, Answer> {
        if matches!(request.method.as_str(), "POST" | "PUT" | "PATCH") {
            let kind = request.header("content-type").ok_or_else(|| invalid("Bad Request. Content-Type header is missing."))?;
            if kind.split(';').next() != Some("application/json") {
                return Err(invalid("Bad Request. Content-Type must be one of ['application/json']."));
            }
        }
        let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        Ok(Self { request, version, body })
    }

    /// A field of the body, or of the query in a GET. An empty text counts as none, as in protocol buffers.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.given(name).filter(|text| !text.is_empty())
    }

    /// The same, where an empty text is a text.
    pub(crate) fn given(&self, name: &str) -> Option<String> {
        if self.request.method == "GET" {
            return self.request.parameter(name);
        }
        match self.body.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(crate) fn required(&self, name: &str) -> Result<String, Answer> {
        self.text(name).ok_or_else(|| absent(name))
    }

    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        if self.request.method == "GET" {
            return self.request.parameters(name);
        }
        let items = self.body.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.body.get(name)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.body.get(name) == Some(&Value::Bool(true)) || self.text(name).as_deref() == Some("true")
    }

    /// A number, which may come as a text.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Answer> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            let shown = self.body.get(name).map_or_else(|| format!("\"{text}\""), Value::to_string);
            wrong_parameter(name, &shown, "str")
        })
    }
}

/// The words that MLflow has for a parameter that is not there.
pub(crate) fn absent(name: &str) -> Answer {
    let more = "See the API docs for more information about request parameters.";
    invalid(&format!("Missing value for required parameter '{name}'. {more}"))
}

/// The words that MLflow has for a parameter of a wrong type or size.
pub(crate) fn wrong_parameter(name: &str, shown: &str, kind: &str) -> Answer {
    let more = "See the API docs for more information about request parameters.";
    invalid(&format!("Invalid value {shown} for parameter '{name}' supplied:  Hint: Value was of type '{kind}'. {more}"))
}

pub(crate) fn invalid(message: &str) -> Answer {
    refuse("INVALID_PARAMETER_VALUE", message)
}

pub(crate) fn missing(message: &str) -> Answer {
    refuse("RESOURCE_DOES_NOT_EXIST", message)
}

pub(crate) fn refuse(code: &str, message: &str) -> Answer {
    let status = match code {
        "RESOURCE_DOES_NOT_EXIST" => 404,
        "INTERNAL_ERROR" => 500,
        _ => 400,
    };
    Answer::json(status, json!({"error_code": code, "message": message}))
}

/// An answer that says nothing.
pub(crate) fn done() -> Outcome {
    Ok(Answer::ok(json!({})))
}

/// Text or HTML, as everything outside of the API proper answers.
pub(crate) fn plain(status: u16, kind: &'static str, text: &str) -> Answer {
    Answer { status, ..Answer::bytes(kind, text.as_bytes().to_vec()) }
}

/// The page of Werkzeug for a status.
pub(crate) fn page(status: u16) -> Answer {
    let (title, text) = match status {
        400 => ("Bad Request", "The browser (or proxy) sent a request that this server could not understand."),
        405 => ("Method Not Allowed", "The method is not allowed for the requested URL."),
        500 => (
            "Internal Server Error",
            "The server encountered an internal error and was unable to complete your request. Either the server is overloaded or \
             there is an error in the application.",
        ),
        _ => (
            "Not Found",
            "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.",
        ),
    };
    let html = format!("<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n");
    plain(status, "text/html; charset=utf-8", &html)
}

/// As it goes out: MLflow 3 says more of an error, and the media type has no character set.
pub(crate) fn finished(mut answer: Answer, version: Version) -> Answer {
    if let Body::Json(value) = &mut answer.body
        && let Some(code) = value.get("error_code").and_then(Value::as_str)
        && version == Version::New
    {
        let class = if code == "RESOURCE_DOES_NOT_EXIST" { "RESOURCE_NOT_FOUND" } else { code }.to_owned();
        value["sqlstate"] = json!(if class == "INTERNAL_ERROR" { "XXKAM" } else { "KAM00" });
        value["error_class"] = json!(class);
    }
    answer
}

/// An object without its empty lists, as protocol buffers leave them out.
pub(crate) fn lean(fields: Vec<(&str, Value)>) -> Value {
    let kept =
        fields.into_iter().filter(|(_, value)| !matches!(value, Value::Null) && value.as_array().is_none_or(|list| !list.is_empty()));
    Value::Object(kept.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

/// Tags and parameters.
pub(crate) fn pairs(pairs: &Pairs) -> Value {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// NaN goes out as a text; nothing else that is no number is ever stored.
pub(crate) fn number(value: f64) -> Value {
    if value.is_nan() { json!("NaN") } else { json!(value) }
}
