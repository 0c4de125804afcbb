use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

mod mutated;

/// What a runner sets, but for the event.
const ENVIRONMENT: [(&str, &str); 15] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_ACTOR", "ada"),
    ("GITHUB_API_URL", "https://api.github.com"),
    ("GITHUB_GRAPHQL_URL", "https://api.github.com/graphql"),
    ("GITHUB_JOB", "gate"),
    ("GITHUB_REF", "refs/heads/trunk"),
    ("GITHUB_REPOSITORY", "Codertocat/Hello-World"),
    ("GITHUB_RUN_ATTEMPT", "2"),
    ("GITHUB_RUN_ID", "1658821493"),
    ("GITHUB_RUN_NUMBER", "12"),
    ("GITHUB_SERVER_URL", "https://github.com"),
    ("GITHUB_SHA", "dddddddddddddddddddddddddddddddddddddddd"),
    ("GITHUB_TRIGGERING_ACTOR", "grace"),
    ("GITHUB_WORKFLOW", "Models"),
    ("GITHUB_WORKFLOW_REF", "Codertocat/Hello-World/.github/workflows/models.yml@refs/heads/a@b"),
];

fn payload(file: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/events/{file}", env!("CARGO_MANIFEST_DIR"))).expect("the payload is part of the tests")
}

fn read(event: &str, payload: Option<&[u8]>, other: &[(&str, &str)]) -> Result<Option<Host>, HostError> {
    let mut variables = BTreeMap::from(ENVIRONMENT);
    variables.insert("GITHUB_EVENT_NAME", event);
    variables.extend(other.iter().copied());
    Host::read(&|name| variables.get(name).map(|&value| value.to_owned()), payload)
}

fn host(event: &str, payload: &[u8], other: &[(&str, &str)]) -> Host {
    read(event, Some(payload), other).unwrap().expect("it is a run")
}

fn of_json(event: &str, payload: &Value, other: &[(&str, &str)]) -> Host {
    host(event, payload.to_string().as_bytes(), other)
}

/// What differs from event to event, in a line.
fn shown(host: &Host) -> String {
    let run = &host.run;
    let mut words = vec![format!("{} <- {}", place(&run.base), place(&run.head))];
    words.extend(run.action.as_ref().map(|action| format!("action={action}")));
    words.extend(run.merged.as_ref().map(|commit| format!("merged={}", &commit[..4])));
    if let Some(pull) = &run.pull_request {
        words.push(format!("#{} by {}", pull.number, pull.author.as_deref().unwrap_or("?")));
        let flags = [("fork", pull.fork), ("draft", pull.draft), ("closed", pull.closed)];
        words.extend(flags.into_iter().filter(|(_, on)| *on).map(|(name, _)| name.to_owned()));
        words.extend(pull.labels.iter().map(|label| format!("label={label}")));
    }
    words.extend(run.queued.iter().map(|number| format!("queued={number}")));
    words.extend(host.head_repository.as_ref().map(|name| format!("from={name}")));
    words.extend(host.foreign_head.then(|| "foreign".to_owned()));
    words.extend(run.read_only.map(|why| format!("read-only={why:?}")));
    words.join(" ")
}

fn place(place: &proofmark_core::run::Place) -> String {
    let commit = place.commit.as_deref().map_or("-", |commit| &commit[..4]);
    format!("{}@{commit}", place.branch.as_deref().unwrap_or("-"))
}

/// File, event, what comes out. `dddd` is `GITHUB_SHA`, `trunk` the branch in `GITHUB_REF`.
const TABLE: [(&str, &str, &str); 29] = [
    (
        "pull_request.opened",
        "pull_request",
        "master@f95f <- changes@ec26 action=opened merged=dddd #2 by Codertocat from=Codertocat/Hello-World",
    ),
    (
        "pull_request.opened",
        "pull_request_target",
        "master@f95f <- changes@ec26 action=opened #2 by Codertocat from=Codertocat/Hello-World",
    ),
    (
        "pull_request.opened",
        "pull_request_review",
        "master@f95f <- changes@ec26 action=opened merged=dddd #2 by Codertocat from=Codertocat/Hello-World",
    ),
    (
        "pull_request.opened.fork",
        "pull_request",
        "master@f95f <- changes@ec26 action=opened merged=dddd #2 by Codertocat fork from=outsider/Hello-World foreign read-only=Fork",
    ),
    (
        "pull_request.opened.fork",
        "pull_request_target",
        "master@f95f <- changes@ec26 action=opened #2 by Codertocat fork from=outsider/Hello-World foreign",
    ),
    (
        "pull_request.labeled",
        "pull_request",
        "master@f95f <- changes@ec26 action=labeled merged=dddd #2 by Codertocat label=bug from=Codertocat/Hello-World",
    ),
    (
        "pull_request.synchronize",
        "pull_request",
        "master@f95f <- changes@ec26 action=synchronize merged=dddd #2 by Codertocat label=bug from=Codertocat/Hello-World",
    ),
    (
        "pull_request.closed",
        "pull_request",
        "master@f95f <- changes@ec26 action=closed merged=dddd #2 by Codertocat closed label=bug from=Codertocat/Hello-World",
    ),
    (
        "pull_request.closed.merged",
        "pull_request",
        "master@f95f <- changes@ec26 action=closed merged=dddd #2 by Codertocat closed label=bug from=Codertocat/Hello-World",
    ),
    (
        "merge_group.checks_requested",
        "merge_group",
        "main@3803 <- gh-readonly-queue/main/pr-104-929f8209d40f77f4abc622a499c93a83babdbe64@2ffe action=checks_requested queued=104 from=Codertocat/Hello-World",
    ),
    ("workflow_run.completed", "workflow_run", "-@- <- main@5779 action=completed from=octo-org/octo-repo"),
    ("workflow_run.completed.fork", "workflow_run", "-@- <- main@5779 action=completed from=outsider/Hello-World foreign"),
    ("workflow_run.requested", "workflow_run", "-@- <- master@3484 action=requested from=octo-org/octo-repo"),
    ("push", "push", "master@- <- simple-tag@6113 from=Codertocat/Hello-World"),
    ("workflow_dispatch", "workflow_dispatch", "main@- <- main@dddd from=Codertocat/Hello-World"),
    ("repository_dispatch", "repository_dispatch", "master@- <- trunk@dddd action=on-demand-test from=Codertocat/Hello-World"),
    ("schedule", "schedule", "master@- <- trunk@dddd from=Codertocat/Hello-World"),
    ("issue_comment.created", "issue_comment", "master@- <- trunk@dddd action=created from=Codertocat/Hello-World"),
    ("issue_comment.created.pr_command", "issue_comment", "-@- <- -@- action=created #1 by Codertocat fork label=bug foreign"),
    ("release.published", "release", "master@- <- 0.0.1@dddd action=published from=Codertocat/Hello-World"),
    ("check_run.completed", "check_run", "master@- <- changes@ec26 action=completed from=Codertocat/Hello-World"),
    ("check_suite.completed", "check_suite", "master@- <- changes@ec26 action=completed from=Codertocat/Hello-World"),
    ("deployment.created", "deployment", "master@- <- master@f95f action=created from=Codertocat/Hello-World"),
    ("deployment_status.created", "deployment_status", "master@- <- master@f95f action=created from=Codertocat/Hello-World"),
    ("status", "status", "master@- <- -@6113 from=Codertocat/Hello-World"),
    ("package.published", "package", "master@- <- trunk@dddd action=published from=Codertocat/Hello-World"),
    ("registry_package.published", "registry_package", "master@- <- trunk@dddd action=published from=Codertocat/Hello-World"),
    // The name of the event counts, not what the payload happens to hold.
    ("pull_request.opened.fork", "workflow_dispatch", "master@- <- trunk@dddd action=opened from=Codertocat/Hello-World"),
    ("schedule", "an_event_of_tomorrow", "master@- <- trunk@dddd from=Codertocat/Hello-World"),
];

#[test]
fn each_event_tells_what_it_is_about() {
    for (file, event, expected) in TABLE {
        assert_eq!(shown(&host(event, &payload(&format!("{file}.json")), &[])), expected, "{file} as {event}");
    }
}

#[test]
fn every_payload_is_in_the_table() {
    let folder = format!("{}/tests/events", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(stem) = name.strip_suffix(".json") else { continue };
        assert!(TABLE.iter().any(|(file, _, _)| *file == stem), "{name}");
    }
}

#[test]
fn the_environment_tells_of_the_run() {
    let host = host("schedule", &payload("schedule.json"), &[("PROOFMARK_LEG", r#"{"python": 3.12, "os": "linux"}"#)]);
    let run = &host.run;
    assert_eq!(run.system, System::GithubActions);
    assert_eq!(run.repository.as_deref(), Some("Codertocat/Hello-World"));
    assert_eq!(run.server_url.as_deref(), Some("https://github.com"));
    assert_eq!((run.actor.as_deref(), host.triggering_actor.as_deref()), (Some("ada"), Some("grace")));
    assert_eq!((run.workflow.as_deref(), run.job.as_deref()), (Some("Models"), Some("gate")));
    assert_eq!(host.workflow_file.as_deref(), Some(".github/workflows/models.yml"));
    assert_eq!(run.leg.as_deref(), Some("os=linux, python=3.12"));
    assert_eq!((run.run_id, run.attempt, host.run_number), (1_658_821_493, 2, Some(12)));
    assert_eq!(run.run_url.as_deref(), Some("https://github.com/Codertocat/Hello-World/actions/runs/1658821493/attempts/2"));
    assert_eq!(host.api_url.as_deref(), Some("https://api.github.com"));
    assert_eq!(host.graphql_url.as_deref(), Some("https://api.github.com/graphql"));
}

#[test]
fn outside_of_actions_there_is_no_run() {
    for value in ["", "false", "1"] {
        assert_eq!(read("push", Some(b"no payload"), &[("GITHUB_ACTIONS", value)]).unwrap(), None);
    }
    assert_eq!(detect(&|_| None, None).unwrap(), None);
}

#[test]
fn the_servers_addresses_are_taken_as_they_are() {
    let ghes = [
        ("GITHUB_SERVER_URL", "https://ghes.example.test/"),
        ("GITHUB_API_URL", "https://ghes.example.test/api/v3"),
        ("GITHUB_GRAPHQL_URL", "https://ghes.example.test/api/graphql"),
    ];
    let host = host("schedule", &payload("schedule.json"), &ghes);
    assert_eq!(host.run.server_url.as_deref(), Some("https://ghes.example.test"));
    assert_eq!(host.api_url.as_deref(), Some("https://ghes.example.test/api/v3"));
    assert_eq!(host.graphql_url.as_deref(), Some("https://ghes.example.test/api/graphql"));
    let local = read("schedule", None, &[("GITHUB_API_URL", "http://127.0.0.1:8080")]).unwrap().unwrap();
    assert_eq!(local.api_url.as_deref(), Some("http://127.0.0.1:8080"));
}

#[test]
fn a_variable_that_would_spoil_an_address_is_named() {
    let bad = [
        ("GITHUB_REPOSITORY", "acme/widgets/../other"),
        ("GITHUB_REPOSITORY", "acme"),
        ("GITHUB_SHA", "main"),
        ("GITHUB_RUN_ID", "-1"),
        ("GITHUB_RUN_ATTEMPT", "99999999999"),
        ("GITHUB_API_URL", "file:///etc/passwd"),
        ("GITHUB_API_URL", "https://token@evil.example.test"),
        ("GITHUB_SERVER_URL", "https://a.example.test/#x"),
        ("GITHUB_GRAPHQL_URL", "https://a.example.test/?x="),
        ("GITHUB_EVENT_NAME", ""),
        ("PROOFMARK_LEG", "linux"),
    ];
    for (name, value) in bad {
        let error = read("schedule", Some(b"{}"), &[(name, value)]).expect_err(value).to_string();
        assert!(error.starts_with(name), "{error}");
        assert!(value.is_empty() || !error.contains(value), "{error}");
    }
}

#[test]
fn a_field_that_would_spoil_an_address_is_named() {
    let bad = [
        ("pull_request", json!({"pull_request": {"head": {"sha": "../../evil"}}}), "pull_request.head.sha"),
        ("pull_request", json!({"pull_request": {"head": {"repo": {"full_name": "a/b?c"}}}}), "pull_request.head.repo.full_name"),
        ("pull_request", json!({"number": "7", "pull_request": {"head": {"repo": null}}}), "number"),
        ("merge_group", json!({"merge_group": {"base_sha": 1}}), "merge_group.base_sha"),
        (
            "workflow_run",
            json!({"workflow_run": {"head_sha": "5".repeat(40), "head_repository": null, "pull_requests": [{"head": {"sha": true}}]}}),
            "workflow_run.pull_requests[0].head.sha",
        ),
        ("push", json!({"after": "x".repeat(40)}), "after"),
    ];
    for (event, payload, field) in bad {
        let error = read(event, Some(payload.to_string().as_bytes()), &[]).expect_err(field).to_string();
        assert!(error.starts_with(&format!("`{field}`")), "{error}");
    }
}

#[test]
fn a_pull_request_is_of_a_fork_unless_shown_otherwise() {
    let foreign = |head: Value, base: Value| {
        let payload = json!({"pull_request": {"number": 7, "head": {"repo": head}, "base": {"repo": base}}});
        of_json("pull_request", &payload, &[("GITHUB_REPOSITORY", "acme/widgets")]).run.pull_request.unwrap().fork
    };
    let repo = |id: u64, name: &str, fork: bool| json!({"id": id, "full_name": name, "fork": fork});
    assert!(!foreign(repo(1, "acme/widgets", false), repo(1, "acme/widgets", false)));
    assert!(!foreign(repo(1, "acme/widgets", true), repo(1, "acme/widgets", true)), "a repository that is a fork has its own branches");
    assert!(!foreign(json!({"full_name": "Acme/Widgets"}), json!(null)), "compared with the run's repository, without case");
    assert!(foreign(json!(null), repo(1, "acme/widgets", false)), "gone");
    assert!(foreign(repo(2, "outsider/widgets", false), repo(1, "acme/widgets", false)), "whatever `fork` says");
    assert!(foreign(repo(2, "acme/widgets", false), repo(1, "acme/widgets", false)), "another repository of an old name");
}

#[test]
fn without_a_payload_the_environment_tells_what_it_can() {
    let alone = read("push", None, &[]).unwrap().unwrap();
    assert_eq!(shown(&alone), "-@- <- trunk@dddd from=Codertocat/Hello-World");
    assert_eq!(alone.default_branch, None);
    for event in ["schedule", "workflow_dispatch", "release"] {
        assert!(read(event, Some(b"{}"), &[]).unwrap().is_some(), "{event}");
    }
}

#[test]
fn a_payload_that_leaves_out_what_matters_is_told_and_not_guessed() {
    let other = [("GITHUB_REF", "refs/pull/7/merge"), ("GITHUB_BASE_REF", "main"), ("GITHUB_HEAD_REF", "feat/x")];
    let no_repositories = json!({"pull_request": {"number": 7, "head": {"sha": "a".repeat(40)}}}).to_string();
    let empty_repositories = json!({"pull_request": {"number": 7, "head": {"repo": {}}, "base": {"repo": {"id": 1}}}}).to_string();
    let no_base = json!({"merge_group": {"head_sha": "a".repeat(40)}}).to_string();
    for (event, field) in [
        ("pull_request", "pull_request.head.repo"),
        ("pull_request_target", "pull_request.head.repo"),
        ("pull_request_review", "pull_request.head.repo"),
        ("workflow_run", "workflow_run.head_repository"),
        ("merge_group", "merge_group.base_sha"),
    ] {
        for payload in [None, Some("{}"), Some(&*no_repositories), Some(&*empty_repositories), Some(&*no_base)] {
            let error = read(event, payload.map(str::as_bytes), &other).expect_err(event).to_string();
            assert_eq!(error, format!("the payload of the event `{event}` is missing or incomplete: it has no `{field}`"));
        }
    }
}

#[test]
fn a_queue_without_names_goes_by_its_branch() {
    let queue = format!("refs/heads/gh-readonly-queue/release/2.0/pr-9-{}", "a".repeat(40));
    let host = host("merge_group", json!({"merge_group": {"base_sha": "b".repeat(40)}}).to_string().as_bytes(), &[("GITHUB_REF", &queue)]);
    assert_eq!((host.run.base.branch.as_deref(), &host.run.queued[..]), (Some("release/2.0"), &[9][..]));
    assert_eq!(host.run.head.commit.as_deref(), Some("dddddddddddddddddddddddddddddddddddddddd"));
}

#[test]
fn the_default_branch_is_told() {
    let told = |event: &str, file: &str| host(event, &payload(file), &[]).default_branch;
    for (event, file) in [("push", "push.json"), ("pull_request", "pull_request.opened.json")] {
        let document: Value = serde_json::from_slice(&payload(file)).unwrap();
        assert_eq!(told(event, file).as_deref(), Some(document["repository"]["default_branch"].as_str().expect("a name")));
    }
}

#[test]
fn what_act_leaves_out_or_changes_does_no_harm() {
    let act = [
        ("GITHUB_TRIGGERING_ACTOR", ""),
        ("GITHUB_WORKFLOW_REF", ""),
        ("GITHUB_REF_TYPE", ""),
        ("GITHUB_RUN_ID", "1"),
        ("GITHUB_REF", "refs/pull/2/merge"),
    ];
    let pull = host("pull_request", &payload("pull_request.opened.json"), &act);
    assert_eq!(pull.run.head.commit.as_deref(), Some("ec26c3e57ca3a959ca5aad62de7213c562f8c821"), "never GITHUB_SHA");
    assert_eq!((pull.triggering_actor, pull.workflow_file, pull.run.run_id), (None, None, 1));
    let queue = host("merge_group", &payload("merge_group.checks_requested.json"), &act);
    assert_eq!(queue.run.head.commit.as_deref(), Some("2ffea6db159f6b6c47a24e778fb9ef40cf6b1c7d"), "never GITHUB_SHA");
}

#[test]
fn the_head_itself_is_no_merge() {
    let head = [("GITHUB_SHA", "EC26C3E57CA3A959CA5AAD62DE7213C562F8C821")];
    assert_eq!(host("pull_request", &payload("pull_request.opened.json"), &head).run.merged, None);
}

#[test]
fn pushes_differ() {
    let zeros = "0".repeat(40);
    let push = |changes: Value| {
        let mut payload = json!({"ref": "refs/heads/feat/x", "before": "b".repeat(40), "after": "a".repeat(40),
            "created": false, "deleted": false, "forced": false, "repository": {"default_branch": "main"}});
        payload.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let host = of_json("push", &payload, &[]);
        (format!("{} <- {}", place(&host.run.base), place(&host.run.head)), host.push.unwrap())
    };
    assert_eq!(push(json!({})).0, "main@- <- feat/x@aaaa", "all of the branch, not its last push");
    assert_eq!(push(json!({"ref": "refs/heads/main"})).0, "main@bbbb <- main@aaaa", "the default branch goes on");
    assert_eq!(push(json!({"before": zeros, "created": true})).0, "main@- <- feat/x@aaaa");
    let (places, gone) = push(json!({"after": zeros, "deleted": true}));
    assert_eq!((places.as_str(), gone.deleted, gone.after), ("main@- <- feat/x@-", true, None));
    assert!(push(json!({"forced": true})).1.forced);
    let (places, tag) = push(json!({"ref": "refs/tags/v1"}));
    assert_eq!((places.as_str(), tag.tag), ("main@- <- v1@aaaa", true), "a moved tag is no branch that goes on");
    assert_eq!(push(json!({"after": null})).1.after.as_deref(), Some("dddddddddddddddddddddddddddddddddddddddd"));
}

#[test]
fn a_finished_run_names_its_pull_request() {
    let head = "5".repeat(40);
    let pull = |number: u64, sha: &str, base: u64| json!({"number": number, "head": {"sha": sha, "repo": {"id": 1}}, "base": {"ref": "main", "sha": "b".repeat(40), "repo": {"id": base}}});
    let run = |pulls: Value| {
        let name = json!({"id": 1, "full_name": "acme/widgets"});
        let source = json!({"id": 99, "run_attempt": 3, "event": "pull_request", "name": "Models", "conclusion": "success",
            "head_sha": head, "head_branch": "x", "head_repository": name, "repository": name, "pull_requests": pulls});
        of_json("workflow_run", &json!({"workflow_run": source, "repository": {"id": 1}}), &[])
    };
    let one = run(json!([pull(7, &head, 1), pull(8, &"6".repeat(40), 1), pull(9, &head, 2)]));
    assert_eq!(shown(&one), "main@bbbb <- x@5555 #7 by ? from=acme/widgets", "8 has moved on, 9 goes into another repository");
    assert_eq!(one.candidates, [7]);
    let source = one.source.unwrap();
    assert_eq!((source.id, source.attempt, source.conclusion.as_deref()), (Some(99), Some(3), Some("success")));
    let two = run(json!([pull(7, &head, 1), pull(8, &head, 1)]));
    assert_eq!((two.run.pull_request, two.candidates), (None, vec![7, 8]));
    assert_eq!(two.run.head.commit, Some(head.clone()));
}

#[test]
fn dependabot_reads_only() {
    let dependabot = [("GITHUB_ACTOR", DEPENDABOT)];
    let read_only = |event: &str, file: &str| host(event, &payload(file), &dependabot).run.read_only;
    assert_eq!(read_only("pull_request", "pull_request.opened.json"), Some(ReadOnly::Dependabot));
    assert_eq!(read_only("pull_request", "pull_request.opened.fork.json"), Some(ReadOnly::Fork));
    assert_eq!(read_only("push", "push.json"), Some(ReadOnly::Dependabot));
    assert_eq!(read_only("pull_request_target", "pull_request.opened.json"), None);
    let own = json!({"pull_request": {"number": 1, "user": {"login": DEPENDABOT}, "head": {"repo": null}}});
    assert_eq!(of_json("pull_request_target", &own, &dependabot).run.read_only, Some(ReadOnly::Dependabot));
    assert_eq!(read_only("schedule", "schedule.json"), None);
    let again = host("push", &payload("push.json"), &[("GITHUB_TRIGGERING_ACTOR", DEPENDABOT)]);
    assert_eq!(again.run.read_only, None, "who repeats a run does not change its token");
}

#[test]
fn long_names_are_kept_whole() {
    let long = "é\n::error::".repeat(100_000);
    let payload = json!({"pull_request": {"number": 7, "draft": true, "head": {"ref": long, "repo": null}, "user": {"login": long}, "labels": [{"name": long}]}});
    let run = of_json("pull_request", &payload, &[]).run;
    assert_eq!(run.head.branch.as_ref(), Some(&long));
    let pull = run.pull_request.unwrap();
    assert_eq!((pull.draft, pull.author.as_ref(), &pull.labels), (true, Some(&long), &vec![long.clone()]));
}
