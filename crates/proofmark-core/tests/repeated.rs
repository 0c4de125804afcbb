//! Repeated runs of a tracking server: rows have their means, and rules judge the runs.

use std::collections::BTreeMap;

use proofmark_core::compare::{BaseKind, Baseline, Comparison, Sides, compare};
use proofmark_core::config;
use proofmark_core::gate::{Finding, Judgement, Level, Verdict, judge};
use proofmark_core::key::Key;
use proofmark_core::path::RepoPath;
use proofmark_core::policy::{Policy, PolicyOrigin};
use proofmark_core::ports::Revision;
use proofmark_core::problem::{Problem, ProblemKind};
use proofmark_core::report::{self, Report};
use proofmark_core::snapshot::{Reading, Snapshot};
use proofmark_core::value::Value;
use proofmark_core::waiver::Circumstances;

const FILE: &str = "mlflow:churn";

fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a path")
}

fn side(runs: &[(&str, &[(&str, f64)])]) -> Snapshot {
    let runs = runs.iter().map(|(run, values)| {
        let mut leaves: Vec<(Key, Value)> = values.iter().map(|(name, value)| (Key::root().child(name), Value::Float(*value))).collect();
        leaves.sort_by(|one, two| one.0.cmp(&two.0));
        ((*run).to_owned(), leaves)
    });
    Snapshot {
        revision: Revision::commit("main", "0".repeat(40), ""),
        metrics: BTreeMap::from([(path(FILE), Reading::of_runs(runs.collect()))]),
        params: BTreeMap::new(),
        data: BTreeMap::new(),
        problems: Vec::new(),
    }
}

fn compared(base: &Snapshot, head: &Snapshot, policy: &Policy) -> Comparison {
    let sides = Sides { base, head, tip: None, baseline: Baseline::new(BaseKind::Tip, "main") };
    compare(&sides, &|file, key| policy.orient(file, key))
}

fn policy(text: &str) -> Policy {
    let config = config::parse(&path("proofmark.toml"), text.as_bytes()).expect("a policy").expect("there");
    Policy::compile(&config, PolicyOrigin::BuiltIn, None).expect("a policy")
}

fn judged(base: &Snapshot, head: &Snapshot, rules: &str) -> (Comparison, Judgement) {
    let policy = policy(rules);
    let comparison = compared(base, head, &policy);
    let judgement = judge(&comparison, &policy, &Circumstances::default());
    (comparison, judgement)
}

fn only(judgement: &Judgement) -> &Finding {
    assert_eq!(judgement.findings.len(), 1, "{:?}", judgement.findings);
    &judgement.findings[0]
}

const AUC: &str = "[[rule]]\nmetric = \"auc\"\nmax_regression_abs = 0.01\n";

#[test]
fn one_run_a_side_is_a_plain_value() {
    let (comparison, judgement) = judged(&side(&[("a", &[("auc", 0.9)])]), &side(&[("b", &[("auc", 0.88)])]), AUC);
    assert!(comparison.repeated.is_empty());
    assert_eq!(only(&judgement).verdict, Verdict::Fail);
    assert_eq!(only(&judgement).evidence.as_ref().map(|evidence| evidence.level), Some(Level::Point));
}

#[test]
fn several_runs_are_judged_with_their_noise() {
    let base = side(&[("a", &[("auc", 0.900)]), ("b", &[("auc", 0.902)]), ("c", &[("auc", 0.898)])]);
    let same = side(&[("d", &[("auc", 0.899)]), ("e", &[("auc", 0.901)]), ("f", &[("auc", 0.900)])]);
    let worse = side(&[("d", &[("auc", 0.850)]), ("e", &[("auc", 0.852)]), ("f", &[("auc", 0.848)])]);
    for rules in [
        AUC,
        "[[rule]]\nmetric = \"*\"\nfile = \"mlflow:churn\"\nmax_regression_abs = 0.01\n",
        "[[rule]]\nmetric = \"a*\"\nfile = \"mlflow:*\"\nmargin = 0.01\n",
    ] {
        let (comparison, judgement) = judged(&base, &same, rules);
        let finding = only(&judgement);
        assert_eq!((finding.verdict, finding.evidence.as_ref().map(|evidence| evidence.level)), (Verdict::Pass, Some(Level::Runs)));
        assert_eq!(comparison.metrics.len(), 1);
        assert!(comparison.metrics[0].base.as_ref().and_then(Value::as_f64).is_some_and(|mean| (mean - 0.9).abs() < 1e-12));
        assert_eq!(only(&judged(&base, &worse, rules).1).verdict, Verdict::Fail);
    }
    // The built-in policy judges what its name tells.
    let finding = judge(&compared(&base, &worse, &Policy::built_in()), &Policy::built_in(), &Circumstances::default());
    assert_eq!(only(&finding).verdict, Verdict::Fail);
}

#[test]
fn a_run_that_diverged_and_runs_that_are_gone() {
    let base = side(&[("a", &[("auc", 0.9)]), ("b", &[("auc", 0.9)]), ("c", &[("auc", 0.9)])]);
    let diverged = side(&[("d", &[("auc", 0.9)]), ("e", &[("auc", f64::NAN)]), ("f", &[("auc", 0.9)])]);
    assert_eq!(only(&judged(&base, &diverged, AUC).1).verdict, Verdict::Fail);
    let no_metric = side(&[("d", &[("f1", 0.9)]), ("e", &[("f1", 0.9)])]);
    assert!(judged(&base, &no_metric, AUC).1.findings.iter().any(|finding| finding.verdict == Verdict::Fail));
    // One run beside several has no spread: it is not told that nothing got worse.
    let spread = side(&[("a", &[("auc", 0.90)]), ("b", &[("auc", 0.91)]), ("c", &[("auc", 0.89)])]);
    let verdict = |head: &Snapshot| only(&judged(&spread, head, AUC).1).verdict;
    assert_eq!(verdict(&side(&[("d", &[("auc", 0.905)])])), Verdict::Inconclusive);
    assert_eq!(verdict(&side(&[("d", &[("auc", 0.87)])])), Verdict::Inconclusive);
    // A loss beyond what the others vary by needs no second run.
    assert_eq!(verdict(&side(&[("d", &[("auc", 0.7)])])), Verdict::Fail);
}

#[test]
fn a_side_that_cannot_be_read_is_no_run_that_is_missing() {
    let base = side(&[("a", &[("auc", 0.9)]), ("b", &[("auc", 0.91)])]);
    let mut head = side(&[("d", &[("auc", 0.9)])]);
    let problem = Problem::new(ProblemKind::Unavailable, path(FILE), "has no run");
    head.metrics.insert(path(FILE), Reading::unavailable(problem));
    let (_, judgement) = judged(&base, &head, AUC);
    assert!(judgement.is_blocked_unjudged(), "{:?}", judgement.findings);
}

#[test]
fn names_pair_runs() {
    let seeds =
        |shift: f64| -> Vec<(String, f64)> { (0..4).map(|seed| (format!("seed={seed}"), 0.8 + 0.03 * f64::from(seed) + shift)).collect() };
    let of = |values: &[(String, f64)]| {
        let runs: Vec<[(&str, f64); 1]> = values.iter().map(|(_, value)| [("auc", *value)]).collect();
        let named: Vec<(&str, &[(&str, f64)])> = values.iter().zip(&runs).map(|((name, _), run)| (name.as_str(), run.as_slice())).collect();
        side(&named)
    };
    let mut head = seeds(-0.001);
    head[1].1 += 0.0005;
    let (_, judgement) = judged(&of(&seeds(0.0)), &of(&head), AUC);
    let evidence = only(&judgement).evidence.clone().expect("runs");
    assert_eq!((only(&judgement).verdict, evidence.procedure.as_str()), (Verdict::Pass, "paired_t_noninferiority"), "{evidence:?}");
}

#[test]
fn a_stored_report_keeps_the_runs() {
    let base = side(&[("a", &[("auc", 0.9)]), ("b", &[("auc", 0.91)])]);
    let head = side(&[("d", &[("auc", f64::NAN)]), ("e", &[("auc", f64::INFINITY)])]);
    let (comparison, judgement) = judged(&base, &head, AUC);
    let report = Report::new("0", comparison, judgement);
    let text = serde_json::to_string(&report).expect("a document");
    let read = report::read(text.as_bytes()).expect("what was written");
    assert_eq!(serde_json::to_string(&read).expect("a document"), text);
    assert_eq!(read.comparison.repeated.len(), 1);
    assert!(matches!(read.comparison.repeated[0].head["d"], Value::Float(value) if value.is_nan()));
    let again = judge(&read.comparison, &policy(AUC), &Circumstances::default());
    assert_eq!(again.verdict, report.judgement.verdict);
}
