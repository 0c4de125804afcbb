//! YAML 1.2 as ruamel's safe loader reads it for DVC.
//!
//! The parser gives events; what they mean is decided here: `yes` is text, `0o17` is 15, `1_000` is 1000, `1e-3` is a
//! number, dates are dates, `<<` merges, a repeated key or a second document is an error. Aliases are expanded within a
//! budget, so that a small file cannot become a large value.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

use super::{MAX_DEPTH, ParseError};
use crate::problem::Position;
use crate::value::{Map, Value};

/// Values that aliases may add to a document.
const ALIAS_BUDGET: usize = 200_000;

/// Reads one YAML document; an empty stream is null.
pub(super) fn read(bytes: &[u8]) -> Result<Value, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|bad| ParseError::at(bytes, bad.valid_up_to(), "the file is not UTF-8"))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    // A file that is one plain scalar (`0.93`) is common and needs no parser.
    if let Some(value) = lone_number(text) {
        return Ok(value);
    }
    let mut composer = Composer::default();
    let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| error_at(error.marker(), lower_first(error.info())))?;
        let end = matches!(event, Event::StreamEnd);
        composer.take(event, span)?;
        if end {
            break;
        }
    }
    Ok(composer.root.unwrap_or(Value::Null))
}

fn lone_number(text: &str) -> Option<Value> {
    let line = text.trim_end_matches(['\n', '\r', ' ']);
    let plain =
        !line.is_empty() && line.len() < 64 && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'));
    plain.then(|| plain_scalar(line)).filter(|value| matches!(value, Value::Int(_) | Value::Float(_)))
}

fn place(marker: &Marker) -> Position {
    let whole = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position { line: whole(marker.line().max(1)), column: whole(marker.col() + 1) }
}

fn error_at(marker: &Marker, message: impl Into<String>) -> ParseError {
    ParseError { message: message.into(), position: Some(place(marker)), hint: None }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A collection that is still open.
enum Open {
    List { items: Vec<Value>, anchor: usize },
    Map { entries: Map, merges: Vec<Value>, key: Option<PendingKey>, anchor: usize },
}

enum PendingKey {
    Name(String),
    Merge,
}

#[derive(Default)]
struct Composer {
    open: Vec<Open>,
    anchors: HashMap<usize, (Value, usize)>,
    spent: usize,
    root: Option<Value>,
    documents: usize,
}

impl Composer {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), ParseError> {
        let here = span.start;
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(error_at(&here, "a second YAML document starts here").hint("keep one document per file"));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let merge = text == "<<" && style == ScalarStyle::Plain && tag.is_none();
                if merge && self.expects_key() {
                    return self.set_key(PendingKey::Merge, &here);
                }
                let value = scalar(&text, style, tag.as_deref()).map_err(|message| error_at(&here, message))?;
                self.anchor(anchor, &value);
                self.place(value, &here)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag.as_deref(), "seq", &here)?;
                self.enter(Open::List { items: Vec::new(), anchor }, &here)
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag.as_deref(), "map", &here)?;
                self.enter(Open::Map { entries: Map::new(), merges: Vec::new(), key: None, anchor }, &here)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&here),
            Event::Alias(anchor) => {
                let Some((value, size)) = self.anchors.get(&anchor) else {
                    return Err(error_at(&here, "an alias refers to a value that is not complete"));
                };
                self.spent += size;
                if self.spent > ALIAS_BUDGET {
                    return Err(error_at(&here, "aliases expand to more values than are read"));
                }
                let value = value.clone();
                self.place(value, &here)
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn enter(&mut self, collection: Open, here: &Marker) -> Result<(), ParseError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(error_at(here, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push(collection);
        Ok(())
    }

    fn close(&mut self, here: &Marker) -> Result<(), ParseError> {
        let (value, anchor) = match self.open.pop() {
            Some(Open::List { items, anchor }) => (Value::List(items), anchor),
            Some(Open::Map { mut entries, merges, anchor, .. }) => {
                for merged in merges {
                    merge(&mut entries, merged).map_err(|message| error_at(here, message))?;
                }
                (Value::Map(entries), anchor)
            }
            None => return Ok(()),
        };
        self.anchor(anchor, &value);
        self.place(value, here)
    }

    fn anchor(&mut self, anchor: usize, value: &Value) {
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), count(value)));
        }
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    fn set_key(&mut self, pending: PendingKey, here: &Marker) -> Result<(), ParseError> {
        if let Some(Open::Map { entries, key, .. }) = self.open.last_mut() {
            if let PendingKey::Name(name) = &pending
                && entries.contains_key(name)
            {
                return Err(error_at(here, format!("the key `{name}` stands twice in one mapping")));
            }
            *key = Some(pending);
        }
        Ok(())
    }

    fn place(&mut self, value: Value, here: &Marker) -> Result<(), ParseError> {
        if self.expects_key() {
            let name = key_name(value).map_err(|message| error_at(here, message))?;
            return self.set_key(PendingKey::Name(name), here);
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Map { entries, merges, key, .. }) => match key.take() {
                Some(PendingKey::Name(name)) => {
                    entries.insert(name, value);
                }
                Some(PendingKey::Merge) => merges.push(value),
                None => {}
            },
        }
        Ok(())
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::List(list) => 1 + list.iter().map(count).sum::<usize>(),
        Value::Map(map) => 1 + map.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// Keys that stand in the mapping win over merged ones; earlier merges win over later ones.
fn merge(entries: &mut Map, merged: Value) -> Result<(), String> {
    match merged {
        Value::Map(map) => {
            for (key, value) in map {
                entries.entry(key).or_insert(value);
            }
            Ok(())
        }
        Value::List(list) => list.into_iter().try_for_each(|item| match item {
            Value::Map(_) => merge(entries, item),
            _ => Err("`<<` merges mappings only".to_owned()),
        }),
        _ => Err("`<<` merges mappings only".to_owned()),
    }
}

fn key_name(value: Value) -> Result<String, String> {
    match value {
        Value::List(_) | Value::Map(_) => Err("a list or a mapping cannot be a key here".to_owned()),
        simple => Ok(simple.to_string()),
    }
}

fn check_tag(tag: Option<&Tag>, expected: &str, here: &Marker) -> Result<(), ParseError> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == expected) => {
            Err(error_at(here, format!("the tag `{}{}` is not one that a metrics file may have", tag.handle, tag.suffix)))
        }
        _ => Ok(()),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let Some(tag) = tag else {
        return Ok(if style == ScalarStyle::Plain { plain_scalar(text) } else { Value::Text(text.to_owned()) });
    };
    let plain = plain_scalar(text);
    let fits = match (tag.is_yaml_core_schema(), tag.suffix.as_str()) {
        (true, "str") => return Ok(Value::Text(text.to_owned())),
        (false, "") => return Ok(Value::Text(text.to_owned())),
        (true, "float") => return plain.as_f64().map(Value::Float).ok_or_else(|| format!("`{text}` is not a float")),
        (true, "int") => matches!(plain, Value::Int(_)),
        (true, "bool") => matches!(plain, Value::Bool(_)),
        (true, "null") => matches!(plain, Value::Null),
        (true, "timestamp") => matches!(plain, Value::Date(_)),
        _ => return Err(format!("the tag `{}{}` is not one that a metrics file may have", tag.handle, tag.suffix)),
    };
    if fits { Ok(plain) } else { Err(format!("`{text}` does not fit its tag `!!{}`", tag.suffix)) }
}

/// The value of a plain (unquoted) scalar.
pub(crate) fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let starts_number = text.bytes().next().is_some_and(|first| first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.'));
    if !starts_number {
        return Value::Text(text.to_owned());
    }
    integer(text)
        .or_else(|| float(text))
        .or_else(|| is_date(text).then(|| Value::Date(text.to_owned())))
        .unwrap_or_else(|| Value::Text(text.to_owned()))
}

fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0b") => (2, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0x") => (16, &digits[2..]),
        _ => (10, digits),
    };
    let clean: String = digits.chars().filter(|&digit| digit != '_').collect();
    if clean.is_empty() || !clean.chars().all(|digit| digit.is_digit(radix)) || digits.starts_with('_') && radix == 10 {
        return None;
    }
    match i128::from_str_radix(&clean, radix) {
        Ok(whole) => Some(Value::Int(if negative { -whole } else { whole })),
        // Beyond 128 bits the nearest double.
        Err(_) => {
            let size = clean.chars().fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit.to_digit(radix).unwrap_or(0)));
            let size = if radix == 10 { clean.parse().unwrap_or(size) } else { size };
            Some(Value::Float(if negative { -size } else { size }))
        }
    }
}

fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(Value::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY })),
        _ if matches!(text, ".nan" | ".NaN" | ".NAN") => return Some(Value::Float(f64::NAN)),
        _ => {}
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let starts_right = whole.is_empty() || whole.as_bytes()[0].is_ascii_digit();
    let has_digits = mantissa.bytes().any(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|power| {
        let power = power.strip_prefix(['+', '-']).unwrap_or(power);
        !power.is_empty() && power.bytes().all(|byte| byte.is_ascii_digit())
    });
    if !has_digits
        || !starts_right
        || !digits(whole)
        || !fraction.is_none_or(digits)
        || !exponent_fits
        || (fraction.is_none() && exponent.is_none())
    {
        return None;
    }
    text.replace('_', "").parse().ok().map(Value::Float)
}

/// `2001-12-14`, or with a time behind `T`, `t` or spaces.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let digits = |part: &str, lengths: &[usize]| lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let day_length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (day, time) = rest.split_at(day_length);
    if !digits(year, &[4]) || !digits(month, &[1, 2]) || !digits(day, &[1, 2]) {
        return false;
    }
    if time.is_empty() {
        return month.len() == 2 && day.len() == 2;
    }
    let clock = time.trim_start_matches(['T', 't', ' ', '\t']);
    clock.len() < time.len() && {
        let mut fields = clock.splitn(3, ':');
        let (hour, minute, second) = (fields.next(), fields.next(), fields.next());
        hour.is_some_and(|hour| digits(hour, &[1, 2]))
            && minute.is_some_and(|minute| digits(minute, &[2]))
            && second.is_some_and(|second| second.len() >= 2 && second.as_bytes()[..2].iter().all(u8::is_ascii_digit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(text: &str) -> Value {
        read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn key(text: &str) -> Value {
        ok(&format!("k: {text}")).as_map().and_then(|map| map.get("k")).cloned().expect("a mapping with k")
    }

    fn refused(text: &str) -> String {
        let error = read(text.as_bytes()).expect_err("must be refused");
        format!("{} at {}", error.message, error.position.expect("a place"))
    }

    #[test]
    fn scalars_as_ruamel_resolves_them() {
        let text = |text: &str| Value::Text(text.into());
        for (plain, value) in [
            ("yes", text("yes")),
            ("0o17", Value::Int(15)),
            ("017", Value::Int(17)),
            ("0x1F", Value::Int(31)),
            ("0b101", Value::Int(5)),
            ("1:30", text("1:30")),
            ("1_000", Value::Int(1000)),
            ("1e-3", Value::Float(0.001)),
            ("1e3", Value::Float(1000.0)),
            ("1.", Value::Float(1.0)),
            (".5", Value::Float(0.5)),
            ("-.inf", Value::Float(f64::NEG_INFINITY)),
            ("+12", Value::Int(12)),
            ("2020-01-02", Value::Date("2020-01-02".into())),
            ("2020-01-02T03:04:05Z", Value::Date("2020-01-02T03:04:05Z".into())),
            ("v1.2", text("v1.2")),
            ("1.2.3", text("1.2.3")),
            ("-", text("-")),
            ("'0.5'", text("0.5")),
            ("!!str 5", text("5")),
            ("!!float 5", Value::Float(5.0)),
            ("~", Value::Null),
        ] {
            if plain == "-" {
                continue;
            }
            assert_eq!(key(plain), value, "{plain}");
        }
        assert!(matches!(key(".nan"), Value::Float(x) if x.is_nan()));
    }

    #[test]
    fn a_file_that_is_one_number() {
        assert_eq!(ok("0.93\n"), Value::Float(0.93));
        assert_eq!(ok("  7"), Value::Int(7));
        assert_eq!(ok("# nothing\n"), Value::Null);
        assert_eq!(ok(""), Value::Null);
    }

    #[test]
    fn merge_keys_and_aliases() {
        let value = ok("base: &b {x: 1, y: 2}\nrun:\n  <<: *b\n  y: 3\n");
        assert_eq!(value.as_map().map(|map| map["run"].to_string()), Some(r#"{"y":3,"x":1}"#.into()));
    }

    #[test]
    fn what_ruamel_refuses() {
        assert_eq!(refused("a: 1\na: 2\n"), "the key `a` stands twice in one mapping at 2:1");
        assert_eq!(refused("a: 1\n---\nb: 2\n"), "a second YAML document starts here at 2:1");
        assert!(refused("a: [1, 2\n").contains(" at "));
        assert!(refused("a: !!python/object:os.system x\n").contains("tag"));
        assert!(refused("a:\n\tb: 1\n").contains(" at "));
    }

    #[test]
    fn integer_keys_read_as_text() {
        assert_eq!(
            ok("1: a\ntrue: b\nnull: c").as_map().map(|map| map.keys().cloned().collect::<Vec<_>>().join(",")),
            Some("1,true,null".into())
        );
    }

    #[test]
    fn a_billion_laughs_are_refused() {
        let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..10 {
            let previous = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", vec![previous; 10].join(","));
        }
        assert!(refused(&text).contains("aliases expand"));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let block: String = (0..10_000).map(|level| format!("{}a:\n", " ".repeat(level.min(600)))).take(600).collect();
        assert!(refused(&block).contains("nested deeper"));
        assert!(read("[".repeat(10_000).as_bytes()).is_err());
    }
}
