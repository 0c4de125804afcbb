//! Names from a server that want to act: in terminals, Markdown, HTML and commands of the log.

use super::*;
use crate::acting::{NAME, is_tame_in_forms, is_tame_where_posted, is_tame_where_shown, tame};

fn lab() -> Lab {
    let repo = change(&[("proofmark.toml", &format!("[[mlflow]]\nname = \"churn\"\nexperiment = \"churn\"\n{RULE}"))], &[]);
    let lab = Lab { base: repo.id("main"), head: repo.id("change"), repo, ..Lab::of("") };
    let key = "a\u{1b}[31m::error::b\n|c<img>";
    for (commit, auc, digest) in [(&lab.base, 0.9, "d1"), (&lab.head, 0.5, NAME)] {
        let metrics = [("auc", auc), (key, auc), ("a..b", 1.0), ("", 2.0), ("..", 1.0)];
        let datasets = [(NAME, digest, "eval")];
        lab.log(RunSpec {
            name: NAME,
            commit,
            metrics: &metrics,
            datasets: &datasets,
            params: &[(NAME, NAME)],
            tags: &[(NAME, NAME)],
            ..RunSpec::default()
        });
        lab.log(RunSpec { name: &format!("{NAME}2"), status: "FAILED", commit, metrics: &[("auc", 1.0)], ..RunSpec::default() });
    }
    lab
}

#[test]
fn nothing_acts_wherever_it_is_shown() {
    is_tame_where_shown(&lab().program());
}

#[test]
fn nothing_acts_in_files_of_other_tools() {
    is_tame_in_forms(&lab().program());
}

#[test]
fn nothing_acts_in_what_is_posted() {
    is_tame_where_posted(&lab().program());
}

#[test]
fn a_versions_words_do_not_act_either() {
    let lab = Lab::trained(&policy(""), 0.9, 0.9);
    let run = lab.mlflow.world().run_named("run").expect("the head's");
    lab.mlflow.register("m\u{1b}[31m", &run);
    let ran = lab.program().run(&["promote", "m\u{1b}[31m", "--alias", "champion", "--dry-run"]);
    tame(&format!("{}{}", ran.stdout, ran.stderr), "promote");
    let ran = lab.program().run(&["promote", "n\u{1b}[31m\n::error::pwned", "--alias", "champion"]);
    assert_ne!(ran.code, Some(0));
    tame(&format!("{}{}", ran.stdout, ran.stderr), "promote");
}

#[test]
fn an_experiment_with_any_name() {
    for name in ["a'b\"c` \\ /ü/ % ? & # +", "x\u{1b}[31m<img>"] {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"").replace('\u{1b}', "\\u001b");
        let lab = Lab::of(&format!("[[mlflow]]\nname = \"n\"\nexperiment = \"{quoted}\"\n{RULE}"));
        let experiment = lab.mlflow.experiment(name);
        for commit in [&lab.base, &lab.head] {
            lab.mlflow.run(&experiment, RunSpec { commit, metrics: &[("auc", 0.9)], ..RunSpec::default() });
        }
        let ran = lab.program().run(&["gate"]);
        tame(&format!("{}{}", ran.stdout, ran.stderr), name);
        ran.expect(0);
    }
}
