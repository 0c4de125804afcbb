//! What the keys of `[[mlflow]]` do.

use super::*;

/// A run of each side that is found by something else than its commit.
fn elsewhere(policy: &str, make: impl Fn(&Lab, bool) -> String) -> Lab {
    let lab = Lab::of(policy);
    make(&lab, false);
    make(&lab, true);
    lab
}

#[test]
fn by_branch() {
    let lab = elsewhere(&policy("find = [\"commit\", \"branch\"]"), |lab, head| {
        let (branch, auc) = if head { ("change", 0.8) } else { ("main", 0.9) };
        lab.log(RunSpec { branch, name: "first", metrics: &[("auc", 0.99)], ..RunSpec::default() });
        lab.log(RunSpec { branch, name: branch, metrics: &[("auc", auc)], ..RunSpec::default() })
    });
    let report = lab.gate(1);
    assert_eq!((chosen(&report, "base"), chosen(&report, "head")), (vec!["main".to_owned()], vec!["change".to_owned()]));
    assert_eq!(aside(&report, "head"), ["of other commits: first"]);
    // A run of the very commit is better than one of the branch.
    lab.log(RunSpec { commit: &lab.head, name: "exact", metrics: &[("auc", 0.9)], ..RunSpec::default() });
    assert_eq!(chosen(&lab.gate(0), "head"), ["exact"]);
}

#[test]
fn by_commit_alone_a_branch_is_no_reason() {
    let lab = Lab::of(&policy(""));
    lab.train(&lab.base, 0.9);
    lab.log(RunSpec { branch: "change", metrics: &[("auc", 0.9)], ..RunSpec::default() });
    lab.gate(2);
}

#[test]
fn by_name() {
    let text = policy("find = [\"run-name\"]\nrun_name = \"{branch}-{short_commit}\"");
    let lab = elsewhere(&text, |lab, head| {
        let (branch, commit, auc) = if head { ("change", &lab.head, 0.8) } else { ("main", &lab.base, 0.9) };
        let name = format!("{branch}-{}", &commit[..7]);
        lab.log(RunSpec { name: &name, metrics: &[("auc", auc)], ..RunSpec::default() })
    });
    assert_eq!(findings(&lab.gate(1)), ["auc fail block regression-abs"]);
}

#[test]
fn other_tags() {
    let text = policy("commit_tag = \"git sha\"\ntags = { stage = \"eval\", \"team's\" = \"a'b\\\"c\" }");
    let lab = elsewhere(&text, |lab, head| {
        let (commit, auc) = if head { (lab.head.as_str(), 0.8) } else { (lab.base.as_str(), 0.9) };
        lab.log(RunSpec { name: "untagged", metrics: &[("auc", 0.5)], tags: &[("git sha", commit)], ..RunSpec::default() });
        let tags = [("git sha", commit), ("stage", "eval"), ("team's", "a'b\"c")];
        lab.log(RunSpec { name: "tagged", metrics: &[("auc", auc)], tags: &tags, ..RunSpec::default() })
    });
    let report = lab.gate(1);
    assert_eq!((chosen(&report, "base"), chosen(&report, "head")), (vec!["tagged".to_owned()], vec!["tagged".to_owned()]));
    let branch = elsewhere(&policy("find = [\"branch\"]\nbranch_tag = \"ref\""), |lab, head| {
        let (branch, auc) = if head { ("change", 0.8) } else { ("main", 0.9) };
        lab.log(RunSpec { metrics: &[("auc", auc)], tags: &[("ref", branch)], ..RunSpec::default() })
    });
    branch.gate(1);
}

#[test]
fn globs_over_metrics() {
    let lab = Lab::of(&policy("metrics = [\"auc\", \"val/*\"]"));
    for (commit, auc) in [(&lab.base, 0.9), (&lab.head, 0.9)] {
        let metrics = [("auc", auc), ("val/loss", 0.1), ("system/cpu", 3.0), ("auc_train", 0.9)];
        lab.log(RunSpec { commit, metrics: &metrics, ..RunSpec::default() });
    }
    assert_eq!(statuses(&lab.gate(0)), ["auc unchanged", "val/loss unchanged"]);
}

#[test]
fn values_over_the_history() {
    let rule = "[[rule]]\nmetric = \"val/loss.min\"\ndirection = \"lower\"\nmax_regression_abs = 0.05\n";
    let lab = Lab::of(&format!("{SOURCE}history = {{ \"val/loss\" = [\"min\", \"max\", \"first\", \"mean\"] }}\n{rule}"));
    lab.log(RunSpec {
        commit: &lab.base,
        points: &[("val/loss", 0.3, 0, 1), ("val/loss", 0.2, 1, 2), ("val/loss", 0.4, 2, 3)],
        ..RunSpec::default()
    });
    lab.log(RunSpec {
        commit: &lab.head,
        points: &[("val/loss", 0.5, 0, 1), ("val/loss", 0.3, 1, 2), ("val/loss", 0.4, 2, 3)],
        ..RunSpec::default()
    });
    let ran = lab.program().run(&["gate", "--format", "json"]);
    let report = json(&ran.expect(1));
    let min = finding(&report, "val/loss.min");
    assert_eq!((min["baseline"].as_f64(), min["candidate"].as_f64()), (Some(0.2), Some(0.3)));
    let keys = statuses(&report);
    for key in ["val/loss ", "val/loss.min ", "val/loss.max ", "val/loss.first ", "val/loss.mean "] {
        assert!(keys.iter().any(|row| row.starts_with(key)), "{key}: {keys:?}");
    }
    let lab = Lab::trained(&policy(""), 0.9, 0.9);
    lab.gate(0);
    assert!(lab.mlflow.requests().iter().all(|request| !request.path.contains("get-history")), "on request only");
}

#[test]
fn metrics_of_logged_models() {
    let rule = "[[rule]]\nmetric = \"models.model.auc\"\ndirection = \"higher\"\nmax_regression_abs = 0.01\n";
    let lab = Lab::trained(&format!("{SOURCE}models = true\n{rule}"), 0.9, 0.8);
    assert_eq!(findings(&lab.gate(1)), ["models.model.auc fail block regression-abs"]);
    let lab = Lab::trained(&policy(""), 0.9, 0.9);
    assert_eq!(statuses(&lab.gate(0)), ["auc unchanged"]);
}

#[test]
fn other_evaluation_data_is_said() {
    let lab = Lab::of(&policy(""));
    let log = |commit: &str, digest: &str| {
        let datasets = [("holdout", digest, "eval"), ("seen", "same", "train")];
        lab.log(RunSpec { commit, metrics: &[("auc", 0.9)], datasets: &datasets, ..RunSpec::default() });
    };
    log(&lab.base, "d1");
    log(&lab.head, "d2");
    let told = lab.program().run(&["gate"]).expect(0);
    assert!(told.contains("other data") && told.contains("`holdout`") && told.contains("`d1`") && told.contains("`d2`"), "{told}");
    assert!(!told.contains("`seen`"), "{told}");
}

#[test]
fn parameters_are_shown() {
    let lab = Lab::of(&policy(""));
    lab.log(RunSpec { commit: &lab.base, metrics: &[("auc", 0.9)], params: &[("lr", "0.1"), ("depth", "3")], ..RunSpec::default() });
    lab.log(RunSpec { commit: &lab.head, metrics: &[("auc", 0.9)], params: &[("lr", "0.2"), ("depth", "3")], ..RunSpec::default() });
    let report = lab.gate(0);
    let params = report["comparison"]["params"].to_string();
    assert!(params.contains("\"lr\"") && params.contains("0.2"), "{params}");
    let table = lab.program().run(&["compare"]).expect(0);
    assert!(table.contains("lr"), "{table}");
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (more, word) in [
        ("finds = [\"commit\"]", "finds"),
        ("find = [\"comit\"]", "comit"),
        ("find = []", "find"),
        ("run_name = \"{branch}\"", "run_name"),
        ("children = \"seeds\"", "seeds"),
        ("history = { auc = [\"median\"] }", "median"),
        ("metrics = [\"[\"]", "metrics"),
        ("name = \"../x\"", "name"),
    ] {
        let lab = Lab::trained(&policy(more), 0.9, 0.9);
        let error = lab.program().run(&["gate"]).expect_error(2);
        assert!(error.contains(word) && error.contains("proofmark.toml"), "{more}: {error}");
    }
    let lab = Lab::of(&format!("[[mlflow]]\nname = \"x\"\n{RULE}"));
    let error = lab.program().run(&["gate"]).expect_error(2);
    assert!(error.contains("experiment"), "{error}");
}
