//! What went wrong with one file of one side: said, never swallowed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::RepoPath;
use crate::ports::TreeError;

/// A place in a text file, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.line, self.column)
    }
}

impl Position {
    /// The position of a byte offset; offsets past the end give the end.
    pub fn of(bytes: &[u8], offset: usize) -> Self {
        let before = &bytes[..offset.min(bytes.len())];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        // UTF-8 continuation bytes are not characters of their own.
        let column = before[line_start..].iter().filter(|&&byte| byte & 0xC0 != 0x80).count() + 1;
        Self { line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX) }
    }
}

/// What kind of problem it is. The first two make a side unreadable, the third is worth saying only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file is there and cannot be understood.
    Unparsable,
    /// The file is known to exist and its content is not here.
    Unavailable,
    /// Something was skipped or looks wrong, and the metrics could be read all the same.
    Warning,
}

/// One problem of one file. The side is told by where the problem is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Problem {
    /// What kind it is.
    pub kind: ProblemKind,
    /// The file.
    pub file: RepoPath,
    /// Where in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// What is wrong: a lower-case fragment that reads after the file's name.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without position and hint.
    pub fn new(kind: ProblemKind, file: RepoPath, message: impl Into<String>) -> Self {
        Self { kind, file, position: None, message: message.into(), hint: None }
    }

    /// Something worth saying.
    pub fn warning(file: RepoPath, message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Warning, file, message)
    }

    /// With a position.
    #[must_use]
    pub fn at(mut self, position: Option<Position>) -> Self {
        self.position = position;
        self
    }

    /// With advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A tree that would not give the file.
    pub fn from_tree(file: RepoPath, error: &TreeError) -> Self {
        let problem = Self::new(ProblemKind::Unavailable, file, error.to_string());
        match error.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file)?;
        if let Some(position) = self.position {
            write!(out, ":{position}")?;
        }
        write!(out, ": {}", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        assert_eq!(Position::of("ä = 1\nüx".as_bytes(), 9), Position { line: 2, column: 2 });
        assert_eq!(Position::of(b"", 5), Position { line: 1, column: 1 });
        assert_eq!(Position::of(b"a\n", 2), Position { line: 2, column: 1 });
    }
}
