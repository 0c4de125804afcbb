//! What a server of Pipelines says is hostile: names that want to act, other runs' data, pages without an end.

use proofmark_testkit::kubeflow::{End, Fault, Output, Recorded, Script, Task, What};
use serde_json::json as value;

use super::trigger::{BY_NAME, Yard, rule};
use super::*;
use crate::acting::{NAME, inert, is_tame_in_forms, is_tame_where_posted, is_tame_where_shown, tame};

/// The head is worse, so that everything is told.
fn lab() -> Lab {
    let lab = Lab::of(&policy(""));
    let base = log(&lab, &lab.base, 0.9, "");
    log(&lab, &lab.head, 0.5, &base);
    lab.log(RunSpec::named(&format!("{NAME}2")).parameter("git_sha", lab.head.as_str()).script(Script::new().fails(NAME, NAME)));
    lab
}

fn log(lab: &Lab, commit: &str, accuracy: f64, cached: &str) -> String {
    let names = [("accuracy", accuracy), (NAME, 0.5), ("a..b", 1.0), ("", 2.0), ("..", 1.0), ("a/b", 1.0), ("../../etc/passwd", 1.0)];
    let mut spec =
        RunSpec::named(NAME).parameter("git_sha", commit).parameter(NAME, format!("{NAME}{accuracy}")).metrics("train", "metrics", &names);
    spec.description = NAME.to_owned();
    let odd = Output {
        key: NAME.to_owned(),
        kind: "system.Metrics".to_owned(),
        values: vec![(NAME.to_owned(), value!(NAME))],
        uri: NAME.to_owned(),
    };
    let hostile = Task::new(NAME).metrics(NAME, &[(NAME, 0.1), ("accuracy", 0.2)]).output(odd);
    spec.script = spec.script.task(if cached.is_empty() { hostile } else { hostile.cached_from(cached) });
    lab.log(spec)
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
    std::thread::scope(|scope| {
        for path in ["*/experiments*", "*/runs", "*/runs/*", "*/ml_metadata*"] {
            scope.spawn(move || says_its_mistakes(path));
        }
    });
}

fn says_its_mistakes(path: &str) {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let program = lab.program().env("PROOFMARK_NETWORK_SECONDS", "1");
    let error = value!({"code": 13, "message": NAME, "details": [{"@type": "x", "message": NAME}], "error": NAME}).to_string();
    for (status, text) in [(500, error.clone()), (400, error), (403, NAME.to_owned()), (404, NAME.repeat(5000)), (200, NAME.to_owned())] {
        lab.kubeflow.heal();
        lab.kubeflow.fail(Fault::new("*", path, What::Body(status, text)));
        let ran = program.run(&["gate"]);
        let told = format!("{}{}", ran.stdout, ran.stderr);
        tame(&told, path);
        assert!(told.len() < 20_000 && ran.code == Some(2), "{status} {path} {}: {told}", told.len());
        let markdown = program.run(&["gate", "--format", "markdown"]);
        tame(&markdown.stdout, path);
        inert(&markdown.stdout);
    }
}

#[test]
fn an_experiment_with_any_name() {
    for name in ["a'b\"c` \\ /ü/ % ? & # +", "x\u{1b}[31m<img>\u{202e}"] {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"").replace('\u{1b}', "\\u001b");
        let lab = Lab::of(&format!("[[kubeflow]]\nname = \"n\"\nexperiment = \"{quoted}\"\n{RULE}"));
        let experiment = lab.kubeflow.experiment(name);
        for commit in [&lab.base, &lab.head] {
            let spec = RunSpec::named("r").parameter("git_sha", commit.as_str()).metrics("train", "metrics", &[("accuracy", 0.9)]);
            lab.kubeflow.run(&experiment, spec);
        }
        let ran = lab.program().run(&["gate"]);
        tame(&format!("{}{}", ran.stdout, ran.stderr), name);
        ran.expect(0);
    }
}

#[test]
fn a_name_with_dots_does_not_stand_for_another_metric() {
    // The task `train` logs `sub.accuracy`, and the task `train.sub` logs `accuracy`: one key, two values.
    let lab = Lab::of(&policy("").replace("train.accuracy", "train.sub.accuracy"));
    for (commit, accuracy) in [(&lab.base, 0.9), (&lab.head, 0.5)] {
        let spec = RunSpec::named("r").parameter("git_sha", commit.as_str());
        lab.log(spec.metrics("train.sub", "metrics", &[("accuracy", accuracy)]).metrics("train", "metrics", &[("sub.accuracy", 0.99)]));
    }
    let ran = lab.program().run(&["gate"]);
    assert_ne!(ran.code, Some(0), "a loss is hidden without a word: {}", ran.stdout);
}

#[test]
fn ten_thousand_metrics_and_a_name_without_an_end() {
    let lab = Lab::of(&policy(""));
    let (long, names) = ("n".repeat(100_000), (0..10_000).map(|index| format!("m{index}")).collect::<Vec<_>>());
    let metrics: Vec<(&str, f64)> =
        names.iter().map(|name| (name.as_str(), 0.5)).chain([("accuracy", 0.9), (long.as_str(), 1.0)]).collect();
    for commit in [&lab.base, &lab.head] {
        lab.log(RunSpec::named(&long).parameter("git_sha", commit.as_str()).metrics("train", "metrics", &metrics));
    }
    let program = lab.program().env("PROOFMARK_NETWORK_SECONDS", "20");
    let report = json(&program.run(&["gate", "--format", "json"]).expect(0));
    // The one whose name is too long is left out, and a note says so.
    assert_eq!(report["comparison"]["metrics"].as_array().map(Vec::len), Some(10_001));
    assert!(report.to_string().contains("too long"));
    let markdown = program.run(&["gate", "--format", "markdown"]).expect(0);
    assert!(markdown.len() < 500_000, "{}", markdown.len());
}

/// The answer to the one run that the head has.
fn answer_for_head(lab: &Lab) -> (String, Value) {
    let before = lab.kubeflow.requests().len();
    lab.gate(0);
    let asked = lab.kubeflow.requests().split_off(before);
    let is_head = |answer: &Value| answer["display_name"] == "of-head" && answer["run_id"].is_string();
    let found = asked.into_iter().find(|request| request.path.contains("/runs/") && is_head(&request.answer)).expect("the head's run");
    (found.path, found.answer)
}

#[test]
fn another_runs_data_do_not_count() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let other = lab.kubeflow.experiment("theirs");
    let better = lab.kubeflow.run(&other, RunSpec::named("better").metrics("train", "metrics", &[("accuracy", 0.99)]));
    let (path, honest) = answer_for_head(&lab);
    for said in [value!(better), value!("../../../healthz?x="), value!(""), value!(null), value!(7)] {
        let mut answer = honest.clone();
        answer["run_id"] = said.clone();
        lab.kubeflow.heal();
        lab.kubeflow.fail(Fault::new("GET", &path, What::Body(200, answer.to_string())));
        let ran = lab.program().run(&["gate"]);
        assert_eq!(ran.code, Some(2), "{said}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn a_run_that_is_another_one_when_it_is_read_does_not_count() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let other = lab.kubeflow.experiment("theirs");
    let (path, honest) = answer_for_head(&lab);
    let mut passed = Vec::new();
    // Begun again, failed, moved elsewhere, or of another commit than the list told.
    for (field, said) in [
        ("/state", value!("RUNNING")),
        ("/state", value!("FAILED")),
        ("/storage_state", value!("ARCHIVED")),
        ("/experiment_id", value!(other)),
        ("/runtime_config/parameters/git_sha", value!("0".repeat(40))),
    ] {
        let mut answer = honest.clone();
        *answer.pointer_mut(field).unwrap_or_else(|| panic!("{field}: {honest}")) = said.clone();
        lab.kubeflow.heal();
        lab.kubeflow.fail(Fault::new("GET", &path, What::Body(200, answer.to_string())));
        let ran = lab.program().run(&["gate"]);
        passed.extend((ran.code != Some(2)).then(|| format!("{field} {said}: {:?}", ran.code)));
    }
    assert!(passed.is_empty(), "{passed:#?}");
}

#[test]
fn pages_without_an_end() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let run = value!({"run_id": "r", "display_name": "r", "state": "SUCCEEDED", "experiment_id": lab.experiment, "created_at": "2026-01-01T00:00:00Z"});
    for (path, list) in [("*/runs", "runs"), ("*/experiments", "experiments")] {
        for rows in [value!([]), value!([run])] {
            let body = value!({ list: rows, "next_page_token": "again", "total_size": 1 }).to_string();
            lab.kubeflow.heal();
            lab.kubeflow.fail(Fault::new("GET", path, What::Body(200, body)));
            let started = std::time::Instant::now();
            let ran = lab.program().run(&["gate"]);
            let told = format!("{}{}", ran.stdout, ran.stderr);
            assert_eq!(ran.code, Some(2), "{path} {rows}: {told}");
            assert!(!told.contains("no run of") && !told.contains("ALLOWED") && started.elapsed().as_secs() < 10, "{path} {rows}: {told}");
        }
    }
}

#[test]
fn a_changes_own_address_hears_no_secret() {
    let thief = FakeKubeflow::start();
    thief.experiment("ci");
    // Where the base has no configuration, the change's own counts.
    let own = format!("{SOURCE}host = \"{}\"\n{RULE}", thief.url());
    let repo = change(&[], &[("proofmark.toml", &own)]);
    thief.require_token("another-token");
    let secrets =
        [("KF_PIPELINES_TOKEN", "t0ken-of-ada"), ("KF_PIPELINES_COOKIE", "session=t0ken-of-ada"), ("KF_PIPELINES_USER", "ada@example.com")];
    for (name, secret) in secrets {
        for arguments in [&["gate"][..], &["compare"], &["doctor"]] {
            proofmark(&repo).env("PROOFMARK_NETWORK_SECONDS", "3").env(name, secret).run(arguments);
        }
    }
    let heard = thief.requests();
    assert!(!heard.is_empty(), "nothing was asked");
    let names = ["authorization", "cookie", "kubeflow-userid"];
    assert!(heard.iter().all(|request| !request.authorized && names.iter().all(|name| !request.headers.contains_key(*name))), "{heard:?}");
}

#[test]
fn a_run_that_is_listed_twice_is_one_run() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    lab.gate(0);
    let list = |request: &Recorded| request.path.ends_with("/v2beta1/runs");
    let mut answer = lab.kubeflow.requests().into_iter().find(list).expect("a list").answer;
    let runs = answer["runs"].as_array().expect("runs").clone();
    answer["runs"] = runs.iter().chain(&runs).cloned().collect();
    lab.kubeflow.fail(Fault::new("GET", "*/v2beta1/runs", What::Body(200, answer.to_string())));
    let ran = lab.program().run(&["gate", "--format", "json"]);
    if ran.code == Some(0) {
        assert_eq!(chosen(&json(&ran.stdout), "head"), ["of-head"]);
    } else {
        ran.expect(2);
    }
}

#[test]
fn a_branch_with_any_name_is_looked_for_as_it_is() {
    let branch = "x\"'%25&=+#}{commit}`$(id)\u{202e}";
    let lab = Lab::of(&policy("find = [\"run-name\"]\nrun_name = \"of {branch}\""));
    lab.repo.git(&["branch", "-m", "change", branch]);
    lab.train("of main", "unsaid", 0.93);
    lab.train(&format!("of {branch}"), "unsaid", 0.95);
    lab.train("of x", "unsaid", 0.1);
    let report = lab.gate(0);
    assert_eq!(chosen(&report, "head"), [format!("of {branch}")]);
    let ran = lab.program().run(&["gate"]);
    tame(&format!("{}{}", ran.stdout, ran.stderr), "branch");
}

#[test]
fn the_answer_to_a_start_is_hostile_too() {
    for id in ["../../../dex/auth?x=", "x\u{1b}[31m\n::error::pwned", "", ".", "00000000-0000-4000-8000-000000000000"] {
        let yard = Yard::new(&rule(BY_NAME, ""));
        yard.kubeflow.fail(Fault::new("POST", "*/v2beta1/runs", What::Body(200, value!({"run_id": id, "display_name": id}).to_string())));
        let ran = yard.push(&["--wait"]);
        tame(&format!("{}{}", ran.stdout, ran.stderr), id);
        assert!(matches!(ran.code, Some(1..=3)), "{id:?}: {ran:?}");
        assert!(yard.kubeflow.requests().iter().all(|request| !request.path.contains("/dex")), "{id:?}");
    }
}

#[test]
fn the_end_of_another_run_is_not_that_of_ours() {
    let other = value!({"run_id": "another", "display_name": "x", "state": "SUCCEEDED", "created_at": "2026-01-01T00:00:00Z"}).to_string();
    for what in [What::Body(200, other), What::Html(200), What::Body(200, "{}".to_owned()), What::Redirect(302, "/dex/auth".to_owned())] {
        let yard = Yard::new(&rule(BY_NAME, ""));
        yard.kubeflow.fail(Fault::new("GET", "*/v2beta1/runs/*", what.clone()));
        let ran = yard.push(&["--wait"]);
        assert!(matches!(ran.code, Some(1..=3)) && !ran.stdout.contains("succeeded"), "{what:?}: {ran:?}");
    }
}

#[test]
fn only_success_is_a_pass() {
    for end in [End::Skipped, End::Canceled, End::Failed("train".to_owned(), String::new())] {
        let yard = Yard::new(&rule(BY_NAME, ""));
        yard.kubeflow.script(Script::new().end(end.clone()));
        let ran = yard.push(&["--wait"]);
        assert_eq!(ran.code, Some(1), "{end:?}: {ran:?}");
    }
}

#[test]
fn what_was_started_before_is_not_guessed() {
    for what in
        [What::StatusBefore(500), What::Html(200), What::Body(200, "{\"runs\": 7}".to_owned()), What::Redirect(302, "/dex/auth".to_owned())]
    {
        let yard = Yard::new(&rule(BY_NAME, "pace = { per_day = 2 }\n"));
        yard.kubeflow.fail(Fault::new("GET", "*/v2beta1/runs", what.clone()));
        let ran = yard.push(&[]);
        assert!(matches!(ran.code, Some(2 | 3)) && ran.stderr.contains("`train`"), "{what:?}: {ran:?}");
        assert!(yard.asked().is_empty(), "{what:?}: {ran:?}");
    }
}

#[test]
fn a_branch_that_is_called_like_a_key_stands_for_no_other_run() {
    let rules = rule(&format!("{BY_NAME}\nname = \"of {{{{ event.branch }}}}\""), "");
    let key_of = |yard: &Yard| {
        let told = yard.push(&["--dry-run"]).expect(0);
        told.split_whitespace().find(|word| word.starts_with("pm1-")).unwrap_or_else(|| panic!("no key: {told}")).to_owned()
    };
    let yard = Yard::new(&rules);
    let key = key_of(&yard);
    // Somebody who may push a branch, and no more, can work out the key of another event.
    yard.repo.git(&["checkout", "-q", "-b", &key]);
    yard.repo.write("data.csv", "3").commit("mine");
    yard.push(&[]).expect(0);
    assert_eq!(yard.asked().len(), 1);
    yard.repo.git(&["checkout", "-q", "-"]);
    assert_eq!(key_of(&yard), key);
    let told = yard.push(&[]).expect(0);
    assert_eq!(yard.asked().len(), 2, "the run of main was not started: {told}");
}

#[test]
fn runs_without_numbers_are_no_pass() {
    for metrics in [&[][..], &[("accuracy", f64::NAN)], &[("accuracy", f64::NEG_INFINITY)], &[("Accuracy", 0.99)]] {
        let lab = Lab::of(&policy(""));
        lab.train("of-base", &lab.base, 0.93);
        lab.log(RunSpec::named("of-head").parameter("git_sha", lab.head.as_str()).metrics("train", "metrics", metrics));
        let ran = lab.program().run(&["gate"]);
        assert!(matches!(ran.code, Some(1 | 2)), "{metrics:?}: {ran:?}");
    }
    let lab = Lab::of(&policy(""));
    for commit in [&lab.base, &lab.head] {
        lab.log(RunSpec::named("r").parameter("git_sha", commit.as_str()));
    }
    assert_ne!(lab.program().run(&["gate"]).code, Some(0));
}

#[test]
fn a_branch_that_is_called_like_a_key_is_paced_like_others() {
    let yard = Yard::new(&rule(&format!("{BY_NAME}\nname = \"of {{{{ event.branch }}}}\""), "pace = { per_day = 1 }\n"));
    yard.kubeflow.world().real_time = true;
    yard.repo.git(&["checkout", "-q", "-b", "pm1-1-00000000-00000000-0000000000000000"]);
    for text in ["3", "4", "5"] {
        yard.repo.write("data.csv", text).commit("mine");
        yard.push(&[]).expect(0);
    }
    assert_eq!(yard.asked().len(), 1, "one a day");
}
