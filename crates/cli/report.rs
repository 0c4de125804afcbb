//! `proofmark report`: brings a report to where people look.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use proofmark_core::config::GitHub;
use proofmark_core::gate::{Judgement, judge};
use proofmark_core::policy::{Policy, PolicySide};
use proofmark_core::ports::Revision;
use proofmark_core::report::{self, LIMIT, Report as Document, ReportError};
use proofmark_core::run::{PullRequest, RunContext};
use proofmark_core::waiver::Circumstances;
use proofmark_github::{Found, Link, Pull, RemoteTree};

use crate::args::{Between, Outputs};
use crate::configuration::{given_config, read_config};
use crate::exit::{self, CliError};
use crate::forms::{self, Shown};
use crate::gate::{self, Done};
use crate::host::Host;
use crate::jenkins::outcome;
use crate::output;
use crate::posting::args::{FailOn, Given, Posting};
use crate::posting::{self, Content, Place, Posts};
use crate::printer::Printer;
use crate::session::{Session, circumstances};
use crate::world::World;

/// Post a report to GitHub: comment, check, labels; job summary, outputs, annotations
///
/// The report is what `proofmark gate --format json` wrote, in this job or in another one. The exit code tells whether it
/// arrived; with --fail-on, also what it says.
#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) given: Given,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    /// Read `[github]` from this configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<std::path::PathBuf>,
    /// What ends with exit code 1
    #[arg(long, value_enum, value_name = "EFFECT", default_value_t = FailOn::Never)]
    pub(crate) fail_on: FailOn,
    #[command(flatten)]
    pub(crate) posting: Posting,
}

pub(crate) fn run(args: &Report, world: &World, printer: &Printer) -> Result<u8, CliError> {
    carry_out(args, world, printer).outcome
}

/// Brings the report where it belongs, and tells what became of it.
pub(crate) fn carry_out(args: &Report, world: &World, printer: &Printer) -> Done {
    let mut done = Done::new(Ok(exit::ALLOWED));
    done.outcome = in_steps(args, world, printer, &mut done);
    done
}

fn in_steps(args: &Report, world: &World, printer: &Printer, done: &mut Done) -> Result<u8, CliError> {
    let host = Host::described(args.posting.repository.as_deref(), args.posting.pull_request, world)?;
    let given = args.config.as_deref().map(|path| given_config(path, world)).transpose()?;
    let config = given.map(|file| file.config.github);
    if args.given.pending {
        let host = host.ok_or_else(posting::nowhere)?;
        let config = config.unwrap_or_else(|| Session::github_of_base(&Between::default(), &host, world));
        let arrived = posts(args, &host, &config, world)?.start(printer)?;
        return Ok(posting::code_of_delivery(exit::ALLOWED, arrived));
    }
    if let Some(artifact) = &args.given.from_artifact {
        return from_artifact(args, artifact, config, host.ok_or_else(posting::nowhere)?, world, printer);
    }
    let report = done.report.insert(from_file(args.given.report.as_deref(), world)?);
    let run = host.as_ref().map(|host| &host.run);
    report.jenkins = outcome::block(report, args.fail_on, args.posting.subject.as_deref(), run, world);
    let wants_forms = args.outputs.format.is_some() || !args.outputs.output.is_empty();
    if wants_forms {
        show(args, report, world, printer)?;
    }
    let Some(mut host) = host else {
        return if wants_forms { Ok(gate::code(report, args.fail_on)) } else { Err(posting::nowhere()) };
    };
    if !args.posting.dry_run {
        host.ask()?;
    }
    let config = config.unwrap_or_else(|| Session::github_of_base(&Between::default(), &host, world));
    let judged = report.comparison.head.revision.commit.clone();
    // The same commit, or the merge of it that this run was given to test.
    let is_merge = |sha: &str| host.run.head.commit.as_deref() == Some(sha) && host.run.merged.is_some() && host.run.merged == judged;
    let holds = |sha: &str| judged.as_deref() == Some(sha) || is_merge(sha);
    let delivered = posts(args, &host, &config, world)?.post(Content::Judged { report, holds: &holds }, None, world, printer)?;
    done.links = delivered.links;
    Ok(posting::code_of_delivery(gate::code(report, args.fail_on), delivered.arrived))
}

fn posts<'a>(args: &'a Report, host: &'a Host, config: &'a GitHub, world: &World) -> Result<Posts<'a>, CliError> {
    Ok(Posts {
        host,
        typed: &args.posting,
        config,
        template: output::template(&args.outputs, forms::REPORT, world)?,
        options: args.outputs.options(),
        written: output::written(&args.outputs, world)?,
    })
}

/// The report in other forms.
fn show(args: &Report, report: &Document, world: &World, printer: &Printer) -> Result<(), CliError> {
    let shown = Shown { outputs: &args.outputs, subject: args.posting.subject.as_deref(), run: report.run.as_ref(), world, printer };
    output::deliver(&args.outputs, world, printer, |format, options| shown.report(report, format, options))
}

fn from_file(path: Option<&Path>, world: &World) -> Result<Document, CliError> {
    let path = path.ok_or_else(|| {
        CliError::input("no report is given").hint("write one with `proofmark gate --output report.json`, or use `proofmark gate --post`")
    })?;
    read_report(path, world)
}

/// A report that was written before; `-` is standard input.
pub(crate) fn read_report(path: &Path, world: &World) -> Result<Document, CliError> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let bounded = LIMIT as u64 + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(bounded).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(world.folder.join(path)).and_then(|file| file.take(bounded).read_to_end(&mut bytes))
    };
    read.map_err(|error| CliError::input(format!("cannot read the report `{shown}`")).because(&error))?;
    report::read(&bytes).map_err(|error| unreadable(format!("`{shown}` is no report"), &error))
}

fn unreadable(what: String, error: &ReportError) -> CliError {
    error.hint().into_iter().fold(CliError::input(what).because(error), CliError::hint)
}

/// Posts the report of the run whose end started this one, judged by the base's policy.
fn from_artifact(
    args: &Report,
    artifact: &str,
    config: Option<GitHub>,
    mut host: Host,
    world: &World,
    printer: &Printer,
) -> Result<u8, CliError> {
    let source = Source::find(&host)?;
    if let Some(pull) = source.pulls.first() {
        host.run.pull_request = Some(PullRequest::new(pull.number));
    } else {
        // Its policy is not known, and nobody waits for a check of a commit that is no head any more.
        printer.say("No open pull request has this commit as its head any more, so nothing is posted.");
        return Ok(exit::ALLOWED);
    }
    match source.report(artifact, world) {
        Ok((report, github)) => {
            let config = config.unwrap_or(github);
            let holds = |sha: &str| says_it_judged(&report, sha);
            let content = Content::Judged { report: &report, holds: &holds };
            let delivered = posts(args, &host, &config, world)?.post(content, Some(source.place), world, printer)?;
            Ok(posting::code_of_delivery(gate::code(&report, args.fail_on), delivered.arrived))
        }
        // Whoever waits for the check learns why there is none.
        Err(error) => {
            let config = config.or_else(|| source.github()).unwrap_or_default();
            if let Err(more) = posts(args, &host, &config, world)?.post(Content::Broken(&error), Some(source.place), world, printer) {
                printer.error(&more);
            }
            Err(error)
        }
    }
}

/// Whether the report is about that commit by its own words: the commit itself, or the merge that its run was given to test.
/// Words can be forged; this is for workflows that had something else checked out.
fn says_it_judged(report: &Document, sha: &str) -> bool {
    let judged = report.comparison.head.revision.commit.as_deref();
    let is_merge = |run: &RunContext| run.head.commit.as_deref() == Some(sha) && run.merged.is_some() && run.merged.as_deref() == judged;
    judged == Some(sha) || report.run.as_ref().is_some_and(is_merge)
}

/// The run whose end started this one. What it left is hostile: whoever opened the pull request could write it.
struct Source {
    link: Arc<Link>,
    run: u64,
    /// How it ended, when not well.
    ended: Option<String>,
    place: Place,
    /// The pull requests whose head it was for. One is commented; the policies of all of them count.
    pulls: Vec<Pull>,
}

impl Source {
    fn find(host: &Host) -> Result<Self, CliError> {
        let wrong = |text: &str| CliError::input(text).hint("use `--from-artifact` in a workflow with `on: workflow_run`");
        let actions = host.actions.as_ref().ok_or_else(posting::nowhere)?;
        let source = actions.source.as_ref().ok_or_else(|| wrong("this run was not started by the end of another one"))?;
        let (Some(run), Some(sha)) = (source.id, actions.run.head.commit.clone()) else {
            return Err(wrong("the event does not tell which run is over"));
        };
        let link = host.link()?;
        let client = link.client();
        // A number counts only when the pull request's head is the very commit that the run was for.
        let pulls = match link.block_on(client.find_pull(&sha, host.head_label().as_deref(), &actions.candidates))? {
            Found::One(pull) => vec![*pull],
            Found::None => Vec::new(),
            Found::Several(numbers) => {
                let pulls: Result<Vec<Pull>, _> = numbers.iter().map(|number| link.block_on(client.pull_request(*number))).collect();
                pulls?.into_iter().filter(|pull| pull.head_sha == sha).collect()
            }
        };
        let attempt = source.attempt.and_then(|attempt| u32::try_from(attempt).ok()).unwrap_or(1);
        let only = if let [pull] = pulls.as_slice() { Some(pull) } else { None };
        let place = Place {
            pull: only.map(|pull| pull.number),
            sha: Some(sha),
            base: only.map(|pull| pull.base_ref.clone()),
            run_id: run,
            attempt,
        };
        let ended = source.conclusion.clone().filter(|conclusion| !matches!(conclusion.as_str(), "success" | "failure"));
        Ok(Self { link, run, ended, place, pulls })
    }

    /// The report that it left, judged by the policies of the bases, and what they say about posting.
    fn report(&self, artifact: &str, world: &World) -> Result<(Document, GitHub), CliError> {
        let fetched = self.link.block_on(self.link.client().fetch_report(self.run, artifact));
        let bytes = fetched.map_err(|error| match &self.ended {
            Some(ended) => CliError::from(error).hint(format!("the first run ended as `{ended}`")),
            None => error.into(),
        })?;
        let mut report = report::read(&bytes).map_err(|error| unreadable(format!("the artifact `{artifact}` holds no report"), &error))?;
        let mut github = GitHub::default();
        let claimed = report.judgement.effect;
        let mut worst: Option<Judgement> = None;
        for pull in &self.pulls {
            let (policy, own) = policy_of(pull, &self.link)?;
            let commits = self.place.sha.iter().cloned().chain(report.comparison.head.revision.commit.clone()).collect();
            let at = Circumstances { pull_request: Some(pull.number), author: pull.author.clone(), ..circumstances(None, commits, world) };
            let judgement = judge(&report.comparison, &policy, &at);
            if worst.as_ref().is_none_or(|worst| judgement.effect > worst.effect) {
                (worst, github) = (Some(judgement), own);
                report.branch = Some(pull.base_ref.clone());
            }
        }
        let mut judgement = worst.ok_or_else(|| CliError::input("no pull request tells by which policy to judge"))?;
        carry_lines(&report.judgement.findings, &mut judgement.findings);
        if judgement.effect != claimed {
            report.notes.push(format!(
                "The run that made this report said `{}`; by the policy of the base it is `{}`, and that counts.",
                claimed.name(),
                judgement.effect.name()
            ));
        }
        if self.pulls.len() > 1 {
            let numbers = self.pulls.iter().map(|pull| format!("#{}", pull.number)).collect::<Vec<_>>().join(", ");
            report
                .notes
                .push(format!("Several pull requests have this commit as their head ({numbers}): the strictest of their policies counts."));
        }
        report.judgement = judgement;
        Ok((report, github))
    }

    /// What the base says about posting, where it can be had.
    fn github(&self) -> Option<GitHub> {
        policy_of(self.pulls.first()?, &self.link).ok().map(|(_, github)| github)
    }
}

/// The newest policy of the branch that the pull request goes into, whatever the artifact says that came out. The values
/// remain what the other run says they are.
fn policy_of(pull: &Pull, link: &Arc<Link>) -> Result<(Policy, GitHub), CliError> {
    let tip = link.block_on(link.client().branch_tip(&pull.base_ref))?;
    let tree = RemoteTree::open(Arc::clone(link), Revision::commit(&pull.base_ref, &tip, ""))?;
    Ok(match read_config(&tree, PolicySide::Base)? {
        Some(file) => (Policy::compile(&file.config, file.origin, Some(&pull.base_ref))?, file.config.github),
        None => (Policy::built_in(), GitHub::default()),
    })
}

/// The lines of the metrics, which only the run with the files could find.
fn carry_lines(known: &[proofmark_core::gate::Finding], fresh: &mut [proofmark_core::gate::Finding]) {
    let lines: std::collections::HashMap<_, _> =
        known.iter().filter_map(|finding| Some(((&finding.file, &finding.metric), finding.line?))).collect();
    for finding in fresh {
        finding.line = lines.get(&(&finding.file, &finding.metric)).copied();
    }
}
