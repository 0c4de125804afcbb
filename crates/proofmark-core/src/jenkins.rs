//! What a step of Jenkins needs to know of an outcome: the result to set, and the words for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of what proofmark and a step of Jenkins agree on. It grows when a step that was written for an older one would
/// go wrong.
pub const CONTRACT: u32 = 1;

/// What a step sets. There is no success: a step must never raise the result of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum BuildResult {
    /// People should look; the pipeline goes on.
    Unstable,
    /// The pipeline ends here.
    Failure,
}

/// What a step does with an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Outcome {
    /// The version of what proofmark and the step agree on.
    pub contract: u32,
    /// The result to set; `null` sets nothing.
    pub result: Option<BuildResult>,
    /// One line of plain text for the build's description.
    pub description: String,
    /// The sentence for `unstable` and `error`: what came out, and for what reason first.
    pub message: String,
    /// A name for the stage, the check and the published reports: the same for every run of this subject.
    pub stage: String,
}

impl Outcome {
    /// An outcome in plain text.
    pub fn new(result: Option<BuildResult>, stage: impl Into<String>, description: impl Into<String>, message: impl Into<String>) -> Self {
        Self { contract: CONTRACT, result, description: description.into(), message: message.into(), stage: stage.into() }
    }
}
