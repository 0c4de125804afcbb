//! Problems of one file or one revision, not more than one can read.

use proofmark_core::path::RepoPath;
use proofmark_core::problem::{Problem, ProblemKind};

/// Problems of one file that are told one by one.
const MAX_OF_FILE: usize = 50;
/// Problems of one revision that are told one by one.
const MAX_OF_REVISION: usize = 500;

/// Collects problems; of too many, it keeps the first ones, a count, and how bad the rest is.
#[derive(Debug)]
pub(crate) struct Problems {
    kept: Vec<Problem>,
    limit: usize,
    more: usize,
    worst: Option<ProblemKind>,
}

impl Problems {
    pub(crate) fn of_file() -> Self {
        Self { kept: Vec::new(), limit: MAX_OF_FILE, more: 0, worst: None }
    }

    pub(crate) fn of_revision() -> Self {
        Self { limit: MAX_OF_REVISION, ..Self::of_file() }
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        if self.is_full() {
            self.more += 1;
            self.worst = Some(self.worst.map_or(problem.kind, |worst| worst.min(problem.kind)));
        } else if !self.kept.contains(&problem) {
            self.kept.push(problem);
        }
    }

    /// Whether further problems are counted only.
    pub(crate) fn is_full(&self) -> bool {
        self.kept.len() >= self.limit
    }

    pub(crate) fn into_list(mut self, file: &RepoPath) -> Vec<Problem> {
        if let Some(worst) = self.worst {
            self.kept.push(Problem::new(worst, file.clone(), format!("has {} more problems", self.more)));
        }
        self.kept
    }
}
