//! What the database holds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::{message, pairs};
use super::stored::Pair;

#[derive(Debug, Clone)]
pub(crate) struct ProjectRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) workspace: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
    pub(crate) attributes: Vec<Pair>,
    pub(crate) created: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct ExperimentRow {
    pub(crate) id: String,
    pub(crate) project: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
    pub(crate) attributes: Vec<Pair>,
    pub(crate) created: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct DatasetRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) workspace: String,
    pub(crate) created: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct DatasetVersionRow {
    pub(crate) id: String,
    pub(crate) dataset: String,
    pub(crate) number: i64,
    pub(crate) logged: i64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct RunRow {
    pub(crate) id: String,
    pub(crate) project: String,
    pub(crate) experiment: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) started: i64,
    pub(crate) ended: i64,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) attributes: Vec<Pair>,
    pub(crate) hyperparameters: Vec<Pair>,
    pub(crate) metrics: Vec<Pair>,
    pub(crate) observations: Vec<Observation>,
    pub(crate) artifacts: Vec<Artifact>,
    pub(crate) datasets: Vec<Artifact>,
    pub(crate) code: Option<Snapshot>,
    pub(crate) version: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Observation {
    pub(crate) attribute: Pair,
    pub(crate) time: i64,
    /// A whole number, whatever was sent.
    pub(crate) epoch: i64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Artifact {
    pub(crate) key: String,
    pub(crate) path: String,
    pub(crate) linked: String,
    pub(crate) kind: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    pub(crate) repo: String,
    pub(crate) hash: String,
    pub(crate) paths: Vec<String>,
    /// Unknown, true, false.
    pub(crate) dirty: usize,
    pub(crate) logged: i64,
}

pub(crate) const TERNARY: [&str; 3] = ["UNKNOWN", "TRUE", "FALSE"];
pub(crate) const ARTIFACT_TYPES: [&str; 8] = ["IMAGE", "MODEL", "TENSORBOARD", "DATA", "BLOB", "STRING", "CODE", "CONTAINER"];

/// A whole number of 64 bits.
pub(crate) fn long(number: i64) -> Value {
    json!(number.to_string())
}

/// A member of an enum; the first one is left out.
fn member(names: &[&str], index: usize) -> Value {
    names.get(index).filter(|_| index > 0).map_or(Value::Null, |name| json!(name))
}

impl ProjectRow {
    pub(crate) fn message(&self) -> Value {
        message(vec![
            ("id", json!(self.id)),
            ("name", json!(self.name)),
            ("short_name", json!(self.name)),
            ("description", json!(self.description)),
            ("date_created", long(self.created)),
            ("date_updated", long(self.created)),
            ("tags", json!(self.tags)),
            ("attributes", pairs(&self.attributes)),
            ("version_number", long(1)),
        ])
    }
}

impl ExperimentRow {
    pub(crate) fn message(&self) -> Value {
        message(vec![
            ("id", json!(self.id)),
            ("project_id", json!(self.project)),
            ("name", json!(self.name)),
            ("description", json!(self.description)),
            ("date_created", long(self.created)),
            ("date_updated", long(self.created)),
            ("tags", json!(self.tags)),
            ("attributes", pairs(&self.attributes)),
            ("version_number", long(1)),
        ])
    }
}

impl DatasetRow {
    pub(crate) fn message(&self) -> Value {
        let created = long(self.created);
        message(vec![("id", json!(self.id)), ("name", json!(self.name)), ("time_created", created.clone()), ("time_updated", created)])
    }
}

impl DatasetVersionRow {
    pub(crate) fn message(&self) -> Value {
        message(vec![
            ("id", json!(self.id)),
            ("dataset_id", json!(self.dataset)),
            ("version", long(self.number)),
            ("time_logged", long(self.logged)),
        ])
    }
}

impl Observation {
    /// The list of one key leaves out the time.
    pub(crate) fn message(&self, with_time: bool) -> Value {
        let time = if with_time { long(self.time) } else { Value::Null };
        let mut told = message(vec![("attribute", self.attribute.message()), ("timestamp", time)]);
        told["epoch_number"] = json!(self.epoch);
        told
    }
}

impl Artifact {
    pub(crate) fn message(&self) -> Value {
        message(vec![
            ("key", json!(self.key)),
            ("path", json!(self.path)),
            ("path_only", json!(true)),
            ("artifact_type", member(&ARTIFACT_TYPES, self.kind)),
            ("linked_artifact_id", json!(self.linked)),
        ])
    }
}

impl Snapshot {
    pub(crate) fn message(&self) -> Value {
        let git = message(vec![
            ("repo", json!(self.repo)),
            ("hash", json!(self.hash)),
            ("filepaths", json!(self.paths)),
            ("is_dirty", member(&TERNARY, self.dirty)),
        ]);
        message(vec![("git_snapshot", git), ("date_logged", long(self.logged))])
    }
}

impl RunRow {
    pub(crate) fn message(&self) -> Value {
        // Lists of runs always carry the message, also when nothing is in it.
        let code = self.code.as_ref().map_or_else(|| json!({}), Snapshot::message);
        let mut observations: Vec<&Observation> = self.observations.iter().collect();
        observations.sort_by(|one, two| (&one.attribute.key, one.epoch).cmp(&(&two.attribute.key, two.epoch)));
        message(vec![
            ("id", json!(self.id)),
            ("project_id", json!(self.project)),
            ("experiment_id", json!(self.experiment)),
            ("name", json!(self.name)),
            ("description", json!(self.description)),
            ("date_created", long(self.created)),
            ("date_updated", long(self.updated)),
            ("start_time", long(self.started)),
            ("end_time", long(self.ended)),
            ("code_version_snapshot", code),
            ("tags", json!(self.tags)),
            ("attributes", pairs(&self.attributes)),
            ("hyperparameters", pairs(&self.hyperparameters)),
            ("artifacts", self.artifacts.iter().map(Artifact::message).collect()),
            ("datasets", self.datasets.iter().map(Artifact::message).collect()),
            ("metrics", pairs(&self.metrics)),
            ("observations", observations.into_iter().map(|seen| seen.message(true)).collect()),
            ("version_number", long(self.version)),
        ])
    }
}
