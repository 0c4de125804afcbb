//! TOML: a document is always a mapping.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_core::document::Format;
use proofmark_core::value::Value;
use proofmark_fuzz::checked;

fuzz_target!(|bytes: &[u8]| {
    if let Some(value) = checked(Format::Toml, bytes) {
        assert!(matches!(value, Value::Map(_)), "{value:?}");
    }
});
