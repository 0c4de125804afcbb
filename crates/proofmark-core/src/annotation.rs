//! Remarks at a line of a file, for systems that show them beside the change.

use crate::config::Effect;
use crate::path::RepoPath;

/// A remark at one line. Its texts are plain and not escaped for any system yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Annotation {
    /// The file.
    pub file: RepoPath,
    /// The line, from 1.
    pub line: u32,
    /// How bad it is: `block` is an error, `notice` a warning, `allow` a remark.
    pub effect: Effect,
    /// What it is about, in a few words.
    pub title: String,
    /// The whole of it.
    pub message: String,
}

impl Annotation {
    /// A remark.
    pub fn new(file: RepoPath, line: u32, effect: Effect, title: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file, line: line.max(1), effect, title: title.into(), message: message.into() }
    }
}
