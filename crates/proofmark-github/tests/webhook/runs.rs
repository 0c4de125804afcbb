//! Events of runs of Actions, from the environment and a payload that may be thin.

use proofmark_core::event::{Actor, Kind};
use proofmark_core::run::Place;
use proofmark_github::actions::Host;
use proofmark_github::event::{name_of_file, of_run};

use super::*;

const SHA: &str = "dddddddddddddddddddddddddddddddddddddddd";

/// The event of a run, in the variables that a runner and act both set.
fn run(name: &str, payload: Option<&[u8]>, more: &[(&str, &str)]) -> Result<Event, EventError> {
    let mut all = vec![
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_ACTOR", "ada"),
        ("GITHUB_EVENT_NAME", name),
        ("GITHUB_REF", "refs/heads/trunk"),
        ("GITHUB_REPOSITORY", "acme/widgets"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_RUN_ID", "1658821493"),
        ("GITHUB_SHA", SHA),
    ];
    all.extend(more);
    let var = move |name: &str| all.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let host = Host::read(&var, payload).expect("a host").expect("a run");
    of_run(&host, &var, payload)
}

fn thin(name: &str, more: &[(&str, &str)]) -> Event {
    run(name, Some(b"{}"), more).expect("an event")
}

#[test]
fn the_run_is_the_delivery() {
    let event = thin("schedule", &[]);
    assert_eq!(event.id.as_deref(), Some("1658821493"), "whatever the attempt");
    assert_eq!((event.actor, event.repository.as_deref()), (Some(Actor::new("ada", false)), Some("acme/widgets")));
    assert_eq!(thin("schedule", &[("GITHUB_RUN_ID", "")]).id, None);
    let robot = thin("push", &[("GITHUB_ACTOR", "dependabot[bot]")]);
    assert!(robot.actor.expect("an actor").bot);
}

#[test]
fn a_thin_payload_is_filled_from_the_environment() {
    let push = thin("push", &[]);
    assert_eq!((push.kind.clone(), push.branch.as_deref(), push.tag.as_deref()), (Kind::Push, Some("trunk"), None));
    assert_eq!(push.head, Place::new(Some("trunk".to_owned()), Some(SHA.to_owned())));
    assert_eq!(run("push", None, &[]).expect("an event"), push);
    let tag = thin("push", &[("GITHUB_REF", "refs/tags/trunk")]);
    assert_eq!((tag.branch, tag.tag.as_deref()), (None, Some("trunk")));
    for name in ["schedule", "workflow_dispatch", "repository_dispatch"] {
        let event = thin(name, &[]);
        assert_eq!((event.branch.as_deref(), event.head.commit.as_deref()), (Some("trunk"), Some(SHA)), "{name}");
    }
    assert_eq!(thin("release", &[]).head.commit.as_deref(), Some(SHA));
    // The tip of the default branch, which these are not about.
    for name in ["issue_comment", "check_run", "status", "deployment", "an_event_of_tomorrow"] {
        assert_eq!(thin(name, &[]).head.commit, None, "{name}");
    }
}

#[test]
fn a_branch_that_is_gone_has_no_commit() {
    let payload = json!({"ref": "refs/heads/topic", "before": COMMIT, "after": ZEROS, "deleted": true}).to_string();
    let event = run("push", Some(payload.as_bytes()), &[]).expect("an event");
    assert_eq!((event.head.commit, event.base.commit.as_deref(), event.branch.as_deref()), (None, Some(COMMIT), Some("topic")));
}

#[test]
fn a_full_payload_tells_what_the_webhook_tells() {
    for stem in table::stems() {
        let name = name_of_file(&stem).expect("a name");
        let told = run(name, Some(&sample(&stem)), &[]).unwrap_or_else(|error| panic!("{stem}: {error}"));
        let hook = read(name, &sample(&stem)).expect("an event");
        assert_eq!((&told.kind, &told.action, &told.time), (&hook.kind, &hook.action, &hook.time), "{stem}");
        assert_eq!((&told.pull_request, &told.comment, &told.run), (&hook.pull_request, &hook.comment, &hook.run), "{stem}");
        assert_eq!((&told.base, &told.label, &told.merged), (&hook.base, &hook.label, &hook.merged), "{stem}");
        assert!(hook.head.commit.is_none() || told.head == hook.head, "{stem}");
        assert_eq!(told.repository.as_deref(), Some("acme/widgets"), "{stem}");
        assert!(told.actor.is_some(), "{stem}");
    }
}

#[test]
fn a_pull_request_without_its_number_takes_that_of_the_reference() {
    let repository = json!({"id": 1, "full_name": "acme/widgets"});
    let payload = json!({"pull_request": {"head": {"sha": COMMIT, "repo": {"id": 2}}, "base": {"repo": repository}}}).to_string();
    let variables = [("GITHUB_REF", "refs/pull/7/merge"), ("GITHUB_HEAD_REF", "topic"), ("GITHUB_BASE_REF", "main")];
    for (name, kind) in [
        ("pull_request", Kind::PullRequest),
        ("pull_request_target", Kind::PullRequest),
        ("pull_request_review", Kind::Other("pull_request_review".to_owned())),
    ] {
        let event = run(name, Some(payload.as_bytes()), &variables).expect("an event");
        assert_eq!(event.kind, kind);
        assert_eq!(event.pull_request.as_ref().map(|pull| (pull.number, pull.fork)), Some((7, true)), "{name}");
        assert_eq!((event.base.branch.as_deref(), event.head.branch.as_deref()), (Some("main"), Some("topic")), "{name}");
        assert_eq!(event.head.commit.as_deref(), Some(COMMIT), "never the merge for the test");
    }
}

#[test]
fn what_a_run_was_given_is_told() {
    let mark = "pm1-3-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9";
    let payload = json!({"inputs": {"lr": "0.1", "proofmark": mark}, "ref": "refs/heads/topic"}).to_string();
    let event = run("workflow_dispatch", Some(payload.as_bytes()), &[("GITHUB_REF", "refs/heads/topic")]).expect("an event");
    assert_eq!((event.inputs["lr"].as_str(), event.depth, event.branch.as_deref()), (Some("0.1"), 3, Some("topic")));
}

#[test]
fn the_payload_of_another_event_is_refused() {
    let error = run("push", Some(pull(7).to_string().as_bytes()), &[]).expect_err("another event");
    assert!(matches!(error, EventError::Foreign { event: "push", field: "ref", like: Some("pull_request"), .. }), "{error}");
    let error = run("schedule", Some(&sample("push")), &[]).expect_err("another event");
    assert!(error.to_string().ends_with("it has no `schedule`, and looks like one of `push`"), "{error}");
}

#[test]
fn names_of_the_environment_are_bounded() {
    let long = "x".repeat(1001);
    for (name, value) in [("GITHUB_ACTOR", long.clone()), ("GITHUB_REF", format!("refs/heads/{long}"))] {
        let error = run("push", None, &[(name, &value)]).expect_err(name).to_string();
        assert_eq!(error, format!("{name} is longer than 1000 characters"));
    }
}
