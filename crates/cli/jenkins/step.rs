//! `proofmark jenkins step`: what a step of a pipeline asks for, done, and told in files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use proofmark_core::compare::Status;
use proofmark_core::config::Effect;
use proofmark_core::gate::Verdict;
use proofmark_core::jenkins::Outcome;
use proofmark_core::report::{ComparisonDocument, Report};
use proofmark_core::run::RunContext;
use schemars::JsonSchema;
use serde::Serialize;

use super::outcome;
use super::request::{Request, Words};
use super::steps;
use crate::args::{Format, Outputs};
use crate::cli::{Cli, Command};
use crate::exit::{CliError, unwritable};
use crate::forms::{Shown, stage_name};
use crate::gate::Done;
use crate::host::Host;
use crate::output::write_file;
use crate::posting::{Content, Written, values};
use crate::printer::Printer;
use crate::world::World;
use crate::{compare, gate, report};

/// Do what a step of a pipeline asks for in a file, and leave the result and all forms of the report in a folder
#[derive(Debug, Args)]
pub(crate) struct Step {
    /// The request, as `proofmark schema jenkins-request` describes it
    request: PathBuf,
}

/// The file that tells how it ended.
const RESULT: &str = "result.json";

/// A form in which steps leave what came out.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    pub(crate) about: &'static str,
    steps: &'static [&'static str],
    format: Option<Format>,
}

const JUDGED: &[&str] = &["gate", "report"];

/// All of them.
pub(crate) const FORMS: [Form; 11] = [
    form("json", "report.json", "The report", JUDGED, Some(Format::Json)),
    form("markdown", "report.md", "The report as it is posted", JUDGED, Some(Format::Markdown)),
    form("html", "report.html", "The report as a page that needs no script and no style", JUDGED, Some(Format::Html)),
    form("junit", "junit.xml", "JUnit XML: a case for each check", JUDGED, Some(Format::Junit)),
    form("sarif", "report.sarif", "SARIF 2.1.0", JUDGED, Some(Format::Sarif)),
    form("issues", "issues.json", "Issues for the plugin warnings-ng", JUDGED, Some(Format::WarningsNg)),
    form("checks", "checks.json", "The arguments of publishChecks", JUDGED, Some(Format::Checks)),
    form("json", "comparison.json", "The comparison", &["compare"], Some(Format::Json)),
    form("markdown", "comparison.md", "The comparison as Markdown", &["compare"], Some(Format::Markdown)),
    form("html", "comparison.html", "The comparison as a page", &["compare"], Some(Format::Html)),
    form("json", "build.json", "The build that was started", &["trigger"], None),
];

const fn form(name: &'static str, file: &'static str, about: &'static str, steps: &'static [&'static str], format: Option<Format>) -> Form {
    Form { name, file, about, steps, format }
}

/// How a step ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StepResult {
    /// The version of this document's form.
    schema: u32,
    /// Always `jenkins-step`.
    kind: Cow<'static, str>,
    /// The version of proofmark.
    proofmark: String,
    /// The step.
    step: String,
    /// The `id` of the request.
    request: Option<String>,
    /// What the process ends with. A step that finds another status has found the file of another run.
    exit_code: u8,
    /// What the policy does with the change, where something judged it.
    effect: Option<Effect>,
    /// What was learned.
    verdict: Option<Verdict>,
    /// What the step does.
    jenkins: Outcome,
    /// What of a repository with several reports it is about.
    subject: Option<String>,
    /// A name for published reports that no other subject has: small letters, digits and hyphens.
    id: String,
    /// Whether a check stands at GitHub already.
    posted: bool,
    /// The files that were written, by form, as paths below the folder.
    files: BTreeMap<String, String>,
    /// What later steps may want to know.
    outputs: BTreeMap<String, String>,
    /// Why nothing came out.
    errors: Vec<ErrorTold>,
    /// The build that was started.
    build: Option<serde_json::Value>,
}

/// An error.
#[derive(Debug, Serialize, JsonSchema)]
struct ErrorTold {
    /// What went wrong.
    message: String,
    /// What lies beneath it.
    causes: Vec<String>,
    /// What to do about it.
    hints: Vec<String>,
}

pub(crate) fn run(args: &Step, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let request = Request::read(&args.request, world)?;
    let folder = request.folder(world)?;
    clear(&folder)?;
    let work = Work { request: &request, folder: &folder, world, printer, run: context(world) };
    let ended = work.carry_out();
    let code = ended.code;
    let path = folder.join(RESULT);
    let text = proofmark_render::json(&work.result(ended))?;
    write_file(&path, text.as_bytes()).map_err(|error| unwritable(&path, &error))?;
    Ok(code)
}

/// What an earlier run left must not pass for what this one found.
fn clear(folder: &Path) -> Result<(), CliError> {
    for file in [RESULT].into_iter().chain(FORMS.iter().map(|form| form.file)) {
        let path = folder.join(file);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unwritable(&path, &error)),
            _ => {}
        }
    }
    Ok(())
}

/// The build that runs us, as far as it can be read; the command itself says why it cannot.
fn context(world: &World) -> Option<RunContext> {
    Host::detect(world).ok().flatten().map(|host| host.run)
}

/// One request at work.
struct Work<'a> {
    request: &'a Request,
    folder: &'a Path,
    world: &'a World,
    printer: &'a Printer,
    run: Option<RunContext>,
}

/// How it ended.
struct Ended {
    code: u8,
    outcome: Outcome,
    report: Option<Report>,
    posted: bool,
    outputs: BTreeMap<String, String>,
    error: Option<CliError>,
    build: Option<serde_json::Value>,
}

impl Work<'_> {
    fn carry_out(&self) -> Ended {
        self.started().unwrap_or_else(|error| self.broken(error, None))
    }

    fn started(&self) -> Result<Ended, CliError> {
        let step = self.request.step()?;
        let words = self.request.words(step)?;
        let world = self.world.clone().with(outcome::IN_STEP, "true");
        let world = words.directory.as_ref().map_or_else(|| world.clone(), |folder| world.inside(Path::new(folder)));
        match Cli::of_words(self.line(step, words)?, "a parameter of the step")?.command {
            Command::Gate(args) => Ok(self.judged(gate::carry_out(&args, &world, self.printer), &args.outputs)),
            Command::Report(args) => Ok(self.judged(report::carry_out(&args, &world, self.printer), &args.outputs)),
            Command::Compare(args) => {
                let (code, document) = compare::carry_out(&args, &world, self.printer)?;
                let told = counted(&document);
                Ok(self.ended(code, outcome::of_code(code, &self.stage(), &told)))
            }
            Command::Jenkins(args) => self.triggered(&args, &world),
            _ => Err(CliError::input(format!("the step `{}` has no command", step.name))),
        }
    }

    /// The command line, with a file for every form.
    fn line(&self, step: &steps::Step, words: Words) -> Result<Vec<String>, CliError> {
        let mut line = vec!["proofmark".to_owned()];
        line.extend(step.command.iter().map(|part| (*part).to_owned()));
        line.extend(words.options);
        for form in FORMS.iter().filter(|form| form.steps.contains(&step.name)) {
            let Some(format) = form.format.and_then(|format| clap::ValueEnum::to_possible_value(&format)) else { continue };
            let path = self.folder.join(form.file);
            let path = path.to_str().ok_or_else(|| CliError::input("the path of the workspace is no UTF-8"))?;
            line.push(format!("--output={}={path}", format.get_name()));
        }
        line.push("--".to_owned());
        line.extend(words.places);
        Ok(line)
    }

    fn judged(&self, done: Done, outputs: &Outputs) -> Ended {
        let Done { report, links, outcome } = done;
        let stage = self.stage();
        let posted = links.check.is_some();
        let mut ended = match (outcome, report) {
            (Ok(code), Some(report)) => {
                let mut ended = self.ended(code, outcome::of_report_and_code(&report, code, &stage));
                let holds = |_: &str| true;
                let content = Content::Judged { report: &report, holds: &holds };
                let told = values(content, &links, &Written::default());
                ended.outputs = told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                ended.report = Some(report);
                ended
            }
            (Ok(code), None) => self.ended(code, outcome::of_code(code, &stage, "started")),
            (Err(error), report) => {
                let mut ended = self.broken(error, Some(outputs).filter(|_| report.is_none()));
                ended.report = report;
                ended
            }
        };
        ended.posted = posted;
        ended
    }

    fn triggered(&self, args: &super::Jenkins, world: &World) -> Result<Ended, CliError> {
        let super::Command::Build(args) = &args.command else { return Err(CliError::input("this is no start of a job")) };
        let (code, outcome, build) = super::build::as_step(args, &self.stage(), world, self.printer)?;
        let path = self.folder.join("build.json");
        write_file(&path, proofmark_render::json(&build)?.as_bytes()).map_err(|error| unwritable(&path, &error))?;
        Ok(Ended { build: Some(build), ..self.ended(code, outcome) })
    }

    /// Why nothing came out, said, and left in every form that has room for it.
    fn broken(&self, error: CliError, outputs: Option<&Outputs>) -> Ended {
        self.printer.error(&error);
        let (given, code) = (Outputs::default(), error.code);
        let outputs = outputs.unwrap_or(&given);
        let subject = self.subject();
        let shown = Shown { outputs, subject, run: self.run.as_ref(), world: self.world, printer: self.printer };
        let has_files = FORMS.iter().any(|form| self.folder.join(form.file).exists());
        for form in FORMS.iter().filter(|form| !has_files && form.steps.contains(&self.request.step.as_str())) {
            let Some(format) = form.format else { continue };
            let path = self.folder.join(form.file);
            let written = shown.failure(&error, format, &outputs.options()).and_then(|text| match text {
                Some(text) => write_file(&path, text.as_bytes()).map_err(|error| unwritable(&path, &error)),
                None => Ok(()),
            });
            if let Err(more) = written {
                self.printer.error(&more);
            }
        }
        let outcome = outcome::of_error(&error, &self.stage());
        Ended { error: Some(error), ..self.ended(code, outcome) }
    }

    fn ended(&self, code: u8, outcome: Outcome) -> Ended {
        Ended { code, outcome, report: None, posted: false, outputs: BTreeMap::new(), error: None, build: None }
    }

    fn subject(&self) -> Option<&str> {
        self.request.text("subject")
    }

    fn stage(&self) -> String {
        stage_name(self.run.as_ref(), self.subject())
    }

    fn result(&self, ended: Ended) -> StepResult {
        let there = FORMS.iter().filter(|form| form.steps.contains(&self.request.step.as_str()) && self.folder.join(form.file).exists());
        let told = |error: CliError| ErrorTold { message: error.message, causes: error.causes, hints: error.hints };
        let judgement = ended.report.as_ref().map(|report| &report.judgement);
        StepResult {
            schema: 1,
            kind: "jenkins-step".into(),
            proofmark: env!("CARGO_PKG_VERSION").to_owned(),
            step: self.request.step.clone(),
            request: self.request.id.clone(),
            exit_code: ended.code,
            effect: judgement.map(|judgement| judgement.effect),
            verdict: judgement.map(|judgement| judgement.verdict),
            jenkins: ended.outcome,
            subject: self.subject().map(str::to_owned),
            id: id(self.subject().unwrap_or(&self.request.folder)),
            posted: ended.posted,
            files: there.map(|form| (form.name.to_owned(), form.file.to_owned())).collect(),
            outputs: ended.outputs,
            errors: ended.error.map(told).into_iter().collect(),
            build: ended.build,
        }
    }
}

/// What a comparison found, in a line.
fn counted(document: &ComparisonDocument) -> String {
    let rows = &document.comparison.metrics;
    let with = |status: Status| rows.iter().filter(|row| row.status == status).count();
    format!("{} regressed, {} improved, of {} metrics", with(Status::Regressed), with(Status::Improved), rows.len())
}

/// A name that is one in addresses and file systems, and that no other text has.
fn id(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.trim_start_matches("proofmark").chars() {
        if letter.is_ascii_alphanumeric() {
            plain.push(letter.to_ascii_lowercase());
        } else if !plain.ends_with('-') {
            plain.push('-');
        }
    }
    let plain = plain.trim_matches('-');
    let short: String = plain.chars().take(40).collect();
    let is_whole = text == plain || text.strip_prefix("proofmark/") == Some(plain);
    if is_whole && short == plain {
        format!("proofmark-{plain}")
    } else {
        // What was lost tells two texts apart.
        format!("proofmark-{}{}{:08x}", short, if short.is_empty() { "" } else { "-" }, crate::posting::fnv(text.as_bytes()) & 0xffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn ids_are_plain_and_tell_subjects_apart() {
        assert_eq!(id("churn"), "proofmark-churn");
        assert_eq!(id("proofmark/gate"), "proofmark-gate");
        let some = ["churn model", "churn-model", "Churn-model", "churn/model", "日本", "", "-"];
        let ids: std::collections::BTreeSet<String> = some.iter().map(|text| id(text)).collect();
        assert_eq!(ids.len(), some.len(), "{ids:?}");
        assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')), "{ids:?}");
    }
}
