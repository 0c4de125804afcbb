//! Turns proofmark's documents into tables, Markdown, JSON and CSV: pure functions from a document to text.
//!
//! It must never know files, tokens, terminals or where the text goes: width, colour and templates are arguments.
//! Everything in a document that came from a repository is hostile here and escaped for its target (see [`escape`]).

pub mod escape;
pub mod forms;
pub mod history;

mod annotations;
mod brief;
mod chart;
mod dvc;
mod explain;
mod fit;
mod grid;
mod json;
mod key_values;
mod markdown;
mod names;
mod numbers;
mod page;
mod procedure;
mod table;
#[cfg(test)]
mod testing;
mod text;
mod view;

pub use annotations::annotations;
pub use brief::{CheckText, check_text, headline, status_line};
pub use dvc::{DvcPart, dvc_json};
pub use explain::{explain_check, explainable};
pub use fit::{Fitted, report_within};
pub use json::json;
pub use key_values::key_values;
pub use markdown::{comparison_markdown, report_markdown};
pub use names::{check_name, is_named};
pub use page::Page;
pub use table::{comparison_table, report_table};

/// How a document is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Columns that are there; `None` is as many as it takes. Numbers are never cut, so a very narrow table may be wider.
    pub width: Option<usize>,
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// Whether unchanged metrics and passed checks are listed too.
    pub all: bool,
    /// The most rows of one table; how many were left out is said.
    pub max_rows: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: None, colour: false, all: false, max_rows: 200 }
    }
}

/// Why a document cannot be rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The template is not valid, or asks for something that the document does not have.
    #[error("the template `{name}` is wrong{}: {message}", line.map_or_else(String::new, |line| format!(" in line {line}")))]
    Template {
        /// The template's name.
        name: String,
        /// The line, counted from 1.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// The document has no JSON form, which is a bug.
    #[error("the document cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}
