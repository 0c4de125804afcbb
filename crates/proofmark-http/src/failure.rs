//! Tells from an error whether a request can have reached the server.

use std::error::Error;
use std::io;

use crate::{Failure, redact};

/// Longer chains than this are no chains but loops.
const DEEPEST: usize = 32;
/// Enough for any cause; a server's own words, where a library quotes them, end here.
const LONGEST_DETAIL: usize = 200;

/// What a transport error means, however deep a library has wrapped it.
///
/// An error that is not known for certain to come before the request counts as [`Failure::Lost`].
pub fn failure(error: &(dyn Error + 'static)) -> Failure {
    if causes(error).any(is_before_request) { Failure::NotSent(root(error)) } else { Failure::Lost(root(error)) }
}

/// In one line, the deepest cause of an error.
pub(crate) fn root(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(detail).unwrap_or_default()
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error)).take(DEEPEST)
}

fn cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    // An I/O error passes over the error inside it and names that one's source.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// No connection (names, sockets, proxies and TLS included), or no request to begin with.
fn is_before_request(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<reqwest::Error>().is_some_and(|error| error.is_connect() || error.is_builder())
}

fn detail(error: &(dyn Error + 'static)) -> String {
    let text = match error.downcast_ref::<io::Error>() {
        // Without the number of the operating system: `connection refused`.
        Some(error) if error.raw_os_error().is_some() && error.kind().to_string() != "uncategorized error" => error.kind().to_string(),
        _ => error.to_string(),
    };
    // How reqwest appends the whole address.
    let text = text.split(" for url (").next().unwrap_or_default();
    let words: Vec<_> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).map(address).collect();
    let mut text = redact(&words.join(" "), &[]);
    text.truncate(text.floor_char_boundary(LONGEST_DETAIL));
    text
}

/// An address without query and fragment, where tokens can be; any other word as it is.
fn address(word: &str) -> &str {
    if word.contains("://") { word.split(['?', '#']).next().unwrap_or_default() } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Outer(String, #[source] Box<dyn Error + Send + Sync>);

    fn wrapped(inner: impl Into<Box<dyn Error + Send + Sync>>) -> Outer {
        Outer("service error".into(), inner.into())
    }

    #[test]
    fn the_deepest_cause_is_told() {
        let refused = io::Error::from_raw_os_error(111);
        assert_eq!(failure(&wrapped(io::Error::other(wrapped(refused)))), Failure::Lost("connection refused".into()));
        assert_eq!(failure(&wrapped("plain words")), Failure::Lost("plain words".into()));
    }

    #[test]
    fn a_request_that_cannot_be_built_was_not_sent() {
        let error = reqwest::Client::builder().user_agent("a\nb").build().expect_err("no header");
        assert!(error.is_builder());
        assert!(matches!(failure(&wrapped(io::Error::other(error))), Failure::NotSent(_)));
    }

    #[test]
    fn details_are_short_and_clean() {
        let long = wrapped(format!("bad\r\n\u{1b}[31m http://joe:pw@host/path?token=1#x {}", "ü".repeat(400)));
        let Failure::Lost(detail) = failure(&long) else { panic!("lost") };
        assert!(detail.starts_with("bad [31m http://***@host/path üü"), "{detail}");
        assert!(detail.len() <= LONGEST_DETAIL);
        let error = wrapped("error sending request for url (https://host/path?sig=abc)");
        assert_eq!(failure(&error), Failure::Lost("error sending request".into()));
    }

    #[test]
    fn a_loop_of_causes_ends() {
        let deep = (0..1000).fold(wrapped("bottom"), |inner, _| wrapped(inner));
        assert_eq!(failure(&deep), Failure::Lost("service error".into()));
    }
}
