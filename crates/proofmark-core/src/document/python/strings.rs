//! The texts of Python: prefixes, one or three quotes, escapes, and where an f-string ends.

use super::super::{MAX_DEPTH, ParseError, too_deep};
use super::tokens::Kind;

const NEVER_CLOSED: &str = "a text is opened here and never closed";

/// Whether these letters before a quote belong to the text.
pub(super) fn is_prefix(letters: &str) -> bool {
    const PREFIXES: [&str; 12] = ["", "r", "u", "b", "br", "rb", "f", "fr", "rf", "t", "tr", "rt"];
    letters.len() <= 2 && PREFIXES.contains(&letters.to_ascii_lowercase().as_str())
}

/// The text that starts at `start`, and where it ends.
pub(super) fn read(text: &str, start: usize) -> Result<(Kind<'_>, usize), ParseError> {
    let quoted = Quoted::open(text, start);
    if quoted.prefix.contains(['f', 't']) {
        return Ok((Kind::Opaque, quoted.formatted_end(0)?));
    }
    let end = quoted.plain_end()?;
    let body = &text[quoted.body..end];
    let is_bytes = quoted.prefix.contains('b');
    let kind = if quoted.prefix.contains('r') {
        Some(lines(body))
    } else {
        decode(body, is_bytes).map_err(|(offset, message)| ParseError::at(text.as_bytes(), quoted.body + offset, message))?
    };
    let kind = match kind {
        None => Kind::Opaque,
        Some(value) if is_bytes => Kind::Bytes(printed(&value)),
        Some(value) => Kind::Text(value),
    };
    Ok((kind, end + quoted.quote.len()))
}

/// A text whose opening quotes are read.
struct Quoted<'a> {
    text: &'a str,
    start: usize,
    /// In lower case.
    prefix: String,
    quote: &'a str,
    /// Where the content starts.
    body: usize,
}

impl<'a> Quoted<'a> {
    fn open(text: &'a str, start: usize) -> Self {
        let letters = text[start..].find(['"', '\'']).unwrap_or(0);
        let rest = &text[start + letters..];
        let quote = if rest.starts_with("\"\"\"") || rest.starts_with("'''") { &rest[..3] } else { &rest[..1] };
        let prefix = text[start..start + letters].to_ascii_lowercase();
        Self { text, start, prefix, quote, body: start + letters + quote.len() }
    }

    fn error(&self) -> ParseError {
        ParseError::at(self.text.as_bytes(), self.start, NEVER_CLOSED)
    }

    fn ends_line(&self, byte: u8) -> bool {
        self.quote.len() == 1 && matches!(byte, b'\n' | b'\r')
    }

    /// The length of the character pair that a backslash at `at` starts; raw texts have it too.
    fn escaped(&self, at: usize) -> usize {
        if self.text.as_bytes()[at..].starts_with(b"\\\r\n") { 3 } else { 2 }
    }

    fn plain_end(&self) -> Result<usize, ParseError> {
        let bytes = self.text.as_bytes();
        let mut at = self.body;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' => at += self.escaped(at),
                _ if self.ends_line(byte) => break,
                _ if bytes[at..].starts_with(self.quote.as_bytes()) => return Ok(at),
                _ => at += 1,
            }
        }
        Err(self.error())
    }

    /// Behind the closing quotes of an f-string, whose `{…}` may hold texts with the same quotes.
    fn formatted_end(&self, depth: usize) -> Result<usize, ParseError> {
        let bytes = self.text.as_bytes();
        let mut at = self.body;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' if bytes.get(at + 1) == Some(&b'{') => at += 1,
                b'\\' => at += self.escaped(at),
                b'{' if bytes.get(at + 1) == Some(&b'{') => at += 2,
                b'{' => at = self.replacement_end(at + 1, depth + 1)?,
                _ if self.ends_line(byte) => break,
                _ if bytes[at..].starts_with(self.quote.as_bytes()) => return Ok(at + self.quote.len()),
                _ => at += 1,
            }
        }
        Err(self.error())
    }

    /// Behind the `}` that closes a replacement.
    fn replacement_end(&self, mut at: usize, depth: usize) -> Result<usize, ParseError> {
        let bytes = self.text.as_bytes();
        if depth > MAX_DEPTH {
            return Err(too_deep(bytes, at));
        }
        let mut nested = 0_usize;
        let mut word = at;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'(' | b'[' | b'{' => nested += 1,
                b')' | b']' => nested = nested.saturating_sub(1),
                b'}' if nested == 0 => return Ok(at + 1),
                b'}' => nested -= 1,
                b':' if nested == 0 => return self.format_end(at + 1, depth),
                b'"' | b'\'' => {
                    let start = if is_prefix(&self.text[word..at]) { word } else { at };
                    let inner = Quoted::open(self.text, start);
                    at = if inner.prefix.contains(['f', 't']) {
                        inner.formatted_end(depth + 1)?
                    } else {
                        inner.plain_end()? + inner.quote.len()
                    };
                    word = at;
                    continue;
                }
                _ => {}
            }
            at += 1;
            if !byte.is_ascii_alphanumeric() {
                word = at;
            }
        }
        Err(self.error())
    }

    /// Behind the `}` that closes a replacement, from within its format (where quotes are fill characters).
    fn format_end(&self, mut at: usize, depth: usize) -> Result<usize, ParseError> {
        while let Some(&byte) = self.text.as_bytes().get(at) {
            match byte {
                b'}' => return Ok(at + 1),
                b'{' => at = self.replacement_end(at + 1, depth + 1)?,
                _ if self.text.as_bytes()[at..].starts_with(self.quote.as_bytes()) => break,
                _ => at += 1,
            }
        }
        Err(self.error())
    }
}

/// Line ends within a text are `\n`, however the file writes them.
fn lines(body: &str) -> String {
    if body.contains('\r') { body.replace("\r\n", "\n").replace('\r', "\n") } else { body.to_owned() }
}

/// The text with its escapes resolved; `None` when it names a character.
fn decode(body: &str, is_bytes: bool) -> Result<Option<String>, (usize, &'static str)> {
    let mut decoded = String::with_capacity(body.len());
    let mut at = 0;
    while let Some(backslash) = body[at..].find('\\') {
        decoded += &lines(&body[at..at + backslash]);
        at += backslash;
        let kind = body[at + 1..].chars().next().unwrap_or_default();
        let digits = match kind {
            'x' => 2,
            'u' if !is_bytes => 4,
            'U' if !is_bytes => 8,
            'N' if !is_bytes => return Ok(None),
            _ => 0,
        };
        if digits > 0 {
            let code = body.get(at + 2..at + 2 + digits).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let code = code.and_then(|code| u32::from_str_radix(code, 16).ok()).filter(|&code| code <= 0x0010_FFFF);
            let code = code.ok_or((at, "an escape without its hexadecimal digits"))?;
            // Only a lone surrogate is no character.
            decoded.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            at += 2 + digits;
        } else if kind.is_digit(8) {
            let octal: String = body[at + 1..].chars().take(3).take_while(|digit| digit.is_digit(8)).collect();
            decoded.push(u32::from_str_radix(&octal, 8).ok().and_then(char::from_u32).unwrap_or_default());
            at += 1 + octal.len();
        } else {
            match simple_escape(kind) {
                Some(character) => decoded.extend(character),
                // Python keeps what is no escape.
                None => decoded.extend(['\\', kind]),
            }
            at += 1 + kind.len_utf8() + usize::from(body[at + 1..].starts_with("\r\n"));
        }
    }
    decoded += &lines(&body[at..]);
    Ok(Some(decoded))
}

/// The character that a backslash and this one stand for; a continued line stands for nothing.
fn simple_escape(kind: char) -> Option<Option<char>> {
    Some(Some(match kind {
        '\n' | '\r' => return Some(None),
        '\\' | '\'' | '"' => kind,
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        _ => return None,
    }))
}

/// Bytes (here one character each) as Python prints them.
fn printed(bytes: &str) -> String {
    bytes
        .chars()
        .map(|byte| match byte {
            '\\' | '\n' | '\r' | '\t' => byte.escape_default().to_string(),
            ' '..='~' => byte.to_string(),
            _ => format!("\\x{:02x}", u32::from(byte)),
        })
        .collect()
}
