//! Runs from creation to their end, in every version.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::CHURN;
use super::client::{encode, get, post, send};
use crate::kubeflow::{End, FakeKubeflow, RunSpec, Script, State, Task, Version};

const RUNS: &str = "/apis/v2beta1/runs";

fn create(fake: &FakeKubeflow, body: &Value) -> Value {
    let reply = post(fake, RUNS, body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn states(fake: &FakeKubeflow, id: &str, polls: usize) -> Vec<String> {
    (0..polls).map(|_| get(fake, &format!("{RUNS}/{id}")).json()["state"].as_str().expect("a state").to_owned()).collect()
}

#[test]
fn a_run_plays_its_script_and_tells_its_tasks() {
    let fake = FakeKubeflow::start();
    let (pipeline, version) = fake.pipeline("churn", CHURN);
    fake.script(Script::new().polls(1, 2).fails("train", "OOMKilled (exit code 137)"));
    let reference = json!({"pipeline_id": pipeline, "pipeline_version_id": version});
    let made = create(
        &fake,
        &json!({"display_name": "r", "pipeline_version_reference": reference, "runtime_config": {"parameters": {"rows": 5}}}),
    );
    let id = made["run_id"].as_str().expect("an id");
    assert_eq!((&made["state"], &made["finished_at"]), (&json!("PENDING"), &json!("1970-01-01T00:00:00Z")));
    assert_eq!(states(&fake, id, 5), ["PENDING", "RUNNING", "RUNNING", "FAILED", "FAILED"]);
    let run = get(&fake, &format!("/pipeline{RUNS}/{id}")).json();
    let tasks: Vec<_> = run["run_details"]["task_details"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|task| (task["display_name"].as_str(), task["state"].as_str()))
        .collect();
    let (ok, failed) = (Some("SUCCEEDED"), Some("FAILED"));
    assert_eq!(tasks[..3], [(Some("root"), failed), (Some("root-driver"), ok), (Some("prepare-driver"), ok)]);
    assert_eq!(tasks[3..], [(Some("prepare"), ok), (Some("train-driver"), ok), (Some("train"), failed)]);
    let old = get(&fake, &format!("/apis/v1beta1/runs/{id}")).json();
    let manifest: Value = serde_json::from_str(old["pipeline_runtime"]["workflow_manifest"].as_str().expect("a text")).expect("JSON");
    let broken =
        manifest["status"]["nodes"].as_object().expect("nodes").values().find(|node| node.get("message").is_some()).expect("one failed");
    assert_eq!((&broken["phase"], &broken["message"]), (&json!("Failed"), &json!("OOMKilled (exit code 137)")));
    assert_eq!(get(&fake, &format!("/apis/v1beta1/runs/{id}/nodes/nobody/log")).status, 200);
    assert_eq!(send(&fake, "POST", &format!("{RUNS}/{id}:retry"), &[], b"").expect("an answer").json(), json!({}));
    assert_eq!(states(&fake, id, 4), ["PENDING", "RUNNING", "RUNNING", "SUCCEEDED"]);
    assert_eq!(post(&fake, &format!("{RUNS}/{id}:retry"), &json!({})).status, 409);
    assert_eq!(post(&fake, &format!("{RUNS}/{id}:terminate"), &json!({})).status, 400);
}

#[test]
fn creation_checks_what_it_is_given() {
    let fake = FakeKubeflow::start();
    let spec = crate::kubeflow::yaml::read_pipeline(CHURN).expect("it is sound");
    let status = |body: Value| post(&fake, RUNS, &body).status;
    let with = |parameters: Value| json!({"display_name": "r", "pipeline_spec": spec, "runtime_config": {"parameters": parameters}});
    assert_eq!([status(with(json!({"rows": 1}))), status(with(json!({"rows": "1"}))), status(with(json!({"nope": 1})))], [200, 400, 400]);
    assert_eq!(status(json!({"display_name": "r", "pipeline_spec": {"pipeline_spec": spec, "platform_spec": {}}})), 200);
    assert_eq!([status(json!({"pipeline_spec": spec})), status(json!({"display_name": "r"}))], [500, 500]);
    assert_eq!(status(json!({"display_name": "r", "pipeline_spec": spec, "plugins_output": {}})), 409);
    assert_eq!(status(json!({"display_name": "r", "pipeline_spec": spec, "bogus": 1})), 400);
    assert_eq!(status(json!({"displayName": "r", "pipelineSpec": spec, "experimentId": "nope"})), 404);
}

#[test]
fn tokens_are_bound_to_order_and_filter() {
    let fake = FakeKubeflow::start();
    let ci = fake.experiment("ci");
    (0..5).for_each(|number| drop(fake.run(&ci, RunSpec::named(&format!("r{number}")))));
    let page = |query: &str| get(&fake, &format!("{RUNS}?page_size=2{query}"));
    let token = page("&sort_by=created_at%20desc").json()["next_page_token"].as_str().expect("there is more").to_owned();
    let names = |query: &str| {
        let answer = page(&format!("&page_token={}{query}", encode(&token)));
        let runs = answer.json()["runs"].as_array().map(|runs| runs.iter().map(|run| run["display_name"].to_string()).collect::<Vec<_>>());
        (answer.status, runs.unwrap_or_default())
    };
    let right = (200, vec!["\"r2\"".to_owned(), "\"r1\"".to_owned()]);
    assert_eq!((names(""), names("&sort_by=created_at+desc")), (right.clone(), right));
    assert_eq!(names("&sort_by=created_at").0, 400);
    assert_eq!(names(&format!("&filter={}", encode(r#"{"predicates":[{"operation":1,"key":"state","stringValue":"FAILED"}]}"#))).0, 400);
    let wrong = ["&page_size=-1", "&sort_by=a+b+c", "&sort_by=nope", "&page_token=zz", "&page_size=x"];
    assert_eq!(wrong.map(|query| get(&fake, &format!("{RUNS}?{query}")).status), [400; 5]);
    assert_eq!(get(&fake, &format!("{RUNS}?sort_by=created_at&filter={}", encode("{}"))).json()["total_size"], 5);
}

#[test]
fn ten_thousand_runs_are_listed_quickly() {
    let fake = FakeKubeflow::start();
    let ci = fake.experiment("ci");
    {
        let mut world = fake.world();
        (0..10_000)
            .for_each(|number| drop(world.run(&ci, RunSpec::named(&format!("r{number}")).metrics("train", "metrics", &[("a", 0.5)]))));
    }
    let start = Instant::now();
    let page = get(&fake, &format!("{RUNS}?page_size=500&sort_by=created_at%20desc"));
    let took = start.elapsed();
    assert_eq!(page.json()["runs"].as_array().map(Vec::len), Some(200));
    // About a tenth of it where nothing else runs and with optimisation.
    assert!(took < Duration::from_millis(1500), "{took:?}");
}

#[test]
fn versions_tell_metrics_in_different_places() {
    for (version, old, new) in [(Version::V1, 200, 404), (Version::Mlmd, 200, 404), (Version::Artifacts, 200, 200)] {
        let fake = FakeKubeflow::start().with(|world| world.version = version);
        let ci = fake.experiment("ci");
        let id = fake.run(&ci, RunSpec::named("r").metrics("train", "metrics", &[("accuracy", 0.9), ("zero", 0.0)]));
        let run = get(&fake, &format!("/apis/v1beta1/runs/{id}"));
        assert_eq!((run.status, run.json()["run"]["metrics"].is_array()), (old, version == Version::V1));
        let links = get(&fake, &format!("/apis/v2beta1/artifact_tasks?run_ids={id}"));
        assert_eq!(links.status, new);
        if version == Version::Artifacts {
            let links = links.json();
            assert_eq!((&links["total_size"], &links["artifact_tasks"][0]["key"]), (&json!(2), &json!("metrics")));
            let artifact = links["artifact_tasks"][0]["artifact_id"].as_str().expect("an id");
            let artifact = get(&fake, &format!("/apis/v2beta1/artifacts/{artifact}")).json();
            assert_eq!(artifact["type"], "Metric");
            let full = get(&fake, &format!("{RUNS}/{id}?view=FULL")).json();
            assert_eq!(full["tasks"][1]["outputs"]["artifacts"][0]["artifacts"][0]["number_value"], 0.9);
            assert_eq!(get(&fake, &format!("{RUNS}/{id}")).json().get("tasks"), None);
            assert_eq!(get(&fake, "/apis/v2beta1/artifact_tasks").status, 400);
        }
        let error = get(&fake, "/apis/v2beta1/runs/nope").json();
        assert_eq!(error.get("error").is_some(), version == Version::V1);
        assert_eq!(error["details"][0]["message"], "Run nope not found");
        fake.world().own_details = true;
        let error = get(&fake, "/apis/v2beta1/runs/nope").json();
        assert_eq!(error["details"][0].get("error_message").is_some(), version == Version::V1);
        assert_eq!(get(&fake, "/apis/v2beta1/healthz").json()["tag_name"], version.tag());
    }
}

#[test]
fn uploads_make_pipelines_and_versions() {
    let fake = FakeKubeflow::start();
    let upload = |target: &str, file: &str, text: &str| {
        let body = format!("--b\r\nContent-Disposition: form-data; name=\"uploadfile\"; filename=\"{file}\"\r\n\r\n{text}\r\n--b--\r\n");
        send(
            &fake,
            "POST",
            &format!("/apis/v2beta1/pipelines/{target}"),
            &[("Content-Type", "multipart/form-data; boundary=b")],
            body.as_bytes(),
        )
        .expect("an answer")
    };
    let made = upload("upload?name=churn&tags=%7B%22a%22%3A%22b%22%7D", "churn.yaml", CHURN);
    assert_eq!((made.status, &made.json()["tags"]), (200, &json!({"a": "b"})));
    let id = made.json()["pipeline_id"].as_str().expect("an id").to_owned();
    let again = upload("upload?name=churn", "churn.yaml", CHURN);
    assert_eq!((again.status, again.json()["error_message"].as_str()), (409, Some("Failed to create a pipeline and a pipeline version")));
    let version = format!("upload_version?name=git-1&pipelineid={id}");
    assert_eq!([upload(&version, "c.yaml", CHURN).status, upload(&version, "c.yaml", CHURN).status], [200, 409]);
    assert_eq!(fake.world().versions_of(&id), ["churn", "git-1"]);
    let long = format!("upload_version?name={}&pipelineid={id}", "x".repeat(128));
    let wrong = [upload(&long, "c.yaml", CHURN), upload("upload?name=x", "c.txt", CHURN), upload("upload?name=x", "c.yaml", "a: 1")];
    assert_eq!(wrong.map(|reply| reply.status), [400; 3]);
    assert_eq!(get(&fake, "/apis/v2beta1/pipelines/names/churn").json()["pipeline_id"], json!(id));
    assert_eq!(get(&fake, "/apis/v2beta1/pipelines/names/nope").status, 404);
    let versions = get(&fake, &format!("/apis/v2beta1/pipelines/{id}/versions?page_size=1&sort_by=created_at+desc")).json();
    assert_eq!((&versions["pipeline_versions"][0]["name"], &versions["total_size"]), (&json!("git-1"), &json!(2)));
    assert_eq!(versions["pipeline_versions"][0]["pipeline_spec"]["pipelineInfo"]["name"], "churn-training");
}

#[test]
fn ends_of_every_kind() {
    let fake = FakeKubeflow::start();
    let ci = fake.experiment("ci");
    for (end, state) in [(End::Skipped, State::Skipped), (End::Canceled, State::Canceled), (End::Never, State::Running)] {
        let id = fake.run(&ci, RunSpec::named("r").script(Script::new().task(Task::new("train")).end(end)));
        assert_eq!(fake.world().state_of(&id), Some(state));
        assert_eq!(get(&fake, &format!("{RUNS}/{id}")).json()["state"], state.name());
    }
}
