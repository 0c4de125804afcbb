//! Protocol buffers by hand: as much as the metadata store's messages need.

use serde_json::Value;

/// A message that is being written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// An integer field.
    #[must_use]
    pub(crate) fn int(mut self, field: u32, value: i64) -> Self {
        self.varint(u64::from(field << 3));
        self.varint(value.cast_unsigned());
        self
    }

    /// A double.
    #[must_use]
    pub(crate) fn double(mut self, field: u32, value: f64) -> Self {
        self.varint(u64::from(field << 3 | 1));
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Bytes, such as a nested message.
    #[must_use]
    pub(crate) fn bytes(mut self, field: u32, bytes: &[u8]) -> Self {
        self.varint(u64::from(field << 3 | 2));
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    #[must_use]
    pub(crate) fn text(self, field: u32, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    #[must_use]
    pub(crate) fn nested(self, field: u32, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    /// One entry of a map from names to messages.
    #[must_use]
    pub(crate) fn entry(self, field: u32, key: &str, value: &Self) -> Self {
        self.nested(field, &Self::new().text(1, key).nested(2, value))
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// One field of a message that came in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Int(u64),
    Bytes(Vec<u8>),
}

/// The fields of a message, as far as it is sound.
pub(crate) fn parts(mut bytes: &[u8]) -> Option<Vec<(u64, Part)>> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let part = match key & 7 {
            0 => Part::Int(varint(&mut bytes)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Part::Bytes(content.to_vec())
            }
            kind @ (1 | 5) => {
                let (content, rest) = bytes.split_at_checked(if kind == 1 { 8 } else { 4 })?;
                bytes = rest;
                Part::Bytes(content.to_vec())
            }
            _ => return None,
        };
        parts.push((key >> 3, part));
    }
    Some(parts)
}

/// The numbers of a repeated field, packed or not.
pub(crate) fn numbers(parts: &[(u64, Part)], field: u64) -> Vec<i64> {
    let mut numbers = Vec::new();
    for (_, part) in parts.iter().filter(|(known, _)| *known == field) {
        match part {
            Part::Int(number) => numbers.push(number.cast_signed()),
            Part::Bytes(bytes) => {
                let mut rest = bytes.as_slice();
                while let Some(number) = varint(&mut rest) {
                    numbers.push(number.cast_signed());
                }
            }
        }
    }
    numbers
}

/// The last text or message of a field.
pub(crate) fn content(parts: &[(u64, Part)], field: u64) -> Option<&[u8]> {
    parts.iter().rev().find_map(|(known, part)| match part {
        Part::Bytes(bytes) if *known == field => Some(bytes.as_slice()),
        _ => None,
    })
}

pub(crate) fn string(parts: &[(u64, Part)], field: u64) -> String {
    content(parts, field).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// JSON as a `google.protobuf.Value`.
pub(crate) fn json_value(value: &Value) -> Message {
    match value {
        Value::Null => Message::new().int(1, 0),
        Value::Bool(flag) => Message::new().int(4, i64::from(*flag)),
        Value::Number(number) => Message::new().double(2, number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Message::new().text(3, text),
        Value::Array(list) => {
            let list = list.iter().fold(Message::new(), |message, item| message.nested(1, &json_value(item)));
            Message::new().nested(6, &list)
        }
        Value::Object(_) => Message::new().nested(5, &json_struct(value)),
    }
}

/// A JSON object as a `google.protobuf.Struct`.
pub(crate) fn json_struct(value: &Value) -> Message {
    let fields = value.as_object().into_iter().flatten();
    fields.fold(Message::new(), |message, (key, value)| message.entry(1, key, &json_value(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let bytes = Message::new().int(1, -1).int(2, 300).text(3, "é").double(4, 0.5).int(2, 7).into_bytes();
        let parts = parts(&bytes).expect("it is sound");
        assert_eq!(parts.first(), Some(&(1, Part::Int(u64::MAX))));
        assert_eq!((numbers(&parts, 2), string(&parts, 3)), (vec![300, 7], "é".to_owned()));
        assert_eq!(numbers(&[(1, Part::Bytes(vec![1, 0xac, 2]))], 1), [1, 300]);
        assert_eq!(super::parts(&bytes[..3]), None);
        assert_eq!(super::parts(&[0x0b]), None);
    }
}
