//! Runs, as the server tells of them.

use std::collections::BTreeMap;

use serde_json::Value;

/// How far a run or a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It was not started yet.
    Pending,
    /// It goes on.
    Running,
    /// It came to its end.
    Succeeded,
    /// It was not needed.
    Skipped,
    /// It ended with an error, or somebody stopped it: the server does not tell these apart.
    Failed,
    /// Somebody asked for its end.
    Canceling,
    /// Somebody ended it.
    Canceled,
    /// It waits for somebody.
    Paused,
    /// A task whose results were taken from an earlier run.
    Cached,
    /// The server does not say, or in a word that is not known here.
    Unknown,
}

impl State {
    const ALL: [Self; 9] = [
        Self::Pending,
        Self::Running,
        Self::Succeeded,
        Self::Skipped,
        Self::Failed,
        Self::Canceling,
        Self::Canceled,
        Self::Paused,
        Self::Cached,
    ];

    /// The server's word: `SUCCEEDED`.
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
            Self::Cached => "CACHED",
            Self::Unknown => "RUNTIME_STATE_UNSPECIFIED",
        }
    }

    /// From the server's word.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.name() == name).unwrap_or(Self::Unknown)
    }

    /// Whether nothing comes after it.
    pub fn is_final(self) -> bool {
        match self {
            Self::Succeeded | Self::Skipped | Self::Failed | Self::Canceled | Self::Cached => true,
            Self::Pending | Self::Running | Self::Canceling | Self::Paused | Self::Unknown => false,
        }
    }

    /// Whether it came to a good end, with results.
    pub fn passed(self) -> bool {
        matches!(self, Self::Succeeded | Self::Cached)
    }
}

/// One run of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// The name that people see; not unique.
    pub name: String,
    /// The id of its experiment.
    pub experiment: String,
    /// How far it is.
    pub state: State,
    /// When it was created, in milliseconds since 1970.
    pub created: Option<i64>,
    /// When it ended, in milliseconds since 1970.
    pub finished: Option<i64>,
    /// The parameters that it was started with. Those that the pipeline has a default for may be missing.
    pub parameters: BTreeMap<String, Value>,
    /// What somebody wrote about it.
    pub description: String,
    /// Whether it was put away.
    pub archived: bool,
    /// The id of the pipeline.
    pub pipeline: Option<String>,
    /// The id of the pipeline's version.
    pub pipeline_version: Option<String>,
    /// The id of the schedule that started it.
    pub recurring: Option<String>,
    /// The run of MLflow that holds its metrics as well.
    pub mlflow: Option<MlflowRun>,
    /// Its tasks, with those that the server adds for itself. Empty in lists.
    pub tasks: Vec<Task>,
    /// Why the server cannot tell more about it.
    pub error: Option<String>,
}

/// A run of MLflow that belongs to a run of Pipelines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MlflowRun {
    /// Its id; the tasks are nested runs of it.
    pub run_id: String,
    /// The name of its experiment.
    pub experiment: Option<String>,
    /// The id of its experiment.
    pub experiment_id: Option<String>,
    /// Where people look at it.
    pub url: Option<String>,
    /// `PLUGIN_SUCCEEDED`, `PLUGIN_RUNNING`, `PLUGIN_FAILED`.
    pub state: String,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// Its name in the pipeline.
    pub name: String,
    /// How far it is.
    pub state: State,
    /// When it began, in milliseconds since 1970.
    pub started: Option<i64>,
    /// When it ended, in milliseconds since 1970.
    pub ended: Option<i64>,
    /// The task that it is a part of.
    pub parent: Option<String>,
    /// The names of its pods and of its parts' pods.
    pub pods: Vec<String>,
    /// The turn of a loop, where the server tells.
    pub iteration: Option<i64>,
    /// Why it failed, where the server tells.
    pub error: Option<String>,
}

impl Run {
    /// The text of a parameter, as it is compared: text is itself, everything else its JSON.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters.get(name).map(text_of)
    }
}

/// The text of a parameter's value: text is itself, everything else its JSON. Whole numbers have no fraction, since the server
/// keeps all numbers as floating-point ones.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            // Up to here every whole number is exactly one.
            #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 => (float as i64).to_string(),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_of_states() {
        for state in State::ALL {
            assert_eq!(State::from_name(state.name()), state);
        }
        assert_eq!((State::from_name("succeeded"), State::from_name("")), (State::Unknown, State::Unknown));
        assert!(State::Skipped.is_final() && !State::Skipped.passed() && State::Cached.passed() && !State::Canceling.is_final());
    }

    #[test]
    fn values_have_one_text() {
        let cases = [
            (json!("a b"), "a b"),
            (json!(5.0), "5"),
            (json!(5), "5"),
            (json!(-0.5), "-0.5"),
            (json!(1e300), "1e+300"),
            (json!(true), "true"),
            (json!(null), "null"),
            (json!(["a", {"k": 1}]), r#"["a",{"k":1}]"#),
        ];
        for (value, expected) in cases {
            assert_eq!(text_of(&value), expected);
        }
    }
}
