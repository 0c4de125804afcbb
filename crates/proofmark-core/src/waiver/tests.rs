use super::*;
use crate::compare::by_policy;
use crate::config::{Day, Severity};
use crate::direction::Direction;
use crate::evidence::Slice;
use crate::key::Key;
use crate::path::RepoPath;

/// A loss of 0.05 that blocks.
pub(super) fn finding() -> Finding {
    let text = r#"{"rule": "acc*", "file": "metrics.json", "metric": "accuracy", "verdict": "fail", "effect": "block",
        "reasons": ["regression-abs"], "explanation": "worse by 0.05, more than 0.01", "hint": null, "severity": "fail",
        "baseline": 0.9, "candidate": 0.85, "improvement": -0.05, "relative": -0.0556, "limits": null, "warn": null,
        "evidence": null, "oriented": null}"#;
    let finding: Finding = serde_json::from_str(text).expect("a finding");
    Finding { oriented: Some(by_policy(Direction::Higher)), improvement: Some(0.85 - 0.9), ..finding }
}

/// A waiver that accepts it.
pub(super) fn waiver() -> Waiver {
    Waiver {
        metric: "accuracy".to_owned(),
        accept_down_to: Some(0.85),
        expires: Some(Day("2026-02-01".to_owned())),
        reason: "new labels".to_owned(),
        issue: "#7".to_owned(),
        approved_by: "alice".to_owned(),
        pull_request: Some(12),
        ..Waiver::default()
    }
}

pub(super) fn settings() -> Waivers {
    Waivers { approvers: vec!["bob".to_owned(), "@Alice".to_owned()], max_days: 90 }
}

pub(super) fn circumstances() -> Circumstances {
    Circumstances {
        today: Date::parse("2026-01-07").expect("a day"),
        pull_request: Some(12),
        commits: vec!["0123456789abcdef0123456789abcdef01234567".to_owned()],
        author: Some("Author".to_owned()),
    }
}

/// What one waiver does to findings: their verdicts, and the kinds of its notes.
fn after(findings: &mut [Finding], waiver: Waiver) -> (Vec<Verdict>, Vec<NoteKind>) {
    let notes = apply(findings, &[waiver], &settings(), &circumstances());
    assert!(notes.iter().all(|note| note.hint.is_some() && !note.message.is_empty()), "{notes:?}");
    (findings.iter().map(|finding| finding.verdict).collect(), notes.iter().map(|note| note.kind).collect())
}

#[test]
fn an_accepted_loss_is_a_notice_that_says_who_and_until_when() {
    let mut findings = [finding()];
    assert_eq!(after(&mut findings, waiver()), (vec![Verdict::Waived], vec![]));
    let [finding] = findings;
    assert_eq!((finding.effect, finding.reasons.join(",")), (Effect::Notice, "regression-abs,waived".to_owned()));
    assert_eq!(finding.explanation, "worse by 0.05, more than 0.01; accepted down to 0.85 by alice until 2026-02-01: new labels (#7)");
    let used = finding.waiver.expect("recorded");
    assert_eq!((used.scope.as_str(), used.used.as_str(), used.found), ("pull request 12", "2026-01-07", Verdict::Fail));
    let again: WaiverUse = serde_json::from_str(&serde_json::to_string(&used).expect("JSON")).expect("the same");
    assert_eq!(again, used);
}

#[test]
fn verdicts_that_can_be_waived() {
    for verdict in [Verdict::Fail, Verdict::Inconclusive, Verdict::NoBaseline] {
        assert_eq!(after(&mut [Finding { verdict, ..finding() }], waiver()).0, [Verdict::Waived], "{verdict:?}");
    }
    for verdict in [Verdict::Warn, Verdict::Waived, Verdict::Pass] {
        let mut findings = [Finding { verdict, effect: Effect::Notice, ..finding() }];
        assert_eq!(after(&mut findings, waiver()), (vec![verdict], vec![NoteKind::NotNeeded]));
        assert_eq!(findings[0].waiver, None);
    }
}

#[test]
fn a_waiver_makes_no_effect_stronger() {
    let mut findings = [Finding { severity: Severity::Info, effect: Effect::Allow, ..finding() }];
    assert_eq!(after(&mut findings, waiver()).0, [Verdict::Waived]);
    assert_eq!(findings[0].effect, Effect::Allow);
}

#[test]
fn names_are_exact() {
    let slice = || Finding { slice: Slice::all().with("country", "DE"), table: Some("test".to_owned()), ..finding() };
    let of_slice = || Waiver { slice: [("country".to_owned(), "DE".to_owned())].into(), ..waiver() };
    assert_eq!(after(&mut [slice()], of_slice()).0, [Verdict::Waived]);
    assert_eq!(
        after(&mut [slice()], Waiver { table: Some("test".to_owned()), rule: Some("acc*".to_owned()), ..of_slice() }).0,
        [Verdict::Waived]
    );
    let text = |text: &str| Some(text.to_owned());
    let others = [
        Waiver { metric: "acc*".to_owned(), ..of_slice() },
        Waiver { metric: "Accuracy".to_owned(), ..of_slice() },
        waiver(),
        Waiver { slice: [("country".to_owned(), "*".to_owned())].into(), ..waiver() },
        Waiver { rule: text("accuracy"), ..of_slice() },
        Waiver { table: text("t*"), ..of_slice() },
        Waiver { file: text("other.json"), ..of_slice() },
        Waiver { against: text("production"), ..of_slice() },
    ];
    for other in others {
        let told = format!("{other:?}");
        assert_eq!(after(&mut [slice()], other), (vec![Verdict::Fail], vec![NoteKind::Unmatched]), "{told}");
    }
    let production = Finding { against: text("production"), ..finding() };
    assert_eq!(after(&mut [production.clone()], waiver()).1, [NoteKind::Unmatched]);
    assert_eq!(after(&mut [production], Waiver { against: text("production"), ..waiver() }).0, [Verdict::Waived]);
}

#[test]
fn a_file_that_is_one_value_has_a_name_too() {
    let mut findings = [Finding { metric: Key::root(), ..finding() }];
    assert_eq!(after(&mut findings, Waiver { metric: "(value)".to_owned(), ..waiver() }).0, [Verdict::Waived]);
}

#[test]
fn one_known_loss_is_not_two() {
    let other = Finding { file: RepoPath::parse("b/metrics.json").ok(), ..finding() };
    let mut findings = [finding(), other];
    assert_eq!(after(&mut findings, waiver()), (vec![Verdict::Fail, Verdict::Fail], vec![NoteKind::Malformed]));
    let named = Waiver { file: Some("b/metrics.json".to_owned()), ..waiver() };
    assert_eq!(after(&mut findings, named), (vec![Verdict::Fail, Verdict::Waived], vec![]));
}

#[test]
fn beyond_what_is_accepted_the_check_stands() {
    let mut findings = [Finding { candidate: Some(Value::Float(0.84)), ..finding() }];
    let before = findings.clone();
    assert_eq!(after(&mut findings, waiver()), (vec![Verdict::Fail], vec![NoteKind::Beyond]));
    assert_eq!(findings, before);
}

#[test]
fn hints_find_what_was_meant() {
    let hint = |waiver: Waiver| {
        let notes = apply(&mut [finding()], &[waiver], &settings(), &circumstances());
        notes.first().and_then(|note| note.hint.clone()).expect("a hint")
    };
    assert_eq!(hint(Waiver { metric: "acuracy".to_owned(), ..waiver() }), "did you mean `accuracy`?");
    assert_eq!(
        hint(Waiver { rule: Some("accuracy".to_owned()), ..waiver() }),
        "checks of this metric: rule `acc*`, all rows of `metrics.json`"
    );
}

#[test]
fn an_unknown_author_is_told() {
    let local = Circumstances { author: None, ..circumstances() };
    let mut findings = [finding()];
    let notes = apply(&mut findings, &[waiver()], &settings(), &local);
    assert_eq!((findings[0].verdict, notes[0].kind), (Verdict::Waived, NoteKind::AuthorUnknown));
}

#[test]
fn notes_name_their_waiver() {
    let waivers = [
        Waiver { expires: Some(Day("2025-01-01".to_owned())), ..waiver() },
        Waiver { metric: format!("a\nb{}", "x".repeat(500)), slice: [("c".to_owned(), "d".to_owned())].into(), ..waiver() },
        waiver(),
        waiver(),
    ];
    let notes = apply(&mut [finding()], &waivers, &settings(), &circumstances());
    let told: Vec<(&str, NoteKind)> = notes.iter().map(|note| (note.waiver.as_str(), note.kind)).collect();
    assert_eq!(told[0], ("waiver 1 (`accuracy`)", NoteKind::Expired));
    assert!(told[1].0.starts_with("waiver 2 (`a bx") && told[1].0.ends_with("x…`, c=d)") && told[1].0.len() < 260, "{}", told[1].0);
    assert_eq!(told[2..], [("waiver 4 (`accuracy`)", NoteKind::NotNeeded)], "the third is used, the fourth finds nothing to do");
}
