//! Every recorded request gets the recorded answer, but for times that a server chose.

use proofmark_testkit::mlflow::{FakeMlflow, RunSpec, Version};
use serde_json::{Value, json};

use crate::client::{Reply, encode, send};
use crate::seed;

/// What a real server picks by its clock, and how its Python prints a set.
const FREE: [&str; 6] = [
    "creation_timestamp",
    "last_updated_timestamp",
    "creation_time",
    "last_update_time",
    "creation_timestamp_ms",
    "last_updated_timestamp_ms",
];

#[test]
fn mlflow_3_answers_as_recorded() {
    let recording = parsed(include_str!("rest-3.17.2-sqlite.json"));
    let mlflow = seed::world(Version::New, &recording);
    // The recording server had met this tag before.
    mlflow.world().tag_version("churn-clf", 3, "k", "");
    compare_all(&mlflow, &recording);
}

#[test]
fn mlflow_2_answers_as_recorded() {
    let recording = parsed(include_str!("rest-2.22.5-sqlite.json"));
    compare_all(&seed::world(Version::Old, &recording), &recording);
}

#[test]
fn errors_are_the_recorded_ones() {
    let recording = parsed(include_str!("errors-3.17.2.json"));
    let mlflow = FakeMlflow::start();
    let probe = mlflow.experiment("probe/é exp");
    let first = RunSpec { id: "a9a2a8c88c2149f092cecadf31768292", params: &[("lr", "0.1")], ..RunSpec::default() };
    let run = mlflow.run(&probe, RunSpec { metrics: &[("acc", 0.9)], ..first });
    mlflow.run(&probe, RunSpec { id: "2534134992be4875a9a5adb4cbfe5ce3", deleted: true, ..RunSpec::default() });
    mlflow.register("probe-model", &run);
    mlflow.register("probe-model", &run);
    mlflow.alias("probe-model", "champion", 2);
    // Webhooks of the registry are none of this fake's.
    let pairs = recording.as_array().expect("a list").iter().filter(|pair| !name(pair).starts_with("hook-"));
    let wrong: Vec<String> = pairs.filter_map(|pair| differs_in_error(&mlflow, pair)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One of the answers has a bare NaN, which is no JSON.
fn parsed(text: &str) -> Value {
    serde_json::from_str(&text.replace("\"value\": NaN", "\"value\": \"NaN\"")).expect("recorded JSON")
}

fn name(pair: &Value) -> &str {
    pair["name"].as_str().expect("a name")
}

fn compare_all(mlflow: &FakeMlflow, recording: &Value) {
    let pairs = recording.as_array().expect("a list");
    assert!(pairs.len() > 30);
    let wrong: Vec<String> = pairs.iter().filter_map(|pair| differs(mlflow, pair)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differs(mlflow: &FakeMlflow, pair: &Value) -> Option<String> {
    let (reply, expected) = (ask(mlflow, &pair["request"]), &pair["response"]);
    let kind = reply.header("content-type").unwrap_or_default();
    let bare = |text: &str| text.replace("\"value\":NaN", "\"value\":\"NaN\"");
    let mut body = comparable(parsed_or_text(&bare(&reply.body)));
    if pair["note"].as_str().is_some_and(|note| note.contains("2500 points came back, cut to 3")) {
        let points = body["metrics"].as_array_mut().expect("points");
        assert_eq!(points.len(), 2500);
        points.truncate(3);
    }
    let got = json!({"status": reply.status, "content_type": kind, "body": body});
    let mut expected = expected.clone();
    expected["body"] = comparable(expected["body"].take());
    (got != expected).then(|| format!("{}\n  got  {got}\n  want {expected}", name(pair)))
}

/// The words of an error are compared as well, but for those in which Python prints a set or the database speaks.
fn differs_in_error(mlflow: &FakeMlflow, pair: &Value) -> Option<String> {
    let (reply, expected) = (ask(mlflow, &pair["request"]), &pair["response"]);
    let kind = reply.header("content-type").unwrap_or_default();
    let got = json!({"status": reply.status, "content_type": kind, "body": shortened(reply.json())});
    let mut expected = expected.clone();
    expected["body"] = shortened(expected["body"].take());
    (got != expected).then(|| format!("{}\n  got  {got}\n  want {expected}", name(pair)))
}

fn shortened(mut body: Value) -> Value {
    if let Some(message) = body.get("message").and_then(Value::as_str) {
        let end = ["Valid keys are", " already exists"].iter().find_map(|sign| message.find(sign)).unwrap_or(message.len());
        body["message"] = json!(message.get(..end));
    }
    body
}

fn ask(mlflow: &FakeMlflow, request: &Value) -> Reply {
    let mut query = Vec::new();
    for (key, value) in request["query"].as_object().into_iter().flatten() {
        let one = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let values = value.as_array().map_or_else(|| vec![one(value)], |values| values.iter().map(one).collect());
        query.extend(values.iter().map(|value| format!("{key}={}", encode(value))));
    }
    let target = [request["path"].as_str().expect("a path"), &query.join("&")].join(if query.is_empty() { "" } else { "?" });
    let headers = request["headers"].as_object().into_iter().flatten();
    let headers: Vec<(&str, &str)> = headers.map(|(name, value)| (name.as_str(), value.as_str().expect("a text"))).collect();
    let body = Some(&request["json"]).filter(|body| !body.is_null());
    send(mlflow, request["method"].as_str().expect("a method"), &target, &headers, body).expect("an answer")
}

fn parsed_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn comparable(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => items.iter_mut().for_each(|item| *item = comparable(item.take())),
        Value::Object(fields) => {
            FREE.iter().for_each(|field| drop(fields.remove(*field)));
            // A logged model's points carry the time of logging, and an old run the history of its models.
            if fields.contains_key("model_id") {
                fields.remove("timestamp");
            }
            if fields.get("key").and_then(Value::as_str) == Some("mlflow.log-model.history") {
                fields.remove("value");
            }
            fields.values_mut().for_each(|field| *field = comparable(field.take()));
        }
        _ => {}
    }
    value
}
