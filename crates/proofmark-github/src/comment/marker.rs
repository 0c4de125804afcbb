//! The hidden lines of a comment: what they look like, and that no other text can look like them.

use std::borrow::Cow;

/// Lines that people may put above the marker.
const LINES_BEFORE: usize = 20;
/// The longest token before it is shortened to its start and a sum.
const LONGEST: usize = 100;
const KEPT: usize = 60;

/// The first line of a comment that is ours.
pub(super) fn marker(key: &str) -> String {
    format!("<!-- proofmark:{} -->", token(key))
}

/// The same of a comment that was put aside: not found any more, and still told from people's comments.
pub(super) fn retired(key: &str) -> String {
    format!("<!-- proofmark-old:{} -->", token(key))
}

/// Where the marker is in a comment by ourselves, which people may have edited: among the first lines, on a line of its own,
/// and not in a quote or in code, which show other comments.
pub(super) fn find(body: &str, marker: &str) -> Option<usize> {
    let mut at = 0;
    let (mut fence, mut quoted): (Option<&str>, bool) = (None, false);
    for line in body.split_inclusive('\n').take(LINES_BEFORE + 1) {
        let before = line.len() - line.trim_start_matches([' ', '\t', '\u{feff}']).len();
        let content = line[before..].trim_end();
        let is_code = line[..before].contains("    ") || line[..before].contains('\t');
        if let Some(open) = fence {
            if !is_code && content.starts_with(open) && content.trim_start_matches(&open[..1]).is_empty() {
                fence = None;
            }
        } else if content.is_empty() {
            quoted = false;
        } else if !is_code {
            if content == marker && !quoted {
                return Some(at + before);
            }
            fence = fenced(content);
            // A quote goes on until the next empty line.
            quoted |= content.starts_with('>');
        }
        at += line.len();
    }
    None
}

/// The fence that a line opens.
fn fenced(content: &str) -> Option<&str> {
    let letter = content.chars().next().filter(|letter| matches!(letter, '`' | '~'))?;
    let (fence, info) = content.split_at(content.len() - content.trim_start_matches(letter).len());
    (fence.len() >= 3 && !(letter == '`' && info.contains('`'))).then_some(fence)
}

/// Any text as letters, digits, `.`, `_` and single `-`, which cannot end a comment. Other texts give other tokens: up to
/// [`LONGEST`] every byte can be read back, and beyond it stands a sum of 128 bits, led in by `_z`, which no byte's `_XX`
/// starts with.
pub(super) fn token(text: &str) -> String {
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' => token.push(char::from(byte)),
            b'-' if !token.ends_with('-') => token.push('-'),
            _ => token.push_str(&format!("_{byte:02X}")),
        }
    }
    if token.is_empty() {
        return "_z".to_owned();
    }
    if token.len() <= LONGEST {
        return token;
    }
    // Cut behind a whole letter, so that what is left has no `--` either; it is ASCII by now.
    format!("{}_z{:016x}{:016x}", &token[..KEPT], sum(text, 0xcbf2_9ce4_8422_2325), sum(text, 0x6c62_272e_07bb_0142))
}

/// FNV-1a: names are the workflow's own, so that chance is the only enemy.
fn sum(text: &str, start: u64) -> u64 {
    text.bytes().fold(start, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The line before a section.
pub(super) fn opening(token: &str, state: &str) -> String {
    format!("<!-- proofmark:section {token} {state} -->")
}

/// The line after a section.
pub(super) fn closing(token: &str) -> String {
    format!("<!-- /proofmark:section {token} -->")
}

/// The section's token and state, when the line opens one.
pub(super) fn opened(line: &str) -> Option<(&str, &str)> {
    let (token, state) = line.trim_end().strip_prefix("<!-- proofmark:section ")?.strip_suffix(" -->")?.split_once(' ')?;
    is_token(token).then_some((token, state))
}

/// Whether the line closes a section.
pub(super) fn closes(line: &str) -> bool {
    line.trim_end().strip_prefix("<!-- /proofmark:section ").and_then(|rest| rest.strip_suffix(" -->")).is_some_and(is_token)
}

/// Whether [`token`] could have made it.
pub(super) fn is_token(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(letters) && !text.contains("--")
}

/// Text that has none of these lines, whatever it was.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains("<!-- proofmark") && !text.contains("<!-- /proofmark") {
        return Cow::Borrowed(text);
    }
    let text = text.replace("<!-- proofmark", "&lt;!-- proofmark").replace("<!-- /proofmark", "&lt;!-- /proofmark");
    Cow::Owned(text)
}

/// Foreign text of one line as a code span: nothing in it acts, and it mentions nobody.
pub(super) fn code(text: &str) -> String {
    let runs = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(runs + 1);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{fence} {line} {fence}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_keys_stay_readable() {
        assert_eq!(marker("train.yml-test"), "<!-- proofmark:train.yml-test -->");
        assert_eq!(token("build / test (3.12)"), "build_20_2F_20test_20_283.12_29");
        assert_eq!(token("a--b"), "a-_2Db");
        assert_eq!(token("a_b"), "a_5Fb");
        assert_eq!(token(""), "_z");
    }

    #[test]
    fn long_keys_that_start_alike_differ() {
        let (one, two) = ("x".repeat(200) + "1", "x".repeat(200) + "2");
        assert_ne!(token(&one), token(&two));
        assert!(token(&one).len() <= LONGEST);
    }

    #[test]
    fn a_marker_is_found_below_what_people_write_but_not_where_they_show_one() {
        let marker = marker("k");
        for before in [
            "",
            "\n",
            " \r\n\n",
            "\u{feff}",
            "  ",
            "\u{feff}\n",
            "Note: see below.\n",
            "> quote\n\n",
            "```\ncode\n```\n",
            "~~~~\n~~~\n~~~~\n",
        ] {
            for after in ["", "  ", "\r\ntext", "\t\ntext"] {
                let body = format!("{before}{marker}{after}");
                assert_eq!(find(&body, &marker), Some(before.len()), "{body:?}");
            }
        }
        for before in [
            "x",
            "> ",
            "> quote\n",
            "> quote\nlazy\n",
            "    ",
            "\t",
            "text\n    ",
            "```\n",
            "````\n```\n",
            "~~~ text\n",
            "~~~\n```\n",
            "- ",
            &"line\n".repeat(21),
        ] {
            assert_eq!(find(&format!("{before}{marker}\n"), &marker), None, "{before:?}");
        }
        assert_eq!(find(&format!("{marker} x"), &marker), None);
        assert_eq!(find(&format!("> {marker}\n\n{marker}"), &marker), Some(marker.len() + 4));
    }

    #[test]
    fn code_spans_end_where_they_should() {
        assert_eq!(code("a ``b` @all\nc"), "``` a ``b` @all c ```");
    }

    /// Reads a token back, as far as it was not shortened.
    fn read(token: &str) -> Vec<u8> {
        let (mut bytes, mut rest) = (Vec::new(), token.as_bytes());
        while let [first, more @ ..] = rest {
            rest = more;
            if *first == b'_' && rest.len() >= 2 {
                let digits = std::str::from_utf8(&rest[..2]).expect("ASCII");
                bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
                rest = &rest[2..];
            } else {
                bytes.push(*first);
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn looking_for_a_marker_never_panics(body in "([ \\t\r\n>`~-]|\\PC|\u{feff}|<!-- proofmark:k -->){0,60}") {
            let marker = marker("k");
            if let Some(at) = find(&body, &marker) {
                prop_assert!(body[at..].starts_with(&marker));
            }
        }

        #[test]
        fn tokens_are_safe_and_can_be_read_back(text in "([ -~]|\\PC|-|_|--){0,120}") {
            let token = token(&text);
            prop_assert!(is_token(&token), "{token}");
            if !text.is_empty() && !token.contains("_z") {
                prop_assert_eq!(read(&token), text.as_bytes());
            }
            let line = opening(&token, "{}");
            prop_assert_eq!(opened(&line), Some((token.as_str(), "{}")));
            prop_assert!(closes(&closing(&token)));
        }

        #[test]
        fn no_text_looks_like_a_hidden_line(parts in prop::collection::vec(prop::sample::select(vec![
            "<!-- proofmark:section a {} -->", "<!-- /proofmark:section a -->", "\n", "<!-- ", "/proofmark", "proofmark:", "<", "&lt;", "x",
        ]), 0..20)) {
            let text = parts.concat();
            let text = harmless(&text);
            prop_assert!(text.lines().all(|line| opened(line).is_none() && !closes(line)), "{text}");
            prop_assert_eq!(&harmless(&text), &text);
        }
    }
}
