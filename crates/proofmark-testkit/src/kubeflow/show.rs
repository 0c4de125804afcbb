//! Resources of the API of version 2 as JSON.

use serde_json::{Value, json};

use super::call::lean;
use super::rows::{Experiment, Pipeline, PipelineVersion, Recurring, Run, storage};
use super::spec::{Plugin, State};
use super::time;
use super::world::{Version, uuid};

/// A time that may still be to come: then it is the beginning of all times.
fn moment(seconds: i64) -> Value {
    json!(time::text(seconds))
}

pub(crate) fn experiment(experiment: &Experiment, version: Version) -> Value {
    let never = experiment.last_run == 0 && version == Version::V1;
    lean(vec![
        ("experiment_id", json!(experiment.id)),
        ("display_name", json!(experiment.name)),
        ("description", json!(experiment.description)),
        ("created_at", moment(experiment.created)),
        ("namespace", json!(experiment.namespace)),
        ("storage_state", json!(storage(experiment.archived))),
        ("last_run_created_at", if never { Value::Null } else { moment(experiment.last_run) }),
    ])
}

/// A pipeline; old servers tell one name only.
pub(crate) fn pipeline(pipeline: &Pipeline, old: bool) -> Value {
    let tags = if pipeline.tags.is_empty() { Value::Null } else { Value::Object(pipeline.tags.clone()) };
    lean(vec![
        ("pipeline_id", json!(pipeline.id)),
        ("display_name", json!(pipeline.display_name)),
        ("name", if old { Value::Null } else { json!(pipeline.name) }),
        ("description", json!(pipeline.description)),
        ("created_at", moment(pipeline.created)),
        ("namespace", json!(pipeline.namespace)),
        ("tags", tags),
    ])
}

/// A version of a pipeline; old servers tell one name only.
pub(crate) fn version(version: &PipelineVersion, old: bool) -> Value {
    let tags = if version.tags.is_empty() { Value::Null } else { Value::Object(version.tags.clone()) };
    lean(vec![
        ("pipeline_id", json!(version.pipeline)),
        ("pipeline_version_id", json!(version.id)),
        ("display_name", json!(version.display_name)),
        ("name", if old { Value::Null } else { json!(version.name) }),
        ("description", json!(version.description)),
        ("created_at", moment(version.created)),
        ("code_source_url", json!(version.source)),
        ("pipeline_spec", version.spec.clone()),
        ("tags", tags),
    ])
}

pub(crate) fn recurring(recurring: &Recurring) -> Value {
    let mut fields = recurring.fields.clone();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("recurring_run_id", json!(recurring.id));
    put("created_at", moment(recurring.created));
    put("updated_at", moment(recurring.updated));
    put("status", json!(if recurring.enabled { "ENABLED" } else { "DISABLED" }));
    put("namespace", json!(if recurring.namespace.is_empty() { "kubeflow" } else { &recurring.namespace }));
    fields.entry("service_account").or_insert_with(|| json!("pipeline-runner"));
    for name in ["max_concurrency"] {
        if let Some(number) = fields.get(name).and_then(Value::as_i64) {
            fields.insert(name.to_owned(), json!(number.to_string()));
        }
    }
    if let Some(seconds) = fields.get("trigger").and_then(|trigger| trigger["periodic_schedule"]["interval_second"].as_i64()) {
        fields["trigger"]["periodic_schedule"]["interval_second"] = json!(seconds.to_string());
    }
    let fields: Vec<(&str, Value)> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    lean(fields)
}

/// A run; `full` with what each task did, where the version tells it.
pub(crate) fn run(run: &Run, version: Version, full: bool) -> Value {
    let reference = lean(vec![("pipeline_id", json!(run.pipeline)), ("pipeline_version_id", json!(run.version))]);
    let history: Vec<Value> = run.history.iter().map(|(at, state)| status(*at, *state)).collect();
    let begun = run.history.len() > 1 && run.state != State::Pending;
    let plugins = run.script.mlflow.as_ref().filter(|_| version != Version::V1).map(|plugin| json!({"mlflow": mlflow(plugin, run.state)}));
    let mut fields = vec![
        ("experiment_id", json!(run.experiment)),
        ("run_id", json!(run.id)),
        ("display_name", json!(run.name)),
        ("storage_state", json!(storage(run.archived))),
        ("description", json!(run.description)),
        ("pipeline_version_reference", if run.pipeline.is_empty() { Value::Null } else { reference }),
        ("pipeline_spec", run.spec.clone()),
        ("runtime_config", run.runtime.clone().map_or(Value::Null, Value::Object)),
        ("service_account", json!(run.service_account)),
        ("created_at", moment(run.created)),
        ("scheduled_at", moment(run.created)),
        ("finished_at", moment(run.finished)),
        ("state", json!(run.state.name())),
        ("recurring_run_id", json!(run.recurring)),
        ("state_history", json!(history)),
        ("plugins_input", run.plugins_input.clone().unwrap_or_default()),
        ("plugins_output", plugins.unwrap_or_default()),
    ];
    if version != Version::Artifacts {
        fields.push(("run_details", if begun { json!({"task_details": details(run)}) } else { Value::Null }));
    } else {
        fields.retain(|(name, _)| !name.starts_with("plugins_"));
        fields.push(("task_count", json!(if begun { run.script.tasks.len() + 1 } else { 0 })));
        fields.push(("tasks", if full && begun { super::artifacts::tasks_of(run) } else { Value::Null }));
    }
    lean(fields)
}

fn status(at: i64, state: State) -> Value {
    json!({"update_time": time::text(at), "state": state.name()})
}

fn mlflow(plugin: &Plugin, state: State) -> Value {
    let usual = match state {
        State::Succeeded => "PLUGIN_SUCCEEDED",
        State::Failed | State::Canceled | State::Skipped => "PLUGIN_FAILED",
        _ => "PLUGIN_RUNNING",
    };
    let state = if plugin.state.is_empty() { usual } else { &plugin.state };
    let text = |value: &str| json!({"value": value});
    json!({
        "entries": {
            "experiment_id": text(&plugin.experiment_id),
            "experiment_name": text(&plugin.experiment_name),
            "root_run_id": text(&plugin.root_run_id),
            "run_url": {"value": plugin.run_url, "render_type": "URL"},
        },
        "state": state,
    })
}

/// One node of the workflow: its name there, whose driver or executor it is, and how it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) state: State,
    pub(crate) message: String,
}

/// The name that Argo knows the run by.
pub(crate) fn workflow(run: &Run) -> String {
    format!("wf-{}", run.id.get(..5).unwrap_or(&run.id))
}

/// All nodes that have begun, the root first.
pub(crate) fn nodes(run: &Run) -> Vec<Node> {
    let plain = |name: String, state| Node { name, state, message: String::new() };
    let root = if run.state == State::Canceling { State::Running } else { run.state };
    let mut nodes = vec![plain("root".to_owned(), root)];
    let driver = if run.state == State::Running && run.script.tasks.is_empty() { State::Running } else { State::Succeeded };
    nodes.push(plain("root-driver".to_owned(), driver));
    for (index, task) in run.script.tasks.iter().enumerate() {
        let Some(state) = run.task_state(index) else {
            continue;
        };
        nodes.push(plain(format!("{}-driver", task.name), State::Succeeded));
        let message = match run.failure() {
            Some((name, message)) if name == task.name => message.to_owned(),
            _ => String::new(),
        };
        nodes.push(Node { name: task.name.clone(), state, message });
    }
    nodes
}

/// The tasks as versions up to 2.17 tell them: without errors, pods and outputs.
fn details(run: &Run) -> Value {
    let (nodes, workflow) = (nodes(run), workflow(run));
    let begin = run.history.get(1).map_or(run.created, |(at, _)| *at);
    let id = |name: &str| uuid(&format!("{} {name}", run.id));
    let children: Vec<Value> = nodes.iter().skip(1).map(|node| json!({"pod_name": format!("{workflow}-{}", node.name)})).collect();
    let detail = |(index, node): (usize, &Node)| {
        let end = if node.state.is_final() { if run.finished == 0 { begin + 1 } else { run.finished } } else { 0 };
        let mut history = vec![status(begin, State::Running)];
        if node.state.is_final() {
            history.push(status(end, node.state));
        }
        let root = index == 0;
        lean(vec![
            ("run_id", json!(run.id)),
            ("task_id", json!(id(&node.name))),
            ("display_name", json!(node.name)),
            ("create_time", moment(begin)),
            ("start_time", moment(begin)),
            ("end_time", moment(end)),
            ("state", json!(node.state.name())),
            ("state_history", json!(history)),
            ("parent_task_id", if root { Value::Null } else { json!(id("root")) }),
            ("child_tasks", if root { json!(children) } else { Value::Null }),
        ])
    };
    nodes.iter().enumerate().map(detail).collect()
}
