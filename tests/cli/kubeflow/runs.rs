//! Which runs of Pipelines are compared.

use proofmark_testkit::kubeflow::{End, RunSpec, Script};

use super::{Lab, RULE, SOURCE, chosen, policy};
use crate::{json, statuses};

#[test]
fn runs_of_both_commits_are_judged() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let report = lab.gate(0);
    assert_eq!((chosen(&report, "base"), chosen(&report, "head")), (vec!["of-base".to_owned()], vec!["of-head".to_owned()]));
    assert_eq!(statuses(&report), ["train.accuracy improved"]);
    assert!(lab.kubeflow.writes().is_empty());
    let worse = Lab::trained(&policy(""), 0.93, 0.90);
    let told = worse.told(1);
    assert!(told.contains("BLOCKED") && told.contains("kubeflow:churn") && told.contains("from the metadata store"), "{told}");
}

#[test]
fn every_command_that_compares_has_them() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let compared = json(&lab.program().run(&["compare", "--format", "json"]).expect(0));
    assert_eq!(compared["comparison"]["metrics"][0]["file"], "kubeflow:churn", "{compared}");
    let told = lab.program().run(&["doctor"]).expect(0);
    assert!(told.contains("kubeflow") && told.contains(&lab.head[..10]), "{told}");
    let markdown = lab.program().run(&["gate", "--format", "markdown"]).expect(0);
    assert!(markdown.contains("train.accuracy"), "{markdown}");
}

#[test]
fn a_run_by_its_id() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let worse = lab.log(RunSpec::named("worse").parameter("git_sha", lab.head.as_str()).metrics("train", "metrics", &[("accuracy", 0.5)]));
    let other = lab.train("of-another", "1111111111111111111111111111111111111111", 0.99);
    let gate = |args: &[&str]| lab.program().run(&[&["gate"], args].concat());
    gate(&["--head-run", &format!("kubeflow:churn={worse}")]).expect(1);
    let ran = gate(&["--head-run", &format!("kubeflow:churn={other}")]);
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("of another commit"), "{ran:?}");
    ran.expect(2);
    gate(&["--base-run", &format!("kubeflow:churn={other}"), "--head-run", &format!("kubeflow:churn={worse}")]).expect(1);
    let ran = gate(&["--head-run", "kubeflow:other=1"]);
    assert!(ran.stderr.contains("`kubeflow:churn`"), "{ran:?}");
    ran.expect(2);
    assert!(gate(&["--head-run", "churn=1"]).stderr.contains("SYSTEM:NAME=ID"));
}

#[test]
fn the_log_shows_them_by_commit() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let told = lab.program().run(&["log", "train.accuracy", "--runs"]).expect(0);
    assert!(told.contains("0.93") && told.contains("0.95") && told.contains("head"), "{told}");
    let ran = lab.program().run(&["log", "train.accuracy"]);
    assert!(ran.stderr.contains("--runs"), "{}", ran.stderr);
    lab.kubeflow.require_token("t0ken-of-ada");
    let ran = lab.program().run(&["log", "train.accuracy", "--runs"]);
    assert!(ran.stderr.contains("401"), "{}", ran.stderr);
    ran.expect(2);
}

#[test]
fn failed_and_unfinished_runs_do_not_count() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    lab.log(RunSpec::named("crashed").parameter("git_sha", lab.head.as_str()).script(Script::new().fails("train", "no memory")));
    lab.log(RunSpec::named("going").parameter("git_sha", lab.head.as_str()).script(Script::new().end(End::Never)));
    let report = lab.gate(0);
    assert_eq!(chosen(&report, "head"), ["of-head"]);
    let aside = report["comparison"]["tracked"][0]["head"]["set_aside"].to_string();
    assert!(aside.contains("crashed") && aside.contains("failed") && aside.contains("not finished"), "{aside}");
}

#[test]
fn repeated_runs_of_a_commit_all_count() {
    let lab = Lab::trained(&policy("pair_by = \"seed\""), 0.93, 0.95);
    lab.train("again", &lab.head, 0.97);
    let report = lab.gate(0);
    assert_eq!(chosen(&report, "head"), ["of-head", "again"]);
}

#[test]
fn without_a_run_of_the_head_nothing_is_judged() {
    let lab = Lab::of(&policy(""));
    lab.train("of-base", &lab.base, 0.93);
    let told = lab.told(2);
    assert!(told.contains("no run") && told.contains(&lab.head[..10]) && told.contains("commit_parameter"), "{told}");
}

#[test]
fn other_ways_to_find_runs() {
    let by_name = Lab::of(&policy("find = [\"run-name\"]\nrun_name = \"churn {short_commit}\""));
    by_name.train(&format!("churn {}", &by_name.base[..7]), "unsaid", 0.93);
    by_name.train(&format!("churn {}", &by_name.head[..7]), "unsaid", 0.95);
    by_name.gate(0);
    let newest = Lab::of(&policy("find = [\"commit\", \"newest\"]"));
    newest.train("of-base", &newest.base, 0.93);
    newest.log(RunSpec::named("latest").metrics("train", "metrics", &[("accuracy", 0.96)]));
    let report = newest.gate(0);
    assert_eq!(chosen(&report, "head"), ["latest"]);
    let parameter = Lab::of(&policy("commit_parameter = \"revision\""));
    for (name, commit) in [("b", &parameter.base), ("h", &parameter.head)] {
        parameter.log(RunSpec::named(name).parameter("revision", commit.as_str()).metrics("train", "metrics", &[("accuracy", 0.9)]));
    }
    parameter.gate(0);
}

#[test]
fn results_from_the_cache_are_named() {
    let lab = Lab::of(&policy(""));
    let base = lab.train("of-base", &lab.base, 0.93);
    let task = proofmark_testkit::kubeflow::Task::new("train").cached_from(&base);
    lab.log(RunSpec::named("of-head").parameter("git_sha", lab.head.as_str()).script(Script::new().task(task)));
    let told = lab.told(0);
    assert!(told.contains("`train`") && told.contains("earlier run"), "{told}");
}

#[test]
fn mistakes_in_the_configuration_have_a_place() {
    for (text, word) in [
        ("[[kubeflow]]\nname = \"x\"\n", "`experiment` is missing"),
        ("[[kubeflow]]\nexperiment = \"ci\"\nfind = []\n", "`find` is empty"),
        ("[[kubeflow]]\nexperiment = \"ci\"\nrun_name = \"x\"\n", "belong together"),
        ("[[kubeflow]]\nexperiment = \"ci\"\nlocal = \"../x\"\n", "`local` is no folder"),
        ("[[kubeflow]]\nexperiment = \"ci\"\n[[kubeflow]]\nexperiment = \"ci\"\n", "is called the same"),
        ("[[kubeflow]]\nexperiment = \"ci\"\ncommit_tag = \"x\"\n", "commit_parameter"),
    ] {
        let lab = Lab::of(&format!("{text}{RULE}"));
        let told = lab.told(2);
        assert!(told.contains(word), "{text}: {told}");
    }
}

#[test]
fn ten_thousand_runs_are_read_in_pages() {
    let lab = Lab::of(&format!("{SOURCE}{RULE}"));
    lab.train("of-base", &lab.base, 0.93);
    for index in 0..10_000 {
        lab.log(RunSpec::named(&format!("other-{index}")).parameter("git_sha", "0000000000000000000000000000000000000000"));
    }
    lab.train("of-head", &lab.head, 0.95);
    let ran = lab.program().env("PROOFMARK_NETWORK_SECONDS", "60").run(&["gate"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    // One run more than is looked through: the base's may be beyond, so that nothing is judged without saying so.
    ran.expect(2);
    assert!(told.contains("10000") || told.contains("10,000"), "{told}");
}
