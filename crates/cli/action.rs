//! `proofmark action`: the inputs of action.yml as a command line.
//!
//! The action has no logic of its own and splices nothing into a shell: its inputs arrive as variables, become arguments
//! here, and are parsed like any other command line.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Cli;
use crate::exit::CliError;
use crate::printer::Printer;
use crate::world::World;

/// Run as the step of a GitHub action: the inputs are variables, PROOFMARK_INPUT_NAME
#[derive(Debug, Args)]
#[command(hide = true)]
pub(crate) struct Action {}

/// The beginning of the variables' names.
const PREFIX: &str = "PROOFMARK_INPUT_";

/// Inputs with a value that every command has, and the flag that each one is.
const VALUES: [(&str, &str); 12] = [
    ("config", "--config"),
    ("comment", "--comment"),
    ("comment-key", "--comment-key"),
    ("comment-author", "--comment-author"),
    ("check", "--check"),
    ("status", "--status"),
    ("subject", "--subject"),
    ("annotations", "--annotations"),
    ("repository", "--repository"),
    ("pull-request", "--pull-request"),
    ("template", "--template"),
    ("max-rows", "--max-rows"),
];

/// Inputs that say how two revisions are compared.
const COMPARING: [(&str, &str); 2] = [("base-is", "--base-is"), ("default-branch", "--default-branch")];

pub(crate) fn run(_: &Action, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let cli = Cli::of_words(command_line(world)?, "an input of the action")?;
    let world = with_variables(world);
    let world = cli.global.directory.as_deref().map_or_else(|| world.clone(), |folder| world.inside(folder));
    crate::run(cli.command, &world, printer)
}

/// The command line that the inputs mean.
fn command_line(world: &World) -> Result<Vec<String>, CliError> {
    let inputs = Inputs(world);
    let mut line = vec!["proofmark".to_owned()];
    if let Some(folder) = inputs.value("working-directory") {
        line.push(format!("--directory={folder}"));
    }
    let command = inputs.value("command").unwrap_or("gate");
    match command {
        "gate" => line.extend(["gate".to_owned(), "--post".to_owned()]),
        "report" => line.push("report".to_owned()),
        "pending" => line.extend(["report".to_owned(), "--pending".to_owned()]),
        "trigger" => line.extend(["trigger".to_owned(), "--reply".to_owned()]),
        other => return Err(CliError::input(format!("the input `command` is `{other}`")).hint("give gate, report, pending or trigger")),
    }
    if command == "trigger" {
        triggered(&inputs, &mut line)?;
        return Ok(line);
    }
    // As one word with its value, so that no value can be an option of its own.
    let mut flags = |known: &[(&str, &str)]| {
        line.extend(known.iter().filter_map(|(name, flag)| Some(format!("{flag}={}", inputs.value(name)?))));
    };
    flags(&VALUES);
    if command != "pending" {
        flags(&[("fail-on", "--fail-on")]);
    }
    if command == "gate" {
        flags(&COMPARING);
    }
    for (name, flag) in [("dry-run", "--dry-run"), ("all", "--all")] {
        if inputs.is_true(name)? {
            line.push(flag.to_owned());
        }
    }
    if inputs.value("summary").is_some() && !inputs.is_true("summary")? {
        line.push("--no-summary".to_owned());
    }
    match command {
        "gate" => compared(&inputs, &mut line)?,
        "report" => taken(&inputs, &mut line),
        _ => {}
    }
    Ok(line)
}

/// What is compared, and where the report is left for later steps.
fn compared(inputs: &Inputs<'_>, line: &mut Vec<String>) -> Result<(), CliError> {
    for file in inputs.value("targets").into_iter().flat_map(str::lines).map(str::trim).filter(|file| !file.is_empty()) {
        line.push(format!("--targets={file}"));
    }
    let folder = output_folder(inputs)?;
    for (form, file) in [("json", "report.json"), ("markdown", "report.md")] {
        line.push(format!("--output={form}={}", folder.join(file).display()));
    }
    let (base, head) = (inputs.value("base"), inputs.value("head"));
    if head.is_some() && base.is_none() {
        return Err(CliError::input("the input `head` is given without `base`").hint("give both, or neither"));
    }
    line.push("--".to_owned());
    line.extend([base, head].into_iter().flatten().map(str::to_owned));
    Ok(())
}

/// The folder that was named, or one that no other step of the job has.
fn output_folder(inputs: &Inputs<'_>) -> Result<PathBuf, CliError> {
    let unmade =
        |folder: &Path, error: &std::io::Error| CliError::input(format!("cannot make the folder `{}`", folder.display())).because(error);
    if let Some(named) = inputs.value("output") {
        let folder = inputs.0.folder.join(inputs.value("working-directory").unwrap_or_default()).join(named);
        std::fs::create_dir_all(&folder).map_err(|error| unmade(&folder, &error))?;
        return Ok(folder);
    }
    let parent = inputs.0.folder.join(inputs.0.var("RUNNER_TEMP").unwrap_or("."));
    std::fs::create_dir_all(&parent).map_err(|error| unmade(&parent, &error))?;
    let folder = tempfile::Builder::new().prefix("proofmark-").tempdir_in(&parent).map_err(|error| unmade(&parent, &error))?;
    Ok(folder.keep())
}

/// What triggers are looked at for.
fn triggered(inputs: &Inputs<'_>, line: &mut Vec<String>) -> Result<(), CliError> {
    for (name, flag) in
        [("config", "--config"), ("report", "--report"), ("repository", "--repository"), ("patience", "--patience"), ("again", "--again")]
    {
        line.extend(inputs.value(name).map(|value| format!("{flag}={value}")));
    }
    line.extend(
        inputs
            .value("only")
            .into_iter()
            .flat_map(str::lines)
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| format!("--only={name}")),
    );
    for (name, flag) in [("dry-run", "--dry-run"), ("explain", "--explain"), ("wait", "--wait")] {
        if inputs.is_true(name)? {
            line.push(flag.to_owned());
        }
    }
    let folder = output_folder(inputs)?;
    line.push(format!("--output={}", folder.join("trigger.json").display()));
    // In a runner nothing is kept; what was started is read from GitHub.
    line.push(format!("--journal={}", folder.join("triggers.jsonl").display()));
    Ok(())
}

/// Which report is posted.
fn taken(inputs: &Inputs<'_>, line: &mut Vec<String>) {
    match (inputs.value("artifact"), inputs.value("report")) {
        (Some(artifact), _) => line.push(format!("--from-artifact={artifact}")),
        (None, report) => {
            line.push("--".to_owned());
            line.extend(report.map(str::to_owned));
        }
    }
}

/// The variables that some inputs are.
fn with_variables(world: &World) -> World {
    let inputs = Inputs(world);
    let named = [("ca-file", "PROOFMARK_CA_FILE"), ("network-seconds", "PROOFMARK_NETWORK_SECONDS")];
    named.iter().fold(world.clone(), |world, (input, variable)| match inputs.value(input) {
        Some(value) => world.with(variable, value),
        None => world,
    })
}

struct Inputs<'a>(&'a World);

impl<'a> Inputs<'a> {
    /// An input that is not empty.
    fn value(&self, name: &str) -> Option<&'a str> {
        self.0.var(&format!("{PREFIX}{}", name.to_uppercase().replace('-', "_"))).map(str::trim).filter(|value| !value.is_empty())
    }

    fn is_true(&self, name: &str) -> Result<bool, CliError> {
        match self.value(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(CliError::input(format!("the input `{name}` is `{other}`")).hint("give true or false")),
        }
    }
}
