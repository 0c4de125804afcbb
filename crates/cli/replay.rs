//! `proofmark replay`: judges a stored report again, by other rules.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use proofmark_core::compare::Comparison;
use proofmark_core::config::Effect;
use proofmark_core::evidence::Slice;
use proofmark_core::gate::{Finding, Judgement, Verdict, WINDOW, judge};
use proofmark_core::policy::Policy;
use proofmark_core::reference::Place;
use proofmark_core::report::Report;
use proofmark_render::check_name;
use proofmark_render::escape::{markdown, terminal};

use crate::args::{Format, Outputs};
use crate::configuration::given_config;
use crate::exit::CliError;
use crate::forms::Shown;
use crate::gate;
use crate::output;
use crate::posting::args::FailOn;
use crate::printer::Printer;
use crate::report::read_report;
use crate::session::circumstances;
use crate::world::World;

/// Checks whose change is listed; the others are counted.
const MOST_CHANGES: usize = 50;

/// Judge a stored report again by another policy, without the data
///
/// REPORT is what `proofmark gate --format json` wrote. What it measured is judged by the new rules, and what changed against the
/// old verdicts is told first. A rule about something that was not measured in that run fails, as it does in the gate.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The report, or `-` for standard input
    pub(crate) report: PathBuf,
    /// The new rules: a proofmark.toml, or a pyproject.toml with [tool.proofmark]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    /// The branch that the change goes into, for rules with `branches` [default: as the report says]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    /// What ends with exit code 1
    #[arg(long, value_enum, value_name = "EFFECT", default_value_t = FailOn::Block)]
    pub(crate) fail_on: FailOn,
}

pub(crate) fn run(args: &Replay, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let config = given_config(&args.policy, world)?;
    let mut report = read_report(&args.report, world)?;
    report.branch = args.branch.clone().or(report.branch);
    let policy = Policy::compile(&config.config, config.origin, report.branch.as_deref())?;
    let commits = report.comparison.head.revision.commit.iter().cloned();
    let of_run = report.run.as_ref().and_then(|run| run.head.commit.clone());
    let at = circumstances(report.run.as_ref(), commits.chain(of_run).collect(), world);
    let judgement = judge(&report.comparison, &policy, &at);
    let changes = Changes::between(&report.judgement, &judgement);
    report.judgement = judgement;
    report.head_policy_judgement = None;
    // What was to be known about that run still is; some of it may be about its policy.
    report.notes = report.notes.iter().map(|note| format!("In that run: {note}")).collect();
    report.notes.splice(0..0, unmeasured(&report));
    let shown = Shown { outputs: &args.outputs, subject: None, run: report.run.as_ref(), world, printer };
    output::deliver(&args.outputs, world, printer, |format, options| {
        Ok(match format {
            Format::Table => format!("{}\n{}", changes.lines("", &terminal), shown.report(&report, format, options)?),
            Format::Markdown => format!("{}\n{}", changes.lines("- ", &markdown), shown.report(&report, format, options)?),
            Format::Json => {
                let mut told = report.clone();
                told.notes.splice(0..0, changes.told());
                shown.report(&told, format, options)?
            }
            _ => shown.report(&report, format, options)?,
        })
    })?;
    Ok(gate::code(&report, args.fail_on))
}

/// What a check is about, whatever rule it comes from.
type Subject<'a> = (Option<&'a str>, Option<&'a str>, &'a str, &'a Slice, Option<&'a str>);

/// One check whose verdict is another one; `None` where there was, or is, no such check.
struct Change {
    name: String,
    before: Option<Outcome>,
    after: Option<Outcome>,
}

/// What was learned of a check, and what that does.
type Outcome = (Verdict, Effect);

impl Change {
    /// Both outcomes in words; the effects as well where only they differ.
    fn words(&self) -> (String, String) {
        let same_verdict = self.before.zip(self.after).is_some_and(|(before, after)| before.0 == after.0);
        let word = |outcome: Option<Outcome>| match outcome {
            None => "not checked".to_owned(),
            Some((verdict, effect)) if same_verdict => format!("{} ({})", verdict.name(), effect.name()),
            Some((verdict, _)) => verdict.name().to_owned(),
        };
        (word(self.before), word(self.after))
    }
}

/// What the new rules change.
struct Changes {
    overall: String,
    checks: usize,
    changed: Vec<Change>,
}

impl Changes {
    fn between(old: &Judgement, new: &Judgement) -> Self {
        let (before, after) = (outcomes(old), outcomes(new));
        let subjects: BTreeMap<_, _> = before.iter().chain(&after).map(|(subject, (name, _))| (*subject, name)).collect();
        let outcome = |of: &BTreeMap<Subject<'_>, (String, Outcome)>, subject| of.get(subject).map(|(_, outcome)| *outcome);
        let changed = subjects
            .iter()
            .map(|(subject, name)| Change { name: (*name).clone(), before: outcome(&before, subject), after: outcome(&after, subject) })
            .filter(|change| change.before != change.after)
            .collect();
        let overall = |judgement: &Judgement| format!("{} ({})", judgement.verdict.name(), judgement.effect.name());
        let (was, is) = (overall(old), overall(new));
        let overall = if was == is { format!("{is}, as before") } else { format!("{was} → {is}") };
        Self { overall, checks: after.len(), changed }
    }

    /// Everything, one sentence or check each.
    fn told(&self) -> Vec<String> {
        let changed = match self.changed.len() {
            0 => "nothing changes".to_owned(),
            1 => "1 changes".to_owned(),
            many => format!("{many} change"),
        };
        let checks = if self.checks == 1 { "1 check".to_owned() } else { format!("{} checks", self.checks) };
        let mut told = vec![format!("Replayed by other rules: {}. {checks}; {changed}{}.", self.overall, self.counts())];
        told.extend(self.changed.iter().take(MOST_CHANGES).map(|change| {
            let (before, after) = change.words();
            format!("{}: {before} → {after}", change.name)
        }));
        let more = self.changed.len().saturating_sub(MOST_CHANGES);
        told.extend((more > 0).then(|| format!("and {more} more")));
        told
    }

    /// How many of each kind: ` (2 fail → pass, 1 not checked → warn)`.
    fn counts(&self) -> String {
        let mut kinds: BTreeMap<(String, String), usize> = BTreeMap::new();
        for change in &self.changed {
            *kinds.entry(change.words()).or_default() += 1;
        }
        let kinds: Vec<String> = kinds.iter().map(|((before, after), count)| format!("{count} {before} → {after}")).collect();
        if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) }
    }

    fn lines(&self, bullet: &str, escape: &dyn Fn(&str) -> String) -> String {
        let told = self.told();
        let lines = told.iter().enumerate().map(|(at, line)| match at {
            // A paragraph of Markdown ends with an empty line.
            0 => format!("{}\n{}", escape(line), if bullet.is_empty() || told.len() == 1 { "" } else { "\n" }),
            _ => format!("{}{}\n", if bullet.is_empty() { "  " } else { bullet }, escape(line)),
        });
        lines.collect()
    }
}

/// The worst verdict and the strongest effect on each subject, with its name.
fn outcomes(judgement: &Judgement) -> BTreeMap<Subject<'_>, (String, Outcome)> {
    let mut outcomes: BTreeMap<Subject<'_>, (String, Outcome)> = BTreeMap::new();
    for finding in judgement.findings.iter().filter(|finding| finding.rule.is_some()) {
        let Finding { file, table, metric, slice, against, verdict, effect, .. } = finding;
        let subject = (table.as_deref(), file.as_ref().map(|file| file.as_str()), metric.as_str(), slice, against.as_deref());
        let (_, worst) = outcomes.entry(subject).or_insert_with(|| (check_name(finding), (*verdict, *effect)));
        *worst = (worst.0.min(*verdict), worst.1.max(*effect));
    }
    outcomes
}

/// What rules ask for that the run did not measure.
fn unmeasured(report: &Report) -> Option<String> {
    let comparison = &report.comparison;
    let mut names: Vec<String> = report
        .judgement
        .findings
        .iter()
        .filter(|finding| lacks(finding, comparison))
        .map(|finding| format!("`{}`", check_name(finding)))
        .collect();
    names.sort();
    names.dedup();
    let more = names.len().saturating_sub(MOST_CHANGES);
    names.truncate(MOST_CHANGES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| {
        format!(
            "Was not measured in that run, so it cannot be judged: {}{more}. Run the gate with these rules to measure it.",
            names.join(", ")
        )
    })
}

/// Whether the comparison holds nothing for this check: no such metric of the table, or not what the rule compares with.
fn lacks(finding: &Finding, comparison: &Comparison) -> bool {
    let is_of_table = finding.table.is_some() && finding.file.is_none();
    // The rule found no row, and yet the head has the metric: it was not compared with what the rule names.
    let uncompared = finding.table.is_none()
        && finding.file.is_none()
        && comparison.metrics.iter().any(|row| row.key == finding.metric && row.head.is_some());
    let recorded = || comparison.history.iter().any(|series| Some(&series.place) == place(finding).as_ref());
    let unknown = match finding.against.as_deref() {
        None => false,
        Some(WINDOW) => !recorded(),
        Some(name) => !comparison.references.iter().any(|reference| reference.name == name),
    };
    is_of_table || uncompared || unknown
}

fn place(finding: &Finding) -> Option<Place> {
    let Finding { file, table, metric, slice, .. } = finding.clone();
    Some(Place { file: file?, table, metric, slice })
}
