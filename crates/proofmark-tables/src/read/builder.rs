//! Columns of a text format while they grow, and the search for their types.

use crate::column::scalar::{self, Scalar};
use crate::column::{Column, Missing};
use crate::error::TableError;
use crate::source::Limits;

use super::shown;
use super::texts::TextBuilder;

/// The types that a first pass found, for the second.
pub(super) type Kinds = Vec<Option<Kind>>;

/// What the cells of a column are so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Booleans,
    Integers,
    /// Integers, some of them beyond 64 bits.
    Wide,
    Numbers,
    Texts,
}

impl Kind {
    fn of(scalar: Scalar) -> Option<Self> {
        match scalar {
            Scalar::Empty | Scalar::Word => None,
            Scalar::Boolean(_) => Some(Self::Booleans),
            Scalar::Integer(_) => Some(Self::Integers),
            Scalar::Wide => Some(Self::Wide),
            Scalar::Number(_) => Some(Self::Numbers),
            Scalar::Text => Some(Self::Texts),
        }
    }

    /// The type of a column that has cells of both; the order of the cells cannot matter, since this is a maximum.
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Integers | Self::Wide, Self::Integers | Self::Wide) => Self::Wide,
            (Self::Integers | Self::Wide | Self::Numbers, Self::Integers | Self::Wide | Self::Numbers) => Self::Numbers,
            _ => Self::Texts,
        }
    }
}

/// All columns of one table.
pub(super) struct Builders {
    columns: Vec<(String, Builder)>,
    rows: usize,
    limits: Limits,
}

impl Builders {
    pub(super) fn new(names: impl IntoIterator<Item = String>, limits: &Limits, kinds: Option<&Kinds>) -> Self {
        let kind = |index: usize| kinds.and_then(|kinds| kinds.get(index).copied().flatten());
        let columns = names.into_iter().enumerate().map(|(index, name)| (name, Builder::new(kind(index), kinds.is_some()))).collect();
        Self { columns, rows: 0, limits: *limits }
    }

    /// Columns whose types the file tells; an integer may still turn out to be wider than 64 bits.
    pub(super) fn typed(columns: impl IntoIterator<Item = (String, Kind)>, limits: &Limits, kinds: Option<&Kinds>) -> Self {
        let (names, told): (Vec<String>, Kinds) = columns.into_iter().map(|(name, kind)| (name, Some(kind))).unzip();
        let mut builders = Self::new(names, limits, Some(kinds.unwrap_or(&told)));
        for (_, column) in &mut builders.columns {
            column.found = true;
            column.fixed = kinds.is_some();
        }
        builders
    }

    pub(super) fn column(&mut self, index: usize) -> Option<&mut Builder> {
        self.columns.get_mut(index).map(|(_, column)| column)
    }

    /// Puts one cell into the row that is being read; false if it has one in this column.
    pub(super) fn put(&mut self, index: usize, scalar: Scalar, text: &[u8], line: u64) -> Result<bool, TableError> {
        let rows = self.rows;
        match self.columns.get_mut(index) {
            Some((name, column)) if column.rows == rows => match column.push(scalar, text, line, &self.limits) {
                Ok(()) => Ok(true),
                Err(error) => Err(error.in_column(&shown(name))),
            },
            _ => Ok(false),
        }
    }

    /// Ends a row; columns without a cell in it have none.
    pub(super) fn end_row(&mut self) -> Result<(), TableError> {
        self.rows += 1;
        for (_, column) in &mut self.columns {
            if column.rows < self.rows {
                column.push_missing(false);
            }
        }
        if self.rows as u64 > self.limits.rows {
            return Err(TableError::TooLarge { what: "rows", limit: self.limits.rows });
        }
        if self.rows.is_multiple_of(4096) { self.check_held() } else { Ok(()) }
    }

    /// Ends so many rows at once, of which each column has all cells.
    pub(super) fn end_rows(&mut self, rows: usize) -> Result<(), TableError> {
        self.rows = rows;
        if self.columns.iter().all(|(_, column)| column.rows == rows) {
            return Ok(());
        }
        Err(TableError::malformed(None, "columns of different length"))
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Names of columns of which no row had a cell, not even a missing one.
    pub(super) fn absent(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|(_, column)| !column.found).map(|(name, _)| name.as_str())
    }

    /// The types of a second pass, where one is needed.
    pub(super) fn again(&self) -> Option<Kinds> {
        let lost = self.columns.iter().any(|(_, column)| matches!(column.store, Store::Lost));
        lost.then(|| self.columns.iter().map(|(_, column)| column.kind).collect())
    }

    /// Rows, and the columns that are there.
    pub(super) fn finish(self) -> Result<(usize, Vec<(String, Column)>), TableError> {
        self.check_held()?;
        let rows = self.rows;
        let found = self.columns.into_iter().filter(|(_, column)| column.found);
        Ok((rows, found.map(|(name, column)| (name, column.finish())).collect()))
    }

    /// Refuses columns that grew beyond the limit.
    pub(super) fn check_held(&self) -> Result<(), TableError> {
        let held: usize = self.columns.iter().map(|(_, column)| column.held_bytes()).sum();
        let limit = self.limits.held_bytes;
        if held as u64 > limit { Err(TableError::TooLarge { what: "bytes of columns in memory", limit }) } else { Ok(()) }
    }
}

/// One column.
pub(super) struct Builder {
    kind: Option<Kind>,
    /// The type is known from the first pass.
    fixed: bool,
    store: Store,
    missing: Missing,
    rows: usize,
    /// There was a word for a missing value, which a column of texts would have kept.
    words: bool,
    /// The file has this column.
    found: bool,
}

enum Store {
    /// Nothing but missing cells so far.
    Empty,
    Booleans(Vec<bool>),
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Texts(TextBuilder),
    /// Texts that are needed were not kept: only the type is still looked for.
    Lost,
}

impl Builder {
    fn new(kind: Option<Kind>, fixed: bool) -> Self {
        let mut builder = Self { kind, fixed, store: Store::Empty, missing: Missing::default(), rows: 0, words: false, found: false };
        if let Some(kind) = kind {
            builder.begin(kind);
        }
        builder
    }

    /// The column is there, even if it has no row.
    pub(super) fn mark_found(&mut self) {
        self.found = true;
    }

    /// Whether any cell is a text here, so that nobody needs to know what else it could be.
    pub(super) fn takes_texts(&self) -> bool {
        self.kind == Some(Kind::Texts)
    }

    /// One more cell; the line is told when it is refused, 0 for none.
    pub(super) fn push(&mut self, scalar: Scalar, text: &[u8], line: u64, limits: &Limits) -> Result<(), TableError> {
        self.found = true;
        let is_text = self.takes_texts();
        match (&mut self.store, scalar) {
            (Store::Integers(values), Scalar::Integer(value)) => values.push(value),
            (Store::Numbers(values), Scalar::Number(value)) => values.push(value),
            (_, Scalar::Empty) => {
                self.push_missing(false);
                return Ok(());
            }
            (Store::Texts(texts), _) if is_text => texts.push(text, line, limits)?,
            (_, Scalar::Word) => {
                self.push_missing(true);
                return Ok(());
            }
            (Store::Texts(texts), Scalar::Integer(_) | Scalar::Wide) => texts.push(text, line, limits)?,
            (Store::Numbers(values), Scalar::Integer(value)) => values.push(value as f64),
            (Store::Numbers(values), Scalar::Wide) => values.push(wide(text)),
            (Store::Booleans(values), Scalar::Boolean(value)) => values.push(value),
            _ => return self.turn(scalar, text, line, limits),
        }
        self.rows += 1;
        Ok(())
    }

    /// Makes the column one that can hold this cell too.
    fn turn(&mut self, scalar: Scalar, text: &[u8], line: u64, limits: &Limits) -> Result<(), TableError> {
        if self.fixed {
            return Err(TableError::malformed(line, "the file changed while it was read"));
        }
        let kind = Kind::of(scalar).map(|new| self.kind.map_or(new, |kind| kind.with(new)));
        self.kind = kind;
        let holds = match (&mut self.store, kind) {
            (Store::Empty, Some(kind)) if kind != Kind::Texts || !self.words => {
                self.begin(kind);
                true
            }
            (Store::Integers(values), Some(Kind::Numbers)) => {
                self.store = Store::Numbers(values.iter().map(|value| *value as f64).collect());
                true
            }
            _ => false,
        };
        if holds {
            return self.push(scalar, text, line, limits);
        }
        self.store = Store::Lost;
        self.rows += 1;
        Ok(())
    }

    /// Begins to hold cells of this type; all so far were missing.
    fn begin(&mut self, kind: Kind) {
        let rows = self.rows;
        self.store = match kind {
            Kind::Booleans => Store::Booleans(vec![false; rows]),
            Kind::Integers => Store::Integers(vec![0; rows]),
            Kind::Numbers => Store::Numbers(vec![f64::NAN; rows]),
            Kind::Wide | Kind::Texts => Store::Texts(TextBuilder::missing(rows)),
        };
        if !matches!(self.store, Store::Texts(_)) {
            (0..rows).for_each(|row| self.missing.mark(row));
        }
    }

    fn push_missing(&mut self, is_word: bool) {
        self.words |= is_word;
        match &mut self.store {
            Store::Empty | Store::Lost => {}
            Store::Texts(texts) => texts.push_missing(),
            Store::Booleans(values) => {
                values.push(false);
                self.missing.mark(self.rows);
            }
            Store::Integers(values) => {
                values.push(0);
                self.missing.mark(self.rows);
            }
            Store::Numbers(values) => {
                values.push(f64::NAN);
                self.missing.mark(self.rows);
            }
        }
        self.rows += 1;
    }

    fn held_bytes(&self) -> usize {
        let cells = match &self.store {
            Store::Empty | Store::Lost => 0,
            Store::Booleans(values) => values.capacity(),
            Store::Integers(values) => values.capacity() * 8,
            Store::Numbers(values) => values.capacity() * 8,
            Store::Texts(texts) => texts.held_bytes(),
        };
        cells + self.missing.held_bytes()
    }

    fn finish(self) -> Column {
        let missing = self.missing;
        match self.store {
            Store::Empty | Store::Lost => Column::Texts(TextBuilder::missing(self.rows).finish()),
            Store::Booleans(mut values) => {
                values.shrink_to_fit();
                Column::Booleans { values, missing }
            }
            Store::Integers(mut values) => {
                values.shrink_to_fit();
                Column::Integers { values, missing }
            }
            Store::Numbers(mut values) => {
                values.shrink_to_fit();
                Column::Numbers { values, missing }
            }
            Store::Texts(texts) => Column::Texts(texts.finish()),
        }
    }
}

/// An integer beyond 64 bits among numbers.
fn wide(text: &[u8]) -> f64 {
    str::from_utf8(text).ok().and_then(scalar::number).unwrap_or(f64::NAN)
}
