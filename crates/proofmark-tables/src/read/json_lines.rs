//! JSON lines: an object a line, of which the wanted keys at the top are read. Empty lines are passed over, other keys may
//! hold anything, and a wanted key twice in one object is an error.

use std::io::Read;

use proofmark_core::config::nearest;

use crate::column::scalar::{self, Scalar};
use crate::error::TableError;
use crate::source::{Limits, Wanted};

use super::builder::{Builders, Kinds};
use super::input::Input;
use super::json::{Json, Scanner, Told};
use super::shown;

/// Bytes of a line, wanted or not.
const MOST_BYTES: usize = 32 << 20;

/// Keys that are remembered to name one when a column is missing.
const KEYS: usize = 200;

/// Reads all rows.
pub(super) fn read(mut input: Input<impl Read>, wanted: &Wanted, limits: &Limits, kinds: Option<&Kinds>) -> Result<Builders, TableError> {
    let names: Vec<&str> = wanted.columns().map(|(name, _)| name).collect();
    let mut builders = Builders::new(names.iter().map(|name| (*name).to_owned()), limits, kinds);
    let mut keys = Keys { wanted: &names, others: Vec::new(), expected: 0 };
    let (mut line, mut searched, mut at_end) = (0, 0, false);
    loop {
        let window = input.window();
        let end = window.get(searched..).and_then(|rest| memchr::memchr(b'\n', rest)).map(|at| searched + at);
        let end = end.or((at_end && !window.is_empty()).then_some(window.len()));
        if let Some(end) = end {
            line += 1;
            row(window.get(..end).unwrap_or_default(), line, &mut keys, &mut builders)?;
            input.consume(end + 1);
            searched = 0;
        } else if at_end {
            break;
        } else if window.len() > MOST_BYTES {
            return Err(TableError::TooLarge { what: "bytes in a line", limit: MOST_BYTES as u64 });
        } else {
            searched = window.len();
            at_end = !input.more()?;
        }
    }
    refuse_missing(wanted, &builders, &keys)?;
    Ok(builders)
}

/// What is known of the keys of the objects.
struct Keys<'w> {
    wanted: &'w [&'w str],
    /// Some keys that are not wanted.
    others: Vec<String>,
    /// The wanted column that comes next if this object has the order of the last.
    expected: usize,
}

impl Keys<'_> {
    fn find(&mut self, key: &[u8]) -> Option<usize> {
        let is = |index: &usize| self.wanted.get(*index).is_some_and(|name| name.as_bytes() == key);
        let index = Some(self.expected).filter(is).or_else(|| (0..self.wanted.len()).find(is))?;
        self.expected = index + 1;
        Some(index)
    }

    fn remember(&mut self, key: &[u8]) {
        if self.others.len() < KEYS && key.len() < 1000 {
            let key = String::from_utf8_lossy(key);
            if !self.others.iter().any(|known| *known == key) {
                self.others.push(key.into_owned());
            }
        }
    }
}

fn row(text: &[u8], line: u64, keys: &mut Keys<'_>, builders: &mut Builders) -> Result<(), TableError> {
    let text = if line == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
    if text.trim_ascii().is_empty() {
        return Ok(());
    }
    cells(text, line, keys, builders).map_err(|refused| match refused {
        Refused::Told(told) => TableError::malformed(line, told),
        Refused::Error(error) => error,
    })?;
    builders.end_row()
}

/// Why a line is refused.
enum Refused {
    Told(Told),
    Error(TableError),
}

impl From<Told> for Refused {
    fn from(told: Told) -> Self {
        Self::Told(told)
    }
}

fn cells(text: &[u8], line: u64, keys: &mut Keys<'_>, builders: &mut Builders) -> Result<(), Refused> {
    let mut scanner = Scanner::object(text)?;
    let mut is_first = true;
    while let Some(key) = scanner.key(is_first)? {
        is_first = false;
        let Some(index) = keys.find(&key) else {
            keys.remember(&key);
            scanner.skip()?;
            continue;
        };
        let value = scanner.value()?;
        let (scalar, text) = match &value {
            Json::Null => (Scalar::Empty, b"".as_slice()),
            Json::Boolean(true) => (Scalar::Boolean(true), b"true".as_slice()),
            Json::Boolean(false) => (Scalar::Boolean(false), b"false".as_slice()),
            Json::Number(text) => (number(text), *text),
            Json::Text(text) => (Scalar::Text, text.as_ref()),
            Json::Nested => {
                let name = keys.wanted.get(index).copied().unwrap_or_default();
                let told = format!("an object or a list in column `{}` (line {line})", shown(name));
                return Err(Refused::Error(TableError::Unsupported { told }));
            }
        };
        if !builders.put(index, scalar, text, line).map_err(Refused::Error)? {
            let name = keys.wanted.get(index).copied().unwrap_or_default().to_owned();
            return Err(Refused::Error(TableError::DuplicateColumn { name, line: Some(line) }));
        }
    }
    Ok(())
}

/// What a number means that JSON, or Python, writes so.
fn number(text: &[u8]) -> Scalar {
    if let Some(value) = scalar::integer(text) {
        return Scalar::Integer(value);
    }
    let is_digits = text.iter().all(u8::is_ascii_digit);
    let value = || str::from_utf8(text).ok().and_then(scalar::number);
    if is_digits { Scalar::Wide } else { value().map_or(Scalar::Text, Scalar::Number) }
}

fn refuse_missing(wanted: &Wanted, builders: &Builders, keys: &Keys<'_>) -> Result<(), TableError> {
    if builders.rows() == 0 {
        return Err(TableError::malformed(None, "the file is empty"));
    }
    let absent: Vec<&str> = builders.absent().collect();
    match wanted.columns().find(|(name, required)| *required && absent.contains(name)) {
        None => Ok(()),
        Some((name, _)) => {
            let nearest = nearest(name, keys.others.iter().map(String::as_str)).map(shown);
            Err(TableError::MissingColumn { name: name.to_owned(), nearest })
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::column::Cell;
    use crate::read::tests::{cells, rejected, text};
    use crate::source::{Layout, Limits, Wanted};

    #[test]
    fn keys_may_come_in_any_order_or_not_at_all() {
        let file = "\u{feff}{\"a\":1,\"b\":\"x\"}\r\n\r\n{\"b\":null,\"c\":[1],\"a\":2}\n{\"b\":\"\"}";
        let table = text(Layout::JsonLines, file, &["a", "b"]);
        assert_eq!(cells(&table, "a"), [Cell::Integer(1), Cell::Integer(2), Cell::Missing]);
        assert_eq!(cells(&table, "b"), [Cell::Text("x"), Cell::Missing, Cell::Text("")]);
    }

    #[test]
    fn mixed_values_become_their_texts() {
        let table = text(Layout::JsonLines, "{\"a\":1.50}\n{\"a\":true}\n{\"a\":\"NA\"}\n{\"a\":\"\"}", &["a"]);
        assert_eq!(cells(&table, "a"), [Cell::Text("1.50"), Cell::Text("true"), Cell::Text("NA"), Cell::Text("")]);
        let table = text(Layout::JsonLines, "{\"a\":-Infinity}\n{\"a\":1e5}\n{\"a\":2}", &["a"]);
        assert_eq!(cells(&table, "a"), [Cell::Number(f64::NEG_INFINITY), Cell::Number(1e5), Cell::Number(2.0)]);
        let table = text(Layout::JsonLines, "{\"a\":18446744073709551615}\n{\"a\":1}", &["a"]);
        assert_eq!(cells(&table, "a"), [Cell::Text("18446744073709551615"), Cell::Text("1")]);
    }

    #[test]
    fn mistakes_name_their_line() {
        let told = |file: &str| rejected(Layout::JsonLines, file, &Wanted::none().required("score"), &Limits::default()).to_string();
        assert_eq!(told("{\"score\":1}\n\n{\"score\":}\n"), "line 3: a value is missing or no JSON");
        assert_eq!(told("{\"score\":1,\"score\":2}"), "line 1: column `score` stands twice");
        assert_eq!(told("{\"score\":[1]}"), "an object or a list in column `score` (line 1) is not supported");
        assert_eq!(told("{\"scores\":1}"), "no column `score`; there is `scores`");
        assert_eq!(told("[1]"), "line 1: each line must be a JSON object");
        assert_eq!(told(" \n"), "the file is empty");
        assert_eq!(told("{\"score\":\"\u{1}\"}"), "line 1: a control character in a text");
    }
}
