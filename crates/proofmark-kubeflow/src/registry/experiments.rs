//! The registry's own experiments: a second place where runs and their metrics are kept. Older servers have none.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{id, properties, text, time};
use super::property::Properties;
use super::{Registry, State};
use crate::Error;

/// An experiment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Experiment {
    /// Its id: digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its custom properties.
    pub properties: Properties,
}

/// A run of an experiment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExperimentRun {
    /// Its id: digits.
    pub id: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// `RUNNING`, `SCHEDULED`, `FINISHED`, `FAILED`, `KILLED`.
    pub status: String,
    /// Whether it is in use.
    pub state: State,
    /// When it began: milliseconds since 1970.
    pub started: Option<i64>,
    /// When it ended.
    pub ended: Option<i64>,
    /// Its custom properties.
    pub properties: Properties,
}

/// A metric of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The step at which it was measured.
    pub step: Option<i64>,
    /// When: milliseconds since 1970.
    pub timestamp: Option<i64>,
}

impl Registry {
    /// The experiment of this name.
    ///
    /// # Errors
    /// [`Error::Refused`] with status 404 from a server that has no experiments; else see [`Error`].
    pub fn experiment(&self, name: &str) -> Result<Option<Experiment>, Error> {
        let call = self.get("experiment").with("name", name);
        self.named(call, &self.get("experiments"), name, experiment, |experiment| &experiment.name)
    }

    /// The runs of an experiment, in the order in which they were made.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn experiment_runs(&self, experiment: &Experiment) -> Result<Vec<ExperimentRun>, Error> {
        self.all(&self.get("experiments").part(&experiment.id).then("/experiment_runs"), run)
    }

    /// The latest metrics of a run, by name.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn metrics(&self, run: &ExperimentRun) -> Result<BTreeMap<String, Metric>, Error> {
        let call = self.get("experiment_runs").part(&run.id).then("/artifacts").with("artifactType", "metric");
        let mut latest: BTreeMap<String, Metric> = BTreeMap::new();
        // Servers that do not know the parameter send all artifacts.
        for metric in self.all(&call, metric)?.into_iter().flatten() {
            let when = |metric: &Metric| (metric.step, metric.timestamp);
            match latest.get(&metric.name) {
                Some(known) if when(known) > when(&metric) => {}
                _ => drop(latest.insert(metric.name.clone(), metric)),
            }
        }
        Ok(latest)
    }
}

fn experiment(value: &Value) -> Result<Experiment, &'static str> {
    let name = text(value, "name").ok_or("an experiment has no name")?;
    Ok(Experiment { id: id(value)?, name, properties: properties(value)? })
}

fn run(value: &Value) -> Result<ExperimentRun, &'static str> {
    let state = match text(value, "state").as_deref() {
        None | Some("LIVE") => State::Live,
        Some("ARCHIVED") => State::Archived,
        Some(other) => State::Other(other.to_owned()),
    };
    Ok(ExperimentRun {
        id: id(value)?,
        name: text(value, "name"),
        status: text(value, "status").unwrap_or_else(|| "RUNNING".to_owned()),
        state,
        started: time(value, "startTimeSinceEpoch"),
        ended: time(value, "endTimeSinceEpoch"),
        properties: properties(value)?,
    })
}

/// A metric; nothing for another artifact.
fn metric(value: &Value) -> Result<Option<Metric>, &'static str> {
    if text(value, "artifactType").is_some_and(|kind| kind != "metric") {
        return Ok(None);
    }
    let name = text(value, "name").ok_or("a metric has no name")?;
    let number = value.get("value").and_then(Value::as_f64).ok_or("a metric has no value")?;
    Ok(Some(Metric { name, value: number, step: time(value, "step"), timestamp: time(value, "timestamp") }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metrics_and_what_is_none() {
        let read = metric(&json!({"id": "1", "artifactType": "metric", "name": "auc", "value": 1, "step": 3, "timestamp": "17"}));
        assert_eq!(read, Ok(Some(Metric { name: "auc".into(), value: 1.0, step: Some(3), timestamp: Some(17) })));
        assert_eq!(metric(&json!({"id": "1", "artifactType": "doc-artifact"})), Ok(None));
        assert!(metric(&json!({"id": "1", "artifactType": "metric", "name": "auc", "value": "high"})).is_err());
    }

    #[test]
    fn a_run_as_the_registry_writes_it() {
        let read = run(&json!({"id": "4", "status": "FINISHED", "startTimeSinceEpoch": "1", "endTimeSinceEpoch": "2"})).expect("a run");
        assert_eq!((read.status.as_str(), read.started, read.ended), ("FINISHED", Some(1), Some(2)));
    }
}
