//! What the values of a Parquet column mean, by its physical and its logical type.

use std::fmt::Write as _;

use ::parquet::basic::{ConvertedType, LogicalType, Type};
use ::parquet::schema::types::ColumnDescriptor;

use crate::error::TableError;
use crate::read::builder::Kind;

use super::shown;

/// What the values of a column mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Boolean,
    /// Of 32 or 64 bits, in INT96 nanoseconds.
    Integer,
    /// The same bits without a sign.
    Unsigned,
    /// Days since 1970.
    Date,
    /// An integer with so many digits behind the point.
    Decimal(i32),
    Number,
    /// A half float in two bytes.
    Half,
    Text,
    /// Sixteen bytes.
    Uuid,
}

impl Meaning {
    /// What the column holds, or why it is not read.
    pub(super) fn of(column: &ColumnDescriptor, name: &str) -> Result<Self, TableError> {
        let unsupported = |what: &str| TableError::Unsupported { told: format!("column `{}` of {what}", shown(name)) };
        if column.max_rep_level() > 0 {
            return Err(unsupported("lists"));
        }
        let converted = column.converted_type();
        let scale = || match column.logical_type_ref() {
            Some(LogicalType::Decimal(decimal)) => Some(decimal.scale),
            _ if converted == ConvertedType::DECIMAL => Some(column.type_scale()),
            _ => None,
        };
        Ok(match (column.physical_type(), column.logical_type_ref()) {
            (Type::BOOLEAN, _) => Self::Boolean,
            (Type::INT96, _) => Self::Integer,
            (Type::FLOAT | Type::DOUBLE, _) => Self::Number,
            (Type::INT32 | Type::INT64 | Type::FIXED_LEN_BYTE_ARRAY | Type::BYTE_ARRAY, _) if scale().is_some() => match scale() {
                Some(scale @ 0..=76) => Self::Decimal(scale),
                _ => return Err(unsupported("decimals with so many digits")),
            },
            (Type::INT32, Some(LogicalType::Date)) => Self::Date,
            (Type::INT32, _) if converted == ConvertedType::DATE => Self::Date,
            (Type::INT32 | Type::INT64, Some(LogicalType::Integer(integer))) if !integer.is_signed => Self::Unsigned,
            (Type::INT32 | Type::INT64, _) if is_unsigned(converted) => Self::Unsigned,
            (Type::INT32 | Type::INT64, _) => Self::Integer,
            (Type::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Float16)) if column.type_length() == 2 => Self::Half,
            (Type::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Uuid)) if column.type_length() == 16 => Self::Uuid,
            (_, None | Some(LogicalType::String | LogicalType::Enum | LogicalType::Json | LogicalType::Unknown)) => match converted {
                ConvertedType::INTERVAL => return Err(unsupported("intervals")),
                ConvertedType::BSON => return Err(unsupported("binary documents")),
                _ => Self::Text,
            },
            (_, Some(_)) => return Err(unsupported("documents or shapes")),
        })
    }

    /// The type that the column begins with.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Boolean => Kind::Booleans,
            Self::Integer | Self::Unsigned | Self::Decimal(0) => Kind::Integers,
            Self::Decimal(_) | Self::Number | Self::Half => Kind::Numbers,
            Self::Date | Self::Text | Self::Uuid => Kind::Texts,
        }
    }
}

fn is_unsigned(converted: ConvertedType) -> bool {
    matches!(converted, ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64)
}

/// The integer in bytes with the highest first; `None` above 128 bits.
pub(super) fn big_endian(bytes: &[u8]) -> Option<i128> {
    let first = bytes.first().copied()?;
    let mut whole = [if first >= 0x80 { 0xff } else { 0 }; 16];
    let start = whole.len().checked_sub(bytes.len())?;
    whole.get_mut(start..)?.copy_from_slice(bytes);
    Some(i128::from_be_bytes(whole))
}

/// The double nearest to an integer with so many digits behind the point.
pub(super) fn decimal(unscaled: i128, scale: i32, room: &mut String) -> f64 {
    room.clear();
    // The parser of numbers rounds once, where a division by a power of ten would round twice.
    match write!(room, "{unscaled}e-{scale}") {
        Ok(()) => room.parse().unwrap_or(f64::NAN),
        Err(_) => f64::NAN,
    }
}

/// The number in two bytes, the lower first (IEEE 754 binary16).
pub(super) fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let fraction = f64::from(bits & 0x3ff);
    let power = |exponent: u16| f64::from(1_u32 << exponent) / 33_554_432.0;
    match bits >> 10 & 0x1f {
        0 => sign * fraction * power(1),
        0x1f if fraction == 0.0 => sign * f64::INFINITY,
        0x1f => f64::NAN,
        exponent => sign * (1024.0 + fraction) * power(exponent),
    }
}

/// The date so many days after 1970-01-01, in the Gregorian calendar before its time too: `2026-01-31`.
pub(super) fn date(days: i32, room: &mut String) {
    // Years from March, so that the leap day is the last; in cycles of 400 years, which are 146,097 days.
    let days = i64::from(days) + 719_468;
    let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + cycle * 400 + i64::from(month <= 2);
    room.clear();
    // Writing to a text does not fail.
    let _ = write!(room, "{year:04}-{month:02}-{day:02}");
}

/// The usual form of a UUID.
pub(super) fn uuid(bytes: &[u8], room: &mut String) {
    room.clear();
    for (index, byte) in bytes.iter().enumerate() {
        let hyphen = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
        let _ = write!(room, "{hyphen}{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_of_the_calendar() {
        let mut room = String::new();
        for (days, text) in
            [(0, "1970-01-01"), (-1, "1969-12-31"), (11_016, "2000-02-29"), (20_454, "2026-01-01"), (-719_528, "0000-01-01")]
        {
            date(days, &mut room);
            assert_eq!(room, text);
        }
        date(i32::MAX, &mut room);
        assert_eq!(room, "5881580-07-11");
        date(i32::MIN, &mut room);
        assert_eq!(room, "-5877641-06-23");
    }

    #[test]
    fn halves_are_exact() {
        for (bits, value) in
            [(0, 0.0), (0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x0001, 5.960_464_477_539_063e-8), (0x3555, 0.333_251_953_125)]
        {
            assert_eq!(half(bits), value, "{bits:#x}");
        }
        assert!(half(0x7e00).is_nan() && half(0xfc00) == f64::NEG_INFINITY);
    }

    #[test]
    fn decimals_are_the_nearest_doubles() {
        let mut room = String::new();
        assert_eq!(decimal(12_345, 2, &mut room), 123.45);
        assert_eq!(decimal(-1, 38, &mut room), -1e-38);
        assert_eq!(big_endian(&[0xff, 0xfe]), Some(-2));
        assert_eq!(big_endian(&[0x01, 0x00]), Some(256));
        assert_eq!(big_endian(&[0; 17]), None);
        assert_eq!(big_endian(&[]), None);
    }

    #[test]
    fn uuids_have_hyphens() {
        let mut room = String::new();
        uuid(&[0x12; 16], &mut room);
        assert_eq!(room, "12121212-1212-1212-1212-121212121212");
    }
}
