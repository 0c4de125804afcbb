//! Days of the calendar, which is all that a waiver needs of time. There is no clock here: today is handed in.

use std::fmt;

/// The first day and the last that are written with four digits of a year, counted from 1970-01-01.
const RANGE: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

/// A day of the Gregorian calendar, from 0001-01-01 to 9999-12-31; written as `2026-12-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i64);

impl Date {
    /// Reads `2026-12-31`, and nothing else.
    ///
    /// ```
    /// use proofmark_core::waiver::Date;
    ///
    /// let day = Date::parse("2026-12-31").expect("a day");
    /// assert_eq!(day.plus(60).to_string(), "2027-03-01");
    /// assert_eq!(Date::parse("2026-02-29"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let part = |at: std::ops::Range<usize>| {
            let digits = text.get(at)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
        };
        if text.len() != 10 {
            return None;
        }
        let day = Self(days(part(0..4)?, part(5..7)?, part(8..10)?));
        // A day that the calendar does not have comes back as another one, and so do other signs between the parts.
        (RANGE.contains(&day.0) && day.to_string() == text).then_some(day)
    }

    /// The day, in UTC, of a moment in seconds since 1970; moments beyond four digits of a year give the nearest day.
    pub fn of_seconds(seconds: i64) -> Self {
        Self(seconds.div_euclid(86_400).clamp(*RANGE.start(), *RANGE.end()))
    }

    /// The day so many days later, or the last one.
    #[must_use]
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(i64::from(days)).min(*RANGE.end()))
    }

    /// Days from `earlier` to this day; negative when it is later.
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0);
        write!(out, "{year:04}-{month:02}-{day:02}")
    }
}

// Years that begin in March, so that the leap day comes last: each block of five months then has 153 days, and 400 years always
// have 146097 (the counting of Hinnant's "chrono-compatible low-level date algorithms").

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + days.div_euclid(146_097) * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).expect("a day")
    }

    #[test]
    fn known_days() {
        for (text, count) in
            [("1970-01-01", 0), ("2000-02-29", 11_016), ("1969-12-31", -1), ("2026-11-23", 20_780), ("0001-01-01", -719_162)]
        {
            assert_eq!(day(text).since(day("1970-01-01")), count, "{text}");
        }
        assert_eq!(Date::of_seconds(951_782_400), day("2000-02-29"));
        assert_eq!(Date::of_seconds(-1), day("1969-12-31"));
        assert_eq!(Date::of_seconds(i64::MAX).to_string(), "9999-12-31");
        assert_eq!(Date::of_seconds(i64::MIN).to_string(), "0001-01-01");
        assert_eq!(day("9999-12-31").plus(u32::MAX), day("9999-12-31"));
    }

    #[test]
    fn all_days_come_back() {
        for count in RANGE.step_by(13).chain([*RANGE.end()]) {
            assert_eq!(Date::parse(&Date(count).to_string()), Some(Date(count)));
        }
    }

    #[test]
    fn what_is_no_day() {
        let wrong = ["", "2026-13-01", "2026-00-10", "2026-02-29", "1900-02-29", "2026-04-31", "2026-4-01", "2026/04/01", "0000-01-01"];
        for text in wrong.into_iter().chain(["+026-04-01", "2026-04-01 ", "2026-04-0é", "2026-04-01T00:00:00Z", "99999-01-01"]) {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }
}
