//! `proofmark kubeflow check`: what a compiled pipeline takes, without any server.

use std::path::PathBuf;

use clap::Args;
use proofmark_kubeflow::spec::Spec;
use proofmark_render::escape::terminal;

use super::run::{pairs, parameter};
use super::start::{compiled, typed};
use crate::exit::{self, CliError};
use crate::printer::Printer;
use crate::world::World;

/// Check parameters against a compiled pipeline, without any server, and show what it takes
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The compiled pipeline
    file: PathBuf,
    /// A parameter; may be repeated
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
}

pub(super) fn run(args: &Check, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let spec = compiled(&world.folder.join(&args.file), &args.file.display().to_string())?;
    let fitting = typed(&spec, &pairs(&args.parameters))?;
    let told = lines(&spec, &fitting);
    printer.data(told.iter().map(|line| terminal(line) + "\n").collect::<String>().as_bytes())?;
    Ok(exit::ALLOWED)
}

fn lines(spec: &Spec, fitting: &std::collections::BTreeMap<String, serde_json::Value>) -> Vec<String> {
    let by = spec.sdk.as_ref().map(|sdk| format!(", compiled by {sdk}")).unwrap_or_default();
    let tasks = if spec.tasks.len() == 1 { "1 task".to_owned() } else { format!("{} tasks", spec.tasks.len()) };
    let mut lines = vec![format!("{}: {tasks}{by}", spec.name)];
    for parameter in &spec.parameters {
        let value = match (fitting.get(&parameter.name), &parameter.default) {
            (Some(value), _) => format!(" = {value}"),
            (None, Some(default)) => format!(" = {default} (default)"),
            (None, None) => String::new(),
        };
        lines.push(format!("  {} {}{value}", parameter.name, parameter.kind));
    }
    let cached = spec.is_cached();
    if !cached.is_empty() {
        lines.push(format!("results of earlier runs may be taken for: {}", cached.join(", ")));
    }
    lines
}
