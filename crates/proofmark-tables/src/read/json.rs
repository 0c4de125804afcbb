//! One row in JSON, an object or a list, seen as keys and values without a tree and without an allocation.
//!
//! A scanner of its own: serde_json refuses `NaN` and `Infinity`, which Python writes for scores, gives no text of a number,
//! which ids need, and rounds the last digit of some numbers.

use std::borrow::Cow;

/// Objects and lists inside each other.
const DEPTH: usize = 128;

/// A value as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'t> {
    Null,
    Boolean(bool),
    /// Its text: an integer, a decimal number, `NaN`, `Infinity` or `-Infinity`.
    Number(&'t [u8]),
    Text(Cow<'t, [u8]>),
    /// An object or a list.
    Nested,
}

/// Why a text is not the JSON that it should be.
pub(super) type Told = &'static str;

/// Places in one row.
pub(super) struct Scanner<'t> {
    rest: &'t [u8],
}

impl<'t> Scanner<'t> {
    /// Before the brace of an object.
    pub(super) fn object(line: &'t [u8]) -> Result<Self, Told> {
        let mut scanner = Self { rest: line };
        scanner.blanks();
        if scanner.takes(b'{') { Ok(scanner) } else { Err("each line must be a JSON object") }
    }

    /// The next key of the object, before its value; `None` after the last, at the end of the line. A key with an escape is
    /// given as it means.
    pub(super) fn key(&mut self, is_first: bool) -> Result<Option<Cow<'t, [u8]>>, Told> {
        let key = self.member(is_first)?;
        if key.is_none() {
            self.blanks();
            if !self.rest.is_empty() {
                return Err("text after the object");
            }
        }
        Ok(key)
    }

    /// Before the bracket of a list.
    pub(super) fn list(text: &'t [u8]) -> Result<Self, Told> {
        let mut scanner = Self { rest: text };
        scanner.blanks();
        if scanner.takes(b'[') { Ok(scanner) } else { Err("a list is missing") }
    }

    /// Goes to the next value of the list; false behind the last, at the end of the text.
    pub(super) fn item(&mut self, is_first: bool) -> Result<bool, Told> {
        self.blanks();
        if self.takes(b']') {
            self.blanks();
            return if self.rest.is_empty() { Ok(false) } else { Err("text after the list") };
        }
        if is_first || self.takes(b',') { Ok(true) } else { Err("`,` or `]` is missing after a value") }
    }

    /// A text alone, as it means.
    pub(super) fn whole_text(text: &'t [u8]) -> Result<Cow<'t, [u8]>, Told> {
        Self { rest: text }.text()
    }

    /// Whether the text is one sound value.
    pub(super) fn check(text: &'t [u8]) -> Result<(), Told> {
        let mut scanner = Self { rest: text };
        scanner.skip()?;
        if scanner.rest.is_empty() { Ok(()) } else { Err("a value is missing or no JSON") }
    }

    /// The value behind a key, or of a list.
    pub(super) fn value(&mut self) -> Result<Json<'t>, Told> {
        self.blanks();
        match self.rest.first() {
            Some(b'"') => self.text().map(Json::Text),
            Some(b'{' | b'[') => self.pass(0).map(|()| Json::Nested),
            Some(b't') => self.word(b"true").map(|()| Json::Boolean(true)),
            Some(b'f') => self.word(b"false").map(|()| Json::Boolean(false)),
            Some(b'n') => self.word(b"null").map(|()| Json::Null),
            _ => self.number().map(Json::Number),
        }
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self) -> Result<(), Told> {
        self.pass(0)
    }

    fn member(&mut self, is_first: bool) -> Result<Option<Cow<'t, [u8]>>, Told> {
        self.blanks();
        if self.takes(b'}') {
            return Ok(None);
        }
        if !is_first {
            if !self.takes(b',') {
                return Err("`,` or `}` is missing after a value");
            }
            self.blanks();
        }
        let key = self.text()?;
        self.blanks();
        if self.takes(b':') { Ok(Some(key)) } else { Err("`:` is missing after a key") }
    }

    fn pass(&mut self, depth: usize) -> Result<(), Told> {
        if depth > DEPTH {
            return Err("objects and lists too deep inside each other");
        }
        self.blanks();
        match self.rest.first() {
            Some(b'"') => self.raw_text().map(|_| ()),
            Some(b'{') => {
                self.takes(b'{');
                let mut is_first = true;
                while self.member(is_first)?.is_some() {
                    is_first = false;
                    self.pass(depth + 1)?;
                }
                Ok(())
            }
            Some(b'[') => self.pass_list(depth),
            _ => self.value().map(|_| ()),
        }
    }

    fn pass_list(&mut self, depth: usize) -> Result<(), Told> {
        self.takes(b'[');
        self.blanks();
        if self.takes(b']') {
            return Ok(());
        }
        loop {
            self.pass(depth + 1)?;
            self.blanks();
            if self.takes(b']') {
                return Ok(());
            }
            if !self.takes(b',') {
                return Err("`,` or `]` is missing after a value");
            }
        }
    }

    /// A text as it means.
    fn text(&mut self) -> Result<Cow<'t, [u8]>, Told> {
        let (text, escaped) = self.raw_text()?;
        if escaped { unescape(text).map(Cow::Owned) } else { Ok(Cow::Borrowed(text)) }
    }

    /// What is between quotes, and whether there is an escape in it.
    fn raw_text(&mut self) -> Result<(&'t [u8], bool), Told> {
        if !self.takes(b'"') {
            return Err("a text in quotes is missing");
        }
        let (text, mut at, mut escaped) = (self.rest, 0, false);
        while let Some(byte) = text.get(at) {
            match byte {
                b'"' => {
                    self.rest = text.get(at + 1..).unwrap_or_default();
                    return Ok((text.get(..at).unwrap_or_default(), escaped));
                }
                b'\\' => {
                    escaped = true;
                    at += 2;
                }
                0..0x20 => return Err("a control character in a text"),
                _ => at += 1,
            }
        }
        Err("a text does not end on its line")
    }

    fn number(&mut self) -> Result<&'t [u8], Told> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let end = self.rest.iter().position(|byte| !is_part(byte)).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        if is_number(text) { Ok(text) } else { Err("a value is missing or no JSON") }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Told> {
        self.rest = self.rest.strip_prefix(word).ok_or("a value is missing or no JSON")?;
        Ok(())
    }

    fn takes(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn blanks(&mut self) {
        while let Some((b' ' | b'\t' | b'\r' | b'\n', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
    }
}

/// A number by the grammar of JSON, or what Python writes for the others.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    if matches!(text, b"NaN") || matches!(unsigned, b"Infinity") {
        return true;
    }
    let whole = digits(unsigned);
    if whole == 0 || (whole > 1 && unsigned.starts_with(b"0")) {
        return false;
    }
    let mut rest = unsigned.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        rest = fraction.get(count..).unwrap_or_default();
        if count == 0 {
            return false;
        }
    }
    let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) else { return rest.is_empty() };
    let exponent = exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+")).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

fn unescape(text: &[u8]) -> Result<Vec<u8>, Told> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            plain.push(*byte);
            continue;
        }
        let Some((escape, after)) = rest.split_first() else { return Err("an escape is cut short") };
        rest = after;
        let character = match escape {
            b'"' | b'\\' | b'/' => char::from(*escape),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => unicode(&mut rest)?,
            _ => return Err("an escape that JSON does not have"),
        };
        plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(plain)
}

/// What stands behind `\u`, with the second half of a surrogate pair.
fn unicode(rest: &mut &[u8]) -> Result<char, Told> {
    let high = hexadecimal(rest)?;
    let code = match high {
        0xD800..0xDC00 => {
            *rest = rest.strip_prefix(br"\u").ok_or("half of a surrogate pair")?;
            let low = hexadecimal(rest)?;
            let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400).ok_or("half of a surrogate pair")?;
            0x10000 + ((high - 0xD800) << 10) + low
        }
        code => code,
    };
    char::from_u32(code).ok_or("half of a surrogate pair")
}

fn hexadecimal(rest: &mut &[u8]) -> Result<u32, Told> {
    let (digits, after) = rest.split_at_checked(4).ok_or("an escape is cut short")?;
    *rest = after;
    digits.iter().try_fold(0, |code, digit| {
        let digit = char::from(*digit).to_digit(16).ok_or("an escape that JSON does not have")?;
        Ok(code * 16 + digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> Result<Vec<(String, Json<'_>)>, Told> {
        let mut scanner = Scanner::object(line.as_bytes())?;
        let mut values = Vec::new();
        while let Some(key) = scanner.key(values.is_empty())? {
            values.push((String::from_utf8_lossy(&key).into_owned(), scanner.value()?));
        }
        Ok(values)
    }

    fn value(text: &str) -> Result<Json<'_>, Told> {
        let mut scanner = Scanner { rest: text.as_bytes() };
        let value = scanner.value()?;
        if scanner.rest.is_empty() { Ok(value) } else { Err("more") }
    }

    #[test]
    fn values_are_seen_as_written() {
        let seen = values(r#" { "a" : -1.5e+3, "b\u0041":"x", "c":[{"d":[]},"]"], "e":null,"f":true } "#).expect("sound");
        let names: Vec<&str> = seen.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "bA", "c", "e", "f"]);
        let text = Json::Text(Cow::Borrowed(b"x".as_slice()));
        let expected = [Json::Number(b"-1.5e+3"), text, Json::Nested, Json::Null, Json::Boolean(true)];
        assert!(seen.into_iter().map(|(_, value)| value).eq(expected));
        assert_eq!(values("{}").map(|values| values.len()), Ok(0));
    }

    #[test]
    fn escapes_are_undone() {
        let text = value(r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#);
        assert_eq!(text, Ok(Json::Text(Cow::Owned("\"\\/\u{8}\u{c}\n\r\té😀".into()))));
        for text in [r#""\x""#, r#""\u12""#, r#""\ud83d""#, r#""\ud83dx""#, r#""\ud83d\u0041""#, r#""\udc00""#, r#""\u+123""#] {
            assert!(value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_have_the_grammar_of_json_or_python() {
        for text in ["0", "-0", "10", "0.5", "1e5", "1E-5", "NaN", "Infinity", "-Infinity"] {
            assert_eq!(value(text), Ok(Json::Number(text.as_bytes())));
        }
        for text in ["", "-", "01", ".5", "1.", "1e", "1e+", "+1", "nan", "-NaN", "inf", "0x1", "1_0", "tru", "nul"] {
            assert!(value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for line in [
            "",
            "[]",
            "1",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":1}x"#,
            r#"{a:1}"#,
            "{\"a\":\"\t\"}",
            r#"{"a":"\"#,
        ] {
            assert!(values(line).is_err(), "{line}");
        }
        assert!(value(&"[".repeat(100_000)).is_err());
        assert!(value(&"{\"a\":".repeat(100_000)).is_err());
        assert_eq!(value(&format!("{}{}", "[".repeat(100), "]".repeat(100))), Ok(Json::Nested));
        assert!(value("[1,]").is_err() && value("[1 2]").is_err());
    }
}
