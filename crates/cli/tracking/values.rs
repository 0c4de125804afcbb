//! What runs logged, in the words of a comparison.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::config::{Mlflow, Summary};
use proofmark_core::discovery::DataVersion;
use proofmark_core::key::Key;
use proofmark_core::path::RepoPath;
use proofmark_core::ports::Revision;
use proofmark_core::problem::Problem;
use proofmark_core::snapshot::{Leaves, Reading, Snapshot};
use proofmark_core::value::Value;
use proofmark_mlflow::Error;
use proofmark_mlflow::run::{COMMIT_TAG, Point, Run};

use super::Source;
use super::choose::counts;

/// What data is called that a model is judged on and not trained on.
const JUDGED_ON: [&str; 6] = ["eval", "evaluation", "test", "testing", "validation", "val"];

/// What a run is called among the repeated runs of its side. Runs of both sides with one name belong together.
pub(super) fn label(run: &Run, index: usize, all: &[Run], config: &Mlflow) -> String {
    let Some(param) = &config.pair_by else { return run.id.clone() };
    let value = |run: &Run| run.params.get(param).cloned();
    match value(run) {
        // The same seed twice is one more run, not another value of the same.
        Some(seed) if all[..index].iter().filter_map(value).all(|other| other != seed) => format!("{param}={seed}"),
        _ => run.id.clone(),
    }
}

/// The values of one run, sorted.
pub(super) fn leaves(source: &Source, run: &Run) -> Result<Leaves, Error> {
    let globs = source.metrics.as_deref();
    let mut values: BTreeMap<Key, Value> = BTreeMap::new();
    for (name, point) in run.metrics.iter().filter(|(name, _)| counts(globs, name)) {
        values.insert(key(name), Value::Float(point.value));
    }
    for (metric, summaries) in source.config.history.iter().filter(|(metric, _)| run.metrics.contains_key(*metric)) {
        let mut points = source.store.history(run, metric)?;
        points.sort_by_key(|point| (point.step, point.time));
        for summary in summaries {
            if let Some(value) = over(&points, *summary) {
                values.insert(key(metric).child(summary.name()), Value::Float(value));
            }
        }
    }
    if source.config.models {
        for id in &run.models {
            let Some(model) = source.store.logged_model(id)? else { continue };
            for metric in model.metrics.iter().filter(|metric| counts(globs, &metric.name)) {
                let name = Key::root().child("models").child(&model.name);
                let name = metric.name.split('.').fold(name, |name, part| name.child(part));
                values.insert(name, Value::Float(metric.value));
            }
        }
    }
    Ok(values.into_iter().collect())
}

/// Dots part the names of MLflow's metrics as they part those of files.
fn key(name: &str) -> Key {
    name.split('.').fold(Key::root(), |key, part| key.child(part))
}

/// One number of a history, oldest first. A training that was no number for a while has no mean, and no best value either.
fn over(points: &[Point], summary: Summary) -> Option<f64> {
    let worst = points.iter().map(|point| point.value).find(|value| value.is_nan());
    let values = || points.iter().map(|point| point.value);
    match summary {
        Summary::First => points.first().map(|point| point.value),
        Summary::Last => points.iter().reduce(|last, point| if point.is_later_than(last) { point } else { last }).map(|point| point.value),
        Summary::Min => worst.or_else(|| values().reduce(f64::min)),
        Summary::Max => worst.or_else(|| values().reduce(f64::max)),
        Summary::Mean => worst.or_else(|| (!points.is_empty()).then(|| values().map(|value| value / points.len() as f64).sum())),
    }
}

/// The parameters; where runs differ, the list of what they have.
pub(super) fn params(runs: &[Run]) -> Reading {
    let mut all: BTreeMap<Key, Vec<&String>> = BTreeMap::new();
    for (name, value) in runs.iter().flat_map(|run| &run.params) {
        let values = all.entry(key(name)).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let one = |values: Vec<&String>| match values.as_slice() {
        [value] => Value::Text((*value).clone()),
        several => Value::List(several.iter().map(|value| Value::Text((*value).clone())).collect()),
    };
    Reading::of_runs(vec![(String::new(), all.into_iter().map(|(key, values)| (key, one(values))).collect())])
}

/// The data that runs read, by what it is called.
pub(super) fn data(file: &RepoPath, runs: &[Run]) -> BTreeMap<RepoPath, DataVersion> {
    let mut digests: BTreeMap<RepoPath, BTreeSet<&str>> = BTreeMap::new();
    for dataset in runs.iter().flat_map(|run| &run.datasets) {
        let name = dataset.name.replace(['/', '\0'], "_");
        let folder = file.child(&dataset.context.as_deref().unwrap_or("data").replace(['/', '\0'], "_"));
        digests.entry(folder.child(&name)).or_default().insert(&dataset.digest);
    }
    let version = |digests: BTreeSet<&str>| DataVersion {
        algorithm: "digest".to_owned(),
        hash: digests.into_iter().collect::<Vec<_>>().join(" "),
        size: None,
        files: None,
    };
    digests.into_iter().map(|(path, digests)| (path, version(digests))).collect()
}

/// Models that were judged on other data cannot be told apart by their metrics alone.
pub(super) fn warn_of_data(file: &RepoPath, base: &[Run], head: &[Run], snapshot: &mut Snapshot) {
    let judged_on = |runs: &[Run]| -> BTreeMap<(String, String), BTreeSet<String>> {
        let mut digests: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for dataset in runs.iter().flat_map(|run| &run.datasets) {
            let context = dataset.context.clone().unwrap_or_default();
            if JUDGED_ON.contains(&context.to_lowercase().as_str()) {
                digests.entry((dataset.name.clone(), context)).or_default().insert(dataset.digest.clone());
            }
        }
        digests
    };
    let (before, after) = (judged_on(base), judged_on(head));
    for ((name, context), digests) in &before {
        let told = match after.get(&(name.clone(), context.clone())) {
            Some(same) if same == digests => continue,
            Some(other) => format!(
                "was judged on other data: `{name}` ({context}) has the digest {} at the base and {} at the head",
                joined(digests),
                joined(other)
            ),
            None if head.is_empty() => continue,
            None => format!("does not say that it was judged on `{name}` ({context}), as the base was"),
        };
        snapshot.problems.push(Problem::warning(file.clone(), told));
    }
}

fn joined(digests: &BTreeSet<String>) -> String {
    digests.iter().map(|digest| format!("`{digest}`")).collect::<Vec<_>>().join(", ")
}

/// A revision without anything, for the values of one run.
pub(super) fn empty(title: &str, run: &Run, config: &Mlflow) -> Snapshot {
    let commit = run.tag(config.commit_tag.as_deref().unwrap_or(COMMIT_TAG));
    let mut revision = Revision::commit(title, commit.unwrap_or_default(), "");
    (revision.commit, revision.subject) = (commit.map(str::to_owned), None);
    Snapshot { revision, metrics: BTreeMap::new(), params: BTreeMap::new(), data: BTreeMap::new(), problems: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_a_history() {
        let points = [Point::new(3.0, 0, 1), Point::new(1.0, 1, 2), Point::new(2.0, 2, 3)];
        let all = [Summary::First, Summary::Last, Summary::Min, Summary::Max, Summary::Mean].map(|summary| over(&points, summary));
        assert_eq!(all, [Some(3.0), Some(2.0), Some(1.0), Some(3.0), Some(2.0)]);
        assert!([Summary::Min, Summary::Max, Summary::Mean].iter().all(|summary| over(&[], *summary).is_none()));
        let broken = [points[0], Point::new(f64::NAN, 1, 2)];
        assert!([Summary::Min, Summary::Max, Summary::Mean].iter().all(|summary| over(&broken, *summary).is_some_and(f64::is_nan)));
    }

    #[test]
    fn names_with_dots_are_nested() {
        assert_eq!(key("test.auc").as_str(), "test.auc");
        assert_eq!(key("val/loss").as_str(), "val/loss");
    }
}
