//! `proofmark gate --explain`.

use crate::{change, json, proofmark};

const RULES: &str = "[[rule]]\nmetric = \"accuracy\"\nmax_regression_abs = 0.01\n[[rule]]\nmetric = \"rmse\"\nmax_regression_abs = 1\n";

fn repo(accuracy: &str) -> proofmark_testkit::repo::TestRepo {
    let metrics = |accuracy: &str| format!("{{\"accuracy\": {accuracy}, \"rmse\": 0.5}}");
    change(&[("metrics.json", &metrics("0.9")), ("proofmark.toml", RULES)], &[("metrics.json", &metrics(accuracy))])
}

#[test]
fn tells_one_metric_in_the_place_of_the_table() {
    for (accuracy, code) in [("0.8", 1), ("0.895", 0)] {
        let repo = repo(accuracy);
        let told = proofmark(&repo).run(&["gate", "--explain", "accuracy"]).expect(code);
        assert!(told.contains("accuracy") && told.contains(accuracy) && !told.contains("rmse"), "{told}");
        assert_eq!(proofmark(&repo).run(&["gate", "--explain", "metrics.json:accuracy"]).expect(code), told);
    }
}

#[test]
fn files_are_written_as_ever() {
    let repo = repo("0.8");
    let told = proofmark(&repo).run(&["gate", "--explain", "accuracy", "-o", "../report.json", "-o", "../table.txt"]).expect(1);
    let report = std::fs::read_to_string(repo.outside().join("report.json")).expect("written");
    assert_eq!(json(&report)["judgement"]["effect"], "block");
    let table = std::fs::read_to_string(repo.outside().join("table.txt")).expect("written");
    let without = proofmark(&repo).run(&["gate", "-o", "../again.txt"]).expect(1);
    assert!(table == without && told != table, "{table}");
}

#[test]
fn an_unknown_metric_names_the_nearest_and_writes_nothing() {
    let repo = repo("0.8");
    let error = proofmark(&repo).run(&["gate", "--explain", "acuracy", "-o", "../report.json"]).expect_error(2);
    assert!(error.contains("`acuracy`") && error.contains("did you mean `accuracy`?"), "{error}");
    assert!(!repo.outside().join("report.json").exists());
    let error = proofmark(&repo).run(&["gate", "--explain", "zzz"]).expect_error(2);
    assert!(error.contains("`accuracy`, `rmse`"), "{error}");
    for more in [&["-o", "json=-"][..], &["--format", "json"], &["--post"]] {
        proofmark(&repo).run(&[&["gate", "--explain", "accuracy"], more].concat()).expect_error(2);
    }
}
