//! `proofmark gate`: may this merge go in?

use std::collections::BTreeSet;

use clap::Args;
use proofmark_core::config::{Effect, GitHub};
use proofmark_core::gate::{judge, locate};
use proofmark_core::policy::{PolicyOrigin, PolicySide};
use proofmark_core::report::Report;
use proofmark_core::tracked::Tracked;

use crate::args::{Between, Outputs};
use crate::base::Purpose;
use crate::evidence;
use crate::exit::{self, CliError};
use crate::explain::explained;
use crate::forms::{self, Shown};
use crate::host::Host;
use crate::jenkins;
use crate::output;
use crate::posting::args::{FailOn, Posting};
use crate::posting::{self, Content, Links, Posts, Written};
use crate::printer::Printer;
use crate::session::Session;
use crate::world::World;

/// Judge the change by the policy and exit 0 (allowed) or 1 (blocked)
///
/// The policy is proofmark.toml, or [tool.proofmark] in pyproject.toml, as it stands at BASE (its newest commit): a change
/// cannot loosen its own gate. Without a policy, no metric whose name tells its direction may get worse by more than 1 %.
#[derive(Debug, Default, Args)]
pub(crate) struct Gate {
    #[command(flatten)]
    pub(crate) between: Between,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    /// The branch that the change goes into, for rules with `branches` [default: that of the pull request, or BASE]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    /// What ends with exit code 1
    #[arg(long, value_enum, value_name = "EFFECT", default_value_t = FailOn::Block)]
    pub(crate) fail_on: FailOn,
    /// Also post the report to GitHub, as `proofmark report` would, and leave summary and outputs with the run (--dry-run implies it)
    #[arg(long)]
    pub(crate) post: bool,
    /// Tell in plain words what was compared for METRIC, how, and what would change the verdict, in the place of the table
    #[arg(long, value_name = "METRIC", conflicts_with_all = ["format", "post", "dry_run"])]
    pub(crate) explain: Option<String>,
    #[command(flatten)]
    pub(crate) posting: Posting,
}

pub(crate) fn run(args: &Gate, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let Done { outcome, .. } = carry_out(args, world, printer);
    outcome
}

/// What became of it.
pub(crate) struct Done {
    /// The report, where there is one; also of a run that failed after it.
    pub(crate) report: Option<Report>,
    /// Addresses of what was posted.
    pub(crate) links: Links,
    /// The exit code, or why nothing was judged.
    pub(crate) outcome: Result<u8, CliError>,
}

impl Done {
    pub(crate) fn new(outcome: Result<u8, CliError>) -> Self {
        Self { report: None, links: Links::default(), outcome }
    }
}

/// Judges, shows, and posts where that is asked for.
pub(crate) fn carry_out(args: &Gate, world: &World, printer: &Printer) -> Done {
    let mut done = Done::new(Ok(exit::ALLOWED));
    done.outcome = in_steps(args, world, printer, &mut done);
    if let (Err(error), None) = (&done.outcome, &done.report) {
        let subject = args.posting.subject.as_deref();
        let shown = Shown { outputs: &args.outputs, subject, run: None, world, printer };
        // What was not judged is told anyhow, and by the exit code; where it cannot be left is a smaller matter.
        let left = output::deliver_failure(&args.outputs, world, printer, |format, options| shown.failure(error, format, options));
        if let Err(more) = left
            && more.message != error.message
        {
            printer.error(&more);
        }
    }
    done
}

fn in_steps(args: &Gate, world: &World, printer: &Printer, done: &mut Done) -> Result<u8, CliError> {
    let posts_too = args.post || args.posting.dry_run;
    let host = match Host::described(args.posting.repository.as_deref(), args.posting.pull_request, world) {
        // Who names the base needs no run to tell it.
        Err(_) if !posts_too && args.between.base.is_some() => None,
        host => host?,
    };
    if !posts_too {
        let report = done.report.insert(judged(args, host.as_ref(), world)?.report);
        show(args, report, world, printer)?;
        return Ok(code(report, args.fail_on));
    }
    let mut host = host.ok_or_else(posting::nowhere)?;
    let asked = if args.posting.dry_run { Ok(()) } else { host.ask() };
    let outcome = asked.and_then(|()| judged(args, Some(&host), world)).and_then(|judged| post(args, judged, &host, world, printer, done));
    if let Err(error) = &outcome {
        // An old report that is still shown would pass for a new one.
        let github = Session::github_of_base(&args.between, &host, world);
        let posts = posts(args, &host, &github, String::new(), Written::default());
        match posts.post(Content::Broken(error), None, world, printer) {
            Ok(delivered) => done.links = delivered.links,
            Err(more) => drop(printer.error(&more)),
        }
    }
    outcome
}

/// Shows and posts what was judged.
fn post(args: &Gate, judged: Judged, host: &Host, world: &World, printer: &Printer, done: &mut Done) -> Result<u8, CliError> {
    let Judged { report, session } = judged;
    let report = done.report.insert(report);
    let template = output::template(&args.outputs, forms::REPORT, world)?;
    if args.posting.dry_run {
        let shown = shown(args, report, world, printer);
        output::deliver_files(&args.outputs, world, printer, |format, options| shown.report(report, format, options))?;
    } else {
        posting::guarded(host, world, printer, || show(args, report, world, printer))?;
    }
    let written = output::written(&args.outputs, world)?;
    let is_judged = |sha: &str| session.head_is(sha, host);
    let content = Content::Judged { report, holds: &is_judged };
    let delivered = posts(args, host, &session.github(), template, written).post(content, None, world, printer)?;
    done.links = delivered.links;
    Ok(posting::code(code(report, args.fail_on), delivered.arrived))
}

fn posts<'a>(args: &'a Gate, host: &'a Host, config: &'a GitHub, template: String, written: Written) -> Posts<'a> {
    Posts { host, typed: &args.posting, config, template, options: args.outputs.options(), written }
}

/// Writes the report in every form that was asked for.
fn show(args: &Gate, report: &Report, world: &World, printer: &Printer) -> Result<(), CliError> {
    let shown = shown(args, report, world, printer);
    if let Some(metric) = &args.explain {
        let told = explained(report, metric, &args.outputs)?;
        output::deliver_files(&args.outputs, world, printer, |format, options| shown.report(report, format, options))?;
        return printer.data(told.as_bytes());
    }
    output::deliver(&args.outputs, world, printer, |format, options| shown.report(report, format, options))
}

fn shown<'a>(args: &'a Gate, report: &'a Report, world: &'a World, printer: &'a Printer) -> Shown<'a> {
    Shown { outputs: &args.outputs, subject: args.posting.subject.as_deref(), run: report.run.as_ref(), world, printer }
}

/// A report, and what it was made from.
pub(crate) struct Judged {
    pub(crate) report: Report,
    pub(crate) session: Session,
}

/// Compares and judges.
pub(crate) fn judged(args: &Gate, host: Option<&Host>, world: &World) -> Result<Judged, CliError> {
    let mut session = Session::open(&args.between, Purpose::Judge, host, world)?;
    let of_run = host.and_then(|host| host.run.base.branch.clone());
    if let Some(branch) = args.branch.clone().or(of_run.filter(|_| session.branch.is_none())) {
        session.branch = Some(branch);
    }
    let policy = session.policy()?;
    let mut read = session.read(false, world)?;
    let mut comparison = read.compare(&policy);
    let told = evidence::gather(&session, &mut read, &policy, &mut comparison, world)?;
    let at = session.circumstances(host, world);
    let mut judgement = judge(&comparison, &policy, &at);
    locate(&mut judgement, &|file| session.head.read(file).ok().flatten().map(|content| content.bytes));
    let mut report = Report::new(env!("CARGO_PKG_VERSION"), comparison, judgement);
    report.branch.clone_from(&session.branch);
    report.run = host.map(|host| host.run.clone());
    report.notes.extend(session.note.clone());
    report.notes.extend(told);
    report.notes.extend(report.comparison.tracked.iter().flat_map(Tracked::told).collect::<Vec<_>>());
    report.notes.extend(why_nothing(&report));
    if matches!(policy.origin, PolicyOrigin::File { side: PolicySide::Head, .. }) {
        report.notes.push("The base has no policy, so the one that this change introduces was used.".to_owned());
    }
    report.jenkins = jenkins::outcome::block(&report, args.fail_on, args.posting.subject.as_deref(), report.run.as_ref(), world);
    match session.changed_policy() {
        Ok(Some(own)) => {
            report.notes.push(
                "This change also changes the policy. The base's policy counts; a change of rules needs its own approval.".to_owned(),
            );
            report.head_policy_judgement = Some(judge(&report.comparison, &own, &at));
        }
        Ok(None) => {}
        Err(error) => report.notes.push(format!("The policy that this change brings is broken: {}", error.message)),
    }
    Ok(Judged { report, session })
}

/// Why nothing was checked, for those who see it for the first time.
fn why_nothing(report: &Report) -> Option<String> {
    report.judgement.reason.as_ref()?;
    let metrics = &report.comparison.metrics;
    if !report.comparison.measured.is_empty() {
        return Some("Nothing that counts was checked: slices with too few rows and checks of severity `info` do not count.".to_owned());
    }
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
pub(crate) fn code(report: &Report, fail_on: FailOn) -> u8 {
    match (report.judgement.effect, fail_on) {
        (Effect::Block, _) if report.judgement.is_blocked_unjudged() => exit::NOT_JUDGED,
        (Effect::Allow, _) | (_, FailOn::Never) | (Effect::Notice, FailOn::Block) => exit::ALLOWED,
        (Effect::Notice, FailOn::Notice) | (Effect::Block, FailOn::Block | FailOn::Notice) => exit::BLOCKED,
    }
}
