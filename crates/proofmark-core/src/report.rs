//! The documents that are printed and passed on, versioned.

use schemars::JsonSchema;
use serde::Serialize;

use crate::compare::{Comparison, SCHEMA};
use crate::gate::Judgement;

/// What `proofmark compare --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct ComparisonDocument {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    pub schema: u32,
    /// Always `comparison`.
    pub kind: &'static str,
    /// The version of proofmark that wrote it.
    pub proofmark: String,
    /// What happened between the two revisions.
    pub comparison: Comparison,
}

impl ComparisonDocument {
    /// The document of a comparison, written by this version of proofmark.
    pub fn new(version: impl Into<String>, comparison: Comparison) -> Self {
        Self { schema: SCHEMA, kind: "comparison", proofmark: version.into(), comparison }
    }
}

/// What `proofmark gate --format json` prints: the comparison and its judgement.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Report {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    pub schema: u32,
    /// Always `report`.
    pub kind: &'static str,
    /// The version of proofmark that wrote it.
    pub proofmark: String,
    /// The branch that the change goes into, where it is known.
    pub branch: Option<String>,
    /// What happened between the two revisions.
    pub comparison: Comparison,
    /// The judgement that counts.
    pub judgement: Judgement,
    /// When the head changes the policy: what its own policy would say. It never counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_policy_judgement: Option<Judgement>,
    /// Things about the policy that people should know: that the base had none, say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Report {
    /// The report of a judged comparison, written by this version of proofmark.
    pub fn new(version: impl Into<String>, comparison: Comparison, judgement: Judgement) -> Self {
        Self {
            schema: SCHEMA,
            kind: "report",
            proofmark: version.into(),
            branch: None,
            comparison,
            judgement,
            head_policy_judgement: None,
            notes: Vec::new(),
        }
    }
}
