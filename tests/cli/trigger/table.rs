//! `proofmark trigger test`: events against rules, offline.

use super::*;

/// Writes a file beside the clone and tries it.
fn tried(clone: &Clone, name: &str, text: &str, arguments: &[&str]) -> Ran {
    fs::write(clone.file(name), text).expect("a file");
    let file = clone.file(name).display().to_string();
    clone.run(&[&["test", file.as_str()], arguments].concat())
}

fn rules() -> String {
    tool("train", "on = \"push\"\nbranches = [\"main\"]\npaths = [\"data/**\"]", "\"train\"")
        + "[[trigger]]\nname = \"retrain\"\ncommand = { verb = \"retrain\", positional = [\"lr\"] }\nparameters.lr = { type = \"number\", default = 0.1 }\npace = { cooldown = \"1h\" }\n[trigger.start.command]\nargv = [\"sh\", \"tool.sh\", \"{{ parameters.lr }}\"]\n"
}

const PUSH: &str = r#"{"ref": "refs/heads/main", "before": "1111111111111111111111111111111111111111", "after": "2222222222222222222222222222222222222222", "repository": {"full_name": "acme/widgets", "default_branch": "main"}}"#;

fn comment(body: &str) -> String {
    format!(
        r#"{{"action": "created", "repository": {{"full_name": "acme/widgets"}}, "issue": {{"number": 7, "state": "open", "pull_request": {{"url": "x"}}}}, "comment": {{"id": 1, "body": "{body}", "user": {{"login": "ada", "type": "User"}}}}}}"#
    )
}

#[test]
fn every_payload_of_github_is_taken() {
    let clone = Clone::new(
        "[[trigger]]\nname = \"all\"\non = [\"push\", \"pull_request\", \"release\"]\n[trigger.start.command]\nargv = [\"true\"]\n",
    );
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/proofmark-github/tests/events");
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path().display().to_string());
    let files: Vec<String> = entries.filter(|path| path.ends_with(".json")).collect();
    assert!(files.len() >= 24, "{files:?}");
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let ran = clone.run(&[&["test"], &files[..]].concat());
    for name in ["push", "pull_request.opened", "schedule", "workflow_run.completed", "deployment_status", "package.published"] {
        assert!(ran.stdout.contains(&format!(": {name}")), "{name}: {}", ran.stdout);
    }
    ran.expect(0);
    let text = clone.run(&[&["test", "--format", "json"], &files[..]].concat()).expect(0);
    assert_eq!(json(&text).as_array().map(Vec::len), Some(files.len()));
}

#[test]
fn cases_pass_or_fail() {
    let clone = Clone::new(&rules());
    let case =
        |changed: &str, expect: &str| format!(r#"{{"event": "push", "payload": {PUSH}, "changed": [{changed}], "expect": {expect}}}"#);
    for (text, code, told) in [
        (case("\"data/a.csv\"", r#"{"fires": ["train"]}"#), 0, "✓"),
        (case("\"README\"", "{}"), 0, "✓"),
        (case("\"README\"", r#"{"fires": ["train"]}"#), 1, "`train` is not fires"),
        (case("\"data/a.csv\"", "{}"), 1, "`train` is fires"),
    ] {
        let ran = tried(&clone, "case.json", &text, &[]);
        assert!(ran.stdout.contains(told), "{text}: {ran:?}");
        assert_eq!(ran.code, Some(code), "{ran:?}");
    }
    assert!(clone.calls().is_empty() && !clone.repo.path().join(".git/proofmark").exists());
}

#[test]
fn a_list_of_cases_has_names() {
    let clone = Clone::new(&rules());
    let comment = comment("/retrain 0.3");
    let role = |role: &str, expect: &str| {
        format!(
            r#"{{"name": "as {role}", "event": "issue_comment", "payload": {comment}, "role": "{role}", "pull": {{}}, "now": 1000000, "expect": {expect}}}"#
        )
    };
    let cooled = format!(
        r#"{{"name": "too soon", "event": "issue_comment", "payload": {comment}, "role": "write", "pull": {{}}, "now": 1000000, "past": [{{"rule": "retrain", "started": 999000, "state": "passed"}}], "expect": {{"held": ["retrain"]}}}}"#
    );
    let text = format!(
        "[{}, {}, {cooled}]",
        role("write", r#"{"fires": ["retrain"], "parameters": {"retrain": {"lr": 0.3}}}"#),
        role("read", r#"{"refused": ["retrain"]}"#)
    );
    let ran = tried(&clone, "cases.json", &text, &[]);
    assert!(ran.stderr.contains("3 passed, 0 failed"), "{ran:?}");
    for name in ["as write", "as read", "too soon"] {
        assert!(ran.stdout.contains(&format!("✓ {name}")), "{ran:?}");
    }
    ran.expect(0);
}

#[test]
fn what_a_case_does_not_give_is_not_guessed() {
    let clone = Clone::new(&rules());
    let text = format!(r#"{{"event": "push", "payload": {PUSH}, "expect": {{"fires": ["train"]}}}}"#);
    let ran = tried(&clone, "case.json", &text, &[]);
    assert!(ran.stdout.contains("the case does not give `changed`"), "{ran:?}");
    ran.expect(1);
}

#[test]
fn mistakes_in_cases_are_named() {
    let clone = Clone::new(&rules());
    let push = |more: &str| format!(r#"{{"event": "push", "payload": {PUSH}, {more}, "expect": {{}}}}"#);
    for (text, told) in [
        (push(r#""chnaged": []"#), "unknown field `chnaged`"),
        (push(r#""changed": [3]"#), "expected a string"),
        (push(r#""changed": ["../x"]"#), "`changed`"),
        (push(r#""role": "boss""#), "`boss` is no role"),
        (push(r#""pull": {"opne": true}"#), "unknown field `opne`"),
        (push(r#""past": [{"rule": "train", "started": 1, "state": "done"}]"#), "unknown variant `done`"),
        (r#"{"expect": {"fire": ["train"]}}"#.to_owned(), "unknown field `fire`"),
        (r#"{"expect": {}}"#.to_owned(), "has no event"),
        (r#"{"file": "gone.json", "expect": {}}"#.to_owned(), "gone.json"),
        (r#"[{"event": "push"}]"#.to_owned(), "has no event"),
        ("[3]".to_owned(), "is no list of cases"),
    ] {
        let error = tried(&clone, "case.json", &text, &[]).expect_error(2);
        assert!(error.contains(told) && (error.contains("case.json") || told == "gone.json"), "{text}: {error}");
    }
}

#[test]
fn the_rules_are_those_on_disk_or_given() {
    let clone = Clone::new(&rules());
    let case = format!(r#"{{"event": "push", "payload": {PUSH}, "changed": ["data/a.csv"], "expect": {{"fires": ["other"]}}}}"#);
    tried(&clone, "case.json", &case, &[]).expect(1);
    fs::write(clone.file("other.toml"), tool("other", "on = \"push\"", "\"x\"")).expect("a file");
    let other = clone.file("other.toml").display().to_string();
    tried(&clone, "case.json", &case, &["--config", &other]).expect(0);
    clone.repo.write("proofmark.toml", tool("other", "on = \"push\"", "\"x\""));
    tried(&clone, "case.json", &case, &[]).expect(0);
    let told = tried(&clone, "case.json", &case, &["--explain"]).expect(0);
    assert!(told.contains("✓ on"), "{told}");
}
