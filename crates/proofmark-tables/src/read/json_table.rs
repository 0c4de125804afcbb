//! Tables that are one JSON document, in the two forms that pandas writes and MLflow logs: an object with `columns` and
//! `data`, a list of rows that are lists (`orient="split"`, perhaps with an `index`, which is no column), and a list of
//! objects (`orient="records"`).
//!
//! Rows are read one at a time out of a moving window, so the document is never held. Rows behind which the names of columns
//! stand are passed over, to be read by a second pass. An object that begins otherwise is taken for JSON lines, which pandas
//! writes into any file (`lines=True`).

use std::io::Read;

use crate::error::TableError;
use crate::source::{Limits, Wanted};

use super::builder::{Builders, Kinds};
use super::input::Input;
use super::json::{Scanner, Told};
use super::json_cells::{self, Keys, Place};
use super::json_lines;
use super::{Known, Seen};

use self::values::Values;

#[cfg(test)]
mod tests;
mod values;

/// Columns of a table, wanted or not.
const MOST_COLUMNS: usize = 1 << 16;

/// What a table in JSON may be.
const FORMS: &str = "a JSON table is an object with the lists `columns` and `data`, a list of objects, or an object a line";

/// The names of columns by their place; `None` for one that is no name, such as a list of names.
pub(super) type Names = Vec<Option<Box<[u8]>>>;

/// Reads all rows, or only the names of columns if they stand behind the rows and are not known.
pub(super) fn read(input: Input<impl Read>, wanted: &Wanted, limits: &Limits, known: &Known) -> Result<Seen, TableError> {
    let mut values = Values::new(input)?;
    let kinds = known.kinds.as_ref();
    match values.peek()? {
        None => Err(TableError::malformed(None, "the file is empty")),
        Some(b'[') => records(values, wanted, limits, kinds).map(Seen::Rows),
        Some(b'{') if values.begins_split()? => Split::new(wanted, limits, known).read(values),
        Some(b'{') => lines(values.into_input(), wanted, limits, kinds).map(Seen::Rows),
        Some(_) => Err(TableError::malformed(None, FORMS)),
    }
}

/// A list of objects.
fn records(mut values: Values<impl Read>, wanted: &Wanted, limits: &Limits, kinds: Option<&Kinds>) -> Result<Builders, TableError> {
    let names: Vec<&str> = wanted.columns().map(|(name, _)| name).collect();
    let mut builders = Builders::new(names.iter().map(|name| (*name).to_owned()), limits, kinds);
    let mut keys = Keys::new(&names);
    let mut row = 0;
    values.takes(b'[')?;
    while values.item(row == 0, b']')? {
        row += 1;
        let place = Place::Row(row);
        if values.peek()? != Some(b'{') {
            return Err(place.told("an object is missing; a list without names of columns is no table"));
        }
        values.next(|text| json_cells::object(text, place, &mut keys, &mut builders))?;
        builders.end_row()?;
    }
    values.end()?;
    json_cells::refuse_missing(wanted, &builders, &keys)?;
    Ok(builders)
}

/// Objects, a line each.
fn lines(input: Input<impl Read>, wanted: &Wanted, limits: &Limits, kinds: Option<&Kinds>) -> Result<Builders, TableError> {
    json_lines::read(input, wanted, limits, kinds).map_err(|error| match error {
        // Most likely it was not meant as lines.
        TableError::Malformed { line: Some(1), told } => TableError::malformed(1, format!("{told}; {FORMS}")),
        other => other,
    })
}

/// An object with `columns` and `data`.
struct Split<'t> {
    wanted: &'t Wanted,
    limits: &'t Limits,
    known: &'t Known,
    /// The names of columns in this pass.
    names: Option<Names>,
    builders: Option<Builders>,
    /// Rows of `data`.
    rows: Option<u64>,
    /// Entries of `index`.
    index: Option<u64>,
}

impl<'t> Split<'t> {
    fn new(wanted: &'t Wanted, limits: &'t Limits, known: &'t Known) -> Self {
        Self { wanted, limits, known, names: None, builders: None, rows: None, index: None }
    }

    fn read(mut self, mut values: Values<impl Read>) -> Result<Seen, TableError> {
        let mut is_first = true;
        values.takes(b'{')?;
        while values.item(is_first, b'}')? {
            is_first = false;
            let key = values.key()?;
            match key.as_slice() {
                b"columns" if self.names.is_none() => self.names = Some(columns(&mut values, self.limits)?),
                b"data" if self.rows.is_none() => self.rows = Some(self.data(&mut values)?),
                b"index" if self.index.is_none() => self.index = Some(values.pass_list()?),
                b"columns" | b"data" | b"index" => {
                    let told = format!("`{}` stands twice", String::from_utf8_lossy(&key));
                    return Err(TableError::malformed(None, told));
                }
                _ => values.next(|text| Scanner::check(text).map_err(malformed))?,
            }
        }
        values.end()?;
        self.finish()
    }

    fn data(&mut self, values: &mut Values<impl Read>) -> Result<u64, TableError> {
        let Some(names) = self.names.as_ref().or(self.known.names.as_ref()) else { return values.pass_list() };
        let wanted: Vec<&str> = self.wanted.columns().map(|(name, _)| name).collect();
        let mut keys = Keys::new(&wanted);
        let mut builders = Builders::new(wanted.iter().map(|name| (*name).to_owned()), self.limits, self.known.kinds.as_ref());
        let places = places(names, &mut keys, &mut builders)?;
        json_cells::refuse_absent(self.wanted, &builders, &keys)?;
        let mut rows = 0;
        values.list()?;
        while values.item(rows == 0, b']')? {
            rows += 1;
            values.next(|text| row(text, Place::Row(rows), &places, &keys, &mut builders))?;
            builders.end_row()?;
        }
        self.builders = Some(builders);
        Ok(rows)
    }

    fn finish(self) -> Result<Seen, TableError> {
        let missing = |key: &str| TableError::malformed(None, format!("there is no `{key}`; {FORMS}"));
        let names = self.names.ok_or_else(|| missing("columns"))?;
        let rows = self.rows.ok_or_else(|| missing("data"))?;
        if let Some(index) = self.index.filter(|index| *index != rows) {
            return Err(TableError::malformed(None, format!("{index} entries of `index` for {rows} rows")));
        }
        if self.known.names.as_ref().is_some_and(|known| *known != names) {
            return Err(TableError::malformed(None, "the file changed while it was read"));
        }
        Ok(self.builders.map_or(Seen::Names(names), Seen::Rows))
    }
}

/// The names in `columns`.
fn columns(values: &mut Values<impl Read>, limits: &Limits) -> Result<Names, TableError> {
    let mut names = Names::new();
    values.list()?;
    while values.item(names.is_empty(), b']')? {
        if names.len() == MOST_COLUMNS {
            return Err(TableError::TooLarge { what: "columns", limit: MOST_COLUMNS as u64 });
        }
        names.push(values.next(|text| name(text).map_err(malformed))?);
        if names.last().and_then(Option::as_ref).is_some_and(|name| name.len() > limits.cell_bytes) {
            return Err(TableError::TooLarge { what: "bytes in the name of a column", limit: limits.cell_bytes as u64 });
        }
    }
    Ok(names)
}

/// A name; numbers are names too, as they are written.
fn name(text: &[u8]) -> Result<Option<Box<[u8]>>, Told> {
    if text.first() == Some(&b'"') {
        return Scanner::whole_text(text).map(|name| Some(name.into()));
    }
    Scanner::check(text)?;
    Ok((!matches!(text, b"null" | [b'[' | b'{', ..])).then(|| text.into()))
}

/// The wanted columns by their place in a row.
fn places(names: &Names, keys: &mut Keys<'_>, builders: &mut Builders) -> Result<Vec<Option<usize>>, TableError> {
    let mut places: Vec<Option<usize>> = Vec::with_capacity(names.len());
    for name in names {
        let place = name.as_ref().and_then(|name| keys.find(name));
        match (place, name) {
            (Some(index), Some(name)) if places.contains(&Some(index)) => {
                return Err(TableError::DuplicateColumn { name: String::from_utf8_lossy(name).into_owned(), line: None });
            }
            (Some(index), _) => builders.column(index).into_iter().for_each(|column| column.mark_found()),
            (None, Some(name)) => keys.remember(name),
            (None, None) => {}
        }
        places.push(place);
    }
    Ok(places)
}

/// Puts the wanted values of a list into the row that is being read.
fn row(text: &[u8], place: Place, places: &[Option<usize>], keys: &Keys<'_>, builders: &mut Builders) -> Result<(), TableError> {
    let told = |told: Told| place.told(told);
    let mut scanner = Scanner::list(text).map_err(told)?;
    let mut count = 0;
    while scanner.item(count == 0).map_err(told)? {
        match places.get(count) {
            Some(Some(index)) => json_cells::put(&scanner.value().map_err(told)?, *index, place, keys, builders)?,
            _ => scanner.skip().map_err(told)?,
        }
        count += 1;
    }
    if count == places.len() { Ok(()) } else { Err(place.told(format!("{count} values where there are {} columns", places.len()))) }
}

fn malformed(told: Told) -> TableError {
    TableError::malformed(None, told)
}
