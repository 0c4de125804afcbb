use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::column::Cell;
use crate::error::TableError;
use crate::read::tests::{cells, rejected, text};
use crate::source::{Format, Layout, Limits, Source, Wanted};
use crate::{Table, read};

#[test]
fn split_and_records_are_read_as_pandas_writes_them() {
    for file in [
        r#"{"columns":["id","p"],"index":[0,1],"data":[["a",0.5],["b",NaN]]}"#,
        r#"{"columns":["id","p"],"data":[["a",0.5],["b",null]]}"#,
        "\u{feff} {\n \"columns\" : [ \"id\", \"x\", \"p\" ],\n \"name\": {\"a\": [1]}, \"data\": [ [\"a\", [\"]\"], 5e-1],\n[\"b\", {}, null ] ]\n}\n",
        r#"{"data":[["a",0.5],["b",null]],"index":["x","y"],"columns":["id","p"]}"#,
        r#"[{"id":"a","p":0.5},{"id":"b","x":[{}],"p":null}]"#,
        "[\n  {\"p\": 0.5, \"id\": \"a\"},\n  {\"id\": \"b\"}\n]\n",
        "{\"id\":\"a\",\"p\":0.5}\n{\"id\":\"b\"}\n",
    ] {
        let table = text(Layout::Json, file, &["id", "p"]);
        assert_eq!(cells(&table, "id"), [Cell::Text("a"), Cell::Text("b")], "{file}");
        let missing = table.column("p").map(|column| column.cell(1).value());
        assert_eq!((cells(&table, "p")[0], missing), (Cell::Number(0.5), Some(crate::Value::Missing)), "{file}");
    }
}

#[test]
fn names_that_are_numbers_are_their_texts() {
    let table = text(Layout::Json, r#"{"columns":[0,null,["a","b"],1.5,"t\u00e9"],"data":[[1,2,3,4,5]]}"#, &["0", "1.5", "té"]);
    assert_eq!(
        (cells(&table, "0"), cells(&table, "1.5"), cells(&table, "té")),
        (vec![Cell::Integer(1)], vec![Cell::Integer(4)], vec![Cell::Integer(5)])
    );
}

#[test]
fn lines_that_begin_like_a_document_are_lines() {
    let table = text(Layout::Json, "{\"index\":7,\"p\":1}\n{\"index\":8,\"p\":2}\n", &["index", "p"]);
    assert_eq!(cells(&table, "index"), [Cell::Integer(7), Cell::Integer(8)]);
}

#[test]
fn a_header_behind_its_rows_and_texts_behind_numbers_take_three_passes() {
    let rows = "[1,\"x\"],".repeat(50_000);
    let file = format!("{{\"data\":[{rows}[\"NA\",\"y\"]],\"columns\":[\"a\",\"b\"]}}");
    let last = std::sync::atomic::AtomicU64::new(0);
    let progress = |done: u64, all: u64| {
        assert!(done <= all);
        last.store(done, std::sync::atomic::Ordering::Relaxed);
    };
    let wanted = Wanted::none().required("a");
    let table = read(Source::Bytes(file.clone().into()), Layout::Json.into(), &wanted, &Limits::default(), &progress).expect("sound");
    assert_eq!(last.into_inner(), file.len() as u64 * 3);
    let column = table.column("a").expect("there");
    assert_eq!((table.rows(), column.cell(0), column.cell(50_000)), (50_001, Cell::Text("1"), Cell::Text("NA")));
}

#[test]
fn mistakes_name_their_row() {
    let told = |file: &str| rejected(Layout::Json, file, &Wanted::none().required("a"), &Limits::default()).to_string();
    let split = |data: &str| told(&format!(r#"{{"columns":["a","b"],"data":{data}}}"#));
    assert_eq!(split("[[1,2],[3]]"), "row 2: 1 values where there are 2 columns");
    assert_eq!(split("[[1,2],[3,4,5]]"), "row 2: 3 values where there are 2 columns");
    assert_eq!(split("[[1,2],[3,4,]]"), "row 2: a value is missing or no JSON");
    assert_eq!(split("[[1,2],{\"a\":1}]"), "row 2: a list is missing");
    assert_eq!(split("[[1,2],]"), "row 2: a list is missing");
    assert_eq!(split("[[1,2] [3,4]]"), "`,` or `]` is missing after a value");
    assert_eq!(split("[[1,2}]"), "row 1: `,` or `]` is missing after a value");
    assert_eq!(split("[[[1],2]]"), "an object or a list in column `a` (row 1) is not supported");
    assert_eq!(split("{}"), "`columns`, `data` and `index` must be lists");
    assert_eq!(told(r#"{"columns":["a","b","a"],"data":[]}"#), "column `a` stands twice");
    assert_eq!(told(r#"{"data":[],"columns":["a","a"]}"#), "column `a` stands twice");
    assert_eq!(told(r#"{"columns":["A"],"data":[[1]]}"#), "no column `a`; there is `A`");
    assert_eq!(told(r#"{"columns":["a"],"index":[0],"data":[]}"#), "1 entries of `index` for 0 rows");
    assert_eq!(told(r#"{"columns":["a"],"columns":["a"],"data":[]}"#), "`columns` stands twice");
    assert!(told(r#"{"columns":["a"]}"#).starts_with("there is no `data`;"));
    assert!(told(r#"{"data":[]}"#).starts_with("there is no `columns`;"));
    assert_eq!(told(r#"{"columns":["a"],"data":[[1]]}{"#), "text after the table");
    assert_eq!(told(r#"{"columns":["a"],"data":[[1],["#), "the file ends too early");
    assert_eq!(told(r#"{"columns":["a"],"data":[[1]"#), "the file ends too early");
    assert_eq!(told(r#"[{"a":1},{"a":1,"a":2}]"#), "column `a` stands twice");
    assert_eq!(told(r#"[{"a":1},{"a":}]"#), "row 2: a value is missing or no JSON");
    assert_eq!(told("[[1]]"), "row 1: an object is missing; a list without names of columns is no table");
    assert_eq!(told("[]"), "the file is empty");
    assert_eq!(told(" \n"), "the file is empty");
    assert!(told("1").starts_with("a JSON table is"));
    assert!(told("{\n  \"a\": {\"0\": 1}\n}").starts_with("line 1: a text in quotes is missing; a JSON table is"));
    assert_eq!(told(r#"{"a":{"0":1}}"#), "an object or a list in column `a` (line 1) is not supported");
}

#[test]
fn limits_hold_for_documents_too() {
    let limits = Limits { rows: 2, cell_bytes: 8, file_bytes: 200, held_bytes: 1 << 20 };
    let told = |file: &str| match rejected(Layout::Json, file, &Wanted::none().optional("a"), &limits) {
        TableError::TooLarge { what, limit } => (what, limit),
        other => panic!("{other}"),
    };
    assert_eq!(told(r#"{"columns":["a"],"data":[[1],[2],[3]]}"#), ("rows", 2));
    assert_eq!(told(r#"[{"a":1},{"a":1},{"a":1}]"#), ("rows", 2));
    assert_eq!(told(r#"{"columns":["a"],"data":[["too long!"]]}"#), ("bytes in a cell", 8));
    assert_eq!(told(r#"{"columns":["too long!"],"data":[]}"#), ("bytes in the name of a column", 8));
    assert_eq!(told(&format!("[{}", " ".repeat(200))), ("bytes in the file", 200));
    let deep = format!("{{\"columns\":[\"a\"],\"x\":{}", "[".repeat(100_000));
    assert_eq!(rejected(Layout::Json, &deep, &Wanted::none(), &Limits::default()).to_string(), "the file ends too early");
    let long = format!("[{{\"a\":\"{}\"}}]", "x".repeat(40 << 20));
    let error = rejected(Layout::Json, &long, &Wanted::none(), &Limits::default());
    assert!(matches!(error, TableError::TooLarge { what: "bytes in a row", .. }), "{error}");
}

#[test]
fn names_of_files_say_json() {
    let of = |name: &str| Format::of(std::path::Path::new(name));
    assert_eq!(of("eval_results_table.json"), Some(Layout::Json.into()));
    assert_eq!(of("a.JSON.gz"), Some(Format { layout: Layout::Json, gzip: true }));
    assert!(Format::EXTENSIONS.iter().all(|extension| of(&format!("a.{extension}")).is_some()));
}

#[test]
fn a_row_may_lie_across_the_end_of_a_block() {
    for shift in 0..60 {
        let blanks = " ".repeat((256 << 10) - shift);
        let table = text(Layout::Json, &format!(r#"{{"columns":["a","b"],{blanks}"data":[["]\"\\",-1.5],["x",null]]}}"#), &["a", "b"]);
        assert_eq!(cells(&table, "a"), [Cell::Text("]\"\\"), Cell::Text("x")], "{shift}");
        assert_eq!(cells(&table, "b"), [Cell::Number(-1.5), Cell::Missing], "{shift}");
    }
}

/// A cell as the CSV and the JSON text of it.
type Both = (String, String);

fn cell() -> impl Strategy<Value = Both> {
    let same = |text: String| (text.clone(), text);
    prop_oneof![
        "-?[1-9][0-9]{0,3}".prop_map(same),
        "[1-9]\\.[0-9]{1,3}".prop_map(same),
        Just(("NaN".to_owned(), "NaN".to_owned())),
        Just((String::new(), "null".to_owned())),
        Just(("true".to_owned(), "true".to_owned())),
        "[u-zé\\[\\]{}:; ]{1,6}\"?z"
            .prop_map(|text| (format!("\"{}\"", text.replace('"', "\"\"")), serde_json::to_string(&text).expect("a text"))),
    ]
}

/// The table's columns with their types; NaN equals NaN.
fn content(table: &Table) -> String {
    format!("{} {:?}", table.rows(), table.columns().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_layouts_give_one_table(rows in proptest::collection::vec((cell(), cell()), 1..30)) {
        let each = |row: &dyn Fn(usize, &Both, &Both) -> String, between: &str| {
            rows.iter().enumerate().map(|(id, (one, two))| row(id, one, two)).collect::<Vec<_>>().join(between)
        };
        let csv = format!("id,a,b\n{}\n", each(&|id, a, b| format!("{id},{},{}", a.0, b.0), "\n"));
        let object = |id: usize, a: &Both, b: &Both| format!("{{\"b\": {}, \"a\": {}, \"id\": {id}}}", b.1, a.1);
        let list = each(&|id, a, b| format!("[{id},{},{}]", a.1, b.1), ", ");
        let files = [
            (Layout::JsonLines, each(&object, "\n")),
            (Layout::Json, each(&object, "\n")),
            (Layout::Json, format!("[{}]", each(&object, " ,\n"))),
            (Layout::Json, format!("{{\"columns\":[\"id\",\"a\",\"b\"],\"data\":[{list}]}}")),
            (Layout::Json, format!("{{\"data\":[{list}],\"columns\":[\"id\",\"a\",\"b\"]}}")),
        ];
        let names = ["a", "id", "b"];
        let expected = content(&text(Layout::Csv, &csv, &names));
        for (layout, file) in files {
            prop_assert_eq!(&content(&text(layout, &file, &names)), &expected);
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(file.as_bytes()).expect("packed");
            let wanted = names.into_iter().fold(Wanted::none(), Wanted::required);
            let packed = Source::Bytes(packed.finish().expect("packed"));
            let table = read(packed, Format { layout, gzip: true }, &wanted, &Limits::default(), &|_, _| {}).expect("sound");
            prop_assert_eq!(&content(&table), &expected);
        }
    }

    #[test]
    fn any_bytes_are_a_table_or_an_error(text in "[\\[{]?[\\[\\]{},:\" 0a\\\\]{0,40}", known in any::<bool>()) {
        let file = if known { format!("{{\"columns\":[\"a\"],\"data\":{text}") } else { text };
        let wanted = Wanted::none().optional("a");
        let result = read(Source::Bytes(file.clone().into()), Layout::Json.into(), &wanted, &Limits::default(), &|_, _| {});
        if let Ok(table) = result {
            // What is read as one document is one to another reader too, but for what Python alone writes.
            let lines = file.lines().filter(|line| !line.trim().is_empty()).all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
            prop_assert!(lines, "{file} {table:?}");
        }
    }
}
