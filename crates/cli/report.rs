//! `proofmark report`: brings a report to where people look.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use proofmark_core::config::GitHub;
use proofmark_core::gate::judge;
use proofmark_core::policy::{Policy, PolicySide};
use proofmark_core::ports::Revision;
use proofmark_core::report::{self, LIMIT, Report as Document, ReportError};
use proofmark_github::{Found, Link, Pull, RemoteTree};
use proofmark_render as render;

use crate::args::{Between, Format, Outputs};
use crate::base::Purpose;
use crate::configuration::{given_config, read_config};
use crate::exit::{self, CliError};
use crate::gate;
use crate::host::Host;
use crate::output;
use crate::posting::args::{FailOn, Given, Posting};
use crate::posting::{self, Content, Place, Posts};
use crate::printer::Printer;
use crate::session::Session;
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
    let host = Host::described(args.posting.repository.as_deref(), args.posting.pull_request, world)?;
    let given = args.config.as_deref().map(|path| given_config(path, world)).transpose()?;
    let config = given.map(|file| file.config.github);
    if args.given.pending {
        let host = host.ok_or_else(posting::nowhere)?;
        posts(args, &host, &config.or_else(|| of_base(&host, world)).unwrap_or_default(), world)?.start(printer)?;
        return Ok(exit::ALLOWED);
    }
    let taken = match (&args.given.from_artifact, &host) {
        (Some(name), Some(host)) => {
            let source = Source::find(host)?;
            match source.report(name) {
                Ok(taken) => taken,
                // Whoever waits for the check learns why there is none.
                Err(error) => {
                    posts(args, host, &config.unwrap_or_default(), world)?.post(
                        Content::Broken(&error),
                        Some(source.place),
                        world,
                        printer,
                    )?;
                    return Err(error);
                }
            }
        }
        (Some(_), None) => return Err(posting::nowhere()),
        (None, _) => Taken { report: from_file(args.given.report.as_deref(), world)?, place: None, github: None },
    };
    let wants_forms = args.outputs.format.is_some() || !args.outputs.output.is_empty();
    if wants_forms {
        show(args, &taken.report, world, printer)?;
    }
    let Some(host) = host else {
        return if wants_forms { Ok(gate::code(&taken.report, args.fail_on)) } else { Err(posting::nowhere()) };
    };
    let config = config.or(taken.github).or_else(|| of_base(&host, world)).unwrap_or_default();
    let arrived = posts(args, &host, &config, world)?.post(Content::Judged(&taken.report), taken.place, world, printer)?;
    Ok(posting::code(gate::code(&taken.report, args.fail_on), arrived))
}

fn posts<'a>(args: &'a Report, host: &'a Host, config: &'a GitHub, world: &World) -> Result<Posts<'a>, CliError> {
    Ok(Posts {
        host,
        typed: &args.posting,
        config,
        template: output::template(&args.outputs, gate::TEMPLATE, world)?,
        options: args.outputs.options(),
        written: output::written(&args.outputs, world)?,
    })
}

/// What the base of the run says about posting; nothing where there is no clone.
fn of_base(host: &Host, world: &World) -> Option<GitHub> {
    Session::open(&Between::default(), Purpose::Judge, Some(host), world).ok().map(|session| session.github())
}

/// The report in other forms.
fn show(args: &Report, report: &Document, world: &World, printer: &Printer) -> Result<(), CliError> {
    output::deliver(&args.outputs, world, printer, |format, options| {
        Ok(match format {
            Format::Table => render::report_table(report, options),
            Format::Markdown => render::report_markdown(report, options, &output::template(&args.outputs, gate::TEMPLATE, world)?)?,
            Format::Json => render::json(report)?,
            Format::DvcJson => render::dvc_json(&report.comparison, render::DvcPart::Metrics, args.outputs.all),
        })
    })
}

/// A report, and where it belongs if that is not where the run says.
struct Taken {
    report: Document,
    place: Option<Place>,
    github: Option<GitHub>,
}

fn from_file(path: Option<&Path>, world: &World) -> Result<Document, CliError> {
    let path = path.ok_or_else(|| {
        CliError::input("no report is given").hint("write one with `proofmark gate --output report.json`, or use `proofmark gate --post`")
    })?;
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

/// The run whose end started this one. What it left is hostile: whoever opened the pull request could write it.
struct Source {
    link: Arc<Link>,
    run: u64,
    place: Place,
    pull: Option<Pull>,
    /// Why there is no pull request to comment on.
    note: Option<String>,
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
        let owner = actions.head_repository.as_deref().and_then(|repository| repository.split('/').next());
        let head = owner.zip(actions.run.head.branch.as_deref()).map(|(owner, branch)| format!("{owner}:{branch}"));
        // A number counts only when the pull request's head is the very commit that the run was for.
        let found = link.block_on(link.client().find_pull(&sha, head.as_deref(), &actions.candidates))?;
        let (pull, note) = match found {
            Found::One(pull) => (Some(*pull), None),
            Found::None => (None, Some("No pull request has this commit as its head any more.".to_owned())),
            Found::Several(numbers) => {
                let numbers = numbers.iter().map(|number| format!("#{number}")).collect::<Vec<_>>().join(", ");
                (None, Some(format!("Several pull requests have this commit as their head ({numbers}), so none was commented.")))
            }
        };
        let attempt = source.attempt.and_then(|attempt| u32::try_from(attempt).ok()).unwrap_or(1);
        let place = Place { pull: pull.as_ref().map(|pull| pull.number), sha: Some(sha), run_id: run, attempt };
        Ok(Self { link, run, place, pull, note })
    }

    /// The report that it left, judged by the base's policy.
    fn report(&self, artifact: &str) -> Result<Taken, CliError> {
        let bytes = self.link.block_on(self.link.client().fetch_report(self.run, artifact))?;
        let mut report =
            report::read(&bytes).map_err(|error| unreadable(format!("the artifact `{artifact}` holds no report"), &error))?;
        report.notes.extend(self.note.clone());
        let github = self.pull.as_ref().map(|pull| judge_again(&mut report, pull, &self.link)).transpose()?;
        Ok(Taken { report, place: Some(self.place.clone()), github })
    }
}

/// Judges the comparison by the policy of the base, whatever the artifact says that came out. The values remain what the
/// other run says they are.
fn judge_again(report: &mut Document, pull: &Pull, link: &Arc<Link>) -> Result<GitHub, CliError> {
    let tree = RemoteTree::open(Arc::clone(link), Revision::commit(&pull.base_ref, &pull.base_sha, ""))?;
    let (policy, github) = match read_config(&tree, PolicySide::Base)? {
        Some(file) => (Policy::compile(&file.config, file.origin, Some(&pull.base_ref))?, file.config.github),
        None => (Policy::built_in(), GitHub::default()),
    };
    let claimed = report.judgement.effect;
    let mut judgement = judge(&report.comparison, &policy);
    carry_lines(&report.judgement.findings, &mut judgement.findings);
    if judgement.effect != claimed {
        report.notes.push(format!(
            "The run that made this report said `{}`; by the policy of the base it is `{}`, and that counts.",
            claimed.name(),
            judgement.effect.name()
        ));
    }
    report.judgement = judgement;
    report.branch = Some(pull.base_ref.clone());
    Ok(github)
}

/// The lines of the metrics, which only the run with the files could find.
fn carry_lines(known: &[proofmark_core::gate::Finding], fresh: &mut [proofmark_core::gate::Finding]) {
    let lines: std::collections::HashMap<_, _> =
        known.iter().filter_map(|finding| Some(((&finding.file, &finding.metric), finding.line?))).collect();
    for finding in fresh {
        finding.line = lines.get(&(&finding.file, &finding.metric)).copied();
    }
}
