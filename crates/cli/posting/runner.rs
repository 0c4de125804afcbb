//! What a step leaves with the runner: the job summary, outputs for later steps, annotations in the log.

use std::path::{Path, PathBuf};

use proofmark_core::annotation::Annotation;
use proofmark_core::compare::Status;
use proofmark_core::config::{Effect, Severity};
use proofmark_core::gate::Verdict;
use proofmark_github::actions::commands::{self, Level, Remark};
use proofmark_github::actions::files;

use super::compose::{Content, Look};
use super::send::Links;
use crate::exit::CliError;
use crate::printer::Printer;
use crate::world::World;

/// Bytes of one output at most: a headline or a path is far shorter.
const LONGEST_OUTPUT: usize = 10_000;

/// Adds the report to the job's summary page.
pub(crate) fn summary(content: Content<'_>, look: &Look<'_>, world: &World) -> Result<(), CliError> {
    let Some(path) = world.var("GITHUB_STEP_SUMMARY") else { return Ok(()) };
    let path = world.folder.join(path);
    let room = files::summary_room(&path).map_err(unwritable)?;
    // One line for the runner's own count, should another step of this job write at the same time.
    let text = content.markdown(look, &[], room.saturating_sub(100))?;
    files::append_summary(&path, &(text + "\n")).map(drop).map_err(unwritable)
}

/// Adds a text to the job's summary page, as far as there is room.
pub(crate) fn add_to_summary(text: &str, world: &World) -> Result<(), CliError> {
    let Some(path) = world.var("GITHUB_STEP_SUMMARY") else { return Ok(()) };
    files::append_summary(&world.folder.join(path), text).map(drop).map_err(unwritable)
}

/// Writes remarks at lines of files into the log, the most important first and as many as the runner shows.
pub(crate) fn annotations(annotations: &[Annotation], printer: &Printer) -> Result<(), CliError> {
    let remarks: Vec<Remark<'_>> = annotations.iter().map(remark).collect();
    let lines: String = commands::within_limits(&remarks).into_iter().map(|line| line + "\n").collect();
    printer.data(lines.as_bytes())
}

fn remark(annotation: &Annotation) -> Remark<'_> {
    let level = match annotation.effect {
        Effect::Block => Level::Error,
        Effect::Notice => Level::Warning,
        Effect::Allow => Level::Notice,
    };
    Remark::new(level, annotation.message.as_str()).title(&annotation.title).at(annotation.file.as_str(), annotation.line)
}

/// The step's outputs.
pub(crate) fn outputs(content: Content<'_>, links: &Links, written: &Written, world: &World) -> Result<(), CliError> {
    leave(&values(content, links, written), world)
}

/// Leaves values for later steps, by name.
pub(crate) fn leave(values: &[(&'static str, String)], world: &World) -> Result<(), CliError> {
    let Some(path) = world.var("GITHUB_OUTPUT") else { return Ok(()) };
    let mut random = || world.random();
    let mut outputs = files::Outputs::new(&mut random);
    for (name, value) in values {
        outputs.add(name, value, LONGEST_OUTPUT).map_err(unwritable)?;
    }
    files::append("GITHUB_OUTPUT", &world.folder.join(path), outputs.as_str()).map_err(unwritable)
}

/// Report files that this run wrote.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    pub(crate) json: Option<PathBuf>,
    pub(crate) markdown: Option<PathBuf>,
}

/// What later steps may want to know, by name.
pub(crate) fn values(content: Content<'_>, links: &Links, written: &Written) -> Vec<(&'static str, String)> {
    let effect = content.effect();
    let mut values =
        vec![("effect", effect.name().to_owned()), ("blocked", (effect == Effect::Block).to_string()), ("headline", content.headline())];
    match content {
        Content::Judged { report, .. } => {
            let with = |status: Status| report.comparison.metrics.iter().filter(|row| row.status == status).count();
            let changed = report.comparison.metrics.iter().filter(|row| !row.status.is_unchanged()).count();
            let counted = || report.judgement.findings.iter().filter(|finding| finding.severity != Severity::Info);
            values.extend([
                ("verdict", report.judgement.verdict.name().to_owned()),
                ("regressed", with(Status::Regressed).to_string()),
                ("improved", with(Status::Improved).to_string()),
                ("changed", changed.to_string()),
                ("checks", counted().count().to_string()),
                ("failed", counted().filter(|finding| finding.verdict == Verdict::Fail).count().to_string()),
            ]);
        }
        Content::Broken(_) => values.push(("verdict", "inconclusive".to_owned())),
    }
    let path = |path: &Option<PathBuf>| path.as_deref().map(Path::display).map(|path| path.to_string());
    let more = [
        ("report-json", path(&written.json)),
        ("report-markdown", path(&written.markdown)),
        ("comment-url", links.comment.clone()),
        ("check-url", links.check.clone()),
    ];
    values.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?))));
    values
}

fn unwritable(error: files::FileError) -> CliError {
    CliError::input("cannot leave the results with the runner").because(&error)
}
