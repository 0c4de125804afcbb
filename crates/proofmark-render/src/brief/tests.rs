use super::*;
use crate::testing::{
    HOSTILE, POLICY, REPORT, everyday, hostile_report, hostile_rows, hostile_runs, large_report, past, report, rows_report, run,
};

#[test]
fn a_check_tells_the_worst_first_and_the_rest_below() {
    let (run, past) = (run(), past());
    let page = Page { title: Some("churn model"), past: &past, run: Some(&run), ..Page::default() };
    let check = check_text(&report(everyday(), POLICY), &page, &Options::default(), REPORT).expect("our own template");
    assert_eq!(check.title, "churn model: BLOCKED: 1 of 8 checks failed, with 3 notices");
    assert!(check.summary.starts_with("### ✗ churn model: BLOCKED: 1 of 8"), "{}", check.summary);
    for (part, in_summary) in [("✗ fail |", true), ("! warn |", true), ("All metrics", false), ("`train.lr`", false), ("xychart", false)]
    {
        assert_eq!((check.summary.contains(part), check.text.contains(part)), (in_summary, !in_summary), "{part}");
    }
    let check = check_text(&rows_report(), &page, &Options::default(), REPORT).expect("our own template");
    let name = "`test:accuracy [country=DE]`";
    assert!(check.summary.contains(&format!("| ✗ fail | {name}")) && !check.summary.contains("**Waived**"), "{}", check.summary);
    assert!(
        check.text.contains("**Waived**") && check.text.contains("Evidence: what") && check.text.contains("<summary>Slices"),
        "{}",
        check.text
    );
    assert!(!check.summary.contains("Shortened") && !check.text.contains("BLOCKED: 1 of"), "{check:?}");
}

#[test]
fn checks_keep_to_their_limits() {
    let (run, past) = hostile_runs();
    let title = HOSTILE.concat().repeat(9);
    let page = Page { title: Some(&title), past: &past, run: Some(&run), ..Page::default() };
    let options = Options { all: true, max_rows: 5000, ..Options::default() };
    for report in [hostile_report(), large_report(600), hostile_rows(20)] {
        let check = check_text(&report, &page, &options, REPORT).expect("our own template");
        assert!(check.title.encode_utf16().count() <= 120 && !check.title.contains(crate::escape::acts), "{}", check.title);
        assert!(!check.summary.is_empty() && check.summary.len() <= 65_535 && !check.text.is_empty() && check.text.len() <= 65_535);
        assert!(check.summary.contains(&headline(&report)), "{}", check.summary);
    }
}

#[test]
fn statuses_are_one_short_plain_line() {
    assert_eq!(status_line(&report(everyday(), POLICY)), "BLOCKED: 1 of 8 checks failed, with 3 notices (accuracy 0.9134 → 0.8934)");
    let line = status_line(&rows_report());
    assert_eq!(line, "BLOCKED: 1 of 7 checks failed, with 3 notices (test:accuracy [country=DE] 0.9 → 0.83)");
    for report in [hostile_report(), large_report(20), hostile_rows(2)] {
        let line = status_line(&report);
        assert!(line.encode_utf16().count() <= 140 && !line.contains(crate::escape::acts) && !line.contains("##"), "{line}");
        assert!(line.starts_with("BLOCKED: "), "{line}");
    }
}
