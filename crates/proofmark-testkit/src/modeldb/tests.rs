//! The traps that the code under test must not fall into.

use serde_json::{Value, json};

use super::spec::RunSpec;
use super::world::{Form, World};
use crate::github::answer::{Answer, Body};
use crate::http::Request;
use crate::serving::Served as _;

fn ask(world: &mut World, method: &str, target: &str, body: Value) -> Answer {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let path = format!("/api/v1/modeldb/{path}");
    world.handle(&Request { method: method.to_owned(), path, query: query.to_owned(), headers: Vec::new(), body })
}

fn told(answer: &Answer) -> Value {
    if let Body::Json(value) = &answer.body { value.clone() } else { Value::Null }
}

fn names(answer: &Answer) -> Vec<String> {
    let runs = told(answer)["experiment_runs"].as_array().cloned().unwrap_or_default();
    runs.iter().map(|run| run["name"].as_str().unwrap_or_default().to_owned()).collect()
}

fn world() -> (World, String) {
    let mut world = World::new(Form::FrontEnd);
    let project = world.project("churn");
    let experiment = world.experiment(&project, "exp");
    for (name, auc) in [("a", 9.5), ("b", 10.5), ("c", 0.00001), ("d", 0.9)] {
        world.run(&experiment, RunSpec { name, metrics: &[("auc", auc)], created: 5, tags: &["Main"], ..RunSpec::default() });
    }
    world.run(&experiment, RunSpec { name: "e", created: 5, attributes: &[("git.sha", "abc")], ..RunSpec::default() });
    (world, project)
}

#[test]
fn metrics_are_sorted_as_text_and_runs_without_them_stay() {
    let (mut world, project) = world();
    let body = json!({"project_id": project, "sort_key": "metrics.auc", "unheard": 1});
    let answer = ask(&mut world, "POST", "experiment-run/findExperimentRuns", body);
    assert_eq!(names(&answer), ["a", "b", "c", "d", "e"]);
    assert_eq!(told(&answer)["total_records"], "5");
}

#[test]
fn a_limit_needs_a_number_and_ties_are_shuffled() {
    let (mut world, project) = world();
    let mut find = |body: Value| ask(&mut world, "POST", "experiment-run/findExperimentRuns", body);
    assert_eq!(names(&find(json!({"project_id": project, "page_limit": 2}))).len(), 5);
    let one = json!({"project_id": project, "page_limit": 2, "page_number": 1, "sort_key": "date_created"});
    let first: std::collections::BTreeSet<Vec<String>> = (0..9).map(|_| names(&find(one.clone()))).collect();
    assert!(first.len() > 1 && first.iter().all(|page| page.len() == 2));
    assert!(told(&find(json!({"project_id": "none"}))).as_object().is_some_and(serde_json::Map::is_empty));
}

#[test]
fn predicates_are_as_the_database_sees_them() {
    let (mut world, project) = world();
    let mut found = |key: &str, value: Value, operator: Value| {
        let body = json!({"project_id": project, "predicates": [{"key": key, "value": value, "operator": operator}]});
        let answer = ask(&mut world, "POST", "experiment-run/findExperimentRuns", body);
        if answer.status == 200 { Ok(names(&answer).len()) } else { Err(answer.status) }
    };
    assert_eq!(found("metrics.auc", json!(0.9), json!(2)), Ok(2));
    assert_eq!(found("metrics.auc", json!(9.500000001), json!("EQ")), Ok(0));
    assert_eq!(found("tags", json!("main"), json!("EQ")), Ok(4));
    assert_eq!(found("attributes.git.sha", json!("abc"), json!("EQ")), Ok(0));
    assert_eq!(found("attributes.git.sha", json!(""), json!("EQ")), Err(400));
    assert_eq!(found("attributes", json!("x"), json!("EQ")), Err(500));
    assert_eq!(found("color", json!("x"), json!("EQ")), Err(400));
    assert_eq!(found("name", json!("a"), json!("IN")), Err(400));
    assert_eq!(found("name", json!("a"), json!("LIKE")), Err(400));
}

#[test]
fn keys_are_written_once_and_deleted_all_at_once_by_mistake() {
    let (mut world, _) = world();
    let run = world.runs[0].id.clone();
    let log = |world: &mut World, key: &str| {
        let body = json!({"id": run, "attribute": {"key": key, "value": 1, "value_type": 0}});
        ask(world, "POST", "experiment-run/logAttribute", body).status
    };
    assert_eq!((log(&mut world, "k"), log(&mut world, "k"), log(&mut world, "l"), log(&mut world, "")), (200, 409, 200, 400));
    let twice = json!({"id": run, "metrics": [{"key": "x", "value": 1}, {"key": "x", "value": 2}]});
    assert_eq!(ask(&mut world, "POST", "experiment-run/logMetrics", twice).status, 400);
    let misspelt = json!({"id": run, "keys": ["k"]});
    assert_eq!(ask(&mut world, "DELETE", "experiment-run/deleteExperimentRunAttributes", misspelt).status, 200);
    assert!(world.attribute(&run, "l").is_none());
    assert_eq!(ask(&mut world, "POST", "experiment-run/addExperimentRunTags", json!({"id": run, "tags": ["x".repeat(41)]})).status, 400);
}

#[test]
fn unknown_paths_are_a_page_or_not_found() {
    let mut world = World::new(Form::FrontEnd);
    let get = |world: &mut World, path: &str| {
        let answer = world.handle(&Request { method: "GET".to_owned(), path: path.to_owned(), ..Request::default() });
        (answer.status, answer.media_type().unwrap_or_default().to_owned())
    };
    assert_eq!(get(&mut world, "/v1/project/verifyConnection"), (200, "text/html; charset=UTF-8".to_owned()));
    assert_eq!(get(&mut world, "/api/v1/modeldb/project/verifyConnection").0, 200);
    assert_eq!(get(&mut world, "/api/v1/modeldb/project/unheard").0, 404);
    assert_eq!(get(&mut world, "/api/v1/modeldb/project/createProject").0, 405);
    world.form = Form::Proxy;
    assert_eq!(get(&mut world, "/api/v1/modeldb/project/verifyConnection").0, 404);
    assert_eq!(get(&mut world, "/v1/project/verifyConnection").0, 200);
}
