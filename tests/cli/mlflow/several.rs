//! Several runs of one commit, several experiments, several sources.

use super::*;

const GOOD: [f64; 5] = [0.90, 0.91, 0.89, 0.905, 0.895];
const NOISE: [f64; 5] = [0.001, -0.001, 0.0, 0.002, -0.002];

/// Five seeds of each side; the head's are worse by `loss`.
fn seeds(policy: &str, loss: f64) -> Lab {
    let lab = Lab::of(policy);
    for (seed, (value, noise)) in GOOD.iter().zip(NOISE).enumerate() {
        let params = [("seed", &*seed.to_string())];
        lab.log(RunSpec { commit: &lab.base, metrics: &[("auc", *value)], params: &params, ..RunSpec::default() });
        lab.log(RunSpec { commit: &lab.head, metrics: &[("auc", value - loss + noise)], params: &params, ..RunSpec::default() });
    }
    lab
}

const MARGIN: &str = "[[rule]]\nmetric = \"auc\"\nmax_regression_abs = 0.02\n";

fn procedure(report: &Value) -> (&str, u64, u64) {
    let evidence = &finding(report, "auc")["evidence"];
    let count = |name: &str| evidence[name].as_u64().unwrap_or_default();
    (evidence["procedure"].as_str().unwrap_or_default(), count("n_base"), count("n_head"))
}

#[test]
fn all_runs_of_a_commit_are_judged_with_their_noise() {
    let plain = format!("{SOURCE}{MARGIN}");
    let report = seeds(&plain, 0.0).gate(0);
    assert_eq!((findings(&report), procedure(&report)), (vec!["auc pass allow".to_owned()], ("welch_noninferiority", 5, 5)));
    assert_eq!(findings(&seeds(&plain, 0.1).gate(1)), ["auc fail block regression"]);
}

#[test]
fn seeds_are_paired_where_the_policy_says_so() {
    let report = seeds(&format!("{SOURCE}pair_by = \"seed\"\n{MARGIN}"), 0.01).gate(0);
    assert_eq!((findings(&report), procedure(&report)), (vec!["auc pass allow".to_owned()], ("paired_t_noninferiority", 5, 5)));
}

#[test]
fn a_run_that_diverged_is_not_left_out_of_the_head() {
    let lab = seeds(&format!("{SOURCE}{MARGIN}"), 0.0);
    lab.log(RunSpec { commit: &lab.head, metrics: &[("auc", f64::NAN)], ..RunSpec::default() });
    assert_eq!(findings(&lab.gate(1)), ["auc fail block non-finite-candidate"]);
}

#[test]
fn the_newest_alone_where_the_policy_says_so() {
    let lab = Lab::of(&policy("runs = \"newest\""));
    lab.train(&lab.base, 0.9);
    lab.log(RunSpec { name: "lucky", commit: &lab.head, metrics: &[("auc", 0.99)], ..RunSpec::default() });
    lab.log(RunSpec { name: "newest", commit: &lab.head, metrics: &[("auc", 0.8)], ..RunSpec::default() });
    let report = lab.gate(1);
    assert_eq!((chosen(&report, "head"), aside(&report, "head")), (vec!["newest".to_owned()], vec!["older: lucky".to_owned()]));
}

/// Training again until the luck is right helps nobody.
#[test]
fn the_best_of_two_does_not_count_for_both() {
    let lab = Lab::trained(&policy(""), 0.9, 0.8);
    lab.gate(1);
    lab.train(&lab.head, 0.9);
    let report = json(&lab.program().run(&["gate", "--format", "json"]).stdout);
    assert_ne!(finding(&report, "auc")["verdict"], "pass", "{}", finding(&report, "auc"));
}

#[test]
fn trials_of_a_search_are_set_aside_and_seeds_are_not() {
    let search = |lines: &str| {
        let lab = Lab::of(lines);
        for (side, commit) in [("b", lab.base.clone()), ("h", lab.head.clone())] {
            let parent = lab.log(RunSpec { name: side, commit: &commit, metrics: &[("auc", 0.9)], ..RunSpec::default() });
            for (seed, value) in GOOD.iter().enumerate() {
                let name = format!("{side}{seed}");
                // A child need not say its commit.
                let of = if seed == 0 { "" } else { commit.as_str() };
                lab.log(RunSpec { name: &name, commit: of, parent: &parent, metrics: &[("auc", value + 0.001)], ..RunSpec::default() });
            }
        }
        lab
    };
    let ignored = search(&policy("")).gate(0);
    let nested = aside(&ignored, "head");
    assert_eq!((chosen(&ignored, "head"), nested.len()), (vec!["h".to_owned()], 1));
    assert!((1..5).all(|seed| nested[0].contains(&format!("h{seed}"))), "{nested:?}");
    let lab = search(&format!("{SOURCE}children = \"runs\"\n{MARGIN}"));
    let runs = json(&lab.program().run(&["gate", "--format", "json"]).stdout);
    assert_eq!((chosen(&runs, "head"), procedure(&runs).2), (vec!["h0".into(), "h1".into(), "h2".into(), "h3".into(), "h4".to_owned()], 5));
    assert_eq!(aside(&runs, "base"), ["with nested runs in their place: b"]);
}

#[test]
fn several_experiments_of_one_source() {
    let lab = Lab::of(&format!("[[mlflow]]\nname = \"all\"\nexperiment = [\"churn\", \"other\"]\n{RULE}"));
    let other = lab.mlflow.experiment("other");
    lab.train(&lab.base, 0.9);
    lab.mlflow.run(&other, RunSpec { commit: &lab.head, metrics: &[("auc", 0.8)], ..RunSpec::default() });
    let report = lab.gate(1);
    assert_eq!(report["comparison"]["tracked"][0]["file"], "mlflow:all");
    assert_eq!(findings(&report), ["auc fail block regression-abs"]);
}

#[test]
fn two_sources_have_names_of_their_own() {
    let two = "[[mlflow]]\nexperiment = \"churn\"\n[[mlflow]]\nexperiment = \"speed\"\n";
    let rules = "[[rule]]\nfile = \"mlflow:churn\"\nmetric = \"score\"\ndirection = \"higher\"\nmax_regression_abs = 0.01\n\
                 [[rule]]\nfile = \"mlflow:speed\"\nmetric = \"score\"\ndirection = \"lower\"\nmax_regression_abs = 0.01\n";
    let lab = Lab::of(&format!("{two}{rules}"));
    let speed = lab.mlflow.experiment("speed");
    for (commit, value) in [(&lab.base, 0.5), (&lab.head, 0.6)] {
        lab.log(RunSpec { commit, metrics: &[("score", value)], ..RunSpec::default() });
        lab.mlflow.run(&speed, RunSpec { commit, metrics: &[("score", value)], ..RunSpec::default() });
    }
    assert_eq!(findings(&lab.gate(1)), ["score pass allow", "score fail block regression-abs"]);
    // One that is lost does not hide behind the other.
    let lost = Lab::of(&format!("{two}{RULE}"));
    lost.train(&lost.base, 0.9);
    lost.train(&lost.head, 0.9);
    let ran = lost.program().run(&["gate"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    ran.expect(2);
    assert!(told.contains("mlflow:speed") && told.contains("there is no experiment `speed`"), "{told}");
}

#[test]
fn one_name_for_two_sources_is_a_mistake() {
    let lab = Lab::trained(&format!("{SOURCE}{SOURCE}{RULE}"), 0.9, 0.9);
    let ran = lab.program().run(&["gate"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    ran.expect(2);
    assert!(told.contains("name"), "{told}");
}

#[test]
fn a_file_of_that_name_does_not_stand_in_for_runs() {
    let text = format!("{}[compare]\nmetrics = [\"mlflow:churn\", \"*.json\"]\n", policy(""));
    let repo = change(&[("proofmark.toml", &text), ("mlflow:churn", "auc: 0.1\n")], &[("mlflow:churn", "auc: 0.9\n")]);
    let lab = Lab { base: repo.id("main"), head: repo.id("change"), repo, ..Lab::of("") };
    lab.train(&lab.base, 0.9);
    lab.train(&lab.head, 0.5);
    let ran = lab.program().run(&["gate"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(ran.code == Some(1) || ran.code == Some(2), "{told}");
    assert!(told.contains("mlflow:churn"), "{told}");
}

#[test]
fn metrics_files_and_runs_are_judged_side_by_side() {
    let repo = change(&[("proofmark.toml", &policy("")), ("metrics.json", r#"{"auc": 0.9}"#)], &[("metrics.json", r#"{"auc": 0.5}"#)]);
    let lab = Lab { base: repo.id("main"), head: repo.id("change"), repo, ..Lab::of("") };
    lab.train(&lab.base, 0.9);
    lab.train(&lab.head, 0.9);
    let mut found = findings(&lab.gate(1));
    found.sort();
    assert_eq!(found, ["auc fail block regression-abs", "auc pass allow"]);
}
