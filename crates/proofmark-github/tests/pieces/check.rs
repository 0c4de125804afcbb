use proofmark_core::annotation::Annotation;
use proofmark_core::config::Effect;
use proofmark_core::path::RepoPath;
use proofmark_github::{CheckKey, CheckOrder, CheckOutcome};
use proofmark_github::{Client, GitHubError, needs_app};
use proofmark_testkit::github::{CheckRun, Fault, Token, What, World};

use super::{REPO, Rig, sha, status};

fn world() -> World {
    World::new().repository(REPO)
}

fn key(run: u64) -> CheckKey {
    CheckKey {
        name: "proofmark".to_owned(),
        head_sha: sha('a'),
        external_id: format!("{run}/1/metrics/job"),
        details_url: Some("https://github.com/acme/widgets/actions/runs/5".to_owned()),
    }
}

fn order(run: u64, annotations: usize) -> CheckOrder {
    let file = RepoPath::parse("metrics.json").expect("a path");
    let annotation = |line| Annotation::new(file.clone(), line, Effect::Block, "accuracy", "fell");
    CheckOrder {
        key: key(run),
        effect: Effect::Block,
        title: "1 regression".to_owned(),
        summary: "accuracy fell".to_owned(),
        text: "| a |\n".to_owned(),
        annotations: (1..=u32::try_from(annotations).expect("few")).map(annotation).collect(),
    }
}

fn posted(outcome: Result<CheckOutcome, GitHubError>) -> proofmark_github::CheckRun {
    match outcome.expect("a check run") {
        CheckOutcome::Posted(run) => run,
        other => panic!("{other:?}"),
    }
}

/// The one check run there is.
fn only(rig: &Rig) -> CheckRun {
    let state = rig.github.state();
    let runs = state.check_runs(REPO, &sha('a'));
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs[0].clone()
}

#[test]
fn two_requests_make_a_completed_check() {
    let rig = Rig::new(world());
    let run = posted(rig.run(async |client: &Client| client.complete_check(None, &order(5, 50)).await));
    let there = only(&rig);
    assert_eq!((there.id, there.conclusion.as_deref()), (run.id, Some("failure")));
    assert_eq!((there.title.as_deref(), there.summary.as_deref()), (Some("1 regression"), Some("accuracy fell")));
    assert_eq!((there.annotations.len(), there.external_id.as_deref()), (50, Some("5/1/metrics/job")));
    let list = format!("GET /commits/{}/check-runs", sha('a'));
    assert_eq!(rig.asked(), [list.as_str(), "POST /check-runs"]);
}

#[test]
fn what_an_earlier_step_started_is_completed() {
    let rig = Rig::new(world());
    let started = posted(rig.run(async |client: &Client| client.start_check(&key(5)).await));
    assert_eq!(only(&rig).status, "in_progress");
    assert_eq!(posted(rig.run(async |client: &Client| client.start_check(&key(5)).await)).id, started.id);
    posted(rig.run(async |client: &Client| client.complete_check(None, &order(5, 0)).await));
    assert_eq!((only(&rig).id, only(&rig).status.as_str()), (started.id, "completed"));
    // A second report of the same run has a check of its own: remarks of a completed one cannot be taken back.
    posted(rig.run(async |client: &Client| client.complete_check(None, &order(5, 1)).await));
    assert_eq!(rig.github.state().check_runs(REPO, &sha('a')).len(), 2);
}

#[test]
fn many_annotations_go_in_batches_and_the_conclusion_comes_last() {
    let rig = Rig::new(world());
    posted(rig.run(async |client: &Client| client.complete_check(None, &order(5, 10_000)).await));
    let there = only(&rig);
    let lines: Vec<u64> = there.annotations.iter().map(|annotation| annotation.start_line).collect();
    assert_eq!(lines, (1..=200).collect::<Vec<_>>());
    assert!(there.summary.expect("a summary").ends_with("9800 more remarks are not shown at their lines."));
    let bodies: Vec<_> = rig.github.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies.len(), 6);
    let completing = |body: &&serde_json::Value| body.get("conclusion").is_some();
    assert_eq!(bodies.iter().position(|body| completing(&body)), Some(4));
    assert!(bodies.iter().all(|body| body["output"]["annotations"].as_array().is_none_or(|rows| rows.len() <= 50)));
}

#[test]
fn lost_answers_make_nothing_twice() {
    for lost in [What::CutAfter, What::StatusAfter(502), What::Truncated, What::CutBefore, What::StatusBefore(500), What::Html(200)] {
        for (method, path) in [("POST", "*/check-runs"), ("PATCH", "*/check-runs/*")] {
            let rig = Rig::new(world());
            rig.github.fail(Fault::new(method, path, lost.clone()).nth(1));
            let run = posted(rig.run(async |client: &Client| client.complete_check(None, &order(5, 120)).await));
            let there = only(&rig);
            let lines: Vec<u64> = there.annotations.iter().map(|annotation| annotation.start_line).collect();
            assert_eq!(lines, (1..=120).collect::<Vec<_>>(), "{method} {lost:?}");
            assert_eq!((there.id, there.status.as_str()), (run.id, "completed"), "{method} {lost:?}");
        }
    }
}

#[test]
fn a_server_that_loses_everything_is_given_up() {
    let rig = Rig::new(world());
    rig.github.fail(Fault::new("POST", "*/check-runs", What::CutBefore));
    let error = rig.run(async |client: &Client| client.complete_check(None, &order(5, 0)).await).expect_err("no answer");
    assert!(error.is_lost(), "{error}");
    assert_eq!(rig.asked().iter().filter(|asked| asked.starts_with("POST")).count(), 3);
}

#[test]
fn an_older_run_gives_way() {
    let rig = Rig::new(world());
    let older = posted(rig.run(async |client: &Client| client.start_check(&key(5)).await));
    let newer = posted(rig.run(async |client: &Client| client.complete_check(None, &order(6, 0)).await));
    for outcome in [
        rig.run(async |client: &Client| client.complete_check(None, &order(5, 3)).await),
        rig.run(async |client: &Client| client.start_check(&key(5)).await),
    ] {
        match outcome.expect("an outcome") {
            CheckOutcome::Superseded { by } => assert_eq!(by.id, newer.id),
            other => panic!("{other:?}"),
        }
    }
    // What it had begun does not hang for ever, and is not newer than the newer one by its times either.
    let state = rig.github.state();
    let left = &state.repo(REPO).check_runs[&older.id];
    assert_eq!((left.status.as_str(), left.conclusion.as_deref()), ("completed", Some("cancelled")));
    assert_eq!(left.completed_at.as_deref(), Some(left.started_at.as_str()));
    assert_eq!(state.repo(REPO).check_runs.len(), 2);
}

#[test]
fn a_run_completes_its_own_check_and_then_looks() {
    let rig = Rig::new(world());
    let started = posted(rig.run(async |client: &Client| client.start_check(&key(5)).await));
    posted(rig.run(async |client: &Client| client.complete_check(Some(&started), &order(5, 1)).await));
    let list = format!("GET /commits/{}/check-runs", sha('a'));
    let own = format!("PATCH /check-runs/{}", started.id);
    assert_eq!(rig.asked(), [list.as_str(), "POST /check-runs", &own, &list]);
    assert_eq!(only(&rig).annotations.len(), 1);
}

#[test]
fn personal_tokens_are_told_apart_from_missing_permissions() {
    let rig = Rig::with(world(), Token::personal("ada"));
    let error = rig.run(async |client: &Client| client.start_check(&key(5)).await).expect_err("no app");
    assert!(needs_app(&error), "{error}");
    let rig = Rig::with(world(), Token::fork());
    let error = rig.run(async |client: &Client| client.start_check(&key(5)).await).expect_err("no permission");
    assert!(!needs_app(&error) && status(&error) == 403, "{error}");
}
