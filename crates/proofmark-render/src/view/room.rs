//! How much of a document is shown.

use crate::Options;

/// How many rows each part may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// Whether unchanged metrics and passed checks are listed too.
    pub(crate) all: bool,
    /// Checks.
    pub(crate) findings: usize,
    /// Metrics.
    pub(crate) metrics: usize,
    /// Params, and data versions.
    pub(crate) details: usize,
    /// Problems with files.
    pub(crate) problems: usize,
    /// What checks rest on.
    pub(crate) evidence: usize,
    /// Slices.
    pub(crate) slices: usize,
    /// Waivers of each kind.
    pub(crate) waivers: usize,
    /// Earlier runs.
    pub(crate) past: usize,
    /// Whether the worst rows are kept, where there is not room for all; else the first ones.
    pub(crate) ranked: bool,
}

/// More earlier runs than anybody looks at.
const PAST: usize = 20;

impl From<&Options> for Room {
    fn from(options: &Options) -> Self {
        let rows = options.max_rows;
        Self {
            all: options.all,
            findings: rows,
            metrics: rows,
            details: rows,
            problems: rows,
            evidence: rows,
            slices: rows,
            waivers: rows,
            past: PAST,
            ranked: false,
        }
    }
}

impl Room {
    /// The same with no more than so many rows of anything.
    pub(crate) fn at_most(self, rows: usize) -> Self {
        Self {
            findings: self.findings.min(rows),
            metrics: self.metrics.min(rows),
            details: self.details.min(rows),
            problems: self.problems.min(rows),
            evidence: self.evidence.min(rows),
            slices: self.slices.min(rows),
            waivers: self.waivers.min(rows),
            ..self
        }
    }
}
