//! Marks that orders leave: whatever the text, what is found stands in it and is read again as it was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_core::event::Mark;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Some(mark) = Mark::parse(&text) {
        assert_eq!(mark.to_string(), text);
        assert_eq!(Mark::find(&text), Some(mark));
    }
    for mark in Mark::all(&text) {
        let written = mark.to_string();
        assert_eq!(Mark::parse(&written).as_ref(), Some(&mark));
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let is_word = |(at, _): (usize, &str)| {
            !text[..at].chars().next_back().is_some_and(is_part) && !text[at + written.len()..].chars().next().is_some_and(is_part)
        };
        assert!(text.match_indices(&written).any(is_word));
    }
});
