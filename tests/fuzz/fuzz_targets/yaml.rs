//! YAML. JSON without escapes is YAML too, and then both readers must give one value.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_core::document::Format;
use proofmark_fuzz::{agrees, checked};

fuzz_target!(|bytes: &[u8]| {
    let Some(ours) = checked(Format::Yaml, bytes) else { return };
    if bytes.contains(&b'\\') {
        return;
    }
    if let Ok(theirs @ serde_json::Value::Object(_)) = serde_json::from_slice(bytes) {
        assert!(agrees(&ours, &theirs), "ours {ours:?}\nas JSON {theirs:?}");
    }
});
