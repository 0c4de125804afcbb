use proofmark_testkit::kubeflow::{FakeKubeflow, Fault, RunSpec, State as There, What};
use serde_json::{Value, json};

use super::super::rig::{CHURN, KEY, pace, pipelines, spec, submission};
use super::*;
use crate::pipelines::Version;

fn posted(kubeflow: &FakeKubeflow) -> Vec<Value> {
    let is_start = |request: &proofmark_testkit::kubeflow::Recorded| request.method == "POST" && request.path.ends_with("/runs");
    kubeflow.requests().into_iter().filter(is_start).map(|request| request.body).collect()
}

fn name() -> String {
    format!("churn main abc1234 [{KEY}]")
}

#[test]
fn a_run_is_started_once_and_then_taken() {
    let kubeflow = FakeKubeflow::start();
    let client = pipelines(&kubeflow);
    let started = client.start_at(&submission(), &pace()).expect("a run");
    assert_eq!((started.origin, started.notes.len()), (Origin::New, 0));
    let body = &posted(&kubeflow)[0];
    assert_eq!(body["display_name"], json!(name()));
    assert_eq!(body["runtime_config"], json!({"parameters": {"rows": 500}}));
    assert!(body.get("service_account").is_none() && body["experiment_id"].is_string());
    let again = client.start_at(&submission(), &pace()).expect("the same run");
    assert_eq!((again.origin, &again.run_id), (Origin::Earlier, &started.run_id));
    assert_eq!(posted(&kubeflow).len(), 1);
}

#[test]
fn whatever_state_it_is_in_an_earlier_run_is_taken_unless_it_was_put_away() {
    let kubeflow = FakeKubeflow::start();
    let experiment = kubeflow.experiment("other");
    kubeflow.run(&experiment, RunSpec { archived: true, ..RunSpec::named(&name()) });
    kubeflow.run(&experiment, RunSpec::named(&format!("{}x", name())));
    let client = pipelines(&kubeflow);
    assert_eq!(client.first_with_key(KEY), Ok(None));
    let failed = kubeflow.run(&experiment, RunSpec::named(&name()).script(proofmark_testkit::kubeflow::Script::new().fails("train", "x")));
    let started = client.start_at(&submission(), &pace()).expect("the run");
    assert_eq!((started.run_id, started.origin, started.state), (failed, Origin::Earlier, State::Failed));
    assert_eq!(client.runs_like("pm1-").expect("runs").len(), 2);
}

#[test]
fn a_version_is_run_by_its_name() {
    let kubeflow = FakeKubeflow::start();
    let (pipeline, version) = kubeflow.pipeline("churn", CHURN);
    let client = pipelines(&kubeflow);
    let found = client.pipeline("churn").expect("an answer").expect("a pipeline");
    assert_eq!(client.newest_version(&found).expect("an answer").map(|found| found.id), Some(version.clone()));
    let chosen = client.version(&found, "churn").expect("an answer").expect("a version");
    let started = Submission { pipeline: Source::Version(chosen.clone()), caching: Some(true), ..submission() };
    client.start_at(&started, &pace()).expect("a run");
    assert_eq!(posted(&kubeflow)[0]["pipeline_version_reference"], json!({"pipeline_id": pipeline, "pipeline_version_id": version}));
    // Without caching, what the server has is sent back with that one thing changed.
    let uncached = Submission { caching: Some(false), key: "other".to_owned(), ..started };
    let started = client.start_at(&uncached, &pace()).expect("a run");
    assert!(started.notes[0].contains("caching"), "{:?}", started.notes);
    let sent = Spec::from_json(posted(&kubeflow)[1]["pipeline_spec"].clone()).expect("a pipeline");
    assert!(sent.is_cached().is_empty() && sent.is_same(&spec().with_caching(false)));
    // What is not there is found out before the server answers 500.
    let missing = Version { id: "nope".to_owned(), name: String::new(), ..chosen };
    let wrong = Submission { pipeline: Source::Version(missing), key: "third".to_owned(), ..submission() };
    let error = client.start_at(&wrong, &pace()).expect_err("no version");
    assert!(matches!(error, Error::Input { .. }) && error.to_string().contains("`nope`"), "{error}");
    assert_eq!(posted(&kubeflow).len(), 2);
}

#[test]
fn mistakes_are_told_before_anything_is_sent() {
    let kubeflow = FakeKubeflow::start();
    let client = pipelines(&kubeflow);
    let mut wrong = submission();
    wrong.parameters = [("rows".to_owned(), json!(1.5)), ("rowz".to_owned(), json!(1))].into();
    let error = client.start_at(&wrong, &pace()).expect_err("mistakes").to_string();
    assert!(error.contains("`1.5`") && error.contains("`rowz`"), "{error}");
    assert!(client.start_at(&Submission { key: "a b".to_owned(), ..submission() }, &pace()).is_err());
    assert!(client.start_at(&Submission { experiment: Some("\n".to_owned()), ..submission() }, &pace()).is_err());
    assert!(kubeflow.writes().is_empty());
}

#[test]
fn a_run_whose_answer_was_lost_is_found_again() {
    for what in [What::CutAfter, What::StatusAfter(502), What::StatusAfter(500), What::Truncated, What::Empty, What::CutInBody] {
        let kubeflow = FakeKubeflow::start();
        kubeflow.experiment("ci");
        kubeflow.fail(Fault::new("POST", "*/runs", what.clone()).nth(1));
        let started = pipelines(&kubeflow).start_at(&submission(), &pace()).unwrap_or_else(|error| panic!("{what:?}: {error}"));
        assert_eq!(started.origin, Origin::FoundAgain, "{what:?}");
        assert_eq!((kubeflow.world().runs_named(&name()), posted(&kubeflow).len()), (vec![started.run_id], 1), "{what:?}");
    }
}

#[test]
fn what_nobody_can_tell_is_said() {
    for what in [What::CutBefore, What::StatusBefore(500), What::StatusBefore(503), What::Html(200)] {
        let kubeflow = FakeKubeflow::start();
        kubeflow.experiment("ci");
        kubeflow.fail(Fault::new("POST", "*/runs", what.clone()).nth(1));
        let client = pipelines(&kubeflow);
        let error = client.start_at(&submission(), &pace()).expect_err("doubt");
        assert!(matches!(error, Error::Doubt { .. }), "{what:?}: {error}");
        assert_eq!(posted(&kubeflow).len(), 1, "{what:?}");
        let started = client.start_at(&submission(), &pace()).expect("a run");
        assert_eq!(started.origin, Origin::New, "{what:?}");
    }
}

#[test]
fn why_the_server_broke_is_told() {
    let kubeflow = FakeKubeflow::start();
    kubeflow.experiment("ci");
    // Pipelines answers most mistakes with 500, those of whoever asks as well.
    let told = r#"{"code":13,"message":"outer","details":[{"@type":"x","message":"no such service account"}]}"#;
    kubeflow.fail(Fault::new("POST", "*/runs", What::Body(500, told.to_owned())));
    let error = pipelines(&kubeflow).start_at(&submission(), &pace()).expect_err("doubt");
    assert!(matches!(&error, Error::Doubt { why, .. } if why.contains("no such service account")), "{error}");
}

#[test]
fn a_refusal_is_no_doubt() {
    let kubeflow = FakeKubeflow::start();
    kubeflow.experiment("ci");
    kubeflow.fail(Fault::new("POST", "*/runs", What::Body(400, r#"{"code":3,"message":"no","details":[]}"#.to_owned())));
    let error = pipelines(&kubeflow).start_at(&submission(), &pace()).expect_err("refused");
    assert!(matches!(error, Error::Refused { status: 400, .. }), "{error}");
}

#[test]
fn two_who_start_at_the_same_time_leave_one_run() {
    // Somebody is faster.
    let kubeflow = FakeKubeflow::start();
    let experiment = kubeflow.experiment("ci");
    kubeflow.before("POST", "*/runs", 1, move |world| drop(world.run(&experiment, RunSpec { live: true, ..RunSpec::named(&name()) })));
    let started = pipelines(&kubeflow).start_at(&submission(), &pace()).expect("a run");
    let runs = kubeflow.world().runs_named(&name());
    assert_eq!((started.origin, &started.run_id, runs.len()), (Origin::Earlier, &runs[0], 2));
    assert!(matches!(kubeflow.world().state_of(&runs[1]), Some(There::Canceling)), "ours is stopped");
    assert!(started.notes[0].contains("was stopped"), "{:?}", started.notes);
    // Somebody is slower: the run is ours, and the other one's business is his.
    let kubeflow = FakeKubeflow::start();
    let experiment = kubeflow.experiment("ci");
    kubeflow.after("POST", "*/runs", 1, move |world| drop(world.run(&experiment, RunSpec { live: true, ..RunSpec::named(&name()) })));
    let started = pipelines(&kubeflow).start_at(&submission(), &pace()).expect("a run");
    let runs = kubeflow.world().runs_named(&name());
    assert_eq!((started.origin, &started.run_id), (Origin::New, &runs[0]));
    assert!(!matches!(kubeflow.world().state_of(&runs[1]), Some(There::Canceling)));
}

#[test]
fn whoever_is_faster_is_seen_even_when_our_answer_was_lost() {
    let kubeflow = FakeKubeflow::start();
    let experiment = kubeflow.experiment("ci");
    kubeflow.before("POST", "*/runs", 1, move |world| drop(world.run(&experiment, RunSpec { live: true, ..RunSpec::named(&name()) })));
    kubeflow.fail(Fault::new("POST", "*/runs", What::CutAfter).nth(1));
    let started = pipelines(&kubeflow).start_at(&submission(), &pace()).expect("a run");
    let runs = kubeflow.world().runs_named(&name());
    assert_eq!((started.origin, &started.run_id), (Origin::Earlier, &runs[0]));
    assert!(matches!(kubeflow.world().state_of(&runs[1]), Some(There::Canceling)));
}

#[test]
fn many_at_once_leave_one_run() {
    let kubeflow = FakeKubeflow::start();
    kubeflow.experiment("ci");
    let pace = Pace { settling: std::time::Duration::from_millis(300), ..pace() };
    let started: Vec<Started> = std::thread::scope(|scope| {
        let start = || pipelines(&kubeflow).start_at(&submission(), &pace).expect("a run");
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a result")).collect()
    });
    let ids: std::collections::BTreeSet<&str> = started.iter().map(|started| started.run_id.as_str()).collect();
    assert_eq!(ids.len(), 1, "{started:?}");
    let runs = kubeflow.world().runs_named(&name());
    let alive = runs.iter().filter(|run| !matches!(kubeflow.world().state_of(run), Some(There::Canceling | There::Failed)));
    assert_eq!(alive.count(), 1, "{runs:?}");
}

#[test]
fn experiments_are_found_made_and_not_taken_when_put_away() {
    let kubeflow = FakeKubeflow::start();
    kubeflow.fail(Fault::new("POST", "*/experiments", What::CutAfter).nth(1));
    let client = pipelines(&kubeflow);
    client.start_at(&submission(), &pace()).expect("a run, though the answer about the experiment was lost");
    let experiment = client.experiment("ci").expect("an answer").expect("an experiment");
    let archive = Call::change(Method::POST, "experiment", format!("{V2}/experiments")).part(&experiment.id).then(":archive");
    client.api().json::<Value>(&archive).expect("put away");
    let error = client.start_at(&Submission { key: "other".to_owned(), ..submission() }, &pace()).expect_err("put away");
    assert!(error.to_string().contains("archived"), "{error}");
    let unnamed = Submission { experiment: None, key: "third".to_owned(), ..submission() };
    client.start_at(&unnamed, &pace()).expect("a run in the server's own experiment");
}

#[test]
fn a_list_without_an_end_is_not_taken_for_one_without_the_key() {
    let kubeflow = FakeKubeflow::start();
    let experiment = kubeflow.experiment("ci");
    for _ in 0..1001 {
        kubeflow.run(&experiment, RunSpec::named(&format!("{}?", name())));
    }
    let client = pipelines(&kubeflow);
    assert!(matches!(client.start_at(&submission(), &pace()), Err(Error::Damaged { .. })));
    assert_eq!(client.runs_like(KEY).expect("runs").len(), 1000);
    assert!(kubeflow.writes().is_empty());
}

#[test]
fn forms_that_no_server_takes_are_not_sent() {
    let kubeflow = FakeKubeflow::start();
    for text in [CHURN.replace("2.1.0", "2.0.0"), CHURN.replace("schemaVersion: 2.1.0\n", ""), CHURN.replace("\nroot:", "\nrood:")] {
        let spec = Spec::parse(text.as_bytes()).expect("a pipeline");
        let wrong = Submission { pipeline: Source::Spec(Box::new(spec)), parameters: [].into(), ..submission() };
        let error = pipelines(&kubeflow).start_at(&wrong, &pace()).expect_err("no server takes it");
        assert!(matches!(error, Error::Input { .. }), "{error}");
    }
    assert!(kubeflow.writes().is_empty());
}

/// The server tells the time in seconds: by that alone, the one who looked first would keep his run, and so would the other.
#[test]
fn of_two_runs_of_one_second_both_see_the_same_one_as_the_first() {
    // Times are the same in each world.
    let kubeflow = FakeKubeflow::start();
    kubeflow.experiment("ci");
    let client = pipelines(&kubeflow);
    let alone = client.start_at(&submission(), &pace()).expect("a run").run_id;
    let created = client.run(&alone).expect("an answer").and_then(|run| run.created).expect("a time") / 1000;
    for id in ["00000000-0000-4000-8000-000000000000", "ffffffff-ffff-4fff-8fff-ffffffffffff"] {
        let kubeflow = FakeKubeflow::start();
        let experiment = kubeflow.experiment("ci");
        // It comes a while after ours, with the time that ours has.
        kubeflow.after("POST", "*/runs", 1, move |world| {
            world.run(&experiment, RunSpec { id: id.to_owned(), live: true, ..RunSpec::named(&name()).created(created) });
        });
        let started = pipelines(&kubeflow).start_at(&submission(), &pace()).expect("a run");
        let is_first = id.starts_with('0');
        assert_eq!((started.run_id == id, started.origin == Origin::Earlier), (is_first, is_first));
    }
}
