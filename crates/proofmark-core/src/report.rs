//! The documents that are printed and passed on, versioned, and how a report is read back.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::{Comparison, SCHEMA};
use crate::gate::Judgement;
use crate::jenkins::Outcome;
use crate::run::RunContext;

mod read;

pub use self::read::{LIMIT, ReportError, read};

const REPORT: &str = "report";

/// What `proofmark compare --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ComparisonDocument {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    pub schema: u32,
    /// Always `comparison`.
    pub kind: Cow<'static, str>,
    /// The version of proofmark that wrote it.
    pub proofmark: String,
    /// What happened between the two revisions.
    pub comparison: Comparison,
}

impl ComparisonDocument {
    /// The document of a comparison, written by this version of proofmark.
    pub fn new(version: impl Into<String>, comparison: Comparison) -> Self {
        Self { schema: SCHEMA, kind: "comparison".into(), proofmark: version.into(), comparison }
    }
}

/// What `proofmark gate --format json` prints: the comparison and its judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Report {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    pub schema: u32,
    /// Always `report`.
    pub kind: Cow<'static, str>,
    /// The version of proofmark that wrote it.
    pub proofmark: String,
    /// The branch that the change goes into, where it is known.
    pub branch: Option<String>,
    /// The run of a CI system that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunContext>,
    /// What happened between the two revisions.
    pub comparison: Comparison,
    /// The judgement that counts.
    pub judgement: Judgement,
    /// When the head changes the policy: what its own policy would say. It never counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_policy_judgement: Option<Judgement>,
    /// Things about the policy that people should know: that the base had none, say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// In a build of Jenkins: what its step does with this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jenkins: Option<Outcome>,
}

impl Report {
    /// The report of a judged comparison, written by this version of proofmark.
    pub fn new(version: impl Into<String>, comparison: Comparison, judgement: Judgement) -> Self {
        Self {
            schema: SCHEMA,
            kind: REPORT.into(),
            proofmark: version.into(),
            branch: None,
            run: None,
            comparison,
            judgement,
            head_policy_judgement: None,
            notes: Vec::new(),
            jenkins: None,
        }
    }
}
