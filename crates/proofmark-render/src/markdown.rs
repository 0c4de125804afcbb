//! Documents as Markdown, by a template that users may replace.
//!
//! The template is trusted and everything it prints is not: each value goes through [`crate::escape::markdown`] unless it
//! is marked with `|safe`. What a template finds is told in `templates/README.md`.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Rest, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior};
use proofmark_core::report::{ComparisonDocument, Report};
use serde::Serialize;

use crate::text::clip;
use crate::view::gate::ReportView;
use crate::view::page::{PageView, Part};
use crate::view::{ComparisonView, Room};
use crate::{Options, Page, RenderError, escape};

/// The longest address that is shown as its own text.
const LONGEST_LABEL: usize = 80;
/// Steps that a template may take, plus those for each row that it is given: a loop that never ends comes to its end.
const FUEL: u64 = 500_000;
const FUEL_PER_ROW: u64 = 5_000;

#[derive(Serialize)]
struct Context<'a> {
    proofmark: &'a str,
    comparison: &'a ComparisonView,
    report: Option<&'a ReportView>,
    page: Option<&'a PageView>,
}

/// A comparison as Markdown; `template` is the text of a template, the built-in one or the user's.
///
/// # Errors
/// When the template is wrong, asks for something that there is not, or does not end.
pub fn comparison_markdown(document: &ComparisonDocument, options: &Options, template: &str) -> Result<String, RenderError> {
    let view = ComparisonView::new(&document.comparison, options);
    let context = Context { proofmark: &document.proofmark, comparison: &view, report: None, page: None };
    render("comparison.md.jinja", template, &context)
}

/// A report as Markdown; `template` is the text of a template, the built-in one or the user's.
///
/// # Errors
/// When the template is wrong, asks for something that there is not, or does not end.
pub fn report_markdown(report: &Report, options: &Options, template: &str) -> Result<String, RenderError> {
    let view = ReportView::new(report, options);
    let page = PageView::new(report, &Page::default(), Part::All, Room::from(options).past);
    report_text(report, &view, &page, "report.md.jinja", template)
}

/// What is shown of a report, by a template of this name.
pub(crate) fn report_text(report: &Report, view: &ReportView, page: &PageView, name: &str, template: &str) -> Result<String, RenderError> {
    let context = Context { proofmark: &report.proofmark, comparison: &view.comparison, report: Some(view), page: Some(page) };
    render(name, template, &context)
}

/// An address as a link with this text, which is Markdown already, or with its own; what is no address as text.
pub(crate) fn linked(place: &str, label: Option<&str>) -> String {
    let Some(url) = escape::url(place) else { return escape::markdown(place) };
    let label = label.map_or_else(|| escape::markdown_code(&clip(place, LONGEST_LABEL)), str::to_owned);
    format!("[{label}]({url})")
}

fn render(name: &str, template: &str, context: &Context<'_>) -> Result<String, RenderError> {
    let text = environment(context)
        .and_then(|environment| environment.render_named_str(name, template, Value::from(Serde(context))))
        .map_err(|error| wrong(name, template, &error))?;
    Ok(tidy(&text))
}

/// Blocks of a template that print nothing leave empty lines behind: one is enough anywhere.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.trim().lines() {
        if !(line.trim().is_empty() && tidy.ends_with("\n\n")) {
            tidy.push_str(line.trim_end());
            tidy.push('\n');
        }
    }
    tidy
}

fn environment(context: &Context<'_>) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("markdown".into()));
    environment.set_formatter(format);
    environment.add_filter("code", |value: &Value| safe_or(value, escape::markdown_code));
    environment.add_filter("link", link);
    environment.add_filter("text", |value: &Value| safe_or(value, escape::markdown));
    let rows = context.comparison.metrics.shown + context.comparison.params.shown + context.comparison.data.rows.len();
    let findings = context
        .report
        .map_or(0, |report| report.blocking.len() + report.notices.len() + report.allowed.len() + report.passed.len() + report.notes.len());
    let evidence = context.report.map_or(0, |report| report.evidence.rows.len() + report.slices.shown() + report.waivers.shown());
    let runs = context.page.map_or(0, |page| page.past.len() + page.courses.len());
    let rows = u64::try_from(rows + findings + evidence + runs + context.comparison.problems.len()).unwrap_or(u64::MAX);
    environment.set_fuel(Some(FUEL.saturating_add(rows.saturating_mul(FUEL_PER_ROW))));
    Ok(environment)
}

/// Prints a value: nothing for null, safe text and `autoescape false` as they are, the rest escaped.
fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return minijinja::escape_formatter(out, state, value);
    }
    if value.is_none() {
        return Ok(());
    }
    let text = value.to_string();
    let raw = value.is_safe() || matches!(state.auto_escape(), AutoEscape::None);
    out.write_str(&if raw { text } else { escape::markdown(&text) }).map_err(Error::from)
}

fn safe_or(value: &Value, escape: fn(&str) -> String) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(minijinja::ErrorKind::UndefinedError));
    }
    let text = if value.is_none() { String::new() } else { escape(&value.to_string()) };
    Ok(if value.is_safe() { value.clone() } else { Value::from_safe_string(text) })
}

/// `{{ url|link("text") }}`: a link where the value is an address, else the value as text; without a text the address is shown.
// `Rest`, since an optional argument would take a misspelt name for none.
fn link(value: &Value, labels: Rest<Value>) -> Result<Value, Error> {
    let label = labels.first();
    if value.is_undefined() || label.is_some_and(Value::is_undefined) {
        return Err(Error::from(minijinja::ErrorKind::UndefinedError));
    }
    if value.is_none() {
        return Ok(Value::from_safe_string(String::new()));
    }
    let label = label.map(|label| if label.is_safe() { label.to_string() } else { escape::markdown(&label.to_string()) });
    Ok(Value::from_safe_string(linked(&value.to_string(), label.as_deref())))
}

/// What is wrong, with the line of the template that it is about.
fn wrong(name: &str, template: &str, error: &Error) -> RenderError {
    let mut message = error.kind().to_string();
    if let Some(detail) = error.detail() {
        message = format!("{message}: {detail}");
    }
    let line = error.line().and_then(|line| template.lines().nth(line.checked_sub(1)?)).map(|line| clip(line.trim(), 100));
    if let Some(line) = line.filter(|line| !line.is_empty()) {
        message = format!("{message}: {line}");
    }
    RenderError::Template { name: name.to_owned(), line: error.line(), message }
}

#[cfg(test)]
mod tests;
