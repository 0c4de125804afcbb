//! `proofmark compare`: what happened between two revisions.

use clap::Args;
use proofmark_core::compare::Comparison;
use proofmark_core::problem::ProblemKind;
use proofmark_core::report::ComparisonDocument;
use proofmark_core::tracked::Tracked;
use proofmark_render as render;

use crate::args::{Between, Outputs};
use crate::base::Purpose;
use crate::exit::{self, CliError};
use crate::forms::Shown;
use crate::host::Host;
use crate::output;
use crate::printer::Printer;
use crate::session::Session;
use crate::world::World;

/// Show what happened to every metric between two revisions
///
/// Reads metrics, params and data versions of both revisions straight from git: every DVC project, the files that the
/// configuration names, or files with the usual names (metrics.json, …). Ends with 2 when a file of either side cannot be
/// read; what can be read is shown all the same.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    #[command(flatten)]
    pub(crate) between: Between,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    /// With --format dvc-json: print params, as `dvc params diff --json` does; with --targets: they are params files
    #[arg(long)]
    pub(crate) params: bool,
}

pub(crate) fn run(args: &Compare, world: &World, printer: &Printer) -> Result<u8, CliError> {
    carry_out(args, world, printer).map(|(code, _)| code)
}

/// Compares and shows; the exit code and what was found.
pub(crate) fn carry_out(args: &Compare, world: &World, printer: &Printer) -> Result<(u8, ComparisonDocument), CliError> {
    // `dvc metrics diff A B` compares A itself; whoever asks for its form means the same.
    let as_dvc = output::wants_dvc(&args.outputs, world)?;
    // Who names the base needs no run to tell it.
    let host = if as_dvc || args.between.base.is_some() { None } else { Host::detect(world)? };
    let session = Session::open(&args.between, if as_dvc { Purpose::AsDvc } else { Purpose::Look }, host.as_ref(), world)?;
    let read = session.read(args.params, world)?;
    let comparison = read.compare(&session.policy()?);
    let empty = comparison.metrics.is_empty()
        && comparison.params.is_empty()
        && comparison.base.problems.is_empty()
        && comparison.head.problems.is_empty();
    let document = ComparisonDocument::new(env!("CARGO_PKG_VERSION"), comparison);
    let shown = Shown { outputs: &args.outputs, subject: None, run: host.as_ref().map(|host| &host.run), world, printer };
    output::deliver(&args.outputs, world, printer, |format, options| shown.comparison(&document, args.params, format, options))?;
    for told in document.comparison.tracked.iter().flat_map(Tracked::told) {
        printer.say(&render::escape::terminal(&told));
    }
    if empty {
        printer.say("No metrics were found on either side. `proofmark init` shows where it looks; name files in [compare] metrics of proofmark.toml.");
    }
    Ok((if as_dvc { exit::ALLOWED } else { code(&document.comparison) }, document))
}

/// What could not be read was not compared, and the exit code says so. (`dvc metrics diff` ends with 0 all the same.)
fn code(comparison: &Comparison) -> u8 {
    let mut problems = [&comparison.base, &comparison.head].into_iter().flat_map(|side| &side.problems);
    if problems.any(|problem| problem.kind != ProblemKind::Warning) { exit::NOT_JUDGED } else { exit::ALLOWED }
}

/// DVC's form has no room for problems, so they are said.
pub(crate) fn dvc_json(comparison: &Comparison, params: bool, all: bool, printer: &Printer) -> String {
    for (side, name) in [(&comparison.base, "base"), (&comparison.head, "head")] {
        for problem in &side.problems {
            printer.say(&render::escape::terminal(&format!("warning: {name}: {problem}")));
        }
    }
    render::dvc_json(comparison, if params { render::DvcPart::Params } else { render::DvcPart::Metrics }, all)
}
