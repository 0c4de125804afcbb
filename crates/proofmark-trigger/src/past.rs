//! What was started before: read from the forge's own runs, or from the journal.

use proofmark_core::event::Mark;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of earlier orders.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// Starts, in any order. The same start may come from two places.
    pub runs: Vec<PastRun>,
    /// Orders that were held back and not started since.
    pub waiting: Vec<Waiting>,
    /// Why it may not be all; budgets and groups are then not decided.
    pub unknown: Option<String>,
}

/// An earlier start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    /// The key that it carries.
    pub mark: Mark,
    /// When it was started, in seconds since 1970.
    pub started: u64,
    /// How it stands.
    pub state: RunState,
    /// Where people look at it, or what it is called.
    pub place: String,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It waits or runs.
    UnderWay,
    /// It ended well.
    Passed,
    /// It ended badly, or was stopped.
    Failed,
}

/// An order that was held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its key.
    pub mark: Mark,
    /// Events with the same text here are gathered together.
    pub gather: String,
    /// When its event came, in seconds since 1970.
    pub since: u64,
    /// The event, in words.
    pub event: String,
}

impl Past {
    /// The start with this key: of several, the one that stands best.
    pub fn with_key(&self, key: &str) -> Option<&PastRun> {
        let of_key = self.runs.iter().filter(|run| run.mark.key == key);
        of_key.max_by_key(|run| match run.state {
            RunState::Passed => 2,
            RunState::UnderWay => 1,
            RunState::Failed => 0,
        })
    }

    /// Starts of a rule, each key once, from a moment on.
    pub(crate) fn of_rule(&self, rule: &str, from: u64) -> Vec<&PastRun> {
        let mut found: Vec<&PastRun> = self.runs.iter().filter(|run| run.mark.rule == rule && run.started >= from).collect();
        // The same start may be told by the journal and by the forge, a little later.
        found.sort_by_key(|run| (&run.mark.key, run.started));
        found.dedup_by_key(|run| &run.mark.key);
        found.sort_by_key(|run| run.started);
        found
    }
}
