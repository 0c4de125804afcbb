//! What ruamel gives for the same text, taken from the real one.

use super::*;

fn ok(text: &str) -> Value {
    read(text.as_bytes(), Leaves::Values).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn key(text: &str) -> Value {
    ok(&format!("k: {text}")).as_map().and_then(|map| map.get("k")).cloned().expect("a mapping with k")
}

fn refused(text: &str) -> String {
    let error = read(text.as_bytes(), Leaves::Values).expect_err("must be refused");
    format!("{} at {}", error.message, error.position.expect("a place"))
}

#[test]
fn scalars_as_ruamel_resolves_them() {
    let text = |text: &str| Value::Text(text.into());
    for (plain, value) in [
        ("yes", text("yes")),
        ("0o17", Value::Int(15)),
        ("017", Value::Int(17)),
        ("0x1F", Value::Int(31)),
        ("0b101", Value::Int(5)),
        ("0o_7", Value::Int(7)),
        ("0O17", text("0O17")),
        ("1:30", text("1:30")),
        ("1_000", Value::Int(1000)),
        ("1_", Value::Int(1)),
        ("_1", text("_1")),
        ("-_1", Value::Int(-1)),
        ("+12", Value::Int(12)),
        ("--1", text("--1")),
        ("9223372036854775808", Value::Int(9_223_372_036_854_775_808)),
        ("-170141183460469231731687303715884105728", Value::Int(i128::MIN)),
        ("170141183460469231731687303715884105728", Value::Float(170_141_183_460_469_231_731_687_303_715_884_105_728.0)),
        ("1e-3", Value::Float(0.001)),
        ("1e3", Value::Float(1000.0)),
        ("1E+3", Value::Float(1000.0)),
        ("1e400", Value::Float(f64::INFINITY)),
        ("1e", text("1e")),
        ("1e3_0", text("1e3_0")),
        ("1.", Value::Float(1.0)),
        ("1_0.5_0", Value::Float(10.5)),
        (".5", Value::Float(0.5)),
        ("._5", Value::Float(0.5)),
        (".5e+3", Value::Float(500.0)),
        (".5e3", text(".5e3")),
        (".", text(".")),
        ("-.inf", Value::Float(f64::NEG_INFINITY)),
        ("-.nan", text("-.nan")),
        ("inf", text("inf")),
        ("2020-01-02", Value::Date("2020-01-02".into())),
        ("2020-1-2", text("2020-1-2")),
        ("2020-1-2 3:04:05", Value::Date("2020-1-2 3:04:05".into())),
        ("2020-01-02T03:04:05Z", Value::Date("2020-01-02T03:04:05Z".into())),
        ("2020-01-02 03:04:05.123 +1:30", Value::Date("2020-01-02 03:04:05.123 +1:30".into())),
        ("2020-01-02T03:04:05z", text("2020-01-02T03:04:05z")),
        ("2020-01-02T03:04:05+0100", text("2020-01-02T03:04:05+0100")),
        ("2020-01-02T 03:04:05", text("2020-01-02T 03:04:05")),
        ("2020-01-02T03:04", text("2020-01-02T03:04")),
        ("v1.2", text("v1.2")),
        ("1.2.3", text("1.2.3")),
        ("'0.5'", text("0.5")),
        ("!!str 5", text("5")),
        ("!!str", text("")),
        ("!!float 5", Value::Float(5.0)),
        ("!!float '.5'", Value::Float(0.5)),
        ("!!int '0x1f'", Value::Int(31)),
        ("!!bool yes", Value::Bool(true)),
        ("!!bool off", Value::Bool(false)),
        ("!!null x", Value::Null),
        ("!!timestamp 2020-1-2", Value::Date("2020-1-2".into())),
        ("!<tag:yaml.org,2002:str> 5", text("5")),
        ("! 5", Value::Int(5)),
        ("~", Value::Null),
        ("nULL", text("nULL")),
        ("tRUE", text("tRUE")),
        ("a b\n  c", text("a b c")),
        ("\"a\\n\\u00e9\"", text("a\né")),
        ("|\n  a\n   b", text("a\n b")),
        ("|\n  a\n  b\n", text("a\nb\n")),
        ("|\n  a\n  ", text("a\n")),
        (">-\n  a\n  b\n\n  c\n", text("a b\nc")),
    ] {
        assert_eq!(key(plain), value, "{plain}");
    }
    assert!(matches!(key(".nan"), Value::Float(x) if x.is_nan()));
}

#[test]
fn a_file_that_is_one_number() {
    assert_eq!(ok("0.93\n"), Value::Float(0.93));
    assert_eq!(ok("  7"), Value::Int(7));
    assert_eq!(ok("# nothing\n"), Value::Null);
    assert_eq!(ok(""), Value::Null);
}

#[test]
fn merge_keys_and_aliases() {
    let value = ok("base: &b {x: 1, y: 2}\nrun:\n  <<: *b\n  y: 3\n");
    assert_eq!(value.as_map().map(|map| map["run"].to_string()), Some(r#"{"x":1,"y":3}"#.into()));
    for (document, value) in [
        ("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nm: {<<: [*a, *b], w: 5}\n", r#"{"y":2,"z":4,"x":1,"w":5}"#),
        ("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nm: {<<: *b}\n", r#"{"x":1,"y":2}"#),
        ("m: {<<: []}\n", "{}"),
        ("m: {\"<<\": 1}\n", r#"{"<<":1}"#),
        ("a: &a 1\nm: [*a, *a]\n", "[1,1]"),
        ("a: &a 1\nb: &a 2\nm: *a\n", "2"),
        ("&a m: *a\n", "m"),
        ("m: &a\n", "null"),
    ] {
        assert_eq!(ok(document).as_map().map(|map| map["m"].to_string()).as_deref(), Some(value), "{document}");
    }
}

#[test]
fn sets_and_ordered_maps() {
    assert_eq!(key("!!set {b, a: }").to_string(), r#"["a","b"]"#);
    assert_eq!(key("!!omap [b: 1, a: 2]").to_string(), r#"{"b":1,"a":2}"#);
    assert!(refused("!!omap [{a: 1, b: 2}]").contains("one key each"));
    assert!(refused("!!omap [a: 1, a: 2]").contains("one key each"));
}

#[test]
fn documents_as_ruamel_reads_them() {
    for (document, value) in [
        ("--- 5", "5"),
        ("%YAML 1.2\n---\na: 1\n...\n", r#"{"a":1}"#),
        ("a:\n- 1\n- - 2\n  - 3\n", r#"{"a":[1,[2,3]]}"#),
        ("a: [\n  1, # c\n  2,\n]\nb: {c, d: 1}\n", r#"{"a":[1,2],"b":{"c":null,"d":1}}"#),
        ("? a\n: b\n? c\n", r#"{"a":"b","c":null}"#),
        ("a: b#c\nd: e #c\n", r#"{"a":"b#c","d":"e"}"#),
        ("a: http://x.y/z\r\nb:\r\n", r#"{"a":"http://x.y/z","b":null}"#),
        ("{\n\t\"a\": 1,\n\t\"b\": [true, null]\n}\n", r#"{"a":1,"b":[true,null]}"#),
        ("{\"a\":1}", r#"{"a":1}"#),
        ("{a:1}", r#"{"a:1":null}"#),
        ("日本: é\n", r#"{"日本":"é"}"#),
        ("1.50: a\n0x10: b\n2020-01-02: c\n: d\n", r#"{"1.5":"a","16":"b","2020-01-02":"c","null":"d"}"#),
    ] {
        assert_eq!(ok(document).to_string(), value, "{document}");
    }
}

#[test]
fn what_ruamel_refuses() {
    assert_eq!(refused("a: 1\na: 2\n"), "the key `a` stands twice in one mapping at 2:1");
    assert_eq!(refused("a: {x: 1}\nb:\n  <<: {x: 1}\n  <<: {}\n"), "the key `<<` stands twice in one mapping at 4:3");
    assert_eq!(refused("é: x\r\n\r\né: y"), "the key `é` stands twice in one mapping at 3:1");
    assert_eq!(refused("ü:\n  é: [1,\n  2"), "invalid indentation in flow construct at 3:3");
    assert_eq!(refused("<<: [1]\n"), "`<<` merges mappings only at 1:5");
    assert_eq!(refused("a: !!int x\n"), "`x` does not fit its tag `!!int` at 1:4");
    for broken in [
        "a: !!float 0x10",
        "a: !!bool 1",
        "a: !!timestamp x",
        "a: !foo 1",
        "a: *x",
        "a: &x [1] 2",
        "a: @b",
        "a: b: c",
        "a: 'x",
        "a: 1\n b: 2",
    ] {
        refused(broken);
    }
    assert_eq!(refused("a: 1\n---\nb: 2\n"), "a second YAML document starts here at 2:1");
    assert!(refused("a: [1, 2\n").contains(" at "));
    assert!(refused("a: !!python/object:os.system x\n").contains("tag"));
    assert!(refused("a:\n\tb: 1\n").contains(" at "));
}

#[test]
fn integer_keys_read_as_text() {
    assert_eq!(
        ok("1: a\ntrue: b\nnull: c").as_map().map(|map| map.keys().cloned().collect::<Vec<_>>().join(",")),
        Some("1,true,null".into())
    );
}

/// Where ours is the stricter, so that numbers are never read as something else; the module's text lists them.
#[test]
fn what_only_we_refuse() {
    for document in
        ["%YAML 1.1\n---\na: yes\n", "'1': a\n1: b\n", "[1, 2]: 3\n", "a: &a [*a]\n", "a: [\n1\n]\n", "a: !!binary aGk=\n", "a: {b: -}\n"]
    {
        refused(document);
    }
    let dumped = read(b"a: !!python/object/apply:numpy.core.multiarray.scalar [x]\n", Leaves::Values).expect_err("not plain");
    assert!(dumped.message.starts_with("the tag `!!python/object/apply"), "{dumped}");
    assert!(dumped.hint.is_some_and(|hint| hint.contains("safe_dump")));
}

/// Nested anchors must not be copied at each level, used or not.
#[test]
fn nested_anchors_are_kept_only_for_aliases() {
    let mut text: String = (0..MAX_DEPTH - 1).map(|level| format!("{}a: &a{level}\n", " ".repeat(level))).collect();
    for number in 0..2000 {
        text += &format!("{}k{number}: 1\n", " ".repeat(MAX_DEPTH - 1));
    }
    assert!(read(text.as_bytes(), Leaves::Values).is_ok());
    assert!(read((text + "z: *a500\n").as_bytes(), Leaves::Values).is_ok());
}

#[test]
fn a_billion_laughs_are_refused() {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..10 {
        let previous = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", vec![previous; 10].join(","));
    }
    assert!(refused(&text).contains("aliases expand"));
}

#[test]
fn deep_nesting_is_refused() {
    let block: String = (0..10_000).map(|level| format!("{}a:\n", " ".repeat(level.min(600)))).take(600).collect();
    assert!(refused(&block).contains("nested deeper"));
    assert!(read("[".repeat(10_000).as_bytes(), Leaves::Values).is_err());
}
