//! Every metric against values worked out by hand, and where each is undefined.

use proofmark_core::config::Table as Declared;

use crate::evaluate::{Request, Settings, evaluate};
use crate::metric::Metric;
use crate::rows::tests::{numbers, table, texts, whole};
use crate::table::Table;

fn value(head: &Table, spec: &Declared, name: &str) -> Option<f64> {
    let spec = Declared { file: "predictions.csv".to_owned(), ..spec.clone() };
    let request = Request::new(Metric::parse(name).expect("a metric"));
    let found = evaluate(None, Some(head), &spec, &[request], &Settings::default(), &|_, _| ()).expect("can be evaluated");
    found.first().expect("one result").head
}

fn assert_values(head: &Table, spec: &Declared, expected: &[(&str, Option<f64>)]) {
    for (name, expected) in expected {
        let found = value(head, spec, name);
        let close = found.zip(*expected).is_some_and(|(found, expected)| (found - expected).abs() < 1e-14);
        assert!(close || (found.is_none() && expected.is_none()), "{name}: {found:?}, not {expected:?}");
    }
}

fn declared(score: Option<&str>) -> Declared {
    Declared { label: Some("y".to_owned()), prediction: Some("p".to_owned()), score: score.map(str::to_owned), ..Declared::default() }
}

#[test]
fn of_two_classes() {
    let head = table(0, &[("y", whole(&[1, 0, 1, 1, 0])), ("p", whole(&[1, 0, 0, 1, 1])), ("s", numbers(&[0.75, 0.25, 0.5, 0.5, 0.5]))]);
    let logs = -((0.75_f64.ln() * 2.0 + 0.5_f64.ln() * 3.0) / 5.0);
    assert_values(
        &head,
        &declared(Some("s")),
        &[
            ("accuracy", Some(0.6)),
            ("balanced_accuracy", Some((2.0 / 3.0 + 0.5) / 2.0)),
            ("precision", Some(2.0 / 3.0)),
            ("recall", Some(2.0 / 3.0)),
            ("specificity", Some(0.5)),
            ("f1", Some(2.0 / 3.0)),
            ("f1[0]", Some(0.5)),
            ("f1[7]", None),
            ("fbeta(2)", Some(2.0 / 3.0)),
            ("mcc", Some(1.0 / 6.0)),
            ("roc_auc", Some(5.0 / 6.0)),
            ("pr_auc", Some(1.0 / 3.0 + 2.0 / 3.0 * 0.75)),
            ("log_loss", Some(logs)),
            ("brier", Some((2.0 * 0.0625 + 3.0 * 0.25) / 5.0)),
            // One bin of 0.25 and 0.5, which is its upper edge, and one of 0.75.
            ("ece(2)", Some(((1.75_f64 - 2.0).abs() + 0.25) / 5.0)),
        ],
    );
}

/// As `precision_score([0, 0, 1], [0, 0, 2], average="macro", sample_weight=[1, 1, 0])` of scikit-learn.
#[test]
fn a_class_whose_rows_weigh_nothing_is_a_class() {
    let head = table(0, &[("y", whole(&[0, 0, 1])), ("p", whole(&[0, 0, 2])), ("w", numbers(&[1.0, 1.0, 0.0]))]);
    let spec = Declared { weight: Some("w".to_owned()), ..declared(None) };
    assert_values(&head, &spec, &[("precision_macro", Some(1.0 / 3.0)), ("precision_weighted", Some(1.0))]);
}

#[test]
fn of_two_classes_at_the_edges() {
    let negative = table(0, &[("y", whole(&[0, 0])), ("p", whole(&[0, 0])), ("s", numbers(&[0.0, 1.0]))]);
    let spec = Declared { positive: Some("1".to_owned()), ..declared(Some("s")) };
    let worst = -f64::EPSILON.ln();
    let best = -(1.0 - f64::EPSILON).ln();
    assert_values(
        &negative,
        &spec,
        &[
            ("precision", None),
            ("recall", None),
            ("f1", None),
            ("mcc", Some(0.0)),
            ("specificity", Some(1.0)),
            ("balanced_accuracy", Some(1.0)),
            ("roc_auc", None),
            ("pr_auc", None),
            ("log_loss", Some((worst + best) / 2.0)),
        ],
    );
    let positive = table(0, &[("y", whole(&[1, 1])), ("p", whole(&[0, 0])), ("s", numbers(&[0.5, 1.5]))]);
    assert_values(&positive, &spec, &[("recall", Some(0.0)), ("f1", Some(0.0)), ("pr_auc", Some(1.0)), ("roc_auc", None), ("brier", None)]);
    let infinite = table(0, &[("y", whole(&[1, 0])), ("s", numbers(&[f64::INFINITY, f64::NEG_INFINITY]))]);
    assert_values(&infinite, &Declared { prediction: None, ..spec }, &[("roc_auc", Some(1.0)), ("accuracy", Some(1.0)), ("brier", None)]);
}

#[test]
fn scores_predict_from_the_threshold_on() {
    let head = table(0, &[("y", texts(&["yes", "no", "no"])), ("s", numbers(&[0.7, 0.7, 0.2]))]);
    let spec = Declared { prediction: None, threshold: Some(0.7), ..declared(Some("s")) };
    assert_values(&head, &spec, &[("accuracy", Some(2.0 / 3.0)), ("recall", Some(1.0)), ("precision", Some(0.5))]);
}

#[test]
fn of_several_classes() {
    let head = table(0, &[("y", texts(&["a", "a", "b", "c"])), ("p", texts(&["a", "b", "b", "a"]))]);
    assert_values(
        &head,
        &declared(None),
        &[
            ("accuracy", Some(0.5)),
            ("balanced_accuracy", Some((0.5 + 1.0 + 0.0) / 3.0)),
            // c is never predicted: 0, as in scikit-learn.
            ("precision_macro", Some((0.5 + 0.5 + 0.0) / 3.0)),
            ("recall_weighted", Some(0.5)),
            ("f1_micro", Some(0.5)),
            ("f1_macro", Some((0.5 + 2.0 / 3.0 + 0.0) / 3.0)),
            ("precision[c]", None),
            ("recall[b]", Some(1.0)),
            // Matches 2 of 4; labels 2, 1, 1; predictions 2, 2, 0.
            ("mcc", Some((2.0 * 4.0 - 6.0) / (10.0_f64 * 8.0).sqrt())),
        ],
    );
}

#[test]
fn of_scores_of_each_class() {
    let scores = [("a", [0.5, 0.25, 0.25]), ("b", [0.25, 0.5, 0.25]), ("c", [0.25, 0.25, 0.5])];
    let columns: Vec<_> = scores.iter().map(|(class, scores)| (*class, numbers(scores))).collect();
    let head = table(0, &[[("y", texts(&["a", "b", "b"]))].as_slice(), &columns].concat());
    let own = scores.iter().map(|(class, _)| ((*class).to_owned(), (*class).to_owned())).collect();
    let spec = Declared { prediction: None, scores: own, ..declared(None) };
    assert_values(
        &head,
        &spec,
        &[
            ("accuracy", Some(2.0 / 3.0)),
            ("log_loss", Some(-(2.0 * 0.5_f64.ln() + 0.25_f64.ln()) / 3.0)),
            ("brier", Some((2.0 * 0.375 + 0.0625 + 0.5625 + 0.25) / 3.0)),
            ("ece", Some((1.5_f64 - 2.0).abs() / 3.0)),
            // No row is of class c.
            ("roc_auc_ovr", None),
        ],
    );
    let ranked = table(0, &[[("y", texts(&["a", "b", "c"]))].as_slice(), &columns].concat());
    assert_values(&ranked, &spec, &[("roc_auc_ovr", Some(1.0))]);
}

#[test]
fn of_numbers() {
    let head =
        table(0, &[("y", numbers(&[1.0, 2.0, 0.0, 4.0])), ("p", numbers(&[2.0, 2.0, 0.0, 2.0])), ("v", numbers(&[4.0, 1.0, 3.0, 2.0]))]);
    assert_values(
        &head,
        &declared(None),
        &[
            ("mae", Some(0.75)),
            ("rmse", Some(1.25_f64.sqrt())),
            ("r2", Some(1.0 - 5.0 / 8.75)),
            ("mape", Some((1.0 + 0.5) / 4.0)),
            ("pinball(0.75)", Some((0.25 + 1.5) / 4.0)),
            ("mean(v)", Some(2.5)),
            ("quantile(0.5, v)", Some(2.5)),
            ("quantile(1, v)", Some(4.0)),
        ],
    );
    let flat = table(0, &[("y", numbers(&[0.1, 0.1])), ("p", numbers(&[0.1, 0.2]))]);
    assert_values(&flat, &declared(None), &[("r2", None), ("mae", Some(0.05))]);
    let zero = table(0, &[("y", numbers(&[0.0])), ("p", numbers(&[1.0]))]);
    assert_values(&zero, &declared(None), &[("mape", Some(1.0 / f64::EPSILON))]);
}

#[test]
fn quantiles_by_weight_are_values_that_are_there() {
    let head = table(0, &[("v", numbers(&[3.0, 1.0, 2.0])), ("w", numbers(&[1.0, 2.0, 1.0]))]);
    let spec = Declared { weight: Some("w".to_owned()), ..Declared::default() };
    assert_values(&head, &spec, &[("quantile(0.5, v)", Some(1.0)), ("quantile(0.51, v)", Some(2.0)), ("mean(v)", Some(1.75))]);
}
