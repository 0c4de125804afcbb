use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::discovery::Discovery;
use crate::ports::{Content, ContentId, Entry, MemoryTree, Revision, Tree, TreeError};
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

/// Files whose content has an identity, as in git.
struct Identified(MemoryTree);

impl Tree for Identified {
    fn revision(&self) -> &Revision {
        self.0.revision()
    }

    fn list(&self, folder: &RepoPath) -> Result<Option<Vec<Entry>>, TreeError> {
        self.0.list(folder)
    }

    fn read(&self, path: &RepoPath) -> Result<Option<Content>, TreeError> {
        let id = |bytes: &[u8]| {
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            ContentId::new(&hasher.finish().to_be_bytes())
        };
        Ok(self.0.read(path)?.map(|content| Content { id: Some(id(&content.bytes)), ..content }))
    }

    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, TreeError> {
        self.0.entry(path)
    }
}

fn identified(files: &[(&str, &str)]) -> Snapshot {
    let tree = Identified(MemoryTree::new("test", files.iter().map(|&(path, text)| (path, text.as_bytes()))));
    let metrics = files.iter().filter_map(|(path, _)| RepoPath::parse(path).ok()).collect();
    let discovery = Discovery { metrics, ..Discovery::default() };
    take(&tree, &discovery, &discovery, &Nowhere, &Parsed::default())
}

/// The moves between two lists of files, as `old → new`.
fn moves(base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<String> {
    let (base, head) = (identified(base), identified(head));
    renames::find(&base.metrics, &head.metrics).into_iter().map(|(new, old)| format!("{} → {}", old.as_str(), new.as_str())).collect()
}

#[test]
fn swapped_contents_in_a_moved_folder_pair_by_name() {
    let (one, two) = (r#"{"auc": 0.9}"#, r#"{"auc": 0.5}"#);
    let base = [("models/prod.json", one), ("models/exp.json", two)];
    let head = [("m2/prod.json", two), ("m2/exp.json", one)];
    assert_eq!(moves(&base, &head), ["models/exp.json → m2/exp.json", "models/prod.json → m2/prod.json"]);
    let all = between(&base, &head).metrics;
    let shown: Vec<_> = all.iter().map(|row| (row.file.as_str(), row.status)).collect();
    assert_eq!(shown, [("m2/exp.json", Status::Improved), ("m2/prod.json", Status::Regressed)]);
}

#[test]
fn moved_files_of_one_name_pair_by_their_folders() {
    let (one, two) = (r#"{"auc": 0.9}"#, r#"{"auc": 0.5}"#);
    let base = [("a/metrics.json", one), ("b/metrics.json", two)];
    let both = ["a/metrics.json → x/a/metrics.json", "b/metrics.json → x/b/metrics.json"];
    assert_eq!(moves(&base, &[("x/a/metrics.json", one), ("x/b/metrics.json", two)]), both);
    assert_eq!(moves(&base, &[("x/a/metrics.json", two), ("x/b/metrics.json", one)]), both);
    assert_eq!(moves(&base, &[("x/a/metrics.json", r#"{"auc": 1}"#), ("x/b/metrics.json", r#"{"auc": 2}"#)]), both);
}

#[test]
fn content_breaks_the_ties_that_names_leave() {
    let (one, two) = (r#"{"x": 1}"#, r#"{"x": 2}"#);
    assert_eq!(moves(&[("a.json", one), ("b.json", two)], &[("c.json", two)]), ["b.json → c.json"]);
    assert_eq!(moves(&[("a.json", one), ("b.json", two)], &[("c.json", two), ("d.json", one)]), ["b.json → c.json", "a.json → d.json"]);
    assert_eq!(moves(&[("a.json", one), ("b.json", one)], &[("c.json", one)]), [""; 0]);
}

#[test]
fn a_rename_is_mutual() {
    let of = |value: u8| format!(r#"{{"x": {value}}}"#);
    // One file copied to two places is not the rename of either.
    assert_eq!(moves(&[("m.json", &of(1))], &[("a/m.json", &of(2)), ("b/m.json", &of(3))]), [""; 0]);
    assert_eq!(moves(&[("m.json", &of(1))], &[("a/m.json", &of(2)), ("b/m.json", &of(1))]), ["m.json → b/m.json"]);
    // The old file's best is another new file.
    assert_eq!(moves(&[("m.json", &of(1))], &[("a/m.json", &of(2)), ("n.json", &of(3))]), ["m.json → a/m.json"]);
}

#[test]
fn one_number_files_pair_by_content_only() {
    assert_eq!(moves(&[("a/auc.json", "0.5")], &[("b/auc.json", "0.6")]), [""; 0]);
    assert_eq!(moves(&[("a/auc.json", "0.5")], &[("b/auc.json", "0.5")]), ["a/auc.json → b/auc.json"]);
    assert_eq!(moves(&[("a/m.json", r#"{"x": 1}"#)], &[("b/m.json", r#"{"y": 1}"#)]), [""; 0]);
    // Broken files, too.
    assert_eq!(moves(&[("a/m.json", "{")], &[("b/m.json", "{")]), ["a/m.json → b/m.json"]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test that must not be slow has to measure time")]
fn a_thousand_moved_files_are_quick() {
    let of = |folder: &str, offset: usize| {
        let files: Vec<(String, String)> =
            (0..1000).map(|at| (format!("{folder}/{at}/metrics.json"), format!(r#"{{"x": {}}}"#, at + offset))).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let mut metrics = identified(&files).metrics;
        for reading in metrics.values_mut() {
            let key = |at: i128| (Key::from_canonical(format!("some.group.of.metrics_{at:03}")), Value::Int(at));
            reading.leaves = Ok(Arc::new((0..300).map(key).collect()));
        }
        metrics
    };
    let base = of("old", 0);
    for head in [of("new", 0), of("new", 500), of("new", 5000)] {
        let timed = || {
            let start = Instant::now();
            let pairs = renames::find(&base, &head);
            assert_eq!(pairs.len(), 1000);
            assert!(pairs.iter().all(|(new, old)| new.as_str().strip_prefix("new") == old.as_str().strip_prefix("old")));
            start.elapsed()
        };
        // The best of three, for a machine that is busy with other tests.
        let took = (0..3).map(|_| timed()).min();
        assert!(took < Some(Duration::from_secs(1)), "{took:?}");
    }
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
