//! What a check rests on: the procedure, its numbers, and why it was chosen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How strong the evidence of a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Level {
    /// One number on each side: no claim about noise.
    Point,
    /// Earlier values of the base branch, and one new one.
    History,
    /// Repeated runs of the training.
    Runs,
    /// Rows of a test set.
    Rows,
}

impl Level {
    /// The word that documents use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::History => "history",
            Self::Runs => "runs",
            Self::Rows => "rows",
        }
    }
}

/// What a check rests on. Improvements are oriented (positive is better) and in the metric's unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Evidence {
    /// How strong it is.
    pub level: Level,
    /// The procedure that judged.
    pub procedure: String,
    /// Why this procedure, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Values, runs or rows at the base.
    pub n_base: usize,
    /// Values, runs or rows at the head.
    pub n_head: usize,
    /// The loss that is accepted, in the metric's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The error probability that each verdict accepts, one-sided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpha: Option<f64>,
    /// The estimated improvement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub improvement: Option<f64>,
    /// Its one-sided lower confidence limit at `1 - alpha`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Its one-sided upper confidence limit at `1 - alpha`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// Its standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub se: Option<f64>,
    /// Degrees of freedom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub df: Option<f64>,
    /// P(data this good | loss of exactly the margin).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_noninferior: Option<f64>,
    /// P(data this bad | loss of exactly the margin).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_inferior: Option<f64>,
    /// The same, adjusted for the number of checks that could fail (Holm).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_inferior_adjusted: Option<f64>,
    /// P(a difference this large | no difference); it never decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_two_sided: Option<f64>,
    /// The smallest loss that would have been seen with the policy's power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mde: Option<f64>,
    /// Rows or runs that would settle it, if nothing has changed in truth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_required: Option<u64>,
    /// The seed of the resampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How many resamples were drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resamples: Option<u64>,
    /// Other numbers that readers ask for and that do not decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Shown>,
}

/// A number that is shown and does not decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    /// What it is: `mcnemar_p_midp`.
    pub name: String,
    /// Its value.
    pub value: f64,
}

impl Evidence {
    /// One number on each side, or on one.
    pub fn point(base: bool, head: bool) -> Self {
        Self::new(Level::Point, "scalar_gate", usize::from(base), usize::from(head))
    }

    /// A procedure that has not judged yet.
    pub fn new(level: Level, procedure: impl Into<String>, n_base: usize, n_head: usize) -> Self {
        Self {
            level,
            procedure: procedure.into(),
            why: None,
            n_base,
            n_head,
            margin: None,
            alpha: None,
            improvement: None,
            lower: None,
            upper: None,
            se: None,
            df: None,
            p_noninferior: None,
            p_inferior: None,
            p_inferior_adjusted: None,
            p_two_sided: None,
            mde: None,
            n_required: None,
            seed: None,
            resamples: None,
            shown: Vec::new(),
        }
    }
}
