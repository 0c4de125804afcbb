//! Parquet: flat columns, each read whole before the next, a batch at a time.
//!
//! | physical and logical type | becomes |
//! |---|---|
//! | BOOLEAN | truth values |
//! | INT32, INT64, signed or not | integers; unsigned ones beyond 63 bits are kept as texts, as in the text formats |
//! | time, timestamp | integers in the unit of the file; INT96 in nanoseconds since 1970 |
//! | date | texts, `2026-01-31` |
//! | FLOAT, DOUBLE, half floats | numbers; narrow ones are widened exactly, so 0.1 becomes 0.10000000149011612 |
//! | decimal | integers without a scale, else the nearest numbers |
//! | BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY | texts, if they are UTF-8; UUIDs in their usual form |
//!
//! A field of a struct is named by its path (`output.score`). Lists and maps, encryption, compression by brotli and encodings
//! that writers use only when told to (delta encodings of texts, split streams) are refused.
//!
//! The `parquet` crate believes some of what a file says of itself: sizes that it allocates, depths that it recurses into, and
//! sums that may overflow. So footer and pages are checked by [`check`] before it sees them.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use ::parquet::file::reader::ChunkReader;
use ::parquet::schema::types::SchemaDescriptor;
use bytes::Bytes;
use proofmark_core::config::nearest;
use sha2::{Digest as _, Sha256};

use crate::error::TableError;
use crate::source::{Limits, Source, Wanted};
use crate::table::Table;

use self::meaning::Meaning;
use super::builder::{Builders, Kinds};
use super::{Progress, input, shown};

mod cells;
mod check;
mod guard;
mod meaning;
mod shapes;
mod thrift;

/// Reads the wanted columns.
pub(super) fn read(source: Source, wanted: &Wanted, limits: &Limits, progress: Progress<'_>) -> Result<Table, TableError> {
    let size = super::size(&source)?;
    if size > limits.file_bytes {
        return Err(TableError::TooLarge { what: "bytes in the file", limit: limits.file_bytes });
    }
    // Once for the digest, and once, less what is not wanted, for the columns.
    let told = |done: u64| progress(done, size * 2);
    match source {
        Source::File(file) => {
            let digest = digest_of_file(&file, size, &told)?;
            columns(file, size, digest, wanted, limits, &told)
        }
        Source::Bytes(bytes) => {
            let digest = Sha256::digest(&bytes).into();
            columns(Bytes::from(bytes), size, digest, wanted, limits, &told)
        }
    }
}

fn digest_of_file(mut file: &File, size: u64, told: &dyn Fn(u64)) -> Result<[u8; 32], TableError> {
    file.seek(SeekFrom::Start(0))?;
    Ok(input::Counted::new(file.take(size), size, told).digest()?)
}

/// A file whose footer is read.
struct Open<R> {
    file: Arc<R>,
    size: u64,
    metadata: ParquetMetaData,
}

/// A wanted column that the file has.
struct Found {
    name: String,
    /// Its place among the leaves of the schema.
    leaf: usize,
    meaning: Meaning,
}

fn columns<R: ChunkReader + 'static>(
    file: R,
    size: u64,
    digest: [u8; 32],
    wanted: &Wanted,
    limits: &Limits,
    told: &dyn Fn(u64),
) -> Result<Table, TableError> {
    check::footer(&file, size)?;
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&file)?;
    let file = Open { file: Arc::new(file), size, metadata };
    let found = find(file.metadata.file_metadata().schema_descr(), wanted)?;
    let rows = rows(&file.metadata, limits)?;
    let first = build(&file, &found, rows, limits, None, told)?;
    let builders = match first.again() {
        None => first,
        Some(kinds) => build(&file, &found, rows, limits, Some(&kinds), told)?,
    };
    let (rows, columns) = builders.finish()?;
    Ok(Table::new(rows, columns, digest))
}

fn build<R: ChunkReader + 'static>(
    file: &Open<R>,
    found: &[Found],
    rows: usize,
    limits: &Limits,
    kinds: Option<&Kinds>,
    told: &dyn Fn(u64),
) -> Result<Builders, TableError> {
    let names = found.iter().map(|column| (column.name.clone(), column.meaning.kind()));
    let mut builders = Builders::typed(names, limits, kinds);
    let mut done = file.size;
    for (index, column) in found.iter().enumerate() {
        for group in file.metadata.row_groups() {
            let in_column = |error: TableError| error.in_column(&shown(&column.name));
            let chunk = check::chunk(file, group, column).map_err(in_column)?;
            cells::read(file, &chunk, column, &mut builders, index, limits).map_err(in_column)?;
            done = done.saturating_add(chunk.bytes).min(file.size * 2);
            told(done);
        }
    }
    builders.end_rows(rows)?;
    Ok(builders)
}

/// Rows of all groups.
fn rows(metadata: &ParquetMetaData, limits: &Limits) -> Result<usize, TableError> {
    let mut rows: u64 = 0;
    for group in metadata.row_groups() {
        let more = u64::try_from(group.num_rows()).map_err(|_| damaged("a group of rows has less than none"))?;
        rows = rows.saturating_add(more);
    }
    let fitting = usize::try_from(rows).ok().filter(|_| rows <= limits.rows);
    fitting.ok_or(TableError::TooLarge { what: "rows", limit: limits.rows })
}

/// The leaves of the schema that are wanted.
fn find(schema: &SchemaDescriptor, wanted: &Wanted) -> Result<Vec<Found>, TableError> {
    let paths: Vec<String> = schema.columns().iter().map(|column| column.path().string()).collect();
    let mut found = Vec::new();
    for (name, required) in wanted.columns() {
        let mut leaves = paths.iter().enumerate().filter(|(_, path)| *path == name).map(|(leaf, _)| leaf);
        match (leaves.next(), leaves.next()) {
            (Some(_), Some(_)) => return Err(TableError::DuplicateColumn { name: name.to_owned(), line: None }),
            (Some(leaf), None) => found.push(Found { name: name.to_owned(), leaf, meaning: Meaning::of(&schema.column(leaf), name)? }),
            (None, _) if paths.iter().any(|path| path.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))) => {
                return Err(TableError::Unsupported { told: format!("column `{}` of lists or objects", shown(name)) });
            }
            (None, _) if required => {
                let nearest = nearest(name, paths.iter().map(String::as_str).filter(|path| path.len() < 1000)).map(shown);
                return Err(TableError::MissingColumn { name: name.to_owned(), nearest });
            }
            (None, _) => {}
        }
    }
    Ok(found)
}

impl From<ParquetError> for TableError {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::NYI(told) => Self::Unsupported { told: shown(&told) },
            error => damaged(&shown(&error.to_string())),
        }
    }
}

fn damaged(told: &str) -> TableError {
    TableError::malformed(None, format!("damaged Parquet: {told}"))
}

#[cfg(test)]
mod tests;
