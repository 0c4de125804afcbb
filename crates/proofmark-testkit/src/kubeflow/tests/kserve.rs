//! Inference services: patches, what the controller makes of them, refusals.

use serde_json::{Value, json};

use super::client::{Reply, get, send};
use crate::kubeflow::{FakeKubeflow, Mode, Plan, Rollout};

const CHURN: &str = "/apis/serving.kserve.io/v1beta1/namespaces/team-a/inferenceservices/churn";

fn ready(mode: Mode) -> FakeKubeflow {
    let model = json!({"modelFormat": {"name": "sklearn"}, "storageUri": "s3://m/v1"});
    FakeKubeflow::start().with(|world| world.service("team-a", "churn", json!({"predictor": {"model": model}}), mode))
}

fn patch(fake: &FakeKubeflow, query: &str, kind: &str, body: &Value) -> Reply {
    send(fake, "PATCH", &format!("{CHURN}{query}"), &[("Content-Type", kind)], body.to_string().as_bytes()).expect("an answer")
}

fn merge(fake: &FakeKubeflow, body: &Value) -> Reply {
    patch(fake, "", "application/merge-patch+json", body)
}

/// The object as the last of so many polls sees it.
fn after(fake: &FakeKubeflow, polls: usize) -> Value {
    (0..polls).fold(Value::Null, |_, _| get(fake, CHURN).json())
}

fn condition(object: &Value, kind: &str) -> Value {
    let list = object["status"]["conditions"].as_array().expect("conditions");
    list.iter().find(|one| one["type"] == kind).map_or(Value::Null, |one| one["status"].clone())
}

fn new_model(percent: Option<u64>) -> Value {
    json!({"spec": {"predictor": {"canaryTrafficPercent": percent, "model": {"storageUri": "s3://m/v2"}}}})
}

#[test]
fn a_change_is_ready_after_the_controller_has_looked() {
    let fake = ready(Mode::Knative);
    fake.world().rollout("team-a", "churn", Plan::default().polls(1, 1));
    let answer = merge(&fake, &new_model(Some(10))).json();
    assert_eq!((&answer["metadata"]["generation"], &answer["status"]["observedGeneration"]), (&json!(2), &json!(1)));
    assert_eq!(condition(&answer, "Ready"), "True", "it still tells of the old one");
    let polls: Vec<Value> = (0..3).map(|_| get(&fake, CHURN).json()).collect();
    let seen: Vec<_> = polls.iter().map(|object| (object["status"]["observedGeneration"].clone(), condition(object, "Ready"))).collect();
    assert_eq!(seen, [(json!(1), json!("True")), (json!(2), json!("Unknown")), (json!(2), json!("True"))]);
    let predictor = &polls[2]["status"]["components"]["predictor"];
    assert_eq!(
        predictor["traffic"][1],
        json!({"latestRevision": false, "percent": 90, "revisionName": "churn-predictor-00001", "tag": "prev"})
    );
    assert_eq!(merge(&fake, &json!({"spec": {"predictor": {"canaryTrafficPercent": null}}})).json()["metadata"]["generation"], 3);
    let last = after(&fake, 3);
    let predictor = &last["status"]["components"]["predictor"];
    assert_eq!(
        (&predictor["traffic"][0]["percent"], &predictor["previousRolledoutRevision"]),
        (&json!(100), &json!("churn-predictor-00001"))
    );
    assert_eq!(predictor["latestCreatedRevision"], "churn-predictor-00002", "the share alone makes no revision");
}

#[test]
fn a_model_that_cannot_be_loaded_leaves_the_old_one() {
    let fake = ready(Mode::Knative);
    fake.world().rollout("team-a", "churn", Plan::to(Rollout::FailedLoad("ModelLoadFailed".into(), "no such file".into())));
    merge(&fake, &new_model(None));
    let last = after(&fake, 4);
    let model = &last["status"]["modelStatus"];
    assert_eq!((condition(&last, "Ready"), &model["transitionStatus"]), (json!("True"), &json!("BlockedByFailedLoad")));
    assert_eq!(
        (&model["lastFailureInfo"]["message"], &model["states"]["targetModelState"]),
        (&json!("no such file"), &json!("FailedToLoad"))
    );
    let predictor = &last["status"]["components"]["predictor"];
    assert_eq!(
        (&predictor["latestCreatedRevision"], &predictor["latestReadyRevision"]),
        (&json!("churn-predictor-00002"), &json!("churn-predictor-00001"))
    );
    fake.world().rollout("team-a", "churn", Plan::to(Rollout::Unseen));
    let generation = merge(&fake, &json!({"spec": {"predictor": {"minReplicas": 2}}})).json()["metadata"]["generation"].clone();
    let last = after(&fake, 9);
    assert_eq!((generation, &last["status"]["observedGeneration"]), (json!(3), &json!(2)));
}

#[test]
fn canaries_of_deployments_are_a_list() {
    let fake = ready(Mode::Standard);
    let canary =
        |percent: u64, name: &str| json!({"predictor": {"name": name, "model": {"storageUri": "s3://m/v2"}}, "trafficPercent": percent});
    let with = |list: Value| merge(&fake, &json!({"spec": {"canary": list}}));
    assert_eq!(with(json!([canary(60, "a"), canary(60, "b")])).status, 403);
    assert_eq!(with(json!([canary(10, "a"), canary(10, "a")])).status, 403);
    assert_eq!(with(json!([canary(10, "")])).status, 403);
    assert_eq!(with(json!([canary(10, "a")])).status, 200);
    let last = after(&fake, 3);
    assert_eq!((&last["status"]["deploymentMode"], condition(&last, "CanaryPredictorReady")), (&json!("Standard"), json!("True")));
    assert_eq!(last["status"]["components"]["predictor"].get("traffic"), None);
}

#[test]
fn refusals_are_in_the_form_of_kubernetes() {
    let fake = ready(Mode::Knative);
    let told = |reply: Reply| (reply.status, reply.json()["reason"].as_str().unwrap_or_default().to_owned());
    let change = new_model(None);
    assert_eq!(told(patch(&fake, "", "application/strategic-merge-patch+json", &change)), (415, "UnsupportedMediaType".into()));
    assert_eq!(told(patch(&fake, "", "application/apply-patch+yaml", &change)), (400, "BadRequest".into()));
    assert_eq!(patch(&fake, "?fieldManager=x&dryRun=All", "application/apply-patch+yaml", &change).status, 200);
    assert_eq!(told(merge(&fake, &json!({"spec": {"predictor": {"canaryTrafficPercent": "10"}}}))), (422, "Invalid".into()));
    assert_eq!(told(merge(&fake, &json!({"spec": {"predictor": {"model": {"storageUri": "ftp://x"}}}}))), (403, "Forbidden".into()));
    assert_eq!(told(merge(&fake, &json!({"metadata": {"resourceVersion": "99"}}))), (409, "Conflict".into()));
    assert_eq!(told(get(&fake, &format!("{CHURN}2"))), (404, "NotFound".into()));
    let dry = patch(&fake, "?dryRun=All", "application/merge-patch+json", &change).json();
    assert_eq!((&dry["metadata"]["generation"], &dry["spec"]["predictor"]["model"]["storageUri"]), (&json!(2), &json!("s3://m/v2")));
    assert_eq!(fake.world().service_of("team-a", "churn").expect("it is there")["metadata"]["generation"], 1);
    assert_eq!(patch(&fake, "?dryRun=Some", "application/merge-patch+json", &change).status, 422);
    fake.world().auth.forbid("patch", "team-a");
    assert_eq!(told(merge(&fake, &change)), (403, "Forbidden".into()));
}
