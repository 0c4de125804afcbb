//! Names from a server that want to act: in terminals, Markdown, HTML and commands of the log.

use super::*;

const NAME: &str = "x\u{1b}[31m\n::error::pwned\r| @ada [l](http://evil.example) <img src=x onerror=y> `c`d` @ada [m](http://evil.example) <!-- z --> ${{ github.token }}\u{202e}";

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

#[track_caller]
fn tame(text: &str, form: &str) {
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains('\r'), "{form}: {text:?}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::error::pwned")), "{form}: {text}");
}

/// What stands in a span of code does not act; the names hold backticks themselves, so each line has its own spans.
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
fn nothing_acts_in_a_terminal() {
    let lab = lab();
    for arguments in [&["gate"][..], &["compare"], &["doctor"]] {
        let ran = lab.program().run(arguments);
        tame(&format!("{}{}", ran.stdout, ran.stderr), &format!("{arguments:?}"));
        assert!(ran.code.is_some_and(|code| code <= 3), "{:?}", ran.code);
    }
}

#[test]
fn nothing_acts_in_markdown() {
    let lab = lab();
    for arguments in [&["gate", "--format", "markdown"][..], &["compare", "--format", "markdown"]] {
        let ran = lab.program().run(arguments);
        tame(&ran.stdout, "markdown");
        inert(&ran.stdout);
    }
}

#[test]
fn nothing_acts_in_what_is_posted() {
    let lab = lab();
    let place = ["--post", "--dry-run", "--repository", "acme/widgets", "--pull-request", "7", "--annotations", "always"];
    let ran = lab.program().run(&[&["gate", "main", "change"], &place[..]].concat());
    let rows = json(&ran.expect(1));
    for row in rows.as_array().expect("a list") {
        for text in [row["body"]["body"].as_str(), row["body"]["output"]["summary"].as_str(), row["body"]["output"]["text"].as_str()] {
            let text = text.unwrap_or_default();
            tame(text, "posted");
            inert(text);
        }
    }
}

#[test]
fn json_keeps_them_as_they_are() {
    let lab = lab();
    let report = json(&lab.program().run(&["gate", "--format", "json"]).expect(1));
    assert_eq!(chosen(&report, "head"), [NAME]);
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
