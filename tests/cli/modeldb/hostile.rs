//! Names from ModelDB that want to act: in terminals, Markdown, HTML and commands of the log.

use proofmark_testkit::modeldb::{Fault, What};
use serde_json::json as value;

use super::*;

const NAME: &str =
    "x\u{1b}[31m\n::error::pwned\r| @ada [l](http://evil.example) <img src=x onerror=y> `c`d` <!-- z --> ${{ github.token }}\u{202e}";
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

/// No letter that moves a cursor or turns a text round, and no line that a runner takes for a command.
#[track_caller]
fn tame(text: &str, form: &str) {
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
fn nothing_acts_in_what_is_posted() {
    let lab = lab();
    let place = ["--post", "--dry-run", "--repository", "acme/widgets", "--pull-request", "7", "--annotations", "always"];
    let ran = lab.program().run(&[&["gate", "main", "change"], &place[..]].concat());
    for row in json(&ran.expect(1)).as_array().expect("a list") {
        for text in [&row["body"]["body"], &row["body"]["output"]["summary"], &row["body"]["output"]["text"]] {
            let text = text.as_str().unwrap_or_default();
            tame(text, "posted");
            inert(text);
        }
    }
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
