//! The problems of one file, not more than one can read.

use proofmark_core::path::RepoPath;
use proofmark_core::problem::{Problem, ProblemKind};

/// Problems of one file that are told one by one.
const MAX_PROBLEMS: usize = 50;

/// Collects problems; of too many, it keeps the first ones, a count, and how bad the rest is.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    kept: Vec<Problem>,
    more: usize,
    worst: Option<ProblemKind>,
}

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        if self.kept.contains(&problem) {
            return;
        }
        if self.kept.len() < MAX_PROBLEMS {
            self.kept.push(problem);
        } else {
            self.more += 1;
            self.worst = Some(self.worst.map_or(problem.kind, |worst| worst.min(problem.kind)));
        }
    }

    pub(crate) fn into_list(mut self, file: &RepoPath) -> Vec<Problem> {
        if let Some(worst) = self.worst {
            self.kept.push(Problem::new(worst, file.clone(), format!("has {} more problems", self.more)));
        }
        self.kept
    }
}
