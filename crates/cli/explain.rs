//! `proofmark gate --explain METRIC`: one metric in plain words.

use proofmark_core::config::nearest;
use proofmark_core::report::Report;
use proofmark_render::{explain_check, explainable};

use crate::args::Outputs;
use crate::exit::CliError;

/// How many names a hint lists.
const MOST_NAMES: usize = 8;

/// What was compared, how, and what would change the verdict: for standard output, which `outputs` must leave alone.
pub(crate) fn explained(report: &Report, name: &str, outputs: &Outputs) -> Result<String, CliError> {
    if outputs.output.iter().any(|place| place == "-" || place.ends_with("=-")) {
        return Err(CliError::input("`--explain` and `--output -` both want standard output").hint("give `--output` a file"));
    }
    explain_check(report, name).ok_or_else(|| unknown(name, report))
}

/// No check of the report has this name; the nearest is told, or some where none is near.
pub(crate) fn unknown(name: &str, report: &Report) -> CliError {
    let error = CliError::input(format!("no check is about `{name}`"));
    let known = explainable(report);
    if let Some(near) = nearest(name, known.iter().map(String::as_str)) {
        return error.hint(format!("did you mean `{near}`?"));
    }
    let some: Vec<String> = known.iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect();
    match known.len().saturating_sub(some.len()) {
        _ if some.is_empty() => error.hint("nothing was checked"),
        0 => error.hint(format!("there are {}", some.join(", "))),
        more => error.hint(format!("there are {}, and {more} more", some.join(", "))),
    }
}
