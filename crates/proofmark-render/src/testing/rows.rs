//! Reports with a prediction table, slices and waivers.

use proofmark_core::compare::Comparison;
use proofmark_core::config::Effect;
use proofmark_core::direction::Direction;
use proofmark_core::evidence::{Measured, Sample, Slice};
use proofmark_core::key::Key;
use proofmark_core::report::Report;
use proofmark_core::waiver::{Circumstances, Date};

use super::{HOSTILE, everyday, path, report_at};

/// One metric of the table `test`: rows, right at the base only, right at the head only, of one slice.
fn measured(metric: &str, slice: Slice, rows: u64, lost: u64, won: u64) -> Measured {
    let right = rows * 9 / 10;
    let share = |right: u64| Some(right as f64 / rows as f64);
    let mut measured = Measured::new(path("preds/test.csv"), Key::from_canonical(metric));
    (measured.table, measured.slice, measured.natural) = (Some("test".to_owned()), slice, Some(Direction::Higher));
    (measured.base, measured.head, measured.n_base, measured.n_head) = (share(right), share(right + won - lost), rows, rows);
    measured.sample = Some(Sample::PairedProportion { n11: right - lost, n10: lost, n01: won, n00: rows - right - won });
    measured
}

fn part(column: &str, value: &str) -> Slice {
    Slice::all().with(column, value)
}

/// The everyday comparison with a prediction table: a slice that got worse, one that is too small, and one that nobody judges.
fn rows() -> Comparison {
    let mut comparison = everyday();
    comparison.measured = vec![
        measured("accuracy", Slice::all(), 5000, 180, 150),
        measured("accuracy", part("country", "DE"), 1000, 90, 20),
        measured("accuracy", part("country", "FR"), 1000, 30, 25),
        measured("accuracy", part("country", "US"), 2000, 40, 80),
        measured("accuracy", part("country", "LI"), 12, 1, 0),
        measured("accuracy", part("device", "phone"), 2500, 120, 30),
        measured("accuracy", part("device", "desk"), 2500, 60, 55),
    ];
    comparison
}

/// Rules on the table, with waivers: one is used, one is over, one is for another change, one is of nothing.
const ROWS_POLICY: &str = r##"
[waivers]
approvers = ["bea"]

[[table]]
name = "test"
file = "preds/test.csv"
id = "id"
label = "label"
prediction = "prediction"

[[rule]]
metric = "accuracy"
table = "test"
margin = 0.008

[[rule]]
metric = "accuracy"
table = "test"
slice = { country = "*" }
margin = 0.02

[[rule]]
metric = "loss"
max_regression_abs = 0.01

[[rule]]
metric = "latency_ms"
max_regression_rel = 0.1

[[waiver]]
metric = "latency_ms"
accept_down_to = 15
expires = "2026-02-01"
reason = "the larger model is worth it"
issue = "https://issues.example/12"
approved_by = "bea"
pull_request = 12

[[waiver]]
metric = "loss"
accept_down_to = 1
expires = "2025-12-31"
reason = "old"
issue = "#3"
approved_by = "bea"
pull_request = 12

[[waiver]]
metric = "loss"
accept_down_to = 1
expires = "2026-02-01"
reason = "elsewhere"
issue = "#4"
approved_by = "bea"
pull_request = 13

[[waiver]]
metric = "acuracy"
accept_down_to = 0.5
expires = "2026-02-01"
reason = "misspelt"
issue = "#5"
approved_by = "bea"
pull_request = 12
"##;

/// [`rows`], judged on a day on which a waiver counts.
pub(crate) fn rows_report() -> Report {
    let today = Date::parse("2026-01-07").expect("a day");
    let at = Circumstances { today, pull_request: Some(12), commits: Vec::new(), author: Some("ann".into()) };
    report_at(rows(), ROWS_POLICY, &at)
}

/// A report in which tables, slices, waivers and everything about them are hostile, with so many slices of each name.
pub(crate) fn hostile_rows(slices: usize) -> Report {
    let mut report = rows_report();
    let judgement = &mut report.judgement;
    let some: Vec<_> = judgement.findings.iter().chain(&judgement.shown).filter(|finding| finding.table.is_some()).cloned().collect();
    let waiver = judgement.findings.iter().find_map(|finding| finding.waiver.clone()).expect("one that is used");
    let note = judgement.waivers.first().cloned().expect("a note");
    for (at, text) in HOSTILE.iter().enumerate() {
        let next = HOSTILE[(at + 1) % HOSTILE.len()];
        for row in 0..slices {
            let mut finding = some[(at + row) % some.len()].clone();
            (finding.table, finding.against) = (Some((*text).to_owned()), (row % 3 == 0).then(|| next.to_owned()));
            finding.slice = part(text, &format!("{row}{next}")).with(next, *text);
            (finding.explanation, finding.hint) = ((*text).to_owned(), Some(next.to_owned()));
            finding.reasons.push((*text).to_owned());
            if let Some(evidence) = &mut finding.evidence {
                evidence.why = Some((*text).to_owned());
                if row % 5 == 0 {
                    evidence.procedure = (*text).to_owned();
                }
            }
            if row % 2 == 0 {
                finding.effect = Effect::Block;
                finding.waiver_text = Some(format!("[[waiver]]\nmetric = \"{text}\"\n{text}\n"));
                let mut waiver = waiver.clone();
                for field in [&mut waiver.reason, &mut waiver.issue, &mut waiver.approved_by, &mut waiver.accepts, &mut waiver.scope] {
                    *field = (*text).to_owned();
                }
                finding.waiver = Some(waiver);
                judgement.findings.push(finding);
            } else {
                finding.rule = None;
                judgement.shown.push(finding);
            }
        }
        let mut note = note.clone();
        (note.waiver, note.message, note.hint) = ((*text).to_owned(), (*text).to_owned(), Some(next.to_owned()));
        judgement.waivers.push(note);
    }
    report
}
