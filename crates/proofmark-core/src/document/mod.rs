//! Reads metrics and params files: bytes to [`Value`], with the place of every mistake.
//!
//! One file per format. Readers never panic, never recurse without a bound, and refuse what would blow up
//! memory (aliases that multiply, nesting beyond [`MAX_DEPTH`]).

mod json;
mod places;
mod python;
mod table;
mod toml;
mod yaml;

pub(crate) use self::json::read_as;
pub use self::places::{Places, locate};
pub use self::yaml::plain_scalar;
use crate::path::RepoPath;
use crate::problem::{Position, Problem, ProblemKind};
use crate::value::Value;

/// Levels of nesting that are read. Python's own reader, and so DVC, gives up at about twice as many.
pub const MAX_DEPTH: usize = 512;

/// The formats of metrics and params files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JSON as Python's reader takes it: `NaN`, `Infinity`, a repeated key keeps the last.
    Json,
    /// YAML 1.2 as ruamel reads it for DVC; also files without an extension and one-number files.
    Yaml,
    /// TOML 1.0.
    Toml,
    /// Comma-separated, with a header.
    Csv,
    /// Tab-separated, with a header.
    Tsv,
    /// Python assignments of literals, read by syntax and never run.
    Python,
}

impl Format {
    /// The format by the file's extension; anything unknown is YAML, as for DVC.
    pub fn of(path: &RepoPath) -> Self {
        match path.extension().as_str() {
            "json" => Self::Json,
            "toml" => Self::Toml,
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "py" => Self::Python,
            _ => Self::Yaml,
        }
    }
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// A lower-case fragment that reads after the file's name.
    pub message: String,
    /// Where.
    pub position: Option<Position>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ParseError {
    /// An error at a byte offset of `bytes`.
    pub fn at(bytes: &[u8], offset: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), position: Some(Position::of(bytes, offset)), hint: None }
    }

    /// With advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same as a problem of `file`.
    pub fn into_problem(self, file: RepoPath) -> Problem {
        let problem = Problem::new(ProblemKind::Unparsable, file, self.message).at(self.position);
        match self.hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

/// Reads a document.
///
/// ```
/// use proofmark_core::document::{Format, parse};
///
/// let value = parse(Format::Json, br#"{"auc": NaN}"#)?;
/// assert_eq!(value.to_string(), r#"{"auc":"NaN"}"#);
/// let mistake = parse(Format::Json, b"{\n  \"auc\": 0.9,").unwrap_err();
/// assert_eq!(mistake.position.map(|at| at.line), Some(2));
/// # Ok::<(), proofmark_core::document::ParseError>(())
/// ```
///
/// # Errors
/// When the bytes are not a document of this format; see [`ParseError`].
pub fn parse(format: Format, bytes: &[u8]) -> Result<Value, ParseError> {
    read(format, bytes, Leaves::Values)
}

/// What a reader gives as the leaves of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Leaves {
    /// The values.
    #[default]
    Values,
    /// Where each scalar stands in the file, as an integer.
    Places,
}

impl Leaves {
    fn leaf(self, scalar: Value, place: usize) -> Value {
        match self {
            Self::Values => scalar,
            Self::Places => Value::Int(place as i128),
        }
    }
}

fn read(format: Format, bytes: &[u8], leaves: Leaves) -> Result<Value, ParseError> {
    let read = match format {
        Format::Json => json::read(bytes, leaves),
        Format::Yaml => yaml::read(bytes, leaves),
        Format::Toml => toml::read(bytes, leaves),
        Format::Csv => table::read(bytes, b',', leaves),
        Format::Tsv => table::read(bytes, b'\t', leaves),
        Format::Python => python::read(bytes),
    };
    read.map_err(|error| likelier_cause(bytes, error))
}

/// A mistake that git or an editor made explains itself better than the parser's first stumble.
pub(crate) fn likelier_cause(bytes: &[u8], error: ParseError) -> ParseError {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return ParseError::at(bytes, 0, "the file is UTF-16").hint("write it as UTF-8");
    }
    if let Some(offset) = bytes.iter().position(|&byte| byte == 0) {
        return ParseError::at(bytes, offset, "the file holds NUL bytes: it is binary, or was cut off by a crash");
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return ParseError::at(bytes, 0, "the file starts with a byte-order mark").hint("write it as UTF-8 without a byte-order mark");
    }
    let mut offset = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ") {
            return ParseError::at(bytes, offset, "the file holds git's conflict markers")
                .hint("resolve the merge and commit the file again");
        }
        offset += line.len();
    }
    error
}

/// An integer of any size, its digits behind a sign or none: exact to 128 bits, beyond about the nearest double.
fn integer_of(text: &str, radix: u32) -> Value {
    i128::from_str_radix(text, radix).map_or_else(|_| Value::Float(rounded(text, radix)), Value::Int)
}

fn rounded(text: &str, radix: u32) -> f64 {
    if radix == 10 {
        return text.parse().unwrap_or(f64::NAN);
    }
    let size = text.chars().filter_map(|digit| digit.to_digit(radix)).fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit));
    if text.starts_with('-') { -size } else { size }
}

fn too_deep(bytes: &[u8], offset: usize) -> ParseError {
    ParseError::at(bytes, offset, format!("nested deeper than {MAX_DEPTH} levels"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likelier_cause_is_named() {
        let cases: [(&[u8], &str); 5] = [
            (b"{\n<<<<<<< HEAD\n\"a\": 1\n=======\n", "conflict markers"),
            (b"{\"a\": 1\0}", "NUL bytes"),
            (b"\xff\xfe{\0", "UTF-16"),
            (b"\xef\xbb\xbf{}", "byte-order mark"),
            (b"{\"a\"", "ends where"),
        ];
        for (bytes, expected) in cases {
            let message = parse(Format::Json, bytes).expect_err("broken").message;
            assert!(message.contains(expected), "{message}");
        }
    }
}
