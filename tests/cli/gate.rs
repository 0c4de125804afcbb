//! `proofmark gate`.

use crate::{change, findings, json, proofmark};

const RULE: &str = "[[rule]]\nmetric = \"accuracy\"\nmax_regression_abs = 0.01\n";

#[test]
fn blocks_a_regression_and_allows_a_loss_of_exactly_the_limit() {
    for (head, code) in [("0.91", 0), ("0.89", 0), ("0.889", 1)] {
        let repo = change(
            &[("metrics.json", r#"{"accuracy": 0.9}"#), ("proofmark.toml", RULE)],
            &[("metrics.json", &format!(r#"{{"accuracy": {head}}}"#))],
        );
        proofmark(&repo).run(&["gate"]).expect(code);
    }
}

#[test]
fn a_change_cannot_loosen_its_own_gate() {
    let repo = change(
        &[("metrics.json", r#"{"accuracy": 0.9}"#), ("proofmark.toml", RULE)],
        &[("metrics.json", r#"{"accuracy": 0.5}"#), ("proofmark.toml", "[[rule]]\nmetric = \"accuracy\"\nmin = 0.1\n")],
    );
    let report = json(&proofmark(&repo).run(&["gate", "--format", "json"]).expect(1));
    assert_eq!(report["judgement"]["policy"]["side"], "base");
    assert_eq!(report["judgement"]["effect"], "block");
    assert_eq!(report["head_policy_judgement"]["effect"], "allow");
    repo.write("proofmark.toml", "[[rule]]\nbroken = 1\n").commit("break the policy");
    let report = json(&proofmark(&repo).run(&["gate", "--format", "json"]).expect(1));
    assert!(report["notes"].to_string().contains("broken"), "{}", report["notes"]);
    repo.remove("proofmark.toml").commit("remove the policy");
    proofmark(&repo).run(&["gate"]).expect(1);
}

#[test]
fn a_change_cannot_hide_files_from_its_own_gate() {
    let repo = change(
        &[("out/m.json", r#"{"accuracy": 0.9}"#), ("proofmark.toml", "[compare]\nmetrics = [\"out/*.json\"]\n")],
        &[("out/m.json", r#"{"accuracy": 0.5}"#), ("proofmark.toml", "[compare]\nignore = [\"**\"]\n")],
    );
    proofmark(&repo).run(&["gate"]).expect(1);
}

#[test]
fn a_policy_that_the_change_introduces_is_used_and_said() {
    let repo = change(
        &[("metrics.json", r#"{"accuracy": 0.9}"#)],
        &[("metrics.json", r#"{"accuracy": 0.899}"#), ("proofmark.toml", "[[rule]]\nmetric = \"accuracy\"\nmax_regression_abs = 0\n")],
    );
    let report = json(&proofmark(&repo).run(&["gate", "--format", "json"]).expect(1));
    assert_eq!(report["judgement"]["policy"]["side"], "head");
    assert!(report["notes"][0].as_str().is_some_and(|note| note.contains("base has no policy")));
}

#[test]
fn without_a_policy_the_built_in_one_judges_and_says_so() {
    let repo = change(&[("metrics.json", r#"{"accuracy": 0.9}"#)], &[("metrics.json", r#"{"accuracy": 0.899}"#)]);
    let table = proofmark(&repo).run(&["gate"]).expect(0);
    assert!(table.contains("1 %"), "{table}");
    repo.write("metrics.json", r#"{"accuracy": 0.8}"#);
    proofmark(&repo).run(&["gate"]).expect(1);
}

#[test]
fn the_policy_may_stand_in_pyproject() {
    let repo = change(
        &[
            ("metrics.json", r#"{"accuracy": 0.9}"#),
            ("pyproject.toml", "[project]\nname = \"x\"\n[[tool.proofmark.rule]]\nmetric = \"accuracy\"\nmin = 0.95\n"),
        ],
        &[],
    );
    let report = json(&proofmark(&repo).run(&["gate", "--format", "json"]).expect(1));
    assert_eq!(findings(&report), ["accuracy fail block below-min"]);
    assert_eq!(report["judgement"]["policy"]["file"], "pyproject.toml");
}

#[test]
fn nothing_checked_is_blocked() {
    let repo = change(&[("notes.txt", "x")], &[]);
    let report = json(&proofmark(&repo).run(&["gate", "--format", "json"]).expect(1));
    assert_eq!(report["judgement"]["reason"], "nothing-checked");
}

#[test]
fn unreadable_input_is_told_apart_from_a_regression() {
    let base = [("metrics.json", r#"{"accuracy": 0.9}"#), ("b/metrics.json", r#"{"accuracy": 0.9}"#)];
    let broken = change(&base, &[("metrics.json", r#"{"accuracy": 0.9"#)]);
    let output = proofmark(&broken).run(&["gate"]).expect(2);
    assert!(output.contains("metrics.json:1:17"), "{output}");
    let both = change(&base, &[("metrics.json", r#"{"accuracy": 0.9"#), ("b/metrics.json", r#"{"accuracy": 0.1}"#)]);
    proofmark(&both).run(&["gate"]).expect(1);
    let unknown = change(
        &[(".dvc/config", ""), ("dvc.yaml", "metrics: [m.json]"), ("m.json", r#"{"auc": 1}"#)],
        &[("dvc.yaml", "metrics: [m.json\n")],
    );
    let report = json(&proofmark(&unknown).run(&["gate", "--format", "json"]).expect(2));
    assert!(findings(&report).contains(&" inconclusive block unparsable-candidate".to_owned()), "{:?}", findings(&report));
}

#[test]
fn rules_per_branch() {
    let policy = "[[rule]]\nmetric = \"accuracy\"\nmin = 0.95\nbranches = [\"release/*\"]\n[[rule]]\nmetric = \"accuracy\"\nmin = 0.5\n";
    let repo = change(&[("metrics.json", r#"{"accuracy": 0.9}"#), ("proofmark.toml", policy)], &[]);
    proofmark(&repo).run(&["gate"]).expect(0);
    proofmark(&repo).run(&["gate", "--branch", "release/1.0"]).expect(1);
    repo.git(&["branch", "release/2.0", "main"]);
    proofmark(&repo).run(&["gate", "release/2.0"]).expect(1);
}

#[test]
fn a_typo_in_the_policy_is_named_with_its_place_and_the_nearest_key() {
    let repo = change(
        &[("metrics.json", r#"{"accuracy": 0.9}"#), ("proofmark.toml", "[[rule]]\nmetric = \"accuracy\"\nmax_regresion_abs = 0.1\n")],
        &[],
    );
    let error = proofmark(&repo).run(&["gate"]).expect_error(2);
    assert!(
        error.contains("proofmark.toml:3:1") && error.contains("max_regresion_abs") && error.contains("did you mean `max_regression_abs`?"),
        "{error}"
    );
}

#[test]
fn a_given_configuration_wins() {
    let repo = change(&[("metrics.json", r#"{"accuracy": 0.9}"#), ("proofmark.toml", RULE)], &[]);
    repo.write("strict.toml", "[[rule]]\nmetric = \"accuracy\"\nmin = 0.99\n");
    proofmark(&repo).run(&["gate", "--config", "strict.toml"]).expect(1);
}

#[test]
fn a_change_that_began_before_the_policy_is_judged_by_the_newest_one() {
    let own = "[[rule]]\nmetric = \"accuracy\"\nmin = 0.1\n";
    let repo = change(&[("metrics.json", r#"{"accuracy": 0.9}"#)], &[("metrics.json", r#"{"accuracy": 0.5}"#), ("proofmark.toml", own)]);
    repo.switch("main").write("proofmark.toml", RULE).commit("a policy at last");
    let report = json(&proofmark(&repo).run(&["gate", "main", "change", "--format", "json"]).expect(1));
    assert_eq!(report["judgement"]["policy"]["side"], "base");
}

#[test]
fn a_change_cannot_choose_its_own_base() {
    let repo = change(&[("metrics.json", r#"{"accuracy": 0.9}"#), ("proofmark.toml", "[compare]\ndefault_branch = \"develop\"\n")], &[]);
    repo.git(&["branch", "-m", "main", "develop"]);
    repo.write("proofmark.toml", "[compare]\ndefault_branch = \"change\"\n").write("metrics.json", r#"{"accuracy": 0.1}"#).commit("cheat");
    let error = proofmark(&repo).run(&["gate"]).expect_error(2);
    assert!(error.contains("--default-branch"), "{error}");
    proofmark(&repo).run(&["gate", "--default-branch", "develop"]).expect(1);
}

#[test]
fn a_metric_that_only_a_broken_pipeline_file_knew_of_is_not_removed() {
    let lock = "schema: '2.0'\nstages:\n  t:\n    cmd: x\n    outs:\n    - path: m.json\n      hash: md5\n      md5: 0cc175b9c0f1b6a831c399e269772661\n      size: 1\n";
    let base = [
        (".dvc/config", ""),
        ("dvc.yaml", "stages:\n  t:\n    cmd: x\n    metrics: [m.json]\nmetrics: [o.json]\n"),
        ("dvc.lock", lock),
        ("o.json", r#"{"auc": 1}"#),
    ];
    let repo = change(&base, &[("dvc.lock", "stages: [}{"), ("sub/dvc.yaml", "params: [../dvc.lock]\n")]);
    let report = json(&proofmark(&repo).run(&["gate", "main", "change", "--format", "json"]).expect(2));
    assert!(report["comparison"]["metrics"].as_array().into_iter().flatten().all(|row| row["status"] != "removed"), "{report}");
}

#[test]
fn a_cached_metric_that_is_proven_unchanged_is_a_check() {
    let lock = "schema: '2.0'\nstages:\n  t:\n    cmd: x\n    outs:\n    - path: m.json\n      hash: md5\n      md5: 0cc175b9c0f1b6a831c399e269772661\n      size: 1\n";
    let base = [(".dvc/config", ""), ("dvc.yaml", "stages:\n  t:\n    cmd: x\n    metrics: [m.json]\n"), ("dvc.lock", lock)];
    let repo = change(&base, &[]);
    let report = json(&proofmark(&repo).run(&["gate", "main", "change", "--format", "json"]).expect(0));
    assert_eq!(findings(&report), [" pass allow unchanged-by-hash"]);
}

#[test]
fn nothing_checked_says_why() {
    let repo = change(&[("metrics.json", r#"{"foo": 1}"#)], &[]);
    let table = proofmark(&repo).run(&["gate"]).expect(1);
    assert!(table.contains("`foo`") || table.contains("foo"), "{table}");
    assert!(table.contains("proofmark init"), "{table}");
}

#[test]
fn a_lock_that_contradicts_the_file_is_told() {
    let lock = "schema: '2.0'\nstages:\n  t:\n    cmd: x\n    outs:\n    - path: m.json\n      hash: md5\n      md5: 0cc175b9c0f1b6a831c399e269772661\n      size: 1\n";
    let base = [
        (".dvc/config", ""),
        ("dvc.yaml", "stages:\n  t:\n    cmd: x\n    metrics: [m.json: {cache: false}]\n"),
        ("dvc.lock", lock),
        ("m.json", r#"{"auc": 1}"#),
    ];
    let table = proofmark(&change(&base, &[])).run(&["gate"]).expect(0);
    assert!(
        table.contains("not the content that `dvc.lock` records") || table.contains("not the content that dvc.lock records"),
        "{table}"
    );
}

#[test]
fn a_declaration_that_went_away_is_told() {
    let base = [(".dvc/config", ""), ("dvc.yaml", "metrics: [m.json]"), ("m.json", r#"{"auc": 1}"#)];
    let repo = change(&base, &[("dvc.yaml", "metrics: [new.json]"), ("new.json", r#"{"auc": 0.1}"#)]);
    let table = proofmark(&repo).run(&["gate"]).expect(0);
    assert!(table.contains("does not declare it any more"), "{table}");
}

#[test]
fn a_policy_that_moved_on_without_the_change_is_not_the_changes_doing() {
    let repo = change(&[("metrics.json", r#"{"accuracy": 0.9}"#), ("proofmark.toml", RULE)], &[]);
    repo.switch("main").write("proofmark.toml", "[[rule]]\nmetric = \"accuracy\"\nmin = 0.95\n").commit("tighten");
    let report = json(&proofmark(&repo).run(&["gate", "main", "change", "--format", "json"]).expect(1));
    assert_eq!(findings(&report), ["accuracy fail block below-min"]);
    assert!(report["head_policy_judgement"].is_null() && report["notes"].is_null(), "{}", report["notes"]);
}
