use proofmark_core::config::Effect;
use proofmark_core::gate::judge;
use proofmark_core::policy::Policy;
use proofmark_core::waiver::Circumstances;

use super::*;
use crate::testing::{POLICY, between, document, everyday, hostile, hostile_report, hostile_rows, report, rows_report};

const COMPARE: &str = include_str!("../../tests/golden/compare.txt");
const ROWS: &str = include_str!("../../tests/golden/rows.txt");
const GATE: &str = include_str!("../../tests/golden/gate.txt");

#[test]
fn golden_texts() {
    let options = Options { width: Some(100), ..Options::default() };
    for (text, golden) in
        [(comparison_table(&document(everyday()), &options), COMPARE), (report_table(&report(everyday(), POLICY), &options), GATE)]
    {
        assert!(text == golden, "{text}");
    }
}

#[test]
fn evidence_slices_and_waivers() {
    let text = report_table(&rows_report(), &Options { width: Some(120), ..Options::default() });
    assert!(text == ROWS, "{text}");
}

#[test]
fn checks_are_named_completely() {
    let mut report = rows_report();
    for finding in &mut report.judgement.findings {
        if finding.metric.as_str() == "loss" {
            (finding.effect, finding.against) = (Effect::Notice, Some("production".into()));
        }
    }
    let text = report_table(&report, &Options::default());
    assert!(text.contains("metrics eval/metrics.json\n") && text.contains("  loss vs production  "), "{text}");
    let table = proofmark_core::path::RepoPath::parse("other.json").expect("a path");
    report.judgement.findings.iter_mut().filter(|one| one.metric.as_str() == "loss").for_each(|one| one.file = Some(table.clone()));
    let text = report_table(&report, &Options::default());
    assert!(text.contains("  loss vs production in other.json  ") && text.contains("  test:accuracy [country=DE]  "), "{text}");
}

#[test]
fn all_checks_show_what_they_rest_on_when_all_are_asked_for() {
    let shown = |all: bool| report_table(&report(everyday(), POLICY), &Options { all, ..Options::default() });
    assert!(!shown(false).contains("Evidence") && shown(true).contains("the numbers as they are"), "{}", shown(true));
    let text = report_table(&hostile_rows(40), &Options { max_rows: 20, ..Options::default() });
    assert!(text.contains("more not shown here") && text.contains("and the slices of"), "{text}");
    assert_eq!(text.matches("[[waiver]]").count(), 1, "one text to copy, the others are counted");
}

#[test]
fn small_differences_and_the_unreadable_are_told() {
    let all =
        between(&[("m.json", r#"{"loss": 1e-9}"#), ("n.json", "{\"a\": 1}")], &[("m.json", r#"{"loss": 2e-9}"#), ("n.json", "{\"a\": ")]);
    let text = comparison_table(&document(all), &Options::default());
    assert!(text.contains("1e-9        2e-9"), "{text}");
    assert!(text.contains("unreadable") && text.contains("✗ n.json:1:"), "{text}");
}

#[test]
fn unchanged_rows_are_counted_or_listed() {
    let all = || document(between(&[("m.json", r#"{"a": 1, "b": 2}"#)], &[("m.json", r#"{"a": 1, "b": 2}"#)]));
    let hidden = comparison_table(&all(), &Options::default());
    assert!(hidden.contains("no metric changed, 2 unchanged") && !hidden.contains("m.json"), "{hidden}");
    let listed = comparison_table(&all(), &Options { all: true, ..Options::default() });
    assert!(listed.contains("= unchanged"), "{listed}");
}

#[test]
fn a_moved_file_and_an_older_base_and_a_new_tip_are_told() {
    let mut moved = between(&[("old.json", r#"{"auc": 0.9}"#)], &[("new.json", r#"{"auc": 0.9}"#)]);
    moved.baseline.distance = 3;
    moved.tip = Some(moved.base.clone());
    let text = comparison_table(&document(moved), &Options::default());
    for told in
        ["new.json (was old.json)", "1 the same in a renamed file", "3 steps before", "main has moved on to 3f2a9c1d04", "`main now`"]
    {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[test]
fn rows_beyond_the_limit_are_counted() {
    let text = comparison_table(&document(everyday()), &Options { max_rows: 2, ..Options::default() });
    assert!(text.contains("… and 6 more not shown here; the JSON form has them all"), "{text}");
    let text = report_table(&report(everyday(), POLICY), &Options { max_rows: 1, ..Options::default() });
    assert!(text.contains("… and 3 more not shown here"), "{text}");
}

#[test]
fn headlines() {
    let headline = |base: &str, head: &str, policy: &str| {
        let text = report_table(&report(between(&[("m.json", base)], &[("m.json", head)]), policy), &Options::default());
        text.lines().next().unwrap_or_default().to_owned()
    };
    let rule = "[[rule]]\nmetric = \"auc\"\nmax_regression_abs = 0.01\n";
    let two = format!("{rule}[[rule]]\nmetric = \"n\"\nmin = 5\n");
    for (base, head, policy, line) in [
        (r#"{"auc": 0.9}"#, r#"{"auc": 0.8}"#, rule, "BLOCKED: the one check failed"),
        (r#"{"auc": 0.9}"#, r#"{"auc": 0.9}"#, rule, "allowed: the one check passed"),
        (r#"{"auc": 0.9}"#, r#"{"auc": "#, rule, "BLOCKED: the one check could not be judged"),
        ("{}", r#"{"auc": 0.9}"#, rule, "allowed, with 1 notice"),
        (r#"{"auc": 0.9}"#, r#"{"auc": 0.9, "n": 4}"#, &two, "BLOCKED: 1 of 2 checks failed"),
        (r#"{"auc": 0.9}"#, r#"{"auc": 0.95, "n": 5}"#, &two, "allowed: all 2 checks passed"),
    ] {
        assert_eq!(headline(base, head, policy), line);
    }
    let nothing = between(&[("m.json", r#"{"x": 1}"#)], &[("m.json", r#"{"x": 2}"#)]);
    let judgement = judge(&nothing, &Policy::built_in(), &Circumstances::default());
    let mut report = Report::new("0.1.0", nothing, judgement.clone());
    report.head_policy_judgement = Some(judgement);
    let text = report_table(&report, &Options::default());
    assert!(text.starts_with("BLOCKED: nothing was checked\n"), "{text}");
    assert!(text.contains("The head's own policy would say: BLOCKED: nothing was checked"), "{text}");
}

/// The text of a waiver is as wide as it is.
fn without_texts(text: String) -> String {
    let mut lines = text.lines();
    let mut kept: Vec<&str> = lines.by_ref().take_while(|line| !line.contains("[[waiver]]")).collect();
    kept.extend(lines.skip_while(|line| !line.is_empty()));
    kept.join("\n")
}

#[test]
fn lines_keep_to_the_width() {
    for width in [40, 41, 57, 80, 100, 133] {
        for all in [false, true] {
            let options = Options { width: Some(width), all, ..Options::default() };
            let texts = [
                comparison_table(&document(everyday()), &options),
                report_table(&report(everyday(), POLICY), &options),
                comparison_table(&document(hostile()), &options),
                report_table(&hostile_report(), &options),
                without_texts(report_table(&rows_report(), &options)),
                without_texts(report_table(&hostile_rows(3), &options)),
            ];
            for line in texts.iter().flat_map(|text| text.lines()) {
                // A broken-up `::` at the very start of a wrapped line, and colons that must not begin one, may add columns.
                assert!(
                    crate::text::width(line.replace("\\u{3a}", ":").trim_end_matches(':')) <= width,
                    "{width}: {} {line}",
                    crate::text::width(line)
                );
            }
        }
    }
}

#[test]
fn hostile_text_only_shows() {
    for width in [None, Some(40), Some(44), Some(80), Some(120)] {
        let options = Options { width, all: true, max_rows: 1000, ..Options::default() };
        let texts = [
            comparison_table(&document(hostile()), &options),
            report_table(&hostile_report(), &options),
            report_table(&hostile_rows(3), &options),
        ];
        for text in texts {
            for line in text.lines() {
                assert!(!line.trim_start().starts_with("::") && !line.contains("##"), "{line}");
                assert!(!line.contains(crate::escape::acts), "{line:?}");
            }
        }
    }
}

#[test]
fn colour_adds_codes_and_nothing_else() {
    let plain = report_table(&report(everyday(), POLICY), &Options { width: Some(80), ..Options::default() });
    let coloured = report_table(&report(everyday(), POLICY), &Options { width: Some(80), colour: true, ..Options::default() });
    assert!(coloured.contains("\u{1b}[31m"));
    let mut stripped = coloured;
    for code in ["31", "32", "33", "2", "1", "0"] {
        stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
    }
    let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(trimmed(&stripped), trimmed(&plain));
}

#[test]
fn ten_thousand_rows_are_no_work() {
    let json =
        |shift: usize| format!("{{{}}}", (0..10_000).map(|at| format!("\"metric_{at}\": {}", at + shift)).collect::<Vec<_>>().join(","));
    let (old, new) = (json(0), json(1));
    let document = document(between(&[("m.json", old.as_str())], &[("m.json", new.as_str())]));
    let start = std::time::Instant::now();
    let text = comparison_table(&document, &Options::default());
    // Far above what it takes, since test machines are busy: this catches work that grows with the square.
    assert!(start.elapsed().as_millis() < 1000, "{:?}", start.elapsed());
    assert!(text.contains("9800 more") && text.lines().count() < 220);
}
