//! `${...}`: fills in one text, or all texts of a value, from a [`Context`].

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::path::RepoPath;
use proofmark_core::value::{Kind, Map, Value};

use crate::context::{Context, Selected, descend};

/// Bytes that the templates of one `dvc.yaml` may come to.
const MAX_EXPANSION: usize = 32 << 20;

/// A template that cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}` {message}")]
pub(crate) struct TemplateError {
    /// As it is written, `${...}`.
    pub(crate) expression: String,
    pub(crate) message: String,
}

impl TemplateError {
    pub(crate) fn new(expression: impl Into<String>, message: impl Into<String>) -> Self {
        Self { expression: expression.into(), message: message.into() }
    }
}

/// A value that a generated stage goes by: from the context, where its path is known, or written out.
#[derive(Debug, Clone)]
pub(crate) struct Item<'c> {
    pub(crate) path: Option<Vec<String>>,
    pub(crate) value: Cow<'c, Value>,
}

/// What `item` and `key` are for one generated stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bound<'i> {
    pub(crate) key: Option<Value>,
    pub(crate) item: Items<'i>,
}

impl Bound<'_> {
    /// Whether this is for a generated stage.
    pub(crate) fn is_generated(&self) -> bool {
        !matches!(self.item, Items::None)
    }
}

/// What `item` is.
#[derive(Debug, Clone, Default)]
pub(crate) enum Items<'i> {
    /// No generated stage.
    #[default]
    None,
    /// `foreach`.
    One(&'i Item<'i>),
    /// `matrix`: by the names of its lists.
    Many(Vec<(&'i str, &'i Item<'i>)>),
}

/// What one `dvc.yaml` has spent and used so far.
#[derive(Debug)]
pub(crate) struct Ledger {
    left: Cell<usize>,
    /// The keys of files that templates used.
    pub(crate) used: RefCell<BTreeMap<RepoPath, BTreeSet<String>>>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { left: Cell::new(MAX_EXPANSION), used: RefCell::default() }
    }
}

impl Ledger {
    pub(crate) fn spend(&self, bytes: usize, expression: &str) -> Result<(), TemplateError> {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.unwrap_or(0));
        left.map(|_| ())
            .ok_or_else(|| TemplateError::new(shorten(expression), format!("comes to more than {MAX_EXPANSION} bytes with all others")))
    }
}

/// Where names are looked up.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'s> {
    pub(crate) context: &'s Context,
    pub(crate) bound: &'s Bound<'s>,
    pub(crate) ledger: &'s Ledger,
    /// Whether this is inside a stage: there, what is looked up counts as used, and lists and mappings are refused.
    pub(crate) in_stage: bool,
}

impl<'s> Scope<'s> {
    /// All texts of a value, keys of mappings too.
    pub(crate) fn resolve(&self, value: &Value) -> Result<Value, TemplateError> {
        Ok(match value {
            Value::Text(text) => self.resolve_text(text)?,
            Value::List(list) => {
                self.ledger.spend(list.len(), "")?;
                Value::List(list.iter().map(|value| self.resolve(value)).collect::<Result<_, _>>()?)
            }
            Value::Map(map) => {
                self.ledger.spend(map.keys().map(|key| key.len() + 1).sum(), "")?;
                let mut resolved = Map::new();
                for (key, value) in map {
                    resolved.insert(self.resolve_string(key)?.into_owned(), self.resolve(value)?);
                }
                Value::Map(resolved)
            }
            plain => plain.clone(),
        })
    }

    /// One text: the value itself if all of the text is one template, else a text.
    pub(crate) fn resolve_text(&self, text: &str) -> Result<Value, TemplateError> {
        self.ledger.spend(text.len(), text)?;
        if let Some(inner) = whole(text) {
            let value = self.lookup(inner)?.value;
            return match &*value {
                Value::List(_) | Value::Map(_) if self.in_stage => Err(not_in_text(inner, &value)),
                value => {
                    self.ledger.spend(size(value), inner)?;
                    Ok(value.clone())
                }
            };
        }
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, inner, after)) = next_template(rest) {
            let value = self.lookup(inner)?.value;
            let put = plain_text(&value).ok_or_else(|| not_in_text(inner, &value))?;
            self.ledger.spend(put.len(), inner)?;
            filled.push_str(before);
            filled.push_str(&put);
            rest = after;
        }
        filled.push_str(rest);
        Ok(Value::Text(if filled.contains("\\${") { filled.replace("\\${", "${") } else { filled }))
    }

    /// One text that has to be a text in the end.
    pub(crate) fn resolve_string<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, TemplateError> {
        if !text.contains("${") {
            return Ok(Cow::Borrowed(text));
        }
        match self.resolve_text(text)? {
            Value::Text(text) => Ok(Cow::Owned(text)),
            other => Err(TemplateError::new(text, format!("is a {} and not a text", other.kind()))),
        }
    }

    /// Looks up all that a value's texts refer to, and does nothing with it. Only a command may name a mapping.
    pub(crate) fn mention(&self, value: &Value, in_command: bool) -> Result<(), TemplateError> {
        match value {
            Value::Text(text) => {
                self.ledger.spend(text.len(), text)?;
                let mut rest = text.as_str();
                while let Some((_, inner, after)) = next_template(rest) {
                    let value = self.lookup(inner)?.value;
                    if !matches!((value.kind(), in_command), (Kind::Map, true)) && plain_text(&value).is_none() {
                        return Err(not_in_text(inner, &value));
                    }
                    rest = after;
                }
                Ok(())
            }
            Value::List(list) => list.iter().try_for_each(|value| self.mention(value, in_command)),
            Value::Map(map) => map.values().try_for_each(|value| self.mention(value, in_command)),
            _ => self.ledger.spend(1, ""),
        }
    }

    /// The value of the inside of `${...}`, whatever it is.
    pub(crate) fn lookup(&self, inner: &str) -> Result<Selected<'s>, TemplateError> {
        let path = parse(inner).ok_or_else(|| TemplateError::new(embrace(inner), "is not a name"))?;
        let (selected, origin) =
            self.find(&path).ok_or_else(|| TemplateError::new(embrace(inner), "is in none of `params.yaml`, `vars`, `item` and `key`"))?;
        if let Cow::Owned(merged) = &selected.value {
            self.ledger.spend(size(merged), inner)?;
        }
        if let (true, Some(file), Some(origin)) = (self.in_stage && selected.value.kind() != Kind::Map, selected.file, origin) {
            // An index from the end is no key that could be shown.
            if !origin.iter().any(|part| part.starts_with('-')) {
                self.ledger.used.borrow_mut().entry(file.clone()).or_default().insert(origin.join("."));
            }
        }
        Ok(selected)
    }

    /// The path of names that `${inner}` stands for in the context: its own, or behind `item`.
    pub(crate) fn find(&self, path: &[String]) -> Option<(Selected<'s>, Option<Vec<String>>)> {
        let (first, rest) = path.split_first()?;
        let bound = self.bound;
        if let (Some(key), "key") = (&bound.key, first.as_str()) {
            return rest.is_empty().then_some((Selected { value: Cow::Borrowed(key), file: None }, None));
        }
        let (item, rest) = match &bound.item {
            Items::One(item) if first == "item" => (*item, rest),
            Items::Many(items) if first == "item" => {
                let (name, rest) = rest.split_first()?;
                (items.iter().find(|(known, _)| known == name)?.1, rest)
            }
            _ => return Some((self.context.select(path)?, Some(path.to_vec()))),
        };
        match &item.path {
            Some(start) => {
                let path = [start.as_slice(), rest].concat();
                Some((self.context.select(&path)?, Some(path)))
            }
            None => Some((Selected { value: Cow::Borrowed(descend(&item.value, rest)?), file: None }, None)),
        }
    }
}

/// The inside of a text that is one template from end to end.
pub(crate) fn whole(text: &str) -> Option<&str> {
    match next_template(text)? {
        ("", inner, "") => Some(inner),
        _ => None,
    }
}

/// The text before the next `${...}`, its inside, and the text after it. `\${` is none.
fn next_template(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find("${")?;
        let inside = start + 2;
        let end = text[inside..].find(['}', '\n']).map(|at| inside + at);
        match end {
            Some(end) if text.as_bytes()[end] == b'}' && !text[..start].ends_with('\\') => {
                return Some((&text[..start], &text[inside..end], &text[end + 1..]));
            }
            None => return None,
            Some(_) => from = inside,
        }
    }
}

/// `a.b[0].c` as names; `None` when it is not that.
pub(crate) fn parse(inner: &str) -> Option<Vec<String>> {
    let word = |text: &str| {
        let text = text.trim();
        (!text.is_empty() && !text.contains(['.', '[', ']'])).then(|| text.to_owned())
    };
    let mut names = Vec::new();
    for (index, part) in inner.split('.').enumerate() {
        let mut brackets = part.split('[');
        let first = brackets.next()?;
        // `a.[0]` is no more a name than `a..b`.
        names.push(word(first)?);
        for bracket in brackets {
            names.push(word(bracket.trim_end().strip_suffix(']')?)?);
        }
        if index > 64 {
            return None;
        }
    }
    Some(names)
}

fn embrace(inner: &str) -> String {
    format!("${{{}}}", shorten(inner))
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

fn not_in_text(inner: &str, value: &Value) -> TemplateError {
    TemplateError::new(embrace(inner), format!("is a {}, which cannot stand in a text", value.kind()))
}

/// Names and values, roughly in bytes.
fn size(value: &Value) -> usize {
    match value {
        Value::Map(map) => map.iter().map(|(key, value)| key.len() + size(value)).sum(),
        Value::List(list) => list.iter().map(size).sum::<usize>() + 8,
        Value::Text(text) | Value::Date(text) => text.len(),
        _ => 8,
    }
}

/// A value inside a longer text, in Python's words but for booleans; `None` for lists and mappings.
pub(crate) fn plain_text(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::Null => Cow::Borrowed("None"),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Int(whole) => Cow::Owned(whole.to_string()),
        Value::Float(number) => Cow::Owned(python_float(*number)),
        Value::Text(text) | Value::Date(text) => Cow::Borrowed(text),
        Value::List(_) | Value::Map(_) => return None,
    })
}

/// `1e-05`, `1e+16`, `0.0001`, `1.0`, `nan`, `inf`: as Python's `str` has it.
fn python_float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if number == 0.0 || (1e-4..1e16).contains(&number.abs()) {
        return format!("{number:?}");
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_python() {
        for (number, text) in [
            (1.0, "1.0"),
            (0.0001, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e16, "1e+16"),
            (-2.5e100, "-2.5e+100"),
            (1e15, "1000000000000000.0"),
            (-0.0, "-0.0"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(python_float(number), text);
        }
    }

    #[test]
    fn names_are_dotted_or_indexed() {
        for (inner, names) in
            [("a", "a"), (" a . b ", "a b"), ("a.b[0].c", "a b 0 c"), ("a[0][1]", "a 0 1"), ("a[b]", "a b"), ("a-b/c", "a-b/c")]
        {
            assert_eq!(parse(inner).map(|names| names.join(" ")).as_deref(), Some(names), "{inner}");
        }
        for inner in ["", " ", "a..b", ".a", "a.", "a[", "a]", "a[]", "[0]", "a.[0]", "a[0]b", "a[[0]]"] {
            assert_eq!(parse(inner), None, "{inner}");
        }
    }

    #[test]
    fn templates_are_found_where_dvc_finds_them() {
        assert_eq!(next_template("a${b}c${d}"), Some(("a", "b", "c${d}")));
        assert_eq!(next_template("\\${b}"), None);
        assert_eq!(next_template("\\${b}-${c}"), Some(("\\${b}-", "c", "")));
        assert_eq!(next_template("${a\nb}${c}"), Some(("${a\nb}", "c", "")));
        assert_eq!(next_template("${a${b}"), Some(("", "a${b", "")));
        assert_eq!(next_template("é${é}é"), Some(("é", "é", "é")));
        assert_eq!((whole("${a}"), whole("${a} "), whole("${a}${b}")), (Some("a"), None, None));
    }
}
