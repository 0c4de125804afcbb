use proofmark_testkit::kubeflow::{End, FakeKubeflow, Fault, RunSpec, Script, State as There, Task, What};

use super::super::rig::{as_user, pace, pipelines};
use super::*;
use crate::Credentials;

fn live(kubeflow: &FakeKubeflow, script: Script) -> String {
    let experiment = kubeflow.experiment("ci");
    kubeflow.run(&experiment, RunSpec { live: true, ..RunSpec::named("churn").script(script) })
}

fn followed(client: &Pipelines, run: &str, limit: Option<Duration>) -> (Result<Ended, Error>, Vec<String>) {
    let mut lines = Vec::new();
    let ended = client.wait(run, limit, &pace(), &mut |progress| lines.push(progress.to_string()));
    (ended, lines)
}

#[test]
fn a_run_is_followed_to_its_end() {
    let kubeflow = FakeKubeflow::start();
    let run = live(&kubeflow, Script::new().polls(2, 3).task(Task::new("train")));
    let (ended, lines) = followed(&pipelines(&kubeflow), &run, None);
    let ended = ended.expect("an end");
    assert_eq!((ended.outcome, ended.run.state), (Outcome::Passed, State::Succeeded));
    assert_eq!(lines[..3], ["run PENDING", "run RUNNING", "train RUNNING"]);
    assert!(lines[3].starts_with("train SUCCEEDED after ") && lines.len() == 4, "{lines:?}");
}

#[test]
fn every_end_is_an_end() {
    for (end, outcome) in
        [(End::Failed("train".into(), "x".into()), Outcome::Failed), (End::Skipped, Outcome::Skipped), (End::Canceled, Outcome::Canceled)]
    {
        let kubeflow = FakeKubeflow::start();
        let run = live(&kubeflow, Script::new().task(Task::new("train")).end(end));
        let ended = followed(&pipelines(&kubeflow), &run, None).0.expect("an end");
        assert_eq!((ended.outcome, ended.outcome.passed()), (outcome, false));
    }
    let error = followed(&pipelines(&FakeKubeflow::start()), "nope", None).0.expect_err("no run");
    assert!(matches!(error, Error::Input { .. }), "{error}");
}

#[test]
fn a_server_that_is_away_is_waited_for_and_told_once() {
    for what in [What::StatusBefore(503), What::CutBefore, What::Html(502)] {
        let kubeflow = FakeKubeflow::start();
        let run = live(&kubeflow, Script::new().polls(1, 2).task(Task::new("train")));
        kubeflow.fail(Fault::new("GET", "*/runs/*", what.clone()).first(7));
        let (ended, lines) = followed(&pipelines(&kubeflow), &run, None);
        assert_eq!(ended.expect("an end").outcome, Outcome::Passed, "{what:?}");
        assert!(lines[0].starts_with("the server does not answer") && lines[1] == "the server answers again", "{lines:?}");
    }
}

#[test]
fn patience_ends() {
    let kubeflow = FakeKubeflow::start();
    let run = live(&kubeflow, Script::new());
    let client = pipelines(&kubeflow);
    kubeflow.fail(Fault::new("GET", "*/runs/*", What::StatusBefore(503)));
    let short = Pace { patience: Duration::from_millis(30), ..pace() };
    assert!(matches!(client.wait(&run, None, &short, &mut |_| ()), Err(Error::Refused { status: 503, .. })));
    kubeflow.heal();
    // A login page does not go away.
    kubeflow.fail(Fault::new("GET", "*/runs/*", What::Html(200)));
    assert!(matches!(client.wait(&run, None, &pace(), &mut |_| ()), Err(Error::Api(ApiError::Strange { .. }))));
    kubeflow.heal();
    kubeflow.fail(Fault::new("GET", "*/runs/*", What::Body(403, "{}".to_owned())));
    assert!(matches!(client.wait(&run, None, &pace(), &mut |_| ()), Err(Error::Refused { status: 403, .. })));
}

#[test]
fn a_token_that_runs_out_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "first\n").expect("a file");
    let kubeflow = FakeKubeflow::start();
    let run = live(&kubeflow, Script::new().polls(2, 6).task(Task::new("train")));
    kubeflow.world().auth.token_for("first", 4);
    kubeflow.require_token("second");
    let client = as_user(&kubeflow, Credentials::TokenFile(file.clone()));
    let mut count = 0;
    let ended = client.wait(&run, None, &pace(), &mut |_| {
        count += 1;
        std::fs::write(&file, "second\n").expect("a file");
    });
    assert_eq!(ended.expect("an end").outcome, Outcome::Passed);
    assert!(count > 0 && kubeflow.requests().iter().any(|request| request.status == Some(401)));
}

#[test]
fn what_takes_too_long_is_stopped_and_said_to_be() {
    let kubeflow = FakeKubeflow::start();
    let run = live(&kubeflow, Script::new().end(End::Never).task(Task::new("train")));
    let (ended, lines) = followed(&pipelines(&kubeflow), &run, Some(Duration::from_millis(20)));
    let ended = ended.expect("an end");
    assert_eq!((ended.outcome, ended.run.state), (Outcome::Stopped { seconds: 0 }, State::Failed));
    assert!(lines.contains(&"run CANCELING".to_owned()) && lines.iter().any(|line| line.contains("told to stop")), "{lines:?}");
    assert_eq!(kubeflow.world().state_of(&run), Some(There::Failed));
}

#[test]
fn what_somebody_else_stops_was_canceled() {
    let kubeflow = FakeKubeflow::start();
    let run = live(&kubeflow, Script::new().end(End::Never).task(Task::new("train")));
    let client = pipelines(&kubeflow);
    let other = pipelines(&kubeflow);
    let mut stopped = false;
    let ended = client.wait(&run, None, &pace(), &mut |progress| {
        if matches!(progress, Progress::Run { state: State::Running }) && !stopped {
            stopped = true;
            other.terminate(&run).expect("stopped");
        }
    });
    assert_eq!(ended.expect("an end").outcome, Outcome::Canceled);
    assert_eq!(other.terminate(&run), Ok(()), "what has ended is left alone");
    assert!(matches!(other.terminate("nope"), Err(Error::Input { .. })));
}

#[test]
fn what_does_not_stop_is_told() {
    let kubeflow = FakeKubeflow::start();
    let run = live(&kubeflow, Script::new().end(End::Never));
    kubeflow.fail(Fault::new("POST", "*:terminate", What::Body(403, r#"{"message":"may not"}"#.to_owned())));
    let error = followed(&pipelines(&kubeflow), &run, Some(Duration::ZERO)).0.expect_err("too late").to_string();
    assert!(error.contains("cannot be stopped") && error.contains("may not"), "{error}");
}
