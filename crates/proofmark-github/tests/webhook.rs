//! Payloads of GitHub as events: a table of all samples, and what hostile, thin and broken ones come to.

use proofmark_core::event::Event;
use proofmark_github::event::{EventError, read};
use serde_json::{Value, json};

#[path = "webhook/broken.rs"]
mod broken;
#[path = "webhook/fields.rs"]
mod fields;
#[path = "webhook/names.rs"]
mod names;
#[path = "webhook/runs.rs"]
mod runs;
#[path = "webhook/table.rs"]
mod table;

const COMMIT: &str = "abcdefabcdefabcdefabcdefabcdefabcdefabcd";
const ZEROS: &str = "0000000000000000000000000000000000000000";

/// The bytes of a sample.
fn sample(stem: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/events/{stem}.json", env!("CARGO_MANIFEST_DIR"))).expect("the payload is part of the tests")
}

fn document(stem: &str) -> Value {
    serde_json::from_slice(&sample(stem)).expect("JSON")
}

fn of_json(name: &str, payload: &Value) -> Result<Event, EventError> {
    read(name, payload.to_string().as_bytes())
}

fn some(name: &str, payload: &Value) -> Event {
    of_json(name, payload).expect("an event")
}

/// A sample with one field replaced.
fn with(stem: &str, pointer: &str, value: Value) -> Value {
    let mut document = document(stem);
    *document.pointer_mut(pointer).unwrap_or_else(|| panic!("{stem} has no {pointer}")) = value;
    document
}

/// A pull request of its own repository.
fn pull(number: u64) -> Value {
    let repository = json!({"id": 1, "full_name": "acme/widgets"});
    json!({"action": "opened", "number": number, "repository": repository, "pull_request": {"number": number,
        "head": {"ref": "topic", "sha": COMMIT, "repo": repository}, "base": {"ref": "main", "sha": COMMIT, "repo": repository}}})
}
