//! Every example of the README is run: commands succeed, the lines shown are printed, policies are valid.

use proofmark_testkit::repo::TestRepo;

use crate::proofmark;

const README: &str = include_str!("../../README.md");

/// The fenced blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    README.split(&format!("```{language}\n")).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

/// The repository that the examples speak of.
fn example() -> TestRepo {
    let repo = TestRepo::new();
    repo.write(".dvc/config", "").write("dvc.yaml", "metrics: [metrics.json]\nparams: [params.yaml]\n").write("params.yaml", "lr: 0.01\n");
    repo.write("metrics.json", r#"{"accuracy": 0.9051, "f1": 0.88, "loss": 0.3}"#).commit("Try a baseline");
    repo.write("metrics.json", r#"{"accuracy": 0.9132, "f1": 0.8871, "loss": 0.2714}"#).commit("Train the first model");
    repo.branch("tune").switch("tune");
    repo.write("metrics.json", r#"{"accuracy": 0.9214, "f1": 0.8711, "loss": 0.2433}"#).write("params.yaml", "lr: 0.003\n");
    repo
}

/// Ids become zeros and runs of white space one blank: what a reader sees as the same line.
fn scrubbed(line: &str) -> String {
    let is_id = |word: &str| word.len() == 10 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    line.split_whitespace().map(|word| if is_id(word) { "<id>" } else { word }).collect::<Vec<_>>().join(" ")
}

fn run(repo: &TestRepo, command: &str) -> String {
    let (command, code) = match command.split_once("    # exit code ") {
        Some((command, code)) => (command, code.trim().parse().expect("a number")),
        None => (command, 0),
    };
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_proofmark"));
    let folder = binary.parent().expect("a binary lies in a folder").to_string_lossy().into_owned();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
    let shell = proofmark_testkit::run::Program::new("/bin/sh", repo.path()).env("PATH", path);
    shell.run(&["-c", command]).expect(code)
}

#[test]
fn console_examples() {
    let mut commands = 0;
    for block in blocks("console") {
        let repo = example();
        if block.contains("proofmark log") {
            repo.switch("main");
            repo.git(&["checkout", "-q", "-f", "main"]);
        }
        let mut printed = Vec::new();
        for line in block.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                printed = run(&repo, command).lines().map(scrubbed).collect();
                commands += 1;
            } else if !line.trim().is_empty() {
                assert!(printed.contains(&scrubbed(line)), "`{line}` is not among:\n{}", printed.join("\n"));
            }
        }
    }
    assert!(commands >= 12, "only {commands} commands were found in the README");
}

#[test]
fn the_picture_at_the_top_is_what_the_demo_prints() {
    let printed: Vec<String> = proofmark(&example()).run(&["demo"]).expect(0).lines().map(scrubbed).collect();
    let picture = blocks("text")[0];
    for line in picture.lines().filter(|line| !line.trim().is_empty()) {
        assert!(printed.contains(&scrubbed(line)), "`{line}` is not printed by the demo");
    }
}

#[test]
fn policies_are_valid() {
    let repo = example();
    for block in blocks("toml") {
        repo.write("example.toml", block);
        let report = proofmark(&repo).run(&["gate", "--config", "example.toml"]);
        // The example speaks of metrics that this repository lacks; what matters is that it is read.
        assert!(report.stdout.contains("example.toml"), "{}", report.stderr);
    }
}

#[test]
fn triggers_are_valid() {
    let repo = example();
    repo.commit("Tune");
    let with_triggers: Vec<&str> = blocks("toml").into_iter().filter(|block| block.contains("[[trigger]]")).collect();
    assert!(!with_triggers.is_empty());
    for block in with_triggers {
        repo.write("example.toml", block);
        let told = proofmark(&repo).run(&["trigger", "--config", "example.toml", "--event", "push", "--dry-run"]).expect(0);
        assert!(told.contains("example.toml"), "{told}");
    }
}

#[test]
fn the_two_commands_are_there() {
    let shell = blocks("sh").join("\n");
    assert!(shell.contains("cargo run --release -- demo") && shell.contains("bash tests/run.sh"));
}

/// The workspace has more than one binary, and `cargo run` must not ask which one.
#[test]
fn the_first_command_runs_proofmark() {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["run", "--locked", "--offline", "--quiet", "--", "--version"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo is there");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("proofmark "), "{}", String::from_utf8_lossy(&output.stderr));
}
