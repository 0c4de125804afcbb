//! Records: what was measured and judged at one commit, kept beside the repository's history so that later judgements can
//! ask what is usual, and what was best.
//!
//! Only documents and choices among them are here; where they are kept is an adapter's business.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Effect;
use crate::gate::Verdict;
use crate::reference::Place;

mod make;
mod past;
mod read;

pub use self::make::{RecordError, Setting};
pub use self::past::{Alike, LeftOut, Past, best, window};
pub use self::read::{LIMIT, ReadError, read, replaces};

/// The version of a record's form; it grows when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// The most values that one record holds.
pub const MAX_VALUES: usize = 10_000;

/// The longest name of a machine class, in bytes.
pub const MAX_CLASS: usize = 64;

const RECORD: &str = "record";

/// What `proofmark record` keeps of one commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Record {
    /// The version of this document's form.
    pub schema: u32,
    /// Always `record`.
    pub kind: Cow<'static, str>,
    /// The version of proofmark that wrote it.
    pub proofmark: String,
    /// The commit that was judged, as a full id.
    pub commit: String,
    /// When it was recorded, in seconds since 1970.
    pub time: u64,
    /// The branch that the change goes into, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The kind of machine that it was measured on; values of different kinds never share a window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The worst verdict that counted.
    pub verdict: Verdict,
    /// What it did to the merge.
    pub effect: Effect,
    /// Whether the values are of use to later judgements: those of a blocked run are not, but for accepted levels.
    pub enters_windows: bool,
    /// What each prediction table's test set was, as a digest, where that is known. Values of different test sets never
    /// share a window.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub test_sets: BTreeMap<String, String>,
    /// The values, sorted by place; each place at most once.
    pub values: Vec<Entry>,
    /// How many values more there were than a record holds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

/// One value of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Which metric.
    pub place: Place,
    /// The value, finite, in the metric's unit.
    pub value: f64,
    /// The worst verdict on it; absent when no rule judged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The metric's level was accepted to change with this commit (a waiver, or `--accept-level`): windows begin anew with
    /// this value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_level: bool,
}

impl Record {
    /// What this record has of a metric.
    pub fn entry(&self, place: &Place) -> Option<&Entry> {
        let at = self.values.binary_search_by(|entry| entry.place.cmp(place)).ok()?;
        self.values.get(at)
    }

    /// The digest of the test set that a metric was measured on, where it is known.
    pub fn test_set(&self, place: &Place) -> Option<&str> {
        self.test_sets.get(place.table.as_ref()?).map(String::as_str)
    }
}

/// Whether this can be the name of a machine class: something, not too long, without line ends and other controls.
pub fn is_class(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= MAX_CLASS && !name.chars().any(char::is_control)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests;
