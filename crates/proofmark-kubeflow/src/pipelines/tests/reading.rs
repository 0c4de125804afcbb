use proofmark_http::api::ApiError;
use proofmark_testkit::kubeflow::{FakeKubeflow, Fault, RunSpec, Script, What};
use serde_json::json;

use super::canned::{Canned, JSON};
use crate::pipelines::rig::{as_user, pipelines, terms};
use crate::pipelines::{Pipelines, State};
use crate::{Access, Credentials, Error};

fn in_namespace(kubeflow: &FakeKubeflow, user: &str, namespace: Option<&str>) -> Pipelines {
    let access = Access { address: kubeflow.url(), credentials: Credentials::User(user.to_owned()), terms: terms() };
    Pipelines::open(&access, namespace).expect("a way to the server")
}

fn shared() -> FakeKubeflow {
    FakeKubeflow::start().with(|world| {
        world.multi_user = true;
        world.members.insert("ann".to_owned(), vec!["team-a".to_owned()]);
        world.experiment_in("ci", "team-a");
        world.experiment_in("ci", "team-b");
    })
}

#[test]
fn a_server_tells_its_version_once() {
    let kubeflow = FakeKubeflow::start();
    let pipelines = pipelines(&kubeflow);
    let info = pipelines.info().expect("information").clone();
    assert_eq!((info.version.as_deref(), info.multi_user, info.through_ui), (Some("2.17.0"), false, false));
    pipelines.info().expect("the same");
    assert_eq!((kubeflow.requests().len(), pipelines.title()), (1, kubeflow.url().as_str()));
}

#[test]
fn the_ui_tells_it_in_its_own_words() {
    let health =
        r#"{"apiServerReady": true, "apiServerTagName": "2.5.0", "apiServerMultiUser": true, "multi_user": true, "buildDate": ""}"#;
    let info = Canned::default().with("/apis/v2beta1/healthz", JSON, health).serve().info().expect("information").clone();
    assert_eq!((info.version.as_deref(), info.multi_user, info.through_ui), (Some("2.5.0"), true, true));
    let alone = Canned::default().with("/apis/v2beta1/healthz", JSON, r#"{"apiServerReady": false}"#).serve();
    assert!(alone.info().expect_err("no server").to_string().contains("does not reach the API server"));
    let other = Canned::default().with("/apis/v2beta1/healthz", JSON, r#"{"status": "ok"}"#).serve();
    assert!(other.info().expect_err("something else").to_string().contains("something else than Kubeflow"));
}

#[test]
fn a_login_is_an_error_however_it_is_asked_for() {
    for is_page in [false, true] {
        let kubeflow = FakeKubeflow::start().with(|world| world.auth.login_page = is_page);
        kubeflow.require_cookie("session=right");
        let cookie = |text: &str| Credentials::Cookie(crate::access::Token(proofmark_http::Secret::password(text).expect("a cookie")));
        let error = as_user(&kubeflow, cookie("session=wrong")).info().expect_err("a login");
        assert!(matches!(error, Error::Api(ApiError::Strange { .. })), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("login page")));
        as_user(&kubeflow, cookie("session=right")).info().expect("information");
    }
}

#[test]
fn an_experiment_is_found_by_exactly_its_name() {
    let kubeflow = FakeKubeflow::start();
    let names = ["ci", "CI", "50 % + 1 \"ü\"", "a%2Bb", "c\\d"];
    let ids: Vec<String> = names.iter().map(|name| kubeflow.experiment(name)).collect();
    let pipelines = pipelines(&kubeflow);
    for (name, id) in names.iter().zip(ids) {
        let found = pipelines.experiment(name).expect("an answer").unwrap_or_else(|| panic!("no {name}"));
        assert_eq!((found.id, found.name.as_str(), found.namespace, found.archived), (id, *name, None, false));
    }
    assert_eq!(pipelines.experiment("other").expect("an answer"), None);
}

#[test]
fn who_may_not_see_a_namespace_is_told_so() {
    let kubeflow = shared();
    let found = in_namespace(&kubeflow, "ann", Some("team-a")).experiment("ci").expect("an answer").expect("an experiment");
    assert_eq!(found.namespace.as_deref(), Some("team-a"));
    let error = in_namespace(&kubeflow, "ann", None).experiment("ci").expect_err("no namespace");
    assert!(matches!(error, Error::Input { .. }) && error.hint().is_some_and(|hint| hint.contains("`namespace`")), "{error}");
    let error = in_namespace(&kubeflow, "ann", Some("team-b")).experiment("ci").expect_err("not hers");
    assert!(matches!(error, Error::Refused { status: 403, .. }), "{error}");
    let access = Access { address: kubeflow.url(), credentials: Credentials::Nobody, terms: terms() };
    assert!(matches!(Pipelines::open(&access, Some("Team A")), Err(Error::Setting { .. })));
}

#[test]
fn one_run_with_all_that_is_known() {
    let kubeflow = FakeKubeflow::start();
    let ci = kubeflow.experiment("ci");
    let script = Script::new().metrics("train", "metrics", &[("accuracy", 0.9)]).mlflow("7", "0a1b");
    let spec = RunSpec::named("churn").script(script).parameter("rows", 500.0).parameter("sha", "abc").parameter("dry", true);
    let id = kubeflow.run(&ci, spec);
    let live = kubeflow.run(&ci, RunSpec { live: true, ..RunSpec::named("live") });
    let pipelines = pipelines(&kubeflow);
    let run = pipelines.run(&id).expect("an answer").expect("a run");
    assert_eq!((run.name.as_str(), run.experiment.as_str(), run.state, run.archived), ("churn", ci.as_str(), State::Succeeded, false));
    assert!(run.created.is_some() && run.finished > run.created && run.error.is_none());
    assert_eq!(run.parameters["rows"], json!(500.0));
    assert_eq!((run.parameter("rows").as_deref(), run.parameter("dry").as_deref(), run.parameter("no")), (Some("500"), Some("true"), None));
    let mlflow = run.mlflow.expect("a run of MLflow");
    assert_eq!((mlflow.run_id.as_str(), mlflow.experiment_id.as_deref(), mlflow.state.as_str()), ("0a1b", Some("7"), "PLUGIN_SUCCEEDED"));
    assert!(run.tasks.iter().any(|task| task.name == "train" && task.state == State::Succeeded), "{:?}", run.tasks);
    let live = pipelines.run(&live).expect("an answer").expect("a run");
    assert_eq!((live.state.is_final(), live.finished), (false, None));
    for other in ["no-such-run", "", ".", ".."] {
        assert_eq!(pipelines.run(other).expect("an answer"), None);
    }
}

#[test]
fn short_troubles_are_got_over_and_long_ones_told() {
    let kubeflow = FakeKubeflow::start();
    kubeflow.experiment("ci");
    kubeflow.fail(Fault::new("GET", "*/experiments", What::Unavailable(0)).first(1));
    assert!(pipelines(&kubeflow).experiment("ci").expect("an answer").is_some());
    kubeflow.fail(Fault::new("GET", "*/experiments", What::StatusBefore(500)));
    let error = pipelines(&kubeflow).experiment("ci").expect_err("trouble");
    assert!(matches!(error, Error::Refused { status: 500, .. }) && error.is_outside(), "{error}");
    for what in [What::Empty, What::Truncated, What::WrongShape, What::Html(200)] {
        kubeflow.heal();
        kubeflow.fail(Fault::new("GET", "*/experiments", what));
        let error = pipelines(&kubeflow).experiment("ci").expect_err("no answer");
        assert!(matches!(error, Error::Api(_)), "{error}");
    }
}

#[test]
fn a_token_is_read_again_when_it_has_run_out() {
    let kubeflow = FakeKubeflow::start();
    kubeflow.experiment("ci");
    kubeflow.require_token("first");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "first\n").expect("a file");
    let pipelines = as_user(&kubeflow, Credentials::TokenFile(file.clone()));
    assert!(pipelines.experiment("ci").expect("an answer").is_some());
    kubeflow.world().auth.revoke("first");
    kubeflow.require_token("second");
    let error = pipelines.experiment("ci").expect_err("the old token");
    assert!(matches!(error, Error::Refused { status: 401, .. }) && error.hint().is_some_and(|hint| hint.contains("audience")), "{error}");
    std::fs::write(&file, "second\n").expect("a file");
    assert!(pipelines.experiment("ci").expect("an answer").is_some());
}

#[test]
fn where_people_look_at_a_run() {
    let url = |address: &str, namespace: Option<&str>| {
        let access = Access { address: address.to_owned(), credentials: Credentials::Nobody, terms: terms() };
        Pipelines::open(&access, namespace).expect("a way").run_url("a-1")
    };
    let expected = Some("https://kf.example.com/_/pipeline/?ns=team-a#/runs/details/a-1".to_owned());
    assert_eq!(url("https://kf.example.com/pipeline", Some("team-a")), expected);
    assert_eq!(url("https://kf.example.com/pipeline", None).as_deref(), Some("https://kf.example.com/_/pipeline/#/runs/details/a-1"));
    assert_eq!(url("http://localhost:8080", None).as_deref(), Some("http://localhost:8080/#/runs/details/a-1"));
    for inside in ["http://ml-pipeline.kubeflow:8888", "http://ml-pipeline-ui.kubeflow.svc.cluster.local", "https://k/api/v1/x:http/proxy"]
    {
        assert_eq!(url(inside, None), None, "{inside}");
    }
    let kubeflow = FakeKubeflow::start();
    let pipelines = pipelines(&kubeflow);
    pipelines.info().expect("information");
    assert_eq!(pipelines.run_url("a"), None);
}
