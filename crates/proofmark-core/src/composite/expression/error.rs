//! What can be wrong with an expression.

use super::{MAX_DEPTH, MAX_TEXT};
use crate::problem::Position;

/// A mistake and its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{mistake} (at {at} of the expression)")]
pub struct ExpressionError {
    /// What is wrong.
    pub mistake: Mistake,
    /// Where, from the beginning of the expression.
    pub at: Position,
}

impl ExpressionError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.mistake.hint()
    }
}

/// The kinds of [`ExpressionError`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// The text is too long.
    #[error("the expression is longer than {MAX_TEXT} bytes")]
    TooLong,
    /// Too much stands inside each other.
    #[error("the expression is nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// A character that the language does not have.
    #[error("`{}` is no part of an expression", .0.escape_debug())]
    Stray(char),
    /// A text without its end.
    #[error("the text has no closing quote")]
    OpenText,
    /// Digits that are no number, or one that is too large.
    #[error("`{0}` is no number")]
    BadNumber(String),
    /// Something else was to come.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What could stand here.
        expected: &'static str,
        /// What stands here.
        found: String,
    },
    /// A word that means nothing.
    #[error("`{word}` is neither a field nor a function")]
    Unknown {
        /// The word.
        word: String,
        /// The word that was likely meant.
        nearest: Option<&'static str>,
    },
    /// A number where something true or false is needed.
    #[error("a number stands where something true or false is needed")]
    NeedsTruth,
    /// A truth where a number is needed.
    #[error("something true or false stands where a number is needed")]
    NeedsNumber,
    /// Two comparisons in a row.
    #[error("a comparison of a comparison means nothing")]
    Chained,
    /// A field without a metric.
    #[error("`{0}` needs the name of a metric as text")]
    NoMetric(&'static str),
    /// A text that names no slice.
    #[error("`{0}` is no slice")]
    BadSlice(String),
    /// A function with too few or too many arguments.
    #[error("`{0}` takes {1}")]
    Arguments(&'static str, &'static str),
}

impl Mistake {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::Unknown { word, nearest: None } => Some(format!(
                "a metric is written candidate(\"{word}\"); fields are candidate, baseline, improvement, relative, lower and upper"
            )),
            Self::NeedsTruth => Some("compare it with a limit: improvement(\"f1\") >= -0.01".to_owned()),
            Self::Chained => Some("write `a < b and b < c`".to_owned()),
            Self::NoMetric(field) => Some(format!("write {field}(\"f1\"), or {field}(\"f1\", \"country=DE\") for a slice")),
            Self::BadSlice(_) => Some("write \"country=DE\", or \"country=DE, device=phone\"".to_owned()),
            Self::TooLong | Self::TooDeep => Some("make several rules of it".to_owned()),
            Self::OpenText => Some("a text ends with the quote that it begins with; \\\" stands for a quote inside".to_owned()),
            Self::Stray('=') => Some("write == for equality".to_owned()),
            Self::Stray('&' | '|') => Some("write `and`, `or`, && or ||".to_owned()),
            Self::Stray(_) | Self::BadNumber(_) | Self::Expected { .. } | Self::NeedsNumber | Self::Arguments(..) => None,
        }
    }
}
