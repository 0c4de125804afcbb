//! The metadata store, byte by byte and method by method.

use serde_json::{Value, json};

use super::client::{Reply, send};
use crate::base64;
use crate::kubeflow::proto::{Message, numbers, parts, string};
use crate::kubeflow::{FakeKubeflow, Output, RunSpec, Script, Task, Version};

const RUN: &str = "77aa10c2-0000-4000-8000-0000000000c1";
const CONTEXT: &[u8] = include_bytes!("data/mlmd_GetContextByTypeAndName.grpcweb.bin");
const ARTIFACTS: &[u8] = include_bytes!("data/mlmd_GetArtifactsByContext.grpcweb.bin");

fn call(fake: &FakeKubeflow, method: &str, message: Message) -> Reply {
    let message = message.into_bytes();
    let length = u32::try_from(message.len()).expect("it is short").to_be_bytes();
    let body = [&[0], length.as_slice(), &message].concat();
    let target = format!("/ml_metadata.MetadataStoreService/{method}");
    send(fake, "POST", &target, &[("Content-Type", "application/grpc-web+proto")], &body).expect("an answer")
}

/// The repeated messages of the first field, and the page token.
fn rows(reply: &Reply) -> (Vec<Vec<u8>>, String) {
    let length = usize::try_from(u32::from_be_bytes(reply.body[1..5].try_into().expect("four bytes"))).expect("it fits");
    let fields = parts(&reply.body[5..5 + length]).expect("it is sound");
    let rows = fields.iter().filter_map(|(field, part)| match part {
        crate::kubeflow::proto::Part::Bytes(bytes) if *field == 1 => Some(bytes.clone()),
        _ => None,
    });
    (rows.collect(), string(&fields, 2))
}

fn id(row: &[u8]) -> i64 {
    numbers(&parts(row).expect("it is sound"), 1)[0]
}

/// The run whose messages the real store was asked for, with its values in the order of the real answer.
fn real() -> FakeKubeflow {
    let real: Value = serde_json::from_str(include_str!("data/mlmd_real.json")).expect("JSON");
    let artifacts = &real["GetArtifactsByContextResponse"]["artifacts"];
    let output = |index: usize, key: &str, order: &[&str]| {
        let artifact = &artifacts[index];
        let value = |name: &str| {
            let value = &artifact["custom_properties"][name];
            let inner = value["struct_value"].as_object().and_then(|fields| fields.values().next());
            inner.or_else(|| value.as_object()?.values().next()).expect("a value").clone()
        };
        let values = order.iter().map(|name| ((*name).to_owned(), value(name))).collect();
        let text = |name: &str| artifact[name].as_str().expect("a text").to_owned();
        Output { key: key.to_owned(), kind: text("type"), values, uri: text("uri") }
    };
    let metrics = output(0, "metrics", &["auc", "store_session_info", "accuracy", "display_name"]);
    let matrix = output(1, "cm", &["confidenceMetrics", "store_session_info", "display_name", "confusionMatrix"]);
    FakeKubeflow::start().with(|world| {
        let ci = world.experiment("ci");
        let script = Script::new().task(Task::new("train").output(metrics).output(matrix));
        world.run(&ci, RunSpec { id: RUN.into(), ..RunSpec::named("churn").script(script) });
    })
}

/// The bytes with the times of the real store, which counts milliseconds, taken out.
fn timeless(bytes: &[u8]) -> Vec<u8> {
    // Six bytes for each time, and the key before them.
    let time = |window: &[u8]| window.len() == 6 && window[..5].iter().all(|byte| byte & 0x80 != 0) && window[5] == b'4';
    let mut kept = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_time = bytes.get(at..at + 6).is_some_and(time);
        kept.extend(if is_time { &b"time"[..] } else { &bytes[at..=at] });
        at += if is_time { 6 } else { 1 };
    }
    kept
}

#[test]
fn the_context_is_the_real_one_byte_by_byte() {
    let fake = real();
    let asked = Message::new().text(1, "system.PipelineRun").text(2, RUN);
    // The request of the recording is the same as well.
    let recorded: Value = serde_json::from_str(include_str!("data/mlmd_real.json")).expect("JSON");
    let frame = base64::decode(recorded["request_frames_base64"]["GetContextByTypeAndName"].as_str().expect("a text")).expect("base64");
    assert_eq!(frame[5..], asked.clone().into_bytes());
    let reply = call(&fake, "GetContextByTypeAndName", asked);
    assert_eq!(reply.header("content-type"), Some("application/grpc-web+proto"));
    let ours = retimed(&reply.body, 1_795_413_550_416);
    assert_eq!(ours, CONTEXT);
}

/// Our times, which are all the same in one message, replaced by the real one.
fn retimed(bytes: &[u8], time: i64) -> Vec<u8> {
    let ours = Message::new().int(1, 1_767_225_661_000).into_bytes()[1..].to_vec();
    let real = Message::new().int(1, time).into_bytes()[1..].to_vec();
    assert_eq!(ours.len(), real.len());
    let mut bytes = bytes.to_vec();
    while let Some(at) = bytes.windows(ours.len()).position(|window| window == ours) {
        bytes[at..at + real.len()].copy_from_slice(&real);
    }
    bytes
}

#[test]
fn the_artifacts_are_the_real_ones() {
    let reply = call(&real(), "GetArtifactsByContext", Message::new().int(1, 1));
    // The real store does not sort what is nested; everything else stands in the same place.
    let first = 0x101;
    assert_eq!(retimed(&reply.body[..first], 1_795_413_550_435), ARTIFACTS[..first]);
    assert_eq!(reply.body.len(), ARTIFACTS.len());
    let sorted = |bytes: &[u8]| {
        let mut bytes = timeless(bytes);
        bytes.sort_unstable();
        bytes
    };
    assert_eq!(sorted(&retimed(&reply.body, 1_795_413_550_435)), sorted(ARTIFACTS));
    assert_eq!(reply.body[reply.body.len() - 35..], ARTIFACTS[ARTIFACTS.len() - 35..]);
}

#[test]
fn text_framing_and_what_is_not_there() {
    let fake = real();
    let body = base64::encode(&[0, 0, 0, 0, 2, 8, 1]);
    let target = "/pipeline/ml_metadata.MetadataStoreService/GetArtifactsByContext";
    let reply = send(&fake, "POST", target, &[("Content-Type", "application/grpc-web-text")], body.as_bytes()).expect("an answer");
    assert_eq!(reply.header("content-type"), Some("application/grpc-web-text+proto"));
    let plain = call(&fake, "GetArtifactsByContext", Message::new().int(1, 1));
    assert_eq!(base64::decode(&reply.text()), Some(plain.body));
    let nobody = call(&fake, "GetContextByTypeAndName", Message::new().text(1, "system.PipelineRun").text(2, "nobody"));
    assert_eq!(nobody.body[..10], [0, 0, 0, 0, 0, 0x80, 0, 0, 0, 30]);
    let unknown = call(&fake, "GetEverything", Message::new());
    assert_eq!((unknown.status, unknown.header("grpc-status"), unknown.body.len()), (200, Some("12"), 0));
    fake.world().version = Version::Artifacts;
    assert_eq!(call(&fake, "GetContextByTypeAndName", Message::new()).status, 404);
}

#[test]
fn cached_tasks_keep_the_artifacts_of_the_run_before() {
    let fake = FakeKubeflow::start();
    let ci = fake.experiment("ci");
    let first = fake.run(&ci, RunSpec::named("first").metrics("train", "metrics", &[("accuracy", 0.9)]));
    let again = Script::new().task(Task::new("train").cached_from(&first)).metrics("test", "metrics", &[("auc", 0.8)]);
    fake.run(&ci, RunSpec::named("again").script(again));
    let (artifacts, _) = rows(&call(&fake, "GetArtifactsByContext", Message::new().int(1, 2)));
    assert_eq!(artifacts.iter().map(|row| id(row)).collect::<Vec<_>>(), [1, 2]);
    let (executions, _) = rows(&call(&fake, "GetExecutionsByContext", Message::new().int(1, 2)));
    let states: Vec<_> = executions.iter().map(|row| numbers(&parts(row).expect("it is sound"), 3)[0]).collect();
    assert_eq!(states, [3, 5, 3], "the whole graph, a cached task, and one that ran");
    let ids = executions.iter().fold(Message::new(), |message, row| message.int(1, id(row)));
    let (events, _) = rows(&call(&fake, "GetEventsByExecutionIDs", ids));
    let pairs: Vec<_> = events
        .iter()
        .map(|row| parts(row).expect("it is sound"))
        .map(|event| (numbers(&event, 1)[0], numbers(&event, 2)[0], numbers(&event, 4)[0]))
        .collect();
    assert_eq!(pairs, [(1, 4, 4), (2, 5, 4)]);
}

#[test]
fn pages_follow_one_another() {
    let fake = FakeKubeflow::start();
    let ci = fake.experiment("ci");
    let many = (0..45).fold(Script::new(), |script, number| script.metrics(&format!("t{number}"), "metrics", &[("a", f64::NAN)]));
    fake.run(&ci, RunSpec::named("many").script(many));
    let ask = |options: Message| rows(&call(&fake, "GetArtifactsByContext", Message::new().int(1, 1).nested(2, &options)));
    let (first, token) = ask(Message::new().int(1, 20));
    let (second, token) = ask(Message::new().int(1, 20).text(3, &token));
    let (third, last) = ask(Message::new().int(1, 20).text(3, &token));
    assert_eq!((first.len(), second.len(), third.len(), last.as_str()), (20, 20, 5, ""));
    assert_eq!(id(&third[4]), 45);
    assert_eq!(
        call(&fake, "GetArtifactsByContext", Message::new().int(1, 1).nested(2, &Message::new().int(1, 0))).header("grpc-status"),
        Some("3")
    );
    assert_eq!(rows(&call(&fake, "GetArtifactsByContext", Message::new().int(1, 1))).0.len(), 45);
    assert_eq!(json!(rows(&call(&fake, "GetArtifactsByContext", Message::new().int(1, 99))).0.len()), json!(0));
}
