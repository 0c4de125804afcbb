//! Time as the fake gives it: real, and where a test says so, off by some seconds from the `Date` of the answers.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The clock behind `created_at` and its like. Like GitHub's it does not tell two changes of one second apart.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Clock {
    ahead: i64,
}

impl Clock {
    /// So many seconds ahead of the front door's clock, which is the real one; behind it when negative.
    pub fn ahead(seconds: i64) -> Self {
        Self { ahead: seconds }
    }

    /// The present, as `2026-01-01T00:00:00Z`.
    pub fn now(self) -> String {
        rfc3339(real_seconds().saturating_add_signed(self.ahead))
    }

    /// The moment of a change.
    pub fn tick(self) -> String {
        self.now()
    }
}

/// Real seconds since 1970.
pub(crate) fn real_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_secs()).unwrap_or_default()
}

pub(crate) fn rfc3339(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The form of the `Date` header.
pub(crate) fn http_date(seconds: u64) -> String {
    let days = seconds / 86_400;
    let (year, month, day) = civil(days);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"].get((days % 7) as usize).unwrap_or(&"Thu");
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.get(month as usize - 1).unwrap_or(&"Jan");
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Year, month and day of a day since 1970, in the proleptic Gregorian calendar.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn the_clock_is_real_and_as_far_off_as_it_is_told() {
        let (before, now, after) = (real_seconds(), Clock::default().now(), real_seconds());
        assert!((before..=after).any(|second| now == rfc3339(second)), "{now}");
        assert!(Clock::ahead(-3_600).now() < now && now < Clock::ahead(3_600).now());
    }
}
