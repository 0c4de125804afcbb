//! Runs of MLflow.

mod open;

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use proofmark_core::config::Mlflow;
use proofmark_core::glob::Glob;
use proofmark_core::key::Key;
use proofmark_core::ports::Blob;
use proofmark_core::tracked::pool::{Candidate, Found, Pool, Query, Skipped};
use proofmark_core::value::Value;
use proofmark_mlflow::run::{Experiment, PARENT_TAG, Point, Run, Status};
use proofmark_mlflow::store::{self, Artifact};
use proofmark_mlflow::{Error, Store};

use super::choose::counts;
use super::opener::Opener;
use super::tracker::{DELETED, Data, ELSEWHERE, Tracker, Trouble};
use super::values::{key, summaries_of};

pub(crate) use self::open::{model_uri, registry};

/// One `[[mlflow]]`.
pub(super) struct MlflowRuns {
    config: Mlflow,
    metrics: Option<Vec<Glob>>,
    store: Rc<dyn Store>,
    experiments: Vec<Experiment>,
    /// The runs that were seen, by id.
    seen: RefCell<BTreeMap<String, Run>>,
}

impl MlflowRuns {
    pub(super) fn open(config: &Mlflow, metrics: Option<Vec<Glob>>, opener: &Opener) -> Result<Self, Trouble> {
        let store = opener.open(config.tracking_uri.as_deref())?;
        let mut experiments = Vec::new();
        for name in &config.experiment.0 {
            let found = store.experiment(name)?;
            experiments.push(found.ok_or_else(|| Error::NoStore {
                store: store.title().to_owned(),
                why: format!("there is no experiment `{name}`; names are case-sensitive"),
            })?);
        }
        Ok(Self { config: config.clone(), metrics, store, experiments, seen: RefCell::default() })
    }

    /// Keeps a run, and says what has to be known to choose it.
    fn candidate(&self, run: Run) -> Candidate {
        let aside = match run.status {
            _ if run.deleted => Some(DELETED),
            _ if self.experiments.iter().all(|experiment| experiment.id != run.experiment) => Some(ELSEWHERE),
            Status::Finished => None,
            Status::Failed => Some("failed"),
            Status::Killed => Some("killed"),
            Status::Running => Some("not finished"),
            Status::Scheduled => Some("not started"),
        };
        let candidate = Candidate {
            id: run.id.clone(),
            name: run.name.clone(),
            aside,
            started: run.started,
            parent: run.tag(PARENT_TAG).map(str::to_owned),
            tags: run.tags.clone(),
            url: self.store.run_url(&run),
            models: run.models.clone(),
        };
        self.seen.borrow_mut().insert(run.id.clone(), run);
        candidate
    }

    fn seen(&self, run: &Candidate) -> Option<Run> {
        self.seen.borrow().get(&run.id).cloned()
    }
}

impl Pool for MlflowRuns {
    type Error = Trouble;

    fn search(&self, query: &Query) -> Result<Found, Trouble> {
        let parents = query.parents.iter().map(|parents| (PARENT_TAG.to_owned(), parents.clone()));
        let asked = store::Query {
            experiments: self.experiments.iter().map(|experiment| experiment.id.clone()).collect(),
            tags: query.tags.iter().cloned().chain(parents).collect(),
            name: query.name.clone(),
            limit: query.limit,
        };
        let found = self.store.search(&asked)?;
        let runs = found.runs.into_iter().map(|run| self.candidate(run));
        // A server's filter is not taken on trust.
        let runs = runs.filter(|run| !matches!(run.aside, Some(DELETED | ELSEWHERE))).collect();
        let skipped = found.skipped.into_iter().map(|skipped| Skipped { run: skipped.run, reason: skipped.reason }).collect();
        Ok(Found { runs, skipped, incomplete: found.incomplete })
    }

    fn run(&self, id: &str) -> Result<Option<Candidate>, Trouble> {
        Ok(self.store.run(id)?.map(|run| self.candidate(run)))
    }

    fn metrics(&self, run: &Candidate) -> Result<Vec<String>, Trouble> {
        Ok(self.seen(run).map(|run| run.metrics.into_keys().collect()).unwrap_or_default())
    }

    fn values_at_once(&self) -> usize {
        self.store.values_at_once()
    }
}

impl Tracker for MlflowRuns {
    fn title(&self) -> &str {
        self.store.title()
    }

    fn values(&self, run: &Candidate) -> Result<BTreeMap<Key, Value>, Trouble> {
        let Some(run) = self.seen(run) else { return Ok(BTreeMap::new()) };
        let globs = self.metrics.as_deref();
        let mut values: BTreeMap<Key, Value> = BTreeMap::new();
        for (name, point) in run.metrics.iter().filter(|(name, _)| counts(globs, name)) {
            values.insert(key(name), Value::Float(point.value));
        }
        for (metric, summaries) in self.config.history.iter().filter(|(metric, _)| run.metrics.contains_key(*metric)) {
            let mut points = self.store.history(&run, metric)?;
            points.sort_by(by_time);
            let points: Vec<f64> = points.iter().map(|point| point.value).collect();
            values.extend(summaries_of(metric, &points, summaries));
        }
        for id in run.models.iter().filter(|_| self.config.models) {
            let Some(model) = self.store.logged_model(id)? else { continue };
            for metric in model.metrics.iter().filter(|metric| counts(globs, &metric.name)) {
                let name = Key::root().child("models").child(&model.name);
                let name = metric.name.split('.').fold(name, |name, part| name.child(part));
                values.insert(name, Value::Float(metric.value));
            }
        }
        Ok(values)
    }

    fn params(&self, run: &Candidate) -> BTreeMap<String, String> {
        self.seen(run).map(|run| run.params).unwrap_or_default()
    }

    fn data(&self, run: &Candidate) -> Vec<Data> {
        let datasets = self.seen(run).map(|run| run.datasets).unwrap_or_default();
        datasets.into_iter().map(|data| Data { name: data.name, digest: data.digest, context: data.context }).collect()
    }

    fn artifact(&self, run: &Candidate, path: &str, limit: u64) -> Result<Option<Blob>, Trouble> {
        let Some(run) = self.seen(run) else { return Ok(None) };
        Ok(self.store.artifact(&run, path, limit)?.map(|artifact| match artifact {
            Artifact::Bytes(bytes) => Blob::InMemory(bytes),
            Artifact::File(path) => Blob::OnDisk(path),
        }))
    }
}

/// The order in which MLflow takes one point for later than another.
fn by_time(one: &Point, two: &Point) -> Ordering {
    match (one.is_later_than(two), two.is_later_than(one)) {
        (true, _) => Ordering::Greater,
        (_, true) => Ordering::Less,
        _ => Ordering::Equal,
    }
}
