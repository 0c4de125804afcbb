//! Artifacts and tasks of the API that comes after the metadata store: one artifact for each metric.

use serde_json::{Map, Value, json};

use super::call::{Call, bare, invalid, lean, missing};
use super::filter::Field;
use super::mlmd::{self, Artifact};
use super::page::{Listing, Row};
use super::rows::Run;
use super::spec::State;
use super::world::{World, uuid};
use super::{auth, runs, time};
use crate::github::answer::{Answer, Outcome};

/// One artifact or one link of it to a task, ready to be shown.
#[derive(Debug)]
struct Entry {
    id: String,
    run: String,
    task: String,
    artifact: String,
    namespace: String,
    created: i64,
    json: Value,
}

impl Row for Entry {
    const NAME: &'static str = "Artifact";
    const KEYS: &'static [&'static str] = &["id", "artifact_id", "run_id", "task_id", "created_at", "namespace", "name", "type"];

    fn id(&self) -> &str {
        &self.id
    }

    fn field(&self, key: &str) -> Field {
        let text = |text: &str| Field::Text(text.to_owned());
        match key {
            "id" => text(&self.id),
            "artifact_id" => text(&self.artifact),
            "run_id" => text(&self.run),
            "task_id" => text(&self.task),
            "namespace" => text(&self.namespace),
            "created_at" => Field::Number(self.created),
            other => text(self.json[other].as_str().unwrap_or_default()),
        }
    }
}

/// `/artifact_tasks`, `/artifacts` and what lies below.
pub(crate) fn handle(world: &World, call: &Call<'_>, parts: &[&str]) -> Outcome {
    if call.request.method != "GET" {
        return Err(bare(12, "Method Not Allowed"));
    }
    match parts {
        ["artifact_tasks"] => links(world, call),
        ["artifacts"] => list(world, call),
        ["artifacts", id] => {
            let mut all = world.runs.iter().flat_map(entries);
            let found = all.find(|entry| entry.id == *id).ok_or_else(|| missing("Failed to get an artifact", "Artifact", id))?;
            auth::may_use(world, &call.user, &found.namespace, "Failed to get an artifact")?;
            Ok(Answer::ok(found.json))
        }
        _ => Err(bare(5, "Not Found")),
    }
}

/// `/runs/{id}/tasks` and one of them.
pub(crate) fn tasks(world: &World, call: &Call<'_>, id: &str, task: Option<&str>) -> Outcome {
    let what = "Failed to list tasks";
    runs::allowed(world, call, id, what)?;
    let run = world.run_of(id).ok_or_else(|| missing(what, "Run", id))?;
    let all = tasks_of(run);
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    match task {
        Some(task) => {
            let found = all.iter().find(|known| known["task_id"] == task).ok_or_else(|| missing(what, "Task", task))?;
            Ok(Answer::ok(found.clone()))
        }
        None => Ok(Answer::ok(lean(vec![("tasks", json!(all)), ("total_size", json!(all.len()))]))),
    }
}

/// The id of a task of a run.
fn task_id(run: &Run, task: &str) -> String {
    uuid(&format!("{} {task}", run.id))
}

/// The artifacts that come of one output: each metric is one, anything else is one as a whole.
fn shown(artifact: &Artifact<'_>) -> Vec<Value> {
    let id = |part: &str| uuid(&format!("artifact {} {part}", artifact.id));
    let base = |part: &str, name: &str, kind: &str| {
        json!({
            "artifact_id": id(part), "name": name, "type": kind,
            "created_at": mlmd::made_at(artifact), "namespace": artifact.run.namespace,
        })
    };
    let output = artifact.output;
    let values = output.values.iter().filter(|(name, _)| name != "display_name" && name != "store_session_info");
    if output.kind == "system.Metrics" {
        return values
            .filter_map(|(name, value)| {
                let number = number(value)?;
                let mut one = base(name, name, "Metric");
                one["number_value"] = number;
                Some(one)
            })
            .collect();
    }
    let kind = match output.kind.trim_start_matches("system.") {
        "ClassificationMetrics" => "ClassificationMetric",
        "SlicedClassificationMetrics" => "SlicedClassificationMetric",
        known @ ("Model" | "Dataset" | "HTML" | "Markdown") => known,
        _ => "Artifact",
    };
    let mut one = base("", &output.key, kind);
    one["uri"] = json!(artifact.uri());
    let metadata: Map<String, Value> = values.cloned().collect();
    if !metadata.is_empty() {
        one["metadata"] = Value::Object(metadata);
    }
    vec![one]
}

/// A number as protocol buffers print it.
fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::Bool(flag) => Some(json!(f64::from(u8::from(*flag)))),
        Value::Object(_) => match value["double"].as_str()? {
            "NaN" => Some(json!("NaN")),
            "inf" => Some(json!("Infinity")),
            "-inf" => Some(json!("-Infinity")),
            _ => None,
        },
        _ => None,
    }
}

/// What a run made itself.
fn entries(run: &Run) -> Vec<Entry> {
    let made = mlmd::artifacts(run);
    let entry = |artifact: &Artifact<'_>, json: Value| {
        let id = json["artifact_id"].as_str().unwrap_or_default().to_owned();
        let task = task_id(run, artifact.task_name());
        Entry { artifact: id.clone(), id, run: run.id.clone(), task, namespace: run.namespace.clone(), created: run.created, json }
    };
    made.iter().flat_map(|artifact| shown(artifact).into_iter().map(|json| entry(artifact, json)).collect::<Vec<_>>()).collect()
}

/// `GET /artifacts`.
fn list(world: &World, call: &Call<'_>) -> Outcome {
    let what = "Failed to list artifacts";
    let namespace = call.query("namespace");
    if world.multi_user {
        runs::required(&namespace, what)?;
        auth::may_use(world, &call.user, &namespace, what)?;
    }
    let all: Vec<Entry> = world.runs.iter().flat_map(entries).filter(|entry| !world.multi_user || entry.namespace == namespace).collect();
    listed("artifacts", &all, call)
}

/// `GET /artifact_tasks`.
fn links(world: &World, call: &Call<'_>) -> Outcome {
    let what = "Failed to list artifact tasks";
    let ids = |name: &str| {
        let camel = super::message::camel(name);
        let given = call.request.parameters(name).into_iter().chain(call.request.parameters(&camel));
        given.filter(|id| !id.is_empty()).collect::<Vec<_>>()
    };
    let (runs, tasks, artifacts) = (ids("run_ids"), ids("task_ids"), ids("artifact_ids"));
    if runs.is_empty() && tasks.is_empty() && artifacts.is_empty() {
        return Err(invalid(what, "At least one of task_ids, run_ids, or artifact_ids is required"));
    }
    let mut all = Vec::new();
    for run in world.runs.iter().filter(|run| runs.is_empty() || runs.contains(&run.id)) {
        if !runs.is_empty() {
            auth::may_use(world, &call.user, &run.namespace, what)?;
        }
        all.extend(run.script.tasks.iter().enumerate().flat_map(|(index, task)| links_of(world, run, index, &task.name)));
    }
    all.retain(|link| (tasks.is_empty() || tasks.contains(&link.task)) && (artifacts.is_empty() || artifacts.contains(&link.artifact)));
    let kind = call.query("type");
    all.retain(|link| kind.is_empty() || kind == "UNSPECIFIED" || link.json["type"] == *kind);
    listed("artifact_tasks", &all, call)
}

/// The links of one task of a run to its artifacts.
fn links_of(world: &World, run: &Run, index: usize, name: &str) -> Vec<Entry> {
    let mut links = Vec::new();
    for artifact in mlmd::artifacts_of(world, run).iter().filter(|artifact| artifact.task_name() == name && run.has_outputs(index)) {
        for one in shown(artifact) {
            let made = one["artifact_id"].as_str().unwrap_or_default().to_owned();
            let (task, id) = (task_id(run, name), uuid(&format!("link {} {name} {made}", run.id)));
            let json = json!({
                "id": id, "artifact_id": made, "run_id": run.id, "task_id": task, "type": "OUTPUT",
                "producer": {"task_name": name}, "key": artifact.output.key,
            });
            links.push(Entry {
                id,
                run: run.id.clone(),
                task,
                artifact: made,
                namespace: run.namespace.clone(),
                created: run.created,
                json,
            });
        }
    }
    links
}

fn listed(name: &'static str, all: &[Entry], call: &Call<'_>) -> Outcome {
    let page = Listing::of::<Entry>(call)?.cut(all.iter());
    let rows: Vec<Value> = page.rows.iter().map(|row| row.json.clone()).collect();
    Ok(Answer::ok(lean(vec![(name, json!(rows)), ("total_size", json!(page.total)), ("next_page_token", json!(page.next))])))
}

/// The tasks of a run as this API tells them, the whole graph first.
pub(crate) fn tasks_of(run: &Run) -> Value {
    let begin = run.history.get(1).map_or(run.created, |(at, _)| *at);
    let root = task_id(run, "root");
    let state = |state: State| match state {
        State::Succeeded | State::Skipped | State::Failed => state.name(),
        State::Canceled => "FAILED",
        _ => "RUNNING",
    };
    let end = |over: bool| if over { time::text(if run.finished == 0 { begin + 1 } else { run.finished }) } else { time::text(0) };
    let begun = run.script.tasks.iter().enumerate().filter_map(|(index, task)| Some((index, task, run.task_state(index)?)));
    let begun: Vec<_> = begun.collect();
    let children: Vec<Value> = begun.iter().map(|(_, task, _)| json!({"task_id": task_id(run, &task.name), "name": task.name})).collect();
    let mut tasks = vec![lean(vec![
        ("name", json!("root")),
        ("task_id", json!(root)),
        ("run_id", json!(run.id)),
        ("create_time", json!(time::text(begin))),
        ("end_time", json!(end(run.state.is_final()))),
        ("state", json!(state(run.state))),
        ("type", json!("ROOT")),
        ("child_tasks", json!(children)),
        ("scope_path", json!("root")),
    ])];
    let made = mlmd::artifacts(run);
    for (index, task, now) in begun {
        let cached = !task.cached_from.is_empty();
        let outputs = task.outputs.iter().filter_map(|output| {
            let artifact = made.iter().find(|artifact| artifact.task == index && artifact.output.key == output.key)?;
            let producer = json!({"task_name": task.name});
            Some(json!({"artifacts": shown(artifact), "type": "OUTPUT", "artifact_key": output.key, "producer": producer}))
        });
        let outputs: Vec<Value> = outputs.collect();
        let message = run.failure().filter(|(name, _)| *name == task.name).map(|(_, message)| json!({"message": message}));
        tasks.push(lean(vec![
            ("name", json!(task.name)),
            ("display_name", json!(task.name)),
            ("task_id", json!(task_id(run, &task.name))),
            ("run_id", json!(run.id)),
            ("create_time", json!(time::text(begin))),
            ("end_time", json!(end(now.is_final()))),
            ("state", json!(if cached { "CACHED" } else { state(now) })),
            ("status_metadata", message.unwrap_or_default()),
            ("type", json!("RUNTIME")),
            ("parent_task_id", json!(root)),
            ("outputs", if outputs.is_empty() { Value::Null } else { json!({"artifacts": outputs}) }),
            ("scope_path", json!(format!("root.{}", task.name))),
        ]));
    }
    json!(tasks)
}
