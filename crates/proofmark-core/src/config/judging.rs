//! How evidence is judged: the procedure, the error probabilities, and what is too little.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Effect;

/// Which procedure judges a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Procedure {
    /// The one for the strongest evidence that is there: rows, runs, history (where the rule's baseline is `window`), point.
    #[default]
    Auto,
    /// The two numbers as they are, with no claim about noise.
    Scalar,
    /// The new value against the prediction limit of the branch's history.
    PredictionLimit,
    /// Independent runs (Welch).
    Welch,
    /// Runs with the same seeds or folds, or one score a row, on both sides.
    PairedT,
    /// One score a row on both sides, by exact or sampled sign flips.
    SignFlip,
    /// Right or wrong on the same rows (Tango).
    Tango,
    /// The area under the ROC curve on the same rows (DeLong).
    Delong,
    /// Resampling of rows.
    Bootstrap,
}

impl Procedure {
    /// The word that the configuration uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Scalar => "scalar",
            Self::PredictionLimit => "prediction-limit",
            Self::Welch => "welch",
            Self::PairedT => "paired-t",
            Self::SignFlip => "sign-flip",
            Self::Tango => "tango",
            Self::Delong => "delong",
            Self::Bootstrap => "bootstrap",
        }
    }
}

/// What happens when it cannot be told whether a metric got worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhenInconclusive {
    /// Nothing stands in the way.
    Allow,
    /// Allowed, and people should look.
    Notice,
    /// The merge is blocked.
    Block,
    /// The merge is blocked until more runs or rows are there. Each look at the data takes its part of `alpha`.
    Rerun,
}

impl WhenInconclusive {
    /// What it does to the merge.
    pub fn effect(self) -> Effect {
        match self {
            Self::Allow => Effect::Allow,
            Self::Notice => Effect::Notice,
            Self::Block | Self::Rerun => Effect::Block,
        }
    }
}

/// One metric that is measured in several runs of the same training.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Runs {
    /// Metric names with one `*` for the run's name: `accuracy.seed_*`. With `files`, the metrics that are meant; all when absent.
    pub metric: Option<String>,
    /// Metrics files with one `*` for the run's name: `runs/*/metrics.json`.
    pub files: Option<String>,
    /// What rules call the metric; the name without the part that holds the `*` when absent.
    pub name: Option<String>,
    /// Runs of the same name belong together (same seed or fold). When absent: if both sides have the same names.
    pub paired: Option<bool>,
}

/// `[baselines]`: names of commits other than the base that rules can compare with, and what they stand for: a revision of git,
/// or a glob over tags, of which the newest commit counts.
pub type Baselines = BTreeMap<String, String>;

/// `[history]`: earlier values of the branch.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct History {
    /// The git ref that `proofmark record` writes.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The newest values that count.
    pub window: usize,
    /// Fewer values judge nothing.
    pub min: usize,
    /// Only values that were recorded with this class of machine.
    pub class: Option<String>,
}

impl Default for History {
    fn default() -> Self {
        Self { reference: "refs/proofmark/history".to_owned(), window: 30, min: 5, class: None }
    }
}
