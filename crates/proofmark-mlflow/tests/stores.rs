//! Three stores of one world, each read as its own server told it: values come from the recordings.
#![cfg(feature = "sqlite")]

use std::collections::BTreeMap;

use proofmark_mlflow::model::{ModelVersion, Which};
use proofmark_mlflow::run::{COMMIT_TAG, Dataset, PARENT_TAG, Point, Run, Status};
use proofmark_mlflow::store::Query;
use proofmark_mlflow::{Error, Location, Store};
use serde_json::Value;

#[path = "stores_support/mod.rs"]
mod support;
use support::Recording;

#[test]
fn the_database_of_mlflow_3() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = support::opened(&Location::Database(support::database("3.17.2", folder.path())));
    agrees(store.as_ref(), &Recording::read("3.17.2-sqlite"), Kind::Sql);
}

#[test]
fn the_database_of_mlflow_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = support::opened(&Location::Database(support::database("2.22.5", folder.path())));
    agrees(store.as_ref(), &Recording::read("2.22.5-sqlite"), Kind::Sql);
}

#[test]
fn the_folders_of_mlflow_3() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = support::opened(&Location::Folder(support::folders(folder.path())));
    agrees(store.as_ref(), &Recording::read("3.17.2-file"), Kind::Files);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The largest numbers stand for infinities.
    Sql,
    /// The first of a number and NaN at one time is MLflow's latest; ours is the number, in every store.
    Files,
}

fn agrees(store: &dyn Store, recording: &Recording, kind: Kind) {
    let experiment = experiments(store, recording);
    for (_, body) in recording.calls("run get").filter(|(_, body)| body["run"].is_object()) {
        let id = text(&body["run"]["info"], "run_id");
        same_run(&store.run(&id).expect("readable").expect("the run"), &body["run"], kind);
    }
    assert_eq!(store.run("00000000000000000000000000000000"), Ok(None));
    assert_eq!(store.run("../0"), Ok(None));
    searches(store, recording, &experiment, kind);
    histories(store, recording, kind);
    registry(store, recording);
    for (_, body) in recording.calls("logged model").filter(|(_, body)| body["model"].is_object()) {
        let theirs = &body["model"];
        let ours = store.logged_model(&text(&theirs["info"], "model_id")).expect("readable").expect("the model");
        assert_eq!((ours.name, ours.run.unwrap_or_default()), (text(&theirs["info"], "name"), text(&theirs["info"], "source_run_id")));
        assert_eq!((ours.tags, ours.params), (pairs(&theirs["info"]["tags"]), pairs(&theirs["data"]["params"])));
        let metrics = ours.metrics.iter().map(|metric| (metric.name.clone(), metric.value)).collect::<BTreeMap<_, _>>();
        let expected: BTreeMap<_, _> =
            list(&theirs["data"]["metrics"]).map(|metric| (text(metric, "key"), point(metric, kind).value)).collect();
        assert_eq!(metrics, expected);
        assert!(ours.metrics.iter().all(|metric| metric.dataset.is_none()));
    }
    assert_eq!(store.logged_model("m-none"), Ok(None));
    assert_eq!(store.run_url(&Run::new("a", "0")), None);
}

fn experiments(store: &dyn Store, recording: &Recording) -> String {
    for theirs in list(&recording.call("experiments search").1["experiments"]) {
        let ours = store.experiment(&text(theirs, "name")).expect("readable").expect("the experiment");
        assert_eq!(ours.id, text(theirs, "experiment_id"));
    }
    for name in ["nope", "CHURN", "churn ", "", "churn' or '1'='1"] {
        assert_eq!(store.experiment(name), Ok(None), "{name}");
    }
    text(&recording.call("experiment by name").1["experiment"], "experiment_id")
}

fn searches(store: &dyn Store, recording: &Recording, experiment: &str, kind: Kind) {
    let search = |tags: &[(&str, &str)], limit| {
        let tags = tags.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned(), "another".to_owned()])).collect();
        let found = store.search(&Query { experiments: vec![experiment.to_owned()], tags, name: None, limit }).expect("readable");
        assert_eq!(found.skipped, []);
        found
    };
    let finished: Vec<Run> = search(&[("mlflow.source.git.branch", "feature/wider-net")], 100).runs;
    let finished: Vec<_> = finished.into_iter().filter(|run| run.status == Status::Finished).collect();
    let pages = list(&recording.call("runs of a branch").1["runs"]).chain(list(&recording.call("next page").1["runs"]));
    let mut read = 0;
    for (ours, theirs) in finished.iter().zip(pages) {
        same_run(ours, theirs, kind);
        read += 1;
    }
    assert_eq!(read, 4);

    let (request, body) = recording.call("runs of a commit");
    let commit = text(&request["json"], "filter").split('\'').nth(1).expect("a commit").to_owned();
    let found = search(&[(COMMIT_TAG, &commit)], 100);
    assert_eq!(
        found.runs.iter().map(|run| run.id.clone()).collect::<Vec<_>>(),
        list(&body["runs"]).map(|run| text(&run["info"], "run_id")).collect::<Vec<_>>()
    );
    assert!(!found.runs.is_empty() && found.incomplete.is_none());
    assert_eq!(search(&[(COMMIT_TAG, &commit), ("mlflow.user", "nobody")], 100).runs, []);

    let all = search(&[], 100);
    let newest = all.runs.iter().find(|run| run.tag(PARENT_TAG).is_none()).expect("a run");
    // The old server cannot be asked that.
    for theirs in list(&recording.call("runs: top level only").1["runs"]) {
        same_run(newest, theirs, kind);
    }
    assert!(all.runs.iter().all(|run| !run.deleted) && all.runs.iter().any(|run| run.status == Status::Running));
    assert!(all.runs.is_sorted_by(|one, two| one.started >= two.started));
    let cut = search(&[], 3);
    let id = |run: &Run| run.id.clone();
    assert_eq!(cut.runs.iter().map(id).collect::<Vec<_>>(), all.runs[..3].iter().map(id).collect::<Vec<_>>());
    assert!(cut.incomplete.is_some());
    let named = Query { experiments: vec![experiment.to_owned()], name: Some("odd | names".to_owned()), limit: 9, ..Query::default() };
    assert_eq!(store.search(&named).expect("readable").runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>(), ["odd | names"]);
    for experiments in [vec![], vec!["999".to_owned()], vec!["../0".to_owned()], vec!["models".to_owned()]] {
        assert_eq!(store.search(&Query { experiments, limit: 9, ..Query::default() }).expect("readable").runs, []);
    }
}

fn histories(store: &dyn Store, recording: &Recording, kind: Kind) {
    for name in ["history", "history, same step"] {
        let (request, body) = recording.call(name);
        let run = store.run(&text(&request["query"], "run_id")).expect("readable").expect("the run");
        let mut ours = store.history(&run, &text(&request["query"], "metric_key")).expect("readable");
        let mut theirs: Vec<Point> = list(&body["metrics"]).map(|metric| point(metric, kind)).collect();
        let order = |one: &Point, two: &Point| (one.step, one.time).cmp(&(two.step, two.time)).then(one.value.total_cmp(&two.value));
        ours.sort_by(order);
        theirs.sort_by(order);
        assert!(
            ours.len() >= 5 && ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(ours, theirs)| same(ours, theirs)),
            "{ours:?} {theirs:?}"
        );
    }
    let (request, body) = recording.call("history, paged");
    let run = store.run(&text(&request["query"], "run_id")).expect("readable").expect("the run");
    let history = store.history(&run, "loss").expect("readable");
    assert_eq!(history.len(), 2500);
    assert!(list(&body["metrics"]).all(|metric| history.contains(&point(metric, kind))));
    for metric in ["none", "", "../params/lr", "é"] {
        assert_eq!(store.history(&run, metric), Ok(Vec::new()));
    }
}

fn registry(store: &dyn Store, recording: &Recording) {
    let same_version = |ours: &ModelVersion, theirs: &Value, with_aliases: bool| {
        assert_eq!(ours.version.to_string(), text(theirs, "version"));
        assert_eq!(
            (ours.model.clone(), ours.source.clone(), ours.status.clone()),
            (text(theirs, "name"), text(theirs, "source"), text(theirs, "status"))
        );
        assert_eq!(ours.run.clone().unwrap_or_default(), text(theirs, "run_id"));
        assert_eq!(ours.stage.clone().unwrap_or_default(), text(theirs, "current_stage"));
        let mut tags = pairs(&theirs["tags"]);
        // The recording sets this one and takes it away at its end.
        tags.remove("k");
        assert_eq!(ours.tags, tags);
        assert_eq!(ours.logged_model.as_deref(), ours.source.strip_prefix("models:/"));
        let aliases: Vec<String> = list(&theirs["aliases"]).filter_map(|alias| alias.as_str().map(str::to_owned)).collect();
        assert_eq!(ours.aliases, if with_aliases { aliases } else { Vec::new() });
    };
    let version = |which| store.model_version("churn-clf", &which).expect("readable");
    let (_, body) = recording.call("version by alias");
    let champion = version(Which::Alias("champion".to_owned())).expect("a version");
    same_version(&champion, &body["model_version"], true);
    let is_third = |(request, _): &(&Value, &Value)| text(request, "path").ends_with("model-versions/get");
    let (_, body) = recording.calls("version").find(is_third).expect("the third version");
    same_version(&version(Which::Number(3)).expect("a version"), &body["model_version"], true);
    let of_run = store.versions_of_run("churn-clf", champion.run.as_deref().expect("its run")).expect("readable");
    let (_, body) = recording.call("versions of a run");
    assert_eq!(of_run.len(), list(&body["model_versions"]).count());
    same_version(&of_run[0], &body["model_versions"][0], false);
    for which in
        [Which::Alias("none".to_owned()), Which::Alias("../meta.yaml".to_owned()), Which::Number(4), Which::Stage("Production".to_owned())]
    {
        assert_eq!(version(which), None);
    }
    assert_eq!(version(Which::Stage("none".to_owned())).map(|version| version.version), Some(3));
    assert_eq!(store.versions_of_run("churn-clf", "nobody"), Ok(Vec::new()));
    for model in ["none", "../0", "", "churn-clf/version-1"] {
        assert!(matches!(store.model_version(model, &Which::Number(1)), Err(Error::NoModel { .. })), "{model}");
    }
}

fn same_run(ours: &Run, theirs: &Value, kind: Kind) {
    let info = &theirs["info"];
    assert_eq!((&ours.id, &ours.name, &ours.experiment), (&text(info, "run_id"), &text(info, "run_name"), &text(info, "experiment_id")));
    assert_eq!(Some(ours.status), Status::from_name(&text(info, "status")));
    assert_eq!((ours.started, ours.ended), (info["start_time"].as_i64(), info["end_time"].as_i64()));
    assert_eq!((&ours.artifacts, ours.deleted), (&text(info, "artifact_uri"), text(info, "lifecycle_stage") == "deleted"));
    let cut =
        |value: &str| if value.len() > 1000 { format!("{}...(cut, {} characters)", &value[..10], value.len()) } else { value.to_owned() };
    let params: BTreeMap<String, String> = ours.params.iter().map(|(name, value)| (name.clone(), cut(value))).collect();
    assert_eq!((params, &ours.tags), (pairs(&theirs["data"]["params"]), &pairs(&theirs["data"]["tags"])));
    let metrics: BTreeMap<String, Point> =
        list(&theirs["data"]["metrics"]).map(|metric| (text(metric, "key"), point(metric, kind))).collect();
    assert_eq!(ours.metrics.keys().collect::<Vec<_>>(), metrics.keys().collect::<Vec<_>>());
    for (name, theirs) in &metrics {
        let ours = &ours.metrics[name];
        let is_tie = kind == Kind::Files && name == "nan_tie";
        assert!(if is_tie { ours.value == 0.25 && theirs.value.is_nan() } else { same(ours, theirs) }, "{name}: {ours:?} {theirs:?}");
    }
    let mut datasets: Vec<Dataset> = list(&theirs["inputs"]["dataset_inputs"])
        .map(|input| Dataset {
            name: text(&input["dataset"], "name"),
            digest: text(&input["dataset"], "digest"),
            context: pairs(&input["tags"]).remove("mlflow.data.context"),
        })
        .collect();
    datasets.sort();
    assert_eq!(ours.datasets, datasets);
    assert_eq!(ours.models, list(&theirs["outputs"]["model_outputs"]).map(|output| text(output, "model_id")).collect::<Vec<_>>());
}

/// The same to the last bit.
fn same(one: &Point, two: &Point) -> bool {
    let is_same = one.value.to_bits() == two.value.to_bits() || one.value.is_nan() && two.value.is_nan();
    is_same && (one.step, one.time) == (two.step, two.time)
}

fn point(metric: &Value, kind: Kind) -> Point {
    let value = match &metric["value"] {
        Value::String(word) => word.parse().expect("NaN or an infinity"),
        number => number.as_f64().expect("a number"),
    };
    let (step, time) = (metric["step"].as_i64().unwrap_or(0), metric["timestamp"].as_i64().expect("a time"));
    if kind == Kind::Sql { Point::new(value, step, time) } else { Point { value, step, time } }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn pairs(value: &Value) -> BTreeMap<String, String> {
    list(value).map(|pair| (text(pair, "key"), text(pair, "value"))).collect()
}
