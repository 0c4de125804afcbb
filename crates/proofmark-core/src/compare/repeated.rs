//! Metrics in several runs of one training, as a tracking server has them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Readings;
use crate::key::Key;
use crate::path::RepoPath;
use crate::snapshot::Reading;
use crate::value::Value;

/// One metric in the runs of both sides, of which at least one has several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Repeated {
    /// What rules call the runs: `mlflow:churn`.
    pub file: RepoPath,
    /// The metric.
    pub metric: Key,
    /// What the head is compared with, where that is not the base: the name of a reference (`production`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// The base's value of each run, by the run's name.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub base: BTreeMap<String, Value>,
    /// The head's.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub head: BTreeMap<String, Value>,
}

impl Repeated {
    /// The same, of a comparison with something else than the base.
    #[must_use]
    pub fn against_reference(self, name: &str) -> Self {
        Self { against: Some(name.to_owned()), ..self }
    }
}

/// The metrics of which a side has several values.
pub(super) fn repeated(base: &Readings, head: &Readings) -> Vec<Repeated> {
    let several = |side: &Readings, file: &RepoPath| side.get(file).is_some_and(|reading| reading.runs.len() > 1);
    // What cannot be had is told row by row.
    let readable = |side: &Readings, file: &RepoPath| side.get(file).is_none_or(|reading| reading.leaves.is_ok());
    let counts = |file: &&RepoPath| (several(base, file) || several(head, file)) && readable(base, file) && readable(head, file);
    let files: BTreeSet<&RepoPath> = base.keys().chain(head.keys()).filter(counts).collect();
    let mut all = Vec::new();
    for file in files {
        let (base, head) = (by_metric(base.get(file)), by_metric(head.get(file)));
        let metrics: BTreeSet<&Key> = base.keys().chain(head.keys()).copied().collect();
        for metric in metrics {
            let side = |of: &BTreeMap<&Key, BTreeMap<String, Value>>| of.get(metric).cloned().unwrap_or_default();
            let (base, head) = (side(&base), side(&head));
            if base.len() > 1 || head.len() > 1 {
                all.push(Repeated { file: file.clone(), metric: metric.clone(), against: None, base, head });
            }
        }
    }
    all
}

fn by_metric(reading: Option<&Reading>) -> BTreeMap<&Key, BTreeMap<String, Value>> {
    let mut metrics: BTreeMap<&Key, BTreeMap<String, Value>> = BTreeMap::new();
    for (run, leaves) in reading.into_iter().flat_map(|reading| &reading.runs) {
        for (key, value) in leaves {
            metrics.entry(key).or_default().insert(run.clone(), value.clone());
        }
    }
    metrics
}
