//! What a text that is posted knows beyond its report.

use proofmark_core::past::PastRun;
use proofmark_core::report::Report;
use proofmark_core::run::RunContext;

/// Where a report is shown, and what is known there. Nothing of it is trusted.
///
/// An empty page of a report without a run changes nothing about the text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Page<'a> {
    /// What of a repository with several reports this one is about: `churn model`.
    pub title: Option<&'a str>,
    /// Earlier runs for the same change, in any order.
    pub past: &'a [PastRun],
    /// The run; without one, [`Report::run`].
    pub run: Option<&'a RunContext>,
    /// Where the whole report is, should there be room for a part only: an address, or words.
    pub whole_report: Option<&'a str>,
}

impl<'a> Page<'a> {
    /// The run that the page is about.
    pub(crate) fn run_of(&self, report: &'a Report) -> Option<&'a RunContext> {
        self.run.or(report.run.as_ref())
    }

    /// Whether nothing is known that the report does not tell.
    pub(crate) fn is_empty(&self, report: &Report) -> bool {
        self.title.is_none() && self.past.is_empty() && self.run.is_none() && report.run.is_none() && self.whole_report.is_none()
    }
}
