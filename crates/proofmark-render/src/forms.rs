//! The forms that CI systems read: JUnit XML, SARIF, issues of Jenkins' warnings plugin, a check, and a page of HTML.
//!
//! Each of them also has a form for "nothing was judged", since an old result that still stands would pass for a new one.

mod checks;
mod facts;
mod html;
mod issues;
mod junit;
mod place;
mod reasons;
mod sarif;

use proofmark_core::report::Report;

use crate::escape::terminal;
use crate::text::{clip, cut};

pub use checks::checks;
pub use html::{comparison_html, html};
pub use issues::issues;
pub use junit::junit;
pub use sarif::sarif;

/// The longest message, in units of UTF-16, and the longest name of a check.
const LONGEST_MESSAGE: usize = 2000;
const LONGEST_NAME: usize = 300;
/// Causes and hints of a failure that are told.
const MOST_LINES: usize = 20;

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

impl Failure<'_> {
    /// What went wrong, in one line.
    fn headline(&self) -> String {
        plain(&format!("nothing was judged: {}", self.message))
    }

    /// All of it, line by line.
    fn lines(&self) -> Vec<String> {
        let causes = self.causes.iter().take(MOST_LINES).map(|cause| plain(&format!("caused by: {cause}")));
        let hints = self.hints.iter().take(MOST_LINES).map(|hint| plain(&format!("Hint: {hint}")));
        std::iter::once(self.headline()).chain(causes).chain(hints).collect()
    }
}

/// One line of plain text in which nothing acts, of bounded length.
fn plain(text: &str) -> String {
    cut(&terminal(text), LONGEST_MESSAGE)
}

/// The same for a name: the middle gives way, since names differ at both ends.
fn plain_name(text: &str) -> String {
    clip(&terminal(text), LONGEST_NAME)
}

/// FNV-1a, 64 bits: the same in every version of every program, which the standard library's hash is not.
/// <http://www.isthe.com/chongo/tech/comp/fnv/>
fn fingerprint(parts: &[&str]) -> String {
    // What stands between the parts is in none of them, so that no two lists have the same bytes.
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_lists_apart() {
        assert_eq!(fingerprint(&[]), "cbf29ce484222325");
        assert_ne!(fingerprint(&["a", "b"]), fingerprint(&["ab"]));
        assert_ne!(fingerprint(&["a", ""]), fingerprint(&["a"]));
    }

    #[test]
    fn failures_are_plain_lines_of_bounded_length() {
        let causes = vec!["a\nb\u{1b}[31m".to_owned(); 500];
        let failure = Failure { message: &"x".repeat(10_000), causes: &causes, hints: &["::error::".to_owned()] };
        let lines = failure.lines();
        assert_eq!(lines.len(), 1 + MOST_LINES + 1);
        assert!(lines[0].starts_with("nothing was judged: xxx") && lines[0].len() <= LONGEST_MESSAGE + 3, "{}", lines[0].len());
        assert!(lines.iter().all(|line| !line.contains(crate::escape::acts)), "{lines:?}");
    }
}
