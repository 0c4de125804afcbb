//! Turns the pieces of a log into lines that harm no terminal.

/// Bytes of a line after which it is broken.
const LONGEST_LINE: usize = 64 << 10;

/// How Jenkins hides notes for its own pages in a log, and how it ends them.
const NOTE: &str = "\u{1b}[8mha:";
const NOTE_END: &str = "\u{1b}[0m";

/// Lines from pieces that may be cut anywhere, in the middle of a letter too.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// The next piece; every line that it completes is told.
    pub(super) fn push(&mut self, piece: &[u8], tell: &mut dyn FnMut(&str)) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end(tell);
            } else if self.rest.len() > LONGEST_LINE {
                let kept = unfinished(&self.rest);
                let after = self.rest.split_off(self.rest.len() - kept);
                self.end(tell);
                self.rest = after;
            }
        }
    }

    /// What is left without an end of the line.
    pub(super) fn end(&mut self, tell: &mut dyn FnMut(&str)) {
        if !self.rest.is_empty() {
            tell(&plain(&String::from_utf8_lossy(&self.rest)));
            self.rest.clear();
        }
    }
}

/// Bytes at the end that begin a letter and do not complete it.
fn unfinished(bytes: &[u8]) -> usize {
    let mut tail = bytes.iter().rev().take(3).zip(1..);
    let Some((first, length)) = tail.find(|(byte, _)| **byte & 0xc0 != 0x80) else { return 0 };
    let whole = match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    };
    if length < whole { length } else { 0 }
}

/// A line without notes, and without what moves the cursor or colours a terminal.
fn plain(line: &str) -> String {
    let line = line.trim_end_matches(['\n', '\r']);
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        rest = rest.get(escape(rest)..).unwrap_or_default();
    }
    out.push_str(rest);
    // What a progress bar shows last is what counts.
    let last = out.rsplit('\r').next().unwrap_or_default();
    last.replace('\t', "    ")
}

/// The length of the escape sequence that a text begins with.
fn escape(text: &str) -> usize {
    if text.starts_with(NOTE) {
        let end = text.get(NOTE.len()..).and_then(|rest| rest.find(NOTE_END));
        return end.map_or(NOTE.len(), |at| NOTE.len() + at + NOTE_END.len());
    }
    let mut letters = text.char_indices().skip(1);
    let after = |(at, letter): (usize, char)| at + letter.len_utf8();
    match letters.next() {
        // Colours and movements: parameters, then one letter.
        Some((_, '[')) => letters.find(|(_, letter)| ('\u{40}'..='\u{7e}').contains(letter)).map_or(text.len(), after),
        // Titles and links: up to a bell or the next escape with a backslash.
        Some((_, ']' | 'P' | '^' | '_' | 'X')) => match letters.find(|(_, letter)| matches!(letter, '\u{7}' | '\u{1b}')) {
            Some((at, '\u{1b}')) if text.get(at + 1..).is_some_and(|rest| rest.starts_with('\\')) => at + 2,
            Some((at, _)) => at + 1,
            None => text.len(),
        },
        Some((at, letter)) if letter.is_ascii() => after((at, letter)),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut told) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(piece, &mut |line| told.push(line.to_owned()));
        }
        lines.end(&mut |line| told.push(line.to_owned()));
        told
    }

    #[test]
    fn letters_may_be_cut() {
        let text = "größe\nsecond €\r\nlast".as_bytes();
        for cut in 0..text.len() {
            let (first, second) = text.split_at(cut);
            assert_eq!(of(&[first, second]), ["größe", "second €", "last"], "{cut}");
        }
    }

    #[test]
    fn notes_and_escapes_are_taken_out() {
        let of = |text: &str| of(&[text.as_bytes()]).concat();
        assert_eq!(of("\u{1b}[8mha:////4AAA+b64==\u{1b}[0mStarted by user"), "Started by user");
        assert_eq!(of("a \u{1b}[1;31mred\u{1b}[m b\tc"), "a red b    c");
        assert_eq!(of("\u{1b}]8;;http://evil\u{7}link\u{1b}]8;;\u{1b}\\!"), "link!");
        assert_eq!(of("\u{1b}]0;title"), "");
        assert_eq!(of("10%\r50%\r100%"), "100%");
        assert_eq!(of("\u{1b}(Bx\u{1b}"), "Bx");
    }

    #[test]
    fn an_endless_line_is_broken_between_letters() {
        let text = "€".repeat(LONGEST_LINE);
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(1000).collect();
        let told = of(&pieces);
        assert!(told.len() > 2 && told.iter().all(|line| line.len() < LONGEST_LINE + 2000));
        assert_eq!(told.concat(), text);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let whole = of(&[&bytes]);
            prop_assert_eq!(&of(&[first, second]), &whole);
            let acts = ['\u{1b}', '\n', '\r'];
            prop_assert!(whole.iter().all(|line| !line.contains(acts)));
        }
    }
}
