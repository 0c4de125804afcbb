use std::time::{Duration, Instant};

use proofmark_testkit::kubeflow::{End, FakeKubeflow, Fault, RunSpec, Script, What};
use serde_json::json;

use super::canned::{Canned, JSON};
use crate::access::Token;
use crate::pipelines::rig::{as_user, pipelines};
use crate::pipelines::{Found, Query, State};
use crate::{Credentials, Error};

const HEALTH: &str = r#"{"tag_name": "2.17.0"}"#;

fn query(experiment: &str) -> Query {
    Query { experiments: vec![experiment.to_owned()], limit: usize::MAX, ..Query::default() }
}

fn names(found: &Found) -> Vec<&str> {
    found.runs.iter().map(|run| run.name.as_str()).collect()
}

#[test]
fn runs_are_found_newest_first_by_name_parameters_and_state() {
    let kubeflow = FakeKubeflow::start();
    let (ci, other) = (kubeflow.experiment("ci"), kubeflow.experiment("other"));
    let add = |experiment: &str, spec: RunSpec| kubeflow.run(experiment, spec);
    add(&ci, RunSpec::named("one").parameter("sha", "abc").parameter("rows", 5.0).parameter("l", json!(["a"])));
    add(&ci, RunSpec::named("One").parameter("sha", "abd"));
    add(&ci, RunSpec { archived: true, ..RunSpec::named("one").parameter("sha", "abc") });
    add(&ci, RunSpec::named("two").parameter("sha", "abc").script(Script::new().end(End::Failed("train".into(), "bad".into()))));
    add(&other, RunSpec::named("one").parameter("sha", "abc"));
    let pipelines = pipelines(&kubeflow);
    let all = pipelines.search(&query(&ci)).expect("runs");
    assert_eq!((names(&all), all.incomplete.as_deref(), all.looked_at), (vec!["two", "One", "one"], None, 3));
    assert_eq!(all.runs[0].state, State::Failed);
    assert!(all.runs.iter().all(|run| run.tasks.is_empty()));
    let by_name = Query { name: Some("one".to_owned()), ..query(&ci) };
    assert_eq!(names(&pipelines.search(&by_name).expect("runs")), ["one"]);
    let with = |name: &str, values: &[&str]| {
        let parameters = vec![(name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect())];
        pipelines.search(&Query { parameters, ..query(&ci) }).expect("runs")
    };
    assert_eq!(names(&with("sha", &["abc", "x"])), ["two", "one"]);
    assert_eq!(names(&with("rows", &["5"])), ["one"]);
    assert_eq!(names(&with("l", &["[\"a\"]"])), ["one"]);
    assert!(names(&with("sha", &[])).is_empty() && names(&with("no", &["abc"])).is_empty());
    assert_eq!(names(&pipelines.search(&Query { passed: true, ..query(&ci) }).expect("runs")), ["One", "one"]);
    assert_eq!(names(&pipelines.search(&Query { limit: 1, ..query(&ci) }).expect("runs")), ["two"]);
    assert!(pipelines.search(&Query { limit: 0, ..query(&ci) }).expect("none").runs.is_empty());
    let both =
        Query { experiments: vec![ci.clone(), other.clone(), ci.clone()], name: Some("one".to_owned()), limit: 9, ..Query::default() };
    let both = pipelines.search(&both).expect("runs");
    assert_eq!(both.runs.iter().map(|run| &run.experiment).collect::<Vec<_>>(), [&other, &ci]);
    assert_eq!(pipelines.search(&Query { limit: 9, ..Query::default() }).expect("runs").runs.len(), 4);
    let error = pipelines.search(&query("no-such-experiment")).expect_err("no experiment");
    assert!(matches!(error, Error::Refused { status: 404, .. }), "{error}");
}

#[test]
fn a_namespace_is_needed_where_there_are_users() {
    let kubeflow = FakeKubeflow::start().with(|world| {
        world.multi_user = true;
        world.members.insert("ann".to_owned(), vec!["team-a".to_owned()]);
    });
    let error = as_user(&kubeflow, Credentials::User("ann".to_owned())).search(&Query::default()).expect_err("no namespace");
    assert!(matches!(error, Error::Input { .. }), "{error}");
}

#[test]
fn ten_thousand_runs_are_read_in_seconds_and_more_are_told() {
    let kubeflow = FakeKubeflow::start();
    let ci = kubeflow.experiment("ci");
    for number in 0..10_000 {
        kubeflow.run(&ci, RunSpec::named("run").parameter("sha", format!("{number}")));
    }
    let pipelines = pipelines(&kubeflow);
    let begun = Instant::now();
    let oldest = Query { parameters: vec![("sha".to_owned(), vec!["0".to_owned()])], ..query(&ci) };
    let found = pipelines.search(&oldest).expect("runs");
    assert_eq!((found.runs.len(), found.looked_at, found.incomplete.as_deref()), (1, 10_000, None));
    kubeflow.run(&ci, RunSpec::named("one more"));
    pipelines.renew_budget();
    let found = pipelines.search(&oldest).expect("runs");
    assert_eq!((found.runs.len(), found.looked_at), (0, 10_000));
    assert_eq!(found.incomplete.as_deref(), Some("only the first 10000 of a list were looked at"));
    let newest = pipelines.search(&Query { limit: 3, ..query(&ci) }).expect("runs");
    assert_eq!((newest.runs.len(), newest.looked_at), (3, 3));
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn a_session_that_runs_out_between_pages_is_an_error() {
    let kubeflow = FakeKubeflow::start();
    let ci = kubeflow.experiment("ci");
    for _ in 0..500 {
        kubeflow.run(&ci, RunSpec::named("run"));
    }
    // One for the information, and one page.
    kubeflow.world().auth.cookie_for("a=1; b=2".split(';').next().expect("a cookie"), 2);
    let cookie = Credentials::Cookie(Token(proofmark_http::Secret::password("a=1; b=2").expect("a cookie")));
    let error = as_user(&kubeflow, cookie).search(&query(&ci)).expect_err("no whole list");
    assert!(matches!(error, Error::Api(proofmark_http::api::ApiError::Strange { .. })), "{error}");
}

#[test]
fn pages_without_an_end_are_not_followed() {
    let run = r#"{"run_id": "a", "display_name": "n", "experiment_id": "e", "state": "SUCCEEDED", "created_at": "2026-01-01T00:00:05Z"}"#;
    for (page, why) in [
        (format!(r#"{{"runs": [{run}], "next_page_token": "x"}}"#), "in a circle"),
        (r#"{"next_page_token": "x"}"#.to_owned(), "an empty page"),
    ] {
        let server = Canned::default().with("/apis/v2beta1/healthz", JSON, HEALTH).with("/apis/v2beta1/runs", JSON, page).serve();
        let error = server.search(&query("e")).expect_err("no end");
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn what_a_server_lets_through_is_checked_again() {
    let run = |id: &str, name: &str, more: &str| format!(r#"{{"run_id": "{id}", "display_name": "{name}", "experiment_id": "e", {more}}}"#);
    let page = |runs: &[String]| format!(r#"{{"runs": [{}]}}"#, runs.join(","));
    let state = r#""state": "SUCCEEDED", "created_at": "2026-01-01T00:00:05Z""#;
    let old = state.replace("00:05Z", "00:01Z");
    let runs = [
        run("1", "n", state),
        run("2", "N", state),
        run("3", "n", &format!(r#"{state}, "storage_state": "ARCHIVED""#)),
        run("4", "n", r#""error": {"code": 13, "message": "cannot be\u001b[2J shown"}"#),
        run("5", "n", state).replace(r#""e""#, r#""f""#),
        run("1", "n", &old),
    ];
    let serve = |page: String| Canned::default().with("/apis/v2beta1/healthz", JSON, HEALTH).with("/apis/v2beta1/runs", JSON, page).serve();
    let wanted = Query { name: Some("n".to_owned()), ..query("e") };
    let found = serve(page(&runs)).search(&wanted).expect("runs");
    assert_eq!((found.runs.len(), found.looked_at), (1, 6));
    assert_eq!(found.runs[0].id, "1");
    assert_eq!((found.skipped[0].run.as_str(), found.skipped[0].reason.as_str()), ("4", "cannot be [2J shown"));
    let error = serve(page(&[run("1", "n", &old), run("2", "n", state)])).search(&wanted).expect_err("another order");
    assert!(error.to_string().contains("not in the order"), "{error}");
}

#[test]
fn a_busy_server_is_asked_again_in_the_middle_of_a_list() {
    let kubeflow = FakeKubeflow::start();
    let ci = kubeflow.experiment("ci");
    for _ in 0..450 {
        kubeflow.run(&ci, RunSpec::named("run"));
    }
    kubeflow.fail(Fault::new("GET", "*/runs", What::Unavailable(0)).nth(2));
    assert_eq!(pipelines(&kubeflow).search(&query(&ci)).expect("runs").runs.len(), 450);
}

#[test]
fn pages_that_are_too_large_are_asked_for_in_small_ones() {
    let kubeflow = FakeKubeflow::start();
    let ci = kubeflow.experiment("ci");
    for _ in 0..25 {
        kubeflow.run(&ci, RunSpec::named("run"));
    }
    kubeflow.fail(Fault::new("GET", "*/runs", What::Endless).nth(1));
    let found = pipelines(&kubeflow).search(&query(&ci)).expect("runs");
    assert_eq!((found.runs.len(), found.incomplete), (25, None));
    assert_eq!(kubeflow.requests().iter().filter(|request| request.path.ends_with("/runs")).count(), 4);
}
