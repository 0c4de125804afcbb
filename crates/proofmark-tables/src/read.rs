//! From a file to a [`Table`]: only the wanted columns, in one pass or two, and within limits whatever the file says.
//!
//! # Types of columns
//!
//! Parquet has types: truth values, integers, numbers and texts are what they are; dates become texts, times integers of their
//! unit, decimals numbers. In the text formats a column is, in this order, of
//! - truth values, if all its cells are;
//! - integers, if all its cells are integers of 64 bits;
//! - numbers, if all its cells are numbers, integers among them;
//! - texts otherwise, each cell as it is written. Integers beyond 64 bits are kept as texts too, as long as no other number
//!   is among them: they are ids, and two of them must not become one double.
//!
//! [`Value`](crate::Value) says how they are written. An empty CSV cell, quoted or not, a key that
//! a JSON object does not have, and `null` are missing. Words such as `NA` are missing in CSV columns of numbers and truth
//! values; in a column of texts they are texts (`NA` is a country).
//!
//! A type never depends on where a block of the file ends: a column begins as what its first cell is, and when a later cell
//! shows that texts were lost, the file is read once more with the types that the first pass found. So two passes are the
//! most, and the usual file needs one. A JSON table whose names of columns stand behind its rows takes one more.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek as _, SeekFrom};

use flate2::bufread::MultiGzDecoder;

use crate::error::TableError;
use crate::source::{Format, Layout, Limits, Source, Wanted};
use crate::table::Table;

use self::builder::{Builders, Kinds};
use self::input::{Counted, Input};

mod builder;
mod delimited;
mod input;
mod intern;
mod json;
mod json_cells;
mod json_lines;
mod json_table;
mod parquet;
mod texts;

/// Told now and then while a file is read: bytes done, and bytes to do in all. The second number grows when the file must be
/// read twice.
pub type Progress<'p> = &'p (dyn Fn(u64, u64) + Sync);

/// Reads the wanted columns of a table.
///
/// # Errors
///
/// [`TableError`]: there is no partial table. A file that changes while it is read gives an error or its old or new rows.
pub fn read(source: Source, format: Format, wanted: &Wanted, limits: &Limits, progress: Progress<'_>) -> Result<Table, TableError> {
    match format.layout {
        Layout::Parquet => parquet::read(source, wanted, limits, progress),
        Layout::Csv | Layout::Tsv | Layout::JsonLines | Layout::Json => read_text(source, format, wanted, limits, progress),
    }
}

fn read_text(mut source: Source, format: Format, wanted: &Wanted, limits: &Limits, progress: Progress<'_>) -> Result<Table, TableError> {
    let size = size(&source)?;
    if size > limits.file_bytes {
        return Err(TableError::TooLarge { what: "bytes in the file", limit: limits.file_bytes });
    }
    let (mut known, mut before) = (Known::default(), 0);
    // Each pass but the last makes more known: first the names of columns, then their types.
    loop {
        let told = |done: u64| progress(before + done, before + size);
        let (seen, digest) = match &mut source {
            Source::File(file) => {
                file.seek(SeekFrom::Start(0))?;
                pass(&*file, size, format, wanted, limits, &known, &told)
            }
            Source::Bytes(bytes) => pass(Cursor::new(&*bytes), size, format, wanted, limits, &known, &told),
        }?;
        match seen {
            Seen::Names(names) => known.names = Some(names),
            Seen::Rows(builders) => match builders.again() {
                Some(kinds) => known.kinds = Some(kinds),
                None => {
                    let (rows, columns) = builders.finish()?;
                    return Ok(Table::new(rows, columns, digest));
                }
            },
        }
        before += size;
    }
}

/// What earlier passes over the file found.
#[derive(Default)]
struct Known {
    /// Types of columns, where a pass had lost texts.
    kinds: Option<Kinds>,
    /// Names of columns, where they stand behind the rows.
    names: Option<json_table::Names>,
}

/// What one pass over the file gives.
enum Seen {
    /// The columns, or which types they have.
    Rows(Builders),
    /// The names of columns, which stood behind the rows; so these are not read yet.
    Names(json_table::Names),
}

/// Reads all rows once.
fn pass(
    bytes: impl Read,
    size: u64,
    format: Format,
    wanted: &Wanted,
    limits: &Limits,
    known: &Known,
    told: &dyn Fn(u64),
) -> Result<(Seen, [u8; 32]), TableError> {
    let mut counted = Counted::new(bytes, size, told);
    let seen = if format.gzip {
        let inner = MultiGzDecoder::new(BufReader::with_capacity(input::BLOCK, &mut counted));
        rows(Input::new(inner, limits.file_bytes), format.layout, wanted, limits, known)
    } else {
        rows(Input::new(&mut counted, limits.file_bytes), format.layout, wanted, limits, known)
    }?;
    Ok((seen, counted.digest()?))
}

fn rows(input: Input<impl Read>, layout: Layout, wanted: &Wanted, limits: &Limits, known: &Known) -> Result<Seen, TableError> {
    let kinds = known.kinds.as_ref();
    match layout {
        Layout::Json => return json_table::read(input, wanted, limits, known),
        Layout::Tsv => delimited::read(input, b'\t', wanted, limits, kinds),
        Layout::JsonLines => json_lines::read(input, wanted, limits, kinds),
        Layout::Csv | Layout::Parquet => delimited::read(input, b',', wanted, limits, kinds),
    }
    .map(Seen::Rows)
}

/// Bytes of the source.
fn size(source: &Source) -> io::Result<u64> {
    match source {
        Source::File(file) => File::metadata(file).map(|metadata| metadata.len()),
        Source::Bytes(bytes) => Ok(bytes.len() as u64),
    }
}

/// A name or text of the file as a message may show it: not longer than a line.
fn shown(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::atomic::{AtomicU64, Ordering};

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use crate::column::{Cell, Value};

    use super::*;

    pub(super) fn cells<'t>(table: &'t Table, name: &str) -> Vec<Cell<'t>> {
        let column = table.column(name).expect("the column is there");
        (0..column.len()).map(|row| column.cell(row)).collect()
    }

    pub(super) fn text(layout: Layout, file: &str, names: &[&str]) -> Table {
        let wanted = names.iter().fold(Wanted::none(), |wanted, name| wanted.required(*name));
        read(Source::Bytes(file.into()), layout.into(), &wanted, &Limits::default(), &|_, _| {}).expect("a sound table")
    }

    pub(super) fn rejected(layout: Layout, file: &str, wanted: &Wanted, limits: &Limits) -> TableError {
        read(Source::Bytes(file.into()), layout.into(), wanted, limits, &|_, _| {}).expect_err("must be refused")
    }

    fn column(lines: &[&str]) -> Table {
        text(Layout::Csv, &format!("a,b\n{}", lines.iter().map(|line| format!("{line},\n")).collect::<String>()), &["a"])
    }

    #[test]
    fn a_column_is_of_the_narrowest_type_that_all_cells_have() {
        use Cell::{Boolean, Integer, Missing, Number, Text};
        let is = |lines: &[&str], expected: &[Cell<'_>]| assert_eq!(cells(&column(lines), "a"), expected, "{lines:?}");
        is(&["1", "NA", "", "-2"], &[Integer(1), Missing, Missing, Integer(-2)]);
        is(&["1", "0.5"], &[Number(1.0), Number(0.5)]);
        is(&["0.5", "1", "None"], &[Number(0.5), Number(1.0), Missing]);
        is(&["", "True", "false"], &[Missing, Boolean(true), Boolean(false)]);
        is(&["True", "1"], &[Text("True"), Text("1")]);
        is(&["1.50", "+1", "NA", "", "x"], &[Text("1.50"), Text("+1"), Text("NA"), Missing, Text("x")]);
        is(&["NA", "DE"], &[Text("NA"), Text("DE")]);
        is(&["", "DE", "NA"], &[Missing, Text("DE"), Text("NA")]);
        is(&["NA", "+1", "18446744073709551615"], &[Missing, Text("+1"), Text("18446744073709551615")]);
        is(&["18446744073709551615", "7", "NA"], &[Text("18446744073709551615"), Text("7"), Missing]);
        is(&["18446744073709551615", "7", "0.5"], &[Number(18446744073709551615.0), Number(7.0), Number(0.5)]);
        is(&["", "NA"], &[Missing, Missing]);
        is(&[], &[]);
    }

    #[test]
    fn json_and_csv_give_the_same_meanings() {
        let csv = text(Layout::Csv, "id,label,score\n1,True,0.5\n2,False,nan\n3,,1\n", &["id", "label", "score"]);
        let json = "{\"id\":1,\"label\":true,\"score\":0.5}\n{\"score\":NaN,\"id\":2,\"label\":0}\n{\"id\":\"3\",\"score\":1.0}\n";
        let json = text(Layout::JsonLines, json, &["id", "label", "score"]);
        for name in ["id", "label", "score"] {
            let (one, two) = (csv.column(name).expect("there"), json.column(name).expect("there"));
            assert!((0..3).all(|row| one.value(row) == two.value(row)), "{name}");
        }
        assert_eq!(cells(&json, "id"), [Cell::Text("1"), Cell::Text("2"), Cell::Text("3")]);
        assert_eq!(json.column("id").and_then(|ids| ids.numbers()).as_deref(), Some([1.0, 2.0, 3.0].as_slice()));
    }

    #[test]
    fn a_file_and_its_bytes_give_the_same_table_and_progress_ends() {
        let csv = format!("id,x\n{}1,z\n", "1,2\n".repeat(100_000));
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(csv.as_bytes()).expect("written");
        let last = AtomicU64::new(0);
        let progress = |done: u64, all: u64| {
            assert!(done <= all && last.swap(done, Ordering::Relaxed) <= done, "progress goes on");
        };
        let wanted = Wanted::none().required("x");
        let from_file = read(Source::File(file), Layout::Csv.into(), &wanted, &Limits::default(), &progress).expect("sound");
        assert_eq!(last.load(Ordering::Relaxed), csv.len() as u64 * 2, "read twice, for the last cell is a text");
        assert_eq!(from_file, text(Layout::Csv, &csv, &["x"]));
        assert_eq!(from_file.rows(), 100_001);
        assert_eq!(from_file.digest()[..], Sha256::digest(&csv)[..]);
    }

    #[test]
    fn what_is_compressed_is_limited_by_what_it_becomes() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(format!("a\n{}", "1\n".repeat(1 << 18)).as_bytes()).expect("packed");
        let packed = packed.finish().expect("packed");
        assert!(packed.len() < 1 << 15);
        let format = Format { layout: Layout::Csv, gzip: true };
        let wanted = Wanted::none().required("a");
        let with = |limits: &Limits| read(Source::Bytes(packed.clone()), format, &wanted, limits, &|_, _| {});
        assert_eq!(with(&Limits::default()).expect("sound").rows(), 1 << 18);
        let limits = Limits { file_bytes: 1 << 18, ..Limits::default() };
        assert!(matches!(with(&limits), Err(TableError::TooLarge { what: "bytes in the file", .. })));
        let limits = Limits { held_bytes: 1 << 20, ..Limits::default() };
        assert!(matches!(with(&limits), Err(TableError::TooLarge { what: "bytes of columns in memory", .. })));
    }

    proptest! {
        /// The value of a cell depends on nothing but its own text, whatever else its column holds and in which order.
        #[test]
        fn meaning_does_not_depend_on_the_other_cells(
            lines in proptest::collection::vec(prop_oneof![
                "-?[0-9]{1,3}", "[0-9]\\.[0-9]{1,2}", Just("True".to_owned()), Just(String::new()), "0[0-9]", "[0-9]{20}", "[a-z ]{1,3}"
            ], 0..12)
        ) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let table = column(&lines);
            let column = table.column("a").expect("there");
            // Beside numbers with a fraction, integers beyond 64 bits are what a double holds of them.
            let rounds = matches!(column, crate::Column::Numbers { .. });
            for (row, line) in lines.iter().enumerate().filter(|(_, line)| !rounds || line.len() < 20) {
                prop_assert_eq!(column.value(row), Value::of(line), "{:?}", lines);
            }
        }
    }
}
