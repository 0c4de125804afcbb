//! Runs on this machine, as `kfp.local` leaves them: a folder for each run, in it one for each component, and in that what the
//! component gave.
//!
//! Such a run keeps neither its state nor its parameters, and no types: every number that a component put into the metadata of an
//! output is a metric here, and of two steps that use the same component only the later one is left. A step is called as
//! its component, which on a server is the name of the first step that uses it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use proofmark_http::api::one_line;
use serde::Deserialize;
use serde_json::Value;

use crate::Error;

use super::collect::{Collector, Kind, Place};
use super::metrics::{Metrics, Way};
use super::tree::{Tree, from_python};

/// What a component gave.
const FILE: &str = "executor_output.json";
/// How the time stands behind a pipeline's name; `0` is any digit.
const STAMP: &str = "-0000-00-00-00-00-00-000000";
/// Entries of a folder at most.
const MOST_ENTRIES: usize = 100_000;
/// Bytes of a file at most.
const LARGEST: u64 = 32 << 20;
/// What only a confusion matrix or a curve is called.
const CLASSIFICATION: [&str; 2] = ["confusionMatrix", "confidenceMetrics"];

/// A folder with runs.
#[derive(Debug, Clone)]
pub struct LocalRuns {
    root: PathBuf,
}

/// One run on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalRun {
    /// The name of its folder.
    pub id: String,
    /// The name of the pipeline, or of the component that was run alone.
    pub pipeline: String,
    /// When it began, in milliseconds since 1970, with the clock of the machine taken for UTC: that is all that is kept.
    pub created: Option<i64>,
    /// Where it is.
    pub folder: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Given {
    #[serde(default)]
    artifacts: BTreeMap<String, Artifacts>,
}

#[derive(Debug, Deserialize)]
struct Artifacts {
    #[serde(default)]
    artifacts: Vec<Artifact>,
}

#[derive(Debug, Deserialize)]
struct Artifact {
    #[serde(default)]
    metadata: BTreeMap<String, Value>,
}

impl LocalRuns {
    /// The runs in a folder: what `pipeline_root` of `kfp.local.init` says, or `local_outputs`.
    ///
    /// # Errors
    /// [`Error::Setting`] where there is no such folder.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let what = "the folder of local runs";
        match fs::metadata(root) {
            Ok(found) if found.is_dir() => Ok(Self { root: root.to_owned() }),
            Ok(_) => Err(Error::setting(what, format!("`{}` is no folder", root.display()))),
            Err(error) => Err(Error::setting(what, format!("`{}`: {}", root.display(), error.kind()))),
        }
    }

    /// The runs of a pipeline, or of all, newest first; `limit` of them at most.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the folder cannot be read.
    pub fn runs(&self, pipeline: Option<&str>, limit: usize) -> Result<Vec<LocalRun>, Error> {
        let mut runs = Vec::new();
        for (id, folder) in folders(&self.root)? {
            let Some((name, stamp)) = id.len().checked_sub(STAMP.len()).and_then(|at| id.split_at_checked(at)) else { continue };
            if is_stamp(stamp) && !name.is_empty() && pipeline.is_none_or(|pipeline| pipeline == name) {
                runs.push((stamp.to_owned(), LocalRun { pipeline: name.to_owned(), created: created(stamp), id, folder }));
            }
        }
        runs.sort_by(|(one, first), (two, second)| two.cmp(one).then_with(|| first.id.cmp(&second.id)));
        Ok(runs.into_iter().take(limit).map(|(_, run)| run).collect())
    }

    /// The metrics of a run.
    ///
    /// # Errors
    /// [`Error::Damaged`] for a file that cannot be read, with its path.
    pub fn metrics(&self, run: &LocalRun) -> Result<Metrics, Error> {
        let mut found = Collector::default();
        let mut count = 0;
        for (task, folder) in folders(&run.folder)? {
            let Some(given) = given(&folder.join(FILE))? else { continue };
            count += 1;
            for (output, artifacts) in given.artifacts {
                let place = Place { task: task.clone(), turns: Vec::new(), output, serial: 0 };
                for artifact in artifacts.artifacts {
                    let metadata: BTreeMap<String, Tree> =
                        artifact.metadata.into_iter().map(|(name, value)| (name, Tree::from(value))).collect();
                    let is_classification = CLASSIFICATION.iter().any(|name| metadata.contains_key(*name));
                    found.artifact(&place, if is_classification { Kind::Classification } else { Kind::Untold }, metadata);
                }
            }
        }
        if count == 0 {
            found.note(format!("no component of `{}` gave anything: it was not done, or failed", run.id));
        }
        Ok(found.done(Way::Local))
    }
}

/// The folders in a folder with their names. What a link leads to is not one of them.
fn folders(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let wrong = |error: &std::io::Error| damaged(folder, &error.kind().to_string());
    let mut found = Vec::new();
    for (count, entry) in fs::read_dir(folder).map_err(|error| wrong(&error))?.enumerate() {
        if count >= MOST_ENTRIES {
            return Err(damaged(folder, "it holds too many files"));
        }
        let entry = entry.map_err(|error| wrong(&error))?;
        let is_folder = entry.file_type().map_err(|error| wrong(&error))?.is_dir();
        if let (true, Ok(name)) = (is_folder, entry.file_name().into_string()) {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn given(path: &Path) -> Result<Option<Given>, Error> {
    let wrong = |error: &std::io::Error| damaged(path, &error.kind().to_string());
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(&error)),
        Ok(found) if !found.is_file() => return Err(damaged(path, "it is no file")),
        Ok(found) if found.len() > LARGEST => return Err(damaged(path, "it is too large")),
        Ok(_) => {}
    }
    let mut text = String::new();
    let file = fs::File::open(path).map_err(|error| wrong(&error))?;
    file.take(LARGEST).read_to_string(&mut text).map_err(|error| wrong(&error))?;
    if !text.trim_start().starts_with('{') {
        return Err(damaged(path, "it is no JSON object"));
    }
    serde_json::from_str(&from_python(&text)).map(Some).map_err(|error| damaged(path, &error.to_string()))
}

fn damaged(path: &Path, why: &str) -> Error {
    Error::Damaged { what: one_line(&path.display().to_string(), &[]), why: why.to_owned() }
}

fn is_stamp(text: &str) -> bool {
    text.len() == STAMP.len()
        && text.bytes().zip(STAMP.bytes()).all(|(byte, mark)| if mark == b'0' { byte.is_ascii_digit() } else { byte == mark })
}

/// Milliseconds of `-2026-08-30-12-00-00-123456`.
fn created(stamp: &str) -> Option<i64> {
    let parts: Vec<&str> = stamp.split('-').skip(1).collect();
    let [year, month, day, hour, minute, second, fraction] = parts.as_slice() else { return None };
    super::client::moment(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{fraction}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, run: &str, task: &str, text: &str) {
        let folder = root.join(run).join(task);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(FILE), text).expect("a file");
    }

    const GIVEN: &str = r#"{"parameterValues": {"Output": 0.93}, "artifacts": {
        "model": {"artifacts": [{"name": "2", "uri": "/outputs/model", "metadata": {"git_sha": "0a1b"}}]},
        "metrics": {"artifacts": [{"name": "3", "uri": "/outputs/metrics", "metadata": {"accuracy": 0.93, "odd": NaN}}]},
        "cm": {"artifacts": [{"name": "4", "uri": "/outputs/cm", "metadata": {
            "confusionMatrix": {"annotationSpecs": [{"displayName": "a"}, {"displayName": "b"}], "rows": [{"row": [5, 1]}, {"row": [2, 7]}]},
            "confidenceMetrics": [
                {"confidenceThreshold": Infinity, "recall": 0.0, "falsePositiveRate": 0.0},
                {"confidenceThreshold": 0.5, "recall": 0.8, "falsePositiveRate": 0.1},
                {"confidenceThreshold": 0.0, "recall": 1.0, "falsePositiveRate": 1.0}]}}]}}}"#;

    #[test]
    fn runs_are_found_newest_first_with_their_metrics() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        write(root, "churn-2026-08-30-12-00-00-123456", "train", GIVEN);
        write(root, "churn-2026-08-31-09-00-00-000000", "train", "{}");
        write(root, "a-2026-08-31-10-00-00-000000", "prepare", "{}");
        write(root, "no-run", "train", "not JSON");
        fs::create_dir_all(root.join("churn-2026-08-31-11-00-00-000000")).expect("a folder");
        let local = LocalRuns::open(root).expect("runs");
        let ids: Vec<String> = local.runs(None, 9).expect("runs").into_iter().map(|run| run.id).collect();
        let expected = [
            "churn-2026-08-31-11-00-00-000000",
            "a-2026-08-31-10-00-00-000000",
            "churn-2026-08-31-09-00-00-000000",
            "churn-2026-08-30-12-00-00-123456",
        ];
        assert_eq!(ids, expected);
        let runs = local.runs(Some("churn"), 9).expect("runs");
        assert_eq!(runs.len(), 3);
        assert!(local.metrics(&runs[0]).expect("no metrics").notes[0].contains("not done"));
        let run = &runs[2];
        assert_eq!((run.pipeline.as_str(), run.created), ("churn", Some(1_788_091_200_123)));
        let metrics = local.metrics(run).expect("metrics");
        assert_eq!((metrics.way, metrics.notes.len()), (Way::Local, 0));
        let keys = metrics.keys();
        assert_eq!((keys["train.accuracy"].1, keys["train.cm.accuracy"].1, keys["train.cm.rows"].1), (0.93, 0.8, 15.0));
        assert!(keys["train.odd"].1.is_nan() && (keys["train.cm.auc"].1 - 0.85).abs() < 1e-12);
    }

    #[test]
    fn damaged_files_are_named_and_links_lead_nowhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let run = "churn-2026-08-30-12-00-00-000000";
        write(root, run, "train", "{\"artifacts\": ");
        let local = LocalRuns::open(root).expect("runs");
        let error = local.metrics(&local.runs(None, 1).expect("runs")[0]).expect_err("damaged");
        assert!(matches!(&error, Error::Damaged { what, .. } if what.ends_with(FILE)), "{error}");
        write(root, run, "train", "[]");
        assert!(local.metrics(&local.runs(None, 1).expect("runs")[0]).is_err());
        fs::remove_file(root.join(run).join("train").join(FILE)).expect("gone");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join(run), root.join("churn-2026-08-30-13-00-00-000000")).expect("a link");
            assert_eq!(local.runs(None, 9).expect("runs").len(), 1);
            std::os::unix::fs::symlink("/dev/zero", root.join(run).join("train").join(FILE)).expect("a link");
            let error = local.metrics(&local.runs(None, 1).expect("runs")[0]).expect_err("a link");
            assert!(error.to_string().contains("it is no file"), "{error}");
        }
        assert!(LocalRuns::open(&root.join("nothing")).is_err());
    }
}
