//! Two tables, and what is said of them.

use proofmark_core::evidence::{Sample, Why};
use proptest::prelude::*;

use super::*;
use crate::column::Column;
use crate::rows::tests::{numbers, table, texts, whole};

fn spec() -> Declared {
    let named = |name: &str| Some(name.to_owned());
    Declared {
        name: "test".to_owned(),
        file: "predictions.csv".to_owned(),
        id: named("id"),
        label: named("label"),
        prediction: named("prediction"),
        score: named("score"),
        ..Declared::default()
    }
}

fn requests(names: &[&str]) -> Vec<Request> {
    names.iter().map(|name| Request::new(Metric::parse(name).expect("a metric"))).collect()
}

fn by(column: &str, pattern: &str, name: &str) -> Request {
    Request { selector: Selector::all().with(column, pattern), ..Request::new(Metric::parse(name).expect("a metric")) }
}

fn measure(base: Option<&Table>, head: Option<&Table>, spec: &Declared, requests: &[Request]) -> Vec<Measured> {
    evaluate(base, head, spec, requests, &Settings { resamples: 200, threads: 1 }, &|_, _| ()).expect("can be evaluated")
}

fn refused(base: &Table, spec: &Declared, names: &[&str]) -> String {
    let error = evaluate(Some(base), Some(base), spec, &requests(names), &Settings::default(), &|_, _| ()).expect_err("must be refused");
    format!("{error}; {}", error.hint().unwrap_or_default())
}

fn reason(measured: &[Measured]) -> Option<(Why, &str)> {
    measured.first().and_then(|measured| measured.obstacle.as_ref()).map(|obstacle| (obstacle.reason, obstacle.told.as_str()))
}

/// Six rows: `right` says where the prediction is the label.
fn six(digest: u8, prediction: [i64; 6], score: [f64; 6]) -> Table {
    let columns = [
        ("id", whole(&[1, 2, 3, 4, 5, 6])),
        ("label", whole(&[1, 1, 1, 0, 0, 0])),
        ("prediction", whole(&prediction)),
        ("score", numbers(&score)),
        ("country", texts(&["DE", "DE", "FR", "FR", "DE", ""])),
        ("user", texts(&["a", "a", "b", "b", "c", "c"])),
    ];
    table(digest, &columns)
}

fn base() -> Table {
    six(1, [1, 1, 0, 0, 0, 1], [0.9, 0.8, 0.3, 0.2, 0.1, 0.6])
}

fn head() -> Table {
    six(2, [1, 0, 1, 0, 0, 1], [0.9, 0.4, 0.7, 0.2, 0.1, 0.6])
}

#[test]
fn each_metric_keeps_what_its_procedure_needs() {
    let found = measure(Some(&base()), Some(&head()), &spec(), &requests(&["accuracy", "f1", "roc_auc", "brier", "pr_auc"]));
    let samples: Vec<&Sample> = found.iter().filter_map(|measured| measured.sample.as_ref()).collect();
    let [accuracy, f1, auc, brier, average] = samples.as_slice() else { panic!("five samples: {found:?}") };
    assert_eq!(**accuracy, Sample::PairedProportion { n11: 3, n10: 1, n01: 1, n00: 1 });
    let Sample::PairedCells { cells, seed } = f1 else { panic!("{f1:?}") };
    assert_eq!(*cells, [2, 0, 0, 1, 0, 1, 1, 1]);
    assert_ne!(*seed, 0);
    let Sample::PairedAuc { positives: 3, negatives: 3, base, head, .. } = auc else { panic!("{auc:?}") };
    assert_eq!((*base, *head), (8.0 / 9.0, 8.0 / 9.0));
    let Sample::PairedMeans { n: 6, difference, few, clusters: false, .. } = brier else { panic!("{brier:?}") };
    assert_eq!(few.len(), 6);
    let by_hand = (0.6 * 0.6 - 0.2 * 0.2 + 0.3 * 0.3 - 0.7 * 0.7) / 6.0;
    assert!((difference - by_hand).abs() < 1e-15);
    let Sample::Replicates { n: 6, resamples: 200, quantiles, .. } = average else { panic!("{average:?}") };
    assert!(quantiles.is_sorted() && quantiles.len() == proofmark_core::evidence::levels().len());
    assert!(found.iter().all(|measured| measured.n_base == 6 && measured.n_head == 6 && measured.obstacle.is_none()));
}

#[test]
fn rows_in_another_order_are_the_same_rows() {
    let order = [5, 3, 0, 1, 4, 2];
    let plain = head();
    let turned: Vec<(&str, Column)> = plain.columns().map(|(name, column)| (name, pick(column, &order))).collect();
    let names = requests(&["accuracy", "f1", "roc_auc", "brier"]);
    let sides = (measure(Some(&base()), Some(&plain), &spec(), &names), measure(Some(&base()), Some(&table(2, &turned)), &spec(), &names));
    assert_eq!(sides.0, sides.1);
}

fn pick(column: &Column, rows: &[usize]) -> Column {
    match column {
        Column::Integers { values, .. } => whole(&rows.iter().map(|row| values[*row]).collect::<Vec<_>>()),
        Column::Numbers { values, .. } => numbers(&rows.iter().map(|row| values[*row]).collect::<Vec<_>>()),
        Column::Texts(known) => texts(&rows.iter().map(|row| known.at(*row).unwrap_or_default()).collect::<Vec<_>>()),
        Column::Booleans { .. } => panic!("no truth values here"),
    }
}

#[test]
fn slices_are_those_of_the_base_and_a_named_one_never_vanishes() {
    let found = measure(
        Some(&base()),
        Some(&head()),
        &spec(),
        &[by("country", "*", "accuracy"), by("country", "FR", "accuracy"), by("country", "", "accuracy"), by("country", "US", "accuracy")],
    );
    let told: Vec<(String, Option<f64>, u64)> = found.iter().map(|one| (one.slice.to_string(), one.head, one.n_head)).collect();
    let expected = [
        ("country=(missing)", Some(0.0), 1),
        ("country=DE", Some(2.0 / 3.0), 3),
        ("country=FR", Some(1.0), 2),
        ("country=FR", Some(1.0), 2),
        ("country=(missing)", Some(0.0), 1),
        ("country=US", None, 0),
    ];
    assert_eq!(told, expected.map(|(slice, value, rows)| (slice.to_owned(), value, rows)));
    assert_eq!(found.last().and_then(|last| last.obstacle.clone()).map(|obstacle| obstacle.reason), Some(Why::MissingSlice));
}

#[test]
fn a_head_that_moves_a_row_is_another_test_set() {
    let plain = head();
    let moved: Vec<(&str, Column)> = (plain.columns())
        .map(|(name, column)| (name, if name == "country" { texts(&["DE", "FR", "FR", "FR", "DE", ""]) } else { column.clone() }))
        .collect();
    let moved = table(2, &moved);
    let found = measure(Some(&base()), Some(&moved), &spec(), &[by("country", "DE", "accuracy")]);
    let told = "1 of 6 rows have another slice `country`; at id `2` the slice is `DE` at the base and `FR` at the head";
    assert_eq!(reason(&found), Some((Why::DifferentTestSet, told)));
    assert!(found.iter().all(|one| one.sample.is_none() && one.head == Some(1.0) && one.base == Some(1.0)));
}

#[test]
fn a_nan_in_a_score_spoils_its_slice_only() {
    let broken = six(2, [1, 0, 1, 0, 0, 1], [0.9, 0.4, f64::NAN, 0.2, 0.1, 0.6]);
    let found = measure(Some(&base()), Some(&broken), &spec(), &[by("country", "*", "brier")]);
    let reasons: Vec<Option<Why>> = found.iter().map(|one| one.obstacle.as_ref().map(|obstacle| obstacle.reason)).collect();
    assert_eq!(reasons, [None, None, Some(Why::NonFiniteCandidate)]);
    assert_eq!(found.iter().map(|one| one.head.is_some()).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn one_class_has_no_area() {
    let found = measure(Some(&base()), Some(&head()), &spec(), &[by("country", "", "roc_auc"), by("country", "", "recall")]);
    assert_eq!(reason(&found), Some((Why::UndefinedCandidate, "head: `roc_auc` is undefined: all rows are of one class")));
    assert_eq!(found.last().and_then(|one| one.head), None);
}

#[test]
fn one_side_alone_has_its_values() {
    let found = measure(None, Some(&head()), &spec(), &requests(&["accuracy", "roc_auc", "pr_auc"]));
    assert_eq!(reason(&found), Some((Why::NoBaseline, "base: there is no such table")));
    assert!(found.iter().all(|one| one.base.is_none() && one.head.is_some() && one.sample.is_none()));
    let found = measure(Some(&base()), None, &spec(), &requests(&["accuracy"]));
    assert_eq!(reason(&found), Some((Why::MissingCandidate, "head: there is no such table")));
    assert_eq!(found.first().and_then(|one| one.base), Some(4.0 / 6.0));
}

#[test]
fn clusters_are_the_units() {
    let spec = Declared { cluster: Some("user".to_owned()), ..spec() };
    let found = measure(Some(&base()), Some(&head()), &spec, &requests(&["accuracy", "f1"]));
    // Of the clusters a, b, c the sums of differences are -1, 1 and 0: their mean is 0, so they are the residuals.
    let Some(Sample::PairedMeans { n: 3, difference, se, clusters: true, .. }) = found.first().and_then(|one| one.sample.as_ref()) else {
        panic!("{found:?}")
    };
    assert_eq!((*difference, *se), (0.0, (1.5_f64 * 2.0).sqrt() / 6.0));
    assert!(matches!(found.last().and_then(|one| one.sample.as_ref()), Some(Sample::Replicates { n: 3, .. })));
}

#[test]
fn weights_count() {
    let weighted = |table: Table, digest| {
        let weights = numbers(&[1.0, 3.0, 1.0, 1.0, 0.0, 2.0]);
        let columns: Vec<(&str, Column)> = table.columns().map(|(name, column)| (name, column.clone())).chain([("w", weights)]).collect();
        crate::rows::tests::table(digest, &columns)
    };
    let spec = Declared { weight: Some("w".to_owned()), ..spec() };
    let found = measure(Some(&weighted(base(), 1)), Some(&weighted(head(), 2)), &spec, &requests(&["accuracy", "precision"]));
    assert_eq!(
        found.iter().map(|one| (one.base, one.head)).collect::<Vec<_>>(),
        [(Some(5.0 / 8.0), Some(3.0 / 8.0)), (Some(4.0 / 6.0), Some(2.0 / 4.0)),]
    );
    assert!(found.iter().all(|one| matches!(one.sample, Some(Sample::Replicates { .. }))));
}

#[test]
fn different_rows_have_samples_where_there_is_a_formula() {
    let spec = Declared { unpaired: true, id: None, ..spec() };
    let short = pick_all(&head(), &[0, 1, 2, 3]);
    let found = measure(Some(&base()), Some(&short), &spec, &requests(&["accuracy", "recall", "brier", "f1"]));
    let samples: Vec<Option<&Sample>> = found.iter().map(|one| one.sample.as_ref()).collect();
    assert_eq!(samples[0], Some(&Sample::Proportions { base: 4, n_base: 6, head: 3, n_head: 4 }));
    assert_eq!(samples[1], Some(&Sample::Proportions { base: 2, n_base: 3, head: 2, n_head: 3 }));
    assert!(matches!(samples[2], Some(Sample::Means { n_base: 6, n_head: 4, .. })));
    assert_eq!(samples[3], None);
    assert!(found.iter().all(|one| one.obstacle.is_none()));
}

fn pick_all(table: &Table, rows: &[usize]) -> Table {
    let columns: Vec<(&str, Column)> = table.columns().map(|(name, column)| (name, pick(column, rows))).collect();
    crate::rows::tests::table(9, &columns)
}

#[test]
fn what_no_data_can_mend_is_an_error() {
    let classes = table(1, &[("id", whole(&[1, 2, 3])), ("label", texts(&["a", "b", "c"])), ("prediction", texts(&["a", "b", "b"]))]);
    let told = refused(&classes, &Declared { score: None, ..spec() }, &["f1"]);
    assert!(told.starts_with("`f1` is of two classes, and labels have `a`, `b`, `c`; ask for `f1_macro`,"), "{told}");
    let two = table(1, &[("id", whole(&[1, 2])), ("label", texts(&["ham", "spam"])), ("prediction", texts(&["ham", "ham"]))]);
    let told = refused(&two, &Declared { score: None, ..spec() }, &["recall"]);
    assert!(told.starts_with("`recall` needs a positive class, and none of `ham`, `spam` is plainly it"), "{told}");
    let told = refused(&two, &Declared { label: None, ..spec() }, &["mae"]);
    assert!(told.starts_with("`mae` needs the table's `label`"), "{told}");
    let told = refused(&two, &Declared { task: Some(proofmark_core::config::Task::Values), ..spec() }, &["accuracy"]);
    assert_eq!(told, "`accuracy` is not for a table of task `values`; ");
    let spam = Declared { positive: Some("spam".to_owned()), score: None, ..spec() };
    assert_eq!(
        measure(Some(&two), Some(&two), &spam, &requests(&["recall", "f1[ham]"])).iter().map(|one| one.head).collect::<Vec<_>>(),
        [Some(0.0), Some(2.0 / 3.0)]
    );
}

#[test]
fn a_prediction_beside_both_classes_is_seen() {
    let foreign = six(2, [1, 0, 7, 0, 0, 1], [0.5; 6]);
    let found = measure(Some(&base()), Some(&foreign), &spec(), &requests(&["specificity", "accuracy"]));
    let told = "head: labels and predictions have more than two classes: `0`, `1`, `7`";
    assert_eq!(reason(&found), Some((Why::UnreadableCandidate, told)));
    assert_eq!(found.iter().map(|one| one.head).collect::<Vec<_>>(), [None, Some(3.0 / 6.0)]);
}

#[test]
fn more_resamples_are_drawn_where_the_first_do_not_decide() {
    let drawn = |turn: f64| {
        let request = Request { decide_at: vec![turn], ..Request::new(Metric::PrAuc) };
        let found = measure(Some(&base()), Some(&head()), &spec(), &[request]);
        match found.first().and_then(|one| one.sample.clone()) {
            Some(Sample::Replicates { resamples, quantiles, .. }) => (resamples, quantiles),
            other => panic!("{other:?}"),
        }
    };
    let (few, quantiles) = drawn(-10.0);
    let limit = quantiles[proofmark_core::evidence::levels().iter().position(|level| *level == 0.05).expect("is kept")];
    assert_eq!((few, drawn(limit).0), (200, 2000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn neither_order_of_rows_nor_threads_change_anything(
        rows in proptest::collection::vec((0_i64..2, 0_i64..2, 0_i64..2, 0_u8..9, 0_u8..9, 0_usize..3), 1..60),
        turn in any::<prop::sample::Index>(),
    ) {
        let side = |digest: u8, order: &[usize], head: bool| {
            let at = |row: &usize| rows[*row];
            let of = |cell: &dyn Fn(&usize) -> i64| whole(&order.iter().map(cell).collect::<Vec<_>>());
            let score = |row: &usize| f64::from(if head { at(row).4 } else { at(row).3 }) / 8.0;
            table(digest, &[
                ("id", of(&|row| *row as i64)),
                ("label", of(&|row| at(row).0)),
                ("prediction", of(&|row| if head { at(row).2 } else { at(row).1 })),
                ("score", numbers(&order.iter().map(score).collect::<Vec<_>>())),
                ("country", texts(&order.iter().map(|row| ["DE", "FR", ""][at(row).5]).collect::<Vec<_>>())),
            ])
        };
        let plain: Vec<usize> = (0..rows.len()).collect();
        let mut turned = plain.clone();
        turned.rotate_left(turn.index(rows.len()));
        let names = ["accuracy", "f1", "mcc", "balanced_accuracy", "roc_auc", "brier", "log_loss", "mae", "rmse", "ece"];
        let mut asked = requests(&names);
        asked.extend(names.iter().map(|name| by("country", "*", name)));
        let sides = (side(1, &plain, false), side(2, &plain, true), side(1, &turned, false));
        let run = |base: &Table, threads| {
            evaluate(Some(base), Some(&sides.1), &spec(), &asked, &Settings { resamples: 20, threads }, &|_, _| ()).expect("can be evaluated")
        };
        let one = run(&sides.0, 1);
        prop_assert_eq!(&one, &run(&sides.0, 2));
        for (one, other) in one.iter().zip(run(&sides.2, 1)) {
            prop_assert_eq!((&one.slice, one.n_base, one.n_head), (&other.slice, other.n_base, other.n_head));
            for (one, other) in [(one.base, other.base), (one.head, other.head)] {
                prop_assert!(one.is_some() == other.is_some() && (one.unwrap_or_default() - other.unwrap_or_default()).abs() < 1e-12);
            }
            if !matches!(one.sample, Some(Sample::Replicates { .. } | Sample::PairedMeans { .. })) {
                prop_assert_eq!(&one.sample, &other.sample);
            }
        }
    }
}

/// Rows that are let off pairing must not hide: those that the head adds count for its value, those that it drops for the slices.
#[test]
fn rows_that_are_let_off_pairing_still_count() {
    let of = |digest, ids: &[i64], prediction: &[i64], country: &[&str]| {
        let label = whole(&vec![1; ids.len()]);
        table(digest, &[("id", whole(ids)), ("label", label), ("prediction", whole(prediction)), ("country", texts(country))])
    };
    let base = of(1, &[1, 2, 3, 4], &[1, 1, 1, 0], &["DE", "DE", "FR", "FR"]);
    // Drops all of DE and brings three wrong rows of its own.
    let head = of(2, &[3, 4, 7, 8, 9], &[1, 0, 0, 0, 0], &["FR", "FR", "FR", "FR", "FR"]);
    let spec = Declared { max_unmatched: Some(5), score: None, ..spec() };
    let found = measure(Some(&base), Some(&head), &spec, &[by("country", "*", "accuracy"), requests(&["accuracy"]).remove(0)]);
    let told: Vec<_> = found.iter().map(|one| (one.slice.to_string(), one.base, one.head, one.n_base, one.n_head, one.unmatched)).collect();
    assert_eq!(
        told,
        [
            ("country=DE".to_owned(), Some(1.0), None, 2, 0, 5),
            ("country=FR".to_owned(), Some(0.5), Some(0.2), 2, 5, 5),
            (String::new(), Some(0.75), Some(0.2), 4, 5, 5),
        ]
    );
    assert_eq!(reason(&found).map(|(why, _)| why), Some(Why::MissingSlice));
    assert_eq!(found[2].sample, Some(Sample::PairedProportion { n11: 1, n10: 0, n01: 0, n00: 1 }));
}
