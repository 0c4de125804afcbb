//! A report, a comparison, or the reason why there is none, in each of the forms that can be asked for.

use proofmark_core::report::{ComparisonDocument, Report};
use proofmark_core::run::RunContext;
use proofmark_render::forms::{self, Failure, Told};
use proofmark_render::{self as render, Options, Page};

use crate::args::{Format, Outputs};
use crate::compare::dvc_json;
use crate::exit::CliError;
use crate::output;
use crate::posting::plan::check_name;
use crate::printer::Printer;
use crate::world::World;

/// The built-in template of a report's Markdown.
pub(crate) const REPORT: &str = include_str!("../../templates/report.md.jinja");

/// The built-in template of a comparison's Markdown.
pub(crate) const COMPARISON: &str = include_str!("../../templates/comparison.md.jinja");

/// How a document is shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) outputs: &'a Outputs,
    /// What of a repository with several reports it is about.
    pub(crate) subject: Option<&'a str>,
    pub(crate) run: Option<&'a RunContext>,
    pub(crate) world: &'a World,
    pub(crate) printer: &'a Printer,
}

impl Shown<'_> {
    /// A report.
    pub(crate) fn report(&self, report: &Report, format: Format, options: &Options) -> Result<String, CliError> {
        match format {
            Format::Table => Ok(render::report_table(report, options)),
            Format::Markdown => Ok(render::report_markdown(report, options, &self.template(REPORT)?)?),
            Format::Json => Ok(render::json(report)?),
            Format::DvcJson => Ok(dvc_json(&report.comparison, false, options.all, self.printer)),
            other => self.told(Told::Judged(report), other, options),
        }
    }

    /// Why there is no report; `None` in forms that have no room for it.
    pub(crate) fn failure(&self, error: &CliError, format: Format, options: &Options) -> Result<Option<String>, CliError> {
        let failure = Failure { message: &error.message, causes: &error.causes, hints: &error.hints };
        match format {
            Format::Table | Format::Markdown | Format::Json | Format::DvcJson => Ok(None),
            other => self.told(Told::Broken(failure), other, options).map(Some),
        }
    }

    /// A comparison, which holds no checks.
    pub(crate) fn comparison(
        &self,
        document: &ComparisonDocument,
        params: bool,
        format: Format,
        options: &Options,
    ) -> Result<String, CliError> {
        Ok(match format {
            Format::Table => render::comparison_table(document, options),
            Format::Markdown => render::comparison_markdown(document, options, &self.template(COMPARISON)?)?,
            Format::Json => render::json(document)?,
            Format::DvcJson => dvc_json(&document.comparison, params, options.all, self.printer),
            Format::Html => forms::comparison_html(document, &self.page(), options)?,
            Format::Junit | Format::Sarif | Format::WarningsNg | Format::Checks => {
                return Err(CliError::input("a comparison has no checks, which this form lists").hint("`proofmark gate` has them"));
            }
        })
    }

    fn told(&self, told: Told<'_>, format: Format, options: &Options) -> Result<String, CliError> {
        let page = self.page();
        Ok(match format {
            Format::Junit => forms::junit(&told, &page)?,
            Format::Sarif => forms::sarif(&told, &page)?,
            Format::WarningsNg => forms::issues(&told, &page)?,
            Format::Checks => forms::checks(&told, &page, &stage_name(self.run, self.subject), options, &self.template(REPORT)?)?,
            Format::Html | Format::Table | Format::Markdown | Format::Json | Format::DvcJson => forms::html(&told, &page, options)?,
        })
    }

    fn page(&self) -> Page<'_> {
        Page { title: self.subject, run: self.run, whole_report: self.run.and_then(|run| run.run_url.as_deref()), ..Page::default() }
    }

    fn template(&self, built_in: &'static str) -> Result<String, CliError> {
        output::template(self.outputs, built_in, self.world)
    }
}

/// What a check or a stage of this subject is called.
pub(crate) fn stage_name(run: Option<&RunContext>, subject: Option<&str>) -> String {
    match (run, subject) {
        (Some(run), subject) => check_name(run, subject),
        (None, Some(subject)) => format!("proofmark: {subject}"),
        (None, None) => "proofmark".to_owned(),
    }
}
