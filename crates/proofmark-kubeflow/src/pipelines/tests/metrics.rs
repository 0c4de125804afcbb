use proofmark_testkit::kubeflow::{End, FakeKubeflow, Fault, Output, RunSpec, Script, Task, Version, What};
use serde_json::json;

use crate::Error;
use crate::pipelines::rig::pipelines;
use crate::pipelines::{Metrics, Pipelines, Run, Way};

const STORE: &str = "*/ml_metadata.*";

fn fake(version: Version) -> (FakeKubeflow, String) {
    let kubeflow = FakeKubeflow::start().with(|world| world.version = version);
    let ci = kubeflow.experiment("ci");
    (kubeflow, ci)
}

fn matrix() -> Output {
    let values = vec![
        ("display_name".to_owned(), json!("cm")),
        (
            "confusionMatrix".to_owned(),
            json!({"annotationSpecs": [{"displayName": "a"}, {"displayName": "b"}], "rows": [{"row": [5, 1]}, {"row": [2, 7]}]}),
        ),
    ];
    Output { key: "cm".to_owned(), kind: "system.ClassificationMetrics".to_owned(), values, uri: String::new() }
}

fn train() -> Script {
    let values = vec![("framework".to_owned(), json!("torch")), ("size".to_owned(), json!(5))];
    let model = Output { key: "model".to_owned(), kind: "system.Model".to_owned(), values, uri: String::new() };
    let task =
        Task::new("train").metrics("metrics", &[("accuracy", 0.93), ("loss", f64::NAN), ("none", 0.0)]).output(matrix()).output(model);
    Script::new().task(Task::new("prepare").metrics("stats", &[("rows", 500.0)])).task(task)
}

fn run(pipelines: &Pipelines, id: &str) -> Run {
    pipelines.run(id).expect("an answer").expect("a run")
}

fn metrics(pipelines: &Pipelines, id: &str) -> Metrics {
    pipelines.metrics(&run(pipelines, id)).unwrap_or_else(|error| panic!("metrics: {error}"))
}

#[test]
fn both_kinds_of_servers_tell_the_same() {
    let of = |version: Version| {
        let (kubeflow, ci) = fake(version);
        let first = kubeflow.run(&ci, RunSpec::named("first").script(train()));
        let again = Script::new().task(Task::new("prepare").cached_from(&first)).task(Task::new("train").cached_from(&first));
        let second = kubeflow.run(&ci, RunSpec::named("second").script(again.metrics("score", "metrics", &[("accuracy", 0.8)])));
        let pipelines = pipelines(&kubeflow);
        (metrics(&pipelines, &first), metrics(&pipelines, &second))
    };
    for (version, way) in [(Version::Mlmd, Way::Mlmd), (Version::Artifacts, Way::Artifacts)] {
        let (first, second) = of(version);
        assert_eq!((first.way, first.cached.len(), &first.notes), (way, 0, &Vec::new()));
        let keys = first.keys();
        assert_eq!(
            (keys["train.accuracy"].1, keys["train.none"].1, keys["train.cm.accuracy"].1, keys["prepare.rows"].1),
            (0.93, 0.0, 0.8, 500.0)
        );
        assert!(keys["train.loss"].1.is_nan() && !keys.contains_key("train.size"), "{keys:?}");
        assert_eq!(keys.len(), 4 + 11);
        assert_eq!(second.cached, ["prepare", "train"], "{way:?}");
        let keys = second.keys();
        assert_eq!((keys["train.accuracy"].1, keys["score.accuracy"].1, keys["train.cm.rows"].1), (0.93, 0.8, 15.0));
        assert_eq!(keys.len(), 5 + 11);
    }
}

#[test]
fn version_1_has_fifty_at_most() {
    let (kubeflow, ci) = fake(Version::V1);
    let few = kubeflow.run(&ci, RunSpec::named("few").metrics("train", "metrics", &[("accuracy", 0.93)]));
    let names: Vec<String> = (0..60).map(|number| format!("m{number}")).collect();
    let many: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 1.0)).collect();
    let many = kubeflow.run(&ci, RunSpec::named("many").metrics("train", "metrics", &many));
    let pipelines = pipelines(&kubeflow);
    let few = metrics(&pipelines, &few);
    assert_eq!((few.way, few.keys()["train.accuracy"].1, few.notes.len()), (Way::V1, 0.93, 0));
    let many = metrics(&pipelines, &many);
    assert_eq!(many.values.len(), 50);
    assert!(many.notes[0].contains("50 metrics of a run and no more"), "{:?}", many.notes);
}

#[test]
fn a_run_without_metrics_has_none() {
    for version in [Version::Mlmd, Version::Artifacts] {
        let (kubeflow, ci) = fake(version);
        let id = kubeflow.run(&ci, RunSpec::named("none").script(Script::new().task(Task::new("train"))));
        let found = metrics(&pipelines(&kubeflow), &id);
        assert!(found.values.is_empty(), "{found:?}");
    }
}

#[test]
fn a_server_without_its_ui_is_told_with_all_reasons() {
    for what in [What::Html(404), What::Html(200), What::StatusBefore(404), What::StatusBefore(403), What::Unavailable(0)] {
        let (kubeflow, ci) = fake(Version::Mlmd);
        let id = kubeflow.run(&ci, RunSpec::named("run").script(train()));
        kubeflow.fail(Fault::new("POST", STORE, what.clone()));
        let pipelines = pipelines(&kubeflow);
        let error = pipelines.metrics(&run(&pipelines, &id)).expect_err("no way");
        let Error::NoMetrics { reasons, .. } = &error else { panic!("{what:?}: {error}") };
        assert_eq!(reasons.len(), 3, "{reasons:?}");
        assert!(error.hint().is_some_and(|hint| hint.contains("ml-pipeline-ui")) && error.is_outside());
    }
}

#[test]
fn ways_that_are_not_there_are_looked_for_once() {
    let (kubeflow, ci) = fake(Version::V1);
    kubeflow.fail(Fault::new("POST", STORE, What::Html(404)));
    let ids: Vec<String> = (0..3).map(|_| kubeflow.run(&ci, RunSpec::named("run").metrics("train", "metrics", &[("a", 1.0)]))).collect();
    let pipelines = pipelines(&kubeflow);
    for id in &ids {
        assert_eq!(metrics(&pipelines, id).way, Way::V1);
    }
    let count = |part: &str| kubeflow.requests().iter().filter(|request| request.path.contains(part)).count();
    assert_eq!((count("artifact_tasks"), count("ml_metadata")), (1, 1));
}

#[test]
fn a_store_that_does_not_know_a_run_is_not_one_without_metrics() {
    let (kubeflow, ci) = fake(Version::Mlmd);
    let id = kubeflow.run(&ci, RunSpec::named("run").script(train()));
    let live = kubeflow.run(&ci, RunSpec { live: true, ..RunSpec::named("live") });
    let failed = kubeflow.run(&ci, RunSpec::named("bad").script(Script::new().end(End::Failed("train".to_owned(), "no".to_owned()))));
    let pipelines = pipelines(&kubeflow);
    let (known, waiting, failed) = (run(&pipelines, &id), run(&pipelines, &live), run(&pipelines, &failed));
    let lost = Run { id: failed.id.replace('-', ""), ..known };
    let error = pipelines.metrics(&lost).expect_err("nobody knows it");
    assert!(matches!(&error, Error::NoMetrics { reasons, .. } if reasons.iter().any(|why| why.contains("knows nothing"))), "{error}");
    let found = pipelines.metrics(&waiting).expect("not yet");
    assert!(found.values.is_empty() && found.notes[0].contains("knows nothing"), "{found:?}");
    assert!(pipelines.metrics(&failed).expect("none").values.is_empty());
}

#[test]
fn damaged_answers_of_the_store_are_errors() {
    let (kubeflow, ci) = fake(Version::Mlmd);
    let id = kubeflow.run(&ci, RunSpec::named("run").script(train()));
    let pipelines = pipelines(&kubeflow);
    let run = run(&pipelines, &id);
    for what in [What::CutBefore, What::CutInBody, What::Endless] {
        kubeflow.heal();
        pipelines.renew_budget();
        kubeflow.fail(Fault::new("POST", "*/GetArtifactsByContext", what.clone()));
        let error = pipelines.metrics(&run).expect_err("no answer");
        assert!(!matches!(error, Error::NoMetrics { .. }), "{what:?}: {error}");
    }
    kubeflow.heal();
    pipelines.renew_budget();
    assert!(!pipelines.metrics(&run).expect("metrics").values.is_empty());
}

#[test]
fn a_server_that_was_moved_on_may_have_older_runs_where_they_were() {
    let (kubeflow, ci) = fake(Version::Artifacts);
    let id = kubeflow.run(&ci, RunSpec::named("none").script(Script::new().task(Task::new("train"))));
    let run = run(&pipelines(&kubeflow), &id);
    let found = pipelines(&kubeflow).metrics(&run).expect("none");
    assert_eq!((found.way, found.notes.len()), (Way::Artifacts, 1));
    kubeflow.fail(Fault::new("POST", STORE, What::Unavailable(0)));
    assert!(matches!(pipelines(&kubeflow).metrics(&run), Err(Error::NoMetrics { .. })));
}
