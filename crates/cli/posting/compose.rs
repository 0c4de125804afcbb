//! A report, or the reason why there is none, as the texts that are posted.

use proofmark_core::annotation::Annotation;
use proofmark_core::config::Effect;
use proofmark_core::past::PastRun;
use proofmark_core::report::Report;
use proofmark_render::escape::{markdown, terminal};
use proofmark_render::{self as render, CheckText, Options, Page, RenderError};

use crate::exit::CliError;

/// Bytes of a job summary of a failure, or of its comment; such texts are short.
const LONGEST_FAILURE: usize = 8000;

/// What is posted.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    /// A report, and whether it is about a commit.
    Judged { report: &'a Report, holds: &'a dyn Fn(&str) -> bool },
    /// Nothing was judged, which must not look like an old report that still holds.
    Broken(&'a CliError),
}

/// How it is shown.
pub(crate) struct Look<'a> {
    pub(crate) options: &'a Options,
    pub(crate) template: &'a str,
    pub(crate) page: Page<'a>,
}

impl Content<'_> {
    pub(crate) fn effect(self) -> Effect {
        match self {
            Self::Judged { report, .. } => report.judgement.effect,
            Self::Broken(_) => Effect::Block,
        }
    }

    /// What came out in one line of plain text.
    pub(crate) fn headline(self) -> String {
        match self {
            Self::Judged { report, .. } => render::headline(report),
            Self::Broken(error) => terminal(&format!("nothing was judged: {}", error.message)),
        }
    }

    /// The same for a commit status.
    pub(crate) fn status_line(self) -> String {
        match self {
            Self::Judged { report, .. } => render::status_line(report),
            Self::Broken(_) => "nothing was judged; the run tells why".to_owned(),
        }
    }

    /// The Markdown of a comment's part or a job summary, in so many bytes.
    pub(crate) fn markdown(self, look: &Look<'_>, past: &[PastRun], limit: usize) -> Result<String, RenderError> {
        match self {
            Self::Judged { report, .. } => {
                let page = Page { past, ..look.page };
                Ok(render::report_within(report, look.options, look.template, &page, limit)?.text)
            }
            Self::Broken(error) => Ok(broken(error, look, limit)),
        }
    }

    pub(crate) fn check(self, look: &Look<'_>) -> Result<CheckText, RenderError> {
        match self {
            Self::Judged { report, .. } => render::check_text(report, &look.page, look.options, look.template),
            Self::Broken(error) => Ok(CheckText::new("Nothing was judged", broken(error, look, LONGEST_FAILURE), String::new())),
        }
    }

    pub(crate) fn annotations(self) -> Vec<Annotation> {
        match self {
            Self::Judged { report, .. } => render::annotations(report),
            Self::Broken(_) => Vec::new(),
        }
    }

    /// The values that the next reports remember.
    pub(crate) fn values(self) -> Vec<(String, f64)> {
        match self {
            Self::Judged { report, .. } => render::key_values(report),
            Self::Broken(_) => Vec::new(),
        }
    }

    /// Equal for contents that tell the same of the same values, whatever the commits are called.
    pub(crate) fn digest(self) -> String {
        let told = match self {
            Self::Judged { report, .. } => {
                serde_json::to_string(&(&report.judgement, &report.comparison.metrics, &report.comparison.params, &report.notes))
            }
            Self::Broken(error) => serde_json::to_string(&error.message),
        };
        format!("{:016x}", fnv(told.unwrap_or_default().as_bytes()))
    }

    /// Whether there is nothing to look at: all is allowed and no metric changed.
    pub(crate) fn is_quiet(self) -> bool {
        match self {
            Self::Judged { report, .. } => {
                report.judgement.effect == Effect::Allow && report.comparison.metrics.iter().all(|row| row.status.is_unchanged())
            }
            Self::Broken(_) => false,
        }
    }
}

/// Why nothing was judged, as Markdown.
fn broken(error: &CliError, look: &Look<'_>, limit: usize) -> String {
    let title = look.page.title.map(|title| format!("{}: ", markdown(title))).unwrap_or_default();
    let mut text = format!("### ✗ {title}nothing was judged\n\n{}\n", markdown(&error.message));
    let causes = error.causes.iter().map(|cause| format!("\n- caused by: {}", markdown(cause)));
    let hints = error.hints.iter().map(|hint| format!("\n\n*Hint:* {}", markdown(hint)));
    for line in causes.chain(hints) {
        if text.len() + line.len() + 1 < limit {
            text.push_str(&line);
        }
    }
    text.push('\n');
    text
}

/// FNV-1a, 64 bits: the same in every version of every program, which the standard library's hash is not.
/// <http://www.isthe.com/chongo/tech/comp/fnv/>
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_is_the_published_one() {
        assert_eq!(fnv(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_failure_is_told_without_acting() {
        let error = CliError::input("no `@team` <script>").hint("see [x](http://x)");
        let options = Options::default();
        let look = Look { options: &options, template: "", page: Page::default() };
        let text = Content::Broken(&error).markdown(&look, &[], 1000).expect("text");
        assert!(text.starts_with("### ✗ nothing was judged"), "{text}");
        assert!(!text.contains("<script>") && text.contains("`@team`"), "{text}");
        assert_eq!(Content::Broken(&error).effect(), Effect::Block);
    }
}
