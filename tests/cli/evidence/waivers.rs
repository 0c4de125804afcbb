//! Losses that somebody accepted.

use proofmark_testkit::run::Program;

use super::*;

/// 2024-01-01, the day of the repositories' commits.
const NOW: &str = "1704110400";
const LIMITS: &str = "[[rule]]\nmetric = \"accuracy\"\nmax_regression_abs = 0.01\n[waivers]\napprovers = [\"bob\", \"ada\"]\n";

/// A waiver with a line put in the place of another one.
fn waiver(old: &str, new: &str) -> String {
    let text = "[[waiver]]\nmetric = \"accuracy\"\naccept_down_to = 0.85\nexpires = 2024-02-01\nreason = \"relabelled\"\nissue = \"#41\"\napproved_by = \"bob\"\npull_request = 7\n";
    assert!(text.contains(old));
    text.replace(old, new)
}

fn repo(policy: &str) -> TestRepo {
    change(&[("proofmark.toml", policy), ("metrics.json", r#"{"accuracy": 0.9}"#)], &[("metrics.json", r#"{"accuracy": 0.86}"#)])
}

/// The binary in a run of GitHub Actions for a pull request of ada's.
fn on_pull_request(repo: &TestRepo, number: u64) -> Program {
    let source = serde_json::json!({"id": 1, "full_name": "acme/widgets"});
    let payload = serde_json::json!({
        "action": "synchronize", "number": number,
        "repository": {"full_name": "acme/widgets", "default_branch": "main"},
        "pull_request": {
            "number": number, "state": "open", "user": {"login": "ada"},
            "head": {"ref": "change", "sha": repo.id("change"), "repo": source},
            "base": {"ref": "main", "sha": repo.id("main"), "repo": source},
        },
    });
    let file = repo.outside().join("event.json");
    std::fs::write(&file, payload.to_string()).expect("the payload can be written");
    let variables = [
        ("GITHUB_ACTIONS", "true".to_owned()),
        ("GITHUB_EVENT_NAME", "pull_request".to_owned()),
        ("GITHUB_EVENT_PATH", file.display().to_string()),
        ("GITHUB_REPOSITORY", "acme/widgets".to_owned()),
        ("GITHUB_SHA", repo.id("change")),
        ("GITHUB_RUN_ID", "1".to_owned()),
        ("GITHUB_RUN_ATTEMPT", "1".to_owned()),
        ("PROOFMARK_NOW", NOW.to_owned()),
    ];
    variables.into_iter().fold(proofmark(repo), |program, (name, value)| program.env(name, value))
}

#[track_caller]
fn judged(policy: &str, number: u64, code: i32) -> Value {
    json(&on_pull_request(&repo(policy), number).run(&["gate", "--format", "json"]).expect(code))
}

#[test]
fn a_known_loss_is_accepted_in_its_pull_request() {
    let policy = format!("{LIMITS}{}", waiver("", ""));
    let report = judged(&policy, 7, 0);
    assert_eq!(findings(&report), ["accuracy waived notice regression-abs,waived"]);
    let used = &only(&report)["waiver"];
    assert_eq!((&used["approved_by"], &used["issue"], &used["found"]), (&"bob".into(), &"#41".into(), &"fail".into()));
    assert_eq!((&used["expires"], &used["used"]), (&"2024-02-01".into(), &"2024-01-01".into()));
    let table = on_pull_request(&repo(&policy), 7).run(&["gate"]).expect(0);
    assert!(table.contains("bob") && table.contains("relabelled") && table.contains("2024-02-01"), "{table}");
}

#[test]
fn a_waiver_that_does_not_count_is_told() {
    for (old, new, kind) in [
        ("2024-02-01", "2023-12-31", "expired"),
        ("2024-02-01", "2024-12-31", "malformed"),
        ("\"bob\"", "\"ada\"", "refused"),
        ("\"bob\"", "\"mallory\"", "malformed"),
        ("0.85", "0.87", "beyond"),
        ("pull_request = 7", "pull_request = 8", "other-change"),
        ("metric = \"accuracy\"", "metric = \"acc*\"", "unmatched"),
        ("reason = \"relabelled\"\n", "", "malformed"),
    ] {
        let report = judged(&format!("{LIMITS}{}", waiver(old, new)), 7, 1);
        assert_eq!(findings(&report), ["accuracy fail block regression-abs"], "{kind}");
        let notes = &report["judgement"]["waivers"];
        assert_eq!(notes[0]["kind"], kind, "{notes}");
        assert!(notes[0]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{notes}");
    }
}

#[test]
fn a_change_cannot_bring_its_own_waiver() {
    let repo = repo(LIMITS);
    repo.write("proofmark.toml", format!("{LIMITS}{}", waiver("", ""))).commit("accept it myself");
    let report = json(&on_pull_request(&repo, 7).run(&["gate", "--format", "json"]).expect(1));
    assert_eq!(findings(&report), ["accuracy fail block regression-abs"]);
}

#[test]
fn a_waiver_for_a_commit_counts_from_the_branch_that_the_change_goes_into() {
    let repo = repo(LIMITS);
    let head = repo.id("change");
    let scope = format!("commit = \"{}\"", &head[..12]);
    repo.switch("main").write("proofmark.toml", format!("{LIMITS}{}", waiver("pull_request = 7", &scope))).commit("accept it");
    let run =
        |head: &str, code| json(&proofmark(&repo).env("PROOFMARK_NOW", NOW).run(&["gate", "main", head, "--format", "json"]).expect(code));
    assert_eq!(findings(&run("change", 0)), ["accuracy waived notice regression-abs,waived"]);
    assert_eq!(run("change", 0)["judgement"]["waivers"][0]["kind"], "author-unknown");
    repo.switch("change").write("metrics.json", r#"{"accuracy": 0.855}"#).commit("a further loss");
    assert_eq!(findings(&run("change", 1)), ["accuracy fail block regression-abs"]);
}

#[test]
fn what_is_missing_cannot_be_accepted() {
    let repo = repo(&format!("{LIMITS}{}", waiver("", "")));
    for (text, reason) in [("{}", "missing-candidate"), (r#"{"accuracy": NaN}"#, "non-finite-candidate")] {
        repo.write("metrics.json", text).commit(reason);
        let report = json(&on_pull_request(&repo, 7).run(&["gate", "--format", "json"]).expect(1));
        assert_eq!(findings(&report), [format!("accuracy fail block {reason}")]);
    }
}

#[test]
fn a_slice_of_a_table_and_the_text_to_copy() {
    let rule = policy("max_regression_abs = 0.02\nslice = { country = \"*\" }");
    let approvers = "[waivers]\napprovers = [\"bob\"]\n";
    let repo = change_of(&format!("{rule}{approvers}"), &wrong_until(1000, 0), &csv(&rows(1000, |row| row % 4 == 2 && row < 400)));
    let report = json(&on_pull_request(&repo, 7).run(&["gate", "--format", "json"]).expect(1));
    let text = report["judgement"]["findings"][1]["waiver_text"].as_str().expect("a text to copy").to_owned();
    assert!(text.contains("country") && text.contains("FR") && text.contains("pull_request = 7"), "{text}");
    // Copied, with the gaps filled in.
    let filled: String = text
        .lines()
        .map(|line| match line.split_once(" = \"<") {
            Some(("approved_by", _)) => "approved_by = \"bob\"\n".to_owned(),
            Some((field, _)) => format!("{field} = \"x\"\n"),
            None => format!("{line}\n"),
        })
        .collect();
    repo.switch("main").write("proofmark.toml", format!("{rule}{approvers}{filled}")).commit("accept it");
    repo.switch("change");
    let report = json(&on_pull_request(&repo, 7).run(&["gate", "--format", "json"]).expect(0));
    assert_eq!(findings(&report), ["accuracy pass allow", "accuracy waived notice regression,waived"], "{text}");
}
