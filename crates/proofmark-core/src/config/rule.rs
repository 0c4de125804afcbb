//! `[[rule]]`: which metrics, and what is accepted.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Procedure, Severity, WhenInconclusive};
use crate::direction::Direction;
use crate::gate::Level;

/// How two limits on a change join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// Exceeding either limit fails.
    #[default]
    Any,
    /// Only exceeding every limit fails, for baselines so small that a relative limit alone is noise.
    All,
}

/// Limits on one metric; all in the metric's own unit but `max_regression_rel`, which is a fraction of the baseline's size.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The value must not be lower.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The value must not be higher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The greatest loss against the base that is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_regression_abs: Option<f64>,
    /// The greatest loss against the base that is accepted, as a fraction of the baseline (0.01 is 1 %).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_regression_rel: Option<f64>,
    /// How the two limits on the loss join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub combine: Option<Combine>,
}

impl Limits {
    /// Whether no limit is set.
    pub fn is_empty(&self) -> bool {
        self.min.is_none() && self.max.is_none() && !self.limit_change()
    }

    /// Whether a loss against the base is limited, which needs a direction and a baseline.
    pub fn limit_change(&self) -> bool {
        self.max_regression_abs.is_some() || self.max_regression_rel.is_some()
    }
}

/// One rule: which metrics, and what is accepted.
///
/// The accepted loss is the margin of a non-inferiority test wherever there is evidence about noise, and a plain limit where
/// there is one number a side.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// A metric name or a glob over names: `accuracy`, `test.*`, `{precision,recall}`.
    pub metric: String,
    /// A glob over metrics files; all files when absent.
    pub file: Option<String>,
    /// The prediction table that the metric is computed from, by its name in `[[table]]`.
    pub table: Option<String>,
    /// The rows of the table: a value for each of some columns, `*` for each value in turn. All rows when absent.
    pub slice: BTreeMap<String, String>,
    /// Only for changes that go into branches of these names or globs; all branches when empty.
    pub branches: Vec<String>,
    /// Which way the metric gets better; from `[directions]` or the metric's name when absent.
    pub direction: Option<Direction>,
    /// What a violation does.
    pub severity: Severity,
    /// The value must not be lower.
    pub min: Option<f64>,
    /// The value must not be higher.
    pub max: Option<f64>,
    /// The greatest loss against the base that is accepted, in the metric's unit.
    #[serde(alias = "margin")]
    pub max_regression_abs: Option<f64>,
    /// The greatest loss against the base that is accepted, as a fraction of the baseline (0.01 is 1 %).
    #[serde(alias = "margin_rel")]
    pub max_regression_rel: Option<f64>,
    /// How the two limits on the loss join; `any` when absent.
    pub combine: Option<Combine>,
    /// What the head is compared with instead of the base: a name of `[baselines]`, `best` (the best value that passed, of the
    /// recorded history) or `window` (the recorded history itself).
    pub baseline: Option<String>,
    /// A second comparison, with a name of `[baselines]` or `best`: many small accepted losses add up.
    pub anchor: Option<String>,
    /// The greatest loss against the anchor that is accepted, in the metric's unit.
    pub budget: Option<f64>,
    /// Which procedure judges the change; as `[policy]` says when absent.
    pub procedure: Option<Procedure>,
    /// The error probability that the verdict accepts, one-sided; as `[policy]` says when absent.
    pub alpha: Option<f64>,
    /// How surely a loss should be seen; as `[policy]` says when absent.
    pub power: Option<f64>,
    /// Fewer rows are not judged; as the table or `[policy]` says when absent.
    pub min_rows: Option<u64>,
    /// Fewer runs a side are not judged.
    pub min_runs: Option<usize>,
    /// Repeated runs with equal positions in their lists belong together (same seed or fold).
    pub paired: Option<bool>,
    /// The prediction limit is computed on logarithms, for values that vary by a factor (durations, sizes).
    pub log: bool,
    /// What happens when it cannot be told; as `[policy]` says when absent.
    pub inconclusive: Option<WhenInconclusive>,
    /// What a violation does where the evidence is of this level, instead of `severity`: `{ point = "warn" }`.
    pub severity_at: BTreeMap<Level, Severity>,
    /// Tighter limits whose violation is only a notice.
    pub warn: Option<Limits>,
    /// Where it stands.
    #[serde(skip)]
    pub line: RuleLine,
}

/// The line of a rule in its file, from 1, where it is known. It says nothing about what the rule means: rules that differ
/// in nothing else are equal.
#[derive(Debug, Clone, Copy, Default)]
pub struct RuleLine(pub Option<u32>);

impl PartialEq for RuleLine {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Rule {
    /// The limits whose violation counts with the rule's severity.
    pub fn limits(&self) -> Limits {
        let Self { min, max, max_regression_abs, max_regression_rel, combine, .. } = *self;
        Limits { min, max, max_regression_abs, max_regression_rel, combine }
    }

    /// Why the rule cannot be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.metric.is_empty() {
            return Err("`metric` is missing".to_owned());
        }
        let by_history = self.baseline.as_deref() == Some("window");
        if self.limits().is_empty() && self.warn.is_none_or(|warn| warn.is_empty()) && self.anchor.is_none() && !by_history {
            return Err("no limit is set; give `min`, `max`, `max_regression_abs` or `max_regression_rel`".to_owned());
        }
        [Some(self.limits()), self.warn].into_iter().flatten().try_for_each(|limits| limits.check())?;
        if self.table.is_none() && !self.slice.is_empty() {
            return Err("`slice` needs a `table`: parts are made of the rows of a prediction table".to_owned());
        }
        if self.table.is_some() && self.file.is_some() {
            return Err("give `table` or `file`: a table says itself which file it is".to_owned());
        }
        if self.anchor.is_some() != self.budget.is_some() {
            return Err("`anchor` and `budget` belong together: what to compare with, and the loss that may add up".to_owned());
        }
        if self.budget.is_some_and(|budget| !budget.is_finite() || budget < 0.0) {
            return Err("`budget` must be a finite number from 0".to_owned());
        }
        for (name, value, below) in [("alpha", self.alpha, 0.5), ("power", self.power, 1.0)] {
            if value.is_some_and(|value| !(value > 0.0 && value < below)) {
                return Err(format!("`{name}` must be above 0 and below {below}"));
            }
        }
        Ok(())
    }
}

impl Limits {
    fn check(&self) -> Result<(), String> {
        let named = [
            ("min", self.min),
            ("max", self.max),
            ("max_regression_abs", self.max_regression_abs),
            ("max_regression_rel", self.max_regression_rel),
        ];
        for (name, limit) in named {
            if limit.is_some_and(|limit| !limit.is_finite()) {
                return Err(format!("`{name}` is not a finite number"));
            }
            if name.starts_with("max_regression") && limit.is_some_and(|limit| limit < 0.0) {
                return Err(format!("`{name}` is negative; it is the size of an accepted loss"));
            }
        }
        match (self.min, self.max) {
            (Some(min), Some(max)) if min > max => Err(format!("`min` ({min}) is above `max` ({max})")),
            _ => Ok(()),
        }
    }
}
