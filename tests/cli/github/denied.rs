//! Tokens that may not do everything: the report stays with the run, and the hint says what to change.

use proofmark_testkit::github::Level;

use super::*;

fn with(token: Token, accuracy: &str) -> Stage {
    let head = format!("{{\"acc\": {accuracy}}}");
    Stage::of(change(&[("metrics.json", "{\"acc\": 0.9}"), ("proofmark.toml", POLICY)], &[("metrics.json", &head)]), token)
}

#[test]
fn a_fork_leaves_everything_with_the_run() {
    for (accuracy, code) in [("0.8", 1), ("0.95", 0)] {
        let stage = with(Token::fork(), accuracy);
        let mut payload = stage.pull_request();
        payload["pull_request"]["head"]["repo"] = json!({"id": 2, "full_name": "outsider/widgets"});
        let ran = stage.program("pull_request", &payload).run(&["gate", "--post"]);
        ran.clone().expect(code);
        assert!(stage.writes().is_empty(), "{:?}", stage.writes());
        assert!(stage.read("summary.md").contains(if code == 1 { "BLOCKED" } else { "passed" }));
        assert!(ran.stdout.contains("::notice title=proofmark::") && ran.stderr.contains("from a fork"), "{}", ran.stdout);
        assert_eq!(ran.stdout.contains("::error title=fail%3A acc,file=metrics.json,line=1::"), code == 1, "{}", ran.stdout);
        assert_eq!(stage.output("blocked").as_deref(), Some(if code == 1 { "true" } else { "false" }));
    }
}

#[test]
fn a_missing_permission_is_named_and_the_verdict_stands() {
    let stage = with(Token::actions().with("checks", Level::Write), "0.8");
    let ran = stage.on_pull_request(&["gate", "--post"]);
    let error = ran.expect_error(1);
    assert!(error.contains("pull-requests: write"), "{error}");
    assert!(stage.bodies().is_empty());
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"], "what may be posted is posted");
    let stage = with(Token::actions(), "0.95");
    let ran = stage.on_pull_request(&["gate", "--post"]);
    assert!(ran.stderr.contains("checks: write"), "{}", ran.stderr);
    assert!(ran.stdout.contains("::warning title=proofmark::"), "{}", ran.stdout);
    ran.expect(0);
    assert!(stage.read("summary.md").contains("passed"));
}

#[test]
fn a_personal_token_sets_a_status_instead_of_a_check() {
    let token = Token::personal("ml-bot").with("issues", Level::Write).with("pull_requests", Level::Write).with("statuses", Level::Write);
    let stage = with(token, "0.8");
    stage.on_pull_request(&["gate", "--post"]).expect(1);
    let state = stage.github.state();
    let statuses: Vec<String> =
        state.repo(REPOSITORY).statuses.values().map(|status| format!("{} {}", status.context, status.state)).collect();
    assert_eq!(statuses, ["proofmark: gate failure"]);
    assert_eq!(state.comments(REPOSITORY, 7)[0].login, "ml-bot");
}

#[test]
fn a_wrong_token_is_told_and_never_shown() {
    let mut stage = with(Token::actions_writing(), "0.95");
    let secret = "ghs_thisIsNotAGoodToken0000";
    stage.set("GITHUB_TOKEN", secret);
    let ran = stage.on_pull_request(&["gate", "--post"]);
    assert!(ran.stderr.contains("401") && !ran.stderr.contains(secret) && !ran.stdout.contains(secret), "{}", ran.stderr);
    ran.expect(0);
}

#[test]
fn without_a_token_nothing_is_sent() {
    let mut stage = with(Token::actions_writing(), "0.8");
    stage.set("GITHUB_TOKEN", "");
    let ran = stage.on_pull_request(&["gate", "--post"]);
    assert!(ran.stderr.contains("no token"), "{}", ran.stderr);
    ran.expect(1);
    assert!(stage.github.requests().is_empty());
}

#[test]
fn the_doctor_tells_what_is_missing_and_changes_nothing() {
    let stage = with(Token::actions().with("checks", Level::Write), "0.8");
    let before = stage.github.state().to_json();
    let ran = stage.on_pull_request(&["doctor"]);
    assert!(ran.stdout.contains("pull-requests: write"), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(stage.github.state().to_json(), before);
    let healthy = with(Token::actions_writing(), "0.9");
    let text = healthy.on_pull_request(&["doctor"]).expect(0);
    assert!(!text.contains('✗'), "{text}");
}
