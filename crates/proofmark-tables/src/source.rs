//! What is read, and how much of it at most.

use std::fs::File;
use std::path::Path;

/// Where the bytes of a table are.
#[derive(Debug)]
pub enum Source {
    /// A file that can be read from any place in it; it is streamed, not held.
    File(File),
    /// The bytes themselves.
    Bytes(Vec<u8>),
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// What the rows look like.
    pub layout: Layout,
    /// Whether all of it is compressed by gzip; not for Parquet, which compresses inside.
    pub gzip: bool,
}

/// What the rows of a file look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Comma-separated, with a header.
    Csv,
    /// Tab-separated, with a header.
    Tsv,
    /// A JSON object a line.
    JsonLines,
    /// One JSON document: an object with `columns` and `data` (a list of rows, each a list), or a list of objects. JSON lines
    /// under a name that promises a document are read too.
    Json,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// The endings of file names that [`Self::of`] knows; the first five also with `.gz` behind.
    pub const EXTENSIONS: [&str; 7] = ["csv", "tsv", "jsonl", "ndjson", "json", "parquet", "pq"];

    /// The format by the end of the file's name, in any case: `.csv`, `.tsv`, `.jsonl`, `.ndjson`, `.json`, the same with
    /// `.gz` behind, `.parquet`, `.pq`.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
        let last = extension(path)?;
        let gzip = last == "gz";
        let inner = if gzip { extension(Path::new(path.file_stem()?))? } else { last };
        let layout = match inner.as_str() {
            "csv" => Layout::Csv,
            "tsv" => Layout::Tsv,
            "jsonl" | "ndjson" => Layout::JsonLines,
            "json" => Layout::Json,
            "parquet" | "pq" if !gzip => Layout::Parquet,
            _ => return None,
        };
        Some(Self { layout, gzip })
    }
}

impl From<Layout> for Format {
    /// Not compressed.
    fn from(layout: Layout) -> Self {
        Self { layout, gzip: false }
    }
}

/// The columns that are asked for; the others are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    columns: Vec<(String, bool)>,
}

impl Wanted {
    /// No column yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// Also this column, without which the file is refused. The same name twice is one column.
    #[must_use]
    pub fn required(self, name: impl Into<String>) -> Self {
        self.with(name.into(), true)
    }

    /// Also this column, where there is one.
    #[must_use]
    pub fn optional(self, name: impl Into<String>) -> Self {
        self.with(name.into(), false)
    }

    /// Names, and whether each is required.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, bool)> {
        self.columns.iter().map(|(name, required)| (name.as_str(), *required))
    }

    fn with(mut self, name: String, required: bool) -> Self {
        match self.columns.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known |= required,
            None => self.columns.push((name, required)),
        }
        self
    }
}

/// How much of a file is taken at most: whatever is beyond it is an error, never a part of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file, and of what a compressed file becomes.
    pub file_bytes: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes of one cell, or of one name of a column.
    pub cell_bytes: usize,
    /// Bytes of all columns that are kept, together.
    pub held_bytes: u64,
}

impl Default for Limits {
    /// 4 GiB of file, 100 million rows, 1 MiB a cell, 4 GiB of columns.
    fn default() -> Self {
        Self { file_bytes: 4 << 30, rows: 100_000_000, cell_bytes: 1 << 20, held_bytes: 4 << 30 }
    }
}
