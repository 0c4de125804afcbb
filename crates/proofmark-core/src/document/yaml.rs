//! YAML 1.2 as ruamel's safe loader reads it for DVC.
//!
//! The parser gives events; what they mean is decided here: `yes` is text, `0o17` is 15, `1_000` is 1000, `1e-3` is a
//! number, dates are dates, `<<` merges, a repeated key or a second document is an error. Aliases are expanded within a
//! budget, so that a small file cannot become a large value.
//!
//! What stays different from ruamel:
//!
//! - refused here, read there: lists and mappings as keys; keys that are the same as text (`1` and `'1'`); content
//!   within brackets or quotes that is indented less than its key; a `-` that stands alone within brackets; emoji as two
//!   `\u` escapes; a value that contains itself; `!!binary`, `!!pairs`; flow nesting beyond 255 levels;
//! - read here, refused there: tabs after a value, control characters, days that no calendar has, `=` and `<<` as
//!   values, keys that only Python takes for the same (`1` and `1.0`, `1` and `true`);
//! - read otherwise: `{x:}` and `[?x]`, where ruamel's answers are not those of YAML 1.2 (`"x:"` and a mapping);
//! - `%YAML 1.1` is refused, since there `yes` and `017` mean something else; NaN, infinite and rounded keys read as
//!   JSON writes them; a file that is `0`, `false` or an empty text stays one (DVC makes an empty mapping of it).

mod scalar;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

pub use self::scalar::plain_scalar;
use self::scalar::{Misfit, scalar, suffix};
use super::{Leaves, MAX_DEPTH, ParseError};
use crate::value::{Map, Value};

/// Values that aliases may add to a document.
const ALIAS_BUDGET: usize = 200_000;

/// Reads one YAML document; an empty stream is null. Places are counted in characters.
pub(super) fn read(bytes: &[u8], leaves: Leaves) -> Result<Value, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|bad| ParseError::at(bytes, bad.valid_up_to(), "the file is not UTF-8"))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    // A file that is one plain scalar (`0.93`) is common and needs no parser.
    if let Some(value) = lone_number(text) {
        return Ok(leaves.leaf(value, 0));
    }
    if text.starts_with("%YAML 1.1") {
        return Err(ParseError::at(bytes, 0, "YAML 1.1 gives numbers and booleans other meanings").hint("remove the `%YAML 1.1` line"));
    }
    compose(text, leaves).map_err(|mistake| mistake.placed(text))
}

fn compose(text: &str, leaves: Leaves) -> Result<Value, Mistake> {
    let mut composer = Composer { aliased: aliased(text), leaves, ..Composer::default() };
    let cut_off = CutOff::of(text);
    for_events(text, |event, span| match (event, &cut_off) {
        (Event::Scalar(content, style, anchor, tag), Some(cut_off)) => {
            composer.take(Event::Scalar(cut_off.correct(content, style, &span), style, anchor, tag), span)
        }
        (event, _) => composer.take(event, span),
    })?;
    Ok(composer.root.unwrap_or(Value::Null))
}

fn for_events<'a>(text: &'a str, mut take: impl FnMut(Event<'a>, Span) -> Result<(), Mistake>) -> Result<(), Mistake> {
    let mut parser: Parser<'a, StrInput<'a>> = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| explain(error.marker(), error.info()))?;
        let end = matches!(event, Event::StreamEnd);
        take(event, span)?;
        if end {
            break;
        }
    }
    Ok(())
}

/// The anchors that some alias refers to: only their values need to be kept. Mistakes are for the reading proper.
fn aliased(text: &str) -> HashSet<usize> {
    let mut found = HashSet::new();
    if text.contains('*') && text.contains('&') {
        let _ = for_events(text, |event, _| {
            if let Event::Alias(anchor) = event {
                found.insert(anchor);
            }
            Ok(())
        });
    }
    found
}

/// How a file ends that does not end with a line end. The parser then gives a block text there one line end too many.
struct CutOff {
    /// Characters in the file.
    end: usize,
    /// Line ends that the parser gives.
    given: &'static str,
}

impl CutOff {
    fn of(text: &str) -> Option<Self> {
        let last_line = text.rsplit(['\n', '\r']).next().filter(|line| !line.is_empty())?;
        let blank = last_line.trim_start_matches(' ').is_empty();
        Some(Self { end: text.chars().count(), given: if blank { "\n\n" } else { "\n" } })
    }

    fn correct<'a>(&self, content: Cow<'a, str>, style: ScalarStyle, span: &Span) -> Cow<'a, str> {
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if !is_block || span.end.index() < self.end || !content.ends_with(self.given) {
            return content;
        }
        let mut content = content.into_owned();
        content.pop();
        content.into()
    }
}

fn lone_number(text: &str) -> Option<Value> {
    let line = text.trim_end_matches(['\n', '\r', ' ']);
    let plain =
        !line.is_empty() && line.len() < 64 && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'));
    plain.then(|| plain_scalar(line)).filter(|value| matches!(value, Value::Int(_) | Value::Float(_)))
}

/// A mistake at a character of the text.
struct Mistake {
    index: usize,
    message: String,
    hint: Option<&'static str>,
}

impl Mistake {
    fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// The parser's own lines and columns are not those of an editor (a lone carriage return, the end of the file).
    fn placed(self, text: &str) -> ParseError {
        let offset = text.char_indices().nth(self.index).map_or(text.len(), |(offset, _)| offset);
        let error = ParseError::at(text.as_bytes(), offset, self.message);
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

fn error_at(marker: &Marker, message: impl Into<String>) -> Mistake {
    Mistake { index: marker.index(), message: message.into(), hint: None }
}

fn explain(marker: &Marker, info: &str) -> Mistake {
    let mut letters = info.chars();
    let message = letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect());
    let indentation = message.starts_with("invalid indentation");
    let error = error_at(marker, message);
    if indentation { error.hint("indent what stands within brackets or quotes further than its key") } else { error }
}

fn unknown_tag(tag: &Tag, here: &Marker) -> Mistake {
    let name = if tag.handle == "tag:yaml.org,2002:" { "!!" } else { &tag.handle };
    let error = error_at(here, format!("the tag `{name}{}` is not one that a metrics file may have", tag.suffix));
    if tag.suffix.starts_with("python/") {
        return error.hint("the file was dumped from Python objects: write plain numbers, for example float(value), with yaml.safe_dump");
    }
    error
}

/// What a collection becomes when it is complete.
#[derive(Clone, Copy)]
enum Shape {
    AsWritten,
    /// `!!set`: the keys, in one order whatever the file's.
    Set,
    /// `!!omap`: one mapping of a list of mappings, as ruamel writes an `OrderedDict`.
    OrderedMap,
}

/// A collection that is still open.
struct Open {
    content: Content,
    shape: Shape,
    anchor: usize,
    start: Marker,
}

enum Content {
    List(Vec<Value>),
    Map { entries: Map, merged: Option<Map>, key: Option<PendingKey> },
}

enum PendingKey {
    Name(String),
    Merge,
}

#[derive(Default)]
struct Composer {
    open: Vec<Open>,
    /// The values of aliased anchors with their sizes; none for those beyond the budget.
    anchors: HashMap<usize, Option<(Value, usize)>>,
    aliased: HashSet<usize>,
    spent: usize,
    root: Option<Value>,
    documents: usize,
    leaves: Leaves,
}

impl Composer {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Mistake> {
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
                let is_merge = text == "<<" && style == ScalarStyle::Plain && tag.is_none();
                if is_merge && self.expects_key() {
                    return self.set_key(PendingKey::Merge, &here);
                }
                let value = scalar(&text, style, tag.as_deref()).map_err(|misfit| match (misfit, &tag) {
                    (Misfit::Tag, Some(tag)) => unknown_tag(tag, &here),
                    (_, tag) => {
                        let tag = tag.as_deref().and_then(suffix).unwrap_or_default();
                        error_at(&here, format!("`{text}` does not fit its tag `!!{tag}`"))
                    }
                })?;
                self.anchor(anchor, &value);
                self.place(value, &here)
            }
            Event::SequenceStart(anchor, tag) => {
                let shape = shape(tag.as_deref(), "seq", "omap", Shape::OrderedMap, &here)?;
                self.enter(Open { content: Content::List(Vec::new()), shape, anchor, start: here })
            }
            Event::MappingStart(anchor, tag) => {
                let shape = shape(tag.as_deref(), "map", "set", Shape::Set, &here)?;
                self.enter(Open { content: Content::Map { entries: Map::new(), merged: None, key: None }, shape, anchor, start: here })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => {
                let value = self.expanded(anchor, &here)?;
                self.place(value, &here)
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn enter(&mut self, collection: Open) -> Result<(), Mistake> {
        if self.open.len() >= MAX_DEPTH {
            return Err(error_at(&collection.start, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push(collection);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Mistake> {
        let Some(Open { content, shape, anchor, start }) = self.open.pop() else { return Ok(()) };
        let value = match content {
            Content::List(items) => Value::List(items),
            Content::Map { entries, merged: None, .. } => Value::Map(entries),
            // What is merged stands first, as for ruamel; the mapping's own values win.
            Content::Map { entries, merged: Some(mut all), .. } => {
                all.extend(entries);
                Value::Map(all)
            }
        };
        let value = match (shape, value) {
            (Shape::Set, Value::Map(mut entries)) => {
                entries.sort_unstable_keys();
                Value::List(entries.into_iter().map(|(key, _)| Value::Text(key)).collect())
            }
            (Shape::OrderedMap, Value::List(items)) => {
                ordered(items).ok_or_else(|| error_at(&start, "an `!!omap` lists mappings of one key each"))?
            }
            (_, value) => value,
        };
        self.anchor(anchor, &value);
        self.place(value, &start)
    }

    /// Keeps the value for aliases. Each kept value is aliased, so the budget bounds what is kept as well.
    fn anchor(&mut self, anchor: usize, value: &Value) {
        if self.aliased.contains(&anchor) {
            let size = size_up_to(value, ALIAS_BUDGET);
            self.anchors.insert(anchor, (size <= ALIAS_BUDGET).then(|| (value.clone(), size)));
        }
    }

    fn expanded(&mut self, anchor: usize, here: &Marker) -> Result<Value, Mistake> {
        let Some(kept) = self.anchors.get(&anchor) else {
            return Err(error_at(here, "an alias refers to a value that is not complete"));
        };
        if let Some((value, size)) = kept {
            self.spent += size;
            if self.spent <= ALIAS_BUDGET {
                return Ok(value.clone());
            }
        }
        Err(error_at(here, format!("aliases expand to more than {ALIAS_BUDGET} values")))
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Map { key: None, .. }, .. }))
    }

    fn set_key(&mut self, pending: PendingKey, here: &Marker) -> Result<(), Mistake> {
        if let Some(Open { content: Content::Map { entries, merged, key }, .. }) = self.open.last_mut() {
            let twice = match &pending {
                PendingKey::Name(name) => entries.contains_key(name).then_some(name.as_str()),
                PendingKey::Merge => merged.is_some().then_some("<<"),
            };
            if let Some(name) = twice {
                return Err(error_at(here, format!("the key `{name}` stands twice in one mapping")));
            }
            *key = Some(pending);
        }
        Ok(())
    }

    fn place(&mut self, value: Value, here: &Marker) -> Result<(), Mistake> {
        let is_scalar = !matches!(value, Value::List(_) | Value::Map(_));
        if self.expects_key() {
            if !is_scalar {
                return Err(error_at(here, "a list or a mapping cannot be a key here"));
            }
            return self.set_key(PendingKey::Name(value.to_string()), here);
        }
        let value = if is_scalar { self.leaves.leaf(value, here.index()) } else { value };
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(value),
            Some(Content::List(items)) => items.push(value),
            Some(Content::Map { entries, merged, key }) => match key.take() {
                Some(PendingKey::Name(name)) => {
                    entries.insert(name, value);
                }
                Some(PendingKey::Merge) => {
                    *merged = Some(mergeable(value).ok_or_else(|| error_at(here, "`<<` merges mappings only"))?);
                }
                None => {}
            },
        }
        Ok(())
    }
}

/// Values in a value; counting ends beyond `limit`.
fn size_up_to(value: &Value, limit: usize) -> usize {
    let mut seen = 0;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        seen += 1;
        let more = value.as_list().map_or(0, <[Value]>::len) + value.as_map().map_or(0, |map| map.len());
        if seen + open.len() + more > limit {
            return limit + 1;
        }
        open.extend(value.as_list().into_iter().flatten());
        open.extend(value.as_map().into_iter().flat_map(|map| map.values()));
    }
    seen
}

/// What `<<` adds: of several mappings, the earlier win.
fn mergeable(value: Value) -> Option<Map> {
    match value {
        Value::Map(map) => Some(map),
        Value::List(list) => {
            let mut all = Map::new();
            for item in list.into_iter().rev() {
                let Value::Map(map) = item else { return None };
                all.extend(map);
            }
            Some(all)
        }
        _ => None,
    }
}

fn ordered(items: Vec<Value>) -> Option<Value> {
    let mut all = Map::new();
    for item in items {
        let Value::Map(entry) = item else { return None };
        let fits = entry.len() == 1 && entry.keys().all(|key| !all.contains_key(key));
        all.extend(fits.then_some(entry)?);
    }
    Some(Value::Map(all))
}

fn shape(tag: Option<&Tag>, usual: &str, special: &str, shape: Shape, here: &Marker) -> Result<Shape, Mistake> {
    let Some(tag) = tag else { return Ok(Shape::AsWritten) };
    match suffix(tag) {
        Some(name) if name.is_empty() || name == usual => Ok(Shape::AsWritten),
        Some(name) if name == special => Ok(shape),
        _ => Err(unknown_tag(tag, here)),
    }
}

#[cfg(test)]
mod tests;
