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
