//! What can be judged of a classification: numbers from its confusion matrix and from its ROC curve.
//!
//! * The rows of the matrix are the true classes and its columns the predicted ones, as Kubeflow's pages and scikit-learn have
//!   it. Its cells have to be counts: of shares nothing can be told but what somebody divided them by.
//! * A class that was never predicted, or never right, has precision, recall and F1 of 0, as in scikit-learn. A class that
//!   neither occurs nor was predicted has none and does not count in the averages, which are plain means over the classes.
//! * The area under the curve is the sum of trapezoids over the points in the order of their false positive rate, with the
//!   corners (0, 0) and (1, 1), which are on every curve. Points whose recall falls where the false positive rate rises are no
//!   curve. Thresholds are not looked at: the first one is often infinite.

use std::collections::BTreeSet;

use super::tree::Tree;

/// Classes at most for which each has numbers of its own; of more there are the averages.
const MOST_CLASSES: usize = 100;
/// Classes of a matrix at most.
const LARGEST: usize = 2_000;
/// So far a point may be beside its curve, by rounding.
const ROUNDING: f64 = 1e-9;

/// Numbers by their names, and what is to be said about them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Derived {
    /// `accuracy`, `rows`, `macro.f1`, `class.spam.recall`, `auc`.
    pub values: Vec<(String, f64)>,
    /// Why some are missing: sentence fragments.
    pub notes: Vec<String>,
}

/// The numbers of an artifact of the type `system.ClassificationMetrics`.
pub fn derive(metadata: &Tree) -> Derived {
    let mut derived = Derived::default();
    if let Some(matrix) = metadata.field("confusionMatrix") {
        match Matrix::read(matrix) {
            Ok(matrix) => matrix.derive(&mut derived),
            Err(why) => derived.notes.push(format!("its confusion matrix gives no numbers: {why}")),
        }
    }
    if let Some(points) = metadata.field("confidenceMetrics") {
        match area(points) {
            Ok(area) => derived.values.push(("auc".to_owned(), area)),
            Err(why) => derived.notes.push(format!("its ROC curve gives no area: {why}")),
        }
    }
    derived
}

struct Matrix {
    classes: Vec<String>,
    cells: Vec<Vec<f64>>,
}

impl Matrix {
    fn read(tree: &Tree) -> Result<Self, &'static str> {
        let specs = tree.field("annotationSpecs").and_then(Tree::list).ok_or("it names no classes")?;
        let rows = tree.field("rows").and_then(Tree::list).ok_or("it has no rows")?;
        if specs.is_empty() || specs.len() > LARGEST {
            return Err("it has no classes, or too many");
        }
        let name = |spec: &Tree| spec.field("displayName").and_then(Tree::text).map(str::to_owned);
        let classes: Vec<String> = specs.iter().map(name).collect::<Option<_>>().ok_or("a class has no name")?;
        if classes.iter().collect::<BTreeSet<_>>().len() < classes.len() {
            return Err("two of its classes have the same name");
        }
        let cells = |row: &Tree| -> Option<Vec<f64>> { row.field("row")?.list()?.iter().map(Tree::number).collect() };
        let cells: Vec<Vec<f64>> = rows.iter().map(cells).collect::<Option<_>>().ok_or("a cell is no number")?;
        if cells.len() != classes.len() || cells.iter().any(|row| row.len() != classes.len()) {
            return Err("it does not have one row and one column for each class");
        }
        // NaN and infinities have fractions that are not 0.
        if cells.iter().flatten().any(|cell| *cell < 0.0 || cell.fract() != 0.0) {
            return Err("its cells are no counts");
        }
        Ok(Self { classes, cells })
    }

    fn derive(&self, derived: &mut Derived) {
        let total: f64 = self.cells.iter().flatten().sum();
        if total == 0.0 || !total.is_finite() {
            derived.notes.push("its confusion matrix gives no numbers: it counts nothing".to_owned());
            return;
        }
        let right: f64 = self.cells.iter().enumerate().filter_map(|(at, row)| row.get(at)).sum();
        let mut put = |name: String, value: f64| derived.values.push((name, value));
        put("accuracy".to_owned(), right / total);
        put("rows".to_owned(), total);
        let mut predicted = vec![0.0; self.classes.len()];
        for row in &self.cells {
            predicted.iter_mut().zip(row).for_each(|(sum, cell)| *sum += cell);
        }
        let (mut sums, mut count) = ([0.0; 3], 0.0);
        let has_each = self.classes.len() <= MOST_CLASSES;
        for (at, (class, row)) in self.classes.iter().zip(&self.cells).enumerate() {
            let hits = row.get(at).copied().unwrap_or_default();
            let (actual, predicted) = (row.iter().sum::<f64>(), predicted.get(at).copied().unwrap_or_default());
            if actual + predicted == 0.0 {
                continue;
            }
            let share = |of: f64| if of == 0.0 { 0.0 } else { hits / of };
            let values = [share(predicted), share(actual), 2.0 * hits / (actual + predicted)];
            count += 1.0;
            for ((sum, value), name) in sums.iter_mut().zip(values).zip(NAMES) {
                *sum += value;
                if has_each {
                    put(format!("class.{class}.{name}"), value);
                }
            }
        }
        for (sum, name) in sums.into_iter().zip(NAMES) {
            put(format!("macro.{name}"), sum / count);
        }
        if !has_each {
            derived.notes.push(format!("its {} classes have no numbers of their own, only averages", self.classes.len()));
        }
    }
}

const NAMES: [&str; 3] = ["precision", "recall", "f1"];

/// The area under a ROC curve.
fn area(points: &Tree) -> Result<f64, &'static str> {
    let points = points.list().ok_or("it is no list of points")?;
    if points.len() < 2 {
        return Err("it has less than two points");
    }
    let point = |tree: &Tree| {
        // What is 0 may be left out.
        let rate = |name: &str| tree.field(name).map_or(Some(0.0), Tree::number).filter(|rate| (0.0..=1.0).contains(rate));
        matches!(tree, Tree::Object(_)).then(|| Some((rate("falsePositiveRate")?, rate("recall")?))).flatten()
    };
    let mut curve: Vec<(f64, f64)> = points.iter().map(point).collect::<Option<_>>().ok_or("a rate is not between 0 and 1")?;
    curve.extend([(0.0, 0.0), (1.0, 1.0)]);
    curve.sort_by(|one, two| one.0.total_cmp(&two.0).then(one.1.total_cmp(&two.1)));
    let mut sum = 0.0;
    for pair in curve.windows(2) {
        let &[(left, low), (right, high)] = pair else { continue };
        if high < low - ROUNDING {
            return Err("its recall falls where its false positive rate rises");
        }
        sum += (right - left) * (low + high) / 2.0;
    }
    Ok(sum.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn matrix(classes: &[&str], rows: Value) -> Tree {
        let specs: Vec<Value> = classes.iter().map(|class| json!({"displayName": class})).collect();
        let rows: Vec<Value> = rows.as_array().expect("rows").iter().map(|row| json!({"row": row})).collect();
        Tree::from(json!({"confusionMatrix": {"annotationSpecs": specs, "rows": rows}}))
    }

    fn values(derived: &Derived) -> BTreeMap<&str, f64> {
        derived.values.iter().map(|(name, value)| (name.as_str(), *value)).collect()
    }

    /// The same as `precision_recall_fscore_support` of scikit-learn 1.9.1 with `zero_division=0` says for these rows.
    #[test]
    fn numbers_of_a_matrix() {
        let derived = derive(&matrix(&["a", "b"], json!([[5, 1], [2, 7]])));
        assert_eq!(derived.notes, Vec::<String>::new());
        let expected = [
            ("accuracy", 12.0 / 15.0),
            ("rows", 15.0),
            ("class.a.precision", 5.0 / 7.0),
            ("class.a.recall", 5.0 / 6.0),
            ("class.a.f1", 10.0 / 13.0),
            ("class.b.precision", 7.0 / 8.0),
            ("class.b.recall", 7.0 / 9.0),
            ("class.b.f1", 14.0 / 17.0),
            ("macro.precision", (5.0 / 7.0 + 7.0 / 8.0) / 2.0),
            ("macro.recall", (5.0 / 6.0 + 7.0 / 9.0) / 2.0),
            ("macro.f1", (10.0 / 13.0 + 14.0 / 17.0) / 2.0),
        ];
        assert_eq!(values(&derived), expected.into_iter().collect());
    }

    #[test]
    fn classes_without_rows_and_predictions() {
        let derived = derive(&matrix(&["a", "b", "c"], json!([[4, 0, 0], [2, 0, 0], [0, 0, 0]])));
        let values = values(&derived);
        assert_eq!((values["class.b.precision"], values["class.b.recall"], values["class.b.f1"]), (0.0, 0.0, 0.0));
        assert!(!values.contains_key("class.c.recall"));
        assert_eq!((values["macro.recall"], values["class.a.precision"]), (0.5, 4.0 / 6.0));
    }

    #[test]
    fn what_is_no_matrix_of_counts_is_said() {
        for (tree, why) in [
            (matrix(&["a", "b"], json!([[0.9, 0.1], [0.2, 0.8]])), "no counts"),
            (matrix(&["a", "b"], json!([[1, -1], [0, 1]])), "no counts"),
            (matrix(&["a", "b"], json!([[1, "NaN"], [0, 1]])), "no counts"),
            (matrix(&["a", "b"], json!([[1, "Infinity"], [0, 1]])), "no counts"),
            (matrix(&["a", "b"], json!([[1, 0, 0], [0, 1, 0]])), "one row and one column"),
            (matrix(&["a", "a"], json!([[1, 0], [0, 1]])), "the same name"),
            (matrix(&["a", "b"], json!([[0, 0], [0, 0]])), "counts nothing"),
            (matrix(&[], json!([])), "no classes"),
            (matrix(&["a"], json!([[null]])), "no number"),
            (Tree::from(json!({"confusionMatrix": {"rows": []}})), "names no classes"),
        ] {
            let derived = derive(&tree);
            assert!(derived.values.is_empty() && derived.notes.iter().any(|note| note.contains(why)), "{why}: {derived:?}");
        }
    }

    fn curve(points: &[(f64, f64)]) -> Derived {
        let point = |(rate, recall): &(f64, f64)| json!({"confidenceThreshold": "Infinity", "falsePositiveRate": rate, "recall": recall});
        derive(&Tree::from(json!({"confidenceMetrics": points.iter().map(point).collect::<Vec<_>>()})))
    }

    #[test]
    fn the_area_under_a_curve() {
        let area = |points: &[(f64, f64)]| values(&curve(points)).get("auc").copied();
        // 0.1 * 0.8 / 2 + 0.9 * 1.8 / 2.
        assert!(area(&[(0.0, 0.0), (0.1, 0.8), (1.0, 1.0)]).is_some_and(|area| (area - 0.85).abs() < 1e-12));
        assert_eq!(area(&[(1.0, 1.0), (0.0, 0.0)]), Some(0.5));
        assert_eq!(area(&[(0.0, 1.0), (0.0, 0.5)]), Some(1.0));
        for bad in [&[(0.5, 0.5)][..], &[(0.1, 0.9), (0.5, 0.2)], &[(0.1, 1.5), (0.2, 1.0)], &[(-0.1, 0.0), (0.5, 0.5)]] {
            let derived = curve(bad);
            assert!(derived.values.is_empty() && derived.notes.len() == 1, "{derived:?}");
        }
        let left_out = derive(&Tree::from(json!({"confidenceMetrics": [{}, {"falsePositiveRate": 1, "recall": 1}]})));
        assert_eq!(values(&left_out).get("auc"), Some(&0.5));
    }

    proptest! {
        #[test]
        fn shares_are_shares(cells in proptest::collection::vec(0_u32..50, 9)) {
            let rows: Vec<&[u32]> = cells.chunks(3).collect();
            for (name, value) in derive(&matrix(&["a", "b", "c"], json!(rows))).values {
                prop_assert!(name == "rows" || (0.0..=1.0).contains(&value), "{} {}", name, value);
            }
        }

        #[test]
        fn an_area_is_one_of_the_unit_square(mut steps in proptest::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64), 2..20)) {
            let (mut rates, mut recalls): (Vec<f64>, Vec<f64>) = steps.drain(..).unzip();
            rates.sort_by(f64::total_cmp);
            recalls.sort_by(f64::total_cmp);
            let points: Vec<(f64, f64)> = rates.into_iter().zip(recalls).collect();
            let derived = curve(&points);
            prop_assert!(values(&derived).get("auc").is_some_and(|area| (0.0..=1.0).contains(area)), "{:?}", derived);
        }
    }
}
