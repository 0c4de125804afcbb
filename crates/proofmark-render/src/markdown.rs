//! Documents as Markdown, by a template that users may replace.
//!
//! The template is trusted and everything it prints is not: each value goes through [`crate::escape::markdown`] unless it
//! is marked with `|safe`. What a template finds is told in `templates/README.md`.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior};
use proofmark_core::report::{ComparisonDocument, Report};
use serde::Serialize;

use crate::text::clip;
use crate::view::ComparisonView;
use crate::view::gate::ReportView;
use crate::{Options, RenderError, escape};

/// Steps that a template may take, plus those for each row that it is given: a loop that never ends comes to its end.
const FUEL: u64 = 500_000;
const FUEL_PER_ROW: u64 = 5_000;

#[derive(Serialize)]
struct Context<'a> {
    proofmark: &'a str,
    comparison: &'a ComparisonView,
    report: Option<&'a ReportView>,
}

/// A comparison as Markdown; `template` is the text of a template, the built-in one or the user's.
///
/// # Errors
/// When the template is wrong, asks for something that there is not, or does not end.
pub fn comparison_markdown(document: &ComparisonDocument, options: &Options, template: &str) -> Result<String, RenderError> {
    let view = ComparisonView::new(&document.comparison, options);
    let context = Context { proofmark: &document.proofmark, comparison: &view, report: None };
    render("comparison.md.jinja", template, &context)
}

/// A report as Markdown; `template` is the text of a template, the built-in one or the user's.
///
/// # Errors
/// When the template is wrong, asks for something that there is not, or does not end.
pub fn report_markdown(report: &Report, options: &Options, template: &str) -> Result<String, RenderError> {
    let view = ReportView::new(report, options);
    let context = Context { proofmark: &report.proofmark, comparison: &view.comparison, report: Some(&view) };
    render("report.md.jinja", template, &context)
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
    environment.add_filter("text", |value: &Value| safe_or(value, escape::markdown));
    let rows = context.comparison.metrics.shown + context.comparison.params.shown + context.comparison.data.rows.len();
    let findings = context.report.map_or(0, |report| report.blocking.len() + report.notices.len() + report.passed.len());
    let rows = u64::try_from(rows + findings + context.comparison.problems.len()).unwrap_or(u64::MAX);
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
