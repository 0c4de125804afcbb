//! Names from ModelDB that want to act: in terminals, Markdown, HTML and commands of the log.

use proofmark_testkit::modeldb::{Fault, What};
use serde_json::json as value;

use super::*;
use crate::acting::{NAME, is_tame_in_forms, is_tame_where_posted, is_tame_where_shown, tame};

const KEY: &str = "a\u{1b}[31m::error::pwned\n|c<img>";

fn lab() -> Lab {
    let lab = Lab::of(&policy(""));
    let version = lab.modeldb.world().dataset(NAME);
    for (commit, auc) in [(&lab.base, 0.9), (&lab.head, 0.5)] {
        let metrics = [("auc", auc), (KEY, auc), ("a..b", 1.0), ("", 2.0), ("..", 1.0), ("a/b", 1.0), ("../../etc/passwd", 1.0)];
        lab.log(RunSpec {
            name: NAME,
            commit,
            metrics: &metrics,
            values: &[(NAME, &value!(NAME))],
            attributes: &[(NAME, NAME)],
            hyperparameters: &[(NAME, if auc > 0.6 { NAME } else { KEY })],
            tags: &[NAME],
            datasets: &[(NAME, &version)],
            ..RunSpec::default()
        });
        lab.log(RunSpec { name: &format!("{NAME}2"), started: 1, commit, metrics: &[("auc", 1.0)], ..RunSpec::default() });
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
fn what_a_server_says_of_its_mistakes() {
    let lab = lab();
    for (status, text) in
        [(500, NAME.to_owned()), (400, value!({"code": 3, "message": NAME, "error": NAME}).to_string()), (403, NAME.repeat(5000))]
    {
        for path in ["*/project/*", "*/findExperimentRuns"] {
            lab.modeldb.heal();
            lab.modeldb.fail(Fault::new("*", path, What::Body(status, text.clone())));
            let program = lab.program().env("PROOFMARK_NETWORK_SECONDS", "1");
            for form in ["table", "markdown"] {
                let ran = program.run(&["gate", "--format", form]);
                let told = format!("{}{}", ran.stdout, ran.stderr);
                tame(&told, form);
                assert!(told.len() < 20_000, "{}", told.len());
                ran.expect(2);
            }
        }
    }
}

#[test]
fn a_server_that_says_the_key_back() {
    let lab = lab();
    let key = "k3y-of-ada-0123456789";
    for (status, text) in
        [(400, value!({"code": 3, "message": key}).to_string()), (500, key.to_owned()), (200, value!({ key: key }).to_string())]
    {
        lab.modeldb.heal();
        lab.modeldb.fail(Fault::new("*", "*", What::Body(status, text)));
        let program = lab.program().env("PROOFMARK_NETWORK_SECONDS", "1").env("VERTA_EMAIL", "ada@example.com").env("VERTA_DEV_KEY", key);
        for form in ["table", "json", "markdown"] {
            let ran = program.run(&["gate", "--format", form]);
            assert!(ran.code == Some(2) && !format!("{ran:?}").contains(key), "{ran:?}");
        }
    }
}

#[test]
fn very_long_and_very_many() {
    let lab = Lab::of(&policy(""));
    let (long, names) = ("n".repeat(100_000), (0..10_000).map(|index| format!("m{index}")).collect::<Vec<_>>());
    let metrics: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 0.5)).chain([("auc", 0.9), (long.as_str(), 1.0)]).collect();
    for commit in [&lab.base, &lab.head] {
        lab.log(RunSpec { name: &long, commit, metrics: &metrics, ..RunSpec::default() });
    }
    let program = lab.program().env("PROOFMARK_NETWORK_SECONDS", "20");
    let report = json(&program.run(&["gate", "--format", "json"]).expect(0));
    assert_eq!(report["comparison"]["metrics"].as_array().map(Vec::len), Some(10_002));
    let markdown = program.run(&["gate", "--format", "markdown"]).expect(0);
    assert!(markdown.len() < 500_000, "{}", markdown.len());
}

#[test]
fn a_project_with_any_name() {
    for name in ["a'b\"c` \\ ü % ? & # +", "x\u{1b}[31m<img>"] {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"").replace('\u{1b}', "\\u001b");
        let lab = Lab::of(&format!("[[modeldb]]\nname = \"n\"\nproject = \"{quoted}\"\n{RULE}"));
        let project = lab.modeldb.world().project(name);
        let experiment = lab.modeldb.world().experiment(&project, "e");
        for commit in [&lab.base, &lab.head] {
            lab.modeldb.world().run(&experiment, RunSpec { commit, metrics: &[("auc", 0.9)], ..RunSpec::default() });
        }
        let ran = lab.program().run(&["gate"]);
        tame(&format!("{}{}", ran.stdout, ran.stderr), name);
        ran.expect(0);
    }
}

#[test]
fn a_branch_with_any_name_is_looked_for_as_it_is() {
    let branch = "x\"'%25&=+#}{commit}`$(id)\u{202e}";
    for find in ["find = [\"run-name\"]\nrun_name = \"of {branch}\"", "find = [\"branch\"]"] {
        let lab = Lab::of(&policy(find));
        lab.repo.git(&["branch", "-m", "change", branch]);
        for (branch, auc) in [("main", 0.93), (branch, 0.95), ("x", 0.1)] {
            let name = format!("of {branch}");
            lab.log(RunSpec { name: &name, attributes: &[("git_branch", branch)], metrics: &[("auc", auc)], ..RunSpec::default() });
        }
        assert_eq!(chosen(&lab.gate(0), "head"), [format!("of {branch}")], "{find}");
        let ran = lab.program().run(&["gate"]);
        tame(&format!("{}{}", ran.stdout, ran.stderr), find);
    }
}
