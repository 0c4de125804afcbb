//! What the network and other users do in between.

use std::time::{Duration, Instant};

use proofmark_core::config::CommentMode;
use proofmark_github::{CommentOutcome, Patience};
use proofmark_testkit::github::{FakeGitHub, Fault, What};

use crate::setup::{BOT, PULL, REPO, Report, comments, only, patience, report, requests, start};

const COMMENTS: &str = "/repos/*/issues/7/comments";
const ONE: &str = "/repos/*/issues/comments/*";
const REACTIONS: &str = "/repos/*/reactions";

fn count(github: &FakeGitHub, wanted: &str) -> usize {
    requests(github).iter().filter(|request| *request == wanted).count()
}

#[test]
fn a_lost_post_is_looked_for_before_it_is_repeated() {
    for what in [What::StatusAfter(502), What::CutAfter, What::CutInBody, What::Empty, What::Truncated, What::WrongShape] {
        let github = start();
        github.fail(Fault::new("POST", COMMENTS, what.clone()).nth(1));
        assert!(matches!(report(1).sent(&github), CommentOutcome::Created { .. }), "{what:?}");
        only(&github);
        assert_eq!(count(&github, "POST comments"), 1, "{what:?}");
    }
    for what in [What::StatusBefore(502), What::CutBefore, What::Html(200)] {
        let github = start();
        github.fail(Fault::new("POST", COMMENTS, what.clone()).nth(1));
        assert!(matches!(report(1).sent(&github), CommentOutcome::Created { .. }), "{what:?}");
        only(&github);
        assert_eq!(count(&github, "POST comments"), 2, "{what:?}");
    }
}

#[test]
fn a_lost_post_of_a_new_comment_in_place_of_an_old_one_is_found_too() {
    let github = start();
    report(1).sent(&github);
    github.fail(Fault::new("POST", COMMENTS, What::CutAfter).nth(1));
    assert!(matches!(report(2).mode(CommentMode::Recreate).sent(&github), CommentOutcome::Recreated { .. }));
    assert!(only(&github).body.contains("report of run 2"));
    assert_eq!(count(&github, "POST comments"), 2);
}

#[test]
fn a_duplicate_by_the_same_run_is_not_taken_for_the_lost_one() {
    let github = start();
    let bodies = ["other", "test"].map(|section| {
        let alone = start();
        report(2).of(section).sent(&alone);
        only(&alone).body
    });
    for body in &bodies {
        github.state().comment(REPO, PULL, BOT, body);
    }
    github.fail(Fault::new("POST", COMMENTS, What::CutAfter).nth(1));
    assert!(matches!(report(2).of("test").mode(CommentMode::Recreate).sent(&github), CommentOutcome::Recreated { .. }));
    let body = only(&github).body;
    assert!(body.contains("other of run 2") && body.contains("test of run 2"), "{body}");
}

#[test]
fn lost_answers_to_everything_else_are_survived() {
    for (method, path) in [("PATCH", ONE), ("GET", ONE), ("GET", COMMENTS), ("DELETE", "/repos/*/reactions/*")] {
        for what in [What::StatusAfter(500), What::CutAfter, What::StatusBefore(503)] {
            let github = start();
            report(1).sent(&github);
            github.fail(Fault::new(method, path, what.clone()).nth(1));
            assert!(matches!(report(2).sent(&github), CommentOutcome::Updated { .. }), "{method} {path} {what:?}");
            assert!(only(&github).body.contains("report of run 2"));
        }
    }
}

#[test]
fn a_limit_is_waited_for() {
    for (method, path) in [("POST", COMMENTS), ("POST", REACTIONS), ("PATCH", ONE)] {
        let github = start();
        if path != COMMENTS {
            report(1).sent(&github);
        }
        github.fail(Fault::new(method, path, What::SecondaryLimit(Some(1))).nth(1));
        let started = Instant::now();
        report(2).sent(&github);
        assert!(started.elapsed() >= Duration::from_secs(1));
        assert!(only(&github).body.contains("report of run 2"));
    }
}

#[test]
fn a_text_that_takes_longer_than_the_lock_holds_overwrites_nobody() {
    let github = start();
    report(1).sent(&github);
    github.fail(Fault::new("PATCH", ONE, What::Slow(600)).nth(1));
    let hurry = Patience { lease: Duration::from_millis(200), stale: Duration::from_millis(1_000), ..patience() };
    std::thread::scope(|scope| {
        scope.spawn(|| Report { patience: hurry, ..report(2) }.sent(&github));
        std::thread::sleep(Duration::from_millis(100));
        let started = Instant::now();
        Report { patience: hurry, ..report(2).of("other") }.sent(&github);
        assert!(started.elapsed() >= Duration::from_millis(500), "it did not wait for the text under way");
    });
    let body = only(&github).body;
    assert!(body.contains("report of run 2") && body.contains("other of run 2"), "{body}");
}

#[test]
fn a_lock_whose_answer_was_lost_is_waited_for() {
    let github = start();
    report(1).sent(&github);
    github.fail(Fault::new("POST", REACTIONS, What::StatusAfter(502)).nth(1));
    let quick = Patience { lease: Duration::from_millis(200), stale: Duration::from_millis(400), ..patience() };
    let started = Instant::now();
    assert!(matches!(Report { patience: quick, ..report(2) }.sent(&github), CommentOutcome::Updated { .. }));
    assert!(started.elapsed() >= Duration::from_millis(400));
    only(&github);
}

#[test]
fn a_server_without_reactions_gets_the_comment_and_people_a_note() {
    for status in [403, 404, 422, 500] {
        let github = start();
        report(1).sent(&github);
        github.fail(Fault::new("POST", REACTIONS, What::StatusBefore(status)));
        let outcome = report(2).send(&github).expect("an outcome");
        assert!(matches!(outcome.plain(), CommentOutcome::Updated { .. }), "{status}");
        assert_eq!(outcome.notes().len(), 1);
        assert!(only(&github).body.contains("report of run 2"));
    }
}

#[test]
fn without_locks_a_section_that_was_overwritten_is_written_again() {
    let github = start();
    report(1).sent(&github);
    let stale = only(&github);
    github.fail(Fault::new("POST", REACTIONS, What::StatusBefore(404)));
    // Another job without a lock puts its old text over ours, between our writing and our look.
    let slow = Patience { pause: Duration::from_millis(100), ..patience() };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while comments(&github)[0].edits == 0 {
                std::thread::sleep(Duration::from_millis(2));
            }
            github.state().repo_mut(REPO).comments.get_mut(&stale.id).expect("a comment").body = stale.body.clone();
        });
        Report { patience: slow, ..report(2).of("other") }.send(&github).expect("an outcome");
    });
    let body = only(&github).body;
    assert!(body.contains("report of run 1") && body.contains("other of run 2"), "{body}");
}

#[test]
fn a_comment_that_is_deleted_in_between_is_made_again() {
    for (method, path) in [("POST", REACTIONS), ("GET", ONE), ("PATCH", ONE)] {
        let github = start();
        report(1).sent(&github);
        github.fail(Fault::new(method, path, What::Slow(150)).nth(1));
        let told = github.requests().len();
        std::thread::scope(|scope| {
            let deleter = scope.spawn(|| {
                // After the list, which is the first request.
                while github.requests().len() <= told {
                    std::thread::sleep(Duration::from_millis(1));
                }
                std::thread::sleep(Duration::from_millis(60));
                github.state().repo_mut(REPO).comments.clear();
            });
            let outcome = report(2).sent(&github);
            deleter.join().expect("deleted");
            assert!(matches!(outcome, CommentOutcome::Created { .. }), "{method}: {outcome:?}");
        });
        assert!(only(&github).body.contains("report of run 2"));
    }
}

#[test]
fn a_token_that_may_not_write_is_told_what_it_needs() {
    let github = start();
    let reads = proofmark_testkit::github::Token::fork();
    github.state().tokens.insert("ghs_fork".into(), reads);
    let error = Report { token: "ghs_fork", ..report(1) }.send(&github).expect_err("refused");
    assert_eq!(error.status(), Some(403));
    // The same where there is a comment already.
    report(1).sent(&github);
    let error = Report { token: "ghs_fork", ..report(2) }.send(&github).expect_err("refused");
    assert_eq!(error.status(), Some(403));
    assert!(matches!(error, proofmark_github::GitHubError::Refused { needs, .. } if !needs.is_empty()));
    assert_eq!(github.state().comments(REPO, PULL).len(), 1);
}
