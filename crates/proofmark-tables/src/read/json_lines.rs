//! JSON lines: an object a line, of which the wanted keys at the top are read. Empty lines are passed over, other keys may
//! hold anything, and a wanted key twice in one object is an error.

use std::io::Read;

use crate::error::TableError;
use crate::source::{Limits, Wanted};

use super::builder::{Builders, Kinds};
use super::input::Input;
use super::json_cells::{self, Keys, Place};

/// Bytes of a line, wanted or not.
const MOST_BYTES: usize = 32 << 20;

/// Reads all rows.
pub(super) fn read(mut input: Input<impl Read>, wanted: &Wanted, limits: &Limits, kinds: Option<&Kinds>) -> Result<Builders, TableError> {
    let names: Vec<&str> = wanted.columns().map(|(name, _)| name).collect();
    let mut builders = Builders::new(names.iter().map(|name| (*name).to_owned()), limits, kinds);
    let mut keys = Keys::new(&names);
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
    json_cells::refuse_missing(wanted, &builders, &keys)?;
    Ok(builders)
}

fn row(text: &[u8], line: u64, keys: &mut Keys<'_>, builders: &mut Builders) -> Result<(), TableError> {
    let text = if line == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
    if text.trim_ascii().is_empty() {
        return Ok(());
    }
    json_cells::object(text, Place::Line(line), keys, builders)?;
    builders.end_row()
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
