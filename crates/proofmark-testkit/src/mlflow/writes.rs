//! What a training run writes.

use serde_json::{Value, json};

use super::call::{Call, done, invalid};
use super::rows::{Pairs, Run, put};
use super::runs::{find, run_id};
use super::spec::RunSpec;
use super::world::World;
use crate::github::answer::{Answer, Outcome};

pub(crate) fn create_run(world: &mut World, call: &Call<'_>) -> Outcome {
    let experiment = call.text("experiment_id").unwrap_or_else(|| "0".to_owned());
    if !world.experiments.iter().any(|known| known.id == experiment) {
        return Err(super::call::missing(&format!("No Experiment with id={experiment} exists")));
    }
    let tags = entries(call.value("tags"));
    let tags: Vec<_> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let named = tags.iter().find(|(key, _)| *key == "mlflow.runName").map(|(_, value)| (*value).to_owned());
    let name = call.text("run_name").or(named).unwrap_or_else(|| "placid-finch-1".to_owned());
    let started = call.number("start_time")?.unwrap_or(0);
    let id = world.run(&experiment, RunSpec { name: &name, status: "RUNNING", started, tags: &tags, ..RunSpec::default() });
    if let Some(run) = world.runs.last_mut() {
        run.user = call.text("user_id").unwrap_or_else(|| "unknown".to_owned());
    }
    Ok(Answer::ok(json!({"run": find(world, &id)?.json(world)})))
}

pub(crate) fn update_run(world: &mut World, call: &Call<'_>) -> Outcome {
    let (status, ended, name) = (call.text("status"), call.number("end_time")?, call.text("run_name"));
    let run = active(world, call)?;
    if let Some(status) = status {
        run.status = status;
    }
    if let Some(name) = name {
        put(&mut run.tags, "mlflow.runName", &name);
        run.name = name;
    }
    run.ended = ended.or(run.ended);
    let id = run.id.clone();
    let shown = find(world, &id)?.json(world);
    Ok(Answer::ok(json!({"run_info": shown.get("info")})))
}

pub(crate) fn delete_run(world: &mut World, call: &Call<'_>) -> Outcome {
    active(world, call)?.deleted = true;
    done()
}

pub(crate) fn log_metric(world: &mut World, call: &Call<'_>) -> Outcome {
    let key = call.required("key")?;
    named(&key, "name")?;
    let value = call.value("value").and_then(real).unwrap_or_default();
    let (step, time) = (call.number("step")?.unwrap_or(0), call.number("timestamp")?.unwrap_or(0));
    active(world, call)?.log(&key, value, step, time);
    done()
}

pub(crate) fn log_parameter(world: &mut World, call: &Call<'_>) -> Outcome {
    let (key, value) = (call.required("key")?, call.given("value").unwrap_or_default());
    named(&key, "name")?;
    parameter(active(world, call)?, &key, &value)?;
    done()
}

pub(crate) fn log_batch(world: &mut World, call: &Call<'_>) -> Outcome {
    let whole = |point: &Value, field: &str| point.get(field).and_then(Value::as_i64).unwrap_or_default();
    let run = active(world, call)?;
    for (key, value) in entries(call.value("params")) {
        parameter(run, &key, &value)?;
    }
    for (key, value) in entries(call.value("tags")) {
        put(&mut run.tags, &key, &value);
    }
    for point in call.value("metrics").and_then(Value::as_array).into_iter().flatten() {
        let key = point.get("key").and_then(Value::as_str).unwrap_or_default();
        named(key, "name")?;
        let value = point.get("value").and_then(real).unwrap_or_default();
        run.log(key, value, whole(point, "step"), whole(point, "timestamp"));
    }
    done()
}

pub(crate) fn set_tag(world: &mut World, call: &Call<'_>) -> Outcome {
    let (key, value) = (call.required("key")?, call.given("value").unwrap_or_default());
    put(&mut active(world, call)?.tags, &key, &value);
    done()
}

fn active<'a>(world: &'a mut World, call: &Call<'_>) -> Result<&'a mut Run, Answer> {
    let id = run_id(call)?;
    if find(world, &id)?.deleted {
        return Err(invalid(&format!("The run {id} must be in the 'active' state. Current state is deleted.")));
    }
    world.runs.iter_mut().find(|run| run.id == id).ok_or_else(|| super::call::missing(&format!("Run with id={id} not found")))
}

/// A parameter is written once.
fn parameter(run: &mut Run, key: &str, value: &str) -> Result<(), Answer> {
    match run.params.iter().find(|(known, _)| known == key) {
        Some((_, old)) if old != value => Err(invalid(&format!(
            "Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' for run ID='{}'. \
             Attempted logging new value '{value}'.",
            run.id
        ))),
        _ => {
            put(&mut run.params, key, value);
            Ok(())
        }
    }
}

/// Names may be paths of a file store.
fn named(key: &str, parameter: &str) -> Result<(), Answer> {
    let shown = Value::from(key);
    if key.chars().count() > 250 {
        return Err(invalid("'Metric name' exceeds the maximum length of 250 characters"));
    }
    if !key.chars().all(|letter| letter.is_alphanumeric() || "_-. :/".contains(letter)) {
        return Err(invalid(&format!(
            "Invalid value {shown} for parameter '{parameter}' supplied: Names may only contain alphanumerics, underscores (_), dashes \
             (-), periods (.), spaces ( ), colon(:) and slashes (/)."
        )));
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in key.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match parts.last() {
            Some(last) if part == ".." && *last != ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let path = format!("{}{}", if key.starts_with('/') { "/" } else { "" }, parts.join("/"));
    if path != key || key.starts_with('/') || parts.first() == Some(&"..") {
        return Err(invalid(&format!(
            "Invalid value {shown} for parameter '{parameter}' supplied: Names may be treated as files in certain cases, and must not \
             resolve to other names when treated as such. This name would resolve to '{path}'"
        )));
    }
    Ok(())
}

/// A number, or one of the words that protocol buffers have for what is none.
fn real(value: &Value) -> Option<f64> {
    match value {
        Value::String(word) => match word.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            other => other.parse().ok(),
        },
        other => other.as_f64(),
    }
}

/// Keys and values in a list of objects.
pub(crate) fn entries(list: Option<&Value>) -> Pairs {
    let text = |entry: &Value, field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    list.and_then(Value::as_array).into_iter().flatten().map(|entry| (text(entry, "key"), text(entry, "value"))).collect()
}
