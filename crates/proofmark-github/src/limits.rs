//! GitHub's secondary limits, which it tells in words and not always in headers.

use std::time::Duration;

use proofmark_http::Answer;

/// GitHub's advice where it names no time.
const AT_LEAST: Duration = Duration::from_secs(60);

/// How long a refusal asks to wait, when it is for a limit that its headers do not tell.
pub(crate) fn wait(answer: &Answer) -> Option<Duration> {
    if !matches!(answer.status, 403 | 429) {
        return None;
    }
    let text = String::from_utf8_lossy(answer.body.get(..4096).unwrap_or(&answer.body)).to_ascii_lowercase();
    let named = text.contains("secondary rate limit") || text.contains("abuse detection");
    named.then_some(AT_LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, headers: http::HeaderMap::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_secondary_limit_is_told_by_its_message() {
        let limited = r#"{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}"#;
        assert_eq!(wait(&answer(403, limited)), Some(AT_LEAST));
        assert_eq!(wait(&answer(429, limited)), Some(AT_LEAST));
        assert_eq!(wait(&answer(200, limited)), None);
        assert_eq!(wait(&answer(403, r#"{"message": "Resource not accessible by integration"}"#)), None);
    }
}
