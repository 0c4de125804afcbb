//! Files that pyarrow wrote, and the same files damaged.

use crate::column::Cell::{self, Boolean, Integer, Missing, Number, Text};
use crate::read::tests::cells;

use super::*;

const TYPES: &[u8] = include_bytes!("../../../tests/fixtures/types.parquet");
const TYPES_2: &[u8] = include_bytes!("../../../tests/fixtures/types_v2.parquet");
const BROTLI: &[u8] = include_bytes!("../../../tests/fixtures/brotli.parquet");

fn table(file: &[u8], wanted: &Wanted, limits: &Limits) -> Result<Table, TableError> {
    read(Source::Bytes(file.to_vec()), wanted, limits, &|done, all| assert!(done <= all))
}

fn told(file: &[u8], name: &str) -> String {
    table(file, &Wanted::none().required(name), &Limits::default()).expect_err("must be refused").to_string()
}

#[test]
fn every_type_has_its_column() {
    let expected: [(&str, [Cell<'_>; 3]); 17] = [
        ("id", [Integer(1), Integer(2), Integer(3)]),
        ("text", [Text("a"), Text(""), Text("é")]),
        ("category", [Text("DE"), Text("FR"), Text("DE")]),
        ("byte", [Integer(-1), Missing, Integer(127)]),
        ("u32", [Integer(4_294_967_295), Integer(0), Integer(1)]),
        ("u64", [Text("18446744073709551615"), Text("0"), Text("1")]),
        ("u64small", [Integer(7), Missing, Integer(1)]),
        ("truth", [Boolean(true), Missing, Boolean(false)]),
        ("f16", [Number(0.5), Number(f64::NEG_INFINITY), Missing]),
        ("f64", [Number(0.1), Number(2.0), Missing]),
        ("d4", [Number(1.23), Missing, Number(-4.5)]),
        ("d16", [Number(0.1), Missing, Number(12_345_678_901_234_567_890.5)]),
        ("d0", [Integer(5), Missing, Integer(-6)]),
        ("day", [Text("1969-12-31"), Missing, Text("2026-01-31")]),
        ("time", [Integer(1), Missing, Integer(3)]),
        ("none", [Missing, Missing, Missing]),
        ("struct.score", [Number(0.5), Missing, Missing]),
    ];
    let wanted = expected.iter().fold(Wanted::none().required("f32").optional("absent"), |wanted, (name, _)| wanted.required(*name));
    for file in [TYPES, TYPES_2] {
        let table = table(file, &wanted, &Limits::default()).expect("a sound file");
        for (name, expected) in &expected {
            assert_eq!(cells(&table, name), expected, "{name}");
        }
        let f32 = cells(&table, "f32");
        assert!(matches!(f32[..], [Number(0.100_000_001_490_116_12), Number(nan), Missing] if nan.is_nan()), "{f32:?}");
        assert!(table.column("absent").is_none());
        assert_eq!(table.digest()[..], Sha256::digest(file)[..]);
    }
}

#[test]
fn what_is_not_read_is_named() {
    assert_eq!(told(BROTLI, "id"), "brotli compression of column `id` is not supported");
    assert_eq!(told(TYPES, "list"), "column `list` of lists or objects is not supported");
    assert_eq!(told(TYPES, "list.list.element"), "column `list.list.element` of lists is not supported");
    assert_eq!(told(TYPES, "struct"), "column `struct` of lists or objects is not supported");
    assert_eq!(told(TYPES, "bytes"), "column `bytes`: a text is not UTF-8");
    assert_eq!(told(TYPES, "texts"), "no column `texts`; there is `text`");
    let encrypted = [&TYPES[..TYPES.len() - 4], b"PARE"].concat();
    assert_eq!(told(&encrypted, "id"), "encryption is not supported");
    assert_eq!(told(b"id,label\n1,2\n", "id"), "damaged Parquet: it does not end as a Parquet file does");
    assert_eq!(told(b"PAR1", "id"), "damaged Parquet: the file is too short");
}

#[test]
fn limits_stop_rows_cells_and_columns() {
    let wanted = Wanted::none().required("id").required("text");
    let told = |limits: Limits| table(TYPES, &wanted, &limits).expect_err("must be refused").to_string();
    assert_eq!(told(Limits { rows: 2, ..Limits::default() }), "more than 2 rows");
    assert_eq!(told(Limits { cell_bytes: 1, ..Limits::default() }), "more than 1 bytes in a cell");
    assert_eq!(told(Limits { held_bytes: 16, ..Limits::default() }), "more than 16 bytes of columns in memory");
    assert_eq!(told(Limits { file_bytes: 16, ..Limits::default() }), "more than 16 bytes in the file");
}

/// A schema of groups inside each other, as deep as the footer is long, would be recursed into until the stack ends.
#[test]
fn a_schema_may_not_be_endlessly_deep() {
    let mut footer = vec![0x15, 2, 0x19, 0xfc, 0xa0, 0x8d, 6];
    for _ in 0..100_000 {
        footer.extend([0x48, 1, b'a', 0x15, 2, 0]);
    }
    footer.push(0);
    let mut file = b"PAR1".to_vec();
    file.extend(&footer);
    file.extend((footer.len() as u32).to_le_bytes());
    file.extend(b"PAR1");
    assert_eq!(told(&file, "a"), "damaged Parquet: the footer is broken or its schema is nested too deep");
}

/// A byte of a small file turned here and there: an error or a table, and no panic. Fuzzing does the same at length.
#[test]
fn a_damaged_file_is_an_error_or_a_table() {
    let wanted = ["id", "text", "u64", "truth", "d4", "day"].into_iter().fold(Wanted::none(), Wanted::required);
    let limits = Limits { rows: 10_000, held_bytes: 1 << 20, ..Limits::default() };
    let mut refused = 0;
    for at in (0..TYPES.len()).step_by(11) {
        let mut file = TYPES.to_vec();
        file[at] ^= 0x15;
        refused += usize::from(table(&file, &wanted, &limits).is_err());
    }
    assert!(refused > TYPES.len() / 110, "{refused} of {}", TYPES.len());
    for length in (0..TYPES.len()).step_by(29) {
        assert!(table(&TYPES[..length], &wanted, &limits).is_err());
    }
}

/// The decoder of plain texts would take a length from behind the end of its page.
#[test]
fn plain_texts_that_are_cut_short_are_an_error() {
    let text = b"\x01\0\0\0a\x01\0\0\0b";
    for cut in 0..text.len() {
        let told = told(&plain_texts(&text[..cut], 2), "t");
        assert_eq!(told, "column `t`: damaged Parquet: EOF: Not enough bytes to decode", "{cut}");
    }
    let table = table(&plain_texts(text, 2), &Wanted::none().required("t"), &Limits::default()).expect("a sound file");
    assert_eq!(cells(&table, "t"), [Text("a"), Text("b")]);
}

/// A file with one column `t` of required texts, in one plain page with this body.
fn plain_texts(body: &[u8], values: u8) -> Vec<u8> {
    let (size, values) = (body.len() as u8 * 2, values * 2);
    let header = [0x15, 0, 0x15, size, 0x15, size, 0x2c, 0x15, values, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0];
    let chunk = (header.len() + body.len()) as u8 * 2;
    let mut footer = vec![0x15, 2, 0x19, 0x2c, 0x48, 1, b's', 0x15, 2, 0];
    footer.extend([0x15, 12, 0x25, 0, 0x18, 1, b't', 0x25, 0, 0, 0x16, values]);
    footer.extend([0x19, 0x1c, 0x19, 0x1c, 0x26, 8, 0x1c, 0x15, 12, 0x19, 0x15, 0, 0x19, 0x18, 1, b't', 0x15, 0]);
    footer.extend([0x16, values, 0x16, chunk, 0x16, chunk, 0x26, 8, 0, 0, 0x16, chunk, 0x16, values, 0, 0]);
    let length = (footer.len() as u32).to_le_bytes();
    [b"PAR1", &header[..], body, &footer, &length, b"PAR1"].concat()
}
