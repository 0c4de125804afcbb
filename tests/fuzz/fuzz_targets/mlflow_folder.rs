//! A file store of MLflow: whatever its files hold, a run is read, left out or named as broken, and messages stay short.

#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use proofmark_fuzz::files;
use proofmark_http::Budget;
use proofmark_mlflow::model::Which;
use proofmark_mlflow::store::Query;
use proofmark_mlflow::{Access, Location, Store, open};

const NAMES: [&str; 13] = [
    "1/meta.yaml",
    "1/r/meta.yaml",
    "1/r/metrics/auc",
    "1/r/metrics/val/loss",
    "1/r/params/lr",
    "1/r/tags/branch",
    "1/r/inputs/i/meta.yaml",
    "1/r/outputs/o/meta.yaml",
    "1/datasets/d/meta.yaml",
    "1/models/m-1/meta.yaml",
    "models/churn/meta.yaml",
    "models/churn/version-1/meta.yaml",
    "models/churn/aliases/champion",
];

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|bytes: &[u8]| {
    let root = FOLDER.path().join("mlruns");
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).expect("made");
    for (name, text) in files(bytes, &NAMES) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }
    let store = opened(&root);
    let tagged = vec![("branch".to_owned(), vec!["main".to_owned()])];
    for tags in [Vec::new(), tagged] {
        let found = store.search(&Query { experiments: vec!["1".to_owned()], tags, name: None, limit: 10 }).expect("folders can be read");
        assert!(found.runs.len() + found.skipped.len() <= 1);
        for skipped in found.skipped {
            assert!(skipped.reason.len() < 600 && !skipped.reason.contains(char::is_control), "{}", skipped.reason);
        }
        for run in found.runs {
            assert_eq!(store.run("r").expect("readable").expect("the run").tags, run.tags);
            for (metric, point) in &run.metrics {
                let history = store.history(&run, metric).expect("readable");
                assert!(!history.iter().any(|other| other.is_later_than(point)));
            }
        }
    }
    let _ = store.experiment("churn");
    let _ = store.logged_model("m-1");
    for which in [Which::Number(1), Which::Alias("champion".to_owned()), Which::Stage("production".to_owned())] {
        let _ = store.model_version("churn", &which);
    }
});

fn opened(root: &Path) -> Box<dyn Store> {
    let access = Access {
        credentials: None,
        insecure: false,
        authorities: None,
        identity: None,
        workspace: None,
        timeout: Duration::from_secs(1),
        budget: Budget::default(),
        proxies: Vec::new(),
        user_agent: String::new(),
        seed: 0,
    };
    open(&Location::Folder(root.to_owned()), &access).expect("a store")
}
