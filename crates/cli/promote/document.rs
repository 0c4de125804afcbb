//! What a promotion says: as a document, and in lines.

use schemars::JsonSchema;
use serde::Serialize;

use super::Promote;
use super::moves::{Outcome, Target, Write};
use crate::exit::CliError;

/// The version of the document's form; it grows when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

/// What `proofmark promote --format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Promotion {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    schema: u32,
    /// Always `promotion`.
    kind: &'static str,
    /// The version of proofmark that wrote it.
    proofmark: &'static str,
    /// The registered model.
    model: String,
    /// The alias that moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    /// The stage that a version went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    /// Whether it went back to what was there before.
    rollback: bool,
    /// What became of it.
    outcome: Became,
    /// The version that was there before.
    from: Option<u64>,
    /// The version that is there now, or would be.
    to: Option<u64>,
    /// What was written, or would be, in this order.
    writes: Vec<String>,
    /// The tags that keep what it rests on.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    evidence: std::collections::BTreeMap<String, String>,
}

/// What became of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Became {
    /// It was made.
    Done,
    /// It would be made.
    DryRun,
    /// There was nothing to do.
    Already,
}

impl Promotion {
    pub(super) fn new(args: &Promote, target: &Target, outcome: &Outcome) -> Self {
        let Outcome { dry, planned } = outcome;
        let became = match (planned.writes.is_empty(), dry) {
            (true, _) => Became::Already,
            (false, true) => Became::DryRun,
            (false, false) => Became::Done,
        };
        Self {
            schema: SCHEMA,
            kind: "promotion",
            proofmark: env!("CARGO_PKG_VERSION"),
            model: args.model.clone(),
            alias: args.alias.clone(),
            stage: args.stage.clone(),
            rollback: args.rollback,
            outcome: became,
            from: planned.from,
            to: planned.to,
            writes: planned.writes.iter().map(|write| in_words(write, target)).collect(),
            evidence: planned.evidence.iter().cloned().collect(),
        }
    }

    pub(super) fn json(&self) -> Result<String, CliError> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| CliError::input("cannot write the document").because(&error))
    }

    pub(super) fn told(&self) -> Vec<String> {
        let name = match (&self.alias, &self.stage) {
            (Some(alias), _) => format!("`{alias}`"),
            (None, stage) => format!("the stage {}", stage.as_deref().unwrap_or_default()),
        };
        let version = |version: Option<u64>| version.map_or_else(|| "no version".to_owned(), |number| format!("version {number}"));
        let (from, to) = (version(self.from), version(self.to));
        let first = match self.outcome {
            Became::Already => format!("{}: {name} is at {to} already; nothing was written.", self.model),
            Became::Done if self.rollback => format!("{}: {name} went back from {from} to {to}.", self.model),
            Became::Done => format!("{}: {name} moved from {from} to {to}.", self.model),
            Became::DryRun => format!("{}: {name} would move from {from} to {to}. Nothing was written; this would be:", self.model),
        };
        let mut lines = vec![first];
        if self.outcome == Became::DryRun {
            lines.extend(self.writes.iter().map(|write| format!("  {write}")));
        } else if self.outcome == Became::Done {
            lines.extend(self.evidence.iter().map(|(key, value)| format!("  {key} = {value}")));
        }
        lines
    }
}

fn in_words(write: &Write, target: &Target) -> String {
    match write {
        Write::VersionTag { version, key, value } => format!("tag of version {version}: {key} = {value}"),
        Write::ModelTag { key, value } => format!("tag of the model: {key} = {value}"),
        Write::Move { version, archive } => {
            let archived = if *archive && matches!(target, Target::Stage { .. }) { ", others archived" } else { "" };
            format!("{target} to version {version}{archived}")
        }
    }
}
