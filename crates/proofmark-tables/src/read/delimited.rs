//! Comma- and tab-separated tables, as RFC 4180 and the usual writers have them: a header, quotes with doubled quotes and
//! line breaks inside, LF or CRLF, a byte order mark. Empty lines are passed over; a row with more or fewer fields than the
//! header is an error.

use std::io::Read;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use proofmark_core::config::nearest;

use crate::column::scalar::{self, Scalar};
use crate::error::TableError;
use crate::source::{Limits, Wanted};

use super::builder::{Builders, Kinds};
use super::input::Input;
use super::shown;

/// Fields of a row, wanted or not.
const MOST_FIELDS: usize = 1 << 16;

/// Bytes of a row without its quotes, wanted or not.
const MOST_BYTES: usize = 32 << 20;

/// Reads all rows.
pub(super) fn read(
    input: Input<impl Read>,
    delimiter: u8,
    wanted: &Wanted,
    limits: &Limits,
    kinds: Option<&Kinds>,
) -> Result<Builders, TableError> {
    let mut rows = Rows::new(input, delimiter);
    let Some(header) = rows.next()? else {
        return Err(TableError::malformed(None, "the file is empty"));
    };
    let fields = header.ends.len();
    let places = places(&header, wanted, limits)?;
    let mut builders = Builders::new(places.iter().map(|(name, _)| name.clone()), limits, kinds);
    (0..places.len()).for_each(|index| builders.column(index).into_iter().for_each(|column| column.mark_found()));
    while let Some(row) = rows.next()? {
        if row.ends.len() != fields {
            let told = format!("{} fields where the header has {fields}", row.ends.len());
            return Err(TableError::malformed(row.line, told));
        }
        for (index, (_, place)) in places.iter().enumerate() {
            let text = row.field(*place);
            let as_text = builders.column(index).is_some_and(|column| column.takes_texts());
            let scalar = match as_text {
                true if text.is_empty() => Scalar::Empty,
                true => Scalar::Text,
                false => scalar::classify(text),
            };
            builders.put(index, scalar, text, row.line)?;
        }
        builders.end_row()?;
    }
    Ok(builders)
}

/// Names of the wanted columns that the header has, and their places.
fn places(header: &Row<'_>, wanted: &Wanted, limits: &Limits) -> Result<Vec<(String, usize)>, TableError> {
    let mut names = Vec::new();
    for place in 0..header.ends.len() {
        let name = header.field(place);
        if name.len() > limits.cell_bytes {
            return Err(TableError::TooLarge { what: "bytes in the name of a column", limit: limits.cell_bytes as u64 });
        }
        names.push(String::from_utf8_lossy(name));
    }
    let mut places = Vec::new();
    for (name, required) in wanted.columns() {
        let mut found = names.iter().enumerate().filter(|(_, known)| *known == name).map(|(place, _)| place);
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => return Err(TableError::DuplicateColumn { name: name.to_owned(), line: Some(header.line) }),
            (Some(place), None) => places.push((name.to_owned(), place)),
            (None, _) if required => {
                let nearest = nearest(name, names.iter().map(AsRef::as_ref).filter(|known: &&str| known.len() < 1000)).map(shown);
                return Err(TableError::MissingColumn { name: name.to_owned(), nearest });
            }
            (None, _) => {}
        }
    }
    Ok(places)
}

/// One row: its fields end to end, and where each ends.
struct Row<'r> {
    text: &'r [u8],
    ends: &'r [usize],
    /// Where it begins, from 1.
    line: u64,
}

impl Row<'_> {
    fn field(&self, place: usize) -> &[u8] {
        let end = self.ends.get(place).copied().unwrap_or_default();
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before).copied()).unwrap_or_default();
        self.text.get(start..end).unwrap_or_default()
    }
}

/// The rows of a file, one at a time in the same memory.
struct Rows<R> {
    input: Input<R>,
    parser: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    at_end: bool,
    /// Lines that the parser did not see.
    passed: u64,
}

impl<R: Read> Rows<R> {
    fn new(input: Input<R>, delimiter: u8) -> Self {
        let parser = ReaderBuilder::new().delimiter(delimiter).build();
        Self { input, parser, text: vec![0; 4096], ends: vec![0; 64], at_end: false, passed: 0 }
    }

    fn next(&mut self) -> Result<Option<Row<'_>>, TableError> {
        self.pass_line_ends()?;
        let (mut written, mut fields) = (0, 0);
        let line = self.parser.line() + self.passed;
        loop {
            if self.input.window().is_empty() && !self.at_end {
                self.at_end = !self.input.more()?;
            }
            let text = self.text.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(fields..).unwrap_or_default();
            // No input left means to the parser that the file ends here.
            let (result, consumed, bytes, count) = self.parser.read_record(self.input.window(), text, ends);
            self.input.consume(consumed);
            written += bytes;
            fields += count;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => grow(&mut self.text, MOST_BYTES, "bytes in a row")?,
                ReadRecordResult::OutputEndsFull => grow(&mut self.ends, MOST_FIELDS, "fields in a row")?,
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        let (text, ends) = (self.text.get(..written).unwrap_or_default(), self.ends.get(..fields).unwrap_or_default());
        Ok(Some(Row { text, ends, line }))
    }

    /// Passes over empty lines, and the second half of CRLF, which the parser would count with the row behind.
    fn pass_line_ends(&mut self) -> Result<(), TableError> {
        loop {
            if self.input.window().is_empty() && !self.at_end {
                self.at_end = !self.input.more()?;
            }
            let ends = self.input.window().iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
            let (count, lines) = ends.fold((0, 0), |(count, lines), byte| (count + 1, lines + u64::from(*byte == b'\n')));
            if count == 0 {
                return Ok(());
            }
            self.input.consume(count);
            self.passed += lines;
        }
    }
}

fn grow<T: Copy + Default>(room: &mut Vec<T>, most: usize, what: &'static str) -> Result<(), TableError> {
    if room.len() >= most {
        return Err(TableError::TooLarge { what, limit: most as u64 });
    }
    room.resize((room.len() * 2).min(most), T::default());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::column::{Cell, Column};
    use crate::error::TableError;
    use crate::read::tests::{cells, rejected, text};
    use crate::source::{Layout, Limits, Wanted};

    #[test]
    fn quotes_line_ends_and_marks_are_as_writers_have_them() {
        let plain = "id,note\r\n1,\"a, \"\"b\"\"\r\nc\"\r\n\r\n2,d";
        for file in [plain.to_owned(), format!("\u{feff}{plain}\n"), plain.replace("\r\n2", "\n\n2")] {
            let table = text(Layout::Csv, &file, &["id", "note"]);
            assert_eq!(cells(&table, "id"), [Cell::Integer(1), Cell::Integer(2)], "{file:?}");
            assert_eq!(cells(&table, "note"), [Cell::Text("a, \"b\"\r\nc"), Cell::Text("d")], "{file:?}");
        }
        let table = text(Layout::Tsv, "id\tnote\n1\ta,b\n", &["note"]);
        assert_eq!(cells(&table, "note"), [Cell::Text("a,b")]);
    }

    #[test]
    fn a_row_of_another_length_is_named_by_its_line() {
        let told = |file: &str| rejected(Layout::Csv, file, &Wanted::none().required("a"), &Limits::default()).to_string();
        assert_eq!(told("a,b\n1,2\n1,\"x\ny\"\n1\n"), "line 5: 1 fields where the header has 2");
        assert_eq!(told("a,b\r\n1,2\r\n\r\n1,2,3\r\n"), "line 4: 3 fields where the header has 2");
        assert_eq!(told(""), "the file is empty");
        assert_eq!(told("\n\n"), "the file is empty");
        assert_eq!(told("a,a\n1,2\n"), "line 1: column `a` stands twice");
        assert_eq!(told("A,b\n1,2\n"), "no column `a`; there is `A`");
    }

    #[test]
    fn columns_that_nobody_wants_may_be_anything() {
        let table = text(Layout::Csv, "x,a,x,\n\"\",1,\u{0},z\n", &["a"]);
        assert_eq!(cells(&table, "a"), [Cell::Integer(1)]);
        let table = text(Layout::Csv, "a,b\n", &["a"]);
        assert_eq!((table.rows(), table.column("a").map(Column::len), table.column("b")), (0, Some(0), None));
    }

    #[test]
    fn limits_stop_rows_cells_and_files() {
        let limits = Limits { rows: 2, cell_bytes: 4, file_bytes: 40, held_bytes: 1 << 20 };
        let told = |file: &str| match rejected(Layout::Csv, file, &Wanted::none().required("a"), &limits) {
            TableError::TooLarge { what, limit } => (what, limit),
            other => panic!("{other}"),
        };
        assert_eq!(told("a\n1\n2\n3\n"), ("rows", 2));
        assert_eq!(told("a\nlong!\n"), ("bytes in a cell", 4));
        assert_eq!(told(&"a\n".repeat(21)), ("bytes in the file", 40));
    }
}
