//! Faults, changes in between, and who is let in.

use serde_json::{Value, json};

use super::client::{get, post, send};
use crate::kubeflow::{FakeKubeflow, Fault, RunSpec, What};

const RUNS: &str = "/apis/v2beta1/runs";
const BODY: fn() -> Value = || json!({"display_name": "r", "pipeline_spec": {"root": {}}});

#[test]
fn writes_may_be_lost_before_or_after_they_happen() {
    let fake = FakeKubeflow::start();
    let ask = || send(&fake, "POST", RUNS, &[], BODY().to_string().as_bytes()).map(|reply| reply.status);
    fake.fail(Fault::new("POST", "*/runs", What::CutBefore).first(1));
    assert_eq!((ask(), fake.world().runs_named("r").len()), (None, 0));
    fake.heal();
    fake.fail(Fault::new("POST", "*/runs", What::StatusAfter(503)).first(1));
    assert_eq!((ask(), fake.world().runs_named("r").len()), (Some(503), 1));
    fake.before("POST", "*/runs", 1, |world| drop(world.experiment("other")));
    assert_eq!((ask(), fake.writes().len()), (Some(200), 3));
    let names = get(&fake, "/apis/v2beta1/experiments").json();
    assert_eq!(names["total_size"], 2);
}

#[test]
fn tokens_cookies_and_login_pages() {
    let fake = FakeKubeflow::start();
    fake.require_token("one");
    fake.world().auth.token_for("two", 2);
    let with = |name: &str, value: &str| send(&fake, "GET", RUNS, &[(name, value)], b"").expect("an answer").status;
    let bearer = |token: &str| with("Authorization", &format!("Bearer {token}"));
    assert_eq!([bearer("one"), bearer("two"), bearer("two"), bearer("two"), bearer("nope")], [200, 200, 200, 401, 401]);
    assert_eq!((get(&fake, RUNS).json()["code"].clone(), get(&fake, "/apis/v2beta1/healthz").status), (json!(16), 200));
    assert_eq!(get(&fake, "/api/model_registry/v1alpha3/registered_models").json()["code"], "Unauthorized");
    let kubernetes = get(&fake, "/apis/serving.kserve.io/v1beta1/namespaces/a/inferenceservices/b").json();
    assert_eq!((&kubernetes["kind"], &kubernetes["code"]), (&json!("Status"), &json!(401)));
    fake.require_cookie("authservice_session=abc");
    assert_eq!(with("Cookie", "a=b; authservice_session=abc"), 200);
    let away = get(&fake, RUNS);
    assert!(away.status == 302 && away.header("location").is_some_and(|to| to.starts_with("/dex/auth?")), "{away:?}");
    assert!(get(&fake, "/dex/auth?x=1").text().contains("<form"));
    fake.world().auth.login_page = true;
    let page = get(&fake, "/apis/v2beta1/healthz");
    assert!(page.status == 200 && page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    assert!(fake.requests().iter().all(|request| !request.headers.values().any(|value| value.contains("abc"))));
}

#[test]
fn namespaces_matter_when_there_are_users() {
    let fake = FakeKubeflow::start().with(|world| {
        world.multi_user = true;
        world.members.insert("ann".into(), vec!["team-a".into()]);
        let ci = world.experiment_in("ci", "team-a");
        world.run(&ci, RunSpec::named("r"));
    });
    let ask = |target: &str, user: &str| send(&fake, "GET", target, &[("kubeflow-userid", user)], b"").expect("an answer");
    assert_eq!(get(&fake, &format!("{RUNS}?namespace=team-a")).status, 401);
    assert_eq!(ask(&format!("{RUNS}?namespace=team-a"), "ann").json()["runs"][0]["display_name"], "r");
    assert_eq!([ask(RUNS, "ann").status, ask(&format!("{RUNS}?namespace=team-b"), "ann").status], [400, 403]);
    assert_eq!(ask(&format!("{RUNS}?namespace=team-a"), "ben").status, 403);
    assert_eq!(get(&fake, "/apis/v2beta1/healthz").json()["multi_user"], true);
    let body = json!({"display_name": "x"}).to_string();
    let made = send(&fake, "POST", "/apis/v2beta1/experiments", &[("kubeflow-userid", "ann")], body.as_bytes()).expect("an answer");
    assert_eq!(made.status, 400);
}

#[test]
fn experiments_and_what_recurs() {
    let fake = FakeKubeflow::start();
    let made = post(&fake, "/apis/v2beta1/experiments", &json!({"display_name": "ci", "description": "d"}));
    let id = made.json()["experiment_id"].as_str().expect("an id").to_owned();
    assert_eq!((made.status, &made.json()["description"]), (200, &json!("d")));
    assert_eq!(post(&fake, "/apis/v2beta1/experiments", &json!({"display_name": "ci"})).status, 409);
    assert_eq!(post(&fake, "/apis/v2beta1/experiments", &json!({})).status, 500);
    assert_eq!(get(&fake, "/apis/v2beta1/experiments/nope").status, 404);
    let recurring = |change: Value| {
        let mut body =
            json!({"display_name": "n", "pipeline_spec": {"root": {}}, "experiment_id": id, "max_concurrency": 1, "mode": "ENABLE"});
        body["trigger"] = json!({"periodic_schedule": {"interval_second": "60"}});
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        post(&fake, "/apis/v2beta1/recurringruns", &body)
    };
    let made = recurring(json!({}));
    assert_eq!((made.status, &made.json()["max_concurrency"], &made.json()["status"]), (200, &json!("1"), &json!("ENABLED")));
    assert_eq!(recurring(json!({"max_concurrency": 11})).status, 400);
    assert_eq!(recurring(json!({"trigger": {"cron_schedule": {"cron": "x"}}})).status, 400);
    let target = format!("/apis/v2beta1/recurringruns/{}", made.json()["recurring_run_id"].as_str().expect("an id"));
    assert_eq!(post(&fake, &format!("{target}:disable"), &json!({})).json(), json!({}));
    assert_eq!(get(&fake, &target).json()["status"], "DISABLED");
    assert_eq!(get(&fake, "/apis/v2beta1/recurringruns").json()["recurringRuns"].as_array().map(Vec::len), Some(1));
    assert_eq!(send(&fake, "DELETE", &target, &[], b"").map(|reply| reply.status), Some(200));
    assert_eq!(get(&fake, "/apis/v2beta1/recurringruns").json(), json!({}));
}

#[test]
fn another_process_can_fill_it() {
    let fake = FakeKubeflow::start();
    let made = post(&fake, "/_test/experiments", &json!({"name": "ci"})).json();
    let tasks = json!([{"name": "train", "outputs": [{"key": "metrics", "kind": "system.Metrics", "values": [["accuracy", 0.9]]}]}]);
    let run = json!({"name": "r", "script": {"tasks": tasks}});
    let runs = post(&fake, "/_test/runs", &json!({"experiment": made["experiment_id"], "run": run, "copies": 3})).json();
    assert_eq!(runs["run_ids"].as_array().map(Vec::len), Some(3));
    assert_eq!(post(&fake, "/_test/settings", &json!({"version": "artifacts", "tokens": ["t"]})).json(), json!({}));
    assert_eq!((get(&fake, RUNS).status, post(&fake, "/_test/settings", &json!({"bogus": 1})).status), (401, 400));
    assert_eq!(post(&fake, "/_test/fault", &json!({"what": {"status_before": 500}})).status, 200);
    assert_eq!(get(&fake, "/apis/v2beta1/healthz").status, 500);
    assert_eq!(send(&fake, "DELETE", "/_test/fault", &[], b"").map(|reply| reply.status), Some(200));
    assert_eq!(get(&fake, "/_test/runs").json()[2], json!({"run_id": runs["run_ids"][2], "display_name": "r-2", "state": "SUCCEEDED"}));
    let service = json!({"namespace": "a", "object": {"metadata": {"name": "s"}, "spec": {"predictor": {"model": {}}}}, "plans": [{"end": "unseen"}]});
    assert_eq!(post(&fake, "/_test/services", &service).status, 200);
    assert_eq!(get(&fake, "/_test/requests").json().as_array().map(Vec::len), Some(2));
}
