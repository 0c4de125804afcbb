//! Finding the API, and what is read by name.

use proofmark_testkit::modeldb::{FakeModelDb, Fault, Form, RunSpec, What};

use super::{Scene, access, open};
use crate::run::Run;
use crate::{Error, ModelDb};

#[test]
fn both_forms_of_the_api_are_found() {
    for (form, requests) in [(Form::FrontEnd, 1), (Form::Proxy, 2)] {
        let fake = FakeModelDb::of_form(form);
        fake.world().project("churn");
        let client = open(&fake, &[]).expect("ModelDB");
        assert_eq!((client.requests(), fake.requests().len()), (requests, requests as usize));
        assert!(client.project("churn").expect("an answer").is_some());
        let run = Run { id: "r 1".into(), project: "p".into(), ..Run::default() };
        let url = (form == Form::FrontEnd).then(|| format!("{}/personal/projects/p/exp-runs/r%201", fake.url()));
        assert_eq!(client.run_url(&run), url);
    }
}

#[test]
fn a_page_is_never_success() {
    let fake = FakeModelDb::start();
    fake.fail(Fault::new("*", "*", What::Html(200)));
    let error = open(&fake, &[]).expect_err("a page");
    let told = error.to_string();
    assert!(matches!(error, Error::NotModelDb { .. }) && told.contains("page of HTML") && told.contains("/api/v1/modeldb"), "{told}");
    assert!(error.hint().is_some_and(|hint| hint.contains("3000")) && error.is_outside());
    fake.heal();
    for strange in [What::Body(200, "{}".into()), What::Body(200, "{\"status\": \"true\"}".into()), What::Empty, What::WrongShape] {
        fake.fail(Fault::new("*", "*", strange.clone()));
        assert!(matches!(open(&fake, &[]), Err(Error::NotModelDb { .. })), "{strange:?}");
        fake.heal();
    }
    // A login page behind a redirect.
    fake.fail(Fault::new("*", "*", What::Redirect(302, "https://login.example/".into())));
    assert!(open(&fake, &[]).is_err_and(|error| error.to_string().contains("login.example")));
}

#[test]
fn a_server_that_is_down_for_a_moment_is_waited_for() {
    for (what, first) in
        [(What::StatusBefore(500), 2), (What::Unavailable(0), 2), (What::CutInBody, 1), (What::CutBefore, 2), (What::Slow(300), 1)]
    {
        let fake = FakeModelDb::start();
        fake.fail(Fault::new("*", "*", what.clone()).first(first));
        open(&fake, &[]).unwrap_or_else(|error| panic!("{what:?}: {error}"));
    }
    let fake = FakeModelDb::start();
    fake.fail(Fault::new("*", "*", What::StatusBefore(503)));
    assert!(matches!(open(&fake, &[]), Err(Error::Refused { status: 503, .. })));
}

#[test]
fn keys_and_tokens_are_sent_in_both_spellings() {
    let key = [("VERTA_EMAIL", "me@x.io"), ("VERTA_DEV_KEY", "key-1"), ("VERTA_WORKSPACE", "team")];
    let token = [("VERTA_JWT_TOKEN", "tok"), ("VERTA_JWT_TOKEN_SIG", "sig")];
    for drops in [false, true] {
        let fake = FakeModelDb::start();
        fake.require_key("me@x.io", "key-1");
        fake.require_token("tok", "sig");
        fake.world().drops_underscores = drops;
        fake.world().project_in("team", "churn");
        assert!(open(&fake, &token).is_ok());
        let client = open(&fake, &key).expect("ModelDB");
        assert!(client.project("churn").expect("an answer").is_some());
        let error = open(&fake, &[]).expect_err("nobody");
        assert!(matches!(error, Error::Refused { status: 401, .. }) && error.hint().is_some_and(|hint| hint.contains("VERTA_DEV_KEY")));
    }
}

#[test]
fn secrets_are_never_shown() {
    let fake = FakeModelDb::start();
    fake.fail(Fault::new("*", "*", What::Body(403, r#"{"error":"no key-1","message":"key-1 may not","code":7}"#.into())));
    let vars = [("VERTA_EMAIL", "me@x.io"), ("VERTA_DEV_KEY", "key-1")];
    let error = ModelDb::open(&access(&fake, &vars)).expect_err("a refusal");
    let shown = format!("{error} {error:?} {:?} {:?}", error.hint(), access(&fake, &vars));
    assert!(shown.contains("may not") && !shown.contains("key-1"), "{shown}");
}

#[test]
fn projects_and_experiments_are_found_by_their_exact_name() {
    let scene = Scene::new();
    scene.fake.world().project_in("other", "foreign");
    let client = scene.client();
    assert_eq!(client.project("churn").expect("an answer").map(|project| project.id), Some(scene.project.clone()));
    for none in ["Churn", "foreign", "", "../x"] {
        assert!(matches!(client.project(none), Ok(None) | Err(Error::Refused { status: 400, .. })), "{none}");
    }
    let one = client.experiment(&scene.project, "baseline").expect("an answer").expect("an experiment");
    assert_eq!((one.id, one.project), (scene.experiment.clone(), scene.project.clone()));
    assert!(client.experiment(&scene.project, "Baseline").expect("an answer").is_none());
    assert!(client.experiment("none", "baseline").expect("an answer").is_none());
}

#[test]
fn shared_projects_of_one_name_are_not_guessed() {
    let scene = Scene::new();
    let client = scene.client();
    let shared = |ids: &[&str]| {
        let list: Vec<_> = ids.iter().map(|id| serde_json::json!({"id": id, "name": "x"})).collect();
        What::Body(200, serde_json::json!({"shared_projects": list}).to_string())
    };
    scene.fake.fail(Fault::new("*", "*ByName", shared(&["1"])).nth(1));
    scene.fake.fail(Fault::new("*", "*ByName", shared(&["1", "2"])));
    assert_eq!(client.project("x").expect("an answer").map(|project| project.id).as_deref(), Some("1"));
    assert!(client.project("x").is_err_and(|error| error.hint().is_some_and(|hint| hint.contains("VERTA_WORKSPACE"))));
}

#[test]
fn one_run_with_its_history_and_data() {
    let scene = Scene::new();
    let version = scene.fake.world().dataset("train");
    let spec = RunSpec {
        name: "one",
        metrics: &[("auc", 0.5), ("tiny", 1e-5), ("odd", 0.1 + 0.2)],
        points: &[("loss", 0.5, 2), ("loss", 1.0, 0), ("auc", 9.0, 1)],
        datasets: &[("data", &version)],
        ..RunSpec::default()
    };
    let id = scene.fake.world().run(&scene.experiment, spec);
    let client = scene.client();
    let run = client.run(&id).expect("an answer").expect("a run");
    assert_eq!(run.metrics["odd"].as_f64(), Some(0.1 + 0.2));
    assert_eq!(run.metrics["tiny"].as_f64(), Some(1e-5));
    assert!(run.observed.contains("loss") && run.observed.len() == 2);
    let history = client.history(&id, "loss").expect("an answer");
    assert_eq!(history.points.iter().map(|point| (point.value, point.epoch)).collect::<Vec<_>>(), [(1.0, Some(0.0)), (0.5, Some(2.0))]);
    assert!(history.points[0].time > history.points[1].time && history.others == 0);
    assert_eq!((run.datasets[0].name.as_str(), &run.datasets[0].version), ("data", &version));
    assert!(client.run("none").expect("an answer").is_none() && client.run("").expect("an answer").is_none());
}
