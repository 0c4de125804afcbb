//! Judging with evidence: runs, rows, history, other commits, many checks, waivers.

use super::{between, policy};
use crate::evidence::{Measured, Obstacle, Sample, Why};
use crate::gate::*;
use crate::reference::{Place, Series};
use crate::waiver::{Circumstances, Date};

fn judged(comparison: &Comparison, text: &str) -> Judgement {
    judge(comparison, &policy(text), &Circumstances::default())
}

/// A comparison of nothing but these metrics of the table `test`.
fn of_table(measured: Vec<Measured>) -> Comparison {
    Comparison { measured, ..between(&[], &[]) }
}

fn rows(metric: &str, sample: Sample, base: f64, head: f64, n: u64) -> Measured {
    Measured {
        table: Some("test".to_owned()),
        base: Some(base),
        head: Some(head),
        n_base: n,
        n_head: n,
        sample: Some(sample),
        natural: Some(crate::direction::Direction::Higher),
        ..Measured::new(RepoPath::parse("test.csv").expect("a path"), Key::from_canonical(metric))
    }
}

/// Right or wrong on `n` rows, with this many lost and won.
fn accuracy(n10: u64, n01: u64, n: u64) -> Measured {
    let n11 = n * 8 / 10;
    let sample = Sample::PairedProportion { n11, n10, n01, n00: n - n11 - n10 - n01 };
    let right = |extra: u64| (n11 + extra) as f64 / n as f64;
    rows("accuracy", sample, right(n10), right(n01), n)
}

const TABLE: &str = "[[table]]\nname = \"test\"\nfile = \"test.csv\"\nid = \"id\"\nlabel = \"y\"\n";

fn with_rule(rule: &str) -> String {
    format!("{TABLE}[[rule]]\ntable = \"test\"\nmetric = \"accuracy\"\n{rule}")
}

fn only(judgement: &Judgement) -> &Finding {
    let [finding] = judgement.findings.as_slice() else { panic!("one finding, not {:?}", judgement.findings) };
    finding
}

#[test]
fn rows_decide_by_the_margin_and_not_by_the_point() {
    // Ten points lost of ten thousand are nothing; of two hundred they cannot be told from nothing.
    for (measured, verdict, effect) in [
        (accuracy(310, 300, 10_000), Verdict::Pass, Effect::Allow),
        (accuracy(20, 10, 200), Verdict::Inconclusive, Effect::Notice),
        (accuracy(700, 100, 10_000), Verdict::Fail, Effect::Block),
    ] {
        let judgement = judged(&of_table(vec![measured]), &with_rule("max_regression_abs = 0.01"));
        let finding = only(&judgement);
        assert_eq!((finding.verdict, finding.effect), (verdict, effect), "{finding:?}");
        let evidence = finding.evidence.as_ref().expect("evidence");
        assert_eq!((evidence.level, evidence.procedure.as_str()), (Level::Rows, "paired_proportion_noninferiority"));
        assert!(evidence.why.is_some() && evidence.lower < evidence.upper && evidence.margin == Some(0.01));
        assert_eq!(evidence.mde.is_some() && evidence.n_required.is_some(), verdict == Verdict::Inconclusive, "{evidence:?}");
    }
}

#[test]
fn inconclusive_does_what_the_rule_says() {
    for (word, effect) in [("allow", Effect::Allow), ("notice", Effect::Notice), ("block", Effect::Block), ("rerun", Effect::Block)] {
        let rule = with_rule(&format!("max_regression_abs = 0.01\ninconclusive = \"{word}\""));
        let judgement = judged(&of_table(vec![accuracy(20, 10, 200)]), &rule);
        let finding = only(&judgement);
        assert_eq!((finding.verdict, finding.effect), (Verdict::Inconclusive, effect));
        assert!(!judgement.is_blocked_unjudged(), "it was judged, and cannot be told");
        let rerun = finding.reasons.iter().any(|reason| reason == "rerun");
        assert_eq!(rerun, word == "rerun");
        // Who looks twice takes half of alpha each time.
        let alpha = finding.evidence.as_ref().and_then(|evidence| evidence.alpha);
        assert_eq!(alpha, Some(if rerun { 0.025 } else { 0.05 }));
    }
}

#[test]
fn bounds_are_judged_whatever_the_pairs_are() {
    let obstacle = Some(Obstacle { reason: Why::DifferentTestSet, told: "3 labels differ".to_owned() });
    let unpaired = Measured { sample: None, obstacle, ..accuracy(10, 10, 1000) };
    let judgement = judged(&of_table(vec![unpaired.clone()]), &with_rule("max_regression_abs = 0.01\nmin = 0.5"));
    assert_eq!(
        (only(&judgement).verdict, only(&judgement).reasons.as_slice()),
        (Verdict::Inconclusive, &["different-test-set".to_owned()][..])
    );
    let judgement = judged(&of_table(vec![unpaired]), &with_rule("max_regression_abs = 0.01\nmin = 0.95"));
    assert_eq!((only(&judgement).verdict, only(&judgement).reasons.as_slice()), (Verdict::Fail, &["below-min".to_owned()][..]));
}

#[test]
fn what_the_head_lost_fails_and_what_it_cannot_give_is_not_judged() {
    let gone = |reason| {
        let obstacle = Some(Obstacle { reason, told: "told".to_owned() });
        Measured { head: None, n_head: 0, sample: None, obstacle, ..accuracy(10, 10, 1000) }
    };
    for (reason, verdict, not_judged) in [
        (Why::MissingCandidate, Verdict::Fail, false),
        (Why::MissingSlice, Verdict::Fail, false),
        (Why::NonFiniteCandidate, Verdict::Fail, false),
        (Why::UndefinedCandidate, Verdict::Fail, false),
        (Why::UnreadableCandidate, Verdict::Inconclusive, true),
    ] {
        let judgement = judged(&of_table(vec![gone(reason)]), &with_rule("max_regression_abs = 0.01"));
        let finding = only(&judgement);
        assert_eq!((finding.verdict, finding.not_judged, finding.effect), (verdict, not_judged, Effect::Block), "{reason:?}");
    }
    // Undefined on both sides is nothing that got worse.
    let neither = Measured { base: None, ..gone(Why::UndefinedCandidate) };
    assert_eq!(only(&judged(&of_table(vec![neither]), &with_rule("max_regression_abs = 0.01"))).verdict, Verdict::Inconclusive);
    // And a rule whose table was not evaluated at all fails.
    assert_eq!(only(&judged(&of_table(Vec::new()), &with_rule("max_regression_abs = 0.01"))).verdict, Verdict::Fail);
}

#[test]
fn small_slices_are_listed_and_never_count() {
    let slice = |value: &str, n| Measured { slice: Slice::all().with("country", value), ..accuracy(n / 10, 0, n) };
    let comparison = of_table(vec![slice("DE", 1000), slice("LI", 10)]);
    let judgement = judged(&comparison, &with_rule("slice = {country = \"*\"}\nmax_regression_abs = 0.01"));
    let of = |value: &str| judgement.findings.iter().find(|finding| finding.slice.value("country") == Some(value)).expect("a finding");
    assert_eq!((of("DE").verdict, of("DE").severity), (Verdict::Fail, Severity::Fail));
    assert_eq!((of("LI").verdict, of("LI").severity, of("LI").effect), (Verdict::Inconclusive, Severity::Info, Effect::Allow));
    // The whole table is no slice: too few rows are no pass.
    let few = judged(&of_table(vec![accuracy(0, 0, 10)]), &with_rule("max_regression_abs = 0.01"));
    assert_eq!((few.verdict, few.effect), (Verdict::Inconclusive, Effect::Notice));
}

#[test]
fn a_failure_among_many_checks_must_stand_out() {
    // p is about 0.03 for itself.
    let slice = |value: usize| Measured { slice: Slice::all().with("country", value.to_string()), ..accuracy(44, 20, 1000) };
    let alone = judged(&of_table(vec![slice(0)]), &with_rule("slice = {country = \"*\"}\nmax_regression_abs = 0.01"));
    assert_eq!(only(&alone).verdict, Verdict::Fail);
    let many = (0..40).map(slice).collect();
    let judgement = judged(&of_table(many), &with_rule("slice = {country = \"*\"}\nmax_regression_abs = 0.01"));
    assert!(judgement.findings.iter().all(|finding| finding.verdict == Verdict::Inconclusive), "never a pass");
    let evidence = judgement.findings[0].evidence.as_ref().expect("evidence");
    assert!(evidence.p_inferior < Some(0.05) && evidence.p_inferior_adjusted > Some(0.05));
}

#[test]
fn lists_are_runs_where_the_rule_names_the_list() {
    let noisy = between(&[("m.json", "{\"acc\": [0.90, 0.91, 0.905, 0.9]}")], &[("m.json", "{\"acc\": [0.89, 0.902, 0.91, 0.9]}")]);
    let judgement = judged(&noisy, "[[rule]]\nmetric = \"acc\"\ndirection = \"higher\"\nmax_regression_abs = 0.02");
    let evidence = only(&judgement).evidence.clone().expect("evidence");
    assert_eq!((evidence.level, evidence.procedure.as_str(), evidence.n_head), (Level::Runs, "welch_noninferiority", 4));
    assert_eq!(only(&judgement).verdict, Verdict::Pass);
    // Who names the elements gets them one by one.
    let judgement = judged(&noisy, "[[rule]]\nmetric = \"acc*\"\ndirection = \"higher\"\nmax_regression_abs = 0.001");
    assert_eq!(judgement.findings.len(), 4);
    let paired = judged(&noisy, "[[rule]]\nmetric = \"acc\"\npaired = true\ndirection = \"higher\"\nmax_regression_abs = 0.02");
    assert_eq!(only(&paired).evidence.as_ref().map(|evidence| evidence.procedure.as_str()), Some("paired_t_noninferiority"));
}

#[test]
fn seeds_as_keys_and_as_files_are_runs() {
    let keys = "[[runs]]\nmetric = \"acc.seed_*\"\n[[rule]]\nmetric = \"acc\"\ndirection = \"higher\"\nmax_regression_abs = 0.02";
    let side = |one: f64, two: f64, three: f64| format!("{{\"acc\": {{\"seed_1\": {one}, \"seed_2\": {two}, \"seed_10\": {three}}}}}");
    let (base, head) = (side(0.9, 0.91, 0.92), side(0.901, 0.909, 0.921));
    let judgement = judged(&between(&[("m.json", &base)], &[("m.json", &head)]), keys);
    let evidence = only(&judgement).evidence.clone().expect("evidence");
    assert_eq!((evidence.procedure.as_str(), only(&judgement).verdict), ("paired_t_noninferiority", Verdict::Pass));

    let files = "[[runs]]\nfiles = \"runs/*/metrics.json\"\n[[rule]]\nmetric = \"acc\"\ndirection = \"higher\"\nmax_regression_abs = 0.02";
    let run = |value: f64| format!("{{\"acc\": {value}}}");
    let (a, b, c) = (run(0.9), run(0.91), run(0.7));
    let base = [("runs/1/metrics.json", a.as_str()), ("runs/2/metrics.json", b.as_str())];
    let head = [("runs/1/metrics.json", a.as_str()), ("runs/2/metrics.json", c.as_str())];
    let judgement = judged(&between(&base, &head), files);
    assert_eq!(only(&judgement).verdict, Verdict::Inconclusive, "two runs cannot tell");
    // A run that diverged is a candidate that is no number.
    let broken = [("runs/1/metrics.json", a.as_str()), ("runs/2/metrics.json", "{\"acc\": NaN}")];
    assert_eq!(only(&judged(&between(&base, &broken), files)).reasons, ["non-finite-candidate"]);
    // A run that is gone may be the one that went badly.
    let gone = [("runs/1/metrics.json", a.as_str())];
    let judgement = judged(&between(&base, &gone), files);
    assert_eq!(only(&judgement).verdict, Verdict::Inconclusive);
    assert_eq!(only(&judgement).reasons, ["too-few-runs", "missing-runs"]);
}

#[test]
fn equal_runs_are_a_notice_unless_the_training_is_deterministic() {
    let same = between(&[("m.json", "{\"acc\": [0.9, 0.9, 0.9]}")], &[("m.json", "{\"acc\": [0.9, 0.9, 0.9]}")]);
    let rule = "[[rule]]\nmetric = \"acc\"\ndirection = \"higher\"\nmax_regression_abs = 0.01";
    let judgement = judged(&same, rule);
    assert_eq!((only(&judgement).verdict, only(&judgement).reasons.as_slice()), (Verdict::Warn, &["zero-variance".to_owned()][..]));
    assert_eq!(judged(&same, &format!("[policy]\ndeterministic = true\n{rule}")).verdict, Verdict::Pass);
}

#[test]
fn history_fails_only_what_is_unusual_and_worse_than_accepted() {
    let place = |comparison: &Comparison| Place::of_row(&comparison.metrics[0]);
    let judged_with = |head: &str, values: Vec<f64>, more: &str| {
        let head = format!("{{\"acc\": {head}}}");
        let mut comparison = between(&[("m.json", "{\"acc\": 0.9}")], &[("m.json", &head)]);
        comparison.history = vec![Series { place: place(&comparison), values }];
        let text = format!("[[rule]]\nmetric = \"acc\"\nbaseline = \"window\"\ndirection = \"higher\"\n{more}");
        only(&judged(&comparison, &text)).clone()
    };
    let usual = vec![0.9, 0.91, 0.905, 0.899, 0.903, 0.907];
    for (head, more, verdict) in [
        ("0.85", "", Verdict::Fail),
        ("0.9", "", Verdict::Pass),
        ("0.85", "max_regression_abs = 0.01", Verdict::Fail),
        ("0.85", "max_regression_abs = 0.2", Verdict::Pass),
        ("0.895", "max_regression_abs = 0.001", Verdict::Inconclusive),
    ] {
        let finding = judged_with(head, usual.clone(), more);
        assert_eq!(finding.verdict, verdict, "{head} {more}: {finding:?}");
        assert_eq!(finding.evidence.map(|evidence| evidence.level), Some(Level::History));
    }
    assert_eq!(judged_with("0.85", Vec::new(), "").verdict, Verdict::NoBaseline);
    assert_eq!(judged_with("0.85", vec![0.9; 3], "").reasons, ["too-few-values"]);
    assert_eq!(judged_with("0.5", usual, "min = 0.6").reasons, ["below-min"], "bounds come first");
}

#[test]
fn the_mean_of_runs_has_a_history_too() {
    let text = "[[rule]]\nmetric = \"acc\"\nbaseline = \"window\"\ndirection = \"higher\"";
    let mut comparison = between(&[("m.json", "{\"acc\": [0.9, 0.91]}")], &[("m.json", "{\"acc\": [0.7, 0.71]}")]);
    let places = wanted(&comparison, &policy(text));
    let mean = places[WINDOW].iter().find(|place| place.metric.as_str() == "acc").expect("the list itself").clone();
    comparison.history = vec![Series { place: mean, values: vec![0.9, 0.91, 0.905, 0.899, 0.903] }];
    assert_eq!(only(&judged(&comparison, text)).verdict, Verdict::Fail);
}

#[test]
fn an_anchor_sees_what_adds_up() {
    let mut comparison = between(&[("m.json", "{\"acc\": 0.9}")], &[("m.json", "{\"acc\": 0.895}")]);
    let since = between(&[("m.json", "{\"acc\": 0.93}")], &[("m.json", "{\"acc\": 0.895}")]);
    comparison.references =
        vec![crate::reference::Reference { metrics: since.metrics, ..crate::reference::Reference::new("production", "v1") }];
    let text = "[baselines]\nproduction = \"v1\"\n[[rule]]\nmetric = \"acc\"\ndirection = \"higher\"\nmax_regression_abs = 0.01\nanchor = \"production\"\nbudget = 0.02";
    let judgement = judged(&comparison, text);
    let [step, total] = judgement.findings.as_slice() else { panic!("two findings") };
    assert_eq!((step.verdict, step.against.as_deref()), (Verdict::Pass, None));
    assert_eq!((total.verdict, total.against.as_deref()), (Verdict::Fail, Some("production")));
    assert!(total.explanation.contains("production (v1)"), "{}", total.explanation);
    // Stored results that were never compared with it are not judged.
    let alone = Comparison { references: Vec::new(), ..comparison.clone() };
    assert!(judged(&alone, text).is_blocked_unjudged());
    // A name that leads nowhere is no pass.
    comparison.references[0].problem = Some("there is no tag".to_owned());
    let judgement = judged(&comparison, text);
    assert_eq!(judgement.findings[1].verdict, Verdict::NoBaseline);
    assert!(judgement.findings[1].explanation.contains("there is no tag"));
}

#[test]
fn severity_may_depend_on_the_evidence() {
    let rule = "max_regression_abs = 0.01\nseverity_at = {rows = \"warn\"}";
    let judgement = judged(&of_table(vec![accuracy(700, 100, 10_000)]), &with_rule(rule));
    assert_eq!((judgement.verdict, judgement.effect), (Verdict::Warn, Effect::Notice));
}

#[test]
fn a_procedure_that_the_evidence_does_not_allow_decides_nothing() {
    let judgement = judged(&of_table(vec![accuracy(0, 0, 10_000)]), &with_rule("max_regression_abs = 0.01\nprocedure = \"delong\""));
    assert_eq!(
        (only(&judgement).verdict, only(&judgement).reasons.as_slice()),
        (Verdict::Inconclusive, &["procedure-unavailable".to_owned()][..])
    );
    let judgement = judged(&of_table(vec![accuracy(20, 10, 200)]), &with_rule("max_regression_abs = 0.01\nprocedure = \"scalar\""));
    assert_eq!(only(&judgement).verdict, Verdict::Fail, "five points down, whatever the noise");
}

#[test]
fn a_waiver_makes_a_known_loss_a_notice() {
    let text = format!(
        "{}\n[waivers]\napprovers = [\"alice\"]\n[[waiver]]\nmetric = \"accuracy\"\ntable = \"test\"\naccept_loss = 0.08\nexpires = 2026-12-01\nreason = \"new labels\"\nissue = \"#7\"\napproved_by = \"alice\"\npull_request = 12\n",
        with_rule("max_regression_abs = 0.01")
    );
    let at = |author: &str, day: &str| Circumstances {
        today: Date::parse(day).expect("a day"),
        pull_request: Some(12),
        commits: Vec::new(),
        author: Some(author.to_owned()),
    };
    let comparison = of_table(vec![accuracy(700, 100, 10_000)]);
    let waived = judge(&comparison, &policy(&text), &at("bob", "2026-11-20"));
    assert_eq!((waived.verdict, waived.effect), (Verdict::Waived, Effect::Notice), "{:?}", waived.waivers);
    for (author, day) in [("Alice", "2026-11-20"), ("bob", "2026-12-02")] {
        let judgement = judge(&comparison, &policy(&text), &at(author, day));
        assert_eq!(judgement.effect, Effect::Block, "{author} {day}");
        assert!(!judgement.waivers.is_empty());
        assert!(judgement.findings[0].waiver_text.as_ref().is_some_and(|text| text.contains("[[waiver]]")));
    }
}

#[test]
fn composite_rules_see_slices_and_fail_closed() {
    let slice = |value: &str, n01| Measured { slice: Slice::all().with("country", value), ..accuracy(0, n01, 1000) };
    let comparison = of_table(vec![accuracy(10, 10, 2000), slice("DE", 0), slice("FR", 150)]);
    let text = format!(
        "{TABLE}[[composite]]\nname = \"fair\"\ngap = {{metric = \"accuracy\", table = \"test\", by = \"country\", max_change = 0.05}}\n[[rule]]\ntable = \"test\"\nmetric = \"accuracy\"\nmin = 0.5\n"
    );
    let judgement = judged(&comparison, &text);
    let fair = judgement.findings.iter().find(|finding| finding.rule.as_deref() == Some("fair")).expect("a finding");
    assert_eq!(fair.verdict, Verdict::Fail, "{fair:?}");
    let unknown = text.replace("metric = \"accuracy\", table", "metric = \"acuracy\", table");
    let judgement = judged(&comparison, &unknown);
    assert!(judgement.is_blocked_unjudged());
    let hint = judgement.findings.iter().find_map(|finding| finding.hint.clone());
    assert_eq!(hint.as_deref(), Some("did you mean `accuracy`?"));
}

#[test]
fn what_no_rule_judges_is_shown_and_never_counts() {
    let judgement = judged(
        &of_table(vec![
            accuracy(10, 10, 2000),
            rows("f1", Sample::PairedCells { cells: [900, 10, 20, 70, 10, 30, 10, 950], seed: 1 }, 0.9, 0.91, 2000),
        ]),
        &with_rule("min = 0.5"),
    );
    assert_eq!((judgement.findings.len(), judgement.shown.len()), (1, 1));
    assert_eq!(judgement.shown[0].metric.as_str(), "f1");
    assert!(judgement.shown[0].evidence.as_ref().is_some_and(|evidence| evidence.lower.is_some() && evidence.margin.is_none()));
    assert_eq!(judgement.verdict, Verdict::Pass);
}

#[test]
fn names_that_lead_nowhere_are_refused() {
    let refused = |text: &str| {
        let file = RepoPath::parse("proofmark.toml").expect("a path");
        let problem = crate::config::parse(&file, text.as_bytes()).expect_err("must be refused");
        format!("{}; {}", problem.message, problem.hint.unwrap_or_default())
    };
    for (text, expected) in [
        (format!("{TABLE}[[rule]]\ntable = \"tset\"\nmetric = \"f1\"\nmin = 0"), "did you mean `test`?"),
        (
            "[baselines]\nproduction = \"v1\"\n[[rule]]\nmetric = \"a\"\nmin = 0\nbaseline = \"prodution\"".to_owned(),
            "did you mean `production`?",
        ),
        ("[[rule]]\nmetric = \"a\"\nmin = 0\nanchor = \"best\"".to_owned(), "`anchor` and `budget` belong together"),
        ("[[rule]]\nmetric = \"a\"\nmin = 0\nslice = {country = \"DE\"}".to_owned(), "`slice` needs a `table`"),
        ("[[runs]]\nfiles = \"a/b.json\"".to_owned(), "one `*`"),
        ("[[table]]\nname = \"t\"\nfile = \"../x.csv\"".to_owned(), "`file`"),
        ("[policy]\nalpha = 0.9".to_owned(), "`alpha` must be above 0"),
        ("[history]\nref = \"refs/heads/main\"".to_owned(), "refs/proofmark/"),
        ("[[composite]]\nname = \"x\"\nexpression = \"candidat(\\\"a\\\") > 1\"".to_owned(), "candidate"),
    ] {
        let told = refused(&text);
        assert!(told.contains(expected), "{text}: {told}");
    }
}

#[test]
fn a_bound_on_another_test_set_is_not_kept_silently() {
    let obstacle = Some(Obstacle { reason: Why::DifferentTestSet, told: "3 labels differ".to_owned() });
    let other = Measured { sample: None, obstacle, ..accuracy(10, 10, 1000) };
    let verdict = |rule: &str| {
        let judgement = judged(&of_table(vec![other.clone()]), &with_rule(rule));
        (only(&judgement).verdict, only(&judgement).effect)
    };
    assert_eq!(verdict("min = 0.5"), (Verdict::Inconclusive, Effect::Notice));
    assert_eq!(verdict("min = 0.95"), (Verdict::Fail, Effect::Block));
    let strict = format!("[policy]\nother_rows = \"block\"\n{}", with_rule("max_regression_abs = 0.5"));
    assert_eq!(only(&judged(&of_table(vec![other]), &strict)).effect, Effect::Block);
}

#[test]
fn few_rows_at_the_head_do_not_spare_it_the_bounds() {
    let few = Measured { n_head: 20, head: Some(0.1), ..accuracy(10, 10, 1000) };
    assert_eq!(only(&judged(&of_table(vec![few.clone()]), &with_rule("min = 0.5"))).verdict, Verdict::Fail);
    let slice = Measured { slice: Slice::all().with("country", "DE"), ..few };
    let judgement = judged(&of_table(vec![slice]), &with_rule("slice = {country = \"DE\"}\nmin = 0.5"));
    assert_eq!((only(&judgement).verdict, only(&judgement).severity), (Verdict::Fail, Severity::Fail));
}

#[test]
fn a_composite_rule_is_not_fooled() {
    let rule = |expression: &str| {
        format!(
            "{TABLE}[[composite]]\nname = \"x\"\nexpression = '{expression}'\n[[rule]]\ntable = \"test\"\nmetric = \"accuracy\"\nmin = 0.1\n"
        )
    };
    let of = |comparison: &Comparison, expression: &str| {
        let judgement = judged(comparison, &rule(expression));
        judgement.findings.iter().find(|finding| finding.rule.as_deref() == Some("x")).expect("a finding").clone()
    };
    // A metrics file with a key that looks like the table's metric.
    let forged =
        Comparison { measured: vec![accuracy(10, 10, 1000)], ..between(&[("m.json", "{}")], &[("m.json", "{\"test:accuracy\": 0.99}")]) };
    assert_eq!(of(&forged, "candidate(\"test:accuracy\") >= 0.9").verdict, Verdict::Fail);
    // Another test set.
    let obstacle = Some(Obstacle { reason: Why::DifferentTestSet, told: "3 labels differ".to_owned() });
    let other = of_table(vec![Measured { sample: None, obstacle, head: Some(0.99), ..accuracy(10, 10, 1000) }]);
    for expression in ["improvement(\"test:accuracy\") >= -0.01", "candidate(\"test:accuracy\") >= 0.9"] {
        assert_eq!(of(&other, expression).verdict, Verdict::Inconclusive, "{expression}");
    }
    // What is no number does not leave a rule undecided, which may be allowed.
    let broken = between(&[("m.json", "{\"size_mb\": 100}")], &[("m.json", "{\"size_mb\": NaN}")]);
    let broken = Comparison { measured: vec![accuracy(10, 10, 1000)], ..broken };
    assert_eq!(of(&broken, "candidate(\"size_mb\") < 150").verdict, Verdict::Fail);
}

#[test]
fn a_waiver_accepts_no_other_test_set() {
    let text = format!(
        "{}\n[waivers]\napprovers = [\"alice\"]\n[[waiver]]\nmetric = \"accuracy\"\ntable = \"test\"\naccept_loss = 0.5\nexpires = 2026-12-01\nreason = \"known\"\nissue = \"#7\"\napproved_by = \"alice\"\npull_request = 12\n",
        with_rule("max_regression_abs = 0.01\ninconclusive = \"block\"")
    );
    let at = Circumstances {
        today: Date::parse("2026-11-20").expect("a day"),
        pull_request: Some(12),
        commits: Vec::new(),
        author: Some("bob".to_owned()),
    };
    let obstacle = Some(Obstacle { reason: Why::DifferentTestSet, told: "3 labels differ".to_owned() });
    let other = Measured { sample: None, obstacle, ..accuracy(10, 10, 1000) };
    assert_eq!(judge(&of_table(vec![other]), &policy(&text), &at).effect, Effect::Block);
}

#[test]
fn a_few_groups_prove_nothing() {
    let quantiles = vec![0.0; crate::evidence::levels().len()];
    let few = Sample::Replicates { n: 2, difference: 0.0, resamples: 10_000, dropped: 0, seed: 1, sd: 0.0, quantiles };
    let judgement =
        judged(&of_table(vec![rows("f1", few, 0.9, 0.9, 1000)]), &with_rule("max_regression_abs = 0.01").replace("accuracy", "f1"));
    assert_eq!((only(&judgement).verdict, only(&judgement).reasons.as_slice()), (Verdict::Inconclusive, &["too-few-pairs".to_owned()][..]));
}
