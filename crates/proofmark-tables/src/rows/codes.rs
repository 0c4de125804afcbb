//! Cells as small numbers: the same number for the same value, whatever the type of the column and the table it is in.

use std::collections::HashMap;

use crate::column::{Column, Value};

/// The code of a missing cell.
pub(crate) const MISSING: u32 = u32::MAX;
/// Whole numbers below this need no hashing; nearly all classes are such.
const SMALL: usize = 1024;

/// Columns as codes.
#[derive(Debug, Default)]
pub(crate) struct Coded<'a> {
    /// The distinct values but for the missing one, sorted; a code is a place in here.
    pub(crate) values: Vec<Value<'a>>,
    /// The codes of each column.
    pub(crate) columns: Vec<Vec<u32>>,
}

impl<'a> Coded<'a> {
    /// Codes for all columns together. `also` are values that get a code though no cell may have them.
    pub(crate) fn new(columns: &[&'a Column], also: impl IntoIterator<Item = Value<'a>>) -> Self {
        let mut book = Book::default();
        for value in also {
            book.code(value);
        }
        let coded: Vec<Vec<u32>> = columns.iter().map(|column| book.column(column)).collect();
        let mut order: Vec<u32> = (0..).take(book.values.len()).collect();
        let value = |code: u32| book.values.get(code as usize).copied().unwrap_or(Value::Missing);
        order.sort_unstable_by_key(|code| value(*code));
        let mut place = vec![MISSING; order.len()];
        for (sorted, code) in (0..).zip(&order) {
            if let Some(place) = place.get_mut(*code as usize) {
                *place = sorted;
            }
        }
        let values = order.iter().map(|code| value(*code)).collect();
        let mut columns = coded;
        // Codes change only where values were not found in their order.
        if !place.iter().copied().eq((0..).take(place.len())) {
            for code in columns.iter_mut().flatten() {
                *code = place.get(*code as usize).copied().unwrap_or(MISSING);
            }
        }
        Self { values, columns }
    }

    /// The code of a value.
    pub(crate) fn code(&self, value: Value<'_>) -> Option<u32> {
        self.values.binary_search_by(|known| (*known as Value<'_>).cmp(&value)).ok().and_then(|code| u32::try_from(code).ok())
    }
}

/// Values in the order in which they are met.
#[derive(Default)]
struct Book<'a> {
    values: Vec<Value<'a>>,
    codes: HashMap<Value<'a>, u32>,
    small: Vec<u32>,
}

impl<'a> Book<'a> {
    fn column(&mut self, column: &'a Column) -> Vec<u32> {
        match column {
            Column::Texts(texts) => {
                let codes: Vec<u32> = texts.dictionary().iter().map(|text| self.code(Value::of(text))).collect();
                texts.codes().iter().map(|code| codes.get(*code as usize).copied().unwrap_or(MISSING)).collect()
            }
            Column::Integers { .. } | Column::Numbers { .. } | Column::Booleans { .. } => {
                (0..column.len()).map(|row| self.code(column.value(row))).collect()
            }
        }
    }

    fn code(&mut self, value: Value<'a>) -> u32 {
        if let Value::Integer(whole) = value
            && let Ok(whole) = usize::try_from(whole)
            && whole < SMALL
        {
            if self.small.is_empty() {
                self.small.resize(SMALL, MISSING);
            }
            if let Some(known) = self.small.get(whole).copied().filter(|code| *code != MISSING) {
                return known;
            }
            let code = self.add(value);
            if let Some(small) = self.small.get_mut(whole) {
                *small = code;
            }
            return code;
        }
        if value == Value::Missing {
            return MISSING;
        }
        match self.codes.get(&value) {
            Some(code) => *code,
            None => {
                let code = self.add(value);
                self.codes.insert(value, code);
                code
            }
        }
    }

    fn add(&mut self, value: Value<'a>) -> u32 {
        // Tables have fewer rows than there are codes.
        let code = u32::try_from(self.values.len()).unwrap_or(MISSING);
        self.values.push(value);
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::{numbers, texts, whole};

    #[test]
    fn values_are_sorted_and_mean_the_same_in_every_column() {
        let (left, right) = (texts(&["spam", "", "1", "spam"]), numbers(&[1.0, f64::NAN, 0.5, 2000.0]));
        let coded = Coded::new(&[&left, &right], [Value::Text("ham")]);
        assert_eq!(coded.values.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1", "2000", "0.5", "ham", "spam"]);
        assert_eq!(coded.columns, [vec![4, MISSING, 0, 4], vec![0, MISSING, 2, 1]]);
        assert_eq!(coded.code(Value::of("2e+3")), Some(1));
        assert_eq!(coded.code(Value::of("eggs")), None);
    }

    #[test]
    fn numbers_come_by_size() {
        let column = whole(&[700, -1, 5, 100_000]);
        assert_eq!(Coded::new(&[&column], []).columns, [vec![2, 0, 1, 3]]);
    }
}
