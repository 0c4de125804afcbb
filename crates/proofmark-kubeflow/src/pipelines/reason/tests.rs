use proofmark_testkit::kubeflow::{FakeKubeflow, Fault, RunSpec, Script, Task, Version, What};

use super::super::rig::pipelines;
use super::*;

const LOG: &str = "epoch 1\n\u{1b}[31mepoch 2\rTraceback\n\nMemoryError: 12 GiB\n";

fn failed(kubeflow: &FakeKubeflow) -> String {
    let script = Script::new().task(Task::new("prepare")).task(Task::new("train").log(LOG)).fails("train", "Error (exit code 137)");
    let experiment = kubeflow.experiment("ci");
    kubeflow.run(&experiment, RunSpec::named("churn").script(script))
}

fn reason(kubeflow: &FakeKubeflow, run: &str) -> Reason {
    let client = pipelines(kubeflow);
    let run = client.run(run).expect("an answer").expect("a run");
    client.reason(&run)
}

#[test]
fn the_step_its_message_and_the_end_of_its_log() {
    let kubeflow = FakeKubeflow::start();
    let reason = reason(&kubeflow, &failed(&kubeflow));
    assert_eq!(reason.line().as_deref(), Some("`train` failed: Error (exit code 137)"));
    assert_eq!(reason.steps[0].log, ["epoch 1", "Traceback", "MemoryError: 12 GiB"]);
    assert!(reason.message.is_some_and(|message| message.contains("failed")) && reason.notes.is_empty());
}

#[test]
fn long_logs_are_cut_at_their_beginning() {
    let kubeflow = FakeKubeflow::start();
    let log: String = (0..1000).map(|line| format!("line {line} {}\n", "x".repeat(1000))).collect();
    let script = Script::new().task(Task::new("train").log(&log)).fails("train", "x");
    let experiment = kubeflow.experiment("ci");
    let run = kubeflow.run(&experiment, RunSpec::named("churn").script(script));
    let log = &reason(&kubeflow, &run).steps[0].log;
    assert!(log.len() == MOST_LINES && log[0].starts_with("line 980") && log[0].len() < 400, "{log:?}");
}

#[test]
fn what_cannot_be_had_is_noted() {
    for (path, what, noted) in [
        ("*/log", What::Body(200, r#"{"error_message":"gone","error_details":"pods \"x\" not found"}"#.to_owned()), "not found"),
        ("*/log", What::StatusBefore(500), "500"),
        ("*/v1beta1/runs/*", What::Body(404, r#"{"code":5,"message":"Not Found"}"#.to_owned()), "404"),
        ("*/v1beta1/runs/*", What::Html(200), "HTML"),
        ("*/v1beta1/runs/*", What::Body(200, r#"{"pipeline_runtime":{"workflow_manifest":"{"}}"#.to_owned()), "cannot be read"),
        ("*/v1beta1/runs/*", What::Body(200, "{}".to_owned()), "does not give it"),
    ] {
        let kubeflow = FakeKubeflow::start();
        let run = failed(&kubeflow);
        kubeflow.fail(Fault::new("GET", path, what));
        let reason = reason(&kubeflow, &run);
        assert!(reason.notes.iter().any(|note| note.contains(noted)), "{path}: {reason:?}");
        assert_eq!(reason.steps[0].task, "train", "the run itself tells that much");
    }
}

#[test]
fn newer_servers_say_it_of_the_task() {
    let kubeflow = FakeKubeflow::start().with(|world| world.version = Version::Artifacts);
    let run = failed(&kubeflow);
    kubeflow.fail(Fault::new("GET", "*/v1beta1/runs/*", What::Body(404, "{}".to_owned())));
    assert_eq!(reason(&kubeflow, &run).steps[0].task, "train");
}

#[test]
fn an_error_instead_of_a_log_is_known() {
    assert_eq!(error_in(r#"{"error_message":"a","error_details":"pods \"x\" not found"}"#).as_deref(), Some("pods \"x\" not found"));
    for log in ["epoch 1", r#"{"epoch": 1, "message": "x"}"#, "{", r#"{"error_message":"a"} b"#, ""] {
        assert_eq!(error_in(log), None, "{log}");
    }
}

#[test]
fn colours_are_left_out() {
    for (line, expected) in [("\u{1b}[1;31mBoom\u{1b}[0m!", "Boom!"), ("\u{1b}[", ""), ("a[31m", "a[31m"), ("\u{1b}[?25lé", "é")] {
        assert_eq!(uncoloured(line), expected);
    }
}

#[test]
fn a_reason_in_one_line() {
    let step = FailedStep { task: "train".into(), message: Some("OOMKilled".into()), log: Vec::new() };
    let reason = Reason { message: Some("child failed".into()), steps: vec![step], notes: Vec::new() };
    assert_eq!(reason.line().as_deref(), Some("`train` failed: OOMKilled"));
    assert_eq!(Reason::default().line(), None);
}
