//! Gathers the metrics of a run from its artifacts, whichever store they are in.

use std::collections::{BTreeMap, BTreeSet};

use super::classification;
use super::metrics::{MetricName, Metrics, Way};
use super::tree::Tree;

/// Metrics of a run at most.
const MOST_METRICS: usize = 20_000;
/// Bytes of a name at most.
const LONGEST_NAME: usize = 500;
/// Tasks from the cache that are named at most.
const MOST_CACHED: usize = 1000;
/// Notes at most.
const MOST_NOTES: usize = 20;
/// What the launcher writes beside the metrics.
const BOOKKEEPING: [&str; 3] = ["display_name", "store_session_info", "name"];
/// The names that the compiler gives to conditions, loops and exit handlers, before a number.
const GROUPS: [&str; 4] = ["condition-", "condition-branches-", "for-loop-", "exit-handler-"];

/// An output of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The task, with the pipelines that it is in.
    pub(super) task: String,
    /// The turns of loops.
    pub(super) turns: Vec<u64>,
    /// The output.
    pub(super) output: String,
    /// Of two places with the same name the one with the greater number counts.
    pub(super) serial: i64,
}

/// What an artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Metrics by their names.
    Metrics,
    /// A confusion matrix or a curve.
    Classification,
    /// A matrix for each of many slices.
    Sliced,
    /// Something else.
    Other,
    /// Nobody says: its numbers are metrics, and the rest is something else.
    Untold,
}

impl Kind {
    /// From the type's name, as the metadata store and the newer API have it.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "system.Metrics" | "Metric" => Self::Metrics,
            "system.ClassificationMetrics" | "ClassificationMetric" => Self::Classification,
            "system.SlicedClassificationMetrics" | "SlicedClassificationMetric" => Self::Sliced,
            _ => Self::Other,
        }
    }
}

/// Gathers metrics.
#[derive(Debug, Default)]
pub(super) struct Collector {
    values: BTreeMap<MetricName, (i64, f64)>,
    cached: BTreeSet<String>,
    notes: Vec<String>,
    left_out: usize,
}

impl Collector {
    /// One metric.
    pub(super) fn metric(&mut self, place: &Place, metric: &str, value: f64) {
        self.put(place, metric, value, false);
    }

    /// What an artifact's metadata hold.
    pub(super) fn artifact(&mut self, place: &Place, kind: Kind, metadata: BTreeMap<String, Tree>) {
        let output = format!("{}.{}", place.task, place.output);
        match kind {
            Kind::Metrics | Kind::Untold => {
                for (name, value) in metadata {
                    match value.number() {
                        Some(number) => self.metric(place, &name, number),
                        None if kind == Kind::Untold || BOOKKEEPING.contains(&name.as_str()) => {}
                        None => self.note(format!("`{name}` of `{output}` is {} and no metric", value.kind())),
                    }
                }
            }
            Kind::Classification => {
                let derived = classification::derive(&Tree::Object(metadata));
                for (name, value) in derived.values {
                    self.put(place, &name, value, true);
                }
                for note in derived.notes {
                    self.note(format!("`{output}`: {note}"));
                }
            }
            Kind::Sliced => self.note(format!("`{output}` holds metrics of slices, which are not read")),
            Kind::Other => {}
        }
    }

    /// A task took its results from an earlier run.
    pub(super) fn cached(&mut self, task: &str) {
        if self.cached.len() < MOST_CACHED {
            self.cached.insert(task.to_owned());
        }
    }

    /// Something to be said.
    pub(super) fn note(&mut self, text: String) {
        // Names in it are the server's.
        let text = proofmark_http::api::one_line(&text, &[]);
        if self.notes.contains(&text) {
            return;
        }
        if self.notes.len() < MOST_NOTES {
            self.notes.push(text);
        } else {
            self.left_out += 1;
        }
    }

    /// Whether anything was found.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All of it.
    pub(super) fn done(mut self, way: Way) -> Metrics {
        if self.left_out > 0 {
            self.notes.push(format!("there is more like this: {} times", self.left_out));
        }
        Metrics {
            values: self.values.into_iter().map(|(name, (_, value))| (name, value)).collect(),
            way,
            cached: self.cached.into_iter().collect(),
            notes: self.notes,
        }
    }

    fn put(&mut self, place: &Place, metric: &str, value: f64, derived: bool) {
        let (task, output) = (place.task.clone(), place.output.clone());
        if metric.is_empty() || task.len() + output.len() + metric.len() > LONGEST_NAME {
            self.note(format!("a metric of `{task}.{output}` has no name, or too long a one"));
            return;
        }
        let name = MetricName { task, turns: place.turns.clone(), output, metric: metric.to_owned(), derived };
        if !self.values.contains_key(&name) && self.values.len() >= MOST_METRICS {
            self.note(format!("only {MOST_METRICS} metrics were read"));
            return;
        }
        let slot = self.values.entry(name).or_insert((place.serial, value));
        if place.serial >= slot.0 {
            *slot = (place.serial, value);
        }
    }
}

/// One step above an output, as a store knows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    /// Its name in the pipeline.
    pub(super) name: String,
    /// The turn of a loop.
    pub(super) turn: Option<u64>,
    /// What it is a part of.
    pub(super) parent: Option<String>,
}

/// The name of a task with the pipelines that it is in, and its turns. Steps are known by their ids.
pub(super) fn place_of(id: &str, steps: &BTreeMap<String, Step>) -> (String, Vec<u64>) {
    let (mut names, mut turns, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut next = Some(id);
    while let Some((at, step)) = next.and_then(|id| Some((id, steps.get(id)?))) {
        if !seen.insert(at) {
            break;
        }
        turns.extend(step.turn);
        let is_root = step.parent.is_none() && matches!(step.name.as_str(), "" | "root");
        if at == id || !(is_group(&step.name) || is_root) {
            names.push(step.name.as_str());
        }
        next = step.parent.as_deref();
    }
    names.reverse();
    turns.reverse();
    (names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join("/"), turns)
}

fn is_group(name: &str) -> bool {
    let number = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.parse::<u32>().is_ok());
    name.is_empty() || GROUPS.into_iter().any(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn steps(of: &[(&str, &str, Option<u64>, &str)]) -> BTreeMap<String, Step> {
        let step = |(id, name, turn, parent): &(&str, &str, Option<u64>, &str)| {
            let parent = Some((*parent).to_owned()).filter(|parent| !parent.is_empty());
            ((*id).to_owned(), Step { name: (*name).to_owned(), turn: *turn, parent })
        };
        of.iter().map(step).collect()
    }

    #[test]
    fn pipelines_in_pipelines_are_told_and_conditions_are_not() {
        let steps = steps(&[
            ("0", "", None, ""),
            ("1", "evaluation", None, "0"),
            ("2", "condition-3", None, "1"),
            ("3", "for-loop-2", None, "2"),
            ("4", "for-loop-2", Some(1), "3"),
            ("5", "score", None, "4"),
            ("6", "train", None, "0"),
            ("7", "a", None, "8"),
            ("8", "b", None, "7"),
        ]);
        assert_eq!(place_of("5", &steps), ("evaluation/score".to_owned(), vec![1]));
        assert_eq!(place_of("6", &steps), ("train".to_owned(), Vec::new()));
        assert_eq!(place_of("7", &steps).0, "b/a");
        assert_eq!(place_of("9", &steps).0, "");
    }

    fn place(task: &str, output: &str, serial: i64) -> Place {
        Place { task: task.to_owned(), turns: Vec::new(), output: output.to_owned(), serial }
    }

    fn metadata(value: serde_json::Value) -> BTreeMap<String, Tree> {
        match Tree::from(value) {
            Tree::Object(fields) => fields,
            _ => BTreeMap::new(),
        }
    }

    #[test]
    fn keys_depend_on_one_task_only() {
        let mut found = Collector::default();
        found.artifact(&place("train", "metrics", 1), Kind::Metrics, metadata(json!({"accuracy": 0.9, "flag": true, "note": "x"})));
        found.artifact(&place("train", "more", 1), Kind::Metrics, metadata(json!({"loss": "NaN", "display_name": "more"})));
        let matrix = json!({"annotationSpecs": [{"displayName": "a"}], "rows": [{"row": [3]}]});
        found.artifact(&place("train", "cm", 1), Kind::Classification, metadata(json!({"confusionMatrix": matrix})));
        found.artifact(&place("score", "metrics", 1), Kind::Metrics, metadata(json!({"accuracy": 0.8})));
        found.artifact(&place("twice", "one", 1), Kind::Metrics, metadata(json!({"f1": 0.1})));
        found.artifact(&place("twice", "two", 1), Kind::Metrics, metadata(json!({"f1": 0.2})));
        found.artifact(&place("train", "model", 1), Kind::Other, metadata(json!({"size": 5})));
        let metrics = found.done(Way::Mlmd);
        let keys = metrics.keys();
        let some = ["score.accuracy", "train.accuracy", "train.cm.accuracy", "train.flag", "train.loss", "twice.one.f1", "twice.two.f1"];
        for key in some {
            assert!(keys.contains_key(key), "{key}: {keys:?}");
        }
        assert_eq!((keys["train.accuracy"].1, keys["train.cm.accuracy"].1, keys["train.flag"].1), (0.9, 1.0, 1.0));
        assert_eq!(metrics.notes, ["`note` of `train.metrics` is text and no metric"]);
    }

    #[test]
    fn the_last_try_counts() {
        let mut found = Collector::default();
        for (serial, value) in [(5, 0.5), (7, 0.7), (6, 0.6)] {
            found.metric(&place("train", "metrics", serial), "auc", value);
        }
        assert_eq!(found.done(Way::Mlmd).keys()["train.auc"].1, 0.7);
    }

    #[test]
    fn names_and_notes_are_bounded() {
        let mut found = Collector::default();
        found.metric(&place("t", "o", 1), &"x".repeat(600), 1.0);
        found.metric(&place("t", "o", 1), "", 1.0);
        assert!(found.is_empty());
        for number in 0..50 {
            found.note(number.to_string());
        }
        let notes = found.done(Way::V1).notes;
        assert_eq!((notes.len(), notes.last().map(String::as_str)), (MOST_NOTES + 1, Some("there is more like this: 31 times")));
    }
}
