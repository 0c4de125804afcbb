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
fn look_history() {
    eprintln!("{}", table(&history(), &Options::default()));
    eprintln!("{}", table(&history(), &Options { width: Some(60), ..Options::default() }));
    eprintln!("{}", table(&history(), &Options { width: Some(40), ..Options::default() }));
    eprintln!("{}", csv(&history()));
    eprintln!("{}", json(&history(), "0.1.0").unwrap());
}
