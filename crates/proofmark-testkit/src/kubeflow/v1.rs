//! What is still used of the API of version 1: a run with its metrics and its workflow, and the log of a node.

use serde_json::{Map, Value, json};

use super::call::{Call, bare, lean, missing, plain};
use super::rows::Run;
use super::spec::State;
use super::world::{Version, World};
use super::{auth, pipelines, runs, show, time};
use crate::github::answer::{Answer, Outcome};

/// Below `/apis/v1beta1` or `/apis/v1alpha1`.
pub(crate) fn handle(world: &mut World, call: &Call<'_>, parts: &[&str]) -> Outcome {
    let get = call.request.method == "GET";
    match parts {
        ["healthz"] if get => Ok(Answer::ok(pipelines::health(world))),
        ["runs", id] if get => run(world, call, id),
        ["runs", id, "nodes", node, "log"] if get => log(world, call, id, node),
        ["runs", _, "nodes", _, "artifacts", _] if get => Err(bare(5, "Not Found")),
        _ => Err(bare(5, "Not Found")),
    }
}

fn run(world: &mut World, call: &Call<'_>, id: &str) -> Outcome {
    let what = "Failed to get a run (v1beta1)";
    runs::allowed(world, call, id, what)?;
    runs::poll(world, id);
    let run = world.run_of(id).ok_or_else(|| missing(what, "Run", id))?;
    let owner = json!({"key": {"type": "EXPERIMENT", "id": run.experiment}, "relationship": "OWNER"});
    let fields = lean(vec![
        ("id", json!(run.id)),
        ("name", json!(run.name)),
        ("storage_state", json!(format!("STORAGESTATE_{}", super::rows::storage(run.archived)))),
        ("description", json!(run.description)),
        ("resource_references", json!([owner])),
        ("service_account", json!(run.service_account)),
        ("created_at", json!(time::text(run.created))),
        ("scheduled_at", json!(time::text(run.created))),
        ("finished_at", json!(time::text(run.finished))),
        ("status", json!(if run.state == State::Pending { "" } else { run.state.old_name() })),
        ("metrics", if world.version == Version::V1 { metrics(run) } else { Value::Null }),
    ]);
    Ok(Answer::ok(json!({"run": fields, "pipeline_runtime": {"workflow_manifest": manifest(run).to_string()}})))
}

/// At most 50, as the server takes no more.
fn metrics(run: &Run) -> Value {
    let node = |task: &str| format!("{}-{task}", show::workflow(run));
    let mut metrics: Vec<Value> = Vec::new();
    for (name, value, format) in run.script.old_metrics.iter().filter(|_| run.state == State::Succeeded) {
        metrics.push(json!({"name": name, "node_id": node("root"), "number_value": value, "format": format}));
    }
    if run.script.old_metrics.is_empty() {
        for (_, task) in run.script.tasks.iter().enumerate().filter(|(index, _)| run.has_outputs(*index)) {
            for (name, value) in task.outputs.iter().filter(|output| output.kind == "system.Metrics").flat_map(|output| &output.values) {
                if let Some(value) = value.as_f64().filter(|_| is_name(name)) {
                    metrics.push(json!({"name": name, "node_id": node(&task.name), "number_value": value, "format": "RAW"}));
                }
            }
        }
    }
    metrics.truncate(50);
    json!(metrics)
}

/// What names of metrics may be.
fn is_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.len() <= 64
        && name.bytes().all(inner)
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.ends_with(|letter: char| letter.is_ascii_alphanumeric())
}

/// The workflow as Argo keeps it, as far as anybody looks at it.
fn manifest(run: &Run) -> Value {
    let workflow = show::workflow(run);
    let metadata = json!({"name": workflow, "labels": {"pipeline/runid": run.id}});
    if run.state == State::Pending {
        return json!({"metadata": metadata, "status": {}});
    }
    let mut nodes = Map::new();
    for node in show::nodes(run) {
        let id = format!("{workflow}-{}", node.name);
        let kind = if node.name == "root" { "DAG" } else { "Pod" };
        let mut shown = json!({"id": id, "displayName": node.name, "type": kind, "phase": phase(node.state)});
        if !node.message.is_empty() {
            shown["message"] = json!(node.message);
        }
        nodes.insert(id, shown);
    }
    let mut status = json!({"phase": phase(run.state), "nodes": nodes});
    if let Some((task, _)) = run.failure() {
        status["message"] = json!(format!("child '{workflow}-{task}' failed"));
    } else if run.state == State::Failed {
        status["message"] = json!("Stopped with strategy 'Terminate'");
    }
    json!({"metadata": metadata, "status": status})
}

fn phase(state: State) -> &'static str {
    match state {
        State::Canceling => "Running",
        State::Canceled => "Failed",
        other => other.old_name(),
    }
}

/// Always 200: what goes wrong is JSON inside of the text.
fn log(world: &World, call: &Call<'_>, id: &str, node: &str) -> Outcome {
    let kind = "text/plain; charset=utf-8";
    let wrong = |message: &str| Ok(plain(200, kind, &json!({"error_message": message, "error_details": message}).to_string()));
    let Some(run) = world.run_of(id) else {
        return wrong(&format!("Run {id} not found."));
    };
    if auth::may_use(world, &call.user, &run.namespace, "").is_err() {
        return wrong("User is not authorized");
    }
    let task = run.script.tasks.iter().find(|task| task.name == node || format!("{}-{}", show::workflow(run), task.name) == node);
    match task {
        Some(task) => Ok(plain(200, kind, &task.log)),
        None => wrong(&format!("pods \"{node}\" not found")),
    }
}
