//! A page of HTML that needs no script and no style.
//!
//! Jenkins serves published pages with `Content-Security-Policy: sandbox allow-same-origin; default-src 'none'; img-src 'self';
//! style-src 'self'`, under which nothing inline has a style, and no link opens a window. So the page is readable by its elements
//! alone: borders and colours of tables are attributes (obsolete in HTML, and what every browser shows), what is folded is a
//! `<details>`, and long names hold places where they may break. A browser without that policy takes the style sheet of the page,
//! which adds dark colours, tables that scroll by themselves, and a form for print.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior};
use proofmark_core::config::Severity;
use proofmark_core::gate::Verdict;
use proofmark_core::report::{ComparisonDocument, Report};
use serde::Serialize;

use super::{Failure, Told, plain, plain_name};
use crate::escape::url;
use crate::view::ComparisonView;
use crate::view::Room;
use crate::view::gate::ReportView;
use crate::view::page::{PageView, Part};
use crate::{Options, Page, RenderError};

mod text;

pub(super) use self::text::escaped;

/// A page has room for so many rows of each kind, and for more where more are asked for.
const ROWS: usize = 2000;
/// Sentences about runs of a tracking server.
const MOST_TRACKED: usize = 100;

/// What several pages have in common, before the page itself.
macro_rules! template {
    ($page:literal) => {
        concat!(include_str!("html/parts.html.jinja"), include_str!($page))
    };
}

/// A report, or why there is none, as a page of its own.
///
/// Everything is on it, what did not change too; `options` may only ask for more rows.
///
/// # Errors
/// When the document cannot be written, which is a bug.
pub fn html(told: &Told<'_>, page: &Page<'_>, options: &Options) -> Result<String, RenderError> {
    match told {
        Told::Judged(report) => judged(report, page, options),
        Told::Broken(failure) => broken(failure, page),
    }
}

/// A comparison as a page of its own, with what did not change.
///
/// # Errors
/// When the document cannot be written, which is a bug.
pub fn comparison_html(document: &ComparisonDocument, page: &Page<'_>, options: &Options) -> Result<String, RenderError> {
    #[derive(Serialize)]
    struct Context<'a> {
        proofmark: &'a str,
        title: Option<String>,
        comparison: ComparisonView,
        tracked: Vec<String>,
    }
    let context = Context {
        proofmark: &document.proofmark,
        title: page.title.map(plain_name),
        comparison: ComparisonView::within(&document.comparison, &room(options)),
        tracked: tracked(&document.comparison),
    };
    render("comparison.html.jinja", template!("html/comparison.html.jinja"), &context)
}

fn judged(report: &Report, page: &Page<'_>, options: &Options) -> Result<String, RenderError> {
    #[derive(Serialize)]
    struct Context<'a> {
        proofmark: &'a str,
        report: &'a ReportView,
        comparison: &'a ComparisonView,
        page: &'a PageView,
        counted: usize,
        passed: usize,
        tracked: Vec<String>,
        environment: Vec<(&'static str, String)>,
    }
    let room = room(options);
    let view = ReportView::within(report, &room);
    // As the headline counts them.
    let counted = || report.judgement.findings.iter().filter(|finding| finding.severity != Severity::Info);
    let context = Context {
        proofmark: &report.proofmark,
        comparison: &view.comparison,
        report: &view,
        page: &PageView::new(report, page, Part::All, room.past),
        counted: counted().count(),
        passed: counted().filter(|finding| finding.verdict == Verdict::Pass).count(),
        tracked: tracked(&report.comparison),
        environment: environment(report, page),
    };
    render("report.html.jinja", template!("html/report.html.jinja"), &context)
}

fn broken(failure: &Failure<'_>, page: &Page<'_>) -> Result<String, RenderError> {
    #[derive(Serialize)]
    struct Context {
        title: Option<String>,
        message: String,
        causes: Vec<String>,
        hints: Vec<String>,
        run_url: Option<String>,
    }
    let plain_all = |lines: &[String]| lines.iter().take(super::MOST_LINES).map(|line| plain(line)).collect();
    let context = Context {
        title: page.title.map(plain_name),
        message: plain(failure.message),
        causes: plain_all(failure.causes),
        hints: plain_all(failure.hints),
        run_url: page.run.and_then(|run| run.run_url.clone()),
    };
    render("broken.html.jinja", template!("html/broken.html.jinja"), &context)
}

fn room(options: &Options) -> Room {
    Room { all: true, ..Room::from(&Options { max_rows: options.max_rows.max(ROWS), ..options.clone() }) }
}

fn tracked(comparison: &proofmark_core::compare::Comparison) -> Vec<String> {
    comparison.tracked.iter().flat_map(proofmark_core::tracked::Tracked::told).take(MOST_TRACKED).map(|line| plain(&line)).collect()
}

/// Who ran this, as far as it is known.
fn environment(report: &Report, page: &Page<'_>) -> Vec<(&'static str, String)> {
    let Some(run) = page.run_of(report) else { return Vec::new() };
    let pull_request = run.pull_request.as_ref().map(|pull_request| format!("#{}", pull_request.number));
    let lines = [
        ("Repository", run.repository.clone()),
        ("Event", Some(run.event.clone()).filter(|event| !event.is_empty())),
        ("Pull request", pull_request),
        ("Branch", run.head.branch.clone()),
        ("Commit", run.head.commit.clone()),
        ("Checked out", run.merged.clone()),
        ("Goes into", run.base.branch.clone()),
        ("Workflow", run.workflow.clone()),
        ("Job", run.job.clone()),
        ("Leg", run.leg.clone()),
        ("Started by", run.actor.clone()),
    ];
    lines.into_iter().filter_map(|(name, value)| Some((name, plain_name(&value?)))).collect()
}

fn render<C: Serialize>(name: &str, template: &str, context: &C) -> Result<String, RenderError> {
    let page = environment_of_templates().and_then(|environment| environment.render_named_str(name, template, Value::from(Serde(context))));
    let page = page.map_err(|error| RenderError::Template { name: name.to_owned(), line: error.line(), message: error.to_string() })?;
    // Blocks that print nothing leave empty lines behind.
    Ok(page.lines().map(str::trim_end).filter(|line| !line.is_empty()).fold(String::with_capacity(page.len()), |mut page, line| {
        page.push_str(line);
        page.push('\n');
        page
    }))
}

fn environment_of_templates() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("html".into()));
    environment.set_formatter(format);
    environment.add_filter("plain", |value: &Value| filtered(value, |text| escaped(&plain(text))));
    environment.add_filter("prose", |value: &Value| filtered(value, text::prose));
    environment.add_filter("lines", |value: &Value| filtered(value, text::lines));
    environment.add_filter("address", |value: &Value| filtered(value, address));
    Ok(environment)
}

/// Prints a value: nothing for null, what a macro or a filter made as it is, all else as text.
fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return minijinja::escape_formatter(out, state, value);
    }
    if value.is_none() {
        return Ok(());
    }
    let text = value.to_string();
    out.write_str(&if value.is_safe() { text } else { text::shown(&text) }).map_err(Error::from)
}

fn filtered(value: &Value, filter: fn(&str) -> String) -> Value {
    Value::from_safe_string(if value.is_none() || value.is_undefined() { String::new() } else { filter(&value.to_string()) })
}

/// An address as a link that shows itself, since a page in a sandbox may not be able to open it; all else as text.
fn address(place: &str) -> String {
    url(place).map_or_else(|| text::shown(place), |url| format!("<a href=\"{}\">{}</a>", escaped(&url), text::shown(&url)))
}

#[cfg(test)]
mod tests;
