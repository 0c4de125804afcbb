//! What runs logged, in the words of a comparison.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::config::{Finding, Summary};
use proofmark_core::discovery::DataVersion;
use proofmark_core::key::Key;
use proofmark_core::path::RepoPath;
use proofmark_core::ports::Revision;
use proofmark_core::problem::Problem;
use proofmark_core::snapshot::{Reading, Snapshot};
use proofmark_core::tracked::pool::Candidate;
use proofmark_core::value::Value;

use super::tracker::{Data, Tracker};

/// What data is called that a model is judged on and not trained on.
const JUDGED_ON: [&str; 6] = ["eval", "evaluation", "test", "testing", "validation", "val"];

/// What a run is called among the repeated runs of its side. Runs of both sides with one name belong together.
pub(super) fn label(tracker: &dyn Tracker, run: &Candidate, before: &[Candidate], finding: &Finding) -> String {
    let Some(param) = &finding.pair_by else { return run.id.clone() };
    let value = |run: &Candidate| tracker.params(run).remove(param);
    match value(run) {
        // The same seed twice is one more run, not another value of the same.
        Some(seed) if before.iter().filter_map(value).all(|other| other != seed) => format!("{param}={seed}"),
        _ => run.id.clone(),
    }
}

/// Dots part the names of metrics of runs as they part those of files.
pub(super) fn key(name: &str) -> Key {
    name.split('.').fold(Key::root(), |key, part| key.child(part))
}

/// What is asked of the history of a metric, oldest value first.
pub(super) fn summaries_of(metric: &str, points: &[f64], summaries: &[Summary]) -> Vec<(Key, Value)> {
    let of = |summary: &Summary| Some((key(metric).child(summary.name()), Value::Float(over(points, *summary)?)));
    summaries.iter().filter_map(of).collect()
}

/// One number of a history. A training that was no number for a while has no mean, and no best value either.
fn over(points: &[f64], summary: Summary) -> Option<f64> {
    let worst = points.iter().copied().find(|value| value.is_nan());
    let values = || points.iter().copied();
    match summary {
        Summary::First => points.first().copied(),
        Summary::Last => points.last().copied(),
        Summary::Min => worst.or_else(|| values().reduce(f64::min)),
        Summary::Max => worst.or_else(|| values().reduce(f64::max)),
        Summary::Mean => worst.or_else(|| (!points.is_empty()).then(|| values().map(|value| value / points.len() as f64).sum())),
    }
}

/// The parameters; where runs differ, the list of what they have.
pub(super) fn params(tracker: &dyn Tracker, runs: &[Candidate]) -> Reading {
    let mut all: BTreeMap<Key, Vec<String>> = BTreeMap::new();
    for (name, value) in runs.iter().flat_map(|run| tracker.params(run)) {
        let values = all.entry(key(&name)).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let one = |mut values: Vec<String>| {
        if values.len() == 1 { Value::Text(values.remove(0)) } else { Value::List(values.into_iter().map(Value::Text).collect()) }
    };
    Reading::of_runs(vec![(String::new(), all.into_iter().map(|(key, values)| (key, one(values))).collect())])
}

/// The data that runs read, by what it is called.
pub(super) fn data(file: &RepoPath, read: &[Data]) -> BTreeMap<RepoPath, DataVersion> {
    let mut digests: BTreeMap<RepoPath, BTreeSet<&str>> = BTreeMap::new();
    for dataset in read {
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
pub(super) fn warn_of_data(file: &RepoPath, base: &[Data], head: &[Data], head_has_runs: bool, snapshot: &mut Snapshot) {
    let judged_on = |read: &[Data]| -> BTreeMap<(String, String), BTreeSet<String>> {
        let mut digests: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for dataset in read {
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
            None if !head_has_runs => continue,
            None => format!("does not say that it was judged on `{name}` ({context}), as the base was"),
        };
        snapshot.problems.push(Problem::warning(file.clone(), told));
    }
}

fn joined(digests: &BTreeSet<String>) -> String {
    digests.iter().map(|digest| format!("`{digest}`")).collect::<Vec<_>>().join(", ")
}

/// A revision without anything, for the values of one run.
pub(super) fn empty(title: &str, run: &Candidate, finding: &Finding) -> Snapshot {
    let commit = run.tag(&finding.commit);
    let mut revision = Revision::commit(title, commit.unwrap_or_default(), "");
    (revision.commit, revision.subject) = (commit.map(str::to_owned), None);
    Snapshot { revision, metrics: BTreeMap::new(), params: BTreeMap::new(), data: BTreeMap::new(), problems: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_a_history() {
        let points = [3.0, 1.0, 2.0];
        let all = [Summary::First, Summary::Last, Summary::Min, Summary::Max, Summary::Mean].map(|summary| over(&points, summary));
        assert_eq!(all, [Some(3.0), Some(2.0), Some(1.0), Some(3.0), Some(2.0)]);
        assert!([Summary::Min, Summary::Max, Summary::Mean].iter().all(|summary| over(&[], *summary).is_none()));
        let broken = [points[0], f64::NAN];
        assert!([Summary::Min, Summary::Max, Summary::Mean].iter().all(|summary| over(&broken, *summary).is_some_and(f64::is_nan)));
    }

    #[test]
    fn names_with_dots_are_nested() {
        assert_eq!(key("test.auc").as_str(), "test.auc");
        assert_eq!(key("val/loss").as_str(), "val/loss");
    }
}
