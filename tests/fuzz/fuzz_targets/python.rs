//! Python assignments. JSON without names and escapes is a Python literal too, and then both readers must agree.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_core::document::Format;
use proofmark_fuzz::{agrees, checked};

fuzz_target!(|bytes: &[u8]| {
    checked(Format::Python, bytes);
    let Ok(theirs) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    if bytes.contains(&b'\\') || ["true", "false", "null"].iter().any(|name| holds(bytes, name.as_bytes())) {
        return;
    }
    let program = [b"x = (", bytes, b")\n"].concat();
    let ours = checked(Format::Python, &program).unwrap_or_else(|| panic!("a literal is refused: {theirs}"));
    let ours = ours.as_map().and_then(|map| map.get("x"));
    assert!(ours.is_some_and(|ours| agrees(ours, &theirs)), "ours {ours:?}\nas JSON {theirs:?}");
});

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}
