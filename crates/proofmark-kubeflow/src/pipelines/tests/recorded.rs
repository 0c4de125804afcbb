//! Answers of a real metadata store, and what its writers do that the fake does not: loops, pipelines in pipelines, tries.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::canned::{Canned, GRPC, JSON, over};
use crate::Error;
use crate::pipelines::protobuf::Writer;
use crate::pipelines::{Metrics, Pipelines, Way};

const CONTEXT: &[u8] = include_bytes!("../../../tests/data/mlmd_GetContextByTypeAndName.grpcweb.bin");
const ARTIFACTS: &[u8] = include_bytes!("../../../tests/data/mlmd_GetArtifactsByContext.grpcweb.bin");
const RUN: &str = "77aa10c2-0000-4000-8000-0000000000c1";
const SERVICE: &str = "/ml_metadata.MetadataStoreService";

fn text(value: &str) -> Writer {
    Writer::default().bytes(3, value.as_bytes())
}

fn number(value: i64) -> Writer {
    Writer::default().number(1, value)
}

fn double(value: f64) -> Vec<u8> {
    [&[0x11][..], &value.to_bits().to_le_bytes()].concat()
}

fn property(field: u32, name: &str, value: &[u8], message: Writer) -> Writer {
    message.bytes(field, &Writer::default().bytes(1, name.as_bytes()).bytes(2, value).done())
}

/// An execution: its number, task, parent, turn, and state.
fn execution(id: i64, task: &str, parent: i64, turn: Option<i64>, state: i64) -> Writer {
    let mut message = Writer::default().number(1, id).number(3, state);
    message = property(5, "task_name", &text(task).done(), message);
    if parent > 0 {
        message = property(5, "parent_dag_id", &number(parent).done(), message);
    }
    match turn {
        Some(turn) => property(5, "iteration_index", &number(turn).done(), message),
        None => message,
    }
}

fn event(artifact: i64, execution: i64, kind: i64, output: &str) -> Writer {
    let path = Writer::default().bytes(1, &Writer::default().bytes(2, output.as_bytes()).done()).done();
    Writer::default().number(1, artifact).number(2, execution).bytes(3, &path).number(4, kind)
}

fn list(items: Vec<Writer>) -> Vec<u8> {
    items.into_iter().fold(Writer::default(), |list, item| list.bytes(1, &item.done())).done()
}

fn artifact(id: i64, kind: Option<&str>, value: f64) -> Writer {
    let message = property(5, "auc", &double(value), Writer::default().number(1, id).number(2, 11));
    match kind {
        Some(kind) => message.bytes(8, kind.as_bytes()),
        None => message,
    }
}

fn metrics(pipelines: &Pipelines) -> Metrics {
    pipelines.metrics(&over(RUN)).unwrap_or_else(|error| panic!("metrics: {error}"))
}

fn recorded() -> Canned {
    Canned::default().with(&format!("{SERVICE}/GetContextByTypeAndName"), GRPC, CONTEXT).with(
        &format!("{SERVICE}/GetArtifactsByContext"),
        GRPC,
        ARTIFACTS,
    )
}

#[test]
fn a_recorded_run_has_its_metrics() {
    let executions = list(vec![execution(1, "", 0, None, 2), execution(2, "train", 1, None, 3)]);
    let events = list(vec![event(1, 2, 4, "metrics"), event(2, 2, 4, "cm")]);
    let found = metrics(&recorded().store("GetExecutionsByContext", &executions).store("GetEventsByExecutionIDs", &events).serve());
    assert_eq!((found.way, &found.cached, &found.notes), (Way::Mlmd, &Vec::new(), &Vec::new()));
    let keys = found.keys();
    assert_eq!((keys["train.accuracy"].1, keys["train.auc"].1, keys["train.cm.accuracy"].1), (0.93, 0.97, 0.8));
    assert!((keys["train.cm.auc"].1 - 0.85).abs() < 1e-12);
}

#[test]
fn what_no_task_of_the_run_gave_is_told() {
    let executions = list(vec![execution(2, "train", 1, None, 3)]);
    let events = list(vec![event(1, 2, 3, "metrics"), event(2, 9, 4, "cm")]);
    let found = metrics(&recorded().store("GetExecutionsByContext", &executions).store("GetEventsByExecutionIDs", &events).serve());
    assert!(found.values.is_empty());
    assert_eq!(found.notes, ["2 artifacts with metrics are no output of a task of this run"]);
}

#[test]
fn loops_and_tries_and_types_by_their_numbers() {
    let executions = list(vec![
        execution(1, "", 0, None, 2).bytes(7, b"system.DAGExecution"),
        execution(2, "for-loop-1", 1, None, 3).bytes(7, b"system.DAGExecution"),
        execution(3, "for-loop-1", 2, Some(0), 3).bytes(7, b"system.DAGExecution"),
        execution(4, "for-loop-1", 2, Some(1), 3).bytes(7, b"system.DAGExecution"),
        execution(5, "score", 3, None, 3),
        execution(6, "score", 4, None, 3),
        execution(7, "train", 1, None, 4),
        execution(8, "train", 1, None, 3),
    ]);
    let artifacts = list(vec![
        artifact(1, None, 0.1),
        artifact(2, Some("system.Metrics"), 0.2),
        artifact(3, Some("system.Metrics"), 0.3),
        artifact(4, Some("system.Metrics"), 0.4),
    ]);
    let events = [(1, 5), (2, 6), (3, 8), (4, 7)].map(|(artifact, execution)| event(artifact, execution, 4, "metrics"));
    let types = list(vec![Writer::default().number(1, 11).bytes(2, b"system.Metrics")]);
    let server = Canned::default()
        .store("GetContextByTypeAndName", &list(vec![Writer::default().number(1, 1)]))
        .store("GetExecutionsByContext", &executions)
        .store("GetArtifactsByContext", &artifacts)
        .store("GetEventsByExecutionIDs", &list(events.into()))
        .store("GetArtifactTypesByID", &types);
    let found = metrics(&server.serve());
    let keys: Vec<(String, f64)> = found.keys().into_iter().map(|(key, (_, value))| (key, value)).collect();
    assert_eq!(keys, [("score[0].auc".to_owned(), 0.1), ("score[1].auc".to_owned(), 0.2), ("train.auc".to_owned(), 0.3)]);
}

#[test]
fn a_cached_task_without_events_of_its_own_gave_what_the_earlier_one_did() {
    let cached = |id: i64, turn: i64| {
        let message = execution(id, "train", 1, Some(turn), 5);
        property(5, "cached_execution_id", &text("900").done(), message)
    };
    let server = Canned::default()
        .store("GetContextByTypeAndName", &list(vec![Writer::default().number(1, 1)]))
        .store("GetExecutionsByContext", &list(vec![execution(1, "", 0, None, 3), cached(5, 0), cached(6, 1)]))
        .store("GetArtifactsByContext", &[])
        .store("GetEventsByExecutionIDs", &list(vec![event(7, 900, 4, "metrics")]))
        .store("GetArtifactsByID", &list(vec![artifact(7, Some("system.Metrics"), 0.7)]));
    let found = metrics(&server.serve());
    assert_eq!(found.cached, ["train"]);
    assert_eq!(found.keys().into_keys().collect::<Vec<_>>(), ["train[0].auc", "train[1].auc"]);
}

#[test]
fn a_list_of_the_store_without_an_end_is_damaged() {
    let page = Writer::default().bytes(1, &execution(1, "", 0, None, 3).done()).bytes(2, b"more").done();
    let server = Canned::default()
        .store("GetContextByTypeAndName", &list(vec![Writer::default().number(1, 1)]))
        .store("GetExecutionsByContext", &page);
    let error = server.serve().metrics(&over(RUN)).expect_err("no end");
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let cut = Canned::default().store("GetContextByTypeAndName", &[0x0a, 0xff]);
    assert!(matches!(cut.serve().metrics(&over(RUN)), Err(Error::Damaged { .. })));
}

fn old_run(metrics: &str, manifest: &str, spec: &str) -> String {
    let manifest = serde_json::Value::from(manifest);
    format!(
        r#"{{"run": {{"id": "{RUN}", "metrics": [{metrics}], "pipeline_spec": {spec}}}, "pipeline_runtime": {{"workflow_manifest": {manifest}}}}}"#
    )
}

#[test]
fn a_packed_file_of_version_1() {
    let manifest = r#"{"status": {"nodes": {
        "wf-1": {"displayName": "root"},
        "wf-2": {"displayName": "train(0)", "outputs": {"artifacts": [{"name": "main-logs"}, {"name": "mlpipeline-metrics"}]}},
        "wf-3": {"displayName": "gone", "outputs": {"artifacts": [{"name": "mlpipeline-metrics"}]}}}}}"#;
    let file = r#"{"metrics": [{"name": "accuracy-score", "numberValue": 0.9, "format": "PERCENTAGE"}]}"#;
    let read = format!(r#"{{"data": "{}"}}"#, STANDARD.encode(file));
    let path = |node: &str| format!("/apis/v1beta1/runs/{RUN}/nodes/{node}/artifacts/mlpipeline-metrics:read");
    let server = |read: &str| {
        let run = old_run("", manifest, "{}");
        Canned::default().with(&format!("/apis/v1beta1/runs/{RUN}"), JSON, run).with(&path("wf-2"), JSON, read).serve()
    };
    let found = metrics(&server(&read));
    assert_eq!((found.way, found.keys()["train.accuracy-score"].1, found.values.len()), (Way::V1, 0.9, 1));
    assert!(server(r#"{"data": "!"}"#).metrics(&over(RUN)).expect_err("no base64").to_string().contains("base64"));
    let damaged = server(r#"{"data": "AAAA"}"#).metrics(&over(RUN)).expect_err("no file");
    assert!(matches!(&damaged, Error::Damaged { what, .. } if what.contains("train")), "{damaged}");
}

#[test]
fn an_old_pipeline_without_metrics_has_none() {
    let run = |spec: &str| Canned::default().with(&format!("/apis/v1beta1/runs/{RUN}"), JSON, old_run("", "", spec)).serve();
    let found = metrics(&run(r#"{"workflow_manifest": "{}"}"#));
    assert!(found.values.is_empty() && found.way == Way::V1);
    assert!(matches!(run(r#"{"pipeline_manifest": "x"}"#).metrics(&over(RUN)), Err(Error::NoMetrics { .. })));
    let zero = Canned::default().with(
        &format!("/apis/v1beta1/runs/{RUN}"),
        JSON,
        old_run(r#"{"name": "loss", "node_id": "n"}, {"name": "odd", "node_id": "n", "number_value": "NaN"}"#, "", "{}"),
    );
    let found = metrics(&zero.serve());
    assert!(found.keys()["n.loss"].1 == 0.0 && found.keys()["n.odd"].1.is_nan());
}
