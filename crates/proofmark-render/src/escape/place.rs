//! Text that stands where Markdown is not read: the target of a link, and a comment of HTML.

use std::fmt::Write as _;

use crate::json::inert;

/// Longer addresses are refused: no page of a run has one.
const LONGEST_URL: usize = 2000;

/// An address as the target of a Markdown link or an attribute of HTML; nothing for what is not `http` or `https`.
///
/// Everything that could end the link, the table cell or the attribute is percent-encoded. A name and a password in front of
/// the host, and a host of other letters than ASCII, are refused: both are there to deceive whoever reads the address.
///
/// ```
/// use proofmark_render::escape::url;
///
/// assert_eq!(url("https://host.example/a b?x=(1)").as_deref(), Some("https://host.example/a%20b?x=%281%29"));
/// assert_eq!(url("javascript:alert(1)"), None);
/// ```
pub fn url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    if !known || text.len() > LONGEST_URL || !host.starts_with(|letter: char| letter.is_ascii_alphanumeric()) || !host.bytes().all(is_host)
    {
        return None;
    }
    let mut safe = format!("{}://{host}", scheme.to_ascii_lowercase());
    for (at, byte) in path.bytes().enumerate() {
        let escape = byte == b'%' && path.as_bytes().get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        // A second `#` in a row begins a command in some logs.
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'/' | b'?' | b'.' | b'-' | b'_' | b'~' | b':' | b'@' | b'=' | b'&' | b'+' | b',' | b';');
        if plain || escape || (byte == b'#' && !safe.contains('#')) {
            safe.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(safe, "%{byte:02X}");
        }
    }
    Some(safe)
}

/// The same JSON document, able to stand inside of a comment of HTML or Markdown: `<!-- … -->`.
///
/// The comment cannot end within it, and nothing in it is a tag or a mention. All of that can only stand inside of strings,
/// where `\u` escapes mean the same to a parser.
///
/// ```
/// use proofmark_render::escape::comment;
///
/// assert_eq!(comment(r#"{"a":"-->"}"#), r#"{"a":"-\u002d\u003e"}"#);
/// ```
pub fn comment(json: &str) -> String {
    let mut safe = String::with_capacity(json.len() + 16);
    let mut previous = ' ';
    for letter in inert(json).chars() {
        match letter {
            '<' | '>' | '&' | '@' => {
                // Writing to a string cannot fail.
                let _ = write!(safe, "\\u{:04x}", u32::from(letter));
            }
            '-' if previous == '-' => safe.push_str("\\u002d"),
            other => safe.push(other),
        }
        previous = letter;
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::HOSTILE;

    #[test]
    fn addresses_of_pages_pass() {
        for text in [
            "https://github.com/o/r/actions/runs/1/attempts/2?pr=5#summary-3",
            "http://localhost:8080/job/a/1/",
            "https://host.example",
            "https://host.example/a%20b?x=1&y=2",
        ] {
            assert_eq!(url(text).as_deref(), Some(text));
        }
        assert_eq!(url("HTTPS://host.example/").as_deref(), Some("https://host.example/"));
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for text in [
            "javascript:alert(1)",
            "javascript://host/%0aalert(1)",
            "data:text/html,x",
            "//host.example/",
            "https://",
            "https:///path",
            "https://user:password@host.example/",
            "https://github.com@evil.example/",
            "https://evil.example\\@github.com/",
            "https://gith\u{443}b.com/",
            "https://[::1]/",
            " https://host.example/",
            "",
        ] {
            assert_eq!(url(text), None, "{text}");
        }
        assert_eq!(url(&format!("https://host.example/{}", "a".repeat(3000))), None);
    }

    #[test]
    fn addresses_cannot_leave_their_place() {
        for text in HOSTILE.iter().chain(&["a) [b](http://e)", "\"onload=", "'", "a\\)", "*b*", "100%", "##[error]", "$x$", "!"]) {
            let safe = url(&format!("https://host.example/{text}")).expect("an address");
            let harmless = |letter: char| letter.is_ascii_alphanumeric() || "/?.-_~:@=&+,;#%".contains(letter);
            assert!(safe.chars().all(harmless) && !safe.contains("##"), "{safe}");
        }
    }

    #[test]
    fn comments_do_not_end_and_nothing_is_lost() {
        for text in HOSTILE.iter().chain(&["--", "-->", "---", "--!>", "<!--", "\\--\\", "-\u{2028}-", "&amp;"]) {
            for document in [serde_json::json!({*text: [text, -1, 1e-5]}), serde_json::json!(text)] {
                let safe = comment(&document.to_string());
                assert!(!safe.contains("--") && !safe.contains(['<', '>', '&', '@']) && !safe.contains(crate::escape::acts), "{safe}");
                assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).expect("JSON"), document);
            }
        }
    }
}
