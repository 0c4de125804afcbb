//! Runs on this machine, as their components left them: whatever the files hold, metrics are read, or the file is named as damaged.

#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofmark_fuzz::files;
use proofmark_kubeflow::pipelines::{LocalRuns, Way};

const RUN: &str = "churn-2026-08-30-12-00-00-123456";
const NAMES: [&str; 3] = ["train", "evaluate", "for-loop-1"];

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|bytes: &[u8]| {
    let root = FOLDER.path().join("local_outputs");
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(root.join(RUN)).expect("made");
    for (task, text) in files(bytes, &NAMES) {
        let folder = root.join(RUN).join(task);
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join("executor_output.json"), text).expect("written");
    }
    let local = LocalRuns::open(&root).expect("a folder");
    let runs = local.runs(None, 9).expect("readable");
    assert!(runs.len() == 1 && runs[0].pipeline == "churn" && runs[0].created.is_some());
    match local.metrics(&runs[0]) {
        Ok(metrics) => {
            assert_eq!(metrics.way, Way::Local);
            let keys = metrics.keys();
            assert!(keys.len() <= metrics.values.len() && keys.is_empty() == metrics.values.is_empty());
            assert!(keys.values().all(|(name, value)| metrics.values.get(name).is_some_and(|own| own.to_bits() == value.to_bits())));
            assert!(metrics.values.keys().all(|name| NAMES.contains(&name.task.as_str())));
        }
        Err(error) => {
            let told = error.to_string();
            assert!(told.contains("executor_output.json") && told.len() < 4096 && !told.contains(char::is_control), "{told:?}");
        }
    }
});
