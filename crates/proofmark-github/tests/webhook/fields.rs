//! Single fields, and what they mean.

use proofmark_core::event::{Actor, Push};
use proofmark_core::run::Place;

use super::*;

fn mark(depth: u32) -> String {
    format!("pm1-{depth}-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9")
}

fn push(reference: &str, before: &str, after: &str) -> Event {
    some("push", &json!({"ref": reference, "before": before, "after": after, "repository": {"default_branch": "main"}}))
}

fn flags(push: &Push) -> (bool, bool, bool) {
    (push.created, push.deleted, push.forced)
}

#[test]
fn pushes_differ() {
    let on = push("refs/heads/feat/x", COMMIT, &COMMIT.to_uppercase());
    assert_eq!((on.branch.as_deref(), on.tag.as_deref(), on.default_branch.as_deref()), (Some("feat/x"), None, Some("main")));
    assert_eq!(on.base, Place::new(Some("feat/x".to_owned()), Some(COMMIT.to_owned())));
    assert_eq!((on.base, flags(&on.push.expect("a push"))), (on.head, (false, false, false)));
    let new = push("refs/heads/feat/x", ZEROS, COMMIT);
    assert_eq!((new.base.commit, flags(&new.push.expect("a push"))), (None, (true, false, false)));
    let gone = push("refs/heads/feat/x", COMMIT, ZEROS);
    assert_eq!((gone.head.commit, flags(&gone.push.expect("a push"))), (None, (false, true, false)));
    let tag = push("refs/tags/main", ZEROS, COMMIT);
    assert_eq!((tag.branch, tag.tag.as_deref()), (None, Some("main")), "a tag is no branch, whatever it is called");
    let note = push("refs/notes/commits", COMMIT, COMMIT);
    assert_eq!((note.branch, note.tag, note.head.branch), (None, None, None));
    assert!(some("push", &with("push", "/forced", json!(true))).push.expect("a push").forced);
}

#[test]
fn the_server_knows_best_when_it_was_pushed() {
    let time = |pushed: Value, written: &str| {
        let head = json!({"timestamp": written});
        some("push", &json!({"ref": "x", "after": COMMIT, "head_commit": head, "repository": {"pushed_at": pushed}})).time
    };
    assert_eq!(time(json!(1_557_933_657), "1999-01-01T00:00:00Z"), Some(1_557_933_657));
    assert_eq!(time(json!("2019-05-15T15:20:57Z"), ""), Some(1_557_933_657));
    assert_eq!(time(json!(null), "2019-05-15T11:20:57-04:00"), Some(1_557_933_657));
    assert_eq!(time(json!(null), "someday"), None, "a commit may say what it wants");
    assert_eq!(time(json!(-1), "someday"), None);
}

#[test]
fn a_pull_request_is_of_a_fork_unless_shown_otherwise() {
    let fork = |head: Value, base: Value| {
        let payload = json!({"number": 7, "repository": {"full_name": "acme/widgets"},
            "pull_request": {"head": {"repo": head}, "base": {"repo": base}}});
        some("pull_request", &payload).is_foreign()
    };
    let repo = |id: u64, name: &str| json!({"id": id, "full_name": name, "fork": true});
    assert!(!fork(repo(1, "acme/widgets"), repo(1, "acme/widgets")));
    assert!(!fork(json!({"full_name": "Acme/Widgets"}), json!(null)));
    assert!(fork(json!(null), repo(1, "acme/widgets")), "gone");
    assert!(fork(repo(2, "outsider/widgets"), repo(1, "acme/widgets")));
    assert!(fork(repo(2, "acme/widgets"), repo(1, "acme/widgets")), "another repository of an old name");
    assert!(fork(json!({}), json!({})), "nothing is told");
    let without = json!({"number": 7, "pull_request": {"draft": true, "state": "closed", "merged": true}});
    let event = some("pull_request", &without);
    let pull = event.pull_request.expect("a pull request");
    assert_eq!((pull.fork, pull.draft, pull.closed, event.merged), (true, true, true, true));
    let error = of_json("pull_request", &json!({"pull_request": {}})).expect_err("no number").to_string();
    assert_eq!(error, "`pull_request.number` of the event's payload is missing");
}

#[test]
fn a_label_is_of_its_own_action() {
    let label = |action: &str| {
        let mut payload = pull(7);
        (payload["action"], payload["label"]) = (json!(action), json!({"name": "retrain"}));
        some("pull_request", &payload).label
    };
    assert_eq!(label("labeled").as_deref(), Some("retrain"));
    assert_eq!(label("unlabeled").as_deref(), Some("retrain"));
    assert_eq!(label("opened"), None);
}

#[test]
fn a_comment_is_on_a_pull_request_or_on_an_issue() {
    let payload = |issue: Value, user: Value| {
        json!({"action": "created", "issue": issue, "comment": {"id": 9, "body": null, "user": user, "created_at": "2019-05-15T15:20:21Z",
            "updated_at": "2019-05-15T15:20:22Z"}})
    };
    let bot = json!({"login": "helper", "type": "Bot"});
    let event = some("issue_comment", &payload(json!({"number": 7, "state": "open", "pull_request": {}, "user": {"login": "eve"}}), bot));
    let pull = event.pull_request.as_ref().expect("a pull request");
    assert_eq!((pull.number, pull.fork, pull.author.as_deref()), (7, true, Some("eve")), "where its head lies is not told");
    let comment = event.comment.expect("a comment");
    assert_eq!((comment.id, comment.on, comment.on_pull_request, comment.open, comment.body.as_str()), (9, 7, true, true, ""));
    assert_eq!((comment.author, comment.created), (Some(Actor::new("helper", true)), Some(1_557_933_621)));
    assert_eq!(event.time, Some(1_557_933_622));
    let event = some("issue_comment", &payload(json!({"number": 7, "state": "closed"}), Value::Null));
    let comment = event.comment.expect("a comment");
    assert_eq!((event.pull_request, comment.on_pull_request, comment.open, comment.author), (None, false, false, None));
    let unknown = some("issue_comment", &payload(json!({"number": 7}), Value::Null));
    assert!(!unknown.comment.expect("a comment").open, "only what is told to be open is");
}

#[test]
fn a_comment_is_bounded() {
    let body = |letters: usize| of_json("issue_comment", &with("issue_comment.created", "/comment/body", json!("é".repeat(letters))));
    assert_eq!(body(262_144).expect("an event").comment.expect("a comment").body.chars().count(), 262_144);
    let error = body(262_145).expect_err("too long").to_string();
    assert_eq!(error, "`comment.body` of the event's payload is longer than 262144 characters");
}

#[test]
fn hostile_names_are_data_and_bounded() {
    for (stem, pointer) in [
        ("push", "/ref"),
        ("pull_request.labeled", "/label/name"),
        ("pull_request.labeled", "/pull_request/head/ref"),
        ("pull_request.labeled", "/pull_request/base/ref"),
        ("pull_request.labeled", "/pull_request/user/login"),
        ("pull_request.labeled", "/pull_request/labels/0/name"),
        ("pull_request.labeled", "/sender/login"),
        ("pull_request.labeled", "/repository/default_branch"),
        ("pull_request.labeled", "/action"),
        ("workflow_run.completed", "/workflow_run/name"),
        ("workflow_run.completed", "/workflow_run/head_branch"),
        ("check_run.completed", "/check_run/name"),
        ("deployment.created", "/deployment/environment"),
        ("status", "/context"),
        ("release.published", "/release/tag_name"),
        ("merge_group.checks_requested", "/merge_group/head_ref"),
        ("package.published", "/package/name"),
        ("schedule", "/schedule"),
    ] {
        let name = proofmark_github::event::name_of_file(stem).expect("a name");
        let longest = "\u{1b}\u{202e}`;".repeat(250);
        let event = some(name, &with(stem, pointer, json!(longest)));
        assert!(serde_json::to_string(&event).expect("JSON").contains("\\u001b"), "{stem} {pointer}");
        let error = of_json(name, &with(stem, pointer, json!(format!("{longest}x")))).expect_err(pointer).to_string();
        let path = pointer[1..].replace("/0", "[0]").replace('/', ".");
        assert_eq!(error, format!("`{path}` of the event's payload is longer than 1000 characters"));
    }
    assert!(of_json("push", &with("push", "/ref", json!("x".repeat(1 << 16)))).is_err());
}

#[test]
fn a_title_is_shortened_after_it_is_read() {
    let mut payload = document("workflow_run.requested");
    payload["workflow_run"]["display_title"] = json!(format!("{} {} (retrain {})", "é".repeat(2000), mark(2), mark(4)));
    let event = some("workflow_run", &payload);
    assert_eq!(event.depth, 4);
    assert_eq!(event.run.expect("a run").title.expect("a title").chars().count(), 1000);
}

#[test]
fn a_run_is_about_the_branch_that_its_pull_request_goes_into() {
    let run = |event: &str, head: Value, pulls: Value| {
        let repository = json!({"id": 1, "full_name": "acme/widgets"});
        let run = json!({"id": 9, "event": event, "head_sha": COMMIT, "head_branch": "topic", "head_repository": head,
            "repository": repository, "pull_requests": pulls, "conclusion": "failure"});
        some("workflow_run", &json!({"action": "completed", "workflow_run": run, "repository": repository, "workflow": {"name": "Gate"}}))
    };
    let own = json!({"id": 1, "full_name": "acme/widgets"});
    let pulls = json!([{"number": 7, "head": {"sha": COMMIT, "repo": {"id": 1}}, "base": {"ref": "main", "repo": {"id": 1}}}]);
    let pull = run("pull_request", own.clone(), pulls.clone());
    assert_eq!((pull.branch.as_deref(), pull.head.branch.as_deref()), (Some("main"), Some("topic")));
    assert_eq!(pull.pull_request.as_ref().map(|pull| (pull.number, pull.fork)), Some((7, false)));
    let told = pull.run.expect("a run");
    assert_eq!((told.name.as_deref(), told.conclusion.as_deref(), told.fork), (Some("Gate"), Some("failure"), false));
    assert_eq!(run("push", own, pulls.clone()).branch.as_deref(), Some("topic"), "the pull request is not what it ran for");
    let fork = run("pull_request", json!({"id": 2, "full_name": "eve/widgets"}), json!([]));
    assert_eq!((fork.branch.as_deref(), fork.is_foreign()), (None, true), "a fork may call its branches what it wants");
    assert!(run("pull_request", Value::Null, json!([])).is_foreign(), "gone");
    assert!(run("pull_request", Value::Null, pulls).pull_request.expect("a pull request").fork);
}

#[test]
fn checks_of_forks_have_no_branch() {
    let payload = with("check_suite.completed", "/check_suite/head_branch", Value::Null);
    let event = some("check_suite", &payload);
    assert!(event.is_foreign() && event.branch.is_none());
    let event = some("check_run", &with("check_run.completed", "/check_run/check_suite/head_branch", Value::Null));
    assert!(event.is_foreign() && event.branch.is_none());
}

#[test]
fn a_deployment_tells_what_it_is_of() {
    let of = |reference: &str| some("deployment", &with("deployment.created", "/deployment/ref", json!(reference)));
    assert_eq!(of("topic").branch.as_deref(), Some("topic"));
    assert_eq!(of("refs/tags/v1").tag.as_deref(), Some("v1"));
    assert_eq!((of(COMMIT).branch, of(COMMIT).is_foreign()), (None, false));
    assert!(of("refs/pull/7/merge").is_foreign(), "perhaps a fork's");
    let depth = |payload: Value| some("deployment", &with("deployment.created", "/deployment/payload", payload)).depth;
    assert_eq!(depth(json!({"proofmark": mark(3), "other": mark(9)})), 3);
    assert_eq!(depth(json!(json!({"proofmark": mark(3)}).to_string())), 3);
    assert_eq!(depth(json!({"proofmark": [mark(3)]})), 0);
    assert_eq!(depth(json!(null)), 0);
}

#[test]
fn a_status_is_of_the_branch_whose_tip_it_is() {
    let status = |branches: Value| some("status", &json!({"sha": COMMIT, "state": "failure", "context": "gate", "branches": branches}));
    let branch = |name: &str, tip: &str| json!({"name": name, "commit": {"sha": tip}});
    let other = "1".repeat(40);
    let one = status(json!([branch("main", COMMIT), branch("old", &other)]));
    assert_eq!((one.branch.as_deref(), one.is_foreign()), (Some("main"), false));
    assert_eq!(status(json!([branch("main", COMMIT), branch("topic", COMMIT)])).branch, None, "nobody has chosen");
    assert!(status(json!([])).is_foreign() && status(Value::Null).is_foreign(), "on no branch of ours");
    let run = one.run.expect("a run");
    assert_eq!((run.name.as_deref(), run.conclusion.as_deref()), (Some("gate"), Some("failure")));
}

#[test]
fn what_was_given_along_is_kept() {
    let dispatch = |inputs: Value| of_json("workflow_dispatch", &json!({"inputs": inputs, "ref": "refs/tags/v1"}));
    let event = dispatch(json!({"lr": "0.1", "key": mark(7), "other": mark(120), "text": format!("see {}", mark(98))})).expect("an event");
    assert_eq!((event.inputs.len(), event.depth), (4, 99), "no deeper than 99");
    assert_eq!((event.tag.as_deref(), event.branch.as_deref()), (Some("v1"), None));
    assert_eq!(dispatch(json!({"text": format!("see {}", mark(98))})).expect("an event").depth, 0, "only what is a mark alone");
    let null = dispatch(Value::Null).expect("an event");
    assert!(null.inputs.is_empty());
    assert_eq!(dispatch(json!([])).expect_err("a list").to_string(), "`inputs` of the event's payload is not an object");
    let long = dispatch(json!({"x": "y".repeat(262_144)})).expect_err("too long").to_string();
    assert_eq!(long, "`inputs` of the event's payload is longer than 262144 bytes");
    assert!(dispatch(json!({"x".repeat(1001): 1})).expect_err("too long").to_string().contains("a name that is longer"));

    let sent = |given: Value| of_json("repository_dispatch", &json!({"action": "data-new", "branch": "main", "client_payload": given}));
    let event = sent(json!({"proofmark": mark(5), "rows": {"new": [1, 2]}, "other": mark(9)})).expect("an event");
    assert_eq!((event.name().as_str(), event.depth, event.branch.as_deref()), ("repository_dispatch.data-new", 5, Some("main")));
    assert_eq!(event.inputs["rows"], json!({"new": [1, 2]}));
    assert_eq!(sent(json!({"proofmark": 5})).expect("an event").depth, 0);
    assert_eq!(sent(json!("text")).expect_err("a text").to_string(), "`client_payload` of the event's payload is not an object");
}

#[test]
fn a_release_is_made_from_a_branch_or_a_commit() {
    let of = |from: &str| some("release", &with("release.published", "/release/target_commitish", json!(from)));
    assert_eq!((of("refs/heads/main").base.branch.as_deref(), of("main").head.commit), (Some("main"), None));
    assert_eq!((of(COMMIT).base.branch, of(COMMIT).head.commit.as_deref()), (None, Some(COMMIT)));
    assert_eq!(of("main").tag.as_deref(), Some("0.0.1"));
}
