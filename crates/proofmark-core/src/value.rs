//! Values as they stand in a metrics or params file, whatever its format.

use std::fmt;
use std::ops::{Deref, DerefMut};

use indexmap::IndexMap;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A mapping in the order of its file.
///
/// Boxed, since a comparison holds millions of values and hardly a mapping.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map(Box<IndexMap<String, Value>>);

impl Map {
    /// An empty mapping.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty mapping with room for so many entries.
    pub fn with_capacity(entries: usize) -> Self {
        Self(Box::new(IndexMap::with_capacity(entries)))
    }
}

impl Deref for Map {
    type Target = IndexMap<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Map {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl FromIterator<(String, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(entries: I) -> Self {
        Self(Box::new(entries.into_iter().collect()))
    }
}

impl IntoIterator for Map {
    type Item = (String, Value);
    type IntoIter = indexmap::map::IntoIter<String, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a String, &'a Value);
    type IntoIter = indexmap::map::Iter<'a, String, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// One value of a document.
///
/// Integers are exact up to 128 bits; beyond, a reader gives the nearest [`Value::Float`]. Mapping keys are text:
/// an integer key `1` reads as `"1"`, `true` as `"true"`, null as `"null"`.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false; not a number.
    Bool(bool),
    /// A whole number, exact.
    Int(i128),
    /// A double; NaN and the infinities are values like any other here.
    Float(f64),
    /// Text.
    Text(String),
    /// A date or time as it was written (YAML, TOML).
    Date(String),
    /// A list.
    List(Vec<Self>),
    /// A mapping.
    Map(Map),
}

/// The kinds of [`Value`], for "type changed" and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Null.
    Null,
    /// Boolean.
    Bool,
    /// Integer or double.
    Number,
    /// Text.
    Text,
    /// Date or time.
    Date,
    /// List.
    List,
    /// Mapping.
    Map,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::Text => "text",
            Self::Date => "date",
            Self::List => "list",
            Self::Map => "mapping",
        })
    }
}

impl Value {
    /// What kind of value this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) | Self::Float(_) => Kind::Number,
            Self::Text(_) => Kind::Text,
            Self::Date(_) => Kind::Date,
            Self::List(_) => Kind::List,
            Self::Map(_) => Kind::Map,
        }
    }

    /// The number as a double (integers beyond 2^53 are rounded); `None` for all that is not a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(whole) => Some(*whole as f64),
            Self::Float(number) => Some(*number),
            Self::Null | Self::Bool(_) | Self::Text(_) | Self::Date(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The text of a text value.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The mapping of a mapping value.
    pub fn as_map(&self) -> Option<&Map> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    /// The elements of a list value.
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// Whether this is NaN or an infinity.
    pub fn is_non_finite(&self) -> bool {
        matches!(self, Self::Float(number) if !number.is_finite())
    }

    /// Equality as a reader means it: NaN is NaN, `1` is `1.0`, `-0.0` is `0.0`, integers exact.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(one), Self::Int(two)) => one == two,
            (Self::Int(whole), Self::Float(number)) | (Self::Float(number), Self::Int(whole)) => {
                *number == *whole as f64 && (*number as i128) == *whole
            }
            (Self::Float(one), Self::Float(two)) => one == two || (one.is_nan() && two.is_nan()),
            (Self::List(one), Self::List(two)) => one.len() == two.len() && one.iter().zip(two).all(|(a, b)| a.same(b)),
            (Self::Map(one), Self::Map(two)) => {
                one.len() == two.len() && one.iter().all(|(key, a)| two.get(key).is_some_and(|b| a.same(b)))
            }
            (one, two) => one == two,
        }
    }
}

impl fmt::Display for Value {
    /// Full precision, as JSON would have it; NaN and the infinities by name, text without quotes.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(yes) => write!(out, "{yes}"),
            Self::Int(whole) => write!(out, "{whole}"),
            Self::Float(number) if number.is_nan() => out.write_str("NaN"),
            Self::Float(number) if number.is_infinite() => out.write_str(if *number > 0.0 { "Infinity" } else { "-Infinity" }),
            Self::Float(number) if *number != 0.0 && !(1e-5..1e16).contains(&number.abs()) => write!(out, "{number:e}"),
            Self::Float(number) => write!(out, "{number:?}"),
            Self::Text(text) | Self::Date(text) => out.write_str(text),
            Self::List(_) | Self::Map(_) => out.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?),
        }
    }
}

impl Serialize for Value {
    /// Strict JSON: NaN and the infinities become the strings `NaN`, `Infinity`, `-Infinity`; dates become text.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(yes) => to.serialize_bool(*yes),
            Self::Int(whole) => match (i64::try_from(*whole), u64::try_from(*whole)) {
                (Ok(small), _) => to.serialize_i64(small),
                (_, Ok(large)) => to.serialize_u64(large),
                _ => to.serialize_i128(*whole),
            },
            Self::Float(_) if self.is_non_finite() => to.collect_str(self),
            Self::Float(number) => to.serialize_f64(*number),
            Self::Text(text) | Self::Date(text) => to.serialize_str(text),
            Self::List(list) => {
                let mut items = to.serialize_seq(Some(list.len()))?;
                for item in list {
                    items.serialize_element(item)?;
                }
                items.end()
            }
            Self::Map(map) => {
                let mut entries = to.serialize_map(Some(map.len()))?;
                for (key, value) in map {
                    entries.serialize_entry(key, value)?;
                }
                entries.end()
            }
        }
    }
}

/// Reads what [`Serialize`] wrote. The texts `NaN`, `Infinity` and `-Infinity` become numbers again, which they nearly
/// always were (a text of that name looks the same wherever it is shown); dates stay text.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ValueVisitor)
    }
}

/// For a field that is left out when there is no value: null is then a value.
pub(crate) fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Value, E> {
        Ok(Value::Bool(yes))
    }

    fn visit_i64<E: Error>(self, whole: i64) -> Result<Value, E> {
        Ok(Value::Int(whole.into()))
    }

    fn visit_u64<E: Error>(self, whole: u64) -> Result<Value, E> {
        Ok(Value::Int(whole.into()))
    }

    fn visit_i128<E: Error>(self, whole: i128) -> Result<Value, E> {
        Ok(Value::Int(whole))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(match text.as_str() {
            "NaN" => Value::Float(f64::NAN),
            "Infinity" => Value::Float(f64::INFINITY),
            "-Infinity" => Value::Float(f64::NEG_INFINITY),
            _ => Value::Text(text),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, value)) = entries.next_entry()? {
            map.insert(key, value);
        }
        Ok(Value::Map(map))
    }
}
