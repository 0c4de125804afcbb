//! `[[rule]]`: which metrics, and what is accepted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Severity;
use crate::direction::Direction;

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
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// A metric name or a glob over names: `accuracy`, `test.*`, `{precision,recall}`.
    pub metric: String,
    /// A glob over metrics files; all files when absent.
    pub file: Option<String>,
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
    pub max_regression_abs: Option<f64>,
    /// The greatest loss against the base that is accepted, as a fraction of the baseline (0.01 is 1 %).
    pub max_regression_rel: Option<f64>,
    /// How the two limits on the loss join; `any` when absent.
    pub combine: Option<Combine>,
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
        if self.limits().is_empty() && self.warn.is_none_or(|warn| warn.is_empty()) {
            return Err("no limit is set; give `min`, `max`, `max_regression_abs` or `max_regression_rel`".to_owned());
        }
        for limits in [Some(self.limits()), self.warn].into_iter().flatten() {
            let named = [
                ("min", limits.min),
                ("max", limits.max),
                ("max_regression_abs", limits.max_regression_abs),
                ("max_regression_rel", limits.max_regression_rel),
            ];
            for (name, limit) in named {
                if limit.is_some_and(|limit| !limit.is_finite()) {
                    return Err(format!("`{name}` is not a finite number"));
                }
                if name.starts_with("max_regression") && limit.is_some_and(|limit| limit < 0.0) {
                    return Err(format!("`{name}` is negative; it is the size of an accepted loss"));
                }
            }
            if let (Some(min), Some(max)) = (limits.min, limits.max)
                && min > max
            {
                return Err(format!("`min` ({min}) is above `max` ({max})"));
            }
        }
        Ok(())
    }
}
