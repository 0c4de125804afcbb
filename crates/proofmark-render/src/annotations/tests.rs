use super::*;
use crate::testing::{POLICY, between, everyday, hostile_report, hostile_rows, report, rows_report};

fn told(report: &Report) -> Vec<(String, u32, Effect, String)> {
    annotations(report).into_iter().map(|one| (one.file.to_string(), one.line, one.effect, one.title)).collect()
}

fn at(file: &str, line: u32, effect: Effect, title: &str) -> (String, u32, Effect, String) {
    (file.to_owned(), line, effect, title.to_owned())
}

#[test]
fn what_blocks_comes_first_and_stands_at_its_line() {
    let mut report = report(everyday(), POLICY);
    let accuracy = report.judgement.findings.iter_mut().find(|one| one.effect == Effect::Block).expect("one that blocks");
    accuracy.line = Some(7);
    let all = told(&report);
    assert_eq!(all[0], at("eval/metrics.json", 7, Effect::Block, "fail: accuracy"));
    assert_eq!(all.len(), 4);
    assert!(all[1..].iter().all(|(_, _, effect, _)| *effect == Effect::Notice), "{all:?}");
    assert!(all.contains(&at("eval/metrics.json", 1, Effect::Notice, "warn: old_score")), "{all:?}");
    assert!(annotations(&report)[0].message.starts_with("0.9134 → 0.8934"));
}

#[test]
fn a_metric_that_is_not_there_is_told_at_its_rule() {
    let policy = "[[rule]]\nmetric = \"gone\"\nmin = 1\n[[rule]]\nmetric = \"a\"\nmin = 0\n[[rule]]\nmetric = \"never\"\nmin = 0\n";
    let comparison = between(&[("m.json", r#"{"a": 1, "gone": 2}"#)], &[("m.json", r#"{"a": 1}"#)]);
    let mut report = report(comparison, policy);
    for finding in &mut report.judgement.findings {
        finding.rule_line = match finding.metric.as_str() {
            "gone" => Some(1),
            "never" => Some(7),
            _ => None,
        };
    }
    let all = told(&report);
    assert_eq!(all, [at("proofmark.toml", 1, Effect::Block, "fail: gone"), at("proofmark.toml", 7, Effect::Block, "fail: never")]);
    // Without a policy file in the repository, what has no place at all is left to the report.
    report.judgement.policy = PolicyOrigin::BuiltIn;
    assert_eq!(told(&report), [at("m.json", 1, Effect::Block, "fail: gone")]);
}

#[test]
fn a_file_that_cannot_be_read_is_told_once_at_the_mistake() {
    let comparison = between(&[("m.json", r#"{"a": 1, "b": 2}"#)], &[("m.json", "{\n\"a\": oops}")]);
    let report = report(comparison, "[[rule]]\nmetric = \"a\"\nmin = 0\n[[rule]]\nmetric = \"b\"\nmin = 0\n");
    assert_eq!(told(&report), [at("m.json", 2, Effect::Block, "cannot be read: m.json")]);
}

#[test]
fn checks_of_tables_are_named_completely_and_told_at_their_rules() {
    let mut report = rows_report();
    let blocking = report.judgement.findings.iter_mut().find(|one| one.effect == Effect::Block).expect("one that blocks");
    blocking.against = Some("production".into());
    let title = "fail: test:accuracy [country=DE] vs production";
    assert_eq!(told(&report)[0], at("proofmark.toml", 17, Effect::Block, title));
    let two = told(&report).into_iter().filter(|(_, _, _, title)| title.contains("test:accuracy")).count();
    assert_eq!(two, 2, "the small slice is allowed");
}

#[test]
fn hostile_texts_are_plain_and_bounded() {
    let all: Vec<Annotation> = annotations(&hostile_report());
    bounded(&all);
    bounded(&annotations(&hostile_rows(3)));
}

fn bounded(all: &[Annotation]) {
    assert!(all.len() > 10);
    let mut seen = BTreeSet::new();
    for one in all {
        assert!(one.title.encode_utf16().count() <= 255 && one.message.encode_utf16().count() <= 2000, "{one:?}");
        for text in [&one.title, &one.message] {
            assert!(!text.contains(crate::escape::acts) && !text.starts_with("::") && !text.contains("##"), "{text}");
        }
        assert!(one.line > 0 && seen.insert((&one.file, one.line, &one.title)), "{one:?}");
    }
    assert!(all.is_sorted_by_key(|one| std::cmp::Reverse(one.effect)));
}
