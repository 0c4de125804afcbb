//! Recorded requests get the recorded answers, but for what a server picks by its clock.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::CHURN;
use super::client::{Reply, send};
use crate::kubeflow::{FakeKubeflow, RunSpec, Script};

const EXPERIMENT: &str = "a14cd41a-6a52-4da2-a063-c0f845cb19a5";
const PIPELINE: &str = "739966ef-2af5-405d-b8b3-292bdbacf4f2";
const VERSION: &str = "898a866a-00fc-455a-8735-25849e5c513a";
const STOPPED: &str = "19532985-7dd2-412b-914c-72e4f891a1c8";

/// The recording's world, where run1 and pkg are there already, and thirty runs that wait.
fn world() -> FakeKubeflow {
    let fake = FakeKubeflow::start().with(|world| {
        world.pipeline("churn", CHURN);
        world.experiment("ci");
        world.experiments[0].id = EXPERIMENT.to_owned();
        world.pipelines[0].id = PIPELINE.to_owned();
        world.versions[0].id = VERSION.to_owned();
        world.versions[0].pipeline = PIPELINE.to_owned();
        let first = 1_767_225_605;
        let run1 = RunSpec::named("run1").created(first).script(Script::new().mlflow("42", "a1").metrics(
            "train",
            "metrics",
            &[("accuracy", 0.93)],
        ));
        world.run(
            EXPERIMENT,
            RunSpec { id: "ef25ee1f-997c-43aa-8d00-1ea69d560e5b".into(), version: VERSION.into(), ..run1 }.parameter("rows", 5),
        );
        let waiting = Script::new().polls(u32::MAX, 0);
        let pkg = RunSpec { id: "17f2b9c7-4e4e-45fb-976d-8a5396a9e71e".into(), live: true, ..RunSpec::named("pkg").created(first + 3) };
        world.run(EXPERIMENT, pkg.script(waiting.clone()).parameter("rows", 5));
        for number in 0..30_i64 {
            let spec = RunSpec::named(&format!("bulk-{number:02}")).created(first + 4 + number).script(waiting.clone());
            let id = if number == 1 { STOPPED.to_owned() } else { String::new() };
            world.run(EXPERIMENT, RunSpec { id, live: true, version: VERSION.into(), ..spec });
        }
    });
    fake.script(Script::new().polls(u32::MAX, 0));
    fake
}

fn ask(fake: &FakeKubeflow, exchange: &Value) -> Reply {
    let text = |name: &str| exchange[name].as_str().expect("a text");
    let kind = exchange["content_type"].as_str().unwrap_or("application/json");
    send(fake, text("method"), text("target"), &[("Content-Type", kind)], text("body").as_bytes()).expect("an answer")
}

fn names(list: &Value) -> Vec<&str> {
    list["runs"].as_array().map(|runs| runs.iter().filter_map(|run| run["display_name"].as_str()).collect()).unwrap_or_default()
}

#[test]
fn lists_and_errors_are_the_recorded_ones() {
    let fake = world();
    let recording: Value = serde_json::from_str(include_str!("data/kfp-run-lifecycle.json")).expect("JSON");
    let exchanges = recording["exchanges"].as_array().expect("a list");
    // 7 to 9: errors of creation; 14 to 19: filters and their errors.
    for index in [7, 8, 9, 14, 15, 16, 18, 19] {
        let (exchange, reply) = (&exchanges[index], ask(&fake, &exchanges[index]));
        let (got, wanted) = (reply.json(), &exchange["response"]);
        assert_eq!(json!(reply.status), exchange["status"], "{index}: {got}");
        // The recording has words of its own for these; ours are those of a real server.
        if ![7, 18, 19].contains(&index) {
            assert_eq!(got["details"][0], wanted["details"][0], "{index}");
        }
        assert_eq!(got["total_size"], wanted["total_size"], "{index}");
        let (got, wanted) = (names(&got), names(wanted));
        assert_eq!(got.get(..wanted.len()), Some(wanted.as_slice()), "{index}");
    }
}

#[test]
fn pages_go_on_as_recorded() {
    let fake = world();
    let recording: Value = serde_json::from_str(include_str!("data/kfp-run-lifecycle.json")).expect("JSON");
    let mut token = String::new();
    for index in 10..14 {
        let wanted = &recording["exchanges"][index]["response"];
        let target = format!(
            "/apis/v2beta1/runs?experiment_id={EXPERIMENT}&page_token={}&page_size=10&sort_by=created_at+desc",
            super::client::encode(&token)
        );
        let got = super::client::get(&fake, &target).json();
        assert_eq!(names(&got)[..2], names(wanted)[..2], "{index}");
        assert_eq!(
            (got.get("next_page_token").is_some(), &got["total_size"]),
            (wanted.get("next_page_token").is_some(), &wanted["total_size"])
        );
        got["next_page_token"].as_str().unwrap_or_default().clone_into(&mut token);
    }
}

#[test]
fn a_run_that_is_stopped_fails() {
    let fake = world();
    let recording: Value = serde_json::from_str(include_str!("data/kfp-run-lifecycle.json")).expect("JSON");
    for index in 20..25 {
        let exchange = &recording["exchanges"][index];
        let got = ask(&fake, exchange).json();
        for field in ["state", "display_name", "service_account", "storage_state", "pipeline_version_reference"] {
            assert_eq!(got[field], exchange["response"][field], "{index} {field}");
        }
        let states =
            |run: &Value| run["state_history"].as_array().map(|all| all.iter().map(|one| one["state"].clone()).collect::<Vec<_>>());
        assert_eq!(states(&got), states(&exchange["response"]), "{index}");
    }
}

#[test]
fn answers_have_the_recorded_fields() {
    let fake = world();
    let recording: Value = serde_json::from_str(include_str!("data/kfp-run-lifecycle.json")).expect("JSON");
    // A run before, while and after it is at work; version 1; what recurs.
    for index in [3, 6, 26, 31] {
        let exchange = &recording["exchanges"][index];
        let reply = ask(&fake, exchange);
        assert_eq!(json!(reply.status), exchange["status"], "{}", reply.text());
        let allowed = ["run_details", "plugins_output", "metrics", "service_account", "no_catchup", "namespace"];
        let keys = |value: &Value| {
            let fields = value.as_object().expect("an object").keys();
            fields.filter(|name| !allowed.contains(&name.as_str())).cloned().collect::<BTreeSet<_>>()
        };
        let (got, wanted) = (reply.json(), &exchange["response"]);
        assert_eq!(keys(&got), keys(wanted), "{index}");
        if index == 31 {
            assert_eq!(keys(&got["run"]), keys(&wanted["run"]));
        }
        if index == 6 {
            let task = |run: &Value| run["run_details"]["task_details"][1].as_object().expect("a task").clone();
            let (got, mut wanted) = (task(&got), task(wanted));
            wanted.remove("execution_id");
            assert!(wanted.keys().all(|name| got.contains_key(name)), "{got:?}");
            assert_eq!(reply.json()["plugins_output"]["mlflow"]["entries"]["root_run_id"], json!({"value": "a1"}));
        }
    }
}

#[test]
fn the_registry_answers_as_recorded() {
    let fake = FakeKubeflow::start().with(|world| world.registry.base = crate::kubeflow::Base::Both);
    let recording: Value = serde_json::from_str(include_str!("data/model-registry-client-exchanges.json")).expect("JSON");
    for exchange in recording["exchanges"].as_array().expect("a list") {
        let reply = ask(&fake, exchange);
        assert_eq!(json!(reply.status), exchange["status"], "{} {}", exchange["target"], reply.text());
        assert_eq!(reply.json(), exchange["response"], "{}", exchange["target"]);
    }
}

#[test]
fn services_become_ready_as_recorded() {
    let fake = FakeKubeflow::start();
    let recording: Value = serde_json::from_str(include_str!("data/kserve-exchanges.json")).expect("JSON");
    let exchanges = recording["exchanges"].as_array().expect("a list");
    for (index, exchange) in exchanges.iter().enumerate() {
        let reply = ask(&fake, exchange);
        assert_eq!(json!(reply.status), exchange["status"], "{index}: {}", reply.text());
        let (got, wanted) = (reply.json(), &exchange["response"]);
        assert_eq!(got["spec"], wanted["spec"], "{index}");
        assert_eq!(got["metadata"]["generation"], wanted["metadata"]["generation"], "{index}");
        if wanted["status"]["modelStatus"]["transitionStatus"] == "UpToDate"
            && got["status"]["observedGeneration"] == wanted["status"]["observedGeneration"]
        {
            let traffic = |object: &Value| object["status"]["components"]["predictor"]["traffic"].clone();
            let conditions = |object: &Value| {
                let pairs = object["status"]["conditions"].as_array().expect("a list").iter();
                pairs.map(|one| (one["type"].to_string(), one["status"].clone())).collect::<Map<_, _>>()
            };
            if got["status"]["modelStatus"]["transitionStatus"] == "UpToDate" {
                assert_eq!((traffic(&got), conditions(&got)), (traffic(wanted), conditions(wanted)), "{index}");
            }
        }
    }
    let last = fake.world().service_of("team-a", "churn").expect("it is there");
    assert_eq!(last["status"]["components"]["predictor"]["traffic"][0]["percent"], 10);
}
