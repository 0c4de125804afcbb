use super::*;
use crate::testing::{HOSTILE, POLICY, everyday, hostile_rows, report, rows_report};

const GOLDEN: &str = include_str!("../../tests/golden/explain.txt");

#[test]
fn a_metric_in_plain_words() {
    let text = explain_check(&rows_report(), "test:accuracy [country=DE]").expect("a check");
    let all = format!("{text}\n{}", explain_check(&rows_report(), "latency_ms").expect("a check"));
    assert!(all == GOLDEN, "{all}");
}

#[test]
fn names_as_people_type_them() {
    let report = rows_report();
    let count = |typed: &str| explain_check(&report, typed).map(|text| text.matches("\n  verdict").count());
    assert_eq!(count("accuracy"), Some(7), "all slices, judged or shown");
    assert_eq!(count("test:accuracy"), Some(7));
    assert_eq!(count("test:accuracy [country=DE]"), Some(1));
    assert_eq!(count("eval/metrics.json:loss"), Some(1));
    assert_eq!((count("nope"), count("")), (None, None));
    let names = explainable(&report);
    assert!(names.contains(&"test:accuracy [country=DE]".to_owned()) && names.is_sorted(), "{names:?}");
    assert!(names.iter().all(|name| count(name) >= Some(1)), "{names:?}");
}

#[test]
fn the_margins_that_are_told_do_what_is_said() {
    for finding in &rows_report().judgement.findings {
        let Some((lower, upper)) = finding.evidence.as_ref().and_then(|it| it.lower.zip(it.upper)) else { continue };
        let told = would_change(finding).join("\n");
        let number = |after: &str| told.split(after).nth(1)?.split([' ', ';']).next()?.trim_end_matches('.').parse::<f64>().ok();
        let pass = number("with an accepted loss of ").or_else(|| number("the accepted loss is "));
        assert_eq!(pass.is_some(), lower < 0.0, "{told}");
        assert!(pass.is_none_or(|margin| lower >= -margin), "{told}");
        let fail = number("with an accepted loss below ");
        assert_eq!(fail.is_some(), upper < 0.0, "{told}");
        assert!(fail.is_none_or(|margin| upper <= -margin), "{told}");
    }
}

#[test]
fn no_margin_is_told_where_none_would_help() {
    let mut report = rows_report();
    let finding = report.judgement.findings.iter_mut().find(|one| one.verdict == Verdict::Inconclusive && one.slice.is_all());
    let finding = finding.expect("a check that cannot tell");
    assert!(would_change(finding).iter().any(|change| change.contains("accepted loss")));
    finding.reasons = vec!["too-few-runs".to_owned()];
    let changes = would_change(finding).join("\n");
    assert!(!changes.contains("accepted loss") && changes.contains("More runs"), "{changes}");
    finding.reasons = vec!["multiplicity".to_owned()];
    let changes = would_change(finding).join("\n");
    assert!(changes.contains("For itself it fails") && changes.contains("Fewer checks"), "{changes}");
}

#[test]
fn plain_reports_can_be_explained() {
    let report = report(everyday(), POLICY);
    for (name, words) in [
        ("accuracy", "It passes with an accepted loss of 0.02 or more"),
        ("auc", "A value to compare with"),
        ("old_score", "no rule is about it"),
    ] {
        let text = explain_check(&report, name).expect("a check");
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn every_procedure_level_and_verdict_is_told() {
    let mut report = rows_report();
    let finding = report.judgement.findings.iter().position(|one| one.slice.is_all() && one.table.is_some()).expect("a check");
    let text = explain_check(&report, "test:accuracy").expect("a check");
    for words in ["inconclusive, which is a notice", "6373 rows would be enough", "smallest loss that is seen", "inconclusive = \"notice\""]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    for (level, procedure, words) in [
        (Level::Runs, "welch_noninferiority", "Welch's t"),
        (Level::Runs, "paired_t_noninferiority", "same seed or fold"),
        (Level::Rows, "paired_t_noninferiority", "For each row"),
        (Level::Rows, "welch_noninferiority", "different rows"),
        (Level::Rows, "two_proportions", "different rows"),
        (Level::Rows, "sign_flip_test", "flipped"),
        (Level::Rows, "delong_paired", "DeLong"),
        (Level::Rows, "paired_bootstrap", "drawn anew"),
        (Level::History, "prediction_limit_t", "recorded values"),
        (Level::Rows, "from the future", "does not know the procedure"),
    ] {
        let finding = &mut report.judgement.findings[finding];
        let evidence = finding.evidence.as_mut().expect("evidence");
        (evidence.level, evidence.procedure) = (level, procedure.to_owned());
        finding.against = (level == Level::History).then(|| WINDOW.to_owned());
        let text = explain_check(&report, "test:accuracy").expect("a check");
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn hostile_names_only_show_and_many_are_counted() {
    let report = hostile_rows(30);
    for typed in HOSTILE.iter().map(|text| format!("{text}:accuracy")).chain(["accuracy".to_owned()]) {
        let text = explain_check(&report, &typed).expect("checks");
        assert!(text.contains("more checks of that name") && text.len() < 60_000, "{}", text.len());
        let mut copied = false;
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("::") && !line.contains("##") && !line.contains(crate::escape::acts), "{line:?}");
            copied = (copied || line.contains("[[waiver]]")) && !line.is_empty();
            assert!(copied || width(line.replace("\\u{3a}", ":").trim_end_matches(':')) <= WIDTH, "{} {line}", width(line));
        }
    }
}
