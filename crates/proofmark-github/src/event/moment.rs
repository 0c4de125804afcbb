//! Moments as GitHub writes them in payloads.

use proofmark_core::waiver::Date;

/// Seconds since 1970 of a moment as RFC 3339 has it, with any offset: `2019-05-15T15:20:41Z`, `2019-05-15T08:20:41.5-07:00`.
///
/// Nothing for what is no moment: times of commits are whatever their authors want, and no reason to refuse an event.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (day, rest) = (text.get(..10)?, text.get(10..)?);
    let days = Date::parse(day)?.since(Date::of_seconds(0));
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = (time.get(..8)?, time.get(8..)?);
    let fraction = rest.strip_prefix('.').map_or(0, |rest| 1 + rest.bytes().take_while(u8::is_ascii_digit).count());
    let seconds = days * 86_400 + hours_and_minutes(clock.get(..5)?)? * 60 + part(clock.get(5..)?.strip_prefix(':')?, 60)?;
    (seconds - offset(rest.get(fraction..)?)? * 60).try_into().ok()
}

/// Minutes east of Greenwich.
fn offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let minutes = hours_and_minutes(text.get(1..)?)?;
    match text.as_bytes().first()? {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

/// `08:20` in minutes.
fn hours_and_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    Some(part(hours, 23)? * 60 + part(minutes, 59)?)
}

/// Two digits.
fn part(text: &str, most: i64) -> Option<i64> {
    let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&number| is_number && number <= most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_of_all_zones() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1994-11-06T08:49:37Z", 784_111_777),
            ("1994-11-06T09:49:37+01:00", 784_111_777),
            ("1994-11-06T01:19:37-07:30", 784_111_777),
            ("1994-11-06T08:49:37.999Z", 784_111_777),
            ("2019-05-15T15:20:55+00:00", 1_557_933_655),
            ("2000-02-29 23:59:60z", 951_868_800),
            ("1970-01-01T01:00:00+01:00", 0),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment() {
        for text in [
            "",
            "1994-11-06",
            "1994-11-06T08:49:37",
            "1994-11-06T08:49Z",
            "1994-02-30T08:49:37Z",
            "1994-11-06T24:00:00Z",
            "1994-11-06T08:49:37+1:00",
            "1994-11-06T08:49:37+0100",
            "1994-11-06T08:49:37ZZ",
            "1994-11-06T+8:49:37Z",
            "1969-12-31T23:59:59Z",
            "1994-11-06T08:49:37é",
            "99994-11-06T08:49:37Z",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in ".{0,40}|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tté][0-9:é]{6,9}[-+.Zé0-9:]{0,9}") {
            seconds(&text);
        }
    }
}
