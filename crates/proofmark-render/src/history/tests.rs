use super::*;
use crate::Options;

fn history() -> History {
    let metric = |key: &str| Metric { file: crate::testing::path("m.json"), key: Key::from_canonical(key), oriented: None };
    let commit = |at: i64, subject: &str, points: Vec<Point>| Commit {
        id: format!("{at:040x}"),
        short: format!("{at:010x}"),
        date: Date { seconds: 1_700_000_000 + at * 86_400, offset: 3600 },
        subject: subject.to_owned(),
        points,
    };
    let number = |number: f64| Point::Value(Value::Float(number));
    let mut accuracy = metric("accuracy");
    accuracy.oriented = proofmark_core::direction::guess(&accuracy.key);
    History {
        metrics: vec![accuracy, metric("model")],
        commits: vec![
            commit(5, "Larger model, \"finally\"", vec![number(0.912), Point::Value(Value::Text("=cmd|' /C calc'".into()))]),
            commit(4, "::error::nice try\n##[error]x", vec![number(f64::NAN), Point::Value(Value::Text("a\n::stop::b".into()))]),
            commit(3, "Break the file", vec![Point::Missing("unreadable".into()), Point::Missing("not there".into())]),
            commit(2, "Tune", vec![number(0.899_999_9), Point::Value(Value::Int(12))]),
            commit(1, "Start", vec![number(0.9), Point::Value(Value::Int(7))]),
        ],
    }
}

#[test]
fn golden_texts() {
    let table = table(&history(), &Options { width: Some(90), ..Options::default() });
    assert!(table == include_str!("../../tests/golden/history.txt"), "{table}");
    let csv = csv(&history());
    assert!(csv == include_str!("../../tests/golden/history.csv"), "{csv}");
}

#[test]
fn json_says_why_a_value_is_missing() {
    let text = json(&history(), "0.1.0").expect("JSON");
    let document: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
    let commits = &document["history"]["commits"];
    assert_eq!(commits[1]["points"][0]["value"], "NaN");
    assert_eq!(commits[2]["points"][0]["missing"], "unreadable");
    assert_eq!(commits[0]["date"], "2023-11-19T23:13:20+01:00");
}

#[test]
fn lines_of_blocks() {
    for (points, line) in [
        (&[Some(1.0), Some(1.0)][..], "▄▄"),
        (&[Some(f64::MIN), Some(0.0), Some(f64::MAX)], "▁▅█"),
        (&[None, Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY)], " ×↑↓"),
        (&[], ""),
    ] {
        assert_eq!(sparkline(points), line);
    }
}

#[test]
fn narrow_and_empty_histories() {
    for width in [40, 44, 60, 80] {
        let text = table(&history(), &Options { width: Some(width), ..Options::default() });
        for line in text.lines() {
            assert!(crate::text::width(line) <= width, "{width}: {line}");
            assert!(!line.trim_start().starts_with("::") && !line.contains("##"), "{line}");
        }
    }
    assert_eq!(table(&History::default(), &Options::default()), "no commit has the metric\n");
    let short = table(&history(), &Options { max_rows: 2, ..Options::default() });
    assert!(short.contains("… and 3 older commits"), "{short}");
}
