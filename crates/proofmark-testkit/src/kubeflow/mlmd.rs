//! The metadata store over gRPC-web: which artifacts a run has, and which task made them.

use serde_json::Value;

use super::call::plain;
use super::proto::{Message, Part, content, json_struct, numbers, parts, string};
use super::rows::Run;
use super::spec::{Output, State, Task};
use super::world::{Version, World};
use super::{show, time};
use crate::base64;
use crate::github::answer::{Answer, Body};
use crate::http::{Request, encode};

const CONTEXT: &str = "system.PipelineRun";
/// What the store calls the types, from its number 10 on.
const TYPES: [&str; 9] = [
    CONTEXT,
    "system.Metrics",
    "system.ClassificationMetrics",
    "system.SlicedClassificationMetrics",
    "system.Model",
    "system.Dataset",
    "system.Artifact",
    "system.DAGExecution",
    "system.ContainerExecution",
];
const PAGE: i64 = 20;
const MOST: i64 = 100;

type Parts = [(u64, Part)];

/// The answer to a call of one of the store's methods.
pub(crate) fn handle(world: &World, request: &Request, method: &str) -> Answer {
    if world.version == Version::Artifacts {
        return plain(404, "text/html; charset=utf-8", &format!("<pre>Cannot POST {}</pre>\n", request.path));
    }
    let kind = request.header("content-type").unwrap_or_default();
    let text = kind.starts_with("application/grpc-web-text");
    if !kind.starts_with("application/grpc-web") {
        return plain(415, "text/plain", "invalid gRPC request content-type");
    }
    let body = if text { base64::decode(&String::from_utf8_lossy(&request.body)) } else { Some(request.body.clone()) };
    let message = body.as_deref().and_then(frame).and_then(parts);
    let Some(message) = message else {
        return trailers(13, "cannot read the request frame", text);
    };
    match reply(world, method, &message) {
        Ok(message) => framed(&message.into_bytes(), text),
        Err((code, words)) => trailers(code, &words, text),
    }
}

/// The message of the first frame.
fn frame(body: &[u8]) -> Option<&[u8]> {
    let (head, rest) = body.split_at_checked(5)?;
    let length = head.get(1..)?.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    rest.get(..length).filter(|_| head.first() == Some(&0))
}

/// A message, and the trailers that say that all is well.
fn framed(message: &[u8], text: bool) -> Answer {
    let trailer = b"grpc-status:0\r\ngrpc-message:\r\n";
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    let body = [&[0], length(message).as_slice(), message, &[0x80], length(trailer).as_slice(), trailer].concat();
    if text {
        return Answer::bytes("application/grpc-web-text+proto", base64::encode(&body).into_bytes());
    }
    Answer::bytes("application/grpc-web+proto", body)
}

/// An error: headers alone, and no body.
fn trailers(code: u16, words: &str, text: bool) -> Answer {
    let kind = if text { "application/grpc-web-text+proto" } else { "application/grpc-web+proto" };
    let answer = Answer { body: Body::Empty, ..Answer::ok(Value::Null) };
    answer.header("content-type", kind).header("grpc-status", code.to_string()).header("grpc-message", encode(words))
}

fn reply(world: &World, method: &str, message: &Parts) -> Result<Message, (u16, String)> {
    let all_artifacts = || world.runs.iter().flat_map(artifacts);
    let repeated = |field, rows: Vec<Message>| rows.iter().fold(Message::new(), |whole, row| whole.nested(field, row));
    Ok(match method {
        "GetContextByTypeAndName" => {
            let run = world.run_of(&string(message, 2)).filter(|run| string(message, 1) == CONTEXT && known(world, run));
            run.map_or_else(Message::new, |run| Message::new().nested(1, &context(run)))
        }
        "GetArtifactsByContext" => {
            let run = by_context(world, message);
            let rows = run.map(|run| artifacts_of(world, run)).unwrap_or_default();
            page(rows.iter().map(|artifact| (artifact.id, artifact.message())).collect(), message)?
        }
        "GetExecutionsByContext" => {
            let rows = by_context(world, message).map(executions).unwrap_or_default();
            page(rows, message)?
        }
        "GetEventsByExecutionIDs" => {
            let ids = numbers(message, 1);
            let events = world.runs.iter().flat_map(|run| events(world, run));
            repeated(1, events.filter(|event| ids.contains(&event.execution)).map(|event| event.message()).collect())
        }
        "GetEventsByArtifactIDs" => {
            let ids = numbers(message, 1);
            let events = world.runs.iter().flat_map(|run| events(world, run));
            repeated(1, events.filter(|event| ids.contains(&event.artifact)).map(|event| event.message()).collect())
        }
        "GetArtifactsByID" => {
            let ids = numbers(message, 1);
            repeated(1, all_artifacts().filter(|artifact| ids.contains(&artifact.id)).map(|artifact| artifact.message()).collect())
        }
        "GetExecutionsByID" => {
            let ids = numbers(message, 1);
            let rows = world.runs.iter().flat_map(executions).filter(|(id, _)| ids.contains(id));
            repeated(1, rows.map(|(_, execution)| execution).collect())
        }
        "GetArtifactTypes" => {
            repeated(1, TYPES.iter().skip(1).take(6).map(|name| Message::new().int(1, kind(name)).text(2, name)).collect())
        }
        _ => return Err((12, format!("unknown method {method}"))),
    })
}

/// The store knows a run once its first pod has begun.
fn known(world: &World, run: &Run) -> bool {
    run.state != State::Pending && run.history.len() > 1 && world.version == Version::Mlmd
}

fn by_context<'a>(world: &'a World, message: &Parts) -> Option<&'a Run> {
    let id = *numbers(message, 1).first()?;
    world.runs.iter().find(|run| run.serial == id).filter(|run| known(world, run))
}

fn kind(name: &str) -> i64 {
    let index = TYPES.iter().position(|known| *known == name).unwrap_or(6);
    i64::try_from(index).unwrap_or_default() + 10
}

fn milliseconds(run: &Run) -> i64 {
    run.history.get(1).map_or(run.created, |(at, _)| *at) * 1000
}

fn context(run: &Run) -> Message {
    let at = milliseconds(run);
    Message::new().int(1, run.serial).int(2, kind(CONTEXT)).text(3, &run.id).text(6, CONTEXT).int(7, at).int(8, at)
}

/// One page of rows, when the options of the request ask for pages.
fn page(mut rows: Vec<(i64, Message)>, message: &Parts) -> Result<Message, (u16, String)> {
    let options = content(message, 2).and_then(parts);
    let (mut size, mut after) = (usize::MAX, 0);
    if let Some(options) = options {
        let asked = numbers(&options, 1).last().copied().unwrap_or(PAGE);
        if asked <= 0 {
            return Err((3, format!("max_result_size field value is required to be greater than 0: {asked}")));
        }
        size = usize::try_from(asked.min(MOST)).unwrap_or_default();
        let token = string(&options, 3);
        if !token.is_empty() {
            let read = base64::decode(&token).and_then(|bytes| String::from_utf8(bytes).ok()?.strip_prefix("after ")?.parse().ok());
            after = read.ok_or((3, "Failed to decode the list operation token".to_owned()))?;
        }
    }
    rows.sort_by_key(|(id, _)| *id);
    rows.retain(|(id, _)| *id > after);
    let more = rows.len() > size;
    rows.truncate(size);
    let whole = rows.iter().fold(Message::new(), |whole, (_, row)| whole.nested(1, row));
    let last = rows.last().map(|(id, _)| *id).filter(|_| more);
    Ok(last.map_or(whole.clone(), |last| whole.text(2, &base64::encode(format!("after {last}").as_bytes()))))
}

/// An output of a run, with its number in the store.
#[derive(Debug)]
pub(crate) struct Artifact<'a> {
    pub(crate) id: i64,
    pub(crate) run: &'a Run,
    /// The task that made it.
    pub(crate) task: usize,
    pub(crate) output: &'a Output,
}

impl Artifact<'_> {
    pub(crate) fn task_name(&self) -> &str {
        self.run.script.tasks.get(self.task).map(|task| task.name.as_str()).unwrap_or_default()
    }

    pub(crate) fn uri(&self) -> String {
        if !self.output.uri.is_empty() {
            return self.output.uri.clone();
        }
        format!("minio://mlpipeline/v2/artifacts/{}/{}/{}", self.run.id, self.task_name(), self.output.key)
    }

    fn message(&self) -> Message {
        let at = milliseconds(self.run);
        let mut message = Message::new().int(1, self.id).int(2, kind(&self.output.kind)).text(3, &self.uri());
        let says = |name: &str| self.output.values.iter().any(|(known, _)| known == name);
        for (name, value) in &self.output.values {
            message = message.entry(5, name, &property(value));
        }
        // What a test did not give in an order of its own comes last.
        if !says("display_name") {
            message = message.entry(5, "display_name", &Message::new().text(3, &self.output.key));
        }
        if !says("store_session_info") {
            let session = r#"{"Provider":"minio","Params":{"fromEnv":"true"}}"#;
            message = message.entry(5, "store_session_info", &Message::new().text(3, session));
        }
        message.int(6, 2).text(8, &self.output.kind).int(9, at).int(10, at)
    }
}

/// A value of the store: all numbers are doubles, truth is a whole number, the rest is wrapped.
fn property(value: &Value) -> Message {
    match value {
        Value::Null => Message::new(),
        Value::Bool(flag) => Message::new().int(1, i64::from(*flag)),
        Value::Number(number) => Message::new().double(2, number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Message::new().text(3, text),
        Value::Array(_) => Message::new().nested(4, &json_struct(&serde_json::json!({"list": value}))),
        Value::Object(fields) => {
            match (fields.len(), fields.get("double").and_then(Value::as_str), fields.get("int").and_then(Value::as_i64)) {
                (1, Some(text), _) => Message::new().double(2, text.parse().unwrap_or(f64::NAN)),
                (1, _, Some(number)) => Message::new().int(1, number),
                _ => Message::new().nested(4, &json_struct(&serde_json::json!({"struct": value}))),
            }
        }
    }
}

/// What the run made itself.
pub(crate) fn artifacts(run: &Run) -> Vec<Artifact<'_>> {
    let mut id = run.first_artifact;
    let mut made = Vec::new();
    for (index, task) in run.script.tasks.iter().enumerate() {
        for output in &task.outputs {
            if run.has_outputs(index) && task.cached_from.is_empty() {
                made.push(Artifact { id, run, task: index, output });
            }
            id += 1;
        }
    }
    made
}

/// What the run has, with what it took over from others.
pub(crate) fn artifacts_of<'a>(world: &'a World, run: &'a Run) -> Vec<Artifact<'a>> {
    let mut all = artifacts(run);
    for (index, task) in run.script.tasks.iter().enumerate() {
        all.extend(reused(world, run, index, task));
    }
    all
}

/// What a cached task took over.
fn reused<'a>(world: &'a World, run: &Run, index: usize, task: &Task) -> Vec<Artifact<'a>> {
    let source = world.run_of(&task.cached_from).filter(|_| run.has_outputs(index));
    let found = source.map(artifacts).unwrap_or_default();
    found.into_iter().filter(|artifact| artifact.task_name() == task.name).collect()
}

/// The run's executions with their numbers, the whole graph first.
fn executions(run: &Run) -> Vec<(i64, Message)> {
    let at = milliseconds(run);
    let text = |text: &str| Message::new().text(3, text);
    let state = |state: State, cached: bool| match state {
        State::Succeeded | State::Skipped => {
            if cached {
                5
            } else {
                3
            }
        }
        State::Failed => 4,
        State::Canceled => 6,
        _ => 2,
    };
    let outputs = serde_json::json!(run.script.output_parameters);
    let root = Message::new().int(1, run.first_execution).int(2, kind("system.DAGExecution")).int(3, state(run.state, false));
    let root = root.entry(5, "display_name", &text("")).entry(5, "task_name", &text(""));
    let root = root.entry(5, "outputs", &Message::new().nested(4, &json_struct(&outputs)));
    let root = root.text(6, &format!("run/{}", run.id)).text(7, "system.DAGExecution").int(8, at).int(9, at);
    let mut all = vec![(run.first_execution, root)];
    for (index, task) in run.script.tasks.iter().enumerate() {
        let (Some(now), Ok(number)) = (run.task_state(index), i64::try_from(index)) else {
            continue;
        };
        let cached = !task.cached_from.is_empty();
        let id = run.first_execution + 1 + number;
        let mut message = Message::new().int(1, id).int(2, kind("system.ContainerExecution")).int(3, state(now, cached));
        message = message.entry(5, "display_name", &text(&task.name)).entry(5, "task_name", &text(&task.name));
        message = message.entry(5, "parent_dag_id", &Message::new().int(1, run.first_execution));
        if !cached {
            message = message.entry(5, "pod_name", &text(&format!("{}-{}", show::workflow(run), task.name)));
        }
        all.push((id, message.text(7, "system.ContainerExecution").int(8, at).int(9, at)));
    }
    all
}

/// That an execution gave an artifact.
#[derive(Debug)]
struct Event {
    artifact: i64,
    execution: i64,
    key: String,
    at: i64,
}

impl Event {
    fn message(&self) -> Message {
        let path = Message::new().nested(1, &Message::new().text(2, &self.key));
        Message::new().int(1, self.artifact).int(2, self.execution).nested(3, &path).int(4, 4).int(5, self.at)
    }
}

fn events(world: &World, run: &Run) -> Vec<Event> {
    let at = milliseconds(run);
    let mut all = Vec::new();
    for (index, task) in run.script.tasks.iter().enumerate() {
        let own = artifacts(run).into_iter().filter(|artifact| artifact.task == index);
        let execution = run.first_execution + 1 + i64::try_from(index).unwrap_or_default();
        for artifact in own.chain(reused(world, run, index, task)) {
            all.push(Event { artifact: artifact.id, execution, key: artifact.output.key.clone(), at });
        }
    }
    all
}

/// When an artifact was made.
pub(crate) fn made_at(artifact: &Artifact<'_>) -> String {
    time::text(milliseconds(artifact.run) / 1000)
}
