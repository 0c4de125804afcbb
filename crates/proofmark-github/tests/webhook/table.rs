//! Every sample, and the whole event that it tells of.

use std::collections::BTreeMap;

use proofmark_github::event::{guess, name_of_file};

use super::*;

/// The samples' names without their ending, sorted.
pub(crate) fn stems() -> Vec<String> {
    let folder = format!("{}/tests/events", env!("CARGO_MANIFEST_DIR"));
    let names = std::fs::read_dir(folder).expect("the samples").map(|entry| entry.expect("readable").file_name());
    let mut stems: Vec<String> = names.filter_map(|name| name.to_str()?.strip_suffix(".json").map(str::to_owned)).collect();
    stems.sort();
    assert!(stems.len() >= 24, "{stems:?}");
    stems
}

/// `PROOFMARK_UPDATE=1` writes the table anew: then read it line by line.
#[test]
fn each_sample_is_the_event_of_the_table() {
    let file = format!("{}/tests/webhook/expected.json", env!("CARGO_MANIFEST_DIR"));
    let told: BTreeMap<String, Event> = stems()
        .into_iter()
        .map(|stem| {
            let name = name_of_file(&stem).expect("a name");
            let event = read(name, &sample(&stem)).unwrap_or_else(|error| panic!("{stem}: {error}"));
            (stem, event)
        })
        .collect();
    if std::env::var_os("PROOFMARK_UPDATE").is_some() {
        std::fs::write(&file, serde_json::to_string_pretty(&told).expect("JSON") + "\n").expect("writable");
    }
    let text = std::fs::read_to_string(&file).expect("the table");
    let expected: BTreeMap<String, Event> = serde_json::from_str(&text).expect("events");
    for (stem, event) in &told {
        assert_eq!(Some(event), expected.get(stem), "{stem}");
    }
    assert_eq!(told.len(), expected.len());
}

#[test]
fn the_form_of_each_sample_tells_its_name() {
    for stem in stems() {
        assert_eq!(guess(&sample(&stem)), name_of_file(&stem), "{stem}");
    }
}

#[test]
fn the_target_of_a_pull_request_is_no_other_event() {
    for stem in stems().iter().filter(|stem| stem.starts_with("pull_request.")) {
        let bytes = sample(stem);
        assert_eq!(read("pull_request_target", &bytes).expect("an event"), read("pull_request", &bytes).expect("an event"));
    }
}
