//! The metrics of a run, wherever the server keeps them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proofmark_http::api::ApiError;

use crate::Error;

use super::client::Pipelines;
use super::run::Run;

/// How the metrics of a run were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// From the artifacts of the API itself, which servers have since they have no metadata store.
    Artifacts,
    /// From the metadata store, through the UI.
    Mlmd,
    /// From the metrics of version 1 of the API.
    V1,
    /// From the run of MLflow that belongs to the run; see [`Run::mlflow`]. Nothing in this crate reads it.
    Mlflow,
    /// From the files of a run on this machine.
    Local,
}

impl Way {
    /// In words: `from the metadata store`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Artifacts => "from the server's artifacts",
            Self::Mlmd => "from the metadata store",
            Self::V1 => "from the metrics of version 1",
            Self::Mlflow => "from MLflow",
            Self::Local => "from local files",
        }
    }
}

/// Where a metric was logged, and what it is called there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricName {
    /// The task, after the pipelines inside of the pipeline that it is in: `train`, `evaluation/score`. Conditions and loops
    /// are not told: inside of one pipeline no two tasks have the same name anyway.
    pub task: String,
    /// The turns of the loops that it is in, the outer one first.
    pub turns: Vec<u64>,
    /// The output of the task: `metrics`.
    pub output: String,
    /// The name that it was logged by; or what was worked out from a matrix or a curve: `accuracy`, `class.spam.recall`.
    pub metric: String,
    /// Whether nobody logged it: it was worked out.
    pub derived: bool,
}

impl MetricName {
    /// The task and the turns: `train[3]`.
    pub fn place(&self) -> String {
        let turns: String = self.turns.iter().map(|turn| format!("[{turn}]")).collect();
        format!("{}{turns}", self.task)
    }

    /// Without the output: `train.accuracy`.
    fn brief(&self) -> String {
        joined(&[&self.place(), &self.metric])
    }
}

/// With all that there is: `train.metrics.accuracy`.
impl fmt::Display for MetricName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&joined(&[&self.place(), &self.output, &self.metric]))
    }
}

fn joined(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".")
}

/// The metrics of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// Their values; of a task that was tried again, those of the last try.
    pub values: BTreeMap<MetricName, f64>,
    /// How they were read.
    pub way: Way,
    /// The tasks whose results were taken from an earlier run, sorted.
    pub cached: Vec<String>,
    /// What is to be said about them: sentences without a full stop.
    pub notes: Vec<String>,
}

impl Metrics {
    /// The metrics by their keys.
    ///
    /// A key is `TASK.METRIC`: `train.accuracy`. Only where one task logs the same metric in two of its outputs, and for what was
    /// worked out from a matrix or a curve, it is `TASK.OUTPUT.METRIC`: `train.cm.accuracy`. So a key depends on nothing but
    /// the one task that logs it, and is the same on both sides of a comparison whatever other tasks a branch adds. A bare
    /// `accuracy` would become another key as soon as a second task logs one.
    pub fn keys(&self) -> BTreeMap<String, (&MetricName, f64)> {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for name in self.values.keys().filter(|name| !name.derived) {
            *count.entry(name.brief()).or_default() += 1;
        }
        let is_brief = |name: &MetricName, brief: &String| !name.derived && count.get(brief) == Some(&1);
        // A name with dots can look like another one with its output: then it has its own output as well.
        let whole: BTreeSet<String> = self.values.keys().filter(|name| !is_brief(name, &name.brief())).map(ToString::to_string).collect();
        let mut keys = BTreeMap::new();
        // What was logged first: nothing that was worked out takes its key.
        for derived in [false, true] {
            for (name, value) in self.values.iter().filter(|(name, _)| name.derived == derived) {
                let brief = name.brief();
                let key = if is_brief(name, &brief) && !whole.contains(&brief) { brief } else { name.to_string() };
                keys.entry(key).or_insert((name, *value));
            }
        }
        keys
    }
}

/// What came of one way to the metrics.
pub(super) enum Attempt {
    /// The metrics, or that the run has none.
    Found(Metrics),
    /// The way is there, and knows nothing of the run.
    Unknown(String),
    /// This server does not have the way.
    Missing(String),
    /// The way is there, and closed for now.
    Failing(String),
}

impl Pipelines {
    /// The metrics of a run: from the server's artifacts, or from the metadata store, or from version 1 of the API, whichever
    /// knows the run first. Which of them the server has is found out once. That there are none is no error.
    ///
    /// # Errors
    /// [`Error::NoMetrics`] where nobody can tell whether there are any: no way leads to them. Else see [`Error`].
    pub fn metrics(&self, run: &Run) -> Result<Metrics, Error> {
        let mut reasons = Vec::new();
        let mut empty = None;
        match self.artifacts_of(run)? {
            Attempt::Found(metrics) => return Ok(metrics),
            Attempt::Unknown(why) => {
                // A server that was moved on keeps what is older where it was.
                empty = Some(Metrics { values: BTreeMap::new(), way: Way::Artifacts, cached: Vec::new(), notes: vec![why] });
            }
            Attempt::Missing(why) | Attempt::Failing(why) => reasons.push(why),
        }
        let mut unknown = None;
        match self.mlmd_of(run)? {
            Attempt::Found(metrics) => return Ok(metrics),
            Attempt::Unknown(why) => unknown = Some(why),
            Attempt::Missing(why) => reasons.push(why),
            Attempt::Failing(why) => {
                // What is older may be there.
                empty = None;
                reasons.push(why);
            }
        }
        let last = match self.v1_of(run)? {
            Attempt::Found(metrics) => return Ok(metrics),
            Attempt::Unknown(why) | Attempt::Missing(why) | Attempt::Failing(why) => why,
        };
        if let Some(metrics) = empty {
            return Ok(metrics);
        }
        if let Some(why) = unknown {
            if !run.state.passed() {
                return Ok(Metrics { values: BTreeMap::new(), way: Way::Mlmd, cached: Vec::new(), notes: vec![why] });
            }
            reasons.push(why);
        }
        reasons.push(last);
        Err(Error::NoMetrics { run: run.id.clone(), reasons })
    }

    /// Whether an error only says that this server does not have such a thing.
    pub(super) fn is_absent(error: &ApiError) -> bool {
        matches!(error.status(), Some(404 | 405 | 501))
    }
}
