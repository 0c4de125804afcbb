//! Broken files: each gets the file, the revision, the place and a hint, and never a wrong answer.

use crate::{change, json, proofmark, statuses};

#[test]
fn each_kind_of_broken_metrics_file_is_named() {
    for (broken, expected) in [
        ("{\"auc\": 0.9, \"lo", "metrics.json:1:14"),
        ("{\n<<<<<<< HEAD\n\"auc\": 1\n=======\n\"auc\": 2\n>>>>>>> x\n}", "conflict markers"),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n",
            "git lfs pull",
        ),
        ("{\"auc\": 1\0}", "NUL"),
        ("", "empty"),
    ] {
        let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[("metrics.json", broken)]);
        let table = proofmark(&repo).run(&["compare", "main", "change"]).expect(2);
        assert!(table.contains(expected), "{expected} in:\n{table}");
        let document = json(&proofmark(&repo).run(&["compare", "main", "change", "--format", "json"]).expect(2));
        assert!(matches!(statuses(&document)[0].as_str(), "auc unparsable" | "auc unavailable"), "{document}");
        proofmark(&repo).run(&["gate", "main", "change"]).expect(2);
    }
}

#[test]
fn a_broken_dvc_file_is_an_error_of_its_side() {
    let base = [(".dvc/config", ""), ("dvc.yaml", "metrics: [m.json]\n"), ("m.json", r#"{"auc": 0.9}"#)];
    let repo = change(&base, &[("dvc.yaml", "metrics: [m.json\n  x: :\n")]);
    let table = proofmark(&repo).run(&["compare", "main", "change"]).expect(2);
    assert!(table.contains("dvc.yaml"), "{table}");
    let document = json(&proofmark(&repo).run(&["compare", "main", "change", "--format", "json"]).expect(2));
    assert_eq!(statuses(&document), ["auc unchanged"], "the base says where the metric is");
    let locked = change(&base, &[("dvc.lock", "schema: '2.0'\nstages: [\n")]);
    let table = proofmark(&locked).run(&["compare", "main", "change"]).expect(2);
    assert!(table.contains("dvc.lock"), "{table}");
}

#[test]
fn deep_nesting_does_not_overflow() {
    let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let yaml = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let repo = change(&[("metrics.json", "{}"), ("metrics.yaml", "a: 1\n")], &[("metrics.json", &deep), ("metrics.yaml", &yaml)]);
    let table = proofmark(&repo).run(&["compare"]).expect(2);
    assert!(table.contains("nested deeper than"), "{table}");
}

#[test]
fn many_keys() {
    let body = |value: &str| {
        let keys: Vec<String> = (0..100_000).map(|number| format!("\"k{number:06}\": {value}")).collect();
        format!("{{{}}}", keys.join(","))
    };
    let repo = change(&[("metrics.json", &body("1"))], &[("metrics.json", &body("2"))]);
    let table = proofmark(&repo).run(&["compare"]).expect(0);
    assert!(table.contains("100000") || table.contains("100,000") || table.contains("100 000"), "{}", &table[..table.len().min(600)]);
    let document = json(&proofmark(&repo).run(&["compare", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document).len(), 100_000);
}

#[test]
fn a_deleted_metric_that_dvc_leaves_to_git_is_gone_whatever_the_lock_remembers() {
    let lock = "schema: '2.0'\nstages:\n  t:\n    cmd: x\n    outs:\n    - path: m.json\n      hash: md5\n      md5: 0cc175b9c0f1b6a831c399e269772661\n      size: 1\n";
    let pipeline = "stages:\n  t:\n    cmd: x\n    metrics: [m.json: {cache: false}]\n";
    let repo = change(&[(".dvc/config", ""), ("dvc.yaml", pipeline), ("dvc.lock", lock), ("m.json", r#"{"auc": 1}"#)], &[]);
    repo.remove("m.json").commit("delete it");
    let document = json(&proofmark(&repo).run(&["compare", "main", "change", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document), ["auc removed"]);
    proofmark(&repo).run(&["gate", "main", "change"]).expect(1);
}
