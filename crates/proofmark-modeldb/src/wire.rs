//! Answers as ModelDB writes them: zero values are left out, and whole numbers of 64 bits are text.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_http::api::one_line;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use crate::run::{Code, Dataset, Point, Run};
use crate::value;

/// `{"experiment_runs": [..], "total_records": "7"}`, as every list of runs has it. Each run is read by itself.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct RunList {
    #[serde(default)]
    pub(crate) experiment_runs: Vec<Json>,
    #[serde(default, deserialize_with = "whole")]
    pub(crate) total_records: i64,
}

/// `{"experiment_run": {..}}`.
#[derive(Debug, Deserialize)]
pub(crate) struct OneRun {
    pub(crate) experiment_run: Option<WireRun>,
}

/// A key and what stands there.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pair {
    #[serde(default)]
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) value: Json,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireRun {
    id: String,
    name: String,
    project_id: String,
    experiment_id: String,
    #[serde(deserialize_with = "whole")]
    date_created: i64,
    #[serde(deserialize_with = "whole")]
    date_updated: i64,
    #[serde(deserialize_with = "whole")]
    start_time: i64,
    #[serde(deserialize_with = "whole")]
    end_time: i64,
    tags: Vec<String>,
    attributes: Vec<Pair>,
    hyperparameters: Vec<Pair>,
    metrics: Vec<Pair>,
    observations: Vec<Observation>,
    datasets: Vec<Artifact>,
    code_version_snapshot: Option<CodeVersion>,
    #[serde(deserialize_with = "whole")]
    version_number: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Observation {
    attribute: Option<Pair>,
    #[serde(deserialize_with = "whole")]
    timestamp: i64,
    epoch_number: Json,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Artifact {
    key: String,
    path: String,
    linked_artifact_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CodeVersion {
    git_snapshot: Option<GitSnapshot>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GitSnapshot {
    repo: String,
    hash: String,
    is_dirty: Json,
}

/// A whole number as text, or as a number.
pub(crate) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let json = Json::deserialize(from)?;
    let number = match &json {
        Json::Null => Some(0),
        Json::String(text) => text.parse().ok(),
        Json::Number(number) => number.as_i64(),
        _ => None,
    };
    number.ok_or_else(|| serde::de::Error::custom(format!("`{json}` is no whole number")))
}

/// A time; 0 says that there is none.
pub(crate) fn time(milliseconds: i64) -> Option<i64> {
    (milliseconds > 0).then_some(milliseconds)
}

impl WireRun {
    /// What it says; a run without an id is none.
    pub(crate) fn read(self) -> Option<Run> {
        if self.id.is_empty() {
            return None;
        }
        let mut notes = Vec::new();
        let known = |pairs: BTreeMap<String, Option<Json>>| pairs.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        let attributes = known(pairs(self.attributes, "the attribute", &mut notes));
        let hyperparameters = known(pairs(self.hyperparameters, "the hyperparameter", &mut notes));
        let metrics = pairs(self.metrics, "the metric", &mut notes);
        let metrics = metrics.into_iter().map(|(key, json)| (key, value::metric(&json.unwrap_or_default()))).collect();
        let observed: BTreeSet<String> = self.observations.into_iter().filter_map(|seen| Some(seen.attribute?.key)).collect();
        Some(Run {
            id: self.id,
            name: self.name,
            project: self.project_id,
            experiment: self.experiment_id,
            created: time(self.date_created),
            updated: time(self.date_updated),
            started: time(self.start_time),
            ended: time(self.end_time),
            tags: self.tags.into_iter().collect(),
            attributes,
            hyperparameters,
            metrics,
            observed,
            datasets: self.datasets.into_iter().map(Artifact::read).collect(),
            code: self.code_version_snapshot.and_then(|code| code.git_snapshot).and_then(GitSnapshot::read),
            version: u64::try_from(self.version_number).unwrap_or_default(),
            notes: notes.iter().map(|note| one_line(note, &[])).collect(),
        })
    }

    /// What was logged under one name, in order; and how many of these values are no numbers.
    pub(crate) fn points(&self, key: &str) -> (Vec<Point>, usize) {
        let (mut points, mut others) = (Vec::new(), 0);
        for seen in &self.observations {
            let Some(attribute) = seen.attribute.as_ref().filter(|attribute| attribute.key == key) else { continue };
            let epoch = value::metric(&seen.epoch_number).as_f64();
            match value::metric(&attribute.value).as_f64() {
                Some(value) => points.push(Point { value, epoch, time: time(seen.timestamp) }),
                None => others += 1,
            }
        }
        let by_epoch = points.iter().all(|point| point.epoch.is_some());
        points.sort_by(|one, two| {
            let epochs = one.epoch.unwrap_or_default().total_cmp(&two.epoch.unwrap_or_default());
            if by_epoch { epochs.then(one.time.cmp(&two.time)) } else { one.time.cmp(&two.time) }
        });
        (points, others)
    }
}

/// By key. ModelDB refuses a key that is there, but two writers at once can both be let in; of values that differ none is known to be
/// the right one, so that none counts.
fn pairs(list: Vec<Pair>, what: &str, notes: &mut Vec<String>) -> BTreeMap<String, Option<Json>> {
    let mut found: BTreeMap<String, Option<Json>> = BTreeMap::new();
    for Pair { key, value } in list {
        match found.get(&key) {
            None => drop(found.insert(key, Some(value))),
            Some(Some(other)) if !value::same(other, &value) => {
                notes.push(format!("{what} `{key}` stands there with several values, and none of them counts"));
                found.insert(key, None);
            }
            Some(_) => {}
        }
    }
    found
}

impl Artifact {
    fn read(self) -> Dataset {
        Dataset { name: self.key, version: self.linked_artifact_id, path: self.path }
    }
}

impl GitSnapshot {
    fn read(self) -> Option<Code> {
        let dirty = match &self.is_dirty {
            Json::Bool(yes) => Some(*yes),
            Json::String(word) if word == "TRUE" => Some(true),
            Json::String(word) if word == "FALSE" => Some(false),
            Json::Number(number) if number.as_i64() == Some(1) => Some(true),
            Json::Number(number) if number.as_i64() == Some(2) => Some(false),
            _ => None,
        };
        (!self.hash.is_empty() || !self.repo.is_empty()).then_some(Code { repo: self.repo, hash: self.hash, dirty })
    }
}

#[cfg(test)]
mod tests {
    use proofmark_core::value::Value;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn run(json: Json) -> WireRun {
        serde_json::from_value(json).expect("a run")
    }

    #[test]
    fn zero_values_are_left_out_and_long_numbers_are_text() {
        let read = run(json!({"id": "r", "date_created": "1767225601000", "date_updated": 5, "version_number": "9",
            "metrics": [{"key": "auc", "value": 0.9}, {"key": "list", "value": [1]}, {"key": "auc", "value": "0.9"}],
            "attributes": [{"key": "a", "value": 1}, {"key": "a", "value": 2}, {"key": "a", "value": 1}],
            "code_version_snapshot": {"git_snapshot": {"hash": "abc", "is_dirty": "TRUE"}},
            "datasets": [{"key": "train", "linked_artifact_id": "v1", "artifact_type": "DATA"}]}))
        .read()
        .expect("a run");
        assert_eq!((read.created, read.updated, read.started, read.version), (Some(1_767_225_601_000), Some(5), None, 9));
        let expected = [("auc".to_owned(), Value::Float(0.9)), ("list".to_owned(), Value::Text("[1]".to_owned()))];
        assert_eq!(read.metrics, BTreeMap::from(expected));
        assert!(read.attributes.is_empty() && read.is_dirty());
        assert_eq!(read.datasets, [Dataset { name: "train".into(), version: "v1".into(), path: String::new() }]);
        assert_eq!(read.notes.len(), 1, "{:?}", read.notes);
        assert!(run(json!({})).read().is_none());
        assert!(serde_json::from_value::<WireRun>(json!({"id": "r", "start_time": "soon"})).is_err());
    }

    #[test]
    fn a_history_is_in_the_order_of_epochs_then_times() {
        let seen = |key: &str, value: Json, epoch: Json, time: &str| json!({"attribute": {"key": key, "value": value}, "timestamp": time, "epoch_number": epoch});
        let both = run(json!({"observations": [seen("loss", json!(3), json!(2), "1"), seen("loss", json!("nan"), json!(0), "9"),
            seen("loss", json!(1), json!(0), "3"), seen("auc", json!(7), json!(0), "1"), seen("loss", json!("x"), json!(1), "1")]}));
        let (points, others) = both.points("loss");
        assert_eq!((points.len(), others, points[0].value, points[2].value), (3, 1, 1.0, 3.0));
        assert!(points[1].value.is_nan());
        let without = run(json!({"observations": [seen("loss", json!(2), json!(1), "2"), seen("loss", json!(1), Json::Null, "1")]}));
        assert_eq!(without.points("loss").0.iter().map(|point| point.value).collect::<Vec<_>>(), [1.0, 2.0]);
    }

    proptest! {
        #[test]
        fn any_json_is_read_or_refused(text in "\\PC{0,40}") {
            let json: Json = serde_json::from_str(&text).unwrap_or(Json::String(text));
            let list = json!({"id": "r", "metrics": [{"key": "m", "value": json}]});
            let read = run(list).read().expect("a run");
            prop_assert_eq!(read.metrics.len() + read.notes.len(), 1);
        }
    }
}
