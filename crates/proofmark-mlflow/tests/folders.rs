//! A file store with one broken run after the other: it costs that run alone, and is named where it may have been meant.

use std::fs;
use std::path::{Path, PathBuf};

use proofmark_mlflow::model::Which;
use proofmark_mlflow::run::{COMMIT_TAG, Run};
use proofmark_mlflow::store::{Found, Query};
use proofmark_mlflow::{Error, Location, Store};

#[path = "stores_support/mod.rs"]
#[expect(dead_code, reason = "shared with the test of the recorded stores")]
mod support;

const EXPERIMENT: &str = "42";

struct World {
    _folder: tempfile::TempDir,
    root: PathBuf,
    store: Box<dyn Store>,
}

impl World {
    /// Two good runs of one commit.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("mlruns");
        write(&root, "42/meta.yaml", "experiment_id: '42'\nlifecycle_stage: active\nname: a / ü\n");
        let world =
            Self { store: support::opened(&Location::Folder(root.parent().expect("a parent").join("mlruns"))), root, _folder: folder };
        world.add("old", 1);
        world.add("new", 2);
        world
    }

    fn add(&self, id: &str, start: i64) {
        let text = format!("end_time: null\nexperiment_id: '42'\nrun_id: {id}\nrun_name: {id}\nstart_time: {start}\nstatus: 3\ntags: []\n");
        self.write(id, "meta.yaml", text);
        self.write(id, "tags/mlflow.source.git.commit", "c0ffee");
        self.write(id, "params/lr", "0.1");
        self.write(id, "metrics/val/loss", "1 0.5 0\n");
    }

    fn write(&self, id: &str, name: &str, content: impl AsRef<[u8]>) {
        write(&self.root, &format!("{EXPERIMENT}/{id}/{name}"), content);
    }

    fn search(&self, commit: &str) -> Found {
        let tags = vec![(COMMIT_TAG.to_owned(), vec![commit.to_owned()])];
        self.store.search(&Query { experiments: vec![EXPERIMENT.to_owned()], tags, name: None, limit: 100 }).expect("readable")
    }
}

fn write(root: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, content).expect("written");
}

fn ids(found: &Found) -> Vec<&str> {
    found.runs.iter().map(|run| run.id.as_str()).collect()
}

#[test]
fn a_broken_run_costs_itself() {
    let cases: [(&str, &[u8], &str); 13] = [
        ("metrics/auc", b"", "`metrics/auc` is empty"),
        ("metrics/auc", b"1 0.5 0\n\n", "`metrics/auc` has a bad line 2: it is blank"),
        ("metrics/auc", b"1\n", "`metrics/auc` has a bad line 1"),
        ("metrics/auc", b"1 good 0\n", "`good` is no number"),
        ("metrics/auc", b"\xff 1 1\n", "not UTF-8"),
        ("tags/note", b"\xff", "`tags/note` is not UTF-8"),
        ("params/lr", b"\xff", "`params/lr` is not UTF-8"),
        ("meta.yaml", b"run_id: [", "`meta.yaml` is not YAML"),
        ("meta.yaml", b"", "`meta.yaml` is empty"),
        ("meta.yaml", b"status: 9\n", "no status from 1 to 5"),
        ("meta.yaml", b"start_time: soon\n", "holds no number as `start_time`"),
        ("meta.yaml", b"run_id: other\n", "is of another run: `other`"),
        ("inputs/x/meta.yaml", b"- a", "`inputs/x`: `meta.yaml` has no fields"),
    ];
    for (name, content, expected) in cases {
        let world = World::new();
        world.add("broken", 3);
        world.write("broken", name, content);
        let found = world.search("c0ffee");
        assert_eq!(ids(&found), ["new", "old"], "{name} {expected}");
        assert_eq!(found.skipped.len(), 1, "{name} {expected}");
        assert_eq!(found.skipped[0].run, "broken");
        assert!(found.skipped[0].reason.contains(expected), "{} {expected}", found.skipped[0].reason);
        // Its tags say that it is not meant.
        assert_eq!(world.search("other"), Found::default());
        assert!(matches!(world.store.run("broken"), Err(Error::Damaged { what, .. }) if what == "run broken"));
    }
}

#[test]
fn what_is_missing_huge_or_of_another_kind() {
    let world = World::new();
    for id in ["no-meta", "huge", "folder", "tag-folder"] {
        world.add(id, 3);
    }
    fs::remove_file(world.root.join("42/no-meta/meta.yaml")).expect("removed");
    fs::File::create(world.root.join("42/huge/metrics/auc")).and_then(|file| file.set_len(65 << 20)).expect("grown");
    fs::remove_file(world.root.join("42/folder/meta.yaml")).expect("removed");
    fs::create_dir(world.root.join("42/folder/meta.yaml")).expect("made");
    fs::remove_file(world.root.join("42/tag-folder/tags").join(COMMIT_TAG)).expect("removed");
    fs::create_dir(world.root.join("42/tag-folder/tags").join(COMMIT_TAG)).expect("made");
    // None of these is a run.
    for name in ["models/m-1/meta.yaml", "tags/team", "datasets/d/meta.yaml", "traces/t/trace_info.yaml", "notes/readme"] {
        write(&world.root, &format!("42/{name}"), "x: 1\n");
    }
    world.write("old", "metrics/.gitkeep", "");
    let found = world.search("c0ffee");
    assert_eq!(ids(&found), ["new", "old"]);
    let skipped: Vec<_> = found.skipped.iter().map(|skipped| (skipped.run.as_str(), skipped.reason.as_str())).collect();
    assert_eq!(
        skipped,
        [
            ("folder", "`meta.yaml` is no file"),
            ("huge", "`metrics/auc` is larger than the 67108864 bytes that are read"),
            ("no-meta", "`meta.yaml` is missing"),
            ("tag-folder", "`tags/mlflow.source.git.commit` is no file"),
        ]
    );
}

#[test]
fn messages_show_little_of_a_file() {
    let world = World::new();
    world.add("broken", 3);
    world.write("broken", "metrics/auc", format!("1 \u{1b}[31m{} 0\n", "secret".repeat(1000)));
    let reason = &world.search("c0ffee").skipped[0].reason;
    assert!(reason.len() < 140 && !reason.contains(char::is_control), "{reason}");
}

#[test]
fn deleted_runs_are_found_by_id_alone() {
    let world = World::new();
    world.write("old", "meta.yaml", "run_id: old\nexperiment_id: '42'\nlifecycle_stage: deleted\nstatus: 3\n");
    assert_eq!(ids(&world.search("c0ffee")), ["new"]);
    assert!(world.store.run("old").expect("readable").expect("the run").deleted);
    fs::create_dir(world.root.join(".trash")).expect("made");
    fs::rename(world.root.join("42"), world.root.join(".trash/42")).expect("moved");
    assert_eq!(world.store.experiment("a / ü"), Ok(None));
    assert_eq!(world.search("c0ffee"), Found::default());
    assert_eq!(world.store.run("new").expect("readable").expect("the run").metrics["val/loss"].value, 0.5);
}

#[test]
fn an_experiment_that_cannot_be_read_may_be_the_one() {
    let world = World::new();
    write(&world.root, "43/meta.yaml", "name: \"");
    assert_eq!(world.store.experiment("a / ü").expect("readable").expect("it").id, "42");
    assert!(matches!(world.store.experiment("other"), Err(Error::Damaged { what, .. }) if what == "experiment 43"));
}

#[test]
fn a_run_without_a_name_has_that_of_its_tag() {
    let world = World::new();
    world.write("old", "meta.yaml", "run_id: old\nexperiment_id: 42\nrun_name: ''\nstatus: 3\n");
    world.write("old", "tags/mlflow.runName", "nightly | é");
    let query = Query { experiments: vec![EXPERIMENT.to_owned()], name: Some("nightly | é".to_owned()), limit: 9, ..Query::default() };
    assert_eq!(ids(&world.store.search(&query).expect("readable")), ["old"]);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_not_followed() {
    use std::os::unix::fs::symlink;
    let world = World::new();
    let secret = world.root.parent().expect("a parent").join("secret");
    fs::write(&secret, "1 0.5 0\n").expect("written");
    symlink(&secret, world.root.join("42/old/metrics/linked")).expect("linked");
    symlink(world.root.join("42/old"), world.root.join("42/linked")).expect("linked");
    let status = std::process::Command::new("mkfifo").arg(world.root.join("42/new/params/pipe")).status();
    let found = world.search("c0ffee");
    assert_eq!(found.skipped.iter().find(|one| one.run == "old").expect("skipped").reason, "`metrics/linked` is a symbolic link");
    if status.is_ok_and(|status| status.success()) {
        assert_eq!(found.skipped.iter().find(|one| one.run == "new").expect("skipped").reason, "`params/pipe` is no file");
    }
    let history = world.store.history(&Run::new("old", EXPERIMENT), "linked");
    assert!(matches!(history, Err(Error::Damaged { .. })), "{history:?}");
    assert_eq!(world.store.run("linked"), Ok(None));
}

#[test]
fn models_measured_on_data_and_versions_of_stages() {
    let world = World::new();
    write(&world.root, "42/models/m-1/meta.yaml", "model_id: m-1\nname: model\nsource_run_id: old\nstatus: 2\n");
    write(&world.root, "42/models/m-1/metrics/auc", "1 0.8 0 old\n1 0.9 0 old test d1\n2 0.7 1 old test d1\n");
    let model = world.store.logged_model("m-1").expect("readable").expect("the model");
    let metrics: Vec<_> = model.metrics.iter().map(|metric| (metric.value, metric.dataset.clone())).collect();
    assert_eq!(metrics, [(0.8, None), (0.7, Some(("test".to_owned(), "d1".to_owned())))]);
    write(&world.root, "models/churn/meta.yaml", "name: churn\n");
    for (number, stage) in [(1, "Production"), (2, "Production"), (10, "Archived"), (11, "Deleted_Internal")] {
        let text = format!("current_stage: {stage}\nname: churn\nrun_id: old\nsource: models:/m-1\nstatus: READY\nversion: {number}\n");
        write(&world.root, &format!("models/churn/version-{number}/meta.yaml"), text);
    }
    write(&world.root, "models/churn/aliases/champion", "2");
    write(&world.root, "models/churn/aliases/bad", "two");
    let version = |which| world.store.model_version("churn", &which).map(|version| version.map(|version| version.version));
    assert!(matches!(version(Which::Alias("champion".to_owned())), Err(Error::Damaged { .. })), "an alias that cannot be read may be any");
    fs::remove_file(world.root.join("models/churn/aliases/bad")).expect("removed");
    assert_eq!(version(Which::Alias("champion".to_owned())), Ok(Some(2)));
    assert_eq!((version(Which::Stage("production".to_owned())), version(Which::Number(11))), (Ok(Some(2)), Ok(None)));
    let versions = world.store.versions_of_run("churn", "old").expect("readable");
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [10, 2, 1]);
}

#[test]
fn no_store() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "file", "");
    for name in ["none", "file"] {
        let opened = support::try_open(&Location::Folder(folder.path().join(name)));
        assert!(matches!(opened.err(), Some(Error::NoStore { .. })), "{name}");
    }
}
