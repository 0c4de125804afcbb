use super::*;
use crate::discovery::Discovery;
use crate::ports::MemoryTree;
use crate::snapshot::{Nowhere, Parsed, take};

fn snapshot(files: &[(&str, &str)], wanted: &[&str]) -> Snapshot {
    let tree = MemoryTree::new("test", files.iter().map(|&(path, text)| (path, text.as_bytes())));
    let metrics = wanted.iter().filter_map(|path| RepoPath::parse(path).ok()).collect();
    let discovery = Discovery { metrics, ..Discovery::default() };
    take(&tree, &discovery, &discovery, &Nowhere, &Parsed::default())
}

fn between(base: &[(&str, &str)], head: &[(&str, &str)]) -> Comparison {
    let wanted: Vec<&str> = base.iter().chain(head).map(|(path, _)| *path).collect();
    let (base, head) = (snapshot(base, &wanted), snapshot(head, &wanted));
    compare(&Sides { base: &base, head: &head, tip: None, baseline: Baseline::new(BaseKind::Tip, "main") }, &by_name)
}

fn rows(base: &str, head: &str) -> Vec<String> {
    let all = between(&[("m.json", base)], &[("m.json", head)]).metrics;
    all.iter().map(|row| format!("{} {}", row.key, row.status.name())).collect()
}

#[test]
fn every_status_of_a_value() {
    let one = |base: &str, head: &str| rows(&format!(r#"{{"accuracy": {base}}}"#), &format!(r#"{{"accuracy": {head}}}"#)).remove(0);
    for (base, head, status) in [
        ("0.9", "0.9", "unchanged"),
        ("0.9", "0.91", "improved"),
        ("0.9", "0.89", "regressed"),
        ("1", "1.0", "unchanged"),
        ("-0.0", "0", "unchanged"),
        ("NaN", "NaN", "unchanged"),
        ("0.9", "NaN", "not a number"),
        ("NaN", "0.9", "not a number"),
        ("0.9", "Infinity", "not a number"),
        ("0.9", "null", "null"),
        ("null", "null", "unchanged"),
        ("0.9", "\"0.9\"", "type changed"),
        ("\"a\"", "\"b\"", "changed"),
        ("true", "false", "changed"),
        ("[0.5]", "[0.5]", "unchanged"),
    ] {
        assert_eq!(one(base, head), format!("accuracy{} {status}", if base.starts_with('[') { "[0]" } else { "" }), "{base} {head}");
    }
}

#[test]
fn keys_that_come_and_go() {
    assert_eq!(rows(r#"{"a": 1, "b": 2}"#, r#"{"b": 2, "c": 3}"#), ["a removed", "b unchanged", "c added"]);
    assert_eq!(rows(r#"{"b": 2}"#, r#"{"b": 2, "c": NaN}"#), ["b unchanged", "c not a number"]);
    assert_eq!(rows(r#"{"a.b": 1}"#, r#"{"a": {"b": 1}}"#), ["a.b added", r"a\.b removed"]);
}

#[test]
fn an_unreadable_side_is_never_removed() {
    let all = between(&[("m.json", r#"{"a": 1, "b": 2}"#)], &[("m.json", r#"{"a": 1, "#)]);
    assert!(all.metrics.iter().all(|row| row.status == Status::Unparsable && row.head_problem.is_some() && row.base.is_some()));
    assert_eq!(all.metrics.len(), 2);
    assert_eq!(all.head.problems.len(), 1);
    let both = between(&[("m.json", "{")], &[("m.json", "[")]);
    assert_eq!(both.metrics.len(), 1);
    assert!(both.metrics[0].whole_file);
}

#[test]
fn a_moved_file_is_not_removed_and_added() {
    let moved = between(&[("old/m.json", r#"{"auc": 0.9, "n": 5}"#)], &[("new/m.json", r#"{"auc": 0.8, "n": 5}"#)]);
    let shown: Vec<_> = moved.metrics.iter().map(|row| (row.file.as_str(), row.key.as_str(), row.status)).collect();
    assert_eq!(shown, [("new/m.json", "auc", Status::Regressed), ("new/m.json", "n", Status::RenamedFile)]);
    assert_eq!(moved.metrics[0].renamed_from.as_ref().map(RepoPath::as_str), Some("old/m.json"));
}

#[test]
fn two_candidates_are_no_rename() {
    let all = between(&[("a.json", r#"{"x": 1}"#), ("b.json", r#"{"x": 2}"#)], &[("c.json", r#"{"x": 3}"#)]);
    assert!(all.metrics.iter().all(|row| matches!(row.status, Status::Added | Status::Removed)));
}

#[test]
fn arithmetic_of_change() {
    let of = |base, head| change(&base, &head);
    assert_eq!(of(Value::Float(-0.5), Value::Float(-0.6)).1.map(|share| (share * 1000.0).round()), Some(-200.0));
    assert_eq!(of(Value::Int(0), Value::Int(0)), (Some(Value::Int(0)), Some(0.0)));
    assert_eq!(of(Value::Int(0), Value::Float(0.1)).1, None);
    assert_eq!(of(Value::Int(9_007_199_254_740_993), Value::Int(9_007_199_254_740_995)).0, Some(Value::Int(2)));
    assert_eq!(of(Value::Float(f64::NAN), Value::Float(1.0)), (None, None));
}
