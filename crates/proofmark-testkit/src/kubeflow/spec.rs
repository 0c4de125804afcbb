//! How a test says what runs do.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a run comes to.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// All tasks have done their work.
    #[default]
    Succeeded,
    /// The task of this name failed with this message.
    Failed(String, String),
    /// There was nothing to do.
    Skipped,
    /// Something other than the open-source server stopped it.
    Canceled,
    /// It keeps running.
    Never,
}

/// The state of a run or a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Not yet begun.
    #[default]
    Pending,
    /// At work.
    Running,
    /// Over, and all is well.
    Succeeded,
    /// Over without having begun.
    Skipped,
    /// Over, and all is not well.
    Failed,
    /// Somebody asked for the end.
    Canceling,
    /// Over because somebody asked.
    Canceled,
    /// Waiting for somebody.
    Paused,
}

impl State {
    /// As the API of version 2 says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Skipped => "SKIPPED",
            Self::Failed => "FAILED",
            Self::Canceling => "CANCELING",
            Self::Canceled => "CANCELED",
            Self::Paused => "PAUSED",
        }
    }

    /// As Argo and the API of version 1 say it.
    pub(crate) fn old_name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running | Self::Paused => "Running",
            Self::Succeeded => "Succeeded",
            Self::Skipped => "Skipped",
            Self::Failed => "Failed",
            Self::Canceling => "Terminating",
            Self::Canceled => "Canceled",
        }
    }

    /// Whether nothing comes after it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Skipped | Self::Failed | Self::Canceled)
    }
}

/// A named collection of values that a task gives.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Output {
    /// The name of the output in the component.
    pub key: String,
    /// Such as `system.Metrics`.
    pub kind: String,
    /// In the order in which a store gives them.
    pub values: Vec<(String, Value)>,
    /// Where the file would be; made up when empty.
    pub uri: String,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Task {
    /// Its name in the pipeline.
    pub name: String,
    /// What it gives.
    pub outputs: Vec<Output>,
    /// The run whose work was taken over instead of doing it again.
    pub cached_from: String,
    /// What its log says.
    pub log: String,
}

impl Task {
    /// A task that gives nothing.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds an output of type `system.Metrics`.
    #[must_use]
    pub fn metrics(self, key: &str, metrics: &[(&str, f64)]) -> Self {
        let values = metrics.iter().map(|(name, value)| ((*name).to_owned(), number(*value))).collect();
        self.output(Output { key: key.to_owned(), kind: "system.Metrics".to_owned(), values, uri: String::new() })
    }

    /// Adds any output.
    #[must_use]
    pub fn output(mut self, output: Output) -> Self {
        self.outputs.push(output);
        self
    }

    /// Its work was taken over from this run, whose task of the same name has the outputs.
    #[must_use]
    pub fn cached_from(self, run: &str) -> Self {
        Self { cached_from: run.to_owned(), ..self }
    }

    /// What its log says.
    #[must_use]
    pub fn log(self, text: &str) -> Self {
        Self { log: text.to_owned(), ..self }
    }
}

/// JSON has no NaN and no infinities; they are kept as texts that become doubles again.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { json!({"double": value.to_string()}) }
}

/// What the MLflow plugin says of a run.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plugin {
    /// The experiment's number.
    pub experiment_id: String,
    /// The experiment's name.
    pub experiment_name: String,
    /// The run under which each task has one of its own.
    pub root_run_id: String,
    /// Where people look at it.
    pub run_url: String,
    /// `PLUGIN_SUCCEEDED`, when empty, or the like.
    pub state: String,
}

/// What a run does, from its first poll to its last. A poll is a request for that one run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// So many polls see it wait.
    pub pending: u32,
    /// So many more see it at work.
    pub running: u32,
    /// So many see that it is being stopped.
    pub canceling: u32,
    /// What the others see.
    pub end: End,
    /// What they see after a retry.
    pub retried: End,
    /// Empty for the tasks of the pipeline.
    pub tasks: Vec<Task>,
    /// With the plugin on.
    pub mlflow: Option<Plugin>,
    /// Metrics of version 1: name, value, `RAW` or `PERCENTAGE`. Empty for those of the tasks.
    pub old_metrics: Vec<(String, f64, String)>,
    /// Parameters that the pipeline gives back.
    pub output_parameters: Map<String, Value>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            pending: 1,
            running: 1,
            canceling: 2,
            end: End::Succeeded,
            retried: End::Succeeded,
            tasks: Vec::new(),
            mlflow: None,
            old_metrics: Vec::new(),
            output_parameters: Map::new(),
        }
    }
}

impl Script {
    /// Waits for one poll, works for one poll, and succeeds.
    pub fn new() -> Self {
        Self::default()
    }

    /// So many polls see it wait, so many more see it at work.
    #[must_use]
    pub fn polls(self, pending: u32, running: u32) -> Self {
        Self { pending, running, ..self }
    }

    /// What it comes to.
    #[must_use]
    pub fn end(self, end: End) -> Self {
        Self { end, ..self }
    }

    /// The task of this name fails with this message.
    #[must_use]
    pub fn fails(self, task: &str, message: &str) -> Self {
        self.end(End::Failed(task.to_owned(), message.to_owned()))
    }

    /// Adds a task.
    #[must_use]
    pub fn task(mut self, task: Task) -> Self {
        self.tasks.push(task);
        self
    }

    /// Adds a task with one output of metrics.
    #[must_use]
    pub fn metrics(self, task: &str, output: &str, metrics: &[(&str, f64)]) -> Self {
        self.task(Task::new(task).metrics(output, metrics))
    }

    /// With the MLflow plugin on.
    #[must_use]
    pub fn mlflow(self, experiment: &str, root_run: &str) -> Self {
        let run_url = format!("https://mlflow.invalid/#/experiments/{experiment}/runs/{root_run}");
        let (experiment_id, root_run_id) = (experiment.to_owned(), root_run.to_owned());
        let plugin = Plugin { experiment_id, experiment_name: "kfp".to_owned(), root_run_id, run_url, state: String::new() };
        Self { mlflow: Some(plugin), ..self }
    }
}

/// A run that a test puts into the world.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunSpec {
    /// The name that lists show.
    pub name: String,
    /// Made up when empty.
    pub id: String,
    /// What people wrote about it.
    pub description: String,
    /// Seconds since 1970; a minute after the newest run when 0.
    pub created: i64,
    /// Seconds that it took; 300 when 0.
    pub took: i64,
    /// The pipeline's version by its id, if any.
    pub version: String,
    /// The values that it ran with.
    pub parameters: Map<String, Value>,
    /// What it does. Runs that a test puts in are over, unless `live` says otherwise.
    pub script: Script,
    /// It plays its script from the beginning.
    pub live: bool,
    /// It was put away.
    pub archived: bool,
    /// The recurring run that it came from.
    pub recurring: String,
}

impl RunSpec {
    /// A finished run of this name that gave nothing.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// What it did.
    #[must_use]
    pub fn script(self, script: Script) -> Self {
        Self { script, ..self }
    }

    /// Adds a task with one output of metrics.
    #[must_use]
    pub fn metrics(mut self, task: &str, output: &str, metrics: &[(&str, f64)]) -> Self {
        self.script = self.script.metrics(task, output, metrics);
        self
    }

    /// When it was made, in seconds since 1970.
    #[must_use]
    pub fn created(self, seconds: i64) -> Self {
        Self { created: seconds, ..self }
    }

    /// One of the values that it ran with.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }
}
