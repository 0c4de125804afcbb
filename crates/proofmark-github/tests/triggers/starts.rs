//! Starting workflows, and what becomes of the runs.

use std::sync::Barrier;
use std::time::Duration;

use proofmark_github::{Begun, Client, RepoName, StartPatience, WorkflowStart, advice};
use proofmark_testkit::github::{Fault, Plan, Repository, Run, Starts, What};

use crate::setup::{FILE, KEY, REPO, asked, living, only, order, patience, posts, run, run_with, start, start_with, with};

#[test]
fn a_workflow_is_started_and_followed_to_its_end() {
    let plan = Plan { queued: 2, running: 2, conclusion: "failure".to_owned(), late: 3 };
    let github = start_with(|repository| Repository { plan, ..repository });
    let started = run(&github, KEY).expect("a start");
    let id = only(&github, KEY, &started);
    let run = started.run.expect("a run");
    assert_eq!((started.begun, run.title.as_str(), run.event.as_str()), (Begun::New, "Train v2 (pm1-4f1)", "workflow_dispatch"));
    assert_eq!((run.branch.as_deref(), run.workflow.as_str(), run.attempt), (Some("main"), ".github/workflows/train.yml", 1));
    assert_eq!((run.actor.as_deref(), run.sha.as_deref().map(str::len)), (Some("github-actions[bot]"), Some(40)));
    assert!(run.created > 1_700_000_000 && run.updated >= run.created && run.url.ends_with(&format!("/actions/runs/{id}")));
    let seen: Vec<String> = with(&github, async |client| {
        let mut seen = Vec::new();
        loop {
            let run = client.workflow_run(id).await.expect("a run");
            seen.push(run.status.clone());
            if run.is_completed() {
                assert_eq!(run.conclusion.as_deref(), Some("failure"));
                break seen;
            }
        }
    });
    assert_eq!(seen, ["queued", "queued", "in_progress", "in_progress", "completed"]);
    let jobs = with(&github, async |client| client.run_jobs(id).await).expect("jobs");
    let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert_eq!((job.name.as_str(), job.status.as_str(), job.conclusion.as_deref()), ("train", "completed", Some("failure")));
    let body = github.state().repo(REPO).dispatches[0].body.clone();
    assert_eq!(body["inputs"], serde_json::json!({"proofmark": KEY, "data": "v2"}));
}

#[test]
fn an_earlier_run_is_taken_whatever_became_of_it() {
    let github = start();
    let first = run(&github, KEY).expect("a start");
    let id = only(&github, KEY, &first);
    let second = run(&github, KEY).expect("a start");
    assert_eq!((second.begun, only(&github, KEY, &second), posts(&github)), (Begun::Earlier, id, 1));
    with(&github, async |client| client.cancel_run(id).await).expect("cancelled");
    let third = run(&github, KEY).expect("a start");
    assert_eq!((third.run.and_then(|run| run.conclusion).as_deref(), posts(&github)), (Some("cancelled"), 1));
}

#[test]
fn a_longer_key_and_other_events_are_none_of_ours() {
    let github = start_with(|repository| {
        let of_a_change = Run { event: "pull_request".into(), ..Run::started(12, FILE, "Train v2 (pm1-4f1)") };
        let of_another = Run::started(13, "other.yml", "Train v2 (pm1-4f1)");
        repository.run(Run::started(11, FILE, "Train v2 (pm1-4f12)")).run(of_a_change).run(of_another)
    });
    let started = run(&github, KEY).expect("a start");
    let id = started.run.expect("a run").id;
    assert!(started.begun == Begun::New && id > 13, "{id}");
    let longer = run(&github, "pm1-4f12").expect("a start");
    assert_eq!((longer.begun, longer.run.map(|run| run.id)), (Begun::Earlier, Some(11)));
}

#[test]
fn an_earlier_run_is_found_on_later_pages_too() {
    let github = start_with(|repository| {
        (0..250).fold(repository.run(Run::started(20, FILE, "x (pm1-4f1)")), |repository, number| {
            repository.run(Run::started(21 + number, FILE, &format!("x (pm1-{number})")))
        })
    });
    let far = StartPatience { depth: 300, ..patience() };
    let started = run_with(&github, KEY, far).expect("a start");
    assert_eq!((started.begun, started.run.map(|run| run.id), posts(&github)), (Begun::Earlier, Some(20), 0));
    let listed = |most| with(&github, async |client| client.workflow_runs(FILE, Some("workflow_dispatch"), most).await.expect("runs"));
    assert_eq!((listed(120).len(), listed(3).len(), listed(120)[0].id), (120, 3, 270));
    // The name with its folder is as good.
    let path = format!(".github/workflows/{FILE}");
    assert_eq!(with(&github, async |client| client.workflow_runs(&path, None, 5).await).expect("runs").len(), 5);
}

#[test]
fn old_servers_are_told_apart_by_themselves() {
    for (starts, sent) in [(Starts::Untold, 1), (Starts::Strict, 2)] {
        for late in [0, 4] {
            let github = start_with(|repository| Repository { starts, plan: Plan::late(late), ..repository });
            let started = run(&github, KEY).expect("a start");
            only(&github, KEY, &started);
            assert_eq!((started.begun, posts(&github)), (Begun::New, sent), "{starts:?} {late}");
        }
        let github = start_with(|repository| Repository { starts, plan: Plan::late(u64::MAX), ..repository });
        let started = run(&github, KEY).expect("a start");
        assert_eq!((started.begun, started.run, posts(&github)), (Begun::New, None, sent));
    }
}

#[test]
fn of_two_starts_at_one_moment_one_run_stays() {
    for starts in [Starts::Told, Starts::Untold] {
        let github = start_with(|repository| Repository { starts, plan: Plan::late(1), ..repository });
        github.random_delay(Duration::from_millis(8), 5);
        let mut twice = 0;
        for round in 0..20 {
            let key = format!("pm1-{round}");
            let together = Barrier::new(3);
            let ids: Vec<u64> = std::thread::scope(|scope| {
                let racers: Vec<_> = (0..3)
                    .map(|_| {
                        scope.spawn(|| {
                            together.wait();
                            run(&github, &key).expect("a start").run.expect("a run").id
                        })
                    })
                    .collect();
                racers.into_iter().map(|racer| racer.join().expect("no panic")).collect()
            });
            let [one] = living(&github, &key).try_into().expect("one run");
            assert_eq!(ids, [one.id; 3], "{key}");
            let made = github.state().repo(REPO).runs.values().filter(|run| run.title.contains(&format!("({key})"))).count();
            twice += usize::from(made > 1);
        }
        assert!(twice > 5, "only {twice} races");
    }
}

#[test]
fn a_twin_that_cannot_be_cancelled_is_told() {
    let github = start();
    let earlier = Run { status: "in_progress".into(), ..Run::started(5, FILE, "x (pm1-4f1)") };
    github.fail(Fault::new("POST", "/repos/*/cancel", What::Body(403, "{\"message\": \"no\"}".into())));
    github.fail(Fault::new("POST", "/repos/*/dispatches", What::Slow(100)));
    let started = std::thread::scope(|scope| {
        scope.spawn(|| {
            // After the look before the start.
            while asked(&github, "GET", "/runs") == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            github.state().repo_mut(REPO).runs.insert(5, earlier);
        });
        run(&github, KEY).expect("a start")
    });
    let own = *github.state().repo(REPO).runs.keys().next_back().expect("a run");
    assert_eq!((started.begun, started.run.map(|run| run.id), started.twins), (Begun::Earlier, Some(5), vec![own]));
}

#[test]
fn cancelling_what_has_ended_is_fine() {
    let github = start_with(|repository| repository.run(Run::started(11, FILE, "x")));
    let cancel = |id| with(&github, async |client| client.cancel_run(id).await);
    cancel(11).expect("it has ended");
    let id = run(&github, KEY).expect("a start").run.expect("a run").id;
    github.fail(Fault::new("POST", "/repos/*/cancel", What::CutAfter).nth(1));
    cancel(id).expect("cancelled");
    assert_eq!(living(&github, KEY).len(), 0);
    assert_eq!(cancel(99).expect_err("there is none").status(), Some(404));
}

#[test]
fn refusals_say_what_to_change() {
    let github = start_with(|mut repository| {
        repository.workflows.insert("plain.yml".into(), vec!["data".into()]);
        repository.unstartable.insert("closed.yml".into());
        repository
    });
    let refused =
        |order: WorkflowStart| with(&github, async |client| client.start_workflow(&order, &patience()).await).expect_err("refused");
    for (workflow, status, words) in [
        ("plain.yml", 422, "      proofmark:\n        type: string"),
        ("closed.yml", 422, "on:\n  workflow_dispatch:"),
        ("missing.yml", 404, "default branch"),
    ] {
        let error = refused(WorkflowStart { workflow: workflow.into(), ..order(KEY) });
        assert_eq!(error.status(), Some(status), "{error}");
        let told = advice(&error).unwrap_or_else(|| panic!("advice about {error}"));
        assert!(told.contains(words), "{told}");
    }
    github.fail(Fault::new("POST", "/repos/*/dispatches", What::Body(422, "{\"message\": \"No ref found for: gone\"}".into())));
    assert!(advice(&refused(order(KEY))).is_some_and(|told| told.contains("never on a commit")));
    assert_eq!(github.state().repo(REPO).runs.len(), 0);
}

#[test]
fn a_token_that_may_not_start_is_told_what_it_needs() {
    let github = start();
    github.state().tokens.values_mut().for_each(|token| {
        token.permissions.insert("actions".into(), proofmark_testkit::github::Level::Read);
    });
    let error = run(&github, KEY).expect_err("refused");
    assert!(advice(&error).is_some_and(|told| told.contains("  actions: write\n")), "{error}");
}

#[test]
fn a_dry_run_shows_the_start() {
    let runtime = proofmark_http::Runtime::start().expect("a runtime");
    let client = Client::dry(RepoName::parse(REPO).expect("a name"));
    let started = runtime.block_on(client.start_workflow(&order(KEY), &StartPatience::default())).expect("a start");
    assert_eq!((started.begun, started.run), (Begun::New, None));
    runtime.block_on(client.cancel_run(7)).expect("cancelled");
    assert_eq!(runtime.block_on(client.run_jobs(7)).expect("jobs"), []);
    assert!(runtime.block_on(client.workflow_run(7)).expect("a run").is_completed());
    let sent: Vec<String> = client.recorded().iter().map(proofmark_github::Request::shown).collect();
    assert_eq!(
        sent,
        [
            "POST /repos/acme/widgets/actions/workflows/train.yml/dispatches".to_owned(),
            "POST /repos/acme/widgets/actions/runs/7/cancel".to_owned()
        ]
    );
}
