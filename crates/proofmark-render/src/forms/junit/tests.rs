use proofmark_core::gate::Verdict;
use proptest::prelude::*;

use super::*;
use crate::testing::{HOSTILE, POLICY as EVERYDAY_POLICY, between, everyday, hostile_report, hostile_rows, report, rows_report};

fn of(report: &Report, title: Option<&str>) -> String {
    junit(&Told::Judged(report), &Page { title, ..Page::default() }).expect("XML")
}

#[test]
fn checks_of_one_file_are_cases_of_one_suite() {
    let xml = of(&report(everyday(), EVERYDAY_POLICY), None);
    assert!(
        xml.starts_with(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"proofmark\" tests=\"8\" failures=\"1\" errors=\"0\""
        )
    );
    let suite = "<testsuite name=\"eval/metrics.json\" tests=\"5\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"0\">";
    for part in [
        suite,
        "<testcase name=\"accuracy\" classname=\"proofmark.eval.metrics_json\" time=\"0\">",
        "<failure message=\"fail: 0.9134 → 0.8934 (-2.19 %): worse by 0.02, more than 0.01\" type=\"regression-abs\">",
        "<property name=\"accuracy: baseline\" value=\"0.9134\"/>",
        "<property name=\"accuracy: max_regression_abs\" value=\"0.01\"/>",
        "<skipped>no-baseline: ",
        "<testcase name=\"de.accuracy\" classname=\"proofmark.eval.slices_json\" time=\"0\">",
    ] {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
    assert!(!xml.contains("timestamp"), "{xml}");
}

#[test]
fn a_notice_passes_and_says_so() {
    let xml = of(&report(everyday(), EVERYDAY_POLICY), None);
    let case = xml.split("<testcase name=\"latency_ms\"").nth(1).and_then(|rest| rest.split("</testcase>").next()).expect("a case");
    assert!(case.contains("<system-out>warn: 12 → 14") && !case.contains("<failure") && !case.contains("<skipped"), "{case}");
}

#[test]
fn tables_and_what_is_in_no_file_have_suites_of_their_own() {
    let xml = of(&rows_report(), None);
    assert!(xml.contains("<testsuite name=\"table test\"") && xml.contains("classname=\"proofmark.table test\""), "{xml}");
    assert!(xml.contains("<testcase name=\"test:accuracy [country=DE]\""), "{xml}");
    assert!(xml.contains("<skipped>waived: "), "{xml}");
    let gone = report(between(&[("m.json", "{}")], &[("m.json", "{}")]), "[[rule]]\nmetric = \"gone\"\nmin = 0\n");
    let xml = of(&gone, None);
    assert!(xml.contains("<testsuite name=\"rules\"") && xml.contains("type=\"missing-candidate\""), "{xml}");
}

#[test]
fn what_could_not_be_judged_is_an_error() {
    let broken = report(between(&[("m.json", r#"{"a": 1}"#)], &[("m.json", "{")]), "[[rule]]\nmetric = \"a\"\nmin = 0\n");
    let xml = of(&broken, None);
    assert!(xml.contains("errors=\"1\"") && xml.contains("type=\"unparsable-candidate\""), "{xml}");
    let failure = Failure { message: "no `main` <here>", causes: &["a".into()], hints: &["fetch it".into()] };
    let xml = junit(&Told::Broken(failure), &Page { title: Some("churn.model"), ..Page::default() }).expect("XML");
    for part in [
        "tests=\"1\" failures=\"0\" errors=\"1\"",
        "<testsuite name=\"churn.model: rules\"",
        "classname=\"proofmark.churn_model.rules\"",
        "<error message=\"nothing was judged: no `main` &lt;here&gt;\" type=\"nothing-judged\">nothing was judged: no `main` &lt;here&gt;\ncaused by: a\nHint: fetch it</error>",
    ] {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
}

#[test]
fn nothing_checked_is_a_failure_and_never_an_empty_file() {
    let empty = report(between(&[], &[]), "[policy]\n");
    assert_eq!(empty.judgement.reason.as_deref(), Some("nothing-checked"));
    let xml = of(&empty, None);
    assert!(xml.contains("failures=\"1\"") && xml.contains("type=\"nothing-checked\""), "{xml}");
}

#[test]
fn checks_that_never_count_are_no_cases() {
    let mut info = report(everyday(), EVERYDAY_POLICY);
    info.judgement.findings.iter_mut().for_each(|finding| finding.severity = Severity::Info);
    assert!(of(&info, None).contains("tests=\"0\""));
}

#[test]
fn cases_of_one_class_have_different_names() {
    let mut report = report(everyday(), EVERYDAY_POLICY);
    let twice = report.judgement.findings.clone();
    report.judgement.findings.extend(twice.clone());
    report.judgement.findings.extend(twice);
    let names = cases(&of(&report, None));
    assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len()), (24, 24));
    assert!(names.contains(&("proofmark.eval.metrics_json".into(), "accuracy (rule accuracy in eval/metrics.json)".into())), "{names:?}");
    assert!(names.contains(&("proofmark.eval.metrics_json".into(), "accuracy (2)".into())), "{names:?}");
}

#[test]
fn subjects_keep_apart() {
    let report = report(everyday(), EVERYDAY_POLICY);
    let [one, two] = [Some("churn"), Some("fraud")].map(|title| cases(&of(&report, title)));
    assert!(one.iter().all(|case| !two.contains(case)), "{one:?}");
}

#[test]
fn hostile_names_stay_within_their_places() {
    for report in [hostile_report(), hostile_rows(3)] {
        for title in HOSTILE {
            sound(&of(&report, Some(title)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_is_sound(text in ".*", verdict in 0_usize..6, judged: bool, block: bool) {
        let mut report = report(everyday(), EVERYDAY_POLICY);
        let verdicts = [Verdict::Fail, Verdict::Inconclusive, Verdict::NoBaseline, Verdict::Warn, Verdict::Waived, Verdict::Pass];
        for finding in &mut report.judgement.findings {
            (finding.explanation, finding.hint, finding.rule) = (text.clone(), Some(text.clone()), Some(text.clone()));
            (finding.table, finding.verdict, finding.not_judged) = (Some(text.clone()), verdicts[verdict], !judged);
            finding.effect = if block { Effect::Block } else { Effect::Notice };
        }
        let xml = of(&report, Some(&text));
        sound(&xml);
        let [failures, errors] = ["<failure ", "<error "].map(|element| xml.matches(element).count());
        prop_assert_eq!((failures, errors), if !block { (0, 0) } else if judged { (8, 0) } else { (0, 8) });
    }
}

/// Class and name of every case.
fn cases(xml: &str) -> Vec<(String, String)> {
    let attribute =
        |tag: &str, name: &str| tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| Some(rest.split_once('"')?.0.to_owned()));
    let tags = xml.split("<testcase").skip(1);
    tags.map(|tag| (attribute(tag, "classname").expect("a class"), attribute(tag, "name").expect("a name"))).collect()
}

/// Only our own tags, every one closed, every text bounded, no character that XML has not.
fn sound(xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in xml.split('<').skip(2) {
        let (inside, text) = tag.split_once('>').expect("a tag that ends");
        assert!(!text.contains('>') && inside.matches('"').count() % 2 == 0, "{tag}");
        let name = inside.trim_start_matches('/').split([' ', '/']).next().expect("a name");
        let known =
            ["testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped", "system-out"].contains(&name);
        assert!(known, "{name}");
        if inside.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !inside.ends_with('/') {
            open.push(name);
        }
        assert!(inside.len() < 20_000, "{}", inside.len());
    }
    assert!(open.is_empty(), "{open:?}");
    let is_char = |letter: char| letter == '\n' || (!crate::escape::acts(letter) && !matches!(letter, '\u{fffe}' | '\u{ffff}'));
    assert!(xml.chars().all(is_char));
    let references = xml.split('&').skip(1).all(|rest| ["amp;", "lt;", "gt;", "quot;"].iter().any(|name| rest.starts_with(name)));
    assert!(references);
    let names = cases(xml);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}
