//! The age of a thing at the server, by the server's own clock: ours may be wrong, and runners' clocks differ.

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds between `created_at` of a thing and the `Date` of the answer that shows it.
pub(super) fn age(created_at: &str, date: &str) -> Option<u64> {
    Some(seconds(&iso(date)?)?.saturating_sub(seconds(created_at)?))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `1994-11-06T08:49:37Z`.
fn iso(date: &str) -> Option<String> {
    let parts: Vec<&str> = date.split(' ').collect();
    let [_, day, month, year, time, "GMT"] = parts[..] else { return None };
    let month = 1 + MONTHS.iter().position(|name| *name == month)?;
    Some(format!("{year}-{month:02}-{day}T{time}Z"))
}

/// Seconds since 1970 of `1994-11-06T08:49:37Z`.
fn seconds(text: &str) -> Option<u64> {
    let marks: String = text.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    if text.len() != 20 || marks != "--T::Z" {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        assert_eq!(age("1994-11-06T08:49:07Z", "Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(age("2000-02-28T23:59:59Z", "Wed, 01 Mar 2000 00:00:00 GMT"), Some(86_401));
        assert_eq!(age("2000-03-01T00:00:05Z", "Wed, 01 Mar 2000 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
    }

    #[test]
    fn what_is_no_date_has_no_age() {
        for (created, date) in [("", ""), ("2000-13-01T00:00:00Z", "Wed, 01 Mar 2000 00:00:00 GMT"), ("2000-01-01T00:00:00Z", "yesterday")]
        {
            assert_eq!(age(created, date), None);
        }
        assert_eq!(seconds("--T::Z00000000000000"), None);
        assert_eq!(seconds("2000-01-01T00:00:0éZ"), None);
    }
}
