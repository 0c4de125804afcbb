//! One key, one run, whatever becomes of the answers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use proofmark_github::{Begun, GitHubError, StartPatience};
use proofmark_testkit::github::{Fault, Plan, Starts, What};

use crate::setup::{KEY, REPO, living, only, patience, posts, run, run_with, start, start_with};

const START: &str = "/repos/*/dispatches";

/// Answers that are lost though the workflow was started.
fn lost() -> [What; 7] {
    [What::StatusAfter(502), What::CutAfter, What::CutInBody, What::Empty, What::Truncated, What::WrongShape, What::StatusAfter(500)]
}

/// Answers of something that did nothing, which look as if they might have.
fn doubtful() -> [What; 5] {
    [What::StatusBefore(503), What::CutBefore, What::Html(502), What::Html(200), What::StatusBefore(408)]
}

/// Refusals that come with a time to wait.
fn limits() -> [What; 2] {
    [What::TooManyRequests(Some(0)), What::SecondaryLimit(Some(0))]
}

#[test]
fn a_start_whose_answer_was_lost_is_found_again() {
    for what in lost() {
        for late in [0, 3] {
            let github = start_with(|repository| proofmark_testkit::github::Repository { plan: Plan::late(late), ..repository });
            github.fail(Fault::new("POST", START, what.clone()).nth(1));
            let started = run(&github, KEY).unwrap_or_else(|error| panic!("{what:?}: {error}"));
            only(&github, KEY, &started);
            assert_eq!((started.begun, posts(&github)), (Begun::FoundAgain, 1), "{what:?} {late}");
        }
    }
}

#[test]
fn a_start_that_did_not_happen_is_asked_for_again() {
    for what in doubtful().into_iter().chain(limits()) {
        let github = start();
        github.fail(Fault::new("POST", START, what.clone()).nth(1));
        let started = run(&github, KEY).unwrap_or_else(|error| panic!("{what:?}: {error}"));
        only(&github, KEY, &started);
        assert_eq!((started.begun, posts(&github)), (Begun::New, 2), "{what:?}");
    }
}

#[test]
fn what_was_looked_for_long_enough_is_asked_for_again_and_no_sooner() {
    let github = start();
    github.fail(Fault::new("POST", START, What::CutBefore).nth(1));
    let began = Instant::now();
    run(&github, KEY).expect("a start");
    assert!(began.elapsed() >= patience().settling, "{:?}", began.elapsed());
}

#[test]
fn the_same_holds_at_servers_that_tell_no_number() {
    for starts in [Starts::Untold, Starts::Strict] {
        for (what, sent, begun) in lost().map(|what| (what, 1, Begun::FoundAgain)).into_iter().chain(
            // An answer without a body is what is expected there.
            doubtful().into_iter().chain(limits()).map(|what| (what, 2, Begun::New)),
        ) {
            let nothing_lost = matches!(what, What::CutInBody | What::Empty | What::Truncated | What::WrongShape);
            let github = start_with(|repository| proofmark_testkit::github::Repository { starts, plan: Plan::late(3), ..repository });
            let nth = if starts == Starts::Strict { 2 } else { 1 };
            github.fail(Fault::new("POST", START, what.clone()).nth(nth));
            let started = run(&github, KEY).unwrap_or_else(|error| panic!("{what:?}: {error}"));
            only(&github, KEY, &started);
            let refused = usize::from(starts == Starts::Strict);
            assert_eq!(posts(&github), sent + refused, "{starts:?} {what:?}");
            if !nothing_lost {
                assert_eq!(started.begun, begun, "{starts:?} {what:?}");
            }
        }
    }
}

#[test]
fn a_start_that_turns_up_after_its_repetition_stays_and_the_repetition_is_cancelled() {
    let github = start_with(|repository| proofmark_testkit::github::Repository { plan: Plan::late(u64::MAX), ..repository });
    github.fail(Fault::new("POST", START, What::StatusAfter(504)).nth(1));
    let asked = |count| {
        while posts(&github) < count {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let started = std::thread::scope(|scope| {
        scope.spawn(|| {
            asked(1);
            // Unlike the first run, the next is seen soon, but not before the first is.
            github.state().repo_mut(REPO).plan = Plan::late(5);
            asked(2);
            github.state().repo_mut(REPO).runs.values_mut().next().expect("the first run").plan = Some(Plan::default());
        });
        run(&github, KEY).expect("a start")
    });
    assert_eq!(started.begun, Begun::FoundAgain);
    let id = only(&github, KEY, &started);
    let runs: Vec<u64> = github.state().repo(REPO).runs.keys().copied().collect();
    assert_eq!((runs.len(), runs[0]), (2, id), "the first stays");
}

#[test]
fn nobody_knows_is_said_when_every_answer_is_lost() {
    let github = start();
    github.fail(Fault::new("POST", START, What::CutBefore));
    let quick = StartPatience { settling: Duration::from_millis(10), tries: 3, ..patience() };
    let error = run_with(&github, KEY, quick).expect_err("nobody knows");
    let told = error.to_string();
    assert!(told.starts_with("it is not known whether the workflow `train.yml` was started with the key `pm1-4f1`"), "{told}");
    assert!(told.contains("look for `pm1-4f1` in the titles") && error.is_lost(), "{told}");
    assert_eq!((posts(&github), living(&github, KEY).len()), (3, 0));
}

#[test]
fn a_look_that_fails_in_doubt_leaves_it_unknown() {
    let github = start();
    github.fail(Fault::new("POST", START, What::CutAfter).nth(1));
    github.fail(Fault::new("GET", "/repos/*/actions/workflows/train.yml/runs", What::Body(403, "{\"message\": \"no\"}".into())).nth(2));
    let error = run(&github, KEY).expect_err("nobody knows");
    assert!(matches!(error, GitHubError::Unknown { .. }) && error.to_string().contains("403"), "{error}");
    assert_eq!((posts(&github), living(&github, KEY).len()), (1, 1));
    // Whoever tries once more finds it.
    let started = run(&github, KEY).expect("a start");
    only(&github, KEY, &started);
    assert_eq!((started.begun, posts(&github)), (Begun::Earlier, 1));
}

#[test]
fn a_workflow_whose_titles_show_no_key_is_never_started_twice() {
    for title in [None, Some("Training"), Some("Train ${{ inputs.data }}")] {
        let github = start();
        let mut state = github.state();
        let repository = state.repo_mut(REPO);
        repository.run_names.clear();
        repository.run_names.extend(title.map(|title| ("train.yml".to_owned(), title.to_owned())));
        drop(state);
        github.fail(Fault::new("POST", START, What::StatusAfter(502)).nth(1));
        let error = run(&github, KEY).expect_err("nobody knows");
        assert!(matches!(error, GitHubError::Unknown { .. }) && error.to_string().contains("`run-name`"), "{error}");
        assert_eq!((posts(&github), github.state().repo(REPO).runs.len()), (1, 1), "{title:?}");
    }
}

#[test]
fn what_fails_after_the_start_does_not_hide_it() {
    let github = start();
    // The look before is the first read.
    github.fail(Fault::new("GET", "/repos/*/actions/workflows/*", What::Body(403, "{\"message\": \"no\"}".into())).nth(2));
    github.fail(Fault::new("GET", "/repos/*/actions/runs/*", What::Body(404, "{\"message\": \"Not Found\"}".into())));
    let started = run(&github, KEY).expect("a start");
    let [own] = living(&github, KEY).try_into().expect("one run");
    assert_eq!((started.begun, started.run.map(|run| run.id)), (Begun::New, Some(own.id)));
}

#[test]
fn two_hundred_starts_in_bad_weather_make_two_hundred_runs() {
    for (starts, count, seed) in [(Starts::Told, 200, 7), (Starts::Untold, 50, 8)] {
        let github = start_with(|repository| proofmark_testkit::github::Repository { starts, plan: Plan::late(2), ..repository });
        let kinds: Vec<What> = lost().into_iter().chain(doubtful()).chain(limits()).collect();
        for (number, what) in kinds.iter().enumerate() {
            // Together a tenth of the requests.
            github.fail(Fault::new("POST", START, what.clone()).chance(0.1 / kinds.len() as f64, seed * 100 + number as u64));
        }
        github.fail(Fault::new("GET", "*", What::StatusBefore(502)).chance(0.05, seed));
        github.fail(Fault::new("GET", "*", What::CutInBody).chance(0.05, seed + 1));
        let next = AtomicU64::new(0);
        let enduring = StartPatience { tries: 8, find: Duration::from_secs(5), depth: 40, ..patience() };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        if number >= count {
                            break;
                        }
                        let key = format!("pm1-{number}");
                        let started = run_with(&github, &key, enduring).unwrap_or_else(|error| panic!("{key}: {error}"));
                        only(&github, &key, &started);
                        assert_ne!(started.begun, Begun::Earlier, "{key}");
                    }
                });
            }
        });
        let struck = github.requests().iter().filter(|request| request.fault.is_some()).count();
        assert!(struck as u64 >= count / 5, "only {struck} faults");
        assert_eq!(github.state().repo(REPO).runs.len() as u64, count);
    }
}
