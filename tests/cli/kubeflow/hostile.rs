//! What a server of Pipelines says is hostile: names that want to act, other runs' data, pages without an end.

use proofmark_testkit::kubeflow::{Fault, Output, Script, Task, What};
use serde_json::json as value;

use super::*;

const NAME: &str =
    "x\u{1b}[31m\n::error::pwned\r| @ada [l](http://evil.example) <img src=x onerror=y> `c`d` <!-- z --> ${{ github.token }}\u{202e}";
const PLACE: [&str; 8] = ["--post", "--dry-run", "--repository", "acme/widgets", "--pull-request", "7", "--annotations", "always"];

/// No letter that moves a cursor or turns a text round, and no line that a runner takes for a command.
#[track_caller]
pub(super) fn tame(text: &str, form: &str) {
    let acts = |letter: char| (letter.is_control() && !"\n\t".contains(letter)) || ('\u{202a}'..='\u{202e}').contains(&letter);
    assert!(!text.contains(acts), "{form}: {text:?}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::error::pwned")), "{form}: {text}");
}

/// What stands in a span of code does not act.
#[track_caller]
fn inert(text: &str) {
    for line in text.lines().filter(|line| !line.starts_with("<!-- proofmark:")) {
        let parts: Vec<&str> = line.split('`').collect();
        assert!(parts.len() % 2 == 1 && !line.contains("``"), "a span has no end: {line}");
        let outside = parts.iter().step_by(2).copied().collect::<Vec<_>>().join(" ");
        for acting in ["<img", "](", "<!-- z", "@ada", "${{", "http"] {
            assert!(!outside.contains(acting), "{acting}: {line}");
        }
    }
}

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
    let lab = lab();
    for arguments in [&["gate"][..], &["compare"], &["compare", "--all"], &["doctor"]] {
        let ran = lab.program().run(arguments);
        tame(&format!("{}{}", ran.stdout, ran.stderr), &format!("{arguments:?}"));
        assert!(ran.code.is_some_and(|code| code <= 3), "{:?}", ran.code);
    }
    for arguments in [&["gate", "--format", "markdown"][..], &["compare", "--format", "markdown", "--all"]] {
        let ran = lab.program().run(arguments);
        tame(&ran.stdout, "markdown");
        inert(&ran.stdout);
    }
    let report = json(&lab.program().run(&["gate", "--format", "json"]).expect(1));
    assert_eq!(chosen(&report, "head"), [NAME]);
}

#[test]
fn nothing_acts_in_files_of_other_tools() {
    let lab = lab();
    for form in ["junit", "html", "csv", "github", "annotations"] {
        let ran = lab.program().run(&["gate", "--format", form]);
        if ran.stderr.contains("possible values") {
            continue;
        }
        tame(&ran.stdout, form);
        assert!(!ran.stdout.contains("<img"), "{form}: {}", ran.stdout);
    }
}

#[test]
fn nothing_acts_in_what_is_posted() {
    let lab = lab();
    let ran = lab.program().run(&[&["gate", "main", "change"], &PLACE[..]].concat());
    for row in json(&ran.expect(1)).as_array().expect("a list") {
        for text in [&row["body"]["body"], &row["body"]["output"]["summary"], &row["body"]["output"]["text"]] {
            let text = text.as_str().unwrap_or_default();
            tame(text, "posted");
            inert(text);
        }
        for annotation in row["body"]["output"]["annotations"].as_array().into_iter().flatten() {
            tame(&format!("{}\n{}", annotation["title"], annotation["message"]), "annotation");
        }
    }
}

#[test]
fn what_a_server_says_of_its_mistakes() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let error = value!({"code": 13, "message": NAME, "details": [{"@type": "x", "message": NAME}], "error": NAME}).to_string();
    for (status, text) in [(500, error.clone()), (400, error), (403, NAME.to_owned()), (404, NAME.repeat(5000)), (200, NAME.to_owned())] {
        for path in ["*/experiments*", "*/runs", "*/runs/*", "*/ml_metadata*"] {
            lab.kubeflow.heal();
            lab.kubeflow.fail(Fault::new("*", path, What::Body(status, text.clone())));
            let program = lab.program().env("PROOFMARK_NETWORK_SECONDS", "1");
            let ran = program.run(&["gate"]);
            let told = format!("{}{}", ran.stdout, ran.stderr);
            tame(&told, path);
            assert!(told.len() < 20_000 && ran.code == Some(2), "{status} {path} {}: {told}", told.len());
            let markdown = program.run(&["gate", "--format", "markdown"]);
            tame(&markdown.stdout, path);
            inert(&markdown.stdout);
        }
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
    assert_eq!(report["comparison"]["metrics"].as_array().map(Vec::len), Some(10_002));
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
    let changes: [(&str, Value); 5] = [
        ("run_id", value!(better)),
        ("run_id", value!("../../../healthz?x=")),
        ("run_id", value!("")),
        ("experiment_id", value!(other)),
        ("state", value!("FAILED")),
    ];
    for (field, said) in changes {
        let mut answer = honest.clone();
        answer[field] = said.clone();
        lab.kubeflow.heal();
        lab.kubeflow.fail(Fault::new("GET", &path, What::Body(200, answer.to_string())));
        let ran = lab.program().run(&["gate"]);
        assert_eq!(ran.code, Some(2), "{field} {said}: {}{}", ran.stdout, ran.stderr);
    }
    // Another commit than the list told: it is no run of the head.
    let mut answer = honest;
    answer["runtime_config"]["parameters"]["git_sha"] = value!("0".repeat(40));
    lab.kubeflow.heal();
    lab.kubeflow.fail(Fault::new("GET", &path, What::Body(200, answer.to_string())));
    let ran = lab.program().run(&["gate"]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.stdout, ran.stderr);
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
