//! `proofmark jenkins capabilities`: what a step of a pipeline can ask of this version.

use std::borrow::Cow;

use clap::Args;
use proofmark_core::jenkins::CONTRACT;
use schemars::JsonSchema;
use serde::Serialize;

use super::step::FORMS;
use super::steps::{Parameter, STEPS};
use crate::exit::{self, CliError};
use crate::printer::Printer;

/// Print as JSON which contract this version keeps with steps of a pipeline, and all their parameters
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

/// What this version can do for Jenkins.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Capabilities {
    /// The version of this document's form.
    schema: u32,
    /// Always `jenkins-capabilities`.
    kind: Cow<'static, str>,
    /// The version of the contract between proofmark and a step.
    contract: u32,
    /// The version of proofmark.
    proofmark: String,
    /// The steps.
    steps: Vec<Described>,
    /// The files that steps write.
    files: Vec<File>,
}

/// A step.
#[derive(Debug, Serialize, JsonSchema)]
struct Described {
    /// Its name in requests.
    name: String,
    /// Its name in a pipeline.
    step: String,
    /// What it does.
    about: String,
    /// Its parameters.
    parameters: Vec<Parameter>,
}

/// A file that a step writes.
#[derive(Debug, Serialize, JsonSchema)]
struct File {
    /// Its name among the `files` of a result.
    form: String,
    /// Its name in the folder of the step.
    file: String,
    /// What it is.
    about: String,
}

pub(crate) fn run(printer: &Printer) -> Result<u8, CliError> {
    printer.data(proofmark_render::json(&Capabilities::new())?.as_bytes())?;
    Ok(exit::ALLOWED)
}

impl Capabilities {
    /// Of this version.
    pub(crate) fn new() -> Self {
        let steps = STEPS.iter().map(|step| Described {
            name: step.name.to_owned(),
            step: step.variable.to_owned(),
            about: step.about.to_owned(),
            parameters: step.parameters(),
        });
        let file = |(form, file, about): (&str, &str, &str)| File { form: form.into(), file: file.into(), about: about.into() };
        Self {
            schema: 1,
            kind: "jenkins-capabilities".into(),
            contract: CONTRACT,
            proofmark: env!("CARGO_PKG_VERSION").to_owned(),
            steps: steps.collect(),
            files: FORMS.iter().map(|form| file((form.name, form.file, form.about))).collect(),
        }
    }
}
