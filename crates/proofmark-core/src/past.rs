//! Earlier runs for the same change, as a report remembers them.

use serde::{Deserialize, Serialize};

use crate::config::Effect;

/// One earlier run. It was read back from a place that others can write to, so it is bounded and hostile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PastRun {
    /// The run's number, growing.
    pub run_id: u64,
    /// Which try of it.
    pub attempt: u32,
    /// The head commit that was looked at.
    pub commit: String,
    /// When, in seconds since 1970.
    pub time: u64,
    /// What came out.
    pub effect: Effect,
    /// The same in one line.
    pub headline: String,
    /// The values of the metrics that matter most, by name; finite.
    #[serde(default)]
    pub values: Vec<(String, f64)>,
}

impl PastRun {
    /// A run that had this effect.
    pub fn new(run_id: u64, attempt: u32, commit: impl Into<String>, time: u64, effect: Effect, headline: impl Into<String>) -> Self {
        Self { run_id, attempt, commit: commit.into(), time, effect, headline: headline.into(), values: Vec::new() }
    }

    /// Runs in the order in which they were started.
    pub fn order(&self) -> (u64, u32) {
        (self.run_id, self.attempt)
    }
}
