//! The values of a JSON document one at a time, each whole in a window that moves over the bytes.

use std::io::Read;

use crate::error::TableError;
use crate::read::input::Input;
use crate::read::json::Scanner;

use super::malformed;

/// Bytes of one value that is taken whole: a row, wanted or not.
const MOST_BYTES: usize = 32 << 20;

/// A place in the document, between two values.
pub(super) struct Values<R> {
    input: Input<R>,
}

impl<R: Read> Values<R> {
    /// At the beginning, behind the byte order mark where there is one.
    pub(super) fn new(mut input: Input<R>) -> Result<Self, TableError> {
        input.more()?;
        if input.window().starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        Ok(Self { input })
    }

    /// The bytes from here on.
    pub(super) fn into_input(self) -> Input<R> {
        self.input
    }

    /// The next byte that is no blank; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, TableError> {
        loop {
            let window = self.input.window();
            let blanks = window.iter().position(|byte| !is_blank(*byte));
            let next = blanks.and_then(|at| window.get(at).copied());
            let blanks = blanks.unwrap_or(window.len());
            self.input.consume(blanks);
            if next.is_some() || !self.input.more()? {
                return Ok(next);
            }
        }
    }

    /// Passes over this byte if it is the next.
    pub(super) fn takes(&mut self, byte: u8) -> Result<bool, TableError> {
        let is_next = self.peek()? == Some(byte);
        self.input.consume(usize::from(is_next));
        Ok(is_next)
    }

    /// Goes to the next entry of a list or object that this byte closes; false behind its end.
    pub(super) fn item(&mut self, is_first: bool, close: u8) -> Result<bool, TableError> {
        if self.takes(close)? {
            return Ok(false);
        }
        if is_first || self.takes(b',')? {
            return Ok(true);
        }
        let told = format!("`,` or `{}` is missing after a value", char::from(close));
        Err(TableError::malformed(None, if self.peek()?.is_none() { "the file ends too early".to_owned() } else { told }))
    }

    /// The bracket of a list.
    pub(super) fn list(&mut self) -> Result<(), TableError> {
        if self.takes(b'[')? { Ok(()) } else { Err(malformed("`columns`, `data` and `index` must be lists")) }
    }

    /// Passes over a list, and counts its entries.
    pub(super) fn pass_list(&mut self) -> Result<u64, TableError> {
        let mut count = 0;
        self.list()?;
        while self.item(count == 0, b']')? {
            count += 1;
            self.next(|text| Scanner::check(text).map_err(malformed))?;
        }
        Ok(count)
    }

    /// A key and the colon behind it.
    pub(super) fn key(&mut self) -> Result<Vec<u8>, TableError> {
        let key = self.next(|text| Scanner::whole_text(text).map(|key| key.into_owned()).map_err(malformed))?;
        if self.takes(b':')? { Ok(key) } else { Err(malformed("`:` is missing after a key")) }
    }

    /// Gives the next value as it is written, and passes over it.
    pub(super) fn next<T>(&mut self, taken: impl FnOnce(&[u8]) -> Result<T, TableError>) -> Result<T, TableError> {
        self.peek()?;
        let mut extent = Extent::default();
        let end = loop {
            match extent.end(self.input.window()) {
                Some(end) => break end,
                None if self.input.window().len() >= MOST_BYTES => {
                    return Err(TableError::TooLarge { what: "bytes in a row", limit: MOST_BYTES as u64 });
                }
                None if self.input.more()? => {}
                None => return Err(malformed("the file ends too early")),
            }
        };
        let value = taken(self.input.window().get(..end).unwrap_or_default())?;
        self.input.consume(end);
        Ok(value)
    }

    /// Whether the object here begins with a list that is called as one of those of the split form. Looks without passing
    /// over anything.
    pub(super) fn begins_split(&mut self) -> Result<bool, TableError> {
        // More than the longest name with its quotes and colon; blanks between them come in small numbers.
        const ENOUGH: usize = 4096;
        while self.input.window().len() < ENOUGH && self.input.more()? {}
        let begin = self.input.window().get(..ENOUGH).unwrap_or(self.input.window());
        let behind = |text: &mut &[u8], token: &[u8]| {
            let rest = text.trim_ascii_start().strip_prefix(token)?;
            *text = rest;
            Some(())
        };
        Ok([b"\"columns\"".as_slice(), b"\"data\"", b"\"index\""].into_iter().any(|name| {
            let mut rest = begin;
            [b"{".as_slice(), name, b":", b"["].into_iter().all(|token| behind(&mut rest, token).is_some())
        }))
    }

    /// Refuses anything behind the document.
    pub(super) fn end(&mut self) -> Result<(), TableError> {
        if self.peek()?.is_none() { Ok(()) } else { Err(malformed("text after the table")) }
    }
}

/// The search for the end of a value; goes on where it was when more bytes come. It looks at quotes and brackets alone:
/// whether the value is sound is told by who reads it.
#[derive(Default)]
struct Extent {
    at: usize,
    depth: usize,
    in_text: bool,
}

impl Extent {
    /// Where the value ends that begins with these bytes.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        while let Some(byte) = bytes.get(self.at) {
            let here = self.at;
            self.at += 1;
            match byte {
                // The letter behind it may not be there yet.
                b'\\' if self.in_text => self.at += 1,
                b'"' => {
                    self.in_text = !self.in_text;
                    if !self.in_text && self.depth == 0 {
                        return Some(self.at);
                    }
                }
                _ if self.in_text => {}
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' if self.depth == 0 => return Some(here),
                b']' | b'}' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(self.at);
                    }
                }
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => return Some(here),
                _ => {}
            }
        }
        None
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
