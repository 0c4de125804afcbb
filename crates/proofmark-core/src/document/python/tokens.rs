//! The tokens of Python: brackets, texts, comments, continued lines and indentation.
//!
//! Only what tells assignments of literals from the rest is told apart; keywords are names.

use super::super::{MAX_DEPTH, ParseError, integer_of, too_deep};
use super::strings;
use crate::value::Value;

/// Levels of indentation, as many as Python takes.
const MAX_INDENTS: usize = 100;

const OPERATORS: [&str; 25] = [
    "**=", "//=", ">>=", "<<=", "...", "==", "!=", "<=", ">=", "->", ":=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@=", "**",
    "//", "<<", ">>", "<>",
];

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind<'a> {
    Newline,
    Indent,
    Dedent,
    End,
    Name(&'a str),
    Number(Value),
    Text(String),
    /// What stands between the quotes when Python prints the bytes.
    Bytes(String),
    /// A literal that has no value here: an f-string, a complex number, a character by its name.
    Opaque,
    Op(&'a str),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) offset: usize,
}

/// All tokens of a file; the last is [`Kind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, ParseError> {
    let mut lexer = Lexer { text, at: 0, open: Vec::new(), indents: Vec::new(), tokens: Vec::new() };
    if text.starts_with('\u{FEFF}') {
        lexer.at = '\u{FEFF}'.len_utf8();
    }
    lexer.run()?;
    Ok(lexer.tokens)
}

/// How far a line is indented, with tabs as eight columns and as one: the two must agree on what is deeper.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Indent {
    wide: usize,
    narrow: usize,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    open: Vec<(u8, usize)>,
    indents: Vec<Indent>,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn error(&self, offset: usize, message: impl Into<String>) -> ParseError {
        ParseError::at(self.text.as_bytes(), offset, message)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind<'a>, offset: usize) {
        self.tokens.push(Token { kind, offset });
    }

    fn run(&mut self) -> Result<(), ParseError> {
        self.line_start()?;
        while let Some(byte) = self.peek() {
            let start = self.at;
            match byte {
                b' ' | b'\t' | b'\x0c' => self.at += 1,
                b'#' => self.skip_comment(),
                b'\n' | b'\r' => {
                    self.newline();
                    if self.open.is_empty() {
                        self.push(Kind::Newline, start);
                        self.line_start()?;
                    }
                }
                b'\\' => self.continued_line()?,
                b'(' | b'[' | b'{' => self.opening(byte)?,
                b')' | b']' | b'}' => self.closing(byte)?,
                b'"' | b'\'' => self.string()?,
                b'0'..=b'9' => self.number()?,
                b'.' if self.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit) => self.number()?,
                b'_' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => self.name()?,
                _ => self.operator()?,
            }
        }
        if let Some((bracket, offset)) = self.open.pop() {
            return Err(self.error(offset, format!("`{}` is opened here and never closed", char::from(bracket))));
        }
        let end = self.text.len();
        if !matches!(self.tokens.last(), None | Some(Token { kind: Kind::Newline | Kind::Dedent, .. })) {
            self.push(Kind::Newline, end);
        }
        for _ in 0..self.indents.len() {
            self.push(Kind::Dedent, end);
        }
        self.push(Kind::End, end);
        Ok(())
    }

    fn newline(&mut self) {
        self.at += if self.rest().starts_with("\r\n") { 2 } else { 1 };
    }

    fn skip_comment(&mut self) {
        let rest = self.rest();
        self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
    }

    /// Skips empty lines, then compares the indentation with the lines before.
    fn line_start(&mut self) -> Result<(), ParseError> {
        let mut indent = Indent { wide: 0, narrow: 0 };
        loop {
            match self.peek() {
                None => return Ok(()),
                Some(b' ') => indent = Indent { wide: indent.wide + 1, narrow: indent.narrow + 1 },
                Some(b'\t') => indent = Indent { wide: (indent.wide / 8 + 1) * 8, narrow: indent.narrow + 1 },
                Some(b'\x0c') => indent = Indent { wide: 0, narrow: 0 },
                Some(b'#') => {
                    self.skip_comment();
                    continue;
                }
                Some(b'\n' | b'\r') => {
                    self.newline();
                    indent = Indent { wide: 0, narrow: 0 };
                    continue;
                }
                Some(_) => break,
            }
            self.at += 1;
        }
        self.indent(indent)
    }

    fn indent(&mut self, indent: Indent) -> Result<(), ParseError> {
        let none = Indent { wide: 0, narrow: 0 };
        let mixed = "tabs and spaces are mixed in the indentation";
        let current = self.indents.last().copied().unwrap_or(none);
        if indent.wide > current.wide {
            if indent.narrow <= current.narrow {
                return Err(self.error(self.at, mixed));
            }
            if self.indents.len() >= MAX_INDENTS {
                return Err(self.error(self.at, format!("indented more than {MAX_INDENTS} levels deep")));
            }
            self.indents.push(indent);
            self.push(Kind::Indent, self.at);
            return Ok(());
        }
        while self.indents.last().is_some_and(|open| open.wide > indent.wide) {
            self.indents.pop();
            self.push(Kind::Dedent, self.at);
        }
        let outer = self.indents.last().copied().unwrap_or(none);
        match (outer.wide == indent.wide, outer.narrow == indent.narrow) {
            (true, true) => Ok(()),
            (true, false) => Err(self.error(self.at, mixed)),
            (false, _) => Err(self.error(self.at, "the indentation matches no line above")),
        }
    }

    fn continued_line(&mut self) -> Result<(), ParseError> {
        if !matches!(self.text.as_bytes().get(self.at + 1), Some(b'\n' | b'\r')) {
            return Err(self.error(self.at, "a backslash stands in the middle of a line"));
        }
        self.at += 1;
        self.newline();
        Ok(())
    }

    fn opening(&mut self, bracket: u8) -> Result<(), ParseError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(self.text.as_bytes(), self.at));
        }
        self.open.push((bracket, self.at));
        self.single();
        Ok(())
    }

    fn closing(&mut self, bracket: u8) -> Result<(), ParseError> {
        let opening = match bracket {
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        match self.open.pop() {
            Some((open, _)) if open == opening => {
                self.single();
                Ok(())
            }
            Some((open, _)) => Err(self.error(self.at, format!("`{}` does not close `{}`", char::from(bracket), char::from(open)))),
            None => Err(self.error(self.at, format!("`{}` closes nothing", char::from(bracket)))),
        }
    }

    fn single(&mut self) {
        self.push(Kind::Op(&self.rest()[..1]), self.at);
        self.at += 1;
    }

    fn operator(&mut self) -> Result<(), ParseError> {
        let rest = self.rest();
        if let Some(long) = OPERATORS.iter().find(|long| rest.starts_with(**long)) {
            self.push(Kind::Op(&rest[..long.len()]), self.at);
            self.at += long.len();
        } else if rest.starts_with(['=', '<', '>', '+', '-', '*', '/', '%', '&', '|', '^', '@', ':', '~', ',', ';', '.']) {
            self.single();
        } else {
            let found = rest.chars().next().unwrap_or_default();
            return Err(self.error(self.at, format!("`{}` is not Python", found.escape_default())));
        }
        Ok(())
    }

    fn name(&mut self) -> Result<(), ParseError> {
        let rest = self.rest();
        let length = rest.find(|letter: char| !(letter == '_' || letter.is_alphanumeric())).unwrap_or(rest.len());
        let name = &rest[..length];
        let behind = rest.as_bytes().get(length);
        if matches!(behind, Some(b'"' | b'\'')) && strings::is_prefix(name) {
            return self.string();
        }
        if length == 0 {
            let found = rest.chars().next().unwrap_or_default();
            return Err(self.error(self.at, format!("`{}` is not Python", found.escape_unicode())));
        }
        self.push(Kind::Name(name), self.at);
        self.at += length;
        Ok(())
    }

    fn string(&mut self) -> Result<(), ParseError> {
        let (kind, end) = strings::read(self.text, self.at)?;
        self.push(kind, self.at);
        self.at = end;
        Ok(())
    }

    fn number(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        let rest = self.rest();
        let radix = match rest.as_bytes().get(..2) {
            Some(b"0x" | b"0X") => 16,
            Some(b"0o" | b"0O") => 8,
            Some(b"0b" | b"0B") => 2,
            _ => 10,
        };
        let (value, length) = if radix == 10 { decimal(rest) } else { in_radix(rest, radix) };
        let Some(value) = value else { return Err(self.error(start, "this is not a number")) };
        self.at += length;
        if radix == 10 && matches!(self.peek(), Some(b'j' | b'J')) {
            self.at += 1;
            self.push(Kind::Opaque, start);
        } else {
            self.push(Kind::Number(value), start);
        }
        Ok(())
    }
}

/// The length of digits with single underscores between them.
fn digits(text: &str, radix: u32) -> usize {
    let mut length = 0;
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(|&byte| char::from(byte).is_digit(radix));
    while is_digit(length) || (length > 0 && bytes.get(length) == Some(&b'_') && is_digit(length + 1)) {
        length += 1;
    }
    length
}

fn in_radix(text: &str, radix: u32) -> (Option<Value>, usize) {
    let underscore = usize::from(text.as_bytes().get(2) == Some(&b'_'));
    let start = 2 + underscore;
    let length = digits(&text[start..], radix);
    let clean = text[start..start + length].replace('_', "");
    ((length > 0).then(|| integer_of(&clean, radix)), start + length)
}

fn decimal(text: &str) -> (Option<Value>, usize) {
    let bytes = text.as_bytes();
    let mut length = digits(text, 10);
    let mut whole = true;
    if bytes.get(length) == Some(&b'.') {
        length += 1;
        length += digits(&text[length..], 10);
        whole = false;
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let power = digits(&text[length + 1 + sign..], 10);
        if power > 0 {
            length += 1 + sign + power;
            whole = false;
        }
    }
    let clean = text[..length].replace('_', "");
    let imaginary = matches!(bytes.get(length), Some(b'j' | b'J'));
    if whole && !imaginary && clean.len() > 1 && clean.starts_with('0') && clean.bytes().any(|byte| byte != b'0') {
        return (None, length);
    }
    (if whole { Some(integer_of(&clean, 10)) } else { clean.parse().ok().map(Value::Float) }, length)
}
