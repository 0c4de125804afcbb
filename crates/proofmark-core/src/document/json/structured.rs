//! JSON as a source for serde: our own documents, read back exactly.
//!
//! `serde_json` rounds integers beyond 64 bits and the last digit of some doubles. Here the input may be hostile: it is
//! never held as a whole, nesting and the number of values are bounded, and numbers beyond doubles are refused.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::{ParseError, Reader};
use crate::value::Value;

/// Levels of nesting.
const MAX_DEPTH: usize = 128;
/// Values of all kinds, so that a list of nothings cannot fill the memory.
const MAX_VALUES: usize = 4_000_000;

/// Reads one value of type `T`.
pub(crate) fn read_as<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, ParseError> {
    let mut source = Source { reader: Reader::new(bytes)?, depth: 0, values: 0 };
    source.reader.skip_space();
    let value = T::deserialize(&mut source).map_err(|Mistake(error)| match error.position {
        // What serde finds wrong, it finds right behind the place.
        None => ParseError { hint: error.hint, ..source.reader.error(error.message) },
        Some(_) => error,
    })?;
    source.reader.finish().map(|()| value)
}

struct Source<'de> {
    reader: Reader<'de>,
    depth: usize,
    values: usize,
}

/// A mistake, without a place when serde found it.
#[derive(Debug)]
struct Mistake(ParseError);

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl std::error::Error for Mistake {}

impl Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(ParseError { message: message.to_string(), position: None, hint: None })
    }
}

impl<'de> Source<'de> {
    fn count(&mut self) -> Result<(), Mistake> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.refused(format!("the document holds more than {MAX_VALUES} values")));
        }
        Ok(())
    }

    fn refused(&self, message: String) -> Mistake {
        Mistake(self.reader.error(message))
    }

    fn text(&mut self) -> Result<Cow<'de, str>, Mistake> {
        self.reader.string().map_err(Mistake)
    }

    /// Reads what stands between brackets, which must be all that `read` asks for.
    fn nested<T>(&mut self, close: u8, read: impl FnOnce(&mut Items<'_, 'de>) -> Result<T, Mistake>) -> Result<T, Mistake> {
        if self.depth == MAX_DEPTH {
            return Err(self.refused(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        self.reader.at += 1;
        self.reader.skip_space();
        let mut items = Items { source: self, state: State::First };
        let value = read(&mut items)?;
        if items.advance(close)? {
            return Err(self.refused("the list is longer than it should be".to_owned()));
        }
        self.depth -= 1;
        Ok(value)
    }

    fn scalar<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Mistake> {
        let start = self.reader.at;
        match self.reader.value(0).map_err(Mistake)? {
            Value::Null => visitor.visit_unit(),
            Value::Bool(yes) => visitor.visit_bool(yes),
            Value::Int(whole) => match (i64::try_from(whole), u64::try_from(whole)) {
                (Ok(small), _) => visitor.visit_i64(small),
                (_, Ok(large)) => visitor.visit_u64(large),
                _ => visitor.visit_i128(whole),
            },
            Value::Float(number) if number.is_finite() => visitor.visit_f64(number),
            _ => {
                self.reader.at = start;
                Err(self.refused("the number is not finite".to_owned()))
            }
        }
    }
}

impl<'de> Deserializer<'de> for &mut Source<'de> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.count()?;
        match self.reader.peek() {
            Some(b'{') => self.nested(b'}', |members| visitor.visit_map(members)),
            Some(b'[') => self.nested(b']', |items| visitor.visit_seq(items)),
            Some(b'"') => match self.text()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            _ => self.scalar(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if self.reader.word("null") { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Mistake> {
        self.count()?;
        if self.reader.peek() != Some(b'"') {
            return Err(Mistake(self.reader.expected("a word in double quotes")));
        }
        let word: StringDeserializer<Mistake> = self.text()?.into_owned().into_deserializer();
        visitor.visit_enum(word)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// The inside of a list or an object.
struct Items<'a, 'de> {
    source: &'a mut Source<'de>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    First,
    Further,
    Ended,
}

impl Items<'_, '_> {
    /// Goes to the next item, if there is one before the bracket that closes.
    fn advance(&mut self, close: u8) -> Result<bool, Mistake> {
        let reader = &mut self.source.reader;
        if self.state == State::Ended {
            return Ok(false);
        }
        if self.state == State::Further {
            reader.skip_space();
        }
        match reader.peek() {
            Some(found) if found == close => {
                reader.at += 1;
                self.state = State::Ended;
                return Ok(false);
            }
            Some(b',') if self.state == State::Further => {
                reader.at += 1;
                reader.skip_space();
            }
            _ if self.state == State::Further => return Err(Mistake(reader.expected(&format!("`,` or `{}`", char::from(close))))),
            _ => {}
        }
        self.state = State::Further;
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mistake> {
        if self.advance(b']')? { seed.deserialize(&mut *self.source).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for &mut Items<'_, 'de> {
    type Error = Mistake;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mistake> {
        if !self.advance(b'}')? {
            return Ok(None);
        }
        if self.source.reader.peek() != Some(b'"') {
            return Err(Mistake(self.source.reader.expected("a key in double quotes")));
        }
        seed.deserialize(&mut *self.source).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mistake> {
        let reader = &mut self.source.reader;
        reader.skip_space();
        if reader.peek() != Some(b':') {
            return Err(Mistake(reader.expected("`:`")));
        }
        reader.at += 1;
        reader.skip_space();
        seed.deserialize(&mut *self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value, ParseError> {
        read_as(text.as_bytes())
    }

    #[test]
    fn values_are_exact() {
        for text in
            ["-170141183460469231731687303715884105728", "18446744073709551616", "0.1", "1.7976931348623157e308", "{\"a\":[1,null,true]}"]
        {
            assert_eq!(value(text).expect(text).to_string(), text);
        }
        assert_eq!(value("1.0"), Ok(Value::Float(1.0)));
        assert!(matches!(value("\"NaN\""), Ok(Value::Float(number)) if number.is_nan()));
    }

    #[test]
    fn what_is_not_strict_is_refused() {
        for (text, expected) in [
            ("[1,]", "expected a value"),
            ("[1 2]", "expected `,` or `]`"),
            ("{\"a\":1,}", "expected a key"),
            ("{\"a\" 1}", "expected `:`"),
            ("{a:1}", "expected a key"),
            ("[1]]", "text after the end"),
            ("[1", "the file ends"),
            ("NaN", "not finite"),
            ("1e999", "not finite"),
            ("", "the file ends"),
        ] {
            let error = value(text).expect_err(text);
            assert!(error.message.contains(expected) && error.position.is_some(), "{text}: {error:?}");
        }
    }

    #[test]
    fn memory_and_stack_are_bounded() {
        let fine = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        assert!(value(&fine).is_ok());
        assert!(value(&"[".repeat(100_000)).is_err_and(|error| error.message.contains("deeper")));
        assert!(read_as::<serde::de::IgnoredAny>("[".repeat(100_000).as_bytes()).is_err());
        for (before, fits) in [(MAX_VALUES - 3, true), (MAX_VALUES - 2, false)] {
            let mut source = Source { reader: Reader::new(b"[0, 0]").expect("UTF-8"), depth: 0, values: before };
            assert_eq!(serde::de::IgnoredAny::deserialize(&mut source).is_ok(), fits);
        }
    }

    #[test]
    fn a_list_that_is_longer_than_its_type_is_refused() {
        assert_eq!(read_as::<(u8, u8)>(b"[1, 2]"), Ok((1, 2)));
        assert!(read_as::<(u8, u8)>(b"[1, 2, 3]").is_err());
        assert!(read_as::<(u8, u8)>(b"[1]").is_err());
    }
}
