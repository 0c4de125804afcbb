//! `[policy]`: what happens in situations that are neither a pass nor a failure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Procedure, WhenInconclusive};

/// What a result does to the merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing stands in the way.
    Allow,
    /// Allowed, and people should look.
    Notice,
    /// The merge is blocked.
    Block,
}

impl Effect {
    /// The word that documents use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Notice => "notice",
            Self::Block => "block",
        }
    }
}

/// How much a violated rule weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It blocks.
    #[default]
    Fail,
    /// It is a notice.
    Warn,
    /// It is shown and never counted.
    Info,
}

/// Situations that are neither a pass nor a failure, each with what it does, and how evidence is judged where a rule does not
/// say. The defaults are safe.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Situations {
    /// A rule limits a change and the base has no value to compare with.
    pub no_baseline: Effect,
    /// A rule could not be decided: the data cannot tell, or a relative limit meets a baseline of zero.
    pub inconclusive: WhenInconclusive,
    /// The rows of a prediction table are others at the head than at the base, or have other labels; as `inconclusive` when absent.
    pub other_rows: Option<WhenInconclusive>,
    /// A rule names a metric that the head does not have.
    pub missing: Severity,
    /// The head's value is NaN, infinite, null or not a number.
    pub non_finite: Severity,
    /// A metric of the base is gone at the head and no rule covers it.
    pub removed: Effect,
    /// A metrics file of the head is there and cannot be read.
    pub unreadable_head: Effect,
    /// A metrics file of the base is there and cannot be read.
    pub unreadable_base: Effect,
    /// Which procedure judges changes.
    pub procedure: Procedure,
    /// The error probability that each verdict accepts, one-sided.
    pub alpha: f64,
    /// How surely a loss should be seen, for what is said about too little data.
    pub power: f64,
    /// How often the same data may be looked at: each look takes its part of `alpha`. 2 with `inconclusive = "rerun"`.
    pub looks: Option<u32>,
    /// Resamples of a bootstrap.
    pub resamples: u32,
    /// Slices with fewer rows are shown and not judged.
    pub min_rows: u64,
    /// Fewer runs a side are said to be thin evidence.
    pub min_runs: usize,
    /// Fewer rows of either class judge no ROC curve.
    pub min_of_class: u64,
    /// Equal runs are no surprise, since the training is deterministic.
    pub deterministic: bool,
}

impl Default for Situations {
    fn default() -> Self {
        Self {
            no_baseline: Effect::Notice,
            inconclusive: WhenInconclusive::Notice,
            other_rows: None,
            missing: Severity::Fail,
            non_finite: Severity::Fail,
            removed: Effect::Notice,
            unreadable_head: Effect::Block,
            unreadable_base: Effect::Block,
            procedure: Procedure::Auto,
            alpha: 0.05,
            power: 0.8,
            looks: None,
            resamples: 10_000,
            min_rows: 30,
            min_runs: 3,
            min_of_class: 10,
            deterministic: false,
        }
    }
}

impl Situations {
    /// Why these cannot be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        let probability = |name: &str, value: f64, below: f64| {
            if value > 0.0 && value < below { Ok(()) } else { Err(format!("`{name}` must be above 0 and below {below}")) }
        };
        probability("alpha", self.alpha, 0.5)?;
        probability("power", self.power, 1.0)?;
        if !(100..=1_000_000).contains(&self.resamples) {
            return Err("`resamples` must lie between 100 and 1000000".to_owned());
        }
        if self.looks == Some(0) {
            return Err("`looks` must be at least 1".to_owned());
        }
        Ok(())
    }
}
