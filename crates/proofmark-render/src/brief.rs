//! A report in the few words that a check or a commit's status has room for.

use proofmark_core::config::Effect;
use proofmark_core::number::shown_pair;
use proofmark_core::report::Report;

use crate::escape::terminal;
use crate::fit::{Form, summary_within};
use crate::names::check_name;
use crate::page::Page;
use crate::text::{clip, cut};
use crate::view::gate::headline as outcome;
use crate::view::page::title_and_headline;
use crate::{Options, RenderError};

const LONGEST_TITLE: usize = 120;
const LONGEST_STATUS: usize = 140;
/// GitHub refuses a check run whose summary or text has more bytes.
const MOST_BYTES: usize = 65_535;

/// The texts of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckText {
    /// What came out, in at most 120 characters of plain text.
    pub title: String,
    /// Markdown of what came out and why, in at most 65,535 bytes.
    pub summary: String,
    /// Markdown of everything else, in at most 65,535 bytes; may be empty.
    pub text: String,
}

impl CheckText {
    /// Texts that somebody else made, within the same limits.
    pub fn new(title: &str, summary: String, text: String) -> Self {
        Self { title: cut(&terminal(title), LONGEST_TITLE), summary, text }
    }
}

/// What came out, in one line of plain text: `BLOCKED: 1 of 12 checks failed`.
pub fn headline(report: &Report) -> String {
    terminal(&outcome(&report.judgement))
}

/// A report as the texts of a check. The summary is ours; `template` makes the text, as [`crate::report_within`] does, with
/// `page.part` set to `details`.
///
/// # Errors
/// When the template is wrong, asks for something that there is not, or does not end.
pub fn check_text(report: &Report, page: &Page<'_>, options: &Options, template: &str) -> Result<CheckText, RenderError> {
    let details = Form::details(report, page, template).within(options, MOST_BYTES)?;
    Ok(CheckText {
        title: cut(&terminal(&title_and_headline(report, page)), LONGEST_TITLE),
        summary: summary_within(report, options, page, MOST_BYTES)?.text,
        text: details.map(|fitted| fitted.text).unwrap_or_default(),
    })
}

/// A report in one line of at most 140 characters: what came out and, where there is room, the worst that blocks.
pub fn status_line(report: &Report) -> String {
    let headline = outcome(&report.judgement);
    let blocking = report.judgement.findings.iter().filter(|finding| finding.effect == Effect::Block);
    let worst = blocking.min_by_key(|finding| finding.verdict).and_then(|finding| {
        let (base, head) = shown_pair(finding.baseline.as_ref()?, finding.candidate.as_ref()?);
        Some(format!("{headline} ({} {} → {})", clip(&check_name(finding), 60), clip(&base, 20), clip(&head, 20)))
    });
    let longer = worst.map(|worst| terminal(&worst)).filter(|worst| worst.encode_utf16().count() <= LONGEST_STATUS);
    longer.unwrap_or_else(|| cut(&terminal(&headline), LONGEST_STATUS))
}

#[cfg(test)]
mod tests;
