//! Faults, changes in between, credentials, and the traps that no recording has.

use std::time::{Duration, Instant};

use proofmark_testkit::mlflow::{FakeMlflow, Fault, RunSpec, Version, What};
use serde_json::{Value, json};

use crate::client::{get, post, send};

const ALIAS: &str = "/api/2.0/mlflow/registered-models/alias";
const SEARCH: &str = "/api/2.0/mlflow/runs/search";

fn three_versions() -> FakeMlflow {
    let mlflow = FakeMlflow::start();
    let churn = mlflow.experiment("churn");
    for name in ["one", "two", "three"] {
        let run = mlflow.run(&churn, RunSpec { name, branch: "main", metrics: &[("auc", 0.9)], ..RunSpec::default() });
        mlflow.register("clf", &run);
    }
    mlflow.alias("clf", "champion", 1);
    mlflow
}

fn move_alias(mlflow: &FakeMlflow, version: u64) -> Option<u16> {
    let body = json!({"name": "clf", "alias": "champion", "version": version.to_string()});
    send(mlflow, "POST", ALIAS, &[], Some(&body)).map(|reply| reply.status)
}

#[test]
fn somebody_else_moves_the_alias_in_between() {
    let mlflow = three_versions();
    mlflow.after("GET", "*/registered-models/alias", 2, |world| world.alias("clf", "champion", 3));
    let read = || get(&mlflow, &format!("{ALIAS}?name=clf&alias=champion")).json()["model_version"]["version"].clone();
    assert_eq!([read(), read(), read()], [json!("1"), json!("1"), json!("3")]);
    mlflow.before("POST", "*/registered-models/alias", 1, |world| world.alias("clf", "challenger", 3));
    assert_eq!(move_alias(&mlflow, 2), Some(200));
    assert_eq!((mlflow.alias_of("clf", "champion"), mlflow.alias_of("clf", "challenger")), (Some(2), Some(3)));
    assert_eq!((mlflow.requests().len(), mlflow.writes().len()), (4, 1));
    assert_eq!(mlflow.writes()[0].body["version"], "2");
}

#[test]
fn writes_may_be_lost_before_or_after_they_happen() {
    let mlflow = three_versions();
    mlflow.fail(Fault::new("POST", "*/alias", What::CutBefore).first(1));
    assert_eq!((move_alias(&mlflow, 2), mlflow.alias_of("clf", "champion")), (None, Some(1)));
    mlflow.heal();
    mlflow.fail(Fault::new("POST", "*/alias", What::CutAfter).first(1));
    assert_eq!((move_alias(&mlflow, 2), mlflow.alias_of("clf", "champion")), (None, Some(2)));
    assert_eq!(move_alias(&mlflow, 3), Some(200));
    assert_eq!(mlflow.writes().iter().map(|write| write.status).collect::<Vec<_>>(), [None, None, Some(200)]);
}

#[test]
fn answers_go_wrong_in_every_way() {
    let mlflow = three_versions();
    let ask = || post(&mlflow, SEARCH, &json!({"experiment_ids": ["1"]}));
    let right = ask();
    let with = |what| {
        mlflow.heal();
        mlflow.fail(Fault::new("POST", "*/runs/search", what).first(1));
        ask()
    };
    let busy = with(What::Unavailable(3));
    assert_eq!((busy.status, busy.header("retry-after")), (503, Some("3")));
    assert_eq!(ask().status, 200);
    let login = with(What::Html(200));
    assert!(login.status == 200 && login.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    let half = with(What::Truncated);
    assert_eq!((half.status, half.header("content-type")), (200, Some("application/json")));
    assert!(serde_json::from_str::<Value>(&half.body).is_err() && right.body.starts_with(&half.body));
    let moved = with(What::Redirect(302, "http://127.0.0.1:1/login".to_owned()));
    assert_eq!((moved.status, moved.header("location")), (302, Some("http://127.0.0.1:1/login")));
    let start = Instant::now();
    assert_eq!(with(What::Slow(50)).body, right.body);
    assert!(start.elapsed() >= Duration::from_millis(50));
}

#[test]
fn users_and_tokens() {
    let mlflow = three_versions();
    mlflow.require_user("ann", "secret");
    mlflow.require_reader("ben", "pass:word");
    let read = |value: &str| send(&mlflow, "GET", "/version", &[("Authorization", value)], None).expect("an answer").status;
    // ann:secret, ben:pass:word, ann:wrong
    assert_eq!([read("Basic YW5uOnNlY3JldA=="), read("Basic YmVuOnBhc3M6d29yZA=="), read("Basic YW5uOndyb25n")], [200, 200, 401]);
    let stranger = get(&mlflow, "/api/2.0/mlflow/experiments/search?max_results=1");
    assert_eq!((stranger.status, stranger.header("www-authenticate")), (401, Some("Basic realm=\"mlflow\"")));
    assert_eq!((get(&mlflow, "/health").status, read("Bearer secret")), (200, 401));
    let body = json!({"name": "clf", "alias": "champion", "version": "2"});
    let reply = send(&mlflow, "POST", ALIAS, &[("Authorization", "Basic YmVuOnBhc3M6d29yZA==")], Some(&body)).expect("an answer");
    assert_eq!((reply.status, reply.body.as_str(), mlflow.alias_of("clf", "champion")), (403, "Permission denied", Some(1)));
    mlflow.require_token("t0ken");
    assert_eq!([read("Bearer t0ken"), read("Bearer other"), read("Basic YW5uOnNlY3JldA==")], [200, 401, 401]);
}

#[test]
fn wrong_questions_that_look_right() {
    let mlflow = three_versions();
    let empty = json!({});
    for body in [json!({"experiment_ids": ["9"]}), json!({}), json!("no object")] {
        assert_eq!(post(&mlflow, SEARCH, &body).json(), empty, "{body}");
    }
    let ids = |body: Value| post(&mlflow, SEARCH, &body).json()["runs"].as_array().map_or(0, Vec::len);
    assert_eq!(ids(json!({"experiment_ids": ["1"], "run_view_type": "nonsense", "bogus": 1})), 3);
    assert_eq!(ids(json!({"experiment_ids": ["1"], "order_by": ["metrics.nobody DESC"]})), 3);
    assert_eq!(get(&mlflow, "/api/2.0/mlflow/metrics/get-history?run_id=x&metric_key=y").json(), empty);
    assert_eq!(get(&mlflow, "/api/2.0/mlflow/model-versions/search?filter=name%3D%27nobody%27").json(), empty);
}

#[test]
fn a_full_page_has_a_next_one_in_mlflow_2_alone() {
    for (version, empty) in [(Version::Old, true), (Version::New, false)] {
        let mlflow = FakeMlflow::of_version(version);
        let churn = mlflow.experiment("churn");
        (0..2).for_each(|_| drop(mlflow.run(&churn, RunSpec::default())));
        let page = post(&mlflow, SEARCH, &json!({"experiment_ids": [churn], "max_results": 2})).json();
        assert_eq!(page["runs"].as_array().map(Vec::len), Some(2));
        assert_eq!(page.get("next_page_token").is_some(), empty);
        let next = json!({"experiment_ids": [churn], "max_results": 2, "page_token": "eyJvZmZzZXQiOiAyfQ=="});
        assert_eq!(post(&mlflow, SEARCH, &next).json(), json!({}));
    }
}

#[test]
fn stages_archive_what_was_there() {
    let mlflow = three_versions();
    mlflow.stage("clf", 1, "Production");
    let body = json!({"name": "clf", "version": "2", "stage": "production", "archive_existing_versions": true});
    let reply = post(&mlflow, "/api/2.0/mlflow/model-versions/transition-stage", &body);
    assert_eq!(reply.json()["model_version"]["current_stage"], "Production");
    let stage = |version| mlflow.stage_of("clf", version).expect("a version");
    assert_eq!([stage(1), stage(2), stage(3)], ["Archived", "Production", "None"]);
    assert_eq!(mlflow.alias_of("clf", "champion"), Some(1));
}

#[test]
fn versions_differ_and_paths_may_be_mounted() {
    let old = FakeMlflow::of_version(Version::Old);
    assert_eq!(get(&old, "/version").body, "2.22.5");
    assert_eq!(get(&old, "/api/3.0/mlflow/server-info").status, 404);
    assert_eq!(get(&old, "/api/2.0/mlflow/logged-models/m-1").status, 404);
    let new = FakeMlflow::start();
    assert_eq!(get(&new, "/api/3.0/mlflow/server-info").json()["store_type"], "SqlStore");
    new.mount("/team/ml");
    assert!(new.url().ends_with("/team/ml"));
    assert_eq!((get(&new, "/team/ml/version").status, get(&new, "/version").status), (200, 404));
    let host = |host: &str| send(&new, "GET", "/team/ml/api/3.0/mlflow/server-info", &[("Host", host)], None).expect("an answer").status;
    assert_eq!([host("mlflow.corp"), host("192.168.7.7:5000"), host("localhost")], [403, 200, 200]);
    new.allow_host("mlflow.corp:5000");
    assert_eq!([host("mlflow.corp"), host("mlflow.corp:5000"), host("localhost")], [403, 200, 403]);
}
