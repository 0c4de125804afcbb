//! Texts brought into the shape that GitHub's fields take: without characters that act, and no longer than allowed.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Plain text for a field that GitHub shows as it is: control, direction and invisible characters become escapes; line
/// ends and tabs stay where there may be several lines.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escape(text, |letter| acts(letter) && !matches!(letter, '\n' | '\t'))
}

/// The same for a field of one line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escape(text.trim(), acts)
}

/// At most so many characters, with an ellipsis where something is gone.
pub(crate) fn characters(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let end = text.char_indices().nth(most.saturating_sub(1)).map_or(0, |(at, _)| at);
            Cow::Owned(format!("{}…", &text[..end]))
        }
    }
}

/// At most so many bytes, the note included that then stands at the end. Cuts between characters.
pub(crate) fn bytes<'a>(text: &'a str, most: usize, note: &str) -> Cow<'a, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(most.saturating_sub(note.len()));
    Cow::Owned(format!("{}{note}", &text[..end]))
}

fn escape(text: &str, escaped: fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if escaped(letter) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// Control characters, separators of lines, marks of direction, and characters that show nothing.
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_is_shown() {
        assert_eq!(lines("a\u{1b}[31m\n\tb\r"), "a\\u{1b}[31m\n\tb\\u{d}");
        assert_eq!(line(" a\nb \u{202e}c "), "a\\u{a}b \\u{202e}c");
        assert!(matches!(line("plain ünï"), Cow::Borrowed("plain ünï")));
    }

    #[test]
    fn the_longest_that_fits_is_kept_whole() {
        assert_eq!(characters("ääää", 4), "ääää");
        assert_eq!(characters("äääää", 4), "äää…");
        assert_eq!(bytes("12345", 5, "!"), "12345");
        assert_eq!(bytes("123456", 5, "!"), "1234!");
        assert_eq!(bytes("äää", 5, "!"), "ää!");
    }

    proptest! {
        #[test]
        fn nothing_is_longer_than_allowed(text in "\\PC{0,40}", most in 4_usize..60) {
            prop_assert!(bytes(&text, most, "(…)").len() <= most.max(5));
            prop_assert!(characters(&text, most).chars().count() <= most);
            prop_assert!(!line(&text).contains(acts));
        }
    }
}
