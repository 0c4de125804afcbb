//! `proofmark schema`: the JSON Schemas of the configuration and of every document that is printed.

use clap::{Args, ValueEnum};
use proofmark_core::config::Config;
use proofmark_core::report::{ComparisonDocument, Report};
use proofmark_render::history::HistoryDocument;

use crate::exit::{self, CliError};
use crate::printer::Printer;

/// Print the JSON Schema of the configuration or of a document
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which
    #[arg(value_enum)]
    pub(crate) of: Document,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Document {
    /// proofmark.toml
    Config,
    /// What `compare --format json` prints
    Comparison,
    /// What `gate --format json` prints
    Report,
    /// What `log --format json` prints
    Log,
}

pub(crate) fn run(args: &Schema, printer: &Printer) -> Result<u8, CliError> {
    printer.data(text(args.of)?.as_bytes())?;
    Ok(exit::ALLOWED)
}

fn text(of: Document) -> Result<String, CliError> {
    let schema = match of {
        Document::Config => schemars::schema_for!(Config),
        Document::Comparison => schemars::schema_for!(ComparisonDocument),
        Document::Report => schemars::schema_for!(Report),
        Document::Log => schemars::schema_for!(HistoryDocument<'_>),
    };
    serde_json::to_string_pretty(&schema)
        .map(|text| text + "\n")
        .map_err(|error| CliError::input("cannot write the schema").because(&error))
}
