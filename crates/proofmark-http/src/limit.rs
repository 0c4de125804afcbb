//! How long an answer asks to wait.

use std::time::{Duration, SystemTime};

use crate::{Answer, date};

/// The wait that the headers of a refusal ask for.
///
/// Moments are compared with the server's own clock where it tells it: ours may be wrong.
pub(crate) fn asked_wait(answer: &Answer) -> Option<Duration> {
    let refused = matches!(answer.status, 403 | 429);
    if !refused && answer.status != 408 && answer.status < 500 {
        return None;
    }
    retry_after(answer).or_else(|| if refused { used_up(answer) } else { None })
}

fn retry_after(answer: &Answer) -> Option<Duration> {
    let text = answer.header("retry-after")?.trim();
    let seconds = seconds(text).or_else(|| Some(date::epoch_seconds(text)?.saturating_sub(now(answer))));
    seconds.map(Duration::from_secs)
}

/// A limit per hour or minute, of which nothing is left, and the moment when it is filled again.
fn used_up(answer: &Answer) -> Option<Duration> {
    let left = seconds(answer.header("x-ratelimit-remaining")?.trim())?;
    let reset = seconds(answer.header("x-ratelimit-reset")?.trim())?;
    // A moment that has passed says that the server is late: not at once, then.
    (left == 0).then(|| Duration::from_secs(reset.saturating_sub(now(answer)).max(1)))
}

/// Digits alone; more of them than a number holds mean for ever.
fn seconds(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn now(answer: &Answer) -> u64 {
    let ours = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    answer.header("date").and_then(date::epoch_seconds).unwrap_or_else(ours)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    const DATE: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");

    fn wait(status: u16, headers: &[(&'static str, &str)]) -> Option<u64> {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))).collect();
        asked_wait(&Answer { status, headers, body: Vec::new() }).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        for status in [403, 408, 429, 500, 503] {
            assert_eq!(wait(status, &[("retry-after", "17")]), Some(17), "{status}");
        }
        assert_eq!(wait(429, &[("retry-after", "0")]), Some(0));
        assert_eq!(wait(429, &[DATE, ("retry-after", "Sun, 06 Nov 1994 08:50:00 GMT")]), Some(23));
        assert_eq!(wait(429, &[DATE, ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), Some(0));
        assert_eq!(wait(429, &[("retry-after", "99999999999999999999999")]), Some(u64::MAX));
    }

    #[test]
    fn our_clock_serves_when_the_server_tells_no_time() {
        assert_eq!(wait(429, &[("retry-after", "Sun, 06 Nov 1994 08:50:00 GMT")]), Some(0));
        assert!(wait(429, &[("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")]) > Some(1_000_000));
    }

    #[test]
    fn a_used_up_limit_is_understood() {
        let used = [DATE, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "784111800")];
        assert_eq!(wait(403, &used), Some(23));
        assert_eq!(wait(429, &used), Some(23));
        assert_eq!(wait(502, &used), None);
        assert_eq!(wait(403, &[DATE, used[1], ("x-ratelimit-reset", "784111700")]), Some(1));
        assert_eq!(wait(403, &[used[0], used[1], used[2], ("retry-after", "5")]), Some(5));
        assert_eq!(wait(403, &[DATE, ("x-ratelimit-remaining", "4999"), used[2]]), None);
    }

    #[test]
    fn nonsense_and_other_answers_ask_for_nothing() {
        for text in ["", "-1", "+5", "1.5", "soon", "1 2"] {
            assert_eq!(wait(429, &[("retry-after", text)]), None, "{text}");
        }
        for status in [200, 202, 301, 304, 400, 404, 422] {
            assert_eq!(wait(status, &[("retry-after", "1")]), None, "{status}");
        }
        assert_eq!(wait(403, &[]), None);
    }
}
