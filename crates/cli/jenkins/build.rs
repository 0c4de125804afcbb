//! `proofmark jenkins build`: starts a job and waits for it.

pub(crate) mod access;
mod document;
pub(crate) mod talk;
mod values;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use proofmark_core::jenkins::{BuildResult, Outcome};
use proofmark_jenkins::client::{self, BuildPlace, Client, Deadline, Ended, Job, JobPath, Key, Queued, Started, Submission};
use proofmark_render::escape::terminal;
use serde_json::Value;

pub(crate) use self::document::BuildDocument;
use self::talk::Talk;
use super::outcome;
use crate::exit::{self, CliError, unwritable};
use crate::output::write_file;
use crate::printer::Printer;
use crate::world::World;

/// Seconds for which a Jenkins that is away is asked to stop something.
const STOPPING: u64 = 60;

/// Start a job of Jenkins, and wait for it
///
/// The user is JENKINS_USER_ID, the token JENKINS_API_TOKEN, or the file that JENKINS_API_TOKEN_FILE names. Parameters that the job does
/// not have, and choices that it does not know, are refused: Jenkins ignores them without a word.
///
/// In a job with a string parameter PROOFMARK_KEY a start whose answer was lost is found again, and not made twice. Without one it is sent
/// again only when it surely did not arrive. A Jenkins that answered before is waited for when it is away, for ten minutes, or
/// PROOFMARK_NETWORK_SECONDS.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The job, with its folders: `ml/train`; or its full address
    pub(crate) job: String,
    /// The address of Jenkins, with its context path [default: JENKINS_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// A parameter of the job; may be repeated
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// A parameter whose value is in a variable of the environment: for passwords. May be repeated
    #[arg(long, value_name = "NAME=VARIABLE")]
    pub(crate) parameters_from: Vec<String>,
    /// A parameter that takes a file; may be repeated
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) file_parameters: Vec<String>,
    /// The branch or pull request (`PR-12`) of a multibranch project
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    /// Wait until the build ends
    #[arg(long)]
    pub(crate) wait: bool,
    /// Print the build's log while it runs; waits
    #[arg(long)]
    pub(crate) follow: bool,
    /// Seconds that all may take; then what was started is stopped, as after an interrupt
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// Seconds in the queue; then the start is taken back. Waits until the build begins
    #[arg(long, value_name = "SECONDS")]
    pub(crate) queue_timeout: Option<u64>,
    /// A name for this start: when the queue or one of the newest 100 builds has it already, that is taken, and nothing is started
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(crate) key: Option<String>,
    /// The string parameter of the job that keeps the key
    #[arg(long, value_name = "NAME", default_value = "PROOFMARK_KEY")]
    pub(crate) key_parameter: String,
    /// Leave what was started alone when this command is interrupted or its time is up
    #[arg(long)]
    pub(crate) keep_on_interrupt: bool,
    /// The results that count as a failure
    #[arg(long, value_enum, value_name = "RESULT", default_value_t = Worst::Unstable)]
    pub(crate) fail_on: Worst,
    /// The form of what is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Table)]
    pub(crate) format: Form,
    /// Also write what came out to a file, as JSON
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Start nothing; read the job and print what would be sent
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// From which result on a build has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Worst {
    /// UNSTABLE and worse
    Unstable,
    /// FAILURE and worse
    Failure,
}

/// The forms of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people
    Table,
    /// For programs
    Json,
}

pub(crate) fn run(args: &Build, world: &World, printer: &Printer) -> Result<u8, CliError> {
    if args.follow && args.format == Form::Json && args.output.is_none() {
        return Err(CliError::input("the log and the JSON cannot both go to standard output")
            .hint("leave out `--format json` and give `--output build.json`, or leave out `--follow`"));
    }
    let (code, document) = carry_out(args, world, printer)?;
    match args.format {
        Form::Table => printer.data(document.told().as_bytes())?,
        Form::Json => printer.data(proofmark_render::json(&document)?.as_bytes())?,
    }
    if let Some(file) = &args.output {
        let path = world.folder.join(file);
        write_file(&path, proofmark_render::json(&document)?.as_bytes()).map_err(|error| unwritable(&path, &error))?;
    }
    Ok(code)
}

/// The same for a step of a pipeline: the exit code, what the step does with it, and the build as a document.
pub(crate) fn as_step(args: &Build, stage: &str, world: &World, printer: &Printer) -> Result<(u8, Outcome, Value), CliError> {
    let (code, document) = carry_out(args, world, printer)?;
    let result = match (code, document.result()) {
        (exit::ALLOWED, None | Some("SUCCESS")) => None,
        (_, Some("UNSTABLE")) => Some(BuildResult::Unstable),
        _ => Some(BuildResult::Failure),
    };
    printer.data(document.told().as_bytes())?;
    let value = serde_json::to_value(&document).map_err(|error| CliError::input("cannot write the document").because(&error))?;
    Ok((code, outcome::of_result(result, stage, document.headline().trim()), value))
}

fn carry_out(args: &Build, world: &World, printer: &Printer) -> Result<(u8, BuildDocument), CliError> {
    let deadline = Deadline::after(args.timeout);
    let base = access::base(args.server.as_deref().map(|text| ("--server", text)), world)?;
    let path = JobPath::parse(&args.job, &base).map_err(|why| CliError::input(format!("`{}`: {why}", args.job)))?;
    let talk = Talk::new(printer);
    let client = Client::new(base, access::access(world)?, &talk)?;
    let given = values::given(args, world, &client)?;
    let job = client.job(&path, args.branch.as_deref())?;
    let key = Key {
        parameter: args.key_parameter.clone(),
        value: args.key.clone().unwrap_or_else(|| format!("{:016x}{:016x}", world.random(), world.random())),
        lasting: args.key.is_some(),
    };
    let submission = Submission::new(&job, given, key).map_err(client::Error::from)?;
    let mut document = BuildDocument::new(&job, &submission, &client, args);
    if args.dry_run {
        return Ok((exit::ALLOWED, document));
    }
    client.catch_interrupts()?;
    client.limit(deadline);
    let started = client.start(&job, &submission)?;
    document.started(&started);
    let mut work = Work { client: &client, job: &job, started: &started, args, place: None };
    match work.wait(deadline) {
        Ok(None) => Ok((exit::ALLOWED, work.known(document))),
        Ok(Some(Outcomes::Cancelled)) => {
            document.cancelled();
            Ok((exit::BLOCKED, document))
        }
        Ok(Some(Outcomes::Ended(build))) => {
            document.ended(&build);
            Ok((code_of(&build.ended, args.fail_on), document))
        }
        Err(error) => Err(work.given_up(error, printer)),
    }
}

fn code_of(ended: &Ended, worst: Worst) -> u8 {
    match (ended, worst) {
        (Ended::Success, _) | (Ended::Unstable, Worst::Failure) => exit::ALLOWED,
        _ => exit::BLOCKED,
    }
}

/// A start that is waited for.
struct Work<'a> {
    client: &'a Client<'a>,
    job: &'a Job,
    started: &'a Started,
    args: &'a Build,
    place: Option<BuildPlace>,
}

/// What waiting comes to.
enum Outcomes {
    Cancelled,
    Ended(client::Build),
}

impl Work<'_> {
    /// As far as it was asked for; `None` when there is nothing more to wait for.
    fn wait(&mut self, deadline: Deadline) -> Result<Option<Outcomes>, client::Error> {
        let to_the_end = self.args.wait || self.args.follow;
        if !to_the_end && self.args.queue_timeout.is_none() {
            self.place.clone_from(&self.started.build);
            return Ok(None);
        }
        let queue = deadline.earlier(Deadline::after(self.args.queue_timeout));
        let place = match self.client.wait_in_queue(self.job, self.started, queue)? {
            Queued::Began(place) => place,
            Queued::Cancelled => return Ok(Some(Outcomes::Cancelled)),
        };
        let place = self.place.insert(place);
        if !to_the_end {
            return Ok(None);
        }
        self.client.wait_for(self.job, place, self.args.follow, deadline).map(|build| Some(Outcomes::Ended(build)))
    }

    fn known(&self, mut document: BuildDocument) -> BuildDocument {
        if let Some(place) = &self.place {
            document.began(place);
        }
        document
    }

    /// The waiting ended before the build: what is ours is stopped where that is wanted.
    fn given_up(&self, error: client::Error, printer: &Printer) -> CliError {
        let ends_it = matches!(error, client::Error::Interrupted | client::Error::TooLate { .. });
        let what = match &self.place {
            Some(place) => format!("build {} of `{}` ({})", place.number, self.job.path, place.url),
            None => format!("queue item {} of `{}`", self.started.id, self.job.path),
        };
        let told = CliError::from(error);
        if !ends_it {
            return told.hint(format!("{what} was started and is not stopped"));
        }
        if self.args.keep_on_interrupt {
            return told.hint(format!("{what} goes on"));
        }
        if !self.started.origin.is_ours() {
            return told.hint(format!("{what} goes on: this command did not start it"));
        }
        self.client.limit(Deadline::after(Some(STOPPING)));
        match self.client.stop(self.job, self.started.id, self.place.as_ref()) {
            Ok(()) => told.hint(format!("{what} was stopped")),
            Err(problem) => {
                printer.error(&problem.into());
                told.hint(format!("{what} may go on"))
            }
        }
    }
}

impl From<client::Error> for CliError {
    fn from(error: client::Error) -> Self {
        let mut told = if error.is_outside() { Self::outside(error.to_string()) } else { Self::input(error.to_string()) };
        told.causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source()).map(ToString::to_string).collect();
        told.hints.extend(values::advice(&error));
        told.hints.extend(error.hint());
        told
    }
}

/// One word that a parameter keeps as it is.
fn key(text: &str) -> Result<String, &'static str> {
    let fits = !text.is_empty() && text.len() <= 200 && text.chars().all(|letter| letter.is_ascii_graphic());
    if fits { Ok(text.to_owned()) } else { Err("a key is made of up to 200 letters, digits and signs, without spaces") }
}

/// A foreign text in a line of ours.
fn shown(text: &str) -> String {
    terminal(text)
}
