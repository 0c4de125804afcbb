//! The second of the two workflows for forks: a report that a stranger's run left.

use proofmark_testkit::github::{Artifact, Run};

use super::*;

/// A fork's pull request whose first workflow left `files`, and the second one's event.
fn posted(accuracy: &str, files: Files<'_>) -> (Stage, Value) {
    let stage = Stage::new(accuracy);
    {
        let mut state = stage.github.state();
        let repository = state.repo_mut(REPOSITORY);
        let pull = repository.issues.remove(&7).expect("the pull request").of_fork("outsider/widgets");
        repository.issues.insert(7, pull);
        let mut run = Run::of_pull_request(42, "change", &stage.head);
        run.head_repository = "outsider/widgets".to_owned();
        repository.runs.insert(42, run);
        repository.artifacts.insert(43, Artifact::of(43, 42, "proofmark-report", files));
    }
    let payload = json!({
        "action": "completed",
        "repository": {"id": 1, "full_name": REPOSITORY, "default_branch": "main"},
        "workflow_run": {
            "id": 42, "run_attempt": 1, "event": "pull_request", "name": "models", "conclusion": "success",
            "head_sha": stage.head, "head_branch": "change", "pull_requests": [],
            "head_repository": {"id": 2, "full_name": "outsider/widgets"}, "repository": {"id": 1, "full_name": REPOSITORY},
        },
    });
    (stage, payload)
}

/// The files of an artifact.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// What the first workflow writes.
fn report(accuracy: &str) -> String {
    let stage = Stage::new(accuracy);
    let ran = stage.on_pull_request(&["gate", "--format", "json"]);
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stderr);
    ran.stdout
}

/// The same as a stranger would like it: judged by a policy of its own, which allows everything.
fn lie() -> String {
    let mut document: Value = serde_json::from_str(&report("0.8").replace("0.01", "0.5")).expect("JSON");
    let judgement = &mut document["judgement"];
    for finding in judgement["findings"].as_array_mut().expect("findings") {
        finding["verdict"] = json!("pass");
        finding["effect"] = json!("allow");
    }
    judgement["verdict"] = json!("pass");
    judgement["effect"] = json!("allow");
    document.to_string()
}

const FROM: [&str; 3] = ["report", "--from-artifact", "proofmark-report"];

#[test]
fn the_report_of_a_fork_is_posted() {
    let text = report("0.8");
    let (stage, payload) = posted("0.8", &[("report.json", text.as_bytes())]);
    stage.program("workflow_run", &payload).run(&FROM).expect(0);
    assert!(stage.bodies()[0].contains("BLOCKED"), "{:?}", stage.bodies());
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
    assert!(stage.github.requests().iter().all(|request| !request.storage || !request.authorized), "the token stays at GitHub");
}

#[test]
fn a_report_that_lies_is_judged_again_by_the_base() {
    let (stage, payload) = posted("0.8", &[("report.json", lie().as_bytes())]);
    stage.program("workflow_run", &payload).run(&FROM).expect(0);
    assert!(stage.bodies()[0].contains("BLOCKED"), "{}", stage.bodies()[0]);
    assert!(stage.bodies()[0].contains("by the policy of the base"), "{}", stage.bodies()[0]);
}

#[test]
fn a_pull_request_that_moved_on_is_not_commented() {
    let text = report("0.8");
    let (stage, payload) = posted("0.8", &[("report.json", text.as_bytes())]);
    {
        let mut state = stage.github.state();
        let issue = state.repo_mut(REPOSITORY).issues.get_mut(&7).expect("the pull request");
        issue.pull.as_mut().expect("a pull request").head.sha = "f".repeat(40);
    }
    let ran = stage.program("workflow_run", &payload).run(&FROM);
    assert!(ran.stderr.contains("No open pull request"), "{}", ran.stderr);
    ran.expect(0);
    assert!(stage.writes().is_empty(), "its policy is not known, so nothing turns green: {:?}", stage.writes());
}

#[test]
fn of_several_pull_requests_the_strictest_policy_counts() {
    let (stage, payload) = posted("0.8", &[("report.json", lie().as_bytes())]);
    // The same branch, into another one that has no policy against it.
    stage.repo.git(&["branch", "--quiet", "lax", "main"]);
    stage.repo.switch("lax").write("proofmark.toml", "[[rule]]\nmetric = \"acc\"\nmin = 0.1\n");
    let lax = stage.repo.commit("lax");
    {
        let mut state = stage.github.state();
        let issue = Issue::pull(8, "mallory", ("change", &stage.head), ("lax", &lax)).of_fork("outsider/widgets");
        state.repo_mut(REPOSITORY).issues.insert(8, issue);
    }
    stage.program("workflow_run", &payload).run(&FROM).expect(0);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
}

#[test]
fn what_is_no_report_is_refused() {
    let half = &report("0.8")[..300];
    let cases: [(Files<'_>, &str); 4] = [
        (&[("other.json", b"{}")], "report.json"),
        (&[("report.json", b"<html></html>")], "HTML"),
        (&[("report.json", half.as_bytes())], "report"),
        (&[("../report.json", b"{}"), ("report.json", b"{}")], "refused"),
    ];
    for (files, word) in cases {
        let (stage, payload) = posted("0.8", files);
        let error = stage.program("workflow_run", &payload).run(&FROM).expect_error(2);
        assert!(error.contains(word), "{error}");
        assert!(stage.bodies()[0].contains("nothing was judged"), "{:?}", stage.bodies());
        assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
    }
}

#[test]
fn outside_of_workflow_run_it_says_where_it_belongs() {
    let stage = Stage::new("0.9");
    let error = stage.on_pull_request(&FROM).expect_error(2);
    assert!(error.contains("workflow_run"), "{error}");
}
