//! The world that was recorded, made anew with the recorded ids.

use proofmark_testkit::mlflow::{FakeMlflow, ModelSpec, RunSpec, Version};
use serde_json::Value;

const START: i64 = 1_700_000_000_000;
const MINUTE: i64 = 60_000;
const MODEL: &str = "churn-clf";

type Points<'a> = Vec<(&'a str, f64, i64, i64)>;

/// A fake with the recorded world. Ids that the recording does not name are made up.
pub(crate) fn world(version: Version, recording: &Value) -> FakeMlflow {
    let mlflow = FakeMlflow::of_version(version);
    let churn = mlflow.experiment("churn");
    mlflow.world().tag_experiment(&churn, "team", "growth");
    mlflow.experiment("empty experiment / ü");
    let id = |name: &str| run_id(recording, name).unwrap_or_default();
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    let (a, b, c) = ("a".repeat(40), "b".repeat(40), "c".repeat(40));
    let long = "n".repeat(250);
    let runs: [(&str, i64, &str, &str, &str, Points<'_>); 8] = [
        ("main-1", 0, "main", &one, "FINISHED", with(curve(0.9, 0.5, 5), &[("accuracy", 0.9), ("auc", 0.93), ("latency_ms", 12.0)])),
        (
            "main-2",
            60,
            "main",
            &two,
            "FINISHED",
            with(curve(0.8, 0.4, 5), &[("accuracy", 0.91), ("auc", 0.94), ("latency_ms", 12.5), ("only_on_main", 1.0)]),
        ),
        ("wider-1", 90, "feature/wider-net", &a, "FINISHED", with(vec![], &[("accuracy", 0.95), ("auc", 0.9)])),
        ("wider-2", 120, "feature/wider-net", &b, "FINISHED", diverged()),
        ("sweep", 150, "feature/wider-net", &b, "FINISHED", vec![]),
        ("crashed", 180, "feature/wider-net", &b, "FAILED", vec![("accuracy", 0.99, 0, 1000)]),
        ("still running", 185, "feature/wider-net", &b, "RUNNING", vec![("accuracy", 0.5, 0, 1000)]),
        ("odd | names", 200, "odd", &c, "FINISHED", odd(&long)),
    ];
    let source = [("mlflow.source.type", "JOB"), ("mlflow.source.name", "train.py"), ("mlflow.user", "ci")];
    let noted = [source[0], source[1], source[2], ("note", "ünï\u{2011}code\n| pipe | and <b>tag</b>")];
    let long_name = "p".repeat(250);
    let table = |second: &str| {
        format!(r#"{{"columns": ["id", "target", "prediction"], "data": [[1, "yes", "yes"], [2, "no", "{second}"], [3, "no", "no"]]}}"#)
    };
    let (table_main, table_feature) = (table("yes"), table("no"));
    for (name, minutes, branch, commit, status, points) in &runs {
        let params: &[(&str, &str)] = match *name {
            "main-1" => &[("lr", "0.1"), ("depth", "4")],
            "main-2" => &[("lr", "0.1"), ("depth", "6")],
            "wider-1" => &[("lr", "0.1"), ("depth", "8")],
            "wider-2" => &[("lr", "0.05"), ("depth", "8"), ("new_param", "yes")],
            "odd | names" => &[(&long_name, "v"), ("long", "xxxxxxxxxx...(cut, 6000 characters)"), ("empty", "")],
            _ => &[],
        };
        let table: &str = if *name == "main-2" { &table_main } else { &table_feature };
        let files: [(&str, &[u8]); 2] = [
            ("eval_results_table.json", table.as_bytes()),
            ("reports/plots/confusion matrix é.csv", "actual,predicted\nyes,yes\nno,yes\n".as_bytes()),
        ];
        let digest = if *name == "main-2" { "d1d1d1d1" } else { "d2d2d2d2" };
        let reported = matches!(*name, "main-2" | "wider-2");
        let spec = RunSpec {
            id: &id(name),
            name,
            branch,
            commit,
            status,
            started: START + minutes * MINUTE,
            points,
            params,
            tags: if *name == "wider-2" { &noted } else { &source },
            datasets: if reported { &[("churn.parquet", digest, "training")] } else { &[] },
            artifacts: if reported { &files } else { &[] },
            ..RunSpec::default()
        };
        mlflow.run(&churn, spec);
    }
    others(&mlflow, &churn, recording);
    models(&mlflow, recording);
    mlflow
}

/// The sweep's children, and runs that only a careless search finds.
fn others(mlflow: &FakeMlflow, churn: &str, recording: &Value) {
    let id = |name: &str| run_id(recording, name).unwrap_or_default();
    let (one, two, b) = ("1".repeat(40), "2".repeat(40), "b".repeat(40));
    let source = [("mlflow.source.type", "JOB"), ("mlflow.source.name", "train.py"), ("mlflow.user", "ci")];
    for (number, accuracy, rate) in [(0, 0.93, "0.01"), (1, 0.97, "0.02"), (2, 0.94, "0.03")] {
        let name = format!("sweep/{number}");
        let spec = RunSpec {
            id: &id(&name),
            name: &name,
            branch: "feature/wider-net",
            commit: &b,
            started: START + (151 + number) * MINUTE,
            metrics: &[("accuracy", accuracy)],
            params: &[("lr", rate)],
            tags: &source,
            parent: &id("sweep"),
            ..RunSpec::default()
        };
        mlflow.run(churn, spec);
    }
    let history = history();
    let gone = RunSpec { name: "deleted", branch: "main", commit: &two, started: START + 190 * MINUTE, ..RunSpec::default() };
    mlflow.run(churn, RunSpec { deleted: true, metrics: &[("accuracy", 0.999)], ..gone });
    mlflow.run(churn, RunSpec { name: "laptop", started: START + 195 * MINUTE, metrics: &[("accuracy", 0.42)], ..RunSpec::default() });
    let asked = recording.as_array().and_then(|pairs| pairs.iter().find(|pair| pair["name"] == "history, paged"));
    let id = asked.and_then(|pair| pair["request"]["query"]["run_id"].as_str()).unwrap_or_default();
    let spec = RunSpec { id, name: "long history", branch: "main", commit: &one, ..RunSpec::default() };
    mlflow.run(churn, RunSpec { started: START + 210 * MINUTE, points: &history, tags: &source, ..spec });
}

/// The id of the run of this name in any of the answers.
pub(crate) fn run_id(value: &Value, name: &str) -> Option<String> {
    if value.get("run_name").and_then(Value::as_str) == Some(name) {
        return value.get("run_id").and_then(Value::as_str).map(str::to_owned);
    }
    match value {
        Value::Array(items) => items.iter().find_map(|item| run_id(item, name)),
        Value::Object(fields) => fields.values().find_map(|field| run_id(field, name)),
        _ => None,
    }
}

fn models(mlflow: &FakeMlflow, recording: &Value) {
    let versions = r#"[{"name": "churn-clf", "version": 2}, {"name": "churn-clf", "version": "2"}]"#;
    let tags =
        [("mlflow.modelVersions", versions), ("mlflow.source.name", "seed.py"), ("mlflow.source.type", "LOCAL"), ("mlflow.user", "root")];
    let metrics = [("val/loss", 0.8, "", ""), ("accuracy", 0.91, "", ""), ("auc", 0.94, "", ""), ("latency_ms", 12.5, "", "")];
    let metrics = [metrics[0], metrics[1], metrics[2], metrics[3], ("only_on_main", 1.0, "", "")];
    for name in ["main-1", "main-2", "wider-2"] {
        let run = mlflow.world().run_named(name).expect("it was made");
        let id = model_id(recording, &run).unwrap_or_default();
        let files: [(&str, &[u8]); 5] = [
            ("MLmodel", &[b'x'; 784]),
            ("conda.yaml", &[b'x'; 103]),
            ("python_env.yaml", &[b'x'; 114]),
            ("python_model.pkl", &[b'x'; 2155]),
            ("requirements.txt", b"mlflow"),
        ];
        let params = [("depth", "6"), ("lr", "0.1")];
        let spec = ModelSpec { id: &id, name: "model", metrics: &metrics, params: &params, tags: &tags, artifacts: &files };
        mlflow.log_model(&run, spec);
        mlflow.register(MODEL, &run);
    }
    let mut world = mlflow.world();
    world.describe(MODEL, "Churn classifier");
    world.tag_model(MODEL, "owner", "growth");
    for (version, status) in [(1, "approved"), (2, "approved"), (3, "pending")] {
        world.tag_version(MODEL, version, "validation_status", status);
    }
    for (alias, version) in [("champion", 2), ("previous", 1), ("challenger", 3)] {
        world.alias(MODEL, alias, version);
    }
}

/// The logged model of a run, from the outputs of the run in any of the answers.
fn model_id(value: &Value, run: &str) -> Option<String> {
    if value.pointer("/info/run_id").and_then(Value::as_str) == Some(run)
        && let Some(id) = value.pointer("/outputs/model_outputs/0/model_id").and_then(Value::as_str)
    {
        return Some(id.to_owned());
    }
    match value {
        Value::Array(items) => items.iter().find_map(|item| model_id(item, run)),
        Value::Object(fields) => fields.values().find_map(|field| model_id(field, run)),
        _ => None,
    }
}

/// Rounded to six digits, as it was logged.
fn curve(first: f64, last: f64, count: u32) -> Points<'static> {
    let value = |index: u32| first + (last - first) * (f64::from(index) / f64::from(count - 1));
    let point = |index| ("val/loss", rounded(value(index)), i64::from(index), 1000 * (i64::from(index) + 1));
    (0..count).map(point).collect()
}

fn history() -> Points<'static> {
    let value = |index: u32| 4.0 - 4.0 * (f64::from(index) / 2499.0) + if index % 2 == 1 { 0.125 } else { 0.0 };
    (0..2500).map(|index| ("loss", rounded(value(index)), i64::from(index), 1000 * (i64::from(index) + 1))).collect()
}

fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn with<'a>(mut points: Points<'a>, metrics: &[(&'a str, f64)]) -> Points<'a> {
    points.extend(metrics.iter().map(|(key, value)| (*key, *value, 0, 6000)));
    points
}

fn diverged() -> Points<'static> {
    let mut points = curve(0.8, 0.45, 4);
    points.push(("val/loss", f64::NAN, 4, 5000));
    with(points, &[("accuracy", 0.92), ("auc", 0.92), ("latency_ms", 25.0), ("only_on_feature", 2.0)])
}

fn odd(long: &str) -> Points<'_> {
    let (infinite, nan) = (f64::INFINITY, f64::NAN);
    let mut points = vec![("nan", nan, 0, 1), ("inf", infinite, 0, 1), ("neg_inf", -infinite, 0, 1), ("zero", 0.0, 0, 1)];
    points.extend([("neg_zero", -0.0, 0, 1), ("tiny", 5e-324, 0, 1), ("huge", f64::MAX, 0, 1), ("a b", 1.0, 0, 1)]);
    points.extend([("a:b", 1.0, 0, 1), ("a.b-c_d", 1.0, 0, 1), ("é/中", 1.0, 0, 1), (long, 1.0, 0, 1)]);
    points.extend([("neg_step", 1.0, -5, 1), ("neg_step", 2.0, -6, 2)]);
    points.extend([("dup", 0.5, 5, 10), ("dup", 0.7, 5, 10), ("dup", 0.6, 5, 10), ("dup", 0.1, 5, 20), ("dup", 0.99, 5, 5)]);
    points.extend([("dup", 0.2, 4, 99), ("tie", 0.7, 1, 10), ("tie", 0.6, 1, 10), ("nan_tie", nan, 1, 10), ("nan_tie", 0.25, 1, 10)]);
    points
}
