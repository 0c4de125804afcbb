//! What a system that keeps runs has to give, whichever it is.

use std::collections::BTreeMap;

use proofmark_core::key::Key;
use proofmark_core::path::RepoPath;
use proofmark_core::ports::Blob;
use proofmark_core::problem::{Problem, ProblemKind};
use proofmark_core::tracked::pool::{Candidate, Pool};
use proofmark_core::value::Value;

use crate::exit::{self, CliError};

/// Why a run that is there does not count: it is kept for a while only.
pub(super) const DELETED: &str = "deleted";
/// Why a run that is there does not count: its experiment is none that is named.
pub(super) const ELSEWHERE: &str = "of another experiment";

/// Runs of one system, as the configuration names them.
pub(super) trait Tracker: Pool<Error = Trouble> {
    /// The store as people know it, without credentials.
    fn title(&self) -> &str;

    /// The commits of both sides, before any run is asked for: a system whose runs say theirs in several ways tells them apart by it.
    fn expect(&self, _commits: &[String]) {}

    /// What a run logged and is asked for.
    fn values(&self, run: &Candidate) -> Result<BTreeMap<Key, Value>, Trouble>;

    /// Its parameters.
    fn params(&self, run: &Candidate) -> BTreeMap<String, String>;

    /// The data that it read.
    fn data(&self, run: &Candidate) -> Vec<Data>;

    /// What there is to say of where its values come from, as sentence fragments beside the choice.
    fn remarks(&self, _run: &Candidate) -> Vec<String> {
        Vec::new()
    }

    /// What people should be warned of: sentence fragments that follow the file's name.
    fn notes(&self, _run: &Candidate) -> Vec<String> {
        Vec::new()
    }

    /// A file among its artifacts, of at most `limit` bytes.
    fn artifact(&self, _run: &Candidate, path: &str, _limit: u64) -> Result<Option<Blob>, Trouble> {
        Err(Trouble::new(format!("`{path}` is an artifact, and those of this system are not read")))
    }

    /// A run that stands for work that was trained nowhere else, and how it was found.
    fn stand_in(&self) -> Result<Option<(Candidate, String)>, Trouble> {
        Ok(None)
    }
}

/// Data that a run read.
#[derive(Debug, Clone)]
pub(super) struct Data {
    pub(super) name: String,
    pub(super) digest: String,
    /// What it was read for, where that was said.
    pub(super) context: Option<String>,
}

/// Why a system gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// Whether a system outside of this machine failed.
    pub(crate) outside: bool,
}

impl Trouble {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, outside: false }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn problem(&self, file: &RepoPath) -> Problem {
        let problem = Problem::new(ProblemKind::Unavailable, file.clone(), &self.message);
        self.hint.iter().cloned().fold(problem, Problem::hint)
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

impl From<Trouble> for CliError {
    fn from(trouble: Trouble) -> Self {
        let told = if trouble.outside { Self::outside(trouble.message) } else { Self::input(trouble.message) };
        trouble.hint.into_iter().fold(told, Self::hint)
    }
}

/// Errors of the crates of the systems, which all tell the same things.
macro_rules! from_error {
    ($($error:ty, $is_overtaken:expr;)*) => {$(
        impl From<$error> for Trouble {
            fn from(error: $error) -> Self {
                Self { message: error.to_string(), hint: error.hint(), outside: error.is_outside() }
            }
        }

        impl From<$error> for CliError {
            fn from(error: $error) -> Self {
                let is_overtaken = $is_overtaken(&error);
                let told = Self::from(Trouble::from(error));
                // Whoever was overtaken is blocked, as by a verdict.
                if is_overtaken { Self { code: exit::BLOCKED, ..told } } else { told }
            }
        }
    )*};
}

from_error! {
    // Promotions in MLflow look for themselves whether somebody came first.
    proofmark_mlflow::Error, |_| false;
    proofmark_kubeflow::Error, proofmark_kubeflow::Error::is_overtaken;
    proofmark_modeldb::Error, proofmark_modeldb::Error::is_overtaken;
}
