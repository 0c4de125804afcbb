//! Params written as Python: assignments of literals, read by syntax and never run.
//!
//! What counts is what DVC takes from Python's own syntax tree: `name = literal`, also annotated, at the level of the
//! module and of classes (nested ones too), and `self.name = literal` in `__init__`, as members of the class. Every
//! other statement is skipped. Tuples read as lists, sets as sorted lists, bytes as the text Python prints for them.
//! Not read, so skipped like any expression: complex numbers, `...`, `\N{…}`, f-strings.
//! Grammar beyond tokens and indentation is not checked: where Python would refuse a statement, it is skipped.

mod strings;
mod tokens;

use std::collections::BTreeMap;

use self::tokens::{Kind, Token};
use super::ParseError;
use crate::value::{Map, Value};

/// Statements that may hold others on their own line, so that `;` does not end them.
const COMPOUND: [&str; 12] = ["if", "elif", "else", "for", "while", "try", "except", "finally", "with", "def", "async", "class"];

/// Reads the assignments of one Python file.
pub(super) fn read(bytes: &[u8]) -> Result<Value, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|bad| ParseError::at(bytes, bad.valid_up_to(), "the file is not UTF-8"))?;
    let mut reader = Reader { bytes, tokens: tokens::tokens(text)?, at: 0 };
    reader.block(Scope::Names).map(Value::Map)
}

/// Whose assignments count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// A module or a class: names, and members of `self` too.
    Names,
    /// The body of `__init__`: only members of `self`.
    Members,
}

struct Reader<'a> {
    bytes: &'a [u8],
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> &Kind<'_> {
        self.tokens.get(self.at).map_or(&Kind::End, |token| &token.kind)
    }

    fn peek_op(&self) -> &str {
        if let Kind::Op(op) = self.peek() { op } else { "" }
    }

    fn take_op(&mut self, op: &str) -> bool {
        let here = self.peek_op() == op;
        self.at += usize::from(here);
        here
    }

    fn name(&mut self) -> Option<String> {
        let Kind::Name(name) = self.peek() else { return None };
        let name = (*name).to_owned();
        self.at += 1;
        Some(name)
    }

    fn error(&self, message: &str) -> ParseError {
        ParseError::at(self.bytes, self.tokens.get(self.at).map_or(self.bytes.len(), |token| token.offset), message)
    }

    /// Statements up to the end of the indentation.
    fn block(&mut self, scope: Scope) -> Result<Map, ParseError> {
        let mut found = Map::new();
        loop {
            match self.peek() {
                Kind::Dedent | Kind::End => return Ok(found),
                Kind::Newline => self.at += 1,
                _ => self.statement(scope, &mut found)?,
            }
        }
    }

    fn statement(&mut self, scope: Scope, found: &mut Map) -> Result<(), ParseError> {
        let keyword = if let Kind::Name(name) = self.peek() { COMPOUND.iter().find(|word| *word == name).copied() } else { None };
        match keyword {
            Some("class") => {
                self.at += 1;
                let Some(name) = self.name() else { return self.skip_line() };
                let body = self.suite(Scope::Names)?;
                found.insert(name, Value::Map(body));
                Ok(())
            }
            Some("def") if matches!(self.tokens.get(self.at + 1), Some(Token { kind: Kind::Name("__init__"), .. })) => {
                let body = self.suite(Scope::Members)?;
                found.extend(body);
                Ok(())
            }
            Some(_) => self.skip_line(),
            None => self.simple_statements(scope, found),
        }
    }

    /// `a = 1; b = 2` up to the end of the line.
    fn simple_statements(&mut self, scope: Scope, found: &mut Map) -> Result<(), ParseError> {
        loop {
            if let Some((name, value)) = self.assignment(scope) {
                found.insert(name, value);
            }
            while !matches!(self.peek(), Kind::Newline | Kind::End) && self.peek_op() != ";" {
                self.at += 1;
            }
            if !self.take_op(";") {
                return self.skip_line();
            }
        }
    }

    /// The body of a class or a function, from anywhere in its head.
    fn suite(&mut self, scope: Scope) -> Result<Map, ParseError> {
        let mut nested = 0_usize;
        loop {
            match self.peek() {
                Kind::Newline | Kind::End => return Err(self.error("expected `:`")),
                Kind::Op("(" | "[" | "{") => nested += 1,
                Kind::Op(")" | "]" | "}") => nested = nested.saturating_sub(1),
                Kind::Op(":") if nested == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        self.at += 1;
        if !matches!(self.peek(), Kind::Newline) {
            let mut found = Map::new();
            self.simple_statements(scope, &mut found)?;
            return Ok(found);
        }
        self.at += 1;
        if !matches!(self.peek(), Kind::Indent) {
            return Err(self.error("expected an indented block"));
        }
        self.at += 1;
        let found = self.block(scope)?;
        self.at += usize::from(matches!(self.peek(), Kind::Dedent));
        Ok(found)
    }

    /// To the next statement, over the block that hangs on this line.
    fn skip_line(&mut self) -> Result<(), ParseError> {
        let mut opens = self.at > 0 && matches!(self.tokens.get(self.at - 1), Some(Token { kind: Kind::Op(":"), .. }));
        while !matches!(self.peek(), Kind::Newline | Kind::End) {
            opens = self.peek_op() == ":";
            self.at += 1;
        }
        self.at += usize::from(matches!(self.peek(), Kind::Newline));
        match (opens, self.peek()) {
            (true, Kind::Indent) => {}
            (true, _) => return Err(self.error("expected an indented block")),
            (false, Kind::Indent) => return Err(self.error("the line is indented and nothing opens a block")),
            (false, _) => return Ok(()),
        }
        let mut levels = 0_usize;
        loop {
            match self.peek() {
                Kind::Indent => levels += 1,
                Kind::Dedent => levels -= 1,
                Kind::End => return Ok(()),
                _ => {}
            }
            self.at += 1;
            if levels == 0 {
                return Ok(());
            }
        }
    }

    /// `name = literal`, `name: annotation = literal`, the same with `self.name`; anything else is `None`.
    fn assignment(&mut self, scope: Scope) -> Option<(String, Value)> {
        let mut name = self.name()?;
        if name == "self" && self.take_op(".") {
            name = self.name()?;
        } else if scope == Scope::Members {
            return None;
        }
        if self.take_op(":") {
            while !matches!(self.peek(), Kind::Newline | Kind::End | Kind::Op("=" | ";")) {
                self.at += 1;
            }
        }
        if !self.take_op("=") {
            return None;
        }
        let first = self.literal()?;
        let value = if self.peek_op() == "," { Value::List(self.items(Some(first), None)?) } else { first };
        matches!(self.peek(), Kind::Newline | Kind::End | Kind::Op(";")).then_some((name, value))
    }

    /// A literal; `None` for every other expression. Its recursion is bounded by the brackets that tokens allow.
    fn literal(&mut self) -> Option<Value> {
        match self.peek() {
            Kind::Op("-") => {
                self.at += 1;
                self.number().map(|number| match number {
                    Value::Int(whole) => Value::Int(-whole),
                    Value::Float(number) => Value::Float(-number),
                    other => other,
                })
            }
            Kind::Op("+") => {
                self.at += 1;
                self.number()
            }
            Kind::Number(_) => self.number(),
            Kind::Text(_) | Kind::Bytes(_) => self.text(),
            Kind::Name(_) => self.constant(),
            Kind::Op("[") => {
                self.at += 1;
                self.items(None, Some("]")).map(Value::List)
            }
            Kind::Op("(") => self.parenthesis(),
            Kind::Op("{") => self.braces(),
            _ => None,
        }
    }

    /// A number, also in parentheses: what a sign may stand before.
    fn number(&mut self) -> Option<Value> {
        if self.take_op("(") {
            let number = self.number()?;
            return self.take_op(")").then_some(number);
        }
        let Kind::Number(number) = self.peek() else { return None };
        let number = number.clone();
        self.at += 1;
        Some(number)
    }

    fn constant(&mut self) -> Option<Value> {
        match self.name()?.as_str() {
            "True" => Some(Value::Bool(true)),
            "False" => Some(Value::Bool(false)),
            "None" => Some(Value::Null),
            "set" if self.take_op("(") && self.take_op(")") => Some(Value::List(Vec::new())),
            _ => None,
        }
    }

    /// Neighbouring texts are one.
    fn text(&mut self) -> Option<Value> {
        let mut joined = String::new();
        let is_text = matches!(self.peek(), Kind::Text(_));
        loop {
            match self.peek() {
                Kind::Text(piece) if is_text => joined += piece,
                Kind::Bytes(piece) if !is_text => joined += piece,
                Kind::Text(_) | Kind::Bytes(_) | Kind::Opaque => return None,
                _ => break,
            }
            self.at += 1;
        }
        Some(Value::Text(if is_text { joined } else { format!("b'{joined}'") }))
    }

    fn parenthesis(&mut self) -> Option<Value> {
        self.at += 1;
        if self.take_op(")") {
            return Some(Value::List(Vec::new()));
        }
        let first = self.literal()?;
        if self.take_op(")") {
            return Some(first);
        }
        self.items(Some(first), Some(")")).map(Value::List)
    }

    /// Items up to `close`, or to the end of the statement; a last comma may stand.
    fn items(&mut self, first: Option<Value>, close: Option<&str>) -> Option<Vec<Value>> {
        let mut needs_comma = first.is_some();
        let mut items: Vec<Value> = first.into_iter().collect();
        loop {
            let ends = match close {
                Some(close) => self.take_op(close),
                None => matches!(self.peek(), Kind::Newline | Kind::End | Kind::Op(";")),
            };
            if ends {
                return Some(items);
            }
            if needs_comma {
                if !self.take_op(",") {
                    return None;
                }
                needs_comma = false;
            } else {
                items.push(self.literal()?);
                needs_comma = true;
            }
        }
    }

    /// A mapping or a set.
    fn braces(&mut self) -> Option<Value> {
        self.at += 1;
        if self.take_op("}") {
            return Some(Value::Map(Map::new()));
        }
        let first = self.literal()?;
        if self.peek_op() != ":" {
            let items = self.items(Some(first), Some("}"))?;
            // Two sets are equal whatever their order, so one order is chosen.
            let sorted: BTreeMap<_, _> = items.into_iter().map(|item| ((item.kind(), item.to_string()), item)).collect();
            return Some(Value::List(sorted.into_values().collect()));
        }
        let mut entries = Map::new();
        let mut key = first;
        loop {
            if matches!(key, Value::Map(_)) || !self.take_op(":") {
                return None;
            }
            let value = self.literal()?;
            entries.insert(key.to_string(), value);
            let comma = self.take_op(",");
            if self.take_op("}") {
                return Some(Value::Map(entries));
            }
            if !comma {
                return None;
            }
            key = self.literal()?;
        }
    }
}

#[cfg(test)]
mod tests;
