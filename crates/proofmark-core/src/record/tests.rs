use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::direction::Direction;
use crate::evidence::Slice;
use crate::key::Key;
use crate::path::RepoPath;
use crate::report::Report;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn row(file: &str, key: &str, head: &Json) -> Json {
    json!({"file": file, "key": key, "status": "changed", "base": 0, "head": head, "whole_file": false})
}

fn finding(metric: &str, value: &Json, verdict: &str) -> Json {
    json!({"rule": metric, "file": "m.json", "metric": metric, "verdict": verdict, "effect": "notice", "reasons": [],
        "explanation": "", "severity": "fail", "baseline": null, "candidate": value})
}

/// A report with these rows and findings about a commit.
fn report(rows: &[Json], findings: &[Json]) -> Report {
    let side = |commit: &str| {
        json!({"revision": {"name": "x", "commit": commit, "subject": "s", "work_tree": false}, "metric_files": 1,
            "problems": [], "incomplete": []})
    };
    let comparison = json!({"base": side(COMMIT), "head": side(COMMIT), "baseline": {"kind": "merge-base", "of": "main", "distance": 0},
        "tip": null, "metrics": rows, "params": [], "data": []});
    let judgement = json!({"policy": {"kind": "built-in"}, "policy_summary": "", "verdict": "warn", "effect": "notice",
        "reason": null, "findings": findings});
    let document =
        json!({"schema": 1, "kind": "report", "proofmark": "0", "branch": "main", "comparison": comparison, "judgement": judgement});
    serde_json::from_value(document).expect("a report")
}

fn setting(accept: &[&str]) -> Setting {
    Setting { version: "0.1.0".into(), time: 7, accept: accept.iter().map(ToString::to_string).collect(), ..Setting::default() }
}

fn place(metric: &str) -> Place {
    Place { file: RepoPath::parse("m.json").expect("a path"), table: None, metric: Key::from_canonical(metric), slice: Slice::all() }
}

fn entry(value: f64) -> Entry {
    Entry { place: place("acc"), value, verdict: Some(Verdict::Pass), new_level: false }
}

/// A record of the `at`-th commit with one value.
fn record(at: usize, entry: Entry) -> Record {
    let mut record = Record::of(&report(&[], &[]), &setting(&[])).expect("recorded");
    record.commit = format!("{at:040x}");
    record.values = vec![entry];
    record
}

fn blocked(record: Record) -> Record {
    Record { enters_windows: false, ..record }
}

fn bytes(record: &Record) -> Vec<u8> {
    serde_json::to_vec(record).expect("JSON")
}

#[test]
fn every_finite_number_of_the_head_is_kept_once_and_sorted() {
    let rows = [
        row("m.json", "loss", &json!(0.5)),
        row("m.json", "acc", &json!(0.25)),
        row("a.json", "n", &json!(3)),
        row("m.json", "nan", &json!("NaN")),
        row("m.json", "name", &json!("resnet")),
        row("m.json", "yes", &json!(true)),
        row("m.json", "gone", &Json::Null),
    ];
    let findings = [finding("acc", &json!(0.25), "pass"), finding("acc", &json!(0.25), "warn"), finding("bad", &json!("NaN"), "fail")];
    let mut given = report(&rows, &findings);
    let mut measured = crate::evidence::Measured::new(RepoPath::parse("t.csv").expect("a path"), Key::from_canonical("f1"));
    measured.table = Some("test".into());
    measured.slice = Slice::all().with("country", "DE");
    measured.head = Some(0.75);
    given.comparison.measured = vec![measured.clone(), {
        measured.against = Some("production".into());
        measured.slice = Slice::all();
        measured
    }];
    let record = Record::of(&given, &setting(&[])).expect("recorded");
    let told: Vec<String> = record
        .values
        .iter()
        .map(|Entry { place, value, verdict, .. }| format!("{} {} [{}] {value} {verdict:?}", place.file, place.metric, place.slice))
        .collect();
    assert_eq!(told, ["a.json n [] 3 None", "m.json acc [] 0.25 Some(Warn)", "m.json loss [] 0.5 None", "t.csv f1 [country=DE] 0.75 None"]);
    assert!(record.enters_windows && record.left_out == 0);
    assert_eq!((record.commit.as_str(), record.time, record.branch.as_deref()), (COMMIT, 7, Some("main")));
    assert_eq!(record.entry(&place("loss")).map(|entry| entry.value), Some(0.5));
    assert_eq!(record.entry(&place("los")), None);
    assert_eq!(read(&bytes(&record)), Ok(record));
}

#[test]
fn too_many_values_leave_out_those_that_nobody_judged() {
    let rows: Vec<Json> = (0..MAX_VALUES).map(|at| row("a.json", &format!("x{at}"), &json!(at))).collect();
    let record = Record::of(&report(&rows, &[finding("acc", &json!(1), "pass")]), &setting(&[])).expect("recorded");
    assert_eq!((record.values.len(), record.left_out), (MAX_VALUES, 1));
    assert!(record.entry(&place("acc")).is_some());
    assert_eq!(read(&bytes(&record)), Ok(record));
}

#[test]
fn only_commits_are_recorded() {
    let mut on_disk = report(&[], &[]);
    on_disk.comparison.head.revision.work_tree = true;
    assert_eq!(Record::of(&on_disk, &setting(&[])), Err(RecordError::WorkTree));
    for id in [None, Some("main"), Some("../../x"), Some("0123456789ABCDEF0123456789abcdef01234567")] {
        let mut unnamed = report(&[], &[]);
        unnamed.comparison.head.revision.commit = id.map(str::to_owned);
        assert_eq!(Record::of(&unnamed, &setting(&[])), Err(RecordError::NoCommit));
    }
    for class in ["", "  ", "a\nb", &"x".repeat(MAX_CLASS + 1)] {
        let setting = Setting { class: Some(class.to_owned()), ..setting(&[]) };
        assert_eq!(Record::of(&report(&[], &[]), &setting), Err(RecordError::Class));
    }
}

#[test]
fn blocked_runs_stay_out_of_windows() {
    let mut given = report(&[], &[]);
    given.judgement.effect = Effect::Block;
    assert!(!Record::of(&given, &setting(&[])).expect("recorded").enters_windows);
}

#[test]
fn levels_change_by_waiver_or_by_name() {
    let rows = [row("m.json", "acc", &json!(1)), row("n.json", "acc", &json!(1)), row("n.json", "loss", &json!(1))];
    let findings = [finding("auc", &json!(0.5), "waived")];
    let new_levels = |accept: &[&str]| {
        let record = Record::of(&report(&rows, &findings), &setting(accept))?;
        let new = record.values.iter().filter(|entry| entry.new_level);
        Ok(new.map(|entry| format!("{}:{}", entry.place.file, entry.place.metric)).collect::<Vec<_>>())
    };
    assert_eq!(new_levels(&[]), Ok(vec!["m.json:auc".to_owned()]));
    assert_eq!(new_levels(&["acc"]).map(|all| all.join(" ")), Ok("m.json:acc m.json:auc n.json:acc".to_owned()));
    assert_eq!(new_levels(&["n.json:acc"]).map(|all| all.join(" ")), Ok("m.json:auc n.json:acc".to_owned()));
    let error = new_levels(&["acd"]).expect_err("unknown");
    assert!(matches!(&error, RecordError::UnknownMetric { name, nearest: Some(near) } if name == "acd" && near == "acc"), "{error:?}");
    assert!(new_levels(&["m.json:loss"]).is_err() && new_levels(&[""]).is_err() && new_levels(&[":acc"]).is_err());
}

#[test]
fn what_is_no_record_of_ours_is_refused() {
    let changed = |change: &dyn Fn(&mut Json)| {
        let mut document = serde_json::to_value(record(1, entry(0.5))).expect("JSON");
        change(&mut document);
        read(document.to_string().as_bytes())
    };
    assert!(changed(&|document| document["later"] = json!({"x": 1})).is_ok(), "a field of later is passed over");
    assert_eq!(changed(&|document| document["schema"] = json!(2)), Err(ReadError::NewerSchema(2)));
    let newer = changed(&|document| *document = json!({"schema": 3, "kind": "record", "values": "elsewhere"}));
    assert_eq!(newer, Err(ReadError::NewerSchema(3)));
    assert_eq!(changed(&|document| document["kind"] = json!("report")), Err(ReadError::Foreign));
    assert!(matches!(changed(&|document| document["schema"] = json!(0)), Err(ReadError::Broken(_))));
    let bad: [&dyn Fn(&mut Json); 5] = [
        &|document| document["commit"] = json!("HEAD"),
        &|document| document["class"] = json!("a\u{1b}[31m"),
        &|document| document["values"] = json!([document["values"][0], document["values"][0]]),
        &|document| document["values"] = Json::Array(vec![document["values"][0].clone(); MAX_VALUES + 1]),
        &|document| document["values"][0]["value"] = json!("Infinity"),
    ];
    for change in bad {
        assert!(matches!(changed(change), Err(ReadError::Broken(_) | ReadError::Form(_))), "{:?}", changed(change));
    }
    assert!(matches!(changed(&|document| document["values"][0]["place"]["file"] = json!("../x")), Err(ReadError::Form(_))));
    assert!(matches!(read(b""), Err(ReadError::Form(_))));
    assert!(matches!(read(b"[1"), Err(ReadError::Form(_))));
    assert!(matches!(read(&vec![b' '; LIMIT + 1]), Err(ReadError::TooLarge(_))));
    let huge = String::from_utf8(bytes(&record(1, entry(0.5)))).expect("JSON").replace("0.5", "1e999");
    assert!(read(huge.as_bytes()).is_err(), "infinite");
    assert!(read(&b"[".repeat(100_000)).is_err());
}

#[test]
fn what_cannot_be_read_is_told_and_left_out() {
    let mut past = Past::default();
    let one = record(1, entry(0.5));
    past.add(&one.commit, Ok(&bytes(&one)));
    past.add(COMMIT, Ok(&bytes(&one)));
    past.add(COMMIT, Ok(b"{"));
    past.add(COMMIT, Err("the object is not in this clone".into()));
    assert_eq!(past.records, [one]);
    let reasons: Vec<&str> = past.left_out.iter().map(|left| left.reason.as_str()).collect();
    assert!(reasons[0].contains("another commit") && reasons[1].contains("cannot be read") && reasons[2].contains("not in this clone"));
}

#[test]
fn a_window_is_oldest_first_and_as_long_as_asked() {
    let records: Vec<Record> = (0..5_u8).map(|at| record(usize::from(at), entry(f64::from(at)))).collect();
    let of = |size| window(&records, &place("acc"), size, &Alike::default());
    assert_eq!(of(3), [2.0, 1.0, 0.0]);
    assert_eq!(of(30), [4.0, 3.0, 2.0, 1.0, 0.0]);
    assert!(of(0).is_empty());
    assert!(window(&records, &place("loss"), 3, &Alike::default()).is_empty());
}

#[test]
fn a_window_begins_anew_with_an_accepted_level() {
    let level = |value| Entry { new_level: true, ..entry(value) };
    let of = |records: &[Record]| window(records, &place("acc"), 30, &Alike::default());
    let newest_first = [record(5, entry(5.0)), blocked(record(4, entry(4.0))), record(3, level(3.0)), record(2, entry(2.0))];
    assert_eq!(of(&newest_first), [3.0, 5.0]);
    // Merged though it was blocked: its level is the new one all the same.
    let merged = [record(5, entry(5.0)), blocked(record(4, level(4.0))), record(3, entry(3.0))];
    assert_eq!(of(&merged), [4.0, 5.0]);
    // Of another metric, another class or another test set, it is none of ours.
    let mut other = record(3, Entry { place: place("auc"), ..level(3.0) });
    assert_eq!(of(&[record(5, entry(5.0)), other.clone(), record(2, entry(2.0))]), [2.0, 5.0]);
    other = Record { class: Some("gpu".into()), ..record(3, level(3.0)) };
    assert_eq!(of(&[record(5, entry(5.0)), other, record(2, entry(2.0))]), [2.0, 5.0]);
}

#[test]
fn a_window_is_of_one_class_and_one_test_set() {
    let of_table = Place { table: Some("test".into()), ..place("acc") };
    let with = |at, value, class: Option<&str>, digest: Option<&str>| {
        let mut record = record(at, Entry { place: of_table.clone(), ..entry(value) });
        record.class = class.map(str::to_owned);
        record.test_sets = digest.map(|digest| ("test".to_owned(), digest.to_owned())).into_iter().collect();
        record
    };
    let records = [
        with(1, 1.0, None, None),
        with(2, 2.0, Some("gpu"), None),
        with(3, 3.0, None, Some("d1")),
        with(4, 4.0, Some("gpu"), Some("d1")),
        with(5, 5.0, Some("gpu"), Some("d2")),
    ];
    let of = |class, test_set| window(&records, &of_table, 30, &Alike { class, test_set });
    assert_eq!(of(None, None), [1.0]);
    assert_eq!(of(Some("gpu"), None), [2.0]);
    assert_eq!(of(None, Some("d1")), [3.0]);
    assert_eq!(of(Some("gpu"), Some("d1")), [4.0]);
    assert!(of(Some("tpu"), Some("d1")).is_empty());
}

#[test]
fn the_best_is_the_best_that_passed_on_this_level() {
    let judged = |at, value, verdict| record(at, Entry { verdict, ..entry(value) });
    let records = [
        judged(9, 0.80, Some(Verdict::Pass)),
        judged(8, 0.99, Some(Verdict::Fail)),
        judged(7, 0.98, Some(Verdict::Inconclusive)),
        blocked(judged(6, 0.97, Some(Verdict::Pass))),
        judged(5, 0.90, Some(Verdict::NoBaseline)),
        judged(4, 0.90, None),
        record(3, Entry { new_level: true, verdict: Some(Verdict::Waived), ..entry(0.70) }),
        judged(2, 0.95, Some(Verdict::Pass)),
    ];
    let of = |records: &[Record], direction| {
        best(records, &place("acc"), &Alike::default(), direction).map(|(commit, value)| (commit.trim_start_matches('0').to_owned(), value))
    };
    assert_eq!(of(&records, Direction::Higher), Some(("5".into(), 0.90)));
    assert_eq!(of(&records, Direction::Lower), Some(("3".into(), 0.70)));
    assert_eq!(of(&records[1..4], Direction::Higher), None);
    assert_eq!(of(&[], Direction::Higher), None);
}

#[test]
fn recording_the_same_again_changes_nothing() {
    let one = record(1, entry(0.5));
    let later = Record { time: 8, proofmark: "0.2.0".into(), ..one.clone() };
    assert!(!replaces(&bytes(&later), &bytes(&one)) && replaces(&bytes(&one), &bytes(&later)));
    let other = Record { values: vec![entry(0.25)], ..later };
    assert!(replaces(&bytes(&other), &bytes(&one)) && !replaces(&bytes(&one), &bytes(&other)));
    let newer = br#"{"schema": 2, "kind": "record"}"#;
    assert!(!replaces(&bytes(&one), newer) && replaces(newer, &bytes(&one)));
    assert!(replaces(&bytes(&one), b"{") && !replaces(b"{", &bytes(&one)));
}

proptest! {
    #[test]
    fn of_two_records_exactly_one_stays(times in [0_u64..3, 0..3], values in [0_u8..2, 0..2], broken in [any::<bool>(), any::<bool>()]) {
        let [a, b] = [0, 1].map(|at| {
            let text = bytes(&Record { time: times[at], ..record(1, entry(f64::from(values[at]))) });
            if broken[at] { text[1..].to_vec() } else { text }
        });
        prop_assert_eq!(replaces(&a, &b) != replaces(&b, &a), a != b);
    }

    #[test]
    fn any_bytes_are_refused_or_come_back(text in ".{0,200}", at in 0_usize..400) {
        let mut spoilt = bytes(&record(1, entry(0.1)));
        let at = at.min(spoilt.len());
        spoilt.splice(at..at, text.bytes());
        for given in [text.as_bytes(), &spoilt] {
            if let Ok(record) = read(given) {
                prop_assert_eq!(read(&bytes(&record)), Ok(record));
            }
        }
    }

    #[test]
    fn a_window_holds_only_what_entered(entered in proptest::collection::vec(any::<(bool, bool)>(), 0..20), size in 0_usize..25) {
        let records: Vec<Record> = entered.iter().enumerate().map(|(at, (enters, new_level))| {
            Record { enters_windows: *enters, ..record(at, Entry { new_level: *new_level, ..entry(at as f64) }) }
        }).collect();
        let window = window(&records, &place("acc"), size, &Alike::default());
        let level = entered.iter().position(|(_, new_level)| *new_level).map_or(entered.len(), |at| at + 1);
        let mut expected: Vec<f64> = (0..level).filter(|at| entered[*at].0 || entered[*at].1).map(|at| at as f64).take(size).collect();
        expected.reverse();
        prop_assert_eq!(window, expected);
    }
}
