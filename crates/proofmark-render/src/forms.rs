//! The forms that CI systems read: JUnit XML, SARIF, issues of Jenkins' warnings plugin, a check, and a page of HTML.
//!
//! Each of them also has a form for "nothing was judged", since an old result that still stands would pass for a new one.

mod checks;
mod html;
mod issues;
mod junit;
mod sarif;

use proofmark_core::report::Report;

pub use checks::checks;
pub use html::{comparison_html, html};
pub use issues::issues;
pub use junit::junit;
pub use sarif::sarif;

/// Why there is no report. The texts are plain.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// What went wrong.
    pub message: &'a str,
    /// What lies beneath it.
    pub causes: &'a [String],
    /// What to do about it.
    pub hints: &'a [String],
}

/// What is told.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// A report.
    Judged(&'a Report),
    /// Nothing was judged.
    Broken(Failure<'a>),
}
