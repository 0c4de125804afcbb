//! Runs in answers: only what is used is read, since each run of a list carries its whole pipeline.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::client::{Page, moment};
use super::run::{MlflowRun, Run, State, Task};

/// A run in an answer; `D` is what is read of its details.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "D: Deserialize<'de> + Default"))]
pub(crate) struct RunAnswer<D> {
    #[serde(default)]
    run_id: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    experiment_id: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    storage_state: String,
    #[serde(default)]
    created_at: String,
    #[serde(default)]
    finished_at: String,
    #[serde(default)]
    description: String,
    pipeline_version_id: Option<String>,
    pipeline_version_reference: Option<Reference>,
    pipeline_reference: Option<Reference>,
    recurring_run_id: Option<String>,
    runtime_config: Option<RuntimeConfig>,
    #[serde(default)]
    plugins_output: BTreeMap<String, Plugin>,
    error: Option<Status>,
    #[serde(default)]
    run_details: D,
    #[serde(default)]
    tasks: D,
}

/// A run of a list: nothing of its tasks is kept.
pub(crate) type ListedRun = RunAnswer<IgnoredTasks>;

/// Tasks that are not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "IgnoredAny")]
pub(crate) struct IgnoredTasks;

impl From<IgnoredAny> for IgnoredTasks {
    fn from(_: IgnoredAny) -> Self {
        Self
    }
}

/// A run that was asked for.
pub(crate) type WholeRun = RunAnswer<Details>;

#[derive(Debug, Deserialize)]
struct Reference {
    pipeline_id: Option<String>,
    pipeline_version_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RuntimeConfig {
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Plugin {
    #[serde(default)]
    entries: BTreeMap<String, Entry>,
    #[serde(default)]
    state: String,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    value: Value,
}

/// An error in an answer: a message, or the older API's text.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    #[serde(default)]
    message: String,
}

/// Tasks, where older and newer servers have them.
#[derive(Debug, Default)]
pub(crate) struct Details(Vec<TaskAnswer>);

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = Details;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("tasks, or an object that holds them")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Details, A::Error> {
                let mut tasks = Vec::new();
                while let Some(task) = items.next_element()? {
                    tasks.push(task);
                }
                Ok(Details(tasks))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut fields: A) -> Result<Details, A::Error> {
                let mut tasks = Vec::new();
                while let Some(name) = fields.next_key::<String>()? {
                    if name == "task_details" {
                        tasks = fields.next_value()?;
                    } else {
                        fields.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Details(tasks))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct TaskAnswer {
    #[serde(default)]
    task_id: String,
    name: Option<String>,
    display_name: Option<String>,
    #[serde(default)]
    state: String,
    #[serde(default)]
    create_time: String,
    #[serde(default)]
    start_time: String,
    #[serde(default)]
    end_time: String,
    parent_task_id: Option<String>,
    pod_name: Option<String>,
    #[serde(default)]
    child_tasks: Vec<Child>,
    #[serde(default)]
    pods: Vec<Pod>,
    type_attributes: Option<Attributes>,
    status_metadata: Option<Status>,
    error: Option<Status>,
}

#[derive(Debug, Deserialize)]
struct Child {
    pod_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pod {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Attributes {
    /// A number as text.
    iteration_index: Option<Value>,
}

/// A page of runs.
#[derive(Debug, Deserialize)]
pub(crate) struct RunsPage {
    #[serde(default)]
    runs: Vec<ListedRun>,
    next_page_token: Option<String>,
}

impl Page for RunsPage {
    type Item = ListedRun;

    fn into_parts(self) -> (Vec<ListedRun>, Option<String>) {
        (self.runs, self.next_page_token)
    }
}

/// What the plugin for MLflow calls itself.
const MLFLOW: &str = "mlflow";

impl<D: Into<Vec<Task>>> RunAnswer<D> {
    /// Its id, before the rest is looked at.
    pub(crate) fn id(&self) -> &str {
        &self.run_id
    }

    /// As everything else knows it.
    pub(crate) fn into_run(self) -> Run {
        let reference = self.pipeline_version_reference.or(self.pipeline_reference);
        let (pipeline, version) = reference.map_or((None, None), |found| (found.pipeline_id, found.pipeline_version_id));
        let mut tasks: Vec<Task> = self.run_details.into();
        if tasks.is_empty() {
            tasks = self.tasks.into();
        }
        Run {
            state: State::from_name(&self.state),
            archived: self.storage_state == "ARCHIVED",
            created: moment(&self.created_at),
            finished: moment(&self.finished_at),
            parameters: self.runtime_config.map(|config| config.parameters).unwrap_or_default(),
            pipeline: some(pipeline),
            pipeline_version: some(version).or_else(|| some(self.pipeline_version_id)),
            recurring: some(self.recurring_run_id),
            mlflow: self.plugins_output.get(MLFLOW).and_then(Plugin::mlflow),
            error: self.error.map(|error| error.message),
            id: self.run_id,
            name: self.display_name,
            experiment: self.experiment_id,
            description: self.description,
            tasks,
        }
    }
}

impl Plugin {
    fn mlflow(&self) -> Option<MlflowRun> {
        let entry = |name: &str| self.entries.get(name)?.value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Some(MlflowRun {
            run_id: entry("root_run_id")?,
            experiment: entry("experiment_name"),
            experiment_id: entry("experiment_id"),
            url: entry("run_url"),
            state: self.state.clone(),
        })
    }
}

impl From<IgnoredTasks> for Vec<Task> {
    fn from(_: IgnoredTasks) -> Self {
        Self::new()
    }
}

impl From<Details> for Vec<Task> {
    fn from(details: Details) -> Self {
        details.0.into_iter().map(TaskAnswer::into_task).collect()
    }
}

impl TaskAnswer {
    fn into_task(self) -> Task {
        let children = self.child_tasks.into_iter().filter_map(|child| child.pod_name);
        let pods = self.pod_name.into_iter().chain(self.pods.into_iter().filter_map(|pod| pod.name)).chain(children);
        let iteration = self.type_attributes.and_then(|attributes| attributes.iteration_index);
        let error = self.error.or(self.status_metadata).map(|error| error.message).filter(|message| !message.is_empty());
        Task {
            id: self.task_id,
            name: some(self.name).or_else(|| some(self.display_name)).unwrap_or_default(),
            state: State::from_name(&self.state),
            started: moment(&self.start_time).or_else(|| moment(&self.create_time)),
            ended: moment(&self.end_time),
            parent: some(self.parent_task_id),
            pods: pods.filter(|pod| !pod.is_empty()).collect(),
            iteration: iteration.and_then(|index| index.as_i64().or_else(|| index.as_str()?.parse().ok())),
            error,
        }
    }
}

fn some(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
