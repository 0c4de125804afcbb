//! Records read back from a ref that others can push to: a hostile one is refused or taken whole, of two exactly one stays,
//! and what is taken has values that a window can hold.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_core::direction::Direction;
use proofmark_core::record::{Alike, MAX_VALUES, Past, Record, best, read, replaces, window};
use proofmark_fuzz::files;

const NAMES: [&str; 2] = ["one", "two"];

fuzz_target!(|bytes: &[u8]| {
    let given = files(bytes, &NAMES);
    let all: Vec<&[u8]> = std::iter::once(bytes).chain(given.iter().map(|(_, text)| *text)).collect();
    for new in &all {
        for old in &all {
            assert_eq!(replaces(new, old) != replaces(old, new), new != old, "writers who never met disagree");
        }
    }
    let mut past = Past::default();
    for text in &all {
        match read(text) {
            Ok(record) => {
                taken(&record);
                past.add(&record.commit, Ok(text));
                past.add("0", Ok(text));
            }
            Err(error) => {
                assert!(!error.to_string().is_empty(), "a refusal without words");
                past.add("0", Ok(text));
            }
        }
    }
    assert!(past.left_out.len() >= all.len(), "what is of another commit was taken");
    looked_at(&past.records);
});

/// What was taken is sorted, finite and bounded, and comes back as it is.
fn taken(record: &Record) {
    assert!(record.values.len() <= MAX_VALUES && record.values.is_sorted_by(|a, b| a.place < b.place));
    for entry in &record.values {
        assert!(entry.value.is_finite());
        assert_eq!(record.entry(&entry.place), Some(entry), "a value is not found");
        assert!(entry.place.file.parts().all(|part| part != ".." && part != "."), "a path leads outside");
    }
    let printed = serde_json::to_vec(record).expect("every record has a JSON form");
    assert_eq!(read(&printed).as_ref(), Ok(record), "a second reading differs");
}

fn looked_at(records: &[Record]) {
    for record in records {
        for entry in record.values.iter().take(20) {
            let alike = Alike { class: record.class.as_deref(), test_set: record.test_set(&entry.place) };
            let values = window(records, &entry.place, 3, &alike);
            assert!(values.len() <= 3 && values.iter().all(|value| value.is_finite()));
            let limit = best(records, &entry.place, &alike, Direction::Higher);
            assert!(limit.is_none_or(|(_, value)| value.is_finite()));
        }
    }
}
