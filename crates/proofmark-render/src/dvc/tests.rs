use super::*;
use crate::testing::between;

fn metrics(base: &str, head: &str, all: bool) -> serde_json::Value {
    diff(&between(&[("m.json", base)], &[("m.json", head)]), DvcPart::Metrics, all)
}

fn diff(comparison: &Comparison, part: DvcPart, all: bool) -> serde_json::Value {
    let text = dvc_json(comparison, part, all);
    assert!(text.ends_with('\n') && text.lines().count() == 1, "{text}");
    serde_json::from_str(&text).expect("strict JSON")
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("JSON")
}

// The expected values are what DVC 3.67.1 printed for the same files, but for what the module's head names.
#[test]
fn values_as_dvc_shows_them() {
    for (base, head, expected) in [
        ("0.9", "0.91", r#"{"old": 0.9, "new": 0.91, "diff": 0.010000000000000009}"#),
        ("1", "1.5", r#"{"old": 1, "new": 1.5, "diff": 0.5}"#),
        ("9007199254740993", "9007199254740995", r#"{"old": 9007199254740993, "new": 9007199254740995, "diff": 2}"#),
        ("1", "\"a\"", r#"{"old": 1, "new": "a"}"#),
        ("\"0.5\"", "\"0.6\"", r#"{"old": "0.5", "new": "0.6"}"#),
        ("true", "false", r#"{"old": true, "new": false}"#),
        ("null", "2", r#"{"old": null, "new": 2}"#),
        ("NaN", "1.5", r#"{"old": "NaN", "new": 1.5, "diff": "NaN"}"#),
        ("1.0", "Infinity", r#"{"old": 1.0, "new": "Infinity", "diff": "Infinity"}"#),
        ("{\"b\": 1}", "{\"b\": 2}", r#"{"old": 1, "new": 2, "diff": 1}"#),
    ] {
        let key = if base.starts_with('{') { "a.b" } else { "a" };
        let shown = metrics(&format!("{{\"a\": {base}}}"), &format!("{{\"a\": {head}}}"), false);
        assert_eq!(shown, serde_json::json!({"m.json": {key: json(expected)}}), "{base} {head}");
    }
}

#[test]
fn equal_values_only_with_all() {
    for (base, head, expected) in [
        ("1", "1", r#"{"old": 1, "new": 1, "diff": 0}"#),
        ("0.5", "0.5", r#"{"old": 0.5, "new": 0.5, "diff": 0.0}"#),
        ("1", "1.0", r#"{"old": 1, "new": 1.0, "diff": 0.0}"#),
        ("\"q\"", "\"q\"", r#"{"old": "q", "new": "q"}"#),
    ] {
        let (base, head) = (format!("{{\"a\": {base}}}"), format!("{{\"a\": {head}}}"));
        assert_eq!(metrics(&base, &head, false), json("{}"));
        assert_eq!(metrics(&base, &head, true), serde_json::json!({"m.json": {"a": json(expected)}}), "{base} {head}");
    }
}

#[test]
fn lists_nulls_and_empty_mappings_are_not_there() {
    let (base, head) =
        (r#"{"l": [1, {"x": 2}], "n": null, "e": {}, "a[0]": 1, "o": []}"#, r#"{"l": [3, {"x": 4}], "n": null, "e": {}, "a[0]": 2}"#);
    let expected = json(r#"{"m.json": {"a[0]": {"old": 1, "new": 2, "diff": 1}}}"#);
    assert_eq!(metrics(base, head, true), expected);
}

#[test]
fn a_side_that_cannot_be_had_is_null() {
    let removed = json(r#"{"m.json": {"x": {"old": 1, "new": null}}}"#);
    assert_eq!(metrics(r#"{"x": 1}"#, r#"{"x": "#, false), removed);
    assert_eq!(metrics("{", "[", true), json("{}"));
    let gone = between(&[("g.json", r#"{"g": 1}"#)], &[("z.json", r#"{"z": 2}"#)]);
    let expected = json(r#"{"g.json": {"g": {"old": 1, "new": null}}, "z.json": {"z": {"old": null, "new": 2}}}"#);
    assert_eq!(diff(&gone, DvcPart::Metrics, false), expected);
}

#[test]
fn one_number_and_renamed_files() {
    let number = between(&[("num.json", "0.5")], &[("num.json", "0")]);
    assert_eq!(diff(&number, DvcPart::Metrics, false), json(r#"{"num.json": {"": {"old": 0.5, "new": 0, "diff": -0.5}}}"#));
    let moved = between(&[("old/m.json", r#"{"auc": 0.9}"#)], &[("new/m.json", r#"{"auc": 0.9}"#)]);
    let expected = json(r#"{"new/m.json": {"auc": {"old": null, "new": 0.9}}, "old/m.json": {"auc": {"old": 0.9, "new": null}}}"#);
    assert_eq!(diff(&moved, DvcPart::Metrics, false), expected);
}

#[test]
fn params_keep_lists() {
    let all = between(
        &[("params.yaml", "lr: 0.1\nlayers: [1, {q: 2}]\nn: null\nsame: [1]\ngone: {x: [1]}\n")],
        &[("params.yaml", "lr: 0.2\nlayers: [1, {q: 3}]\nn: 3\nsame: [1]\n")],
    );
    let expected = json(
        r#"{"params.yaml": {"gone.x": {"old": [1], "new": null}, "layers": {"old": [1, {"q": 2}], "new": [1, {"q": 3}]},
            "lr": {"old": 0.1, "new": 0.2, "diff": 0.1}, "n": {"old": null, "new": 3}}}"#,
    );
    assert_eq!(diff(&all, DvcPart::Params, false), expected);
    assert_eq!(diff(&all, DvcPart::Metrics, true), json("{}"));
}

#[test]
fn keys_that_look_alike_share_an_entry() {
    assert_eq!(metrics(r#"{"a.b": 1}"#, r#"{"a": {"b": 3}}"#, false), json(r#"{"m.json": {"a.b": {"old": 1, "new": 3, "diff": 2}}}"#));
}
