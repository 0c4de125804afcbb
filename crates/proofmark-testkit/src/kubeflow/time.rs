//! Times as texts and as seconds since 1970.

/// Seconds as `2026-01-01T00:00:00Z`.
pub(crate) fn text(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// The seconds of an RFC 3339 time; fractions are dropped.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    let rest = text.get(19..)?.trim_start_matches(|letter: char| letter == '.' || letter.is_ascii_digit());
    let offset = match rest {
        "Z" | "z" => 0,
        _ => {
            let sign = if rest.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = rest.get(1..)?.split_once(':')?;
            sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60)
        }
    };
    (1..=12).contains(&month).then_some(())?;
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

/// Days since 1970 of a date; years begin in March, so that the leap day is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

fn date(since: i64) -> (i64, i64, i64) {
    // The year is guessed from its mean length and then set right.
    let mut year = 1970 + since.div_euclid(365);
    while days(year, 1, 1) > since {
        year -= 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= since).unwrap_or(1);
    (year, month, since - days(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_round_trip() {
        for (number, shown) in [(0, "1970-01-01T00:00:00Z"), (951_827_696, "2000-02-29T12:34:56Z"), (1_767_225_605, "2026-01-01T00:00:05Z")]
        {
            assert_eq!(text(number), shown);
            assert_eq!(seconds(shown), Some(number));
        }
        assert_eq!(seconds("2026-01-01T01:00:05.25+01:00"), Some(1_767_225_605));
        assert_eq!([seconds("2026"), seconds("2026-13-01T00:00:00Z"), seconds("yesterday")], [None; 3]);
        assert!((0..400_000).all(|day| seconds(&text(day * 86_400)) == Some(day * 86_400)));
    }
}
