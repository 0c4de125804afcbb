//! Lines of text for a terminal: how wide they are, how they are shortened, wrapped and coloured.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::escape;

/// What a piece of text wants to tell by its colour; nothing is told by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing.
    Plain,
    /// Worse, or blocked.
    Bad,
    /// Better, or passed.
    Good,
    /// Worth a look.
    Notice,
    /// Beside the point.
    Dim,
    /// A heading.
    Strong,
}

/// Paints, or leaves everything as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    pub(crate) fn apply(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            _ if !self.0 || text.trim().is_empty() => return text.to_owned(),
            Tone::Plain => return text.to_owned(),
            Tone::Bad => "31",
            Tone::Good => "32",
            Tone::Notice => "33",
            Tone::Dim => "2",
            Tone::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// The page that a renderer writes, line by line.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    pub(crate) paint: Paint,
    pub(crate) width: Option<usize>,
}

impl Page {
    pub(crate) fn new(options: &crate::Options) -> Self {
        Self { text: String::new(), paint: Paint(options.colour), width: options.width }
    }

    /// One line as it is. Whoever wrote it has escaped and fitted it.
    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(&escape::commands_broken(line.trim_end()));
        self.text.push('\n');
    }

    /// An empty line, never two of them, and none at the top.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A heading after an empty line.
    pub(crate) fn heading(&mut self, text: &str) {
        self.gap();
        self.wrapped(Tone::Strong, "", text);
    }

    /// Words that wrap; `before` stands in front of the first line and keeps its width on the others.
    pub(crate) fn wrapped(&mut self, tone: Tone, before: &str, words: &str) {
        let indent = width(before);
        let room = self.width.map_or(usize::MAX, |all| all.saturating_sub(indent).max(16));
        for (index, line) in wrap(words, room).iter().enumerate() {
            let start = if index == 0 { before.to_owned() } else { " ".repeat(indent) };
            let line = format!("{start}{}", self.paint.apply(tone, line));
            self.line(&line);
        }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// The columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// The text in at most `room` columns: the middle gives way to `…`, since names differ at both ends.
pub(crate) fn clip(text: &str, room: usize) -> String {
    // A letter has at most four bytes, and what is longer by bytes alone need not be measured to its end.
    if text.len() <= room || (text.len() <= room.saturating_mul(8) && width(text) <= room) {
        return text.to_owned();
    }
    let ends = room.saturating_sub(1);
    // Letters without a width would never fill the room.
    let most_bytes = room.saturating_mul(4);
    let (mut start, mut used) = (0, 0);
    for (at, letter) in text.char_indices() {
        used += letter.width().unwrap_or(0);
        if used > ends - ends / 2 || at + letter.len_utf8() > most_bytes {
            break;
        }
        start = at + letter.len_utf8();
    }
    let (mut end, mut used) = (text.len(), 0);
    for (at, letter) in text.char_indices().rev() {
        used += letter.width().unwrap_or(0);
        if used > ends / 2 || at < start || text.len() - at > most_bytes {
            break;
        }
        end = at;
    }
    format!("{}…{}", &text[..start], &text[end..])
}

/// The text in at most `units` UTF-16 units, so in at most as many characters however a service counts them; what is
/// longer ends in `…`.
pub(crate) fn cut(text: &str, units: usize) -> String {
    if text.encode_utf16().count() <= units {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |letter: &char| {
        used += letter.len_utf16();
        used <= units
    };
    let mut short: String = text.chars().take_while(fits).collect();
    if units > 0 {
        short.push('…');
    }
    short
}

/// Lines of at most `room` columns, broken at spaces; a longer word is broken where it must be.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    // A number stays with its percent sign; no text has this character, which is control.
    let text = text.replace(" %", "\0%");
    for word in text.split(' ') {
        let word = &word.replace('\0', " ");
        let size = width(word);
        let gap = usize::from(!line.is_empty());
        if used + gap + size <= room {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            used += gap + size;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        used = 0;
        for letter in word.chars() {
            let size = letter.width().unwrap_or(0);
            // A line that begins with a colon could become a command to a log.
            if used + size > room && letter != ':' {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(letter);
            used += size;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// A count with its noun: `1 file`, `2 files`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_in_the_middle() {
        assert_eq!(clip("abcdefghij", 10), "abcdefghij");
        assert_eq!(clip("abcdefghij", 7), "abc…hij");
        assert_eq!(clip("abcdefghij", 6), "abc…ij");
        assert_eq!(clip("模型模型模型", 7), "模…型");
        for room in 1..20 {
            assert!(width(&clip("模a型b模c型d模e型f", room)) <= room, "{room}");
        }
    }

    #[test]
    fn letters_without_a_width_are_bounded() {
        let marks = "\u{301}".repeat(100_000);
        assert!(clip(&marks, 160).len() < 1300 && clip(&format!("a{marks}b"), 160).starts_with('a'));
    }

    #[test]
    fn cuts_by_the_units_of_utf_16() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("𝄞𝄞𝄞", 6), "𝄞𝄞𝄞");
        assert_eq!(cut("𝄞𝄞𝄞", 5), "𝄞𝄞…");
        assert_eq!(cut("𝄞𝄞𝄞", 4), "𝄞…");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn wraps_words_and_breaks_long_ones() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("a bcdefgh", 3), ["a", "bcd", "efg", "h"]);
        assert_eq!(wrap("more than 10 %", 12), ["more than", "10 %"]);
        assert_eq!(wrap("", 3), [""]);
        assert!(wrap("abc::error::x", 3).iter().all(|line| !line.starts_with(':')));
    }
}
