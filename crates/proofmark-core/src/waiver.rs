//! Waivers: known losses that somebody accepted, each for a while and down to a value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A waiver that was used: who accepted what, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct WaiverUse {
    /// Why the loss is accepted.
    pub reason: String,
    /// Where it is discussed.
    pub issue: String,
    /// Who accepted it.
    pub approved_by: String,
    /// The last day on which it counts, as `2026-12-31`.
    pub expires: String,
    /// What is accepted, in words.
    pub accepts: String,
}
