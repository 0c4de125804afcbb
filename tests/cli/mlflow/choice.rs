//! Which runs count, and what becomes of a side that has none.

use super::*;

#[test]
fn a_run_that_is_as_good_passes_and_says_which_it_was() {
    let lab = Lab::of(&policy(""));
    lab.log(RunSpec { name: "old", commit: &lab.base, metrics: &[("auc", 0.9)], ..RunSpec::default() });
    let id = lab.log(RunSpec { name: "new", commit: &lab.head, metrics: &[("auc", 0.895)], ..RunSpec::default() });
    let report = lab.gate(0);
    assert_eq!(findings(&report), ["auc pass allow"]);
    assert_eq!((chosen(&report, "base"), chosen(&report, "head")), (vec!["old".to_owned()], vec!["new".to_owned()]));
    let tracked = &report["comparison"]["tracked"][0];
    assert_eq!((&tracked["file"], &tracked["store"]), (&"mlflow:churn".into(), &lab.mlflow.url().into()));
    assert_eq!(
        (&tracked["head"]["runs"][0]["id"], &tracked["head"]["runs"][0]["commit"]),
        (&id.as_str().into(), &lab.head.as_str().into())
    );
    let table = lab.program().run(&["gate"]).expect(0);
    assert!(table.contains("`new`") && table.contains(&lab.head[..10]) && table.contains("mlflow:churn"), "{table}");
}

#[test]
fn a_run_that_is_worse_blocks() {
    let lab = Lab::trained(&policy(""), 0.9, 0.8);
    let report = lab.gate(1);
    assert_eq!(findings(&report), ["auc fail block regression-abs"]);
    assert_eq!((finding(&report, "auc")["baseline"].as_f64(), finding(&report, "auc")["candidate"].as_f64()), (Some(0.9), Some(0.8)));
}

#[test]
fn without_a_run_of_the_head_nothing_is_judged() {
    let lab = Lab::of(&policy(""));
    lab.train(&lab.base, 0.9);
    let report = lab.gate(2);
    assert_eq!(report["judgement"]["effect"], "block");
    let ran = lab.program().run(&["gate"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    ran.expect(2);
    assert!(told.contains("no run") && told.contains(&lab.head[..10]) && told.contains("commit_tag"), "{told}");
}

#[test]
fn without_a_run_of_the_base_there_is_no_baseline() {
    let lab = Lab::of(&policy(""));
    lab.train(&lab.head, 0.9);
    let report = lab.gate(0);
    assert_eq!(findings(&report), ["auc no-baseline notice no-baseline"]);
    let strict = Lab::of(&format!("{}[policy]\nno_baseline = \"block\"\n", policy("")));
    strict.train(&strict.head, 0.9);
    assert_eq!(findings(&strict.gate(1)), ["auc no-baseline block no-baseline"]);
}

#[test]
fn the_nearest_commit_before_the_base_stands_in() {
    let repo = TestRepo::new();
    repo.write("proofmark.toml", policy(""));
    let ids: Vec<String> = (0..3).map(|at| repo.write("README", at.to_string()).commit("more")).collect();
    repo.switch("change").write("README", "change").commit("head");
    let lab = Lab { base: repo.id("main"), head: repo.id("change"), repo, ..Lab::of("") };
    lab.train(&ids[0], 0.5);
    lab.log(RunSpec { name: "near", commit: &ids[1], metrics: &[("auc", 0.9)], ..RunSpec::default() });
    lab.train(&lab.head, 0.8);
    let report = lab.gate(1);
    assert_eq!((findings(&report), chosen(&report, "base")), (vec!["auc fail block regression-abs".to_owned()], vec!["near".to_owned()]));
    let how = report["comparison"]["tracked"][0]["base"]["how"].as_str().expect("a text");
    assert!(how.contains(&ids[1][..10]) && how.contains("1 commit before"), "{how}");
}

/// A run of the head's own past says nothing about the head.
#[test]
fn no_commit_before_the_head_stands_in() {
    let lab = Lab::of(&policy(""));
    lab.train(&lab.base, 0.9);
    lab.train(&lab.head, 0.9);
    lab.repo.write("README", "z").commit("not trained");
    lab.gate(2);
}

#[test]
fn only_what_is_finished_and_there_counts() {
    let lab = Lab::of(&policy(""));
    lab.train(&lab.base, 0.9);
    for status in ["RUNNING", "FAILED", "KILLED", "SCHEDULED"] {
        lab.log(RunSpec { name: status, status, commit: &lab.head, metrics: &[("auc", 0.99)], ..RunSpec::default() });
    }
    lab.log(RunSpec { name: "deleted", deleted: true, commit: &lab.head, metrics: &[("auc", 0.99)], ..RunSpec::default() });
    let other = lab.mlflow.experiment("other");
    lab.mlflow.run(&other, RunSpec { commit: &lab.head, metrics: &[("auc", 0.99)], ..RunSpec::default() });
    let report = lab.gate(2);
    assert_eq!(aside(&report, "head"), ["failed: FAILED", "killed: KILLED", "not finished: RUNNING", "not started: SCHEDULED"]);
    lab.log(RunSpec { name: "good", commit: &lab.head, metrics: &[("auc", 0.9)], ..RunSpec::default() });
    assert_eq!(chosen(&lab.gate(0), "head"), ["good"]);
}

#[test]
fn a_run_without_the_metric_is_none_that_passes() {
    let lab = Lab::of(&policy("metrics = [\"auc\"]"));
    lab.train(&lab.base, 0.9);
    lab.log(RunSpec { name: "empty", commit: &lab.head, metrics: &[("loss", 0.1)], ..RunSpec::default() });
    assert_eq!(aside(&lab.gate(2), "head"), ["without such a metric: empty"]);
    let lab = Lab::of(&policy(""));
    lab.train(&lab.base, 0.9);
    lab.log(RunSpec { commit: &lab.head, metrics: &[("loss", 0.1)], ..RunSpec::default() });
    let report = lab.gate(1);
    assert_eq!(finding(&report, "auc")["effect"], "block", "{report}");
}

#[test]
fn numbers_that_are_none_are_no_pass() {
    for (value, code) in [(f64::NAN, 1), (f64::NEG_INFINITY, 1)] {
        let lab = Lab::trained(&policy(""), 0.9, value);
        let report = lab.gate(code);
        assert_eq!(finding(&report, "auc")["effect"], "block", "{value}");
    }
    let lab = Lab::trained(&policy(""), f64::NAN, 0.9);
    let report = json(&lab.program().run(&["gate", "--format", "json"]).stdout);
    assert_ne!(finding(&report, "auc")["verdict"], "pass");
    // An SQL store writes an infinity as the greatest number.
    let lab = Lab::trained(&policy(""), 0.9, f64::INFINITY);
    let report = json(&lab.program().run(&["gate", "--format", "json"]).stdout);
    assert_ne!(finding(&report, "auc")["verdict"], "pass", "{}", finding(&report, "auc"));
}

#[test]
fn the_last_value_is_that_of_the_greatest_step() {
    let lab = Lab::of(&policy(""));
    lab.train(&lab.base, 0.9);
    lab.log(RunSpec { commit: &lab.head, points: &[("auc", 0.7, 9, 1000), ("auc", 0.99, 3, 9000)], ..RunSpec::default() });
    assert_eq!(finding(&lab.gate(1), "auc")["candidate"], 0.7);
}

#[test]
fn the_newest_policy_counts_wherever_the_run_says_otherwise() {
    let lab = Lab::trained(&policy(""), 0.9, 0.5);
    lab.repo.write("proofmark.toml", format!("{SOURCE}[[rule]]\nmetric = \"auc\"\nmin = 0.1\n")).commit("loosened");
    lab.train(&lab.repo.id("HEAD"), 0.5);
    assert_eq!(findings(&lab.gate(1))[0], "auc fail block regression-abs");
}

#[test]
fn two_sides_cost_few_requests() {
    let lab = Lab::trained(&policy(""), 0.9, 0.9);
    lab.gate(0);
    assert!(lab.mlflow.requests().len() <= 4, "{}", lab.mlflow.requests().len());
    assert!(lab.writes().is_empty());
}
