//! Why a table cannot be read.

use std::io;

/// Why a table cannot be read. The texts read after "failed to read FILE: ".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The system does not give the bytes.
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    /// More than [`crate::Limits`] allow.
    #[error("more than {limit} {what}")]
    TooLarge {
        /// What there is too much of: `rows`, `bytes in a cell`.
        what: &'static str,
        /// How much would be taken.
        limit: u64,
    },
    /// The file breaks the rules of its format.
    #[error("{}{told}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
    Malformed {
        /// The line, from 1, where the format has lines.
        line: Option<u64>,
        /// What is wrong.
        told: String,
    },
    /// A column that is needed is not there.
    #[error("no column `{name}`{}", nearest.iter().map(|name| format!("; there is `{name}`")).collect::<String>())]
    MissingColumn {
        /// Its name.
        name: String,
        /// The name in the file that looks most like it.
        nearest: Option<String>,
    },
    /// A wanted name stands twice in the header, or twice in an object.
    #[error("{}column `{name}` stands twice", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
    DuplicateColumn {
        /// Its name.
        name: String,
        /// The line, from 1, where the format has lines.
        line: Option<u64>,
    },
    /// The file is sound, but uses what is not read here.
    #[error("{told} is not supported")]
    Unsupported {
        /// What it uses: `Brotli compression of column "score"`.
        told: String,
    },
}

impl TableError {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::MissingColumn { nearest, .. } if nearest.is_none() => {
                Some("name a column of the file's header in the table's declaration")
            }
            Self::MissingColumn { .. } => Some("names of columns are compared letter by letter"),
            Self::DuplicateColumn { .. } => Some("give each column a name of its own"),
            Self::Unsupported { .. } => Some("write plain columns of numbers and texts, uncompressed or with snappy, gzip, lz4 or zstd"),
            Self::TooLarge { .. } => Some("keep fewer rows or columns in the table"),
            Self::Io(_) | Self::Malformed { .. } => None,
        }
    }

    /// The same mistake, with the column that it is in.
    pub(crate) fn in_column(self, name: &str) -> Self {
        match self {
            Self::Malformed { line, told } => Self::Malformed { line, told: format!("column `{name}`: {told}") },
            Self::Unsupported { told } if !told.contains(name) => Self::Unsupported { told: format!("{told} in column `{name}`") },
            other => other,
        }
    }

    pub(crate) fn malformed(line: impl Into<Option<u64>>, told: impl Into<String>) -> Self {
        Self::Malformed { line: line.into(), told: told.into() }
    }
}
