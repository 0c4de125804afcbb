//! What a promotion says: as a document, and in lines.

use schemars::JsonSchema;
use serde::Serialize;

use super::shelf::{Planned, Shelf};
use super::{Place, Promote};
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
    /// The registered model; of ModelDB the project.
    model: String,
    /// The alias that moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    /// The stage that a version went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    /// The property of Kubeflow's Model Registry that says it: `stage=production`.
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<String>,
    /// The tag of ModelDB that says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    /// The attribute of ModelDB that says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// Whether it went back to what was there before.
    rollback: bool,
    /// What became of it.
    outcome: Became,
    /// The version that was there before.
    from: Option<Name>,
    /// The version that is there now, or would be.
    to: Option<Name>,
    /// What was written, or would be, in this order.
    writes: Vec<String>,
    /// The tags that keep what it rests on.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    evidence: std::collections::BTreeMap<String, String>,
}

/// What a version is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
enum Name {
    /// A number, as in MLflow.
    Number(u64),
    /// A name or an id.
    Text(String),
}

impl From<&String> for Name {
    fn from(text: &String) -> Self {
        text.parse().map_or_else(|_| Self::Text(text.clone()), Self::Number)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(out, "{number}"),
            Self::Text(text) => out.write_str(text),
        }
    }
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
    pub(super) fn new(args: &Promote, planned: &Planned) -> Self {
        let became = match (planned.writes.is_empty(), args.dry_run) {
            (true, _) => Became::Already,
            (false, true) => Became::DryRun,
            (false, false) => Became::Done,
        };
        let Place { alias, stage, property, tag, attribute } = args.place.clone();
        Self {
            schema: SCHEMA,
            kind: "promotion",
            proofmark: env!("CARGO_PKG_VERSION"),
            model: args.model.clone(),
            alias,
            stage,
            property,
            tag,
            attribute,
            rollback: args.rollback,
            outcome: became,
            from: planned.from.as_ref().map(Name::from),
            to: planned.to.as_ref().map(Name::from),
            writes: planned.writes.clone(),
            evidence: planned.evidence.iter().cloned().collect(),
        }
    }

    pub(super) fn json(&self) -> Result<String, CliError> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| CliError::input("cannot write the document").because(&error))
    }

    pub(super) fn told(&self, shelf: &dyn Shelf) -> Vec<String> {
        let name = shelf.title();
        let name = name.strip_prefix("the alias ").unwrap_or(&name);
        let version = |version: &Option<Name>| version.as_ref().map_or_else(|| "no version".to_owned(), |name| format!("version {name}"));
        let (from, to) = (version(&self.from), version(&self.to));
        let first = match self.outcome {
            Became::Already => format!("{}: {name} is at {to} already; nothing was written.", self.model),
            Became::Done if self.from == self.to => format!("{}: {name} is at {to}; what an earlier try had left was cleared.", self.model),
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
