//! Exit codes and how an error is told. The codes are an interface: documented, tested, never reused.

use proofmark_core::glob::GlobError;
use proofmark_core::policy::PolicyError;
use proofmark_core::problem::Problem;
use proofmark_git::GitError;

/// The merge may go in: every check passed, or there are notices only.
pub(crate) const ALLOWED: u8 = 0;
/// The gate blocks: a check failed, or nothing was checked.
pub(crate) const BLOCKED: u8 = 1;
/// Nothing was judged: usage, configuration, or input that cannot be read.
pub(crate) const NOT_JUDGED: u8 = 2;
/// A system outside of this machine's files failed.
pub(crate) const OUTSIDE: u8 = 3;
/// A bug in proofmark.
pub(crate) const BUG: i32 = 101;

/// The codes in words, for `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0    allowed: all checks passed, or notices only
  1    blocked by the gate
  2    nothing was judged: wrong usage, configuration, or unreadable input
  3    an outside system failed (network, permission, server)
  101  a bug in proofmark";

/// An error on its way to the user: what, the causes beneath it, and what to do.
#[derive(Debug, Clone)]
pub(crate) struct CliError {
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hints: Vec<String>,
    pub(crate) code: u8,
}

impl CliError {
    /// Wrong usage, configuration or unreadable input.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self { message: message.into(), causes: Vec::new(), hints: Vec::new(), code: NOT_JUDGED }
    }

    /// A system outside of this machine's files failed.
    pub(crate) fn outside(message: impl Into<String>) -> Self {
        Self { code: OUTSIDE, ..Self::input(message) }
    }

    /// With advice.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With what lies beneath.
    pub(crate) fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = Some(error);
        while let Some(cause) = next {
            self.causes.push(cause.to_string());
            next = cause.source();
        }
        self
    }
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        let mut told = Self::input(error.to_string());
        told.causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source()).map(ToString::to_string).collect();
        told.hints.extend(error.hint());
        told
    }
}

impl From<Problem> for CliError {
    fn from(problem: Problem) -> Self {
        let mut told = Self::input(problem.to_string());
        told.hints.extend(problem.hint);
        told
    }
}

impl From<GlobError> for CliError {
    fn from(error: GlobError) -> Self {
        Self::input(error.to_string())
    }
}

impl From<PolicyError> for CliError {
    fn from(error: PolicyError) -> Self {
        error.hint().into_iter().fold(Self::input(error.to_string()), Self::hint)
    }
}

impl From<proofmark_render::RenderError> for CliError {
    fn from(error: proofmark_render::RenderError) -> Self {
        let mut told = Self::input(error.to_string());
        told.causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source()).map(ToString::to_string).collect();
        told
    }
}

/// A failure to write where the user said to.
pub(crate) fn unwritable(path: &std::path::Path, error: &std::io::Error) -> CliError {
    CliError::input(format!("cannot write `{}`", path.display())).because(error)
}
