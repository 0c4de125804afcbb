//! Foreign texts, fit to be shown.

use crate::{Secret, redact};

/// Letters of a foreign text that are passed on at most.
const LONGEST: usize = 300;
/// How far into a page its title is looked for.
const START_OF_PAGE: usize = 64 << 10;

/// A foreign text in one short line: without the secrets, and without what a terminal would act on.
pub fn one_line(text: &str, secrets: &[&Secret]) -> String {
    // Secrets first: half of one is one too many.
    let text = redact(text, secrets);
    let words: Vec<&str> =
        text.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty()).collect();
    let text = words.join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The scheme and host of an address, or the whole of a path.
pub(super) fn host(address: &str) -> &str {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let start = address.find("//").map_or(0, |at| at + 2);
    let end = address.get(start..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| start + at);
    if start == 0 { address } else { address.get(..end).unwrap_or(address) }
}

/// Whether a body is a page of HTML (or XML, which no API here speaks).
pub(super) fn is_page(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// The title of a page, in brackets.
pub(super) fn title(page: &[u8]) -> String {
    let start = page.get(..page.len().min(START_OF_PAGE)).unwrap_or_default();
    let page = String::from_utf8_lossy(start);
    let lower = page.to_ascii_lowercase();
    let inside = || {
        let from = lower.find("<title>")? + "<title>".len();
        let length = lower.get(from..)?.find('<')?;
        page.get(from..from + length)
    };
    inside().map(|title| format!(" ({})", title.trim())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_texts_become_short_lines_without_secrets() {
        let secret = Secret::password("hunter 22").expect("a secret");
        let told = one_line(&format!("a\u{1b}[31m\r\nb {}hunter 22 é", "x".repeat(298)), &[&secret]);
        assert!(told.starts_with("a [31m b xxx") && told.ends_with('…') && told.chars().count() == LONGEST + 1, "{told}");
        assert_eq!(one_line("say hunter 22 http://a:b@c/", &[&secret]), "say *** http://***@c/");
    }

    #[test]
    fn pages_and_places() {
        assert!(is_page(b"\n <html>") && !is_page(b"{}"));
        assert_eq!(title(b"<!doctype html><TITLE> Log in </title>"), " (Log in)");
        assert_eq!((host("https://a:1/b?c"), host("/dex/auth?state=x")), ("https://a:1", "/dex/auth"));
    }
}
