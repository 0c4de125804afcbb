//! JSON, compared with `serde_json` on everything that both read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_core::document::Format;
use proofmark_fuzz::{agrees, checked};

fuzz_target!(|bytes: &[u8]| {
    let ours = checked(Format::Json, bytes);
    match (ours, serde_json::from_slice::<serde_json::Value>(bytes)) {
        (Some(ours), Ok(theirs)) => assert!(agrees(&ours, &theirs), "ours {ours:?}\ntheirs {theirs:?}"),
        (None, Ok(theirs)) => panic!("we refuse what is JSON: {theirs}"),
        (Some(ours), Err(error)) => assert!(beyond_the_standard(bytes), "we read what is not JSON ({error}): {ours:?}"),
        (None, Err(_)) => {}
    }
});

/// What Python's reader takes and strict ones refuse: names of non-finite numbers, numbers beyond doubles,
/// halves of surrogate pairs, and nesting deeper than `serde_json` goes.
fn beyond_the_standard(bytes: &[u8]) -> bool {
    let holds = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    let opened = bytes.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    let has_large_number = bytes.iter().any(|byte| matches!(byte, b'e' | b'E')) || bytes.len() > 300;
    holds(b"NaN") || holds(b"Infinity") || holds(b"\\u") || has_large_number || opened > 100
}
