use proofmark_core::report::{ComparisonDocument, Report};
use crate::{Options, RenderError};
/// A comparison as Markdown.
///
/// # Errors
/// When the template is wrong.
pub fn comparison_markdown(_document: &ComparisonDocument, _options: &Options, _template: &str) -> Result<String, RenderError> { Ok(String::new()) }
/// A report as Markdown.
///
/// # Errors
/// When the template is wrong.
pub fn report_markdown(_report: &Report, _options: &Options, _template: &str) -> Result<String, RenderError> { Ok(String::new()) }
