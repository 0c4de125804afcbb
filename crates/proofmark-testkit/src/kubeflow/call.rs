//! A request as the handlers see it, and answers in the form of the pipelines' server.

use serde_json::{Map, Value, json};

use super::message;
use super::world::Version;
use crate::github::answer::{Answer, Body, Outcome};
use crate::http::Request;

/// One request below a service's root.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    /// Who asks; empty where nobody needs to say so.
    pub(crate) user: String,
}

impl Call<'_> {
    /// A query parameter, in either spelling; empty when it is not there.
    pub(crate) fn query(&self, name: &str) -> String {
        let given = self.request.parameter(name).or_else(|| self.request.parameter(&message::camel(name)));
        given.unwrap_or_default()
    }

    /// A number from the query; 0 when it is not there.
    pub(crate) fn number(&self, name: &str) -> Result<i64, Answer> {
        let text = self.query(name);
        if text.is_empty() {
            return Ok(0);
        }
        let wrong = |_| bare(3, &format!("parsing field \"{name}\": strconv.ParseInt: parsing \"{text}\": invalid syntax"));
        text.parse::<i32>().map(i64::from).map_err(wrong)
    }

    pub(crate) fn body(&self, fields: &'static [(&'static str, message::Kind)], version: Version) -> Result<Map<String, Value>, Answer> {
        message::read(&self.request.body, fields, version == Version::V1)
    }
}

/// The words and the number of gRPC that an answer of HTTP has.
fn status(code: u16) -> u16 {
    match code {
        3 | 9 => 400,
        5 => 404,
        6 | 10 => 409,
        7 => 403,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    }
}

/// An error: what the developer reads, and what the user reads.
pub(crate) fn refuse(code: u16, message: &str, shown: &str) -> Answer {
    let detail = json!({"@type": "type.googleapis.com/google.rpc.Status", "code": code, "message": shown});
    Answer::json(status(code), json!({"code": code, "message": message, "details": [detail]}))
}

/// An error of the gateway, which has no details.
pub(crate) fn bare(code: u16, message: &str) -> Answer {
    Answer::json(status(code), json!({"code": code, "message": message, "details": []}))
}

/// A mistake of the caller, with what failed because of it.
pub(crate) fn invalid(what: &str, shown: &str) -> Answer {
    if what.is_empty() {
        return refuse(3, shown, shown);
    }
    refuse(3, &format!("{what}: Invalid input error: {shown}"), shown)
}

pub(crate) fn missing(what: &str, kind: &str, id: &str) -> Answer {
    let shown = format!("{kind} {id} not found");
    refuse(5, &format!("{what}: ResourceNotFoundError: {shown}"), &shown)
}

/// A mistake that the server takes for its own.
pub(crate) fn internal(message: &str) -> Answer {
    refuse(13, &format!("InternalServerError: {message}"), "Internal Server Error")
}

/// An answer that says nothing.
pub(crate) fn done() -> Outcome {
    Ok(Answer::ok(json!({})))
}

/// Text or HTML, as everything outside of the API proper answers.
pub(crate) fn plain(status: u16, kind: &'static str, text: &str) -> Answer {
    Answer { status, ..Answer::bytes(kind, text.as_bytes().to_vec()) }
}

/// As it goes out: servers up to 2.5 say errors twice, and the oldest have details of their own kind.
pub(crate) fn finished(mut answer: Answer, version: Version, own_details: bool) -> Answer {
    if let Body::Json(value) = &mut answer.body
        && answer.status >= 400
        && version.old_errors()
        && value["code"].is_number()
        && let Some(message) = value["message"].as_str().map(str::to_owned)
    {
        let shown = value["details"][0]["message"].as_str().map(str::to_owned);
        if let Some(shown) = shown.filter(|_| own_details) {
            value["details"] = json!([{"@type": "type.googleapis.com/api.Error", "error_message": shown, "error_details": message}]);
        }
        value["error"] = json!(message);
    }
    answer
}

/// An object without what is zero, empty or false, as protocol buffers leave them out.
pub(crate) fn lean(fields: Vec<(&str, Value)>) -> Value {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(_) => false,
    };
    Value::Object(fields.into_iter().filter(|(_, value)| !empty(value)).map(|(name, value)| (name.to_owned(), value)).collect())
}
