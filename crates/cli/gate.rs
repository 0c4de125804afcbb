//! `proofmark gate`: may this merge go in?

use std::collections::BTreeSet;

use clap::Args;
use proofmark_core::config::Effect;
use proofmark_core::gate::judge;
use proofmark_core::policy::{PolicyOrigin, PolicySide};
use proofmark_core::report::Report;
use proofmark_render as render;

use crate::args::{Between, Format, Outputs};
use crate::base::Purpose;
use crate::compare::dvc_json;
use crate::exit::{self, CliError};
use crate::output;
use crate::printer::Printer;
use crate::session::Session;
use crate::world::World;

/// The built-in Markdown template.
const TEMPLATE: &str = include_str!("../../templates/report.md.jinja");

/// Judge the change by the policy and exit 0 (allowed) or 1 (blocked)
///
/// The policy is proofmark.toml, or [tool.proofmark] in pyproject.toml, as it stands at BASE (its newest commit): a change
/// cannot loosen its own gate. Without a policy, no metric whose name tells its direction may get worse by more than 1 %.
#[derive(Debug, Args)]
pub(crate) struct Gate {
    #[command(flatten)]
    pub(crate) between: Between,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    /// The branch that the change goes into, for rules with `branches` [default: BASE, if it is a branch]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
}

pub(crate) fn run(args: &Gate, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let report = report(args, world)?;
    output::deliver(&args.outputs, world, printer, |format, options| {
        Ok(match format {
            Format::Table => render::report_table(&report, options),
            Format::Markdown => render::report_markdown(&report, options, &output::template(&args.outputs, TEMPLATE, world)?)?,
            Format::Json => render::json(&report)?,
            Format::DvcJson => dvc_json(&report.comparison, false, args.outputs.all, printer),
        })
    })?;
    Ok(code(&report))
}

/// Compares and judges.
pub(crate) fn report(args: &Gate, world: &World) -> Result<Report, CliError> {
    let mut session = Session::open(&args.between, Purpose::Judge, world)?;
    if args.branch.is_some() {
        session.branch.clone_from(&args.branch);
    }
    let policy = session.policy()?;
    let comparison = session.read(false, world)?.compare(&policy);
    let judgement = judge(&comparison, &policy);
    let mut report = Report::new(env!("CARGO_PKG_VERSION"), comparison, judgement);
    report.branch.clone_from(&session.branch);
    report.notes.extend(why_nothing(&report));
    if matches!(policy.origin, PolicyOrigin::File { side: PolicySide::Head, .. }) {
        report.notes.push("The base has no policy, so the one that this change introduces was used.".to_owned());
    }
    match session.changed_policy() {
        Ok(Some(own)) => {
            report.notes.push(
                "This change also changes the policy. The base's policy counts; a change of rules needs its own approval.".to_owned(),
            );
            report.head_policy_judgement = Some(judge(&report.comparison, &own));
        }
        Ok(None) => {}
        Err(error) => report.notes.push(format!("The policy that this change brings is broken: {}", error.message)),
    }
    Ok(report)
}

/// Why nothing was checked, for those who see it for the first time.
fn why_nothing(report: &Report) -> Option<String> {
    report.judgement.reason.as_ref()?;
    let metrics = &report.comparison.metrics;
    if metrics.is_empty() {
        return Some("No metrics were found on either side. `proofmark init` shows where they are looked for.".to_owned());
    }
    let names: BTreeSet<&str> = metrics.iter().filter(|row| !row.whole_file).map(|row| row.key.as_str()).collect();
    let some = names.iter().take(5).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Some(match report.judgement.policy {
        PolicyOrigin::BuiltIn => format!(
            "Of the {} metric names found ({some}, …) none tells its direction for sure. `proofmark init` writes a policy where you can say it.",
            names.len()
        ),
        PolicyOrigin::File { .. } => format!(
            "No rule that counts applies: those for other branches and those of severity `info` do not count. Metrics found: {some}."
        ),
    })
}

/// "Could not be judged" never looks like "judged worse".
pub(crate) fn code(report: &Report) -> u8 {
    match report.judgement.effect {
        Effect::Allow | Effect::Notice => exit::ALLOWED,
        Effect::Block if report.judgement.is_blocked_unjudged() => exit::NOT_JUDGED,
        Effect::Block => exit::BLOCKED,
    }
}
