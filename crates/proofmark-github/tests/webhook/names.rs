//! Names of events, and whether a payload belongs to one.

use proofmark_core::event::Kind;
use proofmark_github::event::{guess, name_of_file};

use super::*;

/// The names that have a type.
const TYPED: [&str; 17] = [
    "push",
    "pull_request",
    "pull_request_target",
    "merge_group",
    "issue_comment",
    "workflow_run",
    "workflow_dispatch",
    "repository_dispatch",
    "schedule",
    "release",
    "deployment",
    "deployment_status",
    "check_run",
    "check_suite",
    "status",
    "registry_package",
    "package",
];

#[test]
fn files_tell_names() {
    for (stem, name) in [
        ("push", Some("push")),
        ("pull_request.closed.merged", Some("pull_request")),
        ("pull_request-of-a-fork", Some("pull_request")),
        ("issue_comment.created.pr_command", Some("issue_comment")),
        ("discussion.created", Some("discussion")),
        ("ping", Some("ping")),
        ("", None),
        ("pushed", None),
        ("Push", None),
        ("my.push", None),
    ] {
        assert_eq!(name_of_file(stem), name, "{stem}");
    }
}

#[test]
fn forms_tell_names() {
    for (payload, name) in [
        (json!({"zen": "Keep it", "hook_id": 1, "hook": {}}), Some("ping")),
        (json!({"pull_request": {}, "review": {}}), Some("pull_request_review")),
        (json!({"pull_request": {}, "comment": {}}), Some("pull_request_review_comment")),
        (json!({"issue": {}}), Some("issues")),
        (json!({"ref": "x", "ref_type": "branch", "master_branch": "main"}), Some("create")),
        (json!({"ref": "x", "ref_type": "branch"}), Some("delete")),
        (json!({"deployment": {}, "workflow_run": null}), Some("deployment")),
        (json!({"deployment": {}, "deployment_status": {}, "workflow_run": {}, "check_run": {}}), Some("deployment_status")),
        (json!({"workflow_job": {}, "deployment": {}}), Some("workflow_job")),
        (json!({"inputs": null, "ref": "refs/heads/main", "workflow": "x.yml"}), Some("workflow_dispatch")),
        (json!({"ref": "refs/heads/main", "before": ZEROS, "after": COMMIT, "commits": []}), Some("push")),
        (json!({"action": "x", "client_payload": null, "branch": "main"}), Some("repository_dispatch")),
        (json!({"action": "created", "sender": {}}), None),
        (json!({"pull_request": null}), None),
        (json!({}), None),
        (json!([]), None),
    ] {
        assert_eq!(guess(payload.to_string().as_bytes()), name, "{payload}");
    }
    assert_eq!(guess(b"{\"ref\""), None);
}

#[test]
fn a_payload_of_another_event_is_refused() {
    for stem in table::stems() {
        let own = name_of_file(&stem).expect("a name");
        for name in TYPED {
            if name == own || (own == "pull_request" && name == "pull_request_target") {
                continue;
            }
            let error = read(name, &sample(&stem)).expect_err(&stem);
            let text = error.to_string();
            assert!(matches!(&error, EventError::Foreign { like, .. } if *like == Some(own)), "{stem} as {name}: {text}");
            assert!(text.starts_with(&format!("the payload is not one of the event `{name}`: it has")) && error.hint().is_some(), "{text}");
        }
    }
    let told = |name: &str, payload: Value| of_json(name, &payload).expect_err(name).to_string();
    assert_eq!(told("push", pull(7)), "the payload is not one of the event `push`: it has no `ref`, and looks like one of `pull_request`");
    assert_eq!(told("push", json!({"ref": "refs/heads/main"})), "the payload is not one of the event `push`: it has no `after`");
    let mut review = pull(7);
    review["review"] = json!({"state": "approved"});
    assert_eq!(
        told("pull_request", review),
        "the payload is not one of the event `pull_request`: it has `review`, and looks like one of `pull_request_review`"
    );
    let told = told("deployment", document("deployment_status.created"));
    assert!(told.contains("it has `deployment_status`"), "{told}");
}

#[test]
fn what_has_no_type_is_kept_by_its_name() {
    let payload = json!({"action": "answered", "discussion": {"number": 3}, "repository": {"full_name": "acme/widgets"},
        "sender": {"login": "helper", "type": "Bot"}});
    let event = some("discussion", &payload);
    assert_eq!((event.name().as_str(), event.repository.as_deref()), ("other:discussion.answered", Some("acme/widgets")));
    assert!(event.actor.expect("an actor").bot);
    // GitHub's word for something of its own is not another sender's event.
    for name in ["build", "gate", "drift", "comment", "model_alias", "an_event_of_tomorrow", "../x\n"] {
        assert_eq!(some(name, &json!({})).kind, Kind::Other(name.to_owned()));
    }
    assert!(matches!(of_json("", &json!({})), Err(EventError::Name { .. })));
    assert!(matches!(of_json(&"é".repeat(1001), &json!({})), Err(EventError::Name { .. })));
}

#[test]
fn a_stranger_stays_one_in_an_event_without_a_type() {
    let mut review = document("pull_request.opened.fork");
    review["review"] = json!({"state": "approved"});
    let event = some("pull_request_review", &review);
    assert_eq!(event.pull_request.as_ref().map(|pull| (pull.number, pull.fork)), Some((2, true)));
    assert_eq!(event.branch.as_deref(), Some("master"));
    for part in [json!("x"), json!({"number": "7"}), json!({"number": 7, "head": 3}), json!([])] {
        let event = some("a_review_of_tomorrow", &json!({"action": 3, "sender": [], "repository": "x", "pull_request": part}));
        assert!(event.is_foreign(), "{part}");
        assert_eq!((event.action, event.actor, event.repository), (None, None, None));
    }
    assert!(some("deployment_review", &json!({"workflow_run": {"id": 7}})).is_foreign());
    assert!(some("issues", &json!({"issue": {"number": 7, "pull_request": {}}})).is_foreign());
    assert!(!some("issues", &json!({"issue": {"number": 7}})).is_foreign());
}
