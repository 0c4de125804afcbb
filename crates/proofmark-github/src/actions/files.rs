//! The runner's files: step outputs, variables for later steps, the job summary. Appended to, never overwritten.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// What all outputs of a job may hold together, in UTF-16 code units, which is how GitHub counts its 1 MB.
pub const OUTPUT_UNITS: usize = 500_000;

/// What the summary of one step may hold, in bytes. A longer one is not shown at all.
pub const SUMMARY_LIMIT: usize = 1024 * 1024;

const SUMMARY_VARIABLE: &str = "GITHUB_STEP_SUMMARY";

/// Room for the note at the end of a value that was cut, in UTF-16 code units.
const NOTE_UNITS: usize = 64;

/// Why one of the runner's files was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// A name that could be read as something else.
    #[error("{0:?} is not a name for an output: letters, digits, `_` and `-`, and a letter or `_` first")]
    Name(String),
    /// The outputs written so far leave no room for another name.
    #[error("the outputs are full: no room for `{0}`")]
    OutputsFull(String),
    /// The summary would become longer than GitHub shows.
    #[error("the summary has room for {room} bytes and not for {needed}")]
    SummaryFull {
        /// What fits.
        room: usize,
        /// What was given.
        needed: usize,
    },
    /// The operating system refused.
    #[error("cannot write to the file that {variable} names, `{}`", path.display())]
    Refused {
        /// The variable that names the file.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// One output or variable in the form that holds any value: `NAME<<WORD`, the value, `WORD`.
///
/// The word is a fresh one that the value does not hold: with a fixed one, a value could end early and set other outputs.
///
/// # Errors
/// When the name could be read as something else.
pub fn entry(name: &str, value: &str, random: &mut dyn FnMut() -> u64) -> Result<String, FileError> {
    if !is_name(name) {
        return Err(FileError::Name(name.chars().take(100).collect()));
    }
    let word = super::unused_word(value, random);
    Ok(format!("{name}<<{word}\n{value}\n{word}\n"))
}

/// Outputs of one step that stay within what GitHub accepts of a job.
pub struct Outputs<'r> {
    text: String,
    room: usize,
    random: &'r mut dyn FnMut() -> u64,
}

impl<'r> Outputs<'r> {
    /// None yet.
    pub fn new(random: &'r mut dyn FnMut() -> u64) -> Self {
        Self { text: String::new(), room: OUTPUT_UNITS, random }
    }

    /// Adds one. A value longer than `limit` UTF-16 code units, or than the room that is left, is cut at a character and says so.
    ///
    /// # Errors
    /// When the name could be read as something else, or nothing fits any more.
    pub fn add(&mut self, name: &str, value: &str, limit: usize) -> Result<(), FileError> {
        let Some(room) = self.room.checked_sub(name.len()) else {
            return Err(FileError::OutputsFull(name.chars().take(100).collect()));
        };
        let value = cut(value, limit.min(room));
        self.text.push_str(&entry(name, &value, self.random)?);
        self.room = room - units(&value);
        Ok(())
    }

    /// What goes into the file.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The text when it has at most `limit` UTF-16 code units, else its beginning and how much is left out.
pub fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    if units(text) <= limit {
        return Cow::Borrowed(text);
    }
    let with_note = limit >= NOTE_UNITS;
    let keep = if with_note { limit - NOTE_UNITS } else { limit };
    let mut used = 0;
    let end = text.char_indices().find(|(_, character)| {
        used += character.len_utf16();
        used > keep
    });
    let (kept, left_out) = text.split_at(end.map_or(text.len(), |(at, _)| at));
    if with_note { Cow::Owned(format!("{kept}… ({} characters left out)", left_out.chars().count())) } else { Cow::Borrowed(kept) }
}

/// Appends to the file that `variable` names, beginning a new line if somebody left the last one open.
///
/// # Errors
/// When the operating system refuses.
pub fn append(variable: &'static str, path: &Path, text: &str) -> Result<(), FileError> {
    append_lines(path, text).map_err(|source| FileError::Refused { variable, path: path.to_owned(), source })
}

/// How many bytes the summary of this step still takes.
///
/// # Errors
/// When the operating system refuses.
pub fn summary_room(path: &Path) -> Result<usize, FileError> {
    let size = match path.metadata() {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(source) => return Err(FileError::Refused { variable: SUMMARY_VARIABLE, path: path.to_owned(), source }),
    };
    // Two bytes stay free: the end of a line that somebody left open, and that of our own.
    Ok(SUMMARY_LIMIT.saturating_sub(2).saturating_sub(usize::try_from(size).unwrap_or(usize::MAX)))
}

/// Appends to the summary of this step and says how many bytes it still takes.
///
/// # Errors
/// When the text is longer than the room, since GitHub would then show none of it, or the operating system refuses.
pub fn append_summary(path: &Path, text: &str) -> Result<usize, FileError> {
    let room = summary_room(path)?;
    if text.len() > room {
        return Err(FileError::SummaryFull { room, needed: text.len() });
    }
    append(SUMMARY_VARIABLE, path, text)?;
    summary_room(path)
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn append_lines(path: &Path, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let before = if line_is_open(&mut file)? { "\n" } else { "" };
    let after = if text.ends_with('\n') { "" } else { "\n" };
    // One write, so that two steps' processes at once do not mix their lines.
    file.write_all(format!("{before}{text}{after}").as_bytes())
}

fn line_is_open(file: &mut File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a runner's file as the runner does: by `\n`, on Windows by `\r\n` too. Apart from our writer.
    fn understood(text: &str, windows: bool) -> Result<Vec<(String, String)>, String> {
        let mut lines = Lines { rest: text, windows };
        let mut pairs = Vec::new();
        while let Some((line, _)) = lines.next() {
            let word = line.find("<<").filter(|&at| line.find('=').is_none_or(|equals| at < equals));
            if line.is_empty() {
                continue;
            } else if let Some(at) = word {
                let (name, word) = (&line[..at], &line[at + 2..]);
                if name.is_empty() || word.is_empty() {
                    return Err(format!("invalid format {line:?}"));
                }
                pairs.push((name.to_owned(), lines.until(word)?));
            } else if let Some((name, value)) = line.split_once('=') {
                pairs.push((name.to_owned(), value.to_owned()));
            } else {
                return Err(format!("invalid format {line:?}"));
            }
        }
        Ok(pairs)
    }

    struct Lines<'a> {
        rest: &'a str,
        windows: bool,
    }

    impl<'a> Lines<'a> {
        /// A line and its end.
        fn next(&mut self) -> Option<(&'a str, &'a str)> {
            if self.rest.is_empty() {
                return None;
            }
            let Some(at) = self.rest.find('\n') else { return Some((std::mem::take(&mut self.rest), "")) };
            let start = if self.windows && self.rest[..at].ends_with('\r') { at - 1 } else { at };
            let found = (&self.rest[..start], &self.rest[start..=at]);
            self.rest = &self.rest[at + 1..];
            Some(found)
        }

        /// Everything up to the line `word`, without the end of the line before it.
        fn until(&mut self, word: &str) -> Result<String, String> {
            let whole = self.rest;
            let mut end = 0;
            while let Some((line, line_end)) = self.next() {
                if line == word {
                    return Ok(whole[..end].to_owned());
                }
                end = whole.len() - self.rest.len() - line_end.len();
            }
            Err(format!("no line {word:?}"))
        }
    }

    fn counter() -> impl FnMut() -> u64 {
        let mut state = 0_u64;
        move || {
            state += 1;
            state
        }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("proofmark-files-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn the_reader_of_these_tests_knows_both_forms_and_their_mistakes() {
        assert_eq!(understood("a=1=2\n\nb<<E\nx\ny\nE\nc=<<E", false).unwrap(), [("a", "1=2"), ("b", "x\ny"), ("c", "<<E")].map(owned));
        assert_eq!(understood("a<<E\r\nx\r\ny\r\nE\r\n", true).unwrap(), [("a", "x\r\ny")].map(owned));
        assert!(understood("a<<E\nx\n", false).is_err());
        assert!(understood("a\n", false).is_err());
        assert!(understood("<<E\nE\n", false).is_err());
    }

    fn owned((name, value): (&str, &str)) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn names_are_plain() {
        for name in ["verdict", "_x", "report-json", "A9"] {
            assert!(entry(name, "", &mut counter()).is_ok(), "{name}");
        }
        for name in ["", "9a", "-a", "a=b", "a<<b", "a b", "a\nb", "ä"] {
            assert!(matches!(entry(name, "", &mut counter()), Err(FileError::Name(_))), "{name}");
        }
    }

    #[test]
    fn each_entry_has_its_own_word() {
        let mut random = counter();
        let mut word = || entry("a", "", &mut random).unwrap().lines().last().unwrap().to_owned();
        assert_ne!(word(), word());
    }

    #[test]
    fn a_value_that_knows_the_random_numbers_cannot_end_early() {
        let mut same = || 7;
        let word = super::super::unused_word("", &mut same);
        for line_end in ["\n", "\r\n", "\r"] {
            let value = format!("x{line_end}{word}{line_end}evil=1{line_end}{word}-1{line_end}evil=2");
            for windows in [false, true] {
                let text = entry("a", &value, &mut same).unwrap();
                assert_eq!(understood(&text, windows).unwrap(), [("a".to_owned(), value.clone())]);
            }
        }
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("a😀b", 2), "a", "half of a pair is no character");
        let text = "😀".repeat(100);
        assert_eq!(cut(&text, 200), text);
        let short = cut(&text, 199);
        assert_eq!(short, format!("{}… (33 characters left out)", "😀".repeat(67)));
        assert!(units(&short) <= 199);
    }

    #[test]
    fn outputs_stay_within_the_budget() {
        let mut random = counter();
        let mut outputs = Outputs::new(&mut random);
        outputs.add("short", &"x".repeat(1000), 100).unwrap();
        outputs.add("long", &"ü".repeat(2 * OUTPUT_UNITS), usize::MAX).unwrap();
        let full = (0..1000).find_map(|_| outputs.add("next", "x", 10).err());
        assert!(matches!(full, Some(FileError::OutputsFull(name)) if name == "next"));
        let read = understood(outputs.as_str(), false).unwrap();
        assert!(read[0].1.ends_with("(964 characters left out)"), "{}", read[0].1);
        assert!(read.iter().map(|(name, value)| units(name) + units(value)).sum::<usize>() <= OUTPUT_UNITS);
    }

    #[test]
    fn files_are_appended_to() {
        let file = folder("append").join("output");
        std::fs::write(&file, "before=1").unwrap();
        append("GITHUB_OUTPUT", &file, &entry("a", "x", &mut counter()).unwrap()).unwrap();
        append("GITHUB_OUTPUT", &file, &entry("b", "y", &mut counter()).unwrap()).unwrap();
        append("GITHUB_OUTPUT", &file, "").unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(understood(&text, false).unwrap(), [("before", "1"), ("a", "x"), ("b", "y")].map(owned));
        assert!(!text.contains("\n\n"), "no line is opened twice: {text:?}");
        std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }

    #[test]
    fn an_error_names_the_variable() {
        let folder = folder("refused");
        let error = append("GITHUB_ENV", &folder, "a=b").unwrap_err().to_string();
        assert!(error.contains("GITHUB_ENV"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_summary_keeps_below_its_limit() {
        let file = folder("summary").join("summary.md");
        assert_eq!(summary_room(&file).unwrap(), SUMMARY_LIMIT - 2);
        std::fs::write(&file, "somebody's").unwrap();
        let room = summary_room(&file).unwrap();
        assert!(matches!(append_summary(&file, &"x".repeat(room + 1)), Err(FileError::SummaryFull { .. })));
        assert_eq!(std::fs::read(&file).unwrap().len(), 10, "nothing is written then");
        assert_eq!(append_summary(&file, &"x".repeat(room)).unwrap(), 0);
        let written = std::fs::read_to_string(&file).unwrap();
        assert!(written.starts_with("somebody's\nxxx"));
        assert_eq!(written.len(), SUMMARY_LIMIT);
        std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }

    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("\n"),
            Just("\r"),
            Just("\r\n"),
            Just("a=b"),
            Just("a<<E"),
            Just("E"),
            Just("<<"),
            Just("="),
            Just("\u{feff}"),
            Just("\0"),
            Just("proofmark-00000000000000010000000000000002"),
            Just("😀"),
            Just(" "),
        ];
        prop_oneof![prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat()), any::<String>()]
    }

    proptest! {
        #[test]
        fn any_value_reads_back_as_exactly_one_output(value in hostile(), before in "(x=1\n)?") {
            let text = format!("{before}{}", entry("name", &value, &mut counter()).unwrap());
            let mut read = understood(&text, false).unwrap();
            prop_assert_eq!(read.pop(), Some(("name".to_owned(), value.clone())));
            prop_assert_eq!(read.len(), before.len() / 4);
            // On Windows the runner takes a final CR of the value for part of the line's end; nothing else may differ.
            let read = understood(&text, true).unwrap();
            let seen = value.strip_suffix('\r').unwrap_or(&value);
            prop_assert_eq!(read.last(), Some(&("name".to_owned(), seen.to_owned())));
        }

        #[test]
        fn a_cut_value_is_never_longer_than_asked(text in any::<String>(), limit in 0_usize..200) {
            prop_assert!(units(&cut(&text, limit)) <= limit);
        }
    }
}
