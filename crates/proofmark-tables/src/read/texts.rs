//! A column of texts while it grows.

use crate::column::Texts;
use crate::error::TableError;
use crate::source::Limits;

use super::intern::Interner;

/// Remembered codes; more than most slice columns have values.
const REMEMBERED: usize = 256;

/// Codes of rows, and the texts that they stand for.
pub(super) struct TextBuilder {
    codes: Vec<u32>,
    missing: usize,
    interner: Interner,
    /// The last codes by a trait of their text that is cheap to see: few texts stand in most columns, and comparing a short
    /// text is quicker than hashing it.
    recent: Vec<u32>,
}

impl TextBuilder {
    /// So many rows without a text.
    pub(super) fn missing(rows: usize) -> Self {
        Self { codes: vec![Texts::MISSING; rows], missing: rows, interner: Interner::new(), recent: vec![Texts::MISSING; REMEMBERED] }
    }

    /// One more row; the line is told when the text is refused, 0 for none.
    pub(super) fn push(&mut self, text: &[u8], line: u64, limits: &Limits) -> Result<(), TableError> {
        let slot = slot(text);
        let known = self.recent.get(slot).copied().filter(|code| self.interner.is(*code, text));
        let code = match known {
            Some(code) => code,
            None => self.find(text, line, limits)?,
        };
        if let Some(recent) = self.recent.get_mut(slot) {
            *recent = code;
        }
        self.codes.push(code);
        Ok(())
    }

    /// One more row without a text.
    pub(super) fn push_missing(&mut self) {
        self.codes.push(Texts::MISSING);
        self.missing += 1;
    }

    /// Bytes in use.
    pub(super) fn held_bytes(&self) -> usize {
        self.codes.capacity() * 4 + self.interner.held_bytes()
    }

    /// The column.
    pub(super) fn finish(mut self) -> Texts {
        self.codes.shrink_to_fit();
        Texts::new(self.codes, self.missing, self.interner.finish())
    }

    fn find(&mut self, text: &[u8], line: u64, limits: &Limits) -> Result<u32, TableError> {
        if text.len() > limits.cell_bytes {
            return Err(TableError::TooLarge { what: "bytes in a cell", limit: limits.cell_bytes as u64 });
        }
        let line = (line > 0).then_some(line);
        let text = str::from_utf8(text).map_err(|_| TableError::malformed(line, "a text is not UTF-8"))?;
        self.interner.code(text).ok_or(TableError::TooLarge { what: "bytes of different texts in a column", limit: u64::from(u32::MAX) })
    }
}

fn slot(text: &[u8]) -> usize {
    let first = text.first().copied().unwrap_or_default();
    let last = text.last().copied().unwrap_or_default();
    (usize::from(first) * 31 + usize::from(last) * 7 + text.len()) % REMEMBERED
}
