//! `[policy]`: what happens in situations that are neither a pass nor a failure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Situations that are neither a pass nor a failure, each with what it does. The defaults are safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Situations {
    /// A rule limits a change and the base has no value to compare with.
    pub no_baseline: Effect,
    /// A rule could not be decided, such as a relative limit on a baseline of zero.
    pub inconclusive: Effect,
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
}

impl Default for Situations {
    fn default() -> Self {
        Self {
            no_baseline: Effect::Notice,
            inconclusive: Effect::Notice,
            missing: Severity::Fail,
            non_finite: Severity::Fail,
            removed: Effect::Notice,
            unreadable_head: Effect::Block,
            unreadable_base: Effect::Block,
        }
    }
}
