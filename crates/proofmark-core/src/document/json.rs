//! JSON as Python's `json` reads it, since that is what wrote the file.
//!
//! Beyond RFC 8259: `NaN`, `Infinity`, `-Infinity`; a double that overflows is infinite; a repeated key keeps its
//! last value. Integers are exact to 128 bits. A lone surrogate escape becomes U+FFFD.

use std::borrow::Cow;

use super::{Leaves, MAX_DEPTH, ParseError, too_deep};
use crate::value::{Map, Value};

mod structured;

pub(crate) use self::structured::read_as;

/// Reads one JSON document.
pub(super) fn read(bytes: &[u8], leaves: Leaves) -> Result<Value, ParseError> {
    let mut reader = Reader { leaves, ..Reader::new(bytes)? };
    reader.skip_space();
    if reader.at == bytes.len() {
        return Err(
            ParseError::at(bytes, 0, "the file is empty").hint("write the metrics as a JSON object, for example {\"accuracy\": 0.93}")
        );
    }
    let value = reader.value(0)?;
    reader.finish().map(|()| value)
}

/// Rooms made at once for an object that may look like the one before it.
const MAX_ROOMS: usize = 16;

struct Reader<'a> {
    text: &'a str,
    /// The same as bytes.
    bytes: &'a [u8],
    at: usize,
    /// Entries of the object read last: in a list of records the next one has as many.
    last_size: usize,
    leaves: Leaves,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let text = std::str::from_utf8(bytes).map_err(|bad| ParseError::at(bytes, bad.valid_up_to(), "the text is not UTF-8"))?;
        Ok(Self { text, bytes, at: 0, last_size: 0, leaves: Leaves::Values })
    }

    fn finish(&mut self) -> Result<(), ParseError> {
        self.skip_space();
        if self.at < self.bytes.len() { Err(self.error("there is text after the end of the document")) } else { Ok(()) }
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError::at(self.bytes, self.at, message)
    }

    fn expected(&self, what: &str) -> ParseError {
        match self.text[self.at..].chars().next() {
            None => self
                .error(format!("the file ends where {what} should stand"))
                .hint("the file is cut short: was the job that wrote it stopped?"),
            Some(found) => self.error(format!("expected {what}, found `{}`", found.escape_default())),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let here = self.bytes[self.at..].starts_with(word.as_bytes());
        if here {
            self.at += word.len();
        }
        here
    }

    fn value(&mut self, depth: usize) -> Result<Value, ParseError> {
        if depth > MAX_DEPTH {
            return Err(too_deep(self.bytes, self.at));
        }
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => return self.object(depth),
            Some(b'[') => return self.array(depth),
            Some(b'"') => Ok(Value::Text(self.string()?.into_owned())),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') if self.word("true") => Ok(Value::Bool(true)),
            Some(b'f') if self.word("false") => Ok(Value::Bool(false)),
            Some(b'n') if self.word("null") => Ok(Value::Null),
            Some(b'N') if self.word("NaN") => Ok(Value::Float(f64::NAN)),
            Some(b'I') if self.word("Infinity") => Ok(Value::Float(f64::INFINITY)),
            _ => Err(self.expected("a value")),
        };
        value.map(|value| self.leaves.leaf(value, start))
    }

    fn object(&mut self, depth: usize) -> Result<Value, ParseError> {
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(Map::new()));
        }
        let mut map = Map::with_capacity(self.last_size.min(MAX_ROOMS));
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.expected("a key in double quotes"));
            }
            let key = self.string()?.into_owned();
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.expected("`:`"));
            }
            self.at += 1;
            self.skip_space();
            let value = self.value(depth + 1)?;
            map.insert(key, value);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.expected("`,` or `}`")),
            }
            self.skip_space();
        }
        self.at += 1;
        self.last_size = map.len();
        Ok(Value::Map(map))
    }

    fn array(&mut self, depth: usize) -> Result<Value, ParseError> {
        self.at += 1;
        let mut list = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(list));
        }
        loop {
            list.push(self.value(depth + 1)?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.expected("`,` or `]`")),
            }
            self.skip_space();
        }
        self.at += 1;
        Ok(Value::List(list))
    }

    fn number(&mut self) -> Result<Value, ParseError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
            if self.word("Infinity") {
                return Ok(Value::Float(f64::NEG_INFINITY));
            }
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.expected("a digit")),
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
            whole = false;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
            whole = false;
        }
        let text = &self.text[start..self.at];
        if whole {
            // Nearly all integers fit 64 bits, which read faster.
            if let Ok(exact) = text.parse::<i64>().map(i128::from).or_else(|_| text.parse()) {
                return Ok(Value::Int(exact));
            }
        }
        text.parse().map(Value::Float).map_err(|_| self.error(format!("`{text}` is not a number")))
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), ParseError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.expected("a digit"));
        }
        self.digits();
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, ParseError> {
        let open = self.at;
        self.at += 1;
        let start = self.at;
        let mut decoded: Option<String> = None;
        let mut piece = start;
        loop {
            let rest = &self.bytes[self.at..];
            self.at += rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\').unwrap_or(rest.len());
            match self.peek() {
                None => {
                    self.at = open;
                    return Err(self
                        .error("a text is opened here and never closed")
                        .hint("the file is cut short: was the job that wrote it stopped?"));
                }
                Some(b'"') => break,
                Some(b'\\') => {
                    let text = decoded.get_or_insert_with(String::new);
                    text.push_str(&self.text[piece..self.at]);
                    let character = self.escape()?;
                    decoded.get_or_insert_with(String::new).push(character);
                    piece = self.at;
                }
                Some(control) => return Err(self.error(format!("a raw control character (0x{control:02x}) stands in a text"))),
            }
        }
        let last = &self.text[piece..self.at];
        self.at += 1;
        Ok(match decoded {
            None => Cow::Borrowed(last),
            Some(text) => Cow::Owned(text + last),
        })
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let kind = self.bytes.get(self.at + 1).copied();
        let plain = match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.error("an escape that JSON does not have")),
        };
        self.at += 2;
        Ok(plain)
    }

    fn unicode_escape(&mut self) -> Result<char, ParseError> {
        let first = self.hex4()?;
        if (0xD800..0xDC00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
            let back = self.at;
            let second = self.hex4()?;
            if (0xDC00..0xE000).contains(&second) {
                let joined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, ParseError> {
        let digits = self.bytes.get(self.at + 2..self.at + 6).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else { return Err(self.error("`\\u` needs four hexadecimal digits")) };
        self.at += 6;
        Ok(digits.iter().fold(0, |sum, &digit| sum * 16 + (digit as char).to_digit(16).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Position;

    fn ok(text: &str) -> Value {
        read(text.as_bytes(), Leaves::Values).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refused(text: &[u8]) -> (String, u32, u32) {
        let error = read(text, Leaves::Values).expect_err("must be refused");
        let Position { line, column } = error.position.expect("every mistake has a place");
        (error.message, line, column)
    }

    #[test]
    fn python_numbers() {
        assert!(matches!(ok("NaN"), Value::Float(x) if x.is_nan()));
        assert_eq!(
            ok("[-Infinity, Infinity, 1e400]"),
            Value::List(vec![f64::NEG_INFINITY, f64::INFINITY, f64::INFINITY].into_iter().map(Value::Float).collect())
        );
        assert_eq!(ok("9007199254740993"), Value::Int(9_007_199_254_740_993));
        assert_eq!(ok("-0"), Value::Int(0));
        assert_eq!(ok("1.0"), Value::Float(1.0));
        assert_eq!(ok("123456789012345678901234567890123456789012"), Value::Float(1.2345678901234568e41));
    }

    #[test]
    fn a_repeated_key_keeps_the_last() {
        assert_eq!(ok(r#"{"a": 1, "a": 2}"#).as_map().and_then(|map| map.get("a")), Some(&Value::Int(2)));
    }

    #[test]
    fn escapes() {
        assert_eq!(ok(r#""\u00e9\ud83d\ude00\ud800x\n\"""#), Value::Text("é😀\u{FFFD}x\n\"".into()));
    }

    #[test]
    fn mistakes_have_places() {
        assert_eq!(refused(b"{\n  \"a\": 1,\n  \"b\": "), ("the file ends where a value should stand".into(), 3, 8));
        assert_eq!(refused(b"{\"a\": 01}"), ("expected `,` or `}`, found `1`".into(), 1, 8));
        assert_eq!(refused(b"[1] x"), ("there is text after the end of the document".into(), 1, 5));
        assert_eq!(refused(b"{\"a\": \"x"), ("a text is opened here and never closed".into(), 1, 7));
        assert_eq!(refused(b"{\"a\": \"\xff\"}"), ("the text is not UTF-8".into(), 1, 8));
        assert_eq!(refused(b""), ("the file is empty".into(), 1, 1));
        assert_eq!(refused(b"{'a': 1}"), ("expected a key in double quotes, found `\\'`".into(), 1, 2));
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert!(refused(deep.as_bytes()).0.contains("nested deeper"));
        let fine = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        assert!(read(fine.as_bytes(), Leaves::Values).is_ok());
    }
}
