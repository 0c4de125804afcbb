//! What a promotion rests on: a judgement that lets this very version pass.

use std::collections::BTreeSet;

use proofmark_core::compare::Comparison;
use proofmark_core::config::{Effect, Severity};
use proofmark_core::gate::{Finding, Verdict, judge};
use proofmark_core::report::Report;
use proofmark_core::tracked::TrackedRun;
use proofmark_core::value::Value;
use proofmark_mlflow::Registry;
use proofmark_mlflow::model::{ModelVersion, Which};
use proofmark_render as render;
use sha2::{Digest as _, Sha256};

use super::Promote;
use super::moves::moved;
use crate::base::Purpose;
use crate::exit::{self, CliError};
use crate::gate::{self, Gate, judged};
use crate::host::Host;
use crate::posting::args::FailOn;
use crate::printer::Printer;
use crate::report::read_report;
use crate::session::Session;
use crate::tracking;
use crate::world::World;

/// A version and the judgement that it passed.
pub(super) struct Evidence {
    pub(super) version: ModelVersion,
    verdict: Verdict,
    effect: Effect,
    report: String,
    commit: Option<String>,
    run_url: Option<String>,
}

/// The registry, as the configuration of the base and the environment name it.
pub(super) fn registry(args: &Promote, host: Option<&Host>, world: &World) -> Result<Box<dyn Registry>, CliError> {
    let session = Session::open(&args.between, Purpose::Judge, host, world)?;
    tracking::registry(&session.opener(world), session.tracking_uri())
}

impl Evidence {
    /// Judges; the exit code where that does not let the version pass.
    pub(super) fn gather(
        args: &Promote,
        registry: &dyn Registry,
        before: Option<&ModelVersion>,
        host: Option<&Host>,
        world: &World,
        printer: &Printer,
    ) -> Result<Result<Self, u8>, CliError> {
        let report = match &args.report {
            None => {
                let gate = Gate { between: args.between.clone(), branch: args.branch.clone(), ..Gate::default() };
                judged(&gate, host, world)?.report
            }
            Some(path) => again(args, read_report(path, world)?, registry, host, world)?,
        };
        let runs = judged_runs(&report);
        let version = version(args, registry, &runs)?;
        if let Some(code) = refused(&report, args.fail_on, printer)? {
            return Ok(Err(code));
        }
        is_about_runs(&report)?;
        not_moved(args, &report.comparison, before, version.version)?;
        let text = render::json(&report)?;
        let digest = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Ok(Self {
            version,
            verdict: report.judgement.verdict,
            effect: report.judgement.effect,
            report: digest,
            commit: report.comparison.head.revision.commit.clone(),
            run_url: report.run.and_then(|run| run.run_url),
        }))
    }

    /// What is kept with the version, by the end of its tag.
    pub(super) fn tags(&self) -> Vec<(&'static str, String)> {
        let mut tags = vec![
            ("verdict", self.verdict.name().to_owned()),
            ("effect", self.effect.name().to_owned()),
            ("report", format!("sha256:{}", self.report)),
        ];
        tags.extend(self.commit.clone().map(|commit| ("commit", commit)));
        tags.extend(self.run_url.clone().map(|url| ("run_url", url)));
        tags
    }
}

/// A stored report, judged again by the policy that counts. What it says of the runs is held against the runs.
fn again(args: &Promote, mut report: Report, registry: &dyn Registry, host: Option<&Host>, world: &World) -> Result<Report, CliError> {
    let mut session = Session::open(&args.between, Purpose::Judge, host, world)?;
    session.branch = args.branch.clone().or(session.branch).or(report.branch.take());
    report.branch.clone_from(&session.branch);
    if report.comparison.head.revision.commit.as_deref() != Some(session.head_id()) {
        let of = report.comparison.head.revision.short_commit().unwrap_or("no commit").to_owned();
        return Err(CliError::input(format!("the report is about {of}, and the head is {:.10}", session.head_id()))
            .hint("check out the commit that was judged, or name it: `proofmark promote MODEL BASE HEAD`"));
    }
    let policy = session.policy()?;
    for tracked in &report.comparison.tracked {
        for run in &tracked.head.runs {
            same_values(registry, &report.comparison, &tracked.file, run, tracked.head.runs.len() == 1)?;
        }
    }
    report.judgement = judge(&report.comparison, &policy, &session.circumstances(host, world));
    report.head_policy_judgement = None;
    Ok(report)
}

/// A report can be old, or forged: the run's own values count.
fn same_values(
    registry: &dyn Registry,
    comparison: &Comparison,
    file: &proofmark_core::path::RepoPath,
    told: &TrackedRun,
    alone: bool,
) -> Result<(), CliError> {
    let gone = || CliError::input(format!("the run `{}` that the report judges is gone", told.id)).hint("run the gate again");
    let run = registry.run(&told.id)?.filter(|run| !run.deleted).ok_or_else(gone)?;
    for row in comparison.metrics.iter().filter(|row| row.file == *file && !row.whole_file) {
        let Some(point) = run.metrics.get(&row.key.plain()) else { continue };
        let of_run = comparison.repeated.iter().find(|one| one.file == row.file && one.metric == row.key && one.against.is_none());
        let said = match of_run {
            Some(several) => several.head.get(&told.id),
            None if alone => row.head.as_ref(),
            None => None,
        };
        if said.is_some_and(|said| !said.same(&Value::Float(point.value))) {
            return Err(CliError::input(format!("the report says another `{}` than the run `{}` has", row.key, told.id))
                .hint("run the gate again: somebody logged to the run, or changed the report"));
        }
    }
    Ok(())
}

/// The runs of the head that were judged.
fn judged_runs(report: &Report) -> BTreeSet<&str> {
    report.comparison.tracked.iter().flat_map(|tracked| &tracked.head.runs).map(|run| run.id.as_str()).collect()
}

/// The version that is meant, of a run that was judged.
fn version(args: &Promote, registry: &dyn Registry, runs: &BTreeSet<&str>) -> Result<ModelVersion, CliError> {
    let model = &args.model;
    let shown = || runs.iter().map(|run| format!("`{run}`")).collect::<Vec<_>>().join(", ");
    if runs.is_empty() {
        return Err(CliError::input("the gate judged no run of MLflow, so it says nothing about any version of the registry")
            .hint("name the experiment in [[mlflow]] of the base's proofmark.toml"));
    }
    let found = match args.number {
        Some(number) => {
            let none = || CliError::input(format!("`{model}` has no version {number}"));
            registry.model_version(model, &Which::Number(number))?.ok_or_else(none)?
        }
        None => {
            let mut all = Vec::new();
            for run in runs {
                all.extend(registry.versions_of_run(model, run)?);
            }
            all.into_iter().max_by_key(|version| version.version).ok_or_else(|| {
                CliError::input(format!("no version of `{model}` is of a run that was judged ({})", shown()))
                    .hint("register the model that the run logged, or name the version with --version")
            })?
        }
    };
    let of = found.run.as_deref();
    if !of.is_some_and(|run| runs.contains(run)) {
        let of = of.map_or_else(|| "of no run".to_owned(), |run| format!("of the run `{run}`"));
        return Err(CliError::input(format!("version {} of `{model}` is {of}, and judged was {}", found.version, shown()))
            .hint("a version is promoted by the judgement of its own run"));
    }
    if !matches!(found.status.as_str(), "" | "READY") {
        return Err(CliError::input(format!("version {} of `{model}` is not ready: {}", found.version, found.status)));
    }
    Ok(found)
}

/// The exit code of a judgement that lets nothing pass, told in full.
fn refused(report: &Report, fail_on: FailOn, printer: &Printer) -> Result<Option<u8>, CliError> {
    let counts = |finding: &&Finding| finding.severity != Severity::Info && finding.verdict != Verdict::Waived;
    let notice = report.judgement.findings.iter().filter(counts).any(|finding| finding.effect >= Effect::Notice);
    let code = match (report.judgement.effect, fail_on) {
        // What blocks is never promoted.
        (Effect::Block, _) => gate::code(report, FailOn::Block),
        (_, FailOn::Notice) if notice => exit::BLOCKED,
        _ => return Ok(None),
    };
    printer.data(render::report_table(report, &render::Options::default()).as_bytes())?;
    let why = if report.judgement.effect == Effect::Block {
        "The gate blocks this version, so nothing is promoted."
    } else {
        "The gate has notices that no waiver covers, so nothing is promoted; `--fail-on block` lets them pass."
    };
    printer.say(why);
    Ok(Some(code))
}

/// A judgement that looked at none of the runs' values says nothing about the model.
fn is_about_runs(report: &Report) -> Result<(), CliError> {
    let is_of_run = |finding: &Finding| {
        let of_file = |file| report.comparison.tracked.iter().any(|tracked| Some(&tracked.file) == file);
        finding.rule.is_some() && finding.severity != Severity::Info && (of_file(finding.file.as_ref()) || finding.table.is_some())
    };
    if report.judgement.findings.iter().any(is_of_run) {
        return Ok(());
    }
    Err(CliError::input("no rule judges what the run logged, so there is nothing to promote it by")
        .hint("write a [[rule]] about a metric of the [[mlflow]] experiment"))
}

/// What was compared with is what is in production; after a first try that is the version itself.
fn not_moved(args: &Promote, comparison: &Comparison, before: Option<&ModelVersion>, version: u64) -> Result<(), CliError> {
    let target = args.target();
    let uri = proofmark_mlflow::model::ModelUri { model: args.model.clone(), which: target.which() }.to_string();
    let now = before.map(|version| version.version);
    for reference in &comparison.references {
        let Some(rest) = reference.revision.strip_prefix(&uri) else { continue };
        let then = rest.strip_prefix(", version ").and_then(|number| number.parse().ok());
        if (rest.is_empty() || then.is_some()) && then != now && now != Some(version) {
            return Err(moved(&target, then, now));
        }
    }
    Ok(())
}
