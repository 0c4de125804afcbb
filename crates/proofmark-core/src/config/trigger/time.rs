//! Spans of time as people write them: `90s`, `30m`, `2h`, `1d`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// Letters and the seconds that they stand for, the longest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A span of time, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

impl Span {
    /// So many seconds.
    pub fn of_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// How many seconds it is.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// One number with its unit, or several, the longest unit first: `1h30m`.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut total, mut rest, mut longest) = (0_u64, text, u64::MAX);
        while !rest.is_empty() {
            let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
            let number: u64 = rest.get(..end)?.parse().ok()?;
            let letter = rest[end..].chars().next()?;
            let (_, unit) = UNITS.iter().find(|(known, _)| *known == letter).filter(|(_, unit)| *unit < longest)?;
            total = total.checked_add(number.checked_mul(*unit)?)?;
            (longest, rest) = (*unit, &rest[end + 1..]);
        }
        (!text.is_empty()).then_some(Self(total))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0;
        if left == 0 {
            return out.write_str("0s");
        }
        for (letter, unit) in UNITS {
            if left >= unit {
                write!(out, "{}{letter}", left / unit)?;
                left %= unit;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("`{}` is no span of time; write \"90s\", \"30m\", \"2h\" or \"1d\"", text.escape_debug()))
        })
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A span of time: `90s`, `30m`, `2h`, `1d`, `1h30m`",
            "type": "string",
            "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1d", 86_400), ("0s", 0), ("2d3h4m5s", 183_845)] {
            assert_eq!(Span::parse(text).map(Span::seconds), Some(seconds), "{text}");
        }
        for bad in ["", "5", "m", "5x", "-5m", "1m1h", "1m2m", "1.5h", "5 m", "99999999999999999999s", "999999999999999999d", "5é"] {
            assert_eq!(Span::parse(bad), None, "{bad}");
        }
        for seconds in [0, 1, 59, 60, 61, 3_600, 86_399, 90_061] {
            let span = Span::of_seconds(seconds);
            assert_eq!(Span::parse(&span.to_string()), Some(span));
        }
    }
}
