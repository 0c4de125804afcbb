//! What was typed for parameters, and what to say about what does not fit.

use std::io::Read as _;

use proofmark_core::config::nearest;
use proofmark_http::Secret;
use proofmark_jenkins::client::{self, Client, Content, ParameterError, Value};

use super::Build;
use crate::exit::CliError;
use crate::world::World;

/// A file for a parameter is not larger.
const LONGEST_FILE: u64 = 256 << 20;
/// Names that a hint lists at most.
const MOST_NAMED: usize = 20;

/// All values, in the order of the options. What comes from variables is never shown.
pub(super) fn given(args: &Build, world: &World, client: &Client<'_>) -> Result<Vec<Value>, CliError> {
    let mut values = Vec::new();
    for text in &args.parameters {
        let (name, value) = pair(text, "--parameters", "NAME=VALUE")?;
        values.push(Value { name, content: Content::Text(value.to_owned()) });
    }
    for text in &args.parameters_from {
        let (name, variable) = pair(text, "--parameters-from", "NAME=VARIABLE")?;
        let value = world.var(variable);
        let value = value.ok_or_else(|| CliError::input(format!("the variable `{variable}` for the parameter `{name}` is not set")))?;
        Secret::password(value).into_iter().for_each(|secret| client.hide(secret));
        values.push(Value { name, content: Content::Text(value.to_owned()) });
    }
    for text in &args.file_parameters {
        let (name, file) = pair(text, "--file-parameters", "NAME=FILE")?;
        values.push(Value { content: read(file, world)?, name });
    }
    Ok(values)
}

fn pair<'t>(text: &'t str, option: &str, form: &str) -> Result<(String, &'t str), CliError> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    // The value may be a secret that was typed in the wrong place.
    let (name, value) = parts.ok_or_else(|| CliError::input(format!("a value of `{option}` is not of the form {form}")))?;
    Ok((name.to_owned(), value))
}

fn read(file: &str, world: &World) -> Result<Content, CliError> {
    let path = world.folder.join(file);
    let unreadable = |error: &std::io::Error| CliError::input(format!("cannot read `{}`", path.display())).because(error);
    let opened = std::fs::File::open(&path).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    opened.take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(CliError::input(format!("`{}` is longer than {LONGEST_FILE} bytes", path.display())));
    }
    let name = path.file_name().map_or_else(|| "file".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Content::File(name, bytes))
}

/// The nearest name, and all that there are.
pub(super) fn advice(error: &client::Error) -> Vec<String> {
    match error {
        client::Error::NoJob { job, others } => {
            let last = job.rsplit('/').next().unwrap_or_default();
            nearest_of(last, others).into_iter().collect()
        }
        client::Error::Folder { jobs, .. } => list("it holds", jobs),
        client::Error::Parameter(ParameterError::NoSuch { name, known, .. }) => {
            let none = "the job defines no parameters; a pipeline has those of its Jenkinsfile only after its first run";
            let all = if known.is_empty() { vec![none.to_owned()] } else { list("it has", known) };
            nearest_of(name, known).into_iter().chain(all).collect()
        }
        client::Error::Parameter(ParameterError::NoChoice { value, choices, .. }) => {
            nearest_of(value, choices).into_iter().chain(list("choose one of", choices)).collect()
        }
        client::Error::Parameter(ParameterError::NoBoolean { .. }) => vec!["write `true` or `false`".to_owned()],
        client::Error::Parameter(ParameterError::File { file: true, .. }) => vec!["give it with `--file-parameters NAME=FILE`".to_owned()],
        client::Error::Parameter(ParameterError::NoKey { .. }) => {
            vec!["name a string parameter with `--key-parameter`".to_owned()]
        }
        _ => Vec::new(),
    }
}

fn nearest_of(name: &str, known: &[String]) -> Option<String> {
    nearest(name, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
}

fn list(what: &str, names: &[String]) -> Vec<String> {
    let named: Vec<String> = names.iter().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if named.is_empty() { Vec::new() } else { vec![format!("{what} {}{more}", named.join(", "))] }
}
