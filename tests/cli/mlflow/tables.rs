//! Tables among the artifacts of runs.

use proofmark_testkit::mlflow::{Fault, What};

use super::*;

/// Predictions of which the first are wrong.
pub(super) fn csv(rows: usize, wrong: usize) -> String {
    let row = |row: usize| format!("{row},{},{}\n", row % 2, (row % 2) ^ usize::from(row < wrong));
    (0..rows).fold("id,label,prediction\n".to_owned(), |text, at| text + &row(at))
}

/// The same as MLflow's evaluation writes its tables.
fn evaluation(rows: usize, wrong: usize) -> String {
    let row = |row: usize| format!("[{row}, {}, {}]", row % 2, (row % 2) ^ usize::from(row < wrong));
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("{{\"columns\": [\"id\", \"label\", \"prediction\"], \"data\": [{}]}}", rows.join(", "))
}

fn rules(file: &str) -> String {
    format!(
        "{SOURCE}[[table]]\nname = \"test\"\nmlflow = \"churn\"\nfile = \"{file}\"\nid = \"id\"\nlabel = \"label\"\nprediction = \"prediction\"\n\
         [[rule]]\ntable = \"test\"\nmetric = \"accuracy\"\nmax_regression_abs = 0.02\n"
    )
}

/// Runs of both sides with these files; none where it is empty.
fn lab(file: &str, base: &[u8], head: &[u8]) -> Lab {
    let lab = Lab::of(&rules(file));
    for (commit, bytes) in [(&lab.base, base), (&lab.head, head)] {
        let all = [(file, bytes)];
        let artifacts = if bytes.is_empty() { &[][..] } else { &all[..] };
        lab.log(RunSpec { commit, metrics: &[("auc", 0.9)], artifacts, ..RunSpec::default() });
    }
    lab
}

#[test]
fn rows_are_compared_one_by_one() {
    for file in ["p.csv", "eval/my tables/p ü.csv"] {
        let (base, good, bad) = (csv(1000, 100), csv(1000, 105), csv(1000, 200));
        let report = lab(file, base.as_bytes(), good.as_bytes()).gate(0);
        assert_eq!(findings(&report), ["accuracy pass allow"]);
        assert_eq!(finding(&report, "accuracy")["evidence"]["procedure"], "paired_proportion_noninferiority");
        assert_eq!(findings(&lab(file, base.as_bytes(), bad.as_bytes()).gate(1)), ["accuracy fail block regression"]);
    }
}

#[test]
fn the_tables_of_mlflows_evaluation() {
    let file = "eval_results_table.json";
    let report = lab(file, evaluation(1000, 100).as_bytes(), evaluation(1000, 200).as_bytes()).gate(1);
    assert_eq!(findings(&report), ["accuracy fail block regression"]);
    assert_eq!(finding(&report, "accuracy")["candidate"].as_f64(), Some(0.8));
}

#[test]
fn parquet() {
    let bytes = include_bytes!("../../../crates/proofmark-tables/tests/fixtures/types.parquet");
    let text = rules("p.parquet").replace("\"label\"", "\"category\"").replace("\"prediction\"", "\"category\"");
    let text =
        text.replace("max_regression_abs = 0.02", "max_regression_abs = 1\nmin = 1").replace("id = \"id\"", "id = \"id\"\nmin_rows = 1");
    let lab = Lab::of(&text);
    for commit in [&lab.base, &lab.head] {
        lab.log(RunSpec { commit, metrics: &[("auc", 0.9)], artifacts: &[("p.parquet", bytes)], ..RunSpec::default() });
    }
    assert_eq!(findings(&lab.gate(0)), ["accuracy pass allow"]);
}

#[test]
fn a_table_that_the_head_lacks_blocks() {
    for version in [Version::New, Version::Old] {
        let lab = Lab::on(&rules("p.csv"), version);
        let text = csv(1000, 100);
        lab.log(RunSpec { commit: &lab.base, metrics: &[("auc", 0.9)], artifacts: &[("p.csv", text.as_bytes())], ..RunSpec::default() });
        lab.log(RunSpec { commit: &lab.head, metrics: &[("auc", 0.9)], artifacts: &[("p.csv.bak", b"x")], ..RunSpec::default() });
        let report = lab.gate(1);
        assert_eq!(findings(&report), ["accuracy fail block missing-candidate"], "{version:?}");
    }
}

#[test]
fn a_table_that_the_base_lacks_is_no_baseline() {
    let report = lab("p.csv", b"", csv(1000, 100).as_bytes()).gate(0);
    assert_eq!(findings(&report), ["accuracy no-baseline notice no-baseline"]);
}

#[test]
fn a_folder_is_no_table() {
    let lab = Lab::of(&rules("p.csv"));
    for commit in [&lab.base, &lab.head] {
        lab.log(RunSpec { commit, metrics: &[("auc", 0.9)], artifacts: &[("p.csv/part", b"id\n")], ..RunSpec::default() });
    }
    assert_eq!(findings(&lab.gate(1)), ["accuracy fail block missing-candidate"]);
}

#[test]
fn a_table_that_cannot_be_had_is_not_a_missing_one() {
    let lab = lab("p.csv", csv(1000, 100).as_bytes(), csv(1000, 100).as_bytes());
    for what in [What::StatusBefore(500), What::Html(200), What::CutInBody, What::StatusBefore(403), What::Empty] {
        for path in ["*/artifacts/list", "*/get-artifact"] {
            lab.mlflow.heal();
            lab.mlflow.fail(Fault::new("*", path, what.clone()));
            let report = lab.gate(2);
            assert_eq!(finding(&report, "accuracy")["effect"], "block", "{what:?} {path}");
        }
    }
}

#[test]
fn a_path_out_of_the_runs_folder_is_refused() {
    for file in ["../secret.csv", "/etc/x.csv", "a/../../b.csv"] {
        let lab = lab(file, csv(10, 1).as_bytes(), csv(10, 1).as_bytes());
        let ran = lab.program().run(&["gate"]);
        assert_eq!(ran.code, Some(2), "{file}: {}{}", ran.stdout, ran.stderr);
        assert!(lab.mlflow.requests().iter().all(|request| !request.path.contains("artifact")), "{file}");
    }
}

#[test]
fn of_several_runs_the_newest_and_it_is_said() {
    let lab = lab("p.csv", csv(1000, 100).as_bytes(), csv(1000, 100).as_bytes());
    let text = csv(1000, 200);
    let artifacts = [("p.csv", text.as_bytes())];
    lab.log(RunSpec { name: "again", commit: &lab.head, metrics: &[("auc", 0.9)], artifacts: &artifacts, ..RunSpec::default() });
    let told = lab.program().run(&["gate"]).expect(1);
    assert!(told.contains("newest run, `again`"), "{told}");
}

#[test]
fn a_source_that_nobody_declares() {
    let lab = Lab::trained(&rules("p.csv").replace("mlflow = \"churn\"", "mlflow = \"chrun\""), 0.9, 0.9);
    let error = lab.program().run(&["gate"]).expect_error(2);
    assert!(error.contains("chrun"), "{error}");
}
