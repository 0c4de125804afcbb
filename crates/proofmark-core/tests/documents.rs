//! Properties of the document readers that hold for any input.

use proofmark_core::document::{Format, MAX_DEPTH, ParseError, parse};
use proofmark_core::value::{Map, Value};
use proptest::prelude::*;

const FORMATS: [Format; 6] = [Format::Json, Format::Yaml, Format::Toml, Format::Csv, Format::Tsv, Format::Python];

/// Values that JSON can write; texts and keys of any characters.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|whole| Value::Int(whole.into())),
        any::<i128>().prop_map(Value::Int),
        (proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO).prop_map(Value::Float),
        any::<String>().prop_map(Value::Text),
        "[ -~\"\\\\\n\t]{0,8}".prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            proptest::collection::vec((any::<String>(), inner), 0..5).prop_map(|entries| Value::Map(entries.into_iter().collect::<Map>())),
        ]
    })
}

/// Texts that come near what the readers look for.
fn near_misses() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a: "),
        Just("- "),
        Just("\n"),
        Just("\n  "),
        Just("\t"),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just("\""),
        Just("'"),
        Just("\"\"\""),
        Just("\\"),
        Just("\\u12"),
        Just("\\N{"),
        Just("# "),
        Just("&a "),
        Just("*a"),
        Just("<<: "),
        Just("!!set "),
        Just("!!omap "),
        Just("--- "),
        Just("..."),
        Just("|"),
        Just(">-"),
        Just("? "),
        Just(": "),
        Just(", "),
        Just("= "),
        Just("a = "),
        Just("[[a]]"),
        Just("[a.b]\n"),
        Just("1e"),
        Just("0x"),
        Just("-"),
        Just("."),
        Just("2020-01-02"),
        Just("nan"),
        Just("true"),
        Just("class A:\n"),
        Just("def __init__(self):"),
        Just("self."),
        Just("f'{"),
        Just("f\"{x:"),
        Just("b'"),
        Just("é"),
        Just("\u{feff}"),
        Just("\r"),
        Just("\r\n"),
        Just("%YAML 1.2\n"),
        Just("\0"),
        Just(";"),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A mistake lies in the file: on one of its lines, at most one column behind the line's last character.
fn lies_within(bytes: &[u8], error: &ParseError) {
    let position = error.position.expect("every mistake has a place");
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.split('\n').collect();
    assert!(position.line >= 1 && position.column >= 1, "{error} at {position}");
    let line = lines.get(position.line as usize - 1).unwrap_or_else(|| panic!("{error} at {position} of {} lines", lines.len()));
    assert!(position.column as usize <= line.chars().count() + 1, "{error} at {position} of {line:?}");
}

fn read_by_all(bytes: &[u8]) {
    for format in FORMATS {
        if let Err(error) = parse(format, bytes) {
            assert!(!error.message.is_empty());
            lies_within(bytes, &error);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn json_text_gives_the_value_back(value in values()) {
        let text = serde_json::to_string(&value).expect("JSON");
        prop_assert_eq!(parse(Format::Json, text.as_bytes()), Ok(value.clone()));
        let text = serde_json::to_string_pretty(&value).expect("JSON");
        prop_assert_eq!(parse(Format::Json, text.as_bytes()), Ok(value));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        read_by_all(&bytes);
    }

    #[test]
    fn near_misses_are_read_or_refused(text in near_misses()) {
        read_by_all(text.as_bytes());
    }

    #[test]
    fn cut_off_documents_are_read_or_refused(value in values(), share in 0.0..1.0_f64) {
        let json = serde_json::to_string_pretty(&value).expect("JSON");
        let cut = &json.as_bytes()[..(json.len() as f64 * share) as usize];
        read_by_all(cut);
        // Only a number can lose its end and stay a document.
        let is_number = matches!(value, Value::Int(_) | Value::Float(_));
        prop_assert!(is_number || parse(Format::Json, cut).is_err());
    }
}

#[test]
fn every_prefix_of_a_document_is_read_or_refused() {
    for document in [
        "{\"a\": [1, -2.5e-3, \"\\u00e9\\n\", null], \"b\": {\"c\": true, \"ü\": NaN}}\n",
        "a: &a {x: 1, y: [2, 'it''s']}\nb:\n  <<: *a\n  z: !!float 3\nt: |\n  é\n  x\nq: \"a\\\n  b\"\nd: 2020-01-02 03:04:05\n",
        "t = 1\n[a.b]\nx = [1, 2.5, \"é\"]\ny = {z = 2020-01-02, w = '''\nq'''}\n[[l]]\nn = nan\n",
        "class A(B):\n  \"\"\"é\"\"\"\n  x: int = {'a': (1, -2.5)}\n  def __init__(self):\n    self.y = f'{x[\"a\"]:>{w}}'; self.z = 'a' \\\n      'b'\n",
        "name,value\n\"a \"\"b\"\"\",1\nü,2\n",
    ] {
        for end in 0..=document.len() {
            read_by_all(&document.as_bytes()[..end]);
        }
    }
}

#[test]
fn nesting_is_refused_beyond_the_limit_and_never_overflows() {
    let nested = |open: &str, middle: &str, close: &str, levels: usize| open.repeat(levels) + middle + &close.repeat(levels);
    for levels in [MAX_DEPTH + 2, 100_000] {
        for (format, text) in [
            (Format::Json, nested("[", "", "]", levels)),
            (Format::Json, nested("{\"a\":", "1", "}", levels)),
            (Format::Yaml, nested("[", "", "]", levels)),
            (Format::Yaml, nested("{a: ", "1", "}", levels)),
            (Format::Yaml, nested("- ", "1", "", levels)),
            (Format::Toml, format!("a = {}", nested("[", "", "]", levels))),
            (Format::Toml, format!("a = {}", nested("{a = ", "1", "}", levels))),
            (Format::Toml, format!("{}a = 1", "a.".repeat(levels))),
            (Format::Python, format!("a = {}", nested("[", "", "]", levels))),
            (Format::Python, format!("a = {}", nested("{1: ", "1", "}", levels))),
            (Format::Python, format!("a = {}", nested("f'{", "1", "}'", levels))),
        ] {
            let error = parse(format, text.as_bytes()).expect_err("too deep");
            lies_within(text.as_bytes(), &error);
        }
    }
    let deep = nested("[", "", "]", MAX_DEPTH);
    assert!(parse(Format::Json, deep.as_bytes()).is_ok());
    assert!(parse(Format::Yaml, nested("- ", "1", "", MAX_DEPTH).as_bytes()).is_ok());
}
