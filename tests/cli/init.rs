//! `proofmark init`.

use crate::{change, proofmark};

#[test]
fn writes_a_policy_that_works_and_never_overwrites_it() {
    let metrics = r#"{"accuracy": 0.9, "score": 3, "epoch": 4, "folds": [0.1, 0.2], "we\"ird\n]": 1, "a.loss": 2}"#;
    let repo = change(&[("metrics.json", metrics)], &[]);
    proofmark(&repo).run(&["init"]).expect(0);
    let text = std::fs::read_to_string(repo.path().join("proofmark.toml")).expect("written");
    assert!(text.contains("\"accuracy\" = \"higher\"") && text.contains("# \"score\" = \"higher\"  # unsure"), "{text}");
    assert!(text.contains("\"epoch\" = \"none\""), "{text}");
    repo.commit("policy");
    proofmark(&repo).run(&["gate"]).expect(0);
    repo.write("metrics.json", metrics.replace("0.9", "0.8").replace("\"a.loss\": 2", "\"a.loss\": 3"));
    let output = proofmark(&repo).run(&["gate"]).expect(1);
    assert!(output.contains("2 of 2 checks"), "{output}");
    let error = proofmark(&repo).run(&["init"]).expect_error(2);
    assert!(error.contains("--force"), "{error}");
    proofmark(&repo).run(&["init", "--force"]).expect(0);
}

#[test]
fn a_repository_without_metrics_gets_an_example() {
    let repo = change(&[("notes.txt", "x")], &[]);
    let text = proofmark(&repo).run(&["init", "--dry-run"]).expect(0);
    assert!(text.contains("# metric = \"accuracy\""), "{text}");
    assert!(!repo.path().join("proofmark.toml").exists());
}
