//! One column of a table in memory, and what its cells mean.
//!
//! Kept small: eight bytes a row for numbers, four for texts, whose distinct values stand once, end to end, in one text; the
//! missing cells are bits, and none where nothing is missing. It does not read files.

use std::borrow::Cow;
use std::fmt;

use self::scalar::Scalar;

pub(crate) mod scalar;

/// The cells of one column, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Whole numbers; 0 where missing.
    Integers {
        /// One a row.
        values: Vec<i64>,
        /// The rows without a value.
        missing: Missing,
    },
    /// Numbers, of which some may be NaN or infinite; NaN where missing.
    Numbers {
        /// One a row.
        values: Vec<f64>,
        /// The rows without a value. A NaN that the file has is not missing.
        missing: Missing,
    },
    /// Truth values; false where missing.
    Booleans {
        /// One a row.
        values: Vec<bool>,
        /// The rows without a value.
        missing: Missing,
    },
    /// Texts.
    Texts(Texts),
}

impl Column {
    /// Rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Integers { values, .. } => values.len(),
            Self::Numbers { values, .. } => values.len(),
            Self::Booleans { values, .. } => values.len(),
            Self::Texts(texts) => texts.codes.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows without a value. NaN counts as a value.
    pub fn missing(&self) -> usize {
        match self {
            Self::Integers { missing, .. } | Self::Numbers { missing, .. } | Self::Booleans { missing, .. } => missing.count(),
            Self::Texts(texts) => texts.missing,
        }
    }

    /// Bytes that the column holds in memory, about.
    pub fn held_bytes(&self) -> usize {
        match self {
            Self::Integers { values, missing } => values.len() * 8 + missing.held_bytes(),
            Self::Numbers { values, missing } => values.len() * 8 + missing.held_bytes(),
            Self::Booleans { values, missing } => values.len() + missing.held_bytes(),
            Self::Texts(texts) => texts.codes.len() * 4 + texts.dictionary.held_bytes(),
        }
    }

    /// The cell as the file has it; missing beyond the last row.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        let cell = match self {
            Self::Integers { values, missing } => values.get(row).filter(|_| !missing.at(row)).map(|value| Cell::Integer(*value)),
            Self::Numbers { values, missing } => values.get(row).filter(|_| !missing.at(row)).map(|value| Cell::Number(*value)),
            Self::Booleans { values, missing } => values.get(row).filter(|_| !missing.at(row)).map(|value| Cell::Boolean(*value)),
            Self::Texts(texts) => texts.at(row).map(Cell::Text),
        };
        cell.unwrap_or(Cell::Missing)
    }

    /// What the cell means, whatever its type: short for `cell(row).value()`.
    pub fn value(&self, row: usize) -> Value<'_> {
        self.cell(row).value()
    }

    /// All cells as numbers, NaN where missing; truth values are 1 and 0. `None` when a text is not written as a number.
    ///
    /// Borrowed where the column holds numbers already. Integers beyond 2^53 lose their last digits, as in any double.
    pub fn numbers(&self) -> Option<Cow<'_, [f64]>> {
        match self {
            Self::Numbers { values, .. } => Some(Cow::Borrowed(values)),
            Self::Integers { values, missing } => Some(Cow::Owned(with_missing(values, missing, |value| value as f64))),
            Self::Booleans { values, missing } => Some(Cow::Owned(with_missing(values, missing, |value| f64::from(u8::from(value))))),
            Self::Texts(texts) => {
                let known: Option<Vec<f64>> = texts.dictionary.iter().map(scalar::number).collect();
                let known = known?;
                let of = |code: &u32| known.get(*code as usize).copied().unwrap_or(f64::NAN);
                Some(Cow::Owned(texts.codes.iter().map(of).collect()))
            }
        }
    }
}

fn with_missing<T: Copy>(values: &[T], missing: &Missing, number: impl Fn(T) -> f64) -> Vec<f64> {
    let mut numbers: Vec<f64> = values.iter().map(|value| number(*value)).collect();
    if missing.count() > 0 {
        numbers.iter_mut().enumerate().filter(|(row, _)| missing.at(*row)).for_each(|(_, number)| *number = f64::NAN);
    }
    numbers
}

/// One cell as the file has it.
///
/// `Display` gives the text that people know it by: `7`, `0.5`, `true`, `DE`, and nothing where it is missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Missing,
    /// A whole number.
    Integer(i64),
    /// A number, NaN or infinite too.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// A text.
    Text(&'a str),
}

impl<'a> Cell<'a> {
    /// What the cell means, whatever its type.
    pub fn value(self) -> Value<'a> {
        match self {
            Cell::Missing => Value::Missing,
            Cell::Integer(value) => Value::Integer(value),
            Cell::Number(value) => Value::of_number(value),
            Cell::Boolean(value) => Value::Integer(i64::from(value)),
            Cell::Text(text) => Value::of(text),
        }
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Missing => Ok(()),
            Cell::Integer(value) => value.fmt(out),
            Cell::Number(value) => fmt::Debug::fmt(value, out),
            Cell::Boolean(value) => value.fmt(out),
            Cell::Text(text) => text.fmt(out),
        }
    }
}

/// What a cell means, the same for every type and format: by this, labels, ids and slices of two tables are compared.
///
/// A cell means what its text would mean: so the integer `1`, the number `1.0`, the truth value `true` and the texts `1`,
/// `1.0`, `true` are one value. The number NaN is missing. A text that is not written as a number usually is stays itself, so
/// that ids do not collide: `007` is not `7`, `12e345` is not infinite, and an integer beyond 64 bits is its digits.
///
/// `Display` gives its text; ordered with missing first, then numbers by size, then texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value<'a> {
    /// No value, or NaN.
    Missing,
    /// A whole number, or a truth value as 1 or 0.
    Integer(i64),
    /// A number with a fraction, beyond the integers of 64 bits, or infinite.
    Number(Real),
    /// Any other text.
    Text(&'a str),
}

impl<'a> Value<'a> {
    /// The value that a text means; use it for what a policy writes (`positive = "1"`).
    pub fn of(text: &'a str) -> Self {
        match scalar::classify(text.as_bytes()) {
            Scalar::Empty => Self::Missing,
            Scalar::Integer(value) => Self::Integer(value),
            Scalar::Number(value) if value.is_finite() => Self::of_number(value),
            Scalar::Boolean(value) => Self::Integer(i64::from(value)),
            // `nan` is also a bread, and `inf` somebody's abbreviation: as texts they are what they say.
            Scalar::Number(_) | Scalar::Wide | Scalar::Word | Scalar::Text => Self::Text(text),
        }
    }

    fn of_number(value: f64) -> Self {
        // 2^63 is the first double that no i64 equals; below it the conversion is exact for whole numbers.
        const BEYOND: f64 = 9_223_372_036_854_775_808.0;
        if value.is_nan() {
            Self::Missing
        } else if value.fract() == 0.0 && (-BEYOND..BEYOND).contains(&value) {
            Self::Integer(value as i64)
        } else {
            Self::Number(Real(value))
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Missing => Ok(()),
            Value::Integer(value) => value.fmt(out),
            Value::Number(Real(value)) => fmt::Debug::fmt(value, out),
            Value::Text(text) => text.fmt(out),
        }
    }
}

/// A number that is not NaN and not a whole number of 64 bits, so that equal ones have equal bits.
#[derive(Debug, Clone, Copy)]
pub struct Real(f64);

impl Real {
    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Real {}

impl std::hash::Hash for Real {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Real {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// A column of texts: a code a row, and each distinct text once, numbered in the order in which they first stand in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    codes: Vec<u32>,
    missing: usize,
    dictionary: Dictionary,
}

impl Texts {
    /// The code of a cell without a text.
    pub const MISSING: u32 = u32::MAX;

    /// Codes that [`Self::dictionary`] knows, or [`Self::MISSING`].
    pub(crate) fn new(codes: Vec<u32>, missing: usize, dictionary: Dictionary) -> Self {
        Self { codes, missing, dictionary }
    }

    /// The code of each row.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The distinct texts by code.
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// The text of a row; `None` where missing.
    pub fn at(&self, row: usize) -> Option<&str> {
        self.codes.get(row).and_then(|code| self.dictionary.text(*code))
    }
}

/// Distinct texts, end to end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dictionary {
    text: String,
    ends: Vec<u32>,
}

impl Dictionary {
    /// How many texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a code; `None` for [`Texts::MISSING`].
    pub fn text(&self, code: u32) -> Option<&str> {
        let code = code as usize;
        let end = *self.ends.get(code)? as usize;
        let start = code.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |start| *start as usize);
        self.text.get(start..end)
    }

    /// The texts in the order of their codes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let text = self.text.get(start..*end as usize).unwrap_or_default();
            start = *end as usize;
            text
        })
    }

    /// Bytes that the texts hold in memory.
    pub fn held_bytes(&self) -> usize {
        self.text.len() + self.ends.len() * 4
    }

    /// Adds a text and gives its code; `None` when codes or places no longer fit.
    pub(crate) fn push(&mut self, text: &str) -> Option<u32> {
        let code = u32::try_from(self.ends.len()).ok().filter(|code| *code != Texts::MISSING)?;
        let end = u32::try_from(self.text.len().checked_add(text.len())?).ok()?;
        self.text.push_str(text);
        self.ends.push(end);
        Some(code)
    }

    /// Gives back what growing left over.
    pub(crate) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// Rows without a value, a bit each; no memory where there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    words: Vec<u64>,
    count: usize,
}

impl Missing {
    /// How many.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether this row has no value.
    pub fn at(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Marks a row; each row is marked once.
    pub(crate) fn mark(&mut self, row: usize) {
        let word = row / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (row % 64);
            self.count += 1;
        }
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.words.len() * 8
    }
}
