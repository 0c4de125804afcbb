//! Clones that lack the base: its files come from GitHub.

use super::*;

/// The binary in a clone with one commit, as `actions/checkout` makes it without `fetch-depth`.
fn shallow(stage: &Stage, revision: &str) -> (TestRepo, Program) {
    let clone = stage.repo.clone_with(&["--depth=1", "--branch", revision, "--single-branch"]);
    let program = stage.program("pull_request", &stage.pull_request()).at(clone.path());
    (clone, program)
}

/// Main has moved on since, and the merge that the pull request's run checks out.
fn merged(stage: &Stage) -> String {
    stage.repo.switch("main").write("metrics.json", "{\n  \"acc\": 0.96,\n  \"loss\": 0.3\n}\n");
    let newest = stage.repo.commit("a better model on main");
    stage.repo.git(&["checkout", "--quiet", "--detach", "main"]);
    stage.repo.git(&["merge", "--quiet", "--no-ff", "--strategy-option=theirs", "change"]);
    stage.repo.git(&["branch", "--force", "merge", "HEAD"]);
    newest
}

#[test]
fn the_merge_that_is_checked_out_by_default() {
    let stage = Stage::new("0.95");
    let newest = merged(&stage);
    let (_clone, program) = shallow(&stage, "merge");
    let text = program.run(&["gate", "--format", "json"]).expect(0);
    assert!(text.contains(&newest), "{text}");
    assert!(text.contains("proofmark.toml"), "the policy of the base is read, too");
}

#[test]
fn the_head_itself_needs_the_merge_base_from_github() {
    let stage = Stage::new("0.8");
    stage.repo.switch("main").write("other", "x");
    stage.repo.commit("main moves on");
    let (_clone, program) = shallow(&stage, "change");
    let text = program.run(&["gate", "--format", "json"]).expect(1);
    assert!(text.contains(&stage.base), "{text}");
    let asked: Vec<String> = stage.github.requests().iter().map(|request| request.path.clone()).collect();
    assert!(asked.iter().any(|path| path.contains("/compare/")), "{asked:?}");
    assert!(asked.len() <= 8, "{asked:?}");
}

#[test]
fn a_dvc_project_is_read_from_github_as_well() {
    let base = [(".dvc/config", ""), ("dvc.yaml", "metrics: [out/m.yaml]\n"), ("out/m.yaml", "a:\n  f1: 0.7\n")];
    let stage = Stage::of(change(&base, &[("out/m.yaml", "a:\n  f1: 0.5\n")]), Token::actions_writing());
    let (_clone, program) = shallow(&stage, "change");
    let text = program.run(&["compare"]).expect(0);
    assert!(text.contains("a.f1") && text.contains("0.7") && text.contains("0.5"), "{text}");
}

#[test]
fn without_a_token_it_is_an_error_that_says_so() {
    let mut stage = Stage::new("0.95");
    stage.set("GITHUB_TOKEN", "");
    let (_clone, program) = shallow(&stage, "change");
    let error = program.run(&["gate"]).expect_error(2);
    assert!(error.contains("fetch-depth: 0") && error.contains("GITHUB_TOKEN"), "{error}");
}

#[test]
fn a_token_that_may_not_read_is_named() {
    let base = [("metrics.json", "{\"acc\": 0.9}")];
    let repo = change(&base, &[("metrics.json", "{\"acc\": 0.9}")]);
    let token = Token::actions_writing().with("contents", proofmark_testkit::github::Level::None);
    let stage = Stage::of(repo, token);
    stage.github.state().repo_mut(REPOSITORY).private = true;
    let (_clone, program) = shallow(&stage, "change");
    let error = program.run(&["gate"]).expect_error(3);
    assert!(error.contains("contents: read"), "{error}");
}

/// `actions/checkout` fetches one ref alone, so that no other branch is known by name.
fn one_ref(stage: &Stage, revision: &str) -> TestRepo {
    let clone = stage.repo.clone_with(&["--depth=1", "--branch", revision, "--single-branch"]);
    clone.git(&["checkout", "--quiet", "--detach"]);
    clone.git(&["remote", "remove", "origin"]);
    clone
}

#[test]
fn events_that_name_no_base_find_the_default_branch_at_github() {
    let payloads = [
        ("push", json!({"ref": "refs/heads/change", "before": "0".repeat(40), "created": true})),
        ("workflow_dispatch", json!({"ref": "refs/heads/change"})),
        ("schedule", json!({})),
    ];
    for (event, mut payload) in payloads {
        let stage = Stage::new("0.8");
        stage.repo.switch("main").write("other", "x");
        stage.repo.commit("main moves on");
        let clone = one_ref(&stage, "change");
        payload["repository"] = json!({"full_name": REPOSITORY, "default_branch": "main"});
        if event == "push" {
            payload["after"] = json!(stage.head);
        }
        let text = stage.program(event, &payload).at(clone.path()).run(&["gate", "--format", "json"]).expect(1);
        assert!(text.contains(&stage.base), "{event}: {text}");
    }
}

#[test]
fn the_newest_policy_counts_although_the_event_is_old() {
    let stage = Stage::new("0.895");
    stage.repo.switch("main").write("proofmark.toml", "[[rule]]\nmetric = \"acc\"\nmax_regression_abs = 0.001\n");
    stage.repo.commit("a tighter policy");
    for revision in ["change", "merge"] {
        if revision == "merge" {
            stage.repo.git(&["checkout", "--quiet", "--detach", &stage.base]);
            stage.repo.git(&["merge", "--quiet", "--no-ff", "change"]);
            stage.repo.git(&["branch", "--force", "merge", "HEAD"]);
        }
        let clone = one_ref(&stage, revision);
        let ran = stage.program("pull_request", &stage.pull_request()).at(clone.path()).run(&["gate"]);
        assert!(ran.stdout.contains("more than 0.001"), "{revision}: {}\n{}", ran.stdout, ran.stderr);
        ran.expect(1);
    }
}

#[test]
fn a_forced_push_is_told() {
    let stage = Stage::new("0.8");
    let clone = one_ref(&stage, "change");
    let payload = json!({
        "ref": "refs/heads/main", "before": "e".repeat(40), "after": stage.head, "forced": true,
        "repository": {"full_name": REPOSITORY, "default_branch": "main"},
    });
    let error = stage.program("push", &payload).at(clone.path()).run(&["gate"]).expect_error(3);
    assert!(error.contains("before this push"), "{error}");
}
