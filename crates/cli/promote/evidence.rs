//! What a promotion rests on: a judgement that lets this very version pass.

use std::collections::BTreeSet;

use proofmark_core::compare::Comparison;
use proofmark_core::config::{Effect, Severity};
use proofmark_core::gate::{Finding, Verdict};
use proofmark_core::report::Report;
use proofmark_render as render;

use super::Promote;
use super::shelf::{PREFIX, Shelf, Version};
use crate::digest::sha256;
use crate::exit::{self, CliError};
use crate::gate::{self, Gate, Judged, judged};
use crate::host::Host;
use crate::posting::args::FailOn;
use crate::printer::Printer;
use crate::report::read_report;
use crate::session::Session;
use crate::world::World;

/// A version and the judgement that it passed.
pub(super) struct Evidence {
    pub(super) version: Version,
    verdict: Verdict,
    effect: Effect,
    report: String,
    commit: Option<String>,
    run_url: Option<String>,
}

/// What the gate says of a promotion.
pub(super) enum Found {
    /// The version passes.
    Passed(Box<Evidence>),
    /// An earlier try promoted it.
    Already(Version),
    /// It does not pass; the exit code.
    Refused(u8),
}

impl Evidence {
    /// Judges. A stored report must say what is found now: it is evidence that can be old, or forged.
    pub(super) fn gather(
        args: &Promote,
        shelf: &dyn Shelf,
        before: Option<&Version>,
        host: Option<&Host>,
        world: &World,
        printer: &Printer,
    ) -> Result<Found, CliError> {
        let stored = args.report.as_deref().map(|path| read_report(path, world)).transpose()?;
        let gate = Gate { between: args.between.clone(), branch: args.branch.clone(), ..Gate::default() };
        let Judged { report, session } = judged(&gate, host, world)?;
        let commit = report.comparison.head.revision.commit.clone();
        if let Some(stored) = &stored {
            same_commit(stored, commit.as_deref())?;
        }
        let runs = judged_runs(&report, shelf)?;
        let version = shelf.version(args.number.as_deref(), &runs)?;
        // What is in production now was compared with itself.
        if before.is_some_and(|before| before.name == version.name && was_promoted(before, commit.as_deref())) {
            return Ok(Found::Already(version));
        }
        if let Some(stored) = &stored {
            same_evidence(stored, &report)?;
        }
        if let Some(code) = refused(&report, args.fail_on, printer)? {
            return Ok(Found::Refused(code));
        }
        is_about_runs(&report, &session, shelf)?;
        not_moved(shelf, &report.comparison, before, &version.name)?;
        let text = render::json(stored.as_ref().unwrap_or(&report))?;
        let digest = sha256(text.as_bytes());
        Ok(Found::Passed(Box::new(Self {
            version,
            verdict: report.judgement.verdict,
            effect: report.judgement.effect,
            report: digest,
            commit,
            run_url: report.run.and_then(|run| run.run_url),
        })))
    }

    /// What is kept with the version, by name.
    pub(super) fn tags(&self) -> Vec<(String, String)> {
        let mut tags = vec![
            ("verdict", self.verdict.name().to_owned()),
            ("effect", self.effect.name().to_owned()),
            ("report", format!("sha256:{}", self.report)),
        ];
        tags.extend(self.commit.clone().map(|commit| ("commit", commit)));
        tags.extend(self.run_url.clone().map(|url| ("run_url", url)));
        tags.into_iter().map(|(name, value)| (format!("{PREFIX}{name}"), value)).collect()
    }
}

/// Whether an earlier try moved something to this version, by the judgement of the same commit.
fn was_promoted(version: &Version, commit: Option<&str>) -> bool {
    let tag = |name: &str| version.tags.get(&format!("{PREFIX}{name}")).map(String::as_str);
    tag("verdict").is_some() && tag("report").is_some() && tag("commit") == commit
}

fn same_commit(stored: &Report, head: Option<&str>) -> Result<(), CliError> {
    let of = &stored.comparison.head.revision;
    if of.commit.as_deref() == head {
        return Ok(());
    }
    let (of, head) = (of.short_commit().unwrap_or("no commit"), head.unwrap_or("none"));
    Err(CliError::input(format!("the report is about {of}, and the head is {head:.10}"))
        .hint("check out the commit that was judged, or name it: `proofmark promote MODEL BASE HEAD`"))
}

/// The report's verdict never counts, and its evidence only while it is what the runs, tables and baselines still say.
fn same_evidence(stored: &Report, found: &Report) -> Result<(), CliError> {
    let parts = |report: &Report| {
        let mut comparison = report.comparison.clone();
        // How commits were called makes no difference.
        comparison.baseline.of = String::new();
        for side in [&mut comparison.base, &mut comparison.head].into_iter().chain(comparison.tip.as_mut()) {
            let revision = &mut side.revision;
            (revision.name, revision.subject, revision.work_tree) = (String::new(), None, false);
        }
        let document = serde_json::to_value(&comparison).map_err(|error| CliError::input("cannot read the report").because(&error))?;
        Ok::<_, CliError>(document.as_object().cloned().unwrap_or_default())
    };
    let (then, now) = (parts(stored)?, parts(found)?);
    let differs = then.keys().chain(now.keys()).find(|part| then.get(*part) != now.get(*part));
    differs.map_or(Ok(()), |part| {
        Err(CliError::input(format!("the report is not what is found now: `comparison.{part}` differs"))
            .hint("run the gate again on this commit: something was logged, moved or changed since, or the report was"))
    })
}

/// The runs of the head that were judged, of the system whose versions these are.
fn judged_runs<'r>(report: &'r Report, shelf: &dyn Shelf) -> Result<BTreeSet<&'r str>, CliError> {
    let prefix = format!("{}:", shelf.system());
    let of_system = report.comparison.tracked.iter().filter(|tracked| tracked.file.as_str().starts_with(&prefix));
    let runs: BTreeSet<&str> = of_system.flat_map(|tracked| &tracked.head.runs).map(|run| run.id.as_str()).collect();
    if runs.is_empty() {
        let system = shelf.system();
        return Err(CliError::input(format!(
            "the gate judged no run of [[{system}]], so it says nothing about any version of the registry"
        ))
        .hint(format!("name the runs in [[{system}]] of the base's proofmark.toml")));
    }
    Ok(runs)
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
fn is_about_runs(report: &Report, session: &Session, shelf: &dyn Shelf) -> Result<(), CliError> {
    let tables = session.config.as_ref().map_or(&[][..], |file| file.config.table.as_slice());
    let is_artifact = |name: &String| tables.iter().any(|table| table.name == *name && table.mlflow.is_some());
    let is_of_run = |finding: &Finding| {
        let of_file = report.comparison.tracked.iter().any(|tracked| Some(&tracked.file) == finding.file.as_ref());
        let counts = finding.rule.is_some() && finding.severity != Severity::Info;
        counts && (of_file || finding.table.as_ref().is_some_and(is_artifact))
    };
    if report.judgement.findings.iter().any(is_of_run) {
        return Ok(());
    }
    Err(CliError::input("no rule judges what the run logged, so there is nothing to promote it by")
        .hint(format!("write a [[rule]] about a metric of [[{}]]", shelf.system())))
}

/// What was compared with is what is in production; after a first try that is the version itself.
fn not_moved(shelf: &dyn Shelf, comparison: &Comparison, before: Option<&Version>, version: &str) -> Result<(), CliError> {
    let called = shelf.reference();
    let now = before.map(|version| version.name.as_str());
    for reference in &comparison.references {
        let Some(rest) = reference.revision.strip_prefix(&called) else { continue };
        let then = rest.strip_prefix(", version ");
        if (rest.is_empty() || then.is_some()) && then != now && now != Some(version) {
            return Err(shelf.moved(then, now));
        }
    }
    Ok(())
}
