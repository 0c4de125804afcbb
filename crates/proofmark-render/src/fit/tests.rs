use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::report_markdown;
use crate::testing::{
    HOSTILE, POLICY, REPORT, everyday, hostile_report, hostile_rows, hostile_runs, large_report, past, report, rows_report, run,
};

const PULL_REQUEST: &str = include_str!("../../tests/golden/pull_request.md");
const PLACE: &str = "https://github.com/o/r/actions/runs/300";

fn within(report: &Report, page: &Page<'_>, all: bool, limit: usize) -> Fitted {
    let options = Options { all, ..Options::default() };
    report_within(report, &options, REPORT, page, limit).expect("our own template")
}

/// What must hold for every text that is posted.
fn holds(text: &str) {
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count(), "{text}");
    let mut columns = None;
    let mut fenced = false;
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##[") && !line.contains(escape::acts), "{line:?}");
        if line.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            // The text of a waiver: whatever is in it, it is code.
            continue;
        }
        let bars = line.starts_with('|').then(|| line.matches('|').count());
        assert!(columns.is_none() || bars.is_none() || columns == bars, "{line}\n{text}");
        columns = bars;
        assert_eq!(line.matches('`').count() % 2, 0, "{line}");
        let html =
            ["<details><summary>", "</summary>", "</details>", "<br>"].iter().fold(line.to_owned(), |rest, tag| rest.replace(tag, ""));
        assert!(!html.contains('<'), "{line}");
    }
    assert!(!fenced, "{text}");
}

#[test]
fn a_pull_request() {
    let (run, past) = (run(), past());
    let page = Page { title: Some("churn model"), past: &past, run: Some(&run), whole_report: Some(PLACE) };
    let fitted = within(&report(everyday(), POLICY), &page, false, 65_000);
    assert!(fitted.text == PULL_REQUEST, "{}", fitted.text);
    assert!(!fitted.shortened);
}

#[test]
fn an_empty_page_changes_nothing() {
    for report in [report(everyday(), POLICY), hostile_report()] {
        let plain = report_markdown(&report, &Options::default(), REPORT).expect("our own template");
        let mut ordered = report;
        ordered.judgement.findings.sort_by_key(|finding| finding.verdict);
        assert_eq!(plain.lines().count(), within(&ordered, &Page::default(), false, usize::MAX).text.lines().count());
        assert!(!plain.contains(['▲', '▼']) && plain.starts_with("### BLOCKED"), "{plain}");
    }
}

#[test]
fn what_matters_least_goes_first() {
    let (run, past) = (run(), past());
    let page = Page { past: &past, run: Some(&run), whole_report: Some(PLACE), ..Page::default() };
    let report = report(everyday(), POLICY);
    let whole = within(&report, &page, true, 65_000);
    // Of each, something that only a part of the text has; in the order in which they go.
    let parts = ["✓ pass", "`train.lr`", "allowed, with 1 notice", "`en.accuracy` | 0.95", "! warn", "✗ fail"];
    let mut shortest = parts.len();
    let mut steps = 0;
    for limit in (300..whole.text.len()).rev().step_by(149) {
        let fitted = within(&report, &page, true, limit);
        assert!(fitted.text.len() <= limit && fitted.shortened, "{limit}: {}", fitted.text);
        assert!(fitted.text.contains("BLOCKED: 1 of 8 checks failed, with 3 notices"), "{}", fitted.text);
        if limit > 400 {
            assert!(fitted.text.contains("Shortened to fit here") && fitted.text.contains(PLACE), "{limit}: {}", fitted.text);
        }
        holds(&fitted.text);
        let there = parts.iter().rev().take_while(|part| fitted.text.contains(**part)).count();
        let any = parts.iter().filter(|part| fitted.text.contains(**part)).count();
        // The checks that passed are metrics as well, and all their rows are there or none.
        assert_eq!(any, there, "{limit}: a part stays that matters less\n{}", fitted.text);
        steps += usize::from(there < shortest);
        shortest = shortest.min(there);
    }
    assert!(steps >= 5, "{steps}");
}

#[test]
fn ten_thousand_hostile_rows_are_no_work() {
    let report = large_report(10_000);
    let (run, past) = hostile_runs();
    let page = Page { past: &past, run: Some(&run), whole_report: Some(PLACE), title: Some("a|b") };
    for (all, max_rows) in [(false, 200), (true, 200), (true, 100_000)] {
        let start = Instant::now();
        let options = Options { all, max_rows, ..Options::default() };
        let fitted = report_within(&report, &options, REPORT, &page, 65_000).expect("our own template");
        let took = start.elapsed();
        holds(&fitted.text);
        assert!(fitted.text.len() <= 65_000 && fitted.text.len() > 55_000 && fitted.shortened, "{}", fitted.text.len());
        assert!(fitted.text.contains("| ✗ fail | `accuracy`"), "what blocks is there");
        // Several times what it takes, since test machines are busy.
        assert!(took.as_millis() < 3000, "{took:?}");
    }
}

#[test]
fn checks_that_block_outlast_everything_however_many() {
    let mut report = large_report(600);
    for finding in &mut report.judgement.findings {
        finding.effect = Effect::Block;
    }
    let options = Options { max_rows: 10_000, ..Options::default() };
    let text = report_within(&report, &options, REPORT, &Page::default(), 60_000).expect("our own template").text;
    assert!(text.contains("that block") && !text.contains("All metrics") && text.len() > 55_000, "{text}");
}

#[test]
fn thousands_of_hostile_slices_are_no_work() {
    let report = hostile_rows(120);
    assert!(report.judgement.findings.len() > 1500 && report.judgement.shown.len() > 1000);
    let (run, past) = hostile_runs();
    let page = Page { past: &past, run: Some(&run), whole_report: Some(PLACE), title: Some("a|b") };
    for (all, max_rows, limit) in [(false, 200, 65_000), (true, 100_000, 65_000), (true, 200, 3000)] {
        let start = Instant::now();
        let options = Options { all, max_rows, ..Options::default() };
        let fitted = report_within(&report, &options, REPORT, &page, limit).expect("our own template");
        let took = start.elapsed();
        holds(&fitted.text);
        assert!(fitted.text.len() <= limit && fitted.shortened, "{}", fitted.text.len());
        // Several times what it takes, since test machines are busy.
        assert!(took.as_millis() < 6000, "{took:?}");
    }
}

#[test]
fn evidence_goes_before_the_checks_and_is_counted() {
    let report = rows_report();
    let whole = within(&report, &Page::default(), false, 65_000);
    assert!(!whole.shortened && whole.text.contains("**Waived**"), "{}", whole.text);
    let parts = ["`en.accuracy` | 0.95", "`country=US`", "Evidence: what", "**Waived**", "! warn |", "✗ fail |"];
    let mut shortest = parts.len();
    let mut told = std::collections::BTreeSet::new();
    for limit in (800..whole.text.len()).rev().step_by(97) {
        let text = within(&report, &Page::default(), false, limit).text;
        assert!(text.len() <= limit && text.contains("Shortened to fit here"), "{limit}: {text}");
        holds(&text);
        let there = parts.iter().rev().take_while(|part| text.contains(**part)).count();
        assert!(there <= shortest || there == 0, "{limit}: {text}");
        assert_eq!(parts.iter().filter(|part| text.contains(**part)).count(), there, "{limit}: a part stays that matters less\n{text}");
        shortest = shortest.min(there);
        told.extend(["slice", "of evidence", "about waivers"].into_iter().filter(|words| text.contains(words)));
    }
    assert!(shortest <= 2 && told.len() == 3, "{shortest} {told:?}");
}

#[test]
fn every_limit_is_kept() {
    let report = hostile_report();
    let (run, past) = hostile_runs();
    let page = Page { title: Some(HOSTILE[8]), past: &past, run: Some(&run), whole_report: Some(HOSTILE[3]) };
    for limit in (0..400).step_by(41).chain((400..4000).step_by(900)) {
        let fitted = within(&report, &page, true, limit);
        assert!(fitted.text.len() <= limit, "{limit}: {}", fitted.text);
        assert!(limit == 0 || !fitted.text.is_empty());
        holds(&fitted.text);
    }
}

#[test]
fn templates_that_know_no_limit_give_way_to_the_short_form() {
    let report = report(everyday(), POLICY);
    let page = Page { whole_report: Some("the artifact `report`"), ..Page::default() };
    let long = "{% for at in range(1000) %}words {% endfor %}";
    let fitted = report_within(&report, &Options::default(), long, &page, 2000).expect("valid");
    assert!(fitted.shortened && fitted.text.starts_with("### ✗ BLOCKED: 1 of 8"), "{}", fitted.text);
    assert!(
        fitted.text.contains("| ✗ fail | `accuracy`") && fitted.text.ends_with("The whole report: the artifact `report`\n"),
        "{}",
        fitted.text
    );
    let own = report_within(&report, &Options::default(), "{{ report.headline }}", &page, 2000).expect("valid");
    assert_eq!(own.text, "BLOCKED: 1 of 8 checks failed, with 3 notices\n");
    assert!(!own.shortened);
    assert!(report_within(&report, &Options::default(), "{{ nope }}", &page, 2000).is_err());
}

#[test]
fn addresses_of_runs_cannot_deceive() {
    let mut run = run();
    run.run_url = Some("javascript:alert(1)".into());
    let page = Page { run: Some(&run), whole_report: Some("https://user@evil.example/"), ..Page::default() };
    let text = within(&report(everyday(), POLICY), &page, false, 3000).text;
    assert!(!text.contains("](") && !text.contains("javascript"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn any_report_fits_any_limit(
        names in prop::collection::vec(prop_oneof![prop::sample::select(HOSTILE).prop_map(str::to_owned), ".{0,200}"], 1..30),
        limit in prop_oneof![300_usize..3000, 3000_usize..80_000],
        notes in prop::collection::vec(".{0,300}", 0..4),
        title in prop::option::of(".{0,300}"),
        place in prop::option::of(".{0,2000}"),
        all in any::<bool>(),
        rows in 0_usize..100,
    ) {
        let side = |shift: usize| {
            let entry = |(at, name): (usize, &String)| (name.clone(), serde_json::json!(at * shift));
            serde_json::Value::Object(names.iter().enumerate().map(entry).collect()).to_string()
        };
        let (old, new) = (side(1), side(2));
        let comparison = crate::testing::between(&[("m.json", &old), ("params.json", &old)], &[("m.json", &new), ("params.json", &new)]);
        let mut report = report(comparison, "[[rule]]\nmetric = \"*\"\ndirection = \"lower\"\nmax_regression_abs = 1\n");
        report.notes = notes;
        let (run, past) = hostile_runs();
        let page = Page { title: title.as_deref(), past: &past, run: Some(&run), whole_report: place.as_deref() };
        let options = Options { all, max_rows: rows, ..Options::default() };
        let fitted = report_within(&report, &options, REPORT, &page, limit).expect("our own template");
        prop_assert!(fitted.text.len() <= limit);
        prop_assert!(fitted.text.contains(&headline(&report.judgement)));
        holds(&fitted.text);
    }
}
