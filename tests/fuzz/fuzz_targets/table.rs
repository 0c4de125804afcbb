//! Comma- and tab-separated tables: a mapping, or rows that all have the columns of the header.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_core::document::Format;
use proofmark_core::value::Value;
use proofmark_fuzz::checked;

fuzz_target!(|bytes: &[u8]| {
    // The reader sets its automaton up anew for each input, which takes longer than to read it: only what fits.
    let has_tabs = bytes.contains(&b'\t');
    let fitting = [(Format::Csv, !has_tabs || bytes.contains(&b',')), (Format::Tsv, has_tabs)];
    for (format, _) in fitting.into_iter().filter(|(_, fits)| *fits) {
        match checked(format, bytes) {
            None | Some(Value::Map(_)) => {}
            Some(Value::List(rows)) => {
                let columns = |row: &Value| row.as_map().map(|map| map.keys().cloned().collect::<Vec<_>>());
                assert!(rows.iter().all(|row| columns(row).is_some() && columns(row) == columns(&rows[0])), "{rows:?}");
            }
            Some(other) => panic!("a table became {other:?}"),
        }
    }
});
