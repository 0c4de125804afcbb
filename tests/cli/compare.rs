//! `proofmark compare`.

use crate::{change, json, proofmark, statuses};

#[test]
fn compares_the_work_tree_with_the_merge_base_by_default() {
    let repo = change(&[("metrics.json", r#"{"accuracy": 0.9, "loss": 0.3}"#)], &[]);
    repo.write("metrics.json", r#"{"accuracy": 0.8, "loss": 0.2, "new": 1}"#);
    let document = json(&proofmark(&repo).run(&["compare", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document), ["accuracy regressed", "loss improved", "new added"]);
    let comparison = &document["comparison"];
    assert_eq!(comparison["base"]["revision"]["commit"], repo.id("main"));
    assert_eq!(comparison["head"]["revision"]["work_tree"], true);
    assert_eq!(comparison["baseline"]["kind"], "merge-base");
}

#[test]
fn a_base_branch_that_moved_on_is_named_and_its_values_are_shown() {
    let repo = change(&[("metrics.json", r#"{"accuracy": 0.9}"#)], &[("metrics.json", r#"{"accuracy": 0.92}"#)]);
    let fork = repo.id("main");
    repo.switch("main").write("metrics.json", r#"{"accuracy": 0.95}"#).commit("main goes on");
    let document = json(&proofmark(&repo).run(&["compare", "main", "change", "--format", "json"]).expect(0));
    let comparison = &document["comparison"];
    assert_eq!(comparison["base"]["revision"]["commit"], fork);
    assert_eq!(comparison["tip"]["revision"]["commit"], repo.id("main"));
    assert_eq!(comparison["metrics"][0]["tip"], 0.95);
    assert_eq!(statuses(&document), ["accuracy improved"]);
    let tip = json(&proofmark(&repo).run(&["compare", "main", "change", "--base-is", "tip", "--format", "json"]).expect(0));
    assert_eq!(statuses(&tip), ["accuracy regressed"]);
    let table = proofmark(&repo).run(&["compare", "main", "change"]).expect(0);
    assert!(table.contains(&fork[..10]) && table.contains(&repo.id("main")[..10]), "{table}");
}

#[test]
fn a_metric_declared_on_one_side_only_is_read_on_both() {
    let base = [(".dvc/config", ""), ("dvc.yaml", "metrics: [m.json]"), ("m.json", r#"{"auc": 0.9}"#)];
    let repo = change(&base, &[("dvc.yaml", "metrics: []"), ("m.json", r#"{"auc": 0.5}"#)]);
    let document = json(&proofmark(&repo).run(&["compare", "main", "change", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document), ["auc regressed"]);
}

#[test]
fn every_dvc_project_of_a_monorepo_is_found() {
    let base = [
        ("a/.dvc/config", ""),
        (
            "a/dvc.yaml",
            "vars: [{out: m}]\nstages:\n  train:\n    foreach: [us, uk]\n    do:\n      cmd: x\n      wdir: ${item}\n      metrics: [\"${out}.json\": {cache: false}]\n",
        ),
        ("a/us/m.json", r#"{"auc": 0.9}"#),
        ("a/uk/m.json", r#"{"auc": 0.8}"#),
        ("b/.dvc/config", ""),
        ("b/dvc.yaml", "metrics: [out]"),
        ("b/out/x/y.yaml", "f1: 0.5"),
        ("c/metrics.json", r#"{"loss": 1}"#),
    ];
    let repo = change(&base, &[("a/uk/m.json", r#"{"auc": 0.7}"#)]);
    let document = json(&proofmark(&repo).run(&["compare", "--format", "json"]).expect(0));
    let files: Vec<&str> =
        document["comparison"]["metrics"].as_array().into_iter().flatten().filter_map(|row| row["file"].as_str()).collect();
    assert_eq!(files, ["a/uk/m.json", "a/us/m.json", "b/out/x/y.yaml", "c/metrics.json"]);
}

#[test]
fn cached_metrics_come_from_the_dvc_cache_and_equal_hashes_prove_equality() {
    // md5 of {"auc": 0.9} without a line end.
    let bytes = r#"{"auc": 0.9}"#;
    let hash = "1a8ec8f1b1dbd8ae8b2d4e1db6e0d0c2";
    let lock = |hash: &str| {
        format!(
            "schema: '2.0'\nstages:\n  t:\n    cmd: x\n    outs:\n    - path: m.json\n      hash: md5\n      md5: {hash}\n      size: 12\n"
        )
    };
    let real = md5_of(bytes);
    let pipeline = "stages:\n  t:\n    cmd: x\n    metrics: [m.json]\n";
    let repo = change(
        &[(".dvc/config", ""), ("dvc.yaml", pipeline), ("dvc.lock", &lock(&real)), (".gitignore", "m.json\n.dvc/cache\n")],
        &[("dvc.lock", &lock(&real))],
    );
    let run = || json(&proofmark(&repo).run(&["compare", "main", "change", "--format", "json"]).expect(0));
    assert_eq!(statuses(&run()), [" unchanged-by-hash"]);
    repo.write(&format!(".dvc/cache/files/md5/{}/{}", &real[..2], &real[2..]), bytes);
    assert_eq!(statuses(&run()), ["auc unchanged"]);
    // Another hash whose content is not here is an error of that side, never "removed".
    repo.write("dvc.lock", lock(hash)).commit("other content");
    let document = json(&proofmark(&repo).run(&["compare", "main", "change", "--format", "json"]).expect(2));
    assert_eq!(statuses(&document), ["auc unavailable"]);
    let problem = &document["comparison"]["metrics"][0]["head_problem"];
    assert!(problem["hint"].as_str().is_some_and(|hint| hint.contains("dvc pull")), "{problem}");
}

/// By the system's own tool, so that the test does not trust the code under test.
fn md5_of(text: &str) -> String {
    let program = "import hashlib,sys; print(hashlib.md5(sys.argv[1].encode()).hexdigest())";
    let output = std::process::Command::new("python3").args(["-c", program, text]).output().expect("python3 runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn params_and_data_versions_are_compared() {
    let pointer = |hash: char| format!("outs:\n- md5: {}\n  size: 5\n  hash: md5\n  path: d.csv\n", hash.to_string().repeat(32));
    let base = [
        (".dvc/config", ""),
        ("params.yaml", "lr: 0.1\nlayers: [1, 2]\n"),
        ("d.csv.dvc", &pointer('a')),
        ("metrics.json", r#"{"auc": 1}"#),
    ];
    let repo = change(&base, &[("params.yaml", "lr: 0.2\nlayers: [1, 2]\n"), ("d.csv.dvc", &pointer('b'))]);
    let document = json(&proofmark(&repo).run(&["compare", "--format", "json"]).expect(0));
    let params = document["comparison"]["params"].as_array().expect("a list");
    let changed: Vec<_> =
        params.iter().filter(|row| row["status"] != "unchanged").map(|row| (row["key"].as_str(), &row["base"], &row["head"])).collect();
    assert_eq!(changed, [(Some("lr"), &json("0.1"), &json("0.2"))]);
    assert_eq!(document["comparison"]["data"][0]["status"], "changed");
    assert_eq!(document["comparison"]["data"][0]["path"], "d.csv");
}

#[test]
fn a_renamed_file_is_not_removed_and_added() {
    let repo = change(&[("old_metrics.json", r#"{"auc": 0.9, "n": 1}"#)], &[]);
    repo.git(&["mv", "old_metrics.json", "new_metrics.json"]);
    repo.commit("rename");
    let document = json(&proofmark(&repo).run(&["compare", "main", "change", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document), ["auc renamed-file", "n renamed-file"]);
}

#[test]
fn the_same_commit_twice_is_all_unchanged() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[]);
    repo.git(&["tag", "v1", "main"]);
    let text = proofmark(&repo).run(&["compare", "v1", "main", "--format", "dvc-json", "--all"]).expect(0);
    assert_eq!(json(&text), json(r#"{"metrics.json": {"auc": {"old": 0.9, "new": 0.9, "diff": 0.0}}}"#));
}

#[test]
fn targets_start_at_the_current_folder_and_must_exist() {
    let repo = change(&[("sub/any.json", r#"{"x": 1}"#), ("metrics.json", r#"{"auc": 0.9}"#)], &[("sub/any.json", r#"{"x": 2}"#)]);
    let inside = proofmark(&repo).at(repo.path().join("sub"));
    let document = json(&inside.run(&["compare", "--targets", "any.json", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document), ["x changed"]);
    let error = inside.run(&["compare", "--targets", "none.json"]).expect_error(2);
    assert!(error.contains("sub/none.json"), "{error}");
    assert!(inside.run(&["compare", "--targets", "../../etc/passwd"]).expect_error(2).contains("outside"));
}

#[test]
fn going_back_is_possible() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.8}"#)], &[("metrics.json", r#"{"auc": 0.9}"#)]);
    let document = json(&proofmark(&repo).run(&["compare", "change", "main", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document), ["auc regressed"]);
    assert_eq!(document["comparison"]["baseline"]["kind"], "tip");
}

#[test]
fn a_base_without_metrics_gives_way_to_its_nearest_ancestor_that_has_some() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.8}"#)], &[]);
    repo.switch("main").remove("metrics.json").commit("lost");
    repo.write("README", "z").commit("more");
    repo.git(&["switch", "-qc", "later"]);
    repo.write("metrics.json", r#"{"auc": 0.9}"#).commit("back");
    let document = json(&proofmark(&repo).run(&["compare", "main", "later", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document), ["auc improved"]);
    assert_eq!(document["comparison"]["baseline"]["distance"], 2);
}

#[test]
fn a_target_that_the_base_lacks_is_added_and_nothing_else_is_looked_at() {
    let repo = change(&[("other.json", r#"{"x": 1}"#), ("metrics.json", r#"{"auc": 1}"#)], &[("new.json", r#"{"y": 2}"#)]);
    let text = proofmark(&repo).run(&["compare", "HEAD~1", "HEAD", "--format", "dvc-json", "--targets", "new.json"]).expect(0);
    assert_eq!(json(&text), json(r#"{"new.json": {"y": {"old": null, "new": 2}}}"#));
}

#[test]
fn a_target_may_be_a_folder() {
    let repo = change(&[("out/a.json", r#"{"x": 1}"#), ("metrics.json", r#"{"auc": 1}"#)], &[("out/b/c.json", r#"{"y": 2}"#)]);
    let document = json(&proofmark(&repo).run(&["compare", "--targets", "out", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document), ["x unchanged", "y added"]);
}

#[test]
fn the_repository_of_git_dir_is_not_confused_with_another() {
    let (one, two) = (change(&[], &[]), change(&[], &[]));
    let other = proofmark(&one).env("GIT_DIR", two.path().join(".git").to_string_lossy());
    assert!(other.run(&["compare"]).expect_error(2).contains("GIT_DIR"));
    proofmark(&one).env("GIT_DIR", ".git").run(&["compare"]).expect(0);
}
