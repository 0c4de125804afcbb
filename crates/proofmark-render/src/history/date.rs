//! Moments as git stores them, written down without a calendar library.

use std::fmt;

use proofmark_core::waiver::Date as Day;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// A moment and the clock by which it was noted; written as `2026-11-23T14:05:00+01:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub seconds: i64,
    /// The committer's offset from UTC in seconds.
    pub offset: i32,
}

impl Date {
    /// The day by the committer's clock: `2026-11-23`.
    pub fn day(self) -> String {
        Day::of_seconds(self.local()).to_string()
    }

    fn local(self) -> i64 {
        // Dates in git may be nonsense, far beyond what a calendar has.
        self.seconds.clamp(-62_000_000_000, 250_000_000_000) + i64::from(self.offset.clamp(-86_400, 86_400))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.local().rem_euclid(86_400);
        let offset = self.offset.clamp(-86_400, 86_400) / 60;
        let (sign, size) = (if offset < 0 { '-' } else { '+' }, offset.abs());
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        write!(out, "{}T{hour:02}:{minute:02}:{second:02}{sign}{:02}:{:02}", self.day(), size / 60, size % 60)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl JsonSchema for Date {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time", "description": "A moment with the committer's offset" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        for (seconds, offset, text) in [
            (0, 0, "1970-01-01T00:00:00+00:00"),
            (951_782_400, 3600, "2000-02-29T01:00:00+01:00"),
            (1_700_000_000, -19_800, "2023-11-14T16:43:20-05:30"),
            (-1, 0, "1969-12-31T23:59:59+00:00"),
            (4_107_542_400, 0, "2100-03-01T00:00:00+00:00"),
        ] {
            assert_eq!(Date { seconds, offset }.to_string(), text);
        }
        assert!(!Date { seconds: i64::MAX, offset: i32::MIN }.to_string().is_empty());
    }
}
