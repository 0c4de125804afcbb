//! Prediction tables: whatever the bytes are, they become columns of one length within the limits, or an error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_tables::{Cell, Format, Layout, Limits, Source, Table, Wanted, read};

const LIMITS: Limits = Limits { file_bytes: 1 << 20, rows: 100_000, cell_bytes: 1 << 10, held_bytes: 8 << 20 };

fuzz_target!(|bytes: &[u8]| {
    let format = format(bytes);
    let names = ["id", "label", "prediction", "score", "country", "nested", "nested.score"];
    let wanted = names.into_iter().fold(Wanted::none(), Wanted::optional);
    match read(Source::Bytes(bytes.to_vec()), format, &wanted, &LIMITS, &|done, all| assert!(done <= all)) {
        Ok(table) => is_sound(&table),
        Err(error) => assert!(!error.to_string().is_empty() && error.to_string().len() < 1000, "{error}"),
    }
});

/// By what the file begins with, so that each seed is a file as it is.
fn format(bytes: &[u8]) -> Format {
    let layout = match bytes {
        [b'P', b'A', b'R', b'1', ..] => Layout::Parquet,
        [b'[' | b'\n', ..] => Layout::Json,
        _ if [r#"{"columns""#, r#"{"data""#, r#"{"index""#].iter().any(|begin| bytes.starts_with(begin.as_bytes())) => Layout::Json,
        [b'{' | b' ', ..] => Layout::JsonLines,
        [0x1f, 0x8b, ..] => return Format { layout: Layout::Csv, gzip: true },
        _ if bytes.contains(&b'\t') => Layout::Tsv,
        _ => Layout::Csv,
    };
    layout.into()
}

fn is_sound(table: &Table) {
    assert!(table.rows() as u64 <= LIMITS.rows && table.held_bytes() as u64 <= LIMITS.held_bytes);
    for (_, column) in table.columns() {
        assert_eq!(column.len(), table.rows());
        let missing = (0..table.rows()).filter(|row| column.cell(*row) == Cell::Missing).count();
        assert_eq!(missing, column.missing());
        for row in 0..table.rows().min(100) {
            let cell = column.cell(row);
            let text = cell.to_string();
            let again = proofmark_tables::Value::of(&text);
            // What is shown means what is kept; a number may have a notation that ids have too, or be NaN.
            assert!(again == cell.value() || matches!(cell, Cell::Number(_)), "{cell:?} is shown as {text}");
        }
        assert_eq!(column.numbers().is_some_and(|numbers| numbers.len() != table.rows()), false);
    }
}
