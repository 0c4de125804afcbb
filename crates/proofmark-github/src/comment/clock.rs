//! The age of a thing at the server, by the server's own clock: ours may be wrong, and runners' clocks differ.

use proofmark_http::epoch_seconds;

/// Seconds between `created_at` of a thing and the `Date` of the answer that shows it.
pub(super) fn age(created_at: &str, date: &str) -> Option<u64> {
    Some(epoch_seconds(date)?.saturating_sub(epoch_seconds(created_at)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        assert_eq!(age("1994-11-06T08:49:07Z", "Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(age("2000-02-28T23:59:59Z", "Wed, 01 Mar 2000 00:00:00 GMT"), Some(86_401));
        assert_eq!(age("2000-03-01T00:00:05Z", "Wed, 01 Mar 2000 00:00:00 GMT"), Some(0));
    }

    #[test]
    fn what_is_no_date_has_no_age() {
        for (created, date) in [("", ""), ("2000-13-01T00:00:00Z", "Wed, 01 Mar 2000 00:00:00 GMT"), ("2000-01-01T00:00:00Z", "yesterday")]
        {
            assert_eq!(age(created, date), None);
        }
    }
}
