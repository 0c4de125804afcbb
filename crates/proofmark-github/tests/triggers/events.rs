//! Events of one's own: never sent twice.

use proofmark_github::{Client, GitHubError, RepoName, advice};
use proofmark_testkit::github::{FakeGitHub, Fault, Level, What};
use serde_json::json;

use crate::setup::{REPO, asked, start, with};

const EVENTS: &str = "/repos/*/dispatches";

fn send(github: &FakeGitHub) -> Result<(), GitHubError> {
    with(github, async |client| client.repository_dispatch("metrics", &json!({"run": 7})).await)
}

fn sent(github: &FakeGitHub) -> usize {
    github.state().repo(REPO).dispatches.len()
}

#[test]
fn an_event_is_sent() {
    let github = start();
    send(&github).expect("sent");
    assert_eq!(github.state().repo(REPO).dispatches[0].body, json!({"event_type": "metrics", "client_payload": {"run": 7}}));
    let refused = with(&github, async |client| client.repository_dispatch("", &json!({})).await).expect_err("no type");
    assert!(matches!(refused, GitHubError::Input(_)) && sent(&github) == 1);
}

#[test]
fn a_lost_answer_is_said_and_not_sent_again() {
    for (what, done) in [
        (What::StatusAfter(502), 1),
        (What::CutAfter, 1),
        (What::StatusBefore(503), 0),
        (What::CutBefore, 0),
        (What::Html(200), 0),
        (What::Html(502), 0),
    ] {
        let github = start();
        github.fail(Fault::new("POST", EVENTS, what.clone()).nth(1));
        let error = send(&github).expect_err("lost");
        assert!(error.to_string().starts_with("it is not known whether the event `metrics` was sent"), "{what:?}: {error}");
        assert!(error.is_lost() && matches!(error, GitHubError::Unknown { .. }), "{what:?}");
        assert_eq!((sent(&github), asked(&github, "POST", "/dispatches")), (done, 1), "{what:?}");
    }
}

#[test]
fn what_was_surely_refused_is_sent_again() {
    for what in [What::TooManyRequests(Some(0)), What::SecondaryLimit(Some(0))] {
        let github = start();
        github.fail(Fault::new("POST", EVENTS, what.clone()).first(2));
        send(&github).expect("sent");
        assert_eq!((sent(&github), asked(&github, "POST", "/dispatches")), (1, 3), "{what:?}");
    }
    let github = start();
    github.state().tokens.values_mut().for_each(|token| {
        token.permissions.insert("contents".into(), Level::Read);
    });
    let error = send(&github).expect_err("refused");
    assert!(advice(&error).is_some_and(|told| told.contains("  contents: write\n")), "{error}");
}

#[test]
fn a_dry_run_shows_the_event() {
    let runtime = proofmark_http::Runtime::start().expect("a runtime");
    let client = Client::dry(RepoName::parse(REPO).expect("a name"));
    runtime.block_on(client.repository_dispatch("metrics", &json!({"run": 7}))).expect("kept");
    let requests = client.recorded();
    assert_eq!(requests[0].body, Some(json!({"event_type": "metrics", "client_payload": {"run": 7}})));
}
