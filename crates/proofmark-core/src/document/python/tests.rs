//! What DVC's own reader gives for the same source: each row was compared with it under Python 3.11.
//!
//! Different on purpose: bytes, complex numbers, `...`, `\N{…}`, and Python 3.12's quotes within f-strings.

use super::super::MAX_DEPTH;
use super::*;

fn ok(source: &str) -> String {
    read(source.as_bytes()).unwrap_or_else(|error| panic!("{source}: {error}")).to_string()
}

fn refused(source: &str) -> String {
    let error = read(source.as_bytes()).expect_err(source);
    format!("{} at {}", error.message, error.position.expect("a place"))
}

#[test]
fn literals() {
    for (literal, value) in [
        ("1_000", "1000"),
        ("0x1F", "31"),
        ("0O17", "15"),
        ("0b1_01", "5"),
        ("00", "0"),
        ("-1", "-1"),
        ("- (1)", "-1"),
        ("+1.5", "1.5"),
        ("1.", "1.0"),
        (".5", "0.5"),
        ("1_0.0_1e1_0", "100100000000.0"),
        ("1e-3", "0.001"),
        ("1e400", "\"Infinity\""),
        ("True", "true"),
        ("None", "null"),
        ("'a'", "\"a\""),
        ("\"a\" 'b' r'\\n'", r#""ab\\n""#),
        ("('a'  # c\n 'b')", "\"ab\""),
        ("'''a\nb'''", r#""a\nb""#),
        ("'''a\r\nb'''", r#""a\nb""#),
        ("'a\\\nb'", "\"ab\""),
        (r"'\x41\u00e9\101\t\d\''", r#""Aé\u0041\t\\d'""#),
        ("u'a'", "\"a\""),
        (r"b'a\xff\n'", r#""b'a\\xff\\n'""#),
        ("[1, 'x', [None,],]", r#"[1,"x",[null]]"#),
        ("[\n1,\n# c\n2]", "[1,2]"),
        ("(1, 2)", "[1,2]"),
        ("(1)", "1"),
        ("(1,)", "[1]"),
        ("()", "[]"),
        ("1, 2", "[1,2]"),
        ("1,", "[1]"),
        ("{}", "{}"),
        ("{'a': 1, 'b': {2: (3,)}, None: 0, True: 1}", r#"{"a":1,"b":{"2":[3]},"null":0,"true":1}"#),
        ("{'a': 1, 'a': 2}", r#"{"a":2}"#),
        ("{3, 1, 1, 'x'}", r#"[1,3,"x"]"#),
        ("set()", "[]"),
        ("1; b = 2", "1,\"b\":2"),
        ("1 \\\n # c", "1"),
        ("'# no'  # yes", "\"# no\""),
    ] {
        let expected = serde_json::from_str::<serde_json::Value>(&format!("{{\"a\":{value}}}")).expect(value);
        for source in [format!("a = {literal}\n"), format!("a: int = {literal}")] {
            let read = serde_json::from_str::<serde_json::Value>(&ok(&source)).expect("JSON");
            assert_eq!(read, expected, "{source}");
        }
    }
}

#[test]
fn what_is_no_literal_is_skipped() {
    for expression in [
        "1 + 2",
        "1j",
        "1 + 2j",
        "--1",
        "-True",
        "~1",
        "not True",
        "x",
        "x.y",
        "f()",
        "dict(a=1)",
        "f'a'",
        "f'{x}'",
        "'a' f'b'",
        "'a' % 1",
        "'a'.upper()",
        "1 if x else 2",
        "lambda: 1",
        "lambda x=1: x",
        "[x]",
        "[*x]",
        "{**x}",
        "{'a': 1, **x}",
        "{'a': x}",
        "{x: 1}",
        "[i for i in x]",
        "(i for i in x)",
        "1 < 2",
        "1 and 2",
        "...",
        "1 .real",
        "-1 ** 2",
        "[1][0]",
        "(yield)",
        "{'a': 1}['a']",
        "b'a' % 1",
        "set([1])",
        "f\"{d[\"x\"]}\"",
        "f'{x:\">10}'",
        "f'''{\nx!r:{w}}'''",
        "rf'\\{x}'",
        "f'{{'",
        "'\\N{BULLET}'",
    ] {
        assert_eq!(ok(&format!("a = {expression}\nb = 2\n")), r#"{"b":2}"#, "{expression}");
        assert_eq!(ok(&format!("class A:\n  a = {expression}\n  b = 2")), r#"{"A":{"b":2}}"#, "{expression}");
        assert_eq!(ok(&format!("print({expression}); b = 2")), r#"{"b":2}"#, "{expression}");
    }
}

#[test]
fn statements() {
    for (source, value) in [
        ("", "{}"),
        ("\"\"\"doc\"\"\"\n\na = 1\n", r#"{"a":1}"#),
        ("a = b = 1\na, b = 1, 2\na[0] = 1\na.b = 1\na += 1\na: int\na == 1\n", "{}"),
        ("self.a = 1\nself.a.b = 2\n", r#"{"a":1}"#),
        ("a: Dict[str, int] = {'a': 1}\nb: 'x' = 2", r#"{"a":{"a":1},"b":2}"#),
        ("import x\nfrom y import (a,\n  b)\nc = 1\n", r#"{"c":1}"#),
        ("if x:\n  a = 1\nelse:\n  b = 2\nc = 3\n", r#"{"c":3}"#),
        ("if x: a = 1; b = 2\nc = 3", r#"{"c":3}"#),
        ("def f(a=1,\n      b={'c': 1}):\n  d = 1\n\n  # e\n  return {\n'f': 1\n}\ng = 2", r#"{"g":2}"#),
        ("match = 3\ntype = 4\nmatch x:\n  case 1:\n    a = 1\nb = 2", r#"{"match":3,"type":4,"b":2}"#),
        ("class A: pass\nclass B: b = 1; c = 2\n", r#"{"A":{},"B":{"b":1,"c":2}}"#),
        (
            "class A(X[1:2], metaclass=Y):\n\ta = 1\n\n# out\n\tclass B:\n\t\tb = 2\n\tc = 3\nd = 4",
            r#"{"A":{"a":1,"B":{"b":2},"c":3},"d":4}"#,
        ),
        ("class A:\n  a = 1\nclass A:\n  b = 2\n", r#"{"A":{"b":2}}"#),
        (
            "@dataclass\nclass A:\n  def __init__(self, x: int = 1) -> Dict[str, int]:\n    self.a = 1\n    b = 2\n    self.c: float = .5\n    if x:\n      self.d = 1\n  def f(self):\n    self.e = 1\n",
            r#"{"A":{"a":1,"c":0.5}}"#,
        ),
        ("class A:\n  async def __init__(self):\n    self.a = 1\n", r#"{"A":{}}"#),
        ("class A:\n  def __init__(self): self.a = 1; self.b = 2\n", r#"{"A":{"a":1,"b":2}}"#),
        ("a \\\n= \\\n1\r\nb = 2\rc = 3\n\x0cd = 4", r#"{"a":1,"b":2,"c":3,"d":4}"#),
        ("名 = {'名': 1}\n", r#"{"名":{"名":1}}"#),
    ] {
        assert_eq!(ok(source), value, "{source}");
    }
}

#[test]
fn mistakes_have_places() {
    for (source, mistake) in [
        ("a = 1\nb = 'x\n", "a text is opened here and never closed at 2:5"),
        ("a = \"\"\"x\n\n", "a text is opened here and never closed at 1:5"),
        ("a = f'{x", "a text is opened here and never closed at 1:5"),
        ("a = [1,\n2\n", "`[` is opened here and never closed at 1:5"),
        ("a = (1]", "`]` does not close `(` at 1:7"),
        ("a = 1)", "`)` closes nothing at 1:6"),
        ("a = 01", "this is not a number at 1:5"),
        ("a = 0x", "this is not a number at 1:5"),
        ("a = '\\x4'", "an escape without its hexadecimal digits at 1:6"),
        ("a = 1 $ 2", "`$` is not Python at 1:7"),
        ("a = \\ 1", "a backslash stands in the middle of a line at 1:5"),
        ("a = 1\n  b = 2", "the line is indented and nothing opens a block at 2:3"),
        ("if x:\na = 1", "expected an indented block at 2:1"),
        ("class A:\n", "expected an indented block at 2:1"),
        ("class A\nb = 1", "expected `:` at 1:8"),
        ("if x:\n    a = 1\n  b = 2", "the indentation matches no line above at 3:3"),
        ("if x:\n        a = 1\n\tb = 2", "tabs and spaces are mixed in the indentation at 3:2"),
    ] {
        assert_eq!(refused(source), mistake, "{source:?}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| format!("a = {}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert!(refused(&nested(MAX_DEPTH + 1)).contains("nested deeper"));
    assert!(refused(&"a = f'{".repeat(10_000)).contains(" at "));
    assert!(refused(&format!("a = f'{}", "{x:".repeat(10_000))).contains("nested deeper"));
    let classes: String = (0..200).map(|level| format!("{}class A:\n", " ".repeat(level))).collect();
    assert!(refused(&classes).contains("100 levels"));
}
