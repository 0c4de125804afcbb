//! As much of protocol buffers as the metadata store needs: fields of messages, and values of any kind. All bytes are foreign:
//! lengths are checked before they are believed, and neither depth nor number of values can grow beyond a bound.

use std::collections::BTreeMap;

use super::tree::Tree;

/// Values inside of values at most.
const DEEPEST: u32 = 32;
/// Values of one message at most.
const MOST_VALUES: usize = 1_000_000;
/// Bytes of a number at most.
const LONGEST_NUMBER: usize = 10;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// They end in the middle.
    #[error("it ends in the middle of a field")]
    Cut,
    /// A number has too many bytes.
    #[error("a number in it is too long")]
    Number,
    /// A field has a number or a form that there is none of.
    #[error("a field in it has no known form")]
    Form,
    /// A text is not one.
    #[error("a text in it is not UTF-8")]
    Text,
    /// Values are nested too deeply, or there are too many of them.
    #[error("its values are nested too deeply, or too many")]
    TooMuch,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field<'a> {
    /// A whole number or a truth.
    Number(u64),
    /// Eight bytes, as a number.
    Eight(u64),
    /// A text, bytes, or a message.
    Bytes(&'a [u8]),
    /// Four bytes, as a number.
    Four(u32),
}

impl<'a> Field<'a> {
    /// The bytes of a text or message; none of any other form.
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A whole number with its sign.
    pub fn signed(self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(number.cast_signed()),
            _ => None,
        }
    }

    /// A floating-point number.
    pub fn double(self) -> Option<f64> {
        match self {
            Self::Eight(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// A text.
    ///
    /// # Errors
    /// [`Broken::Text`] for what is none.
    pub fn text(self) -> Result<&'a str, Broken> {
        self.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or(Broken::Text)
    }
}

/// Reads a message field by field.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of a whole message.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next field with its number; none at the end.
    ///
    /// # Errors
    /// See [`Broken`].
    pub fn field(&mut self) -> Result<Option<(u32, Field<'a>)>, Broken> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.number()?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0).ok_or(Broken::Form)?;
        let field = match tag & 7 {
            0 => Field::Number(self.number()?),
            1 => Field::Eight(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.number()?).map_err(|_| Broken::Cut)?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Four(u32::from_le_bytes(self.array()?)),
            // Groups are older than the store.
            _ => return Err(Broken::Form),
        };
        Ok(Some((number, field)))
    }

    fn number(&mut self) -> Result<u64, Broken> {
        let mut value = 0_u64;
        for (index, byte) in self.rest.iter().take(LONGEST_NUMBER).enumerate() {
            value |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or_default();
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(if self.rest.len() < LONGEST_NUMBER { Broken::Cut } else { Broken::Number })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Broken::Cut)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        self.take(N)?.try_into().map_err(|_| Broken::Cut)
    }
}

/// How many values may still be read.
#[derive(Debug, Clone)]
pub struct Allowance(usize);

impl Default for Allowance {
    fn default() -> Self {
        Self(MOST_VALUES)
    }
}

impl Allowance {
    fn take(&mut self) -> Result<(), Broken> {
        self.0 = self.0.checked_sub(1).ok_or(Broken::TooMuch)?;
        Ok(())
    }
}

/// One entry of a map: its key, and the bytes of its value.
///
/// # Errors
/// See [`Broken`].
pub fn entry(bytes: &[u8]) -> Result<(String, &[u8]), Broken> {
    let (mut key, mut value) = (String::new(), &[][..]);
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => field.text()?.clone_into(&mut key),
            2 => value = field.bytes().ok_or(Broken::Form)?,
            _ => {}
        }
    }
    Ok((key, value))
}

/// A property of the metadata store: `ml_metadata.Value`.
///
/// # Errors
/// See [`Broken`].
pub fn property(bytes: &[u8], allowance: &mut Allowance) -> Result<Tree, Broken> {
    allowance.take()?;
    let mut value = Tree::Null;
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.field()? {
        match number {
            // Counts of this size are rounded as JSON's numbers are.
            #[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers everywhere else")]
            1 => value = Tree::Number(field.signed().ok_or(Broken::Form)? as f64),
            2 => value = Tree::Number(field.double().ok_or(Broken::Form)?),
            3 => value = Tree::Text(field.text()?.to_owned()),
            4 => value = object(field.bytes().ok_or(Broken::Form)?, 0, allowance)?.unwrapped(),
            6 => value = Tree::Number(if field.signed().ok_or(Broken::Form)? == 0 { 0.0 } else { 1.0 }),
            _ => {}
        }
    }
    Ok(value)
}

/// `google.protobuf.Struct`.
fn object(bytes: &[u8], depth: u32, allowance: &mut Allowance) -> Result<Tree, Broken> {
    let mut fields = BTreeMap::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.field()? {
        if number == 1 {
            let (key, inner) = entry(field.bytes().ok_or(Broken::Form)?)?;
            fields.insert(key, value(inner, depth + 1, allowance)?);
        }
    }
    Ok(Tree::Object(fields))
}

/// `google.protobuf.Value`.
fn value(bytes: &[u8], depth: u32, allowance: &mut Allowance) -> Result<Tree, Broken> {
    allowance.take()?;
    if depth > DEEPEST {
        return Err(Broken::TooMuch);
    }
    let mut tree = Tree::Null;
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.field()? {
        tree = match number {
            1 => Tree::Null,
            2 => Tree::Number(field.double().ok_or(Broken::Form)?),
            3 => Tree::Text(field.text()?.to_owned()),
            4 => Tree::Number(if field.signed().ok_or(Broken::Form)? == 0 { 0.0 } else { 1.0 }),
            5 => object(field.bytes().ok_or(Broken::Form)?, depth, allowance)?,
            6 => list(field.bytes().ok_or(Broken::Form)?, depth, allowance)?,
            _ => continue,
        };
    }
    Ok(tree)
}

/// `google.protobuf.ListValue`.
fn list(bytes: &[u8], depth: u32, allowance: &mut Allowance) -> Result<Tree, Broken> {
    let mut items = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.field()? {
        if number == 1 {
            items.push(value(field.bytes().ok_or(Broken::Form)?, depth + 1, allowance)?);
        }
    }
    Ok(Tree::List(items))
}

/// Writes a message.
#[derive(Debug, Clone, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// With a whole number.
    #[must_use]
    pub(super) fn number(mut self, field: u32, value: i64) -> Self {
        self.varint(u64::from(field) << 3);
        self.varint(value.cast_unsigned());
        self
    }

    /// With a text or a message.
    #[must_use]
    pub(super) fn bytes(mut self, field: u32, bytes: &[u8]) -> Self {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// All of it.
    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
            value >>= 7;
        }
        self.0.push(u8::try_from(value).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
