//! Other servers, and servers that misbehave.

use proofmark_testkit::github::{Fault, What};

use super::*;

#[test]
fn enterprise_server_has_its_interfaces_side_by_side() {
    let mut stage = Stage::new("0.8");
    let url = stage.github.url();
    stage.set("GITHUB_API_URL", &format!("{url}/api/v3")).set("GITHUB_GRAPHQL_URL", &format!("{url}/api/graphql"));
    stage.on_pull_request(&["gate", "--post"]).expect(1);
    stage.run += 1;
    stage.on_pull_request(&["gate", "--post", "--comment", "hide-and-recreate"]).expect(1);
    let hidden: Vec<bool> = stage.github.state().comments(REPOSITORY, 7).iter().map(|comment| comment.minimized.is_some()).collect();
    assert_eq!(hidden, [true, false], "GraphQL is reached too");
    assert_eq!(stage.checks(&stage.head).last().map(String::as_str), Some("proofmark: gate completed failure"));
}

#[test]
fn lost_answers_do_not_double_anything() {
    for what in [What::StatusAfter(502), What::CutAfter, What::Truncated, What::Html(200)] {
        let stage = Stage::new("0.8");
        stage.github.fail(Fault::new("POST", "/repos/*/comments", what.clone()).nth(1));
        stage.github.fail(Fault::new("POST", "/repos/*/check-runs", what.clone()).nth(1));
        stage.on_pull_request(&["gate", "--post"]).expect(1);
        assert_eq!((stage.bodies().len(), stage.checks(&stage.head).len()), (1, 1), "{what:?}");
    }
}

#[test]
fn a_server_that_stays_down_is_no_verdict() {
    let mut stage = Stage::new("0.95");
    stage.set("PROOFMARK_NETWORK_SECONDS", "1");
    stage.github.fail(Fault::new("*", "*", What::StatusBefore(503)));
    let ran = stage.on_pull_request(&["gate", "--post"]);
    assert!(ran.stdout.contains("::error title=proofmark::"), "{}", ran.stdout);
    ran.expect(3);
    assert!(stage.read("summary.md").contains("passed"), "the report stays with the run");
    let mut stage = Stage::new("0.8");
    stage.set("PROOFMARK_NETWORK_SECONDS", "1");
    stage.github.fail(Fault::new("*", "*", What::StatusBefore(503)));
    stage.on_pull_request(&["gate", "--post"]).expect(1);
}

#[test]
fn limits_are_waited_for_within_the_budget() {
    let stage = Stage::new("0.95");
    stage.github.fail(Fault::new("GET", "*", What::TooManyRequests(Some(1))).nth(1));
    stage.github.fail(Fault::new("POST", "*", What::SecondaryLimit(Some(1))).nth(1));
    stage.on_pull_request(&["gate", "--post"]).expect(0);
    assert_eq!((stage.bodies().len(), stage.checks(&stage.head).len()), (1, 1));
    let mut stage = Stage::new("0.95");
    stage.set("PROOFMARK_NETWORK_SECONDS", "5");
    stage.github.fail(Fault::new("*", "*", What::PrimaryLimit(3000)));
    let started = std::time::Instant::now();
    let ran = stage.on_pull_request(&["gate", "--post"]);
    assert!(started.elapsed().as_secs() < 4, "no useless waiting");
    assert!(ran.stderr.contains("wait"), "{}", ran.stderr);
    ran.expect(3);
}

#[test]
fn no_server_at_all() {
    let mut stage = Stage::new("0.95");
    stage.set("GITHUB_API_URL", "http://127.0.0.1:9").set("PROOFMARK_NETWORK_SECONDS", "1");
    let ran = stage.on_pull_request(&["gate", "--post"]);
    assert!(ran.stderr.contains("cannot reach the server"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(TOKEN));
    ran.expect(3);
}

#[test]
fn a_head_that_cannot_be_asked_for_gets_no_report() {
    let mut stage = Stage::new("0.95");
    stage.set("PROOFMARK_NETWORK_SECONDS", "1");
    stage.github.fail(Fault::new("GET", "/repos/*/pulls/7", What::StatusBefore(502)));
    let payload = json!({
        "action": "created", "repository": {"full_name": REPOSITORY, "default_branch": "main"},
        "issue": {"number": 7, "state": "open", "pull_request": {"url": "x"}}, "comment": {"body": "/gate"},
    });
    stage.program("issue_comment", &payload).run(&["gate", "--post"]).expect(3);
    assert!(stage.checks(&stage.head).is_empty());
    assert!(stage.bodies().iter().all(|body| !body.contains("passed")));
}
