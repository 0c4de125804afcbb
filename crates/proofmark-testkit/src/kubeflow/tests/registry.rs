//! What the registry does that no recording has.

use serde_json::{Value, json};

use super::client::{encode, get, post, send};
use crate::kubeflow::{Base, FakeKubeflow};

const ROOT: &str = "/api/model_registry/v1alpha3";

#[test]
fn bases_errors_and_lists() {
    let fake = FakeKubeflow::start();
    assert_eq!(
        [get(&fake, &format!("{ROOT}/registered_models")).status, get(&fake, "/api/model_registry/v1/registered_models").status],
        [200, 404]
    );
    fake.world().registry.base = Base::V1;
    assert_eq!(
        [get(&fake, &format!("{ROOT}/registered_models")).status, get(&fake, "/api/model_registry/v1/registered_models").status],
        [404, 200]
    );
    fake.world().registry.base = Base::V1Alpha3;
    let create = |body: Value| post(&fake, &format!("{ROOT}/registered_models"), &body);
    assert_eq!(create(json!({"name": "churn"})).status, 201);
    assert_eq!((create(json!({"name": "churn"})).status, create(json!({"name": "x", "bogus": 1})).status), (409, 400));
    let lacks = create(json!({"owner": "x"}));
    assert_eq!((lacks.status, &lacks.json()["code"]), (422, &json!("Bad Request")));
    assert_eq!(post(&fake, &format!("{ROOT}/model_versions"), &json!({"name": "v", "registeredModelId": "9"})).status, 404);
    {
        let mut world = fake.world();
        let model = "1";
        for number in 0..5 {
            world.registry.version(model, &format!("v{number}"), &[("accuracy", json!(f64::from(number) / 10.0))]);
        }
    }
    let list = |query: &str| get(&fake, &format!("{ROOT}/registered_models/1/versions?{query}"));
    let first = list("pageSize=2&orderBy=CREATE_TIME&sortOrder=DESC").json();
    assert_eq!((&first["size"], &first["items"][0]["name"]), (&json!(2), &json!("v4")));
    let token = encode(first["nextPageToken"].as_str().expect("a token"));
    assert_eq!(list(&format!("pageSize=3&orderBy=CREATE_TIME&sortOrder=DESC&nextPageToken={token}")).json()["nextPageToken"], "");
    assert_eq!(list(&format!("filterQuery={}", encode("accuracy > 0.25 AND name != 'v4'"))).json()["items"][0]["name"], "v3");
    assert_eq!(["filterQuery=%28", "orderBy=NAME", "pageSize=x", "nextPageToken=%21"].map(|query| list(query).status), [400; 4]);
    fake.world().registry.down = true;
    assert_eq!(list("").status, 503);
}

#[test]
fn runs_have_metrics_and_their_history() {
    let fake = FakeKubeflow::start();
    let run = {
        let mut world = fake.world();
        let experiment = world.registry.experiment("churn");
        world.registry.experiment_run(&experiment, "r", &[("accuracy", 0.9)])
    };
    let target = format!("{ROOT}/experiment_runs/{run}/artifacts");
    let log = |value: f64, step: u64| {
        post(&fake, &target, &json!({"artifactType": "metric", "name": "accuracy", "value": value, "step": step, "timestamp": "1"}))
    };
    assert_eq!([log(0.91, 1).status, log(0.92, 2).status], [200, 200]);
    let all = get(&fake, &format!("{target}?artifactType=metric")).json();
    assert_eq!((&all["size"], &all["items"][0]["value"], &all["items"][0]["experimentRunId"]), (&json!(1), &json!(0.92), &json!(run)));
    let history = get(&fake, &format!("{ROOT}/experiment_runs/{run}/metric_history?name=accuracy&stepIds=1,2")).json();
    assert_eq!((&history["size"], &history["items"][1]["value"]), (&json!(2), &json!(0.92)));
    let changed = send(&fake, "PATCH", &format!("{ROOT}/experiment_runs/{run}"), &[], br#"{"status": "KILLED"}"#).expect("an answer");
    assert_eq!(changed.json()["status"], "KILLED");
}
