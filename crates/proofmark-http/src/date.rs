//! Moments as servers write them: in headers (RFC 9110, IMF-fixdate) and in JSON (RFC 3339, in UTC).

use std::ops::RangeInclusive;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds since 1970 of a text like `Sun, 06 Nov 1994 08:49:37 GMT` or `1994-11-06T08:49:37Z`.
pub fn epoch_seconds(text: &str) -> Option<u64> {
    if has_form(text, "???, ?? ??? ???? ??:??:?? GMT") {
        let month = 1 + MONTHS.iter().position(|name| *name == &text[8..11])? as u64;
        moment(&text[12..16], month, &text[5..7], &text[17..25])
    } else if has_form(text, "????-??-??T??:??:??Z") {
        moment(&text[..4], number(&text[5..7], 1..=12)?, &text[8..10], &text[11..19])
    } else {
        None
    }
}

/// Whether everything stands in its place; `?` is any one letter.
fn has_form(text: &str, form: &str) -> bool {
    let mut pairs = text.bytes().zip(form.bytes());
    text.len() == form.len() && text.is_ascii() && pairs.all(|(byte, mark)| mark == b'?' || byte == mark)
}

/// The time as `08:49:37`.
fn moment(year: &str, month: u64, day: &str, time: &str) -> Option<u64> {
    let (year, day) = (number(year, 1970..=9999)?, number(day, 1..=31)?);
    let seconds = number(&time[..2], 0..=23)? * 3600 + number(&time[3..5], 0..=59)? * 60 + number(&time[6..], 0..=60)?;
    Some(days(year, month, day) * 86_400 + seconds)
}

fn number(text: &str, range: RangeInclusive<u64>) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && range.contains(number))
}

/// Days since 1970, counted in years that begin in March so that the leap day comes last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    before + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_moments() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(epoch_seconds(text), Some(seconds), "{text}");
        }
        for (text, seconds) in [("1970-01-01T00:00:00Z", 0), ("1994-11-06T08:49:37Z", 784_111_777), ("2000-02-29T23:59:59Z", 951_868_799)] {
            assert_eq!(epoch_seconds(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn everything_else_is_no_date() {
        for text in [
            "",
            "120",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08-49-37 GMT",
            "1994-11-06T08:49:37+01:00",
            "1994-11-06T08:49:37.5Z",
            "1994-11-06 08:49:37Z",
            "1994-13-06T08:49:37Z",
            "1994-11-00T08:49:37Z",
            "1994-11-06T24:49:37Z",
            "1994-11-+6T08:49:37Z",
            "1994-11-06T08:49:0éZ",
            "--T::Z00000000000000",
        ] {
            assert_eq!(epoch_seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn each_day_is_one_later(day in 0_u64..2_000_000) {
            // The other direction, by plain counting.
            let (mut year, mut left) = (1970, day);
            let leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
            while left >= 365 + u64::from(leap(year)) {
                left -= 365 + u64::from(leap(year));
                year += 1;
            }
            let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            let mut month = 0;
            while left >= lengths[month] {
                left -= lengths[month];
                month += 1;
            }
            prop_assert_eq!(days(year, month as u64 + 1, left + 1), day);
        }

        #[test]
        fn any_text_is_taken(text in "\\PC{0,40}|[A-Za-z,: 0-9é]{27,29}|[-0-9T:Zé]{18,20}") {
            epoch_seconds(&text);
        }
    }
}
