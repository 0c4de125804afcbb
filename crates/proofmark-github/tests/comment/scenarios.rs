//! Who writes what where, when nothing goes wrong.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use proofmark_core::config::CommentMode;
use proofmark_github::{CommentOutcome, Patience};
use proofmark_testkit::github::{Clock, Comment, FakeGitHub, Reaction};

use crate::setup::{APP, BOT, PERSON, PULL, REPO, Report, comments, only, patience, report, requests, start};

#[test]
fn the_first_run_creates_and_the_next_updates() {
    let github = start();
    let CommentOutcome::Created { url } = report(1).sent(&github) else { panic!("not created") };
    assert_eq!(requests(&github), ["GET comments", "POST comments", "GET comments"]);
    assert!(url.contains("/pull/7#issuecomment-"), "{url}");
    let body = only(&github).body;
    assert!(body.starts_with("<!-- proofmark:ci_20_2F_20train -->\n") && body.contains("report of run 1\n\nbefore: []\n"), "{body}");

    assert_eq!(report(2).sent(&github), CommentOutcome::Updated { url: url.clone() });
    assert_eq!(requests(&github)[3..], ["GET comments", "POST reactions", "GET comments", "PATCH comments", "DELETE reactions"]);
    assert!(only(&github).body.contains("report of run 2\n\nbefore: [1]\n"));
    // The same run once more has nothing new to say.
    assert_eq!(report(2).sent(&github), CommentOutcome::Unchanged { url });
    assert_eq!(requests(&github)[8..], ["GET comments"]);
    assert_eq!(only(&github).edits, 1);
}

#[test]
fn a_person_who_quotes_the_marker_is_left_alone() {
    let github = start();
    let marker = "<!-- proofmark:ci_20_2F_20train -->\nmine";
    for login in ["mallory", "github-actions", "acme-bot[bot]"] {
        github.state().comment(REPO, PULL, login, marker);
    }
    github.state().comment(REPO, PULL, BOT, &format!("> quoted\n{marker}"));
    assert!(matches!(report(1).sent(&github), CommentOutcome::Created { .. }));
    assert!(matches!(report(2).sent(&github), CommentOutcome::Updated { .. }));
    let comments = comments(&github);
    assert_eq!(comments.iter().map(|comment| comment.edits).collect::<Vec<_>>(), [0, 0, 0, 0, 1]);
    assert!(comments[..3].iter().all(|comment| comment.body == marker && comment.reactions.is_empty()));
}

#[test]
fn each_identity_keeps_its_own_comment() {
    let github = start();
    let of = |token, run| Report { token, ..report(run) };
    for (token, login) in [(APP, "acme-bot[bot]"), (PERSON, "ada")] {
        assert!(matches!(of(token, 1).sent(&github), CommentOutcome::Created { .. }), "{login}");
        assert!(matches!(of(token, 2).sent(&github), CommentOutcome::Updated { .. }), "{login}");
        assert_eq!(comments(&github).last().map(|comment| (comment.login.as_str(), comment.edits)), Some((login, 1)));
    }
    assert!(requests(&github).contains(&"GET user".to_owned()) && requests(&github).contains(&"POST graphql".to_owned()));
    assert_eq!(comments(&github).len(), 2);
}

#[test]
fn a_login_told_wrongly_heals_itself() {
    let github = start();
    for (run, author) in [(1, "github-actions"), (2, "GitHub-Actions[bot]"), (3, "somebody-else"), (4, "somebody-else")] {
        Report { author: Some(author), ..report(run) }.sent(&github);
        let body = only(&github).body;
        assert!(body.contains(&format!("report of run {run}")), "{body}");
    }
    assert!(!requests(&github).contains(&"POST graphql".to_owned()));
}

#[test]
fn all_pages_are_read() {
    let github = start();
    for number in 0..130 {
        github.state().comment(REPO, PULL, "ada", &format!("comment {number}"));
    }
    report(1).sent(&github);
    for number in 0..119 {
        github.state().comment(REPO, PULL, "ada", &format!("comment {number}"));
    }
    let before = requests(&github).len();
    assert!(matches!(report(2).sent(&github), CommentOutcome::Updated { .. }));
    assert_eq!(requests(&github)[before..].iter().filter(|request| *request == "GET comments").count(), 4);
    assert_eq!(comments(&github).len(), 250);
}

#[test]
fn duplicates_are_merged_into_the_oldest() {
    let github = start();
    // Three jobs, each of which found nothing.
    let bodies: Vec<String> = ["a", "b", "c"]
        .iter()
        .map(|section| {
            let alone = start();
            report(3).of(section).sent(&alone);
            only(&alone).body
        })
        .collect();
    let ids: Vec<u64> = bodies.iter().map(|body| github.state().comment(REPO, PULL, BOT, body)).collect();
    // An older run has nothing to add, and heals all the same.
    assert!(matches!(report(2).of("b").sent(&github), CommentOutcome::Superseded { newer_run: 3, .. }));
    let comment = only(&github);
    assert_eq!(comment.id, ids[0]);
    for section in ["a of run 3", "b of run 3", "c of run 3"] {
        assert!(comment.body.contains(section), "{}", comment.body);
    }
}

#[test]
fn a_late_run_does_not_overwrite_a_newer_one() {
    let github = start();
    report(5).sent(&github);
    let before = only(&github);
    assert!(matches!(report(4).sent(&github), CommentOutcome::Superseded { newer_run: 5, .. }));
    assert_eq!(only(&github), before);
    // Other jobs of that run still can write their own part.
    report(4).of("lint").sent(&github);
    assert!(only(&github).body.contains("lint of run 4"));
}

#[test]
fn three_jobs_share_one_comment() {
    let github = start();
    for run in 1..=3 {
        for section in ["windows", "linux", "macos"] {
            report(run).of(section).sent(&github);
        }
    }
    let body = only(&github).body;
    let places: Vec<Option<usize>> = ["linux of run 3", "macos of run 3", "windows of run 3"].iter().map(|text| body.find(text)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{body}");
    assert_eq!(body.matches("before: [1 2]").count(), 3);
}

#[test]
fn what_is_too_long_is_shortened_and_accepted() {
    let github = start();
    let long = |section: &str, letter: &str| Report { text: letter.repeat(90_000), ..report(1).of(section) };
    long("a", "x").sent(&github);
    assert!(only(&github).body.len() > 60_000);
    long("b", "é").sent(&github);
    let body = only(&github).body;
    assert!(body.len() <= 65_000 && body.contains("` headline 1 `") && body.contains("This part is shortened"), "{}", &body[..900]);
    assert!(body.matches('é').count() > 15_000);
    // Whoever was shortened comes back whole with its next run.
    report(2).of("a").sent(&github);
    assert!(only(&github).body.contains("a of run 2"));
}

#[test]
fn hidden_comments_are_left_alone() {
    let github = start();
    report(1).sent(&github);
    let hidden = only(&github).id;
    github.state().repo_mut(REPO).comments.get_mut(&hidden).expect("a comment").minimized = Some("off-topic".into());
    assert!(matches!(report(2).sent(&github), CommentOutcome::Created { .. }));
    assert!(matches!(report(3).sent(&github), CommentOutcome::Updated { .. }));
    assert_eq!(comments(&github).iter().map(|comment| comment.edits).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_hostile_state_costs_the_history_at_most() {
    let github = start();
    let marker = "<!-- proofmark:ci_20_2F_20train -->";
    let states = ["{}", "null", "{\"version\":1,\"digest\":\"a\",\"run\":{},\"past\":[]}", &"[".repeat(50_000), "--> <!-- x"];
    for (state, run) in states.iter().zip(1..) {
        let body = format!("{marker}\n<!-- proofmark:section test {state} -->\nx\n<!-- /proofmark:section test -->\n");
        github.state().repo_mut(REPO).comments.clear();
        github.state().comment(REPO, PULL, BOT, &body);
        assert!(matches!(report(run).sent(&github), CommentOutcome::Updated { .. }));
        assert!(only(&github).body.contains("before: []"));
    }
}

#[test]
fn a_dry_run_records_one_request_with_the_text() {
    let client = proofmark_github::Client::dry(proofmark_github::RepoName::parse(REPO).expect("a name"));
    let runtime = proofmark_http::Runtime::start().expect("a runtime");
    let outcome = runtime.block_on(report(1).send_with(&client, None)).expect("an outcome");
    assert!(matches!(outcome, CommentOutcome::Created { .. }));
    let recorded = client.recorded();
    let [request] = recorded.as_slice() else { panic!("{recorded:?}") };
    assert_eq!(request.shown(), "POST /repos/acme/widgets/issues/7/comments");
    assert!(request.body.as_ref().and_then(|body| body["body"].as_str()).is_some_and(|text| text.contains("report of run 1")));
}

/// Somebody's lock, an hour old if the server is to be believed.
fn lock(github: &FakeGitHub, id: u64) {
    let reaction = Reaction { content: "eyes".into(), login: BOT.into(), created_at: Clock::ahead(-3_600).now() };
    github.state().repo_mut(REPO).comments.get_mut(&id).expect("a comment").reactions.insert(999, reaction);
}

#[test]
fn a_lock_of_the_dead_is_broken_once_it_was_watched_and_waiting_is_told_once() {
    let github = start();
    let told = RefCell::new(Vec::new());
    let hear = |words: &str| told.borrow_mut().push(words.to_owned());
    report(1).send_told(&github, &hear).expect("an outcome");
    lock(&github, only_id(&github));
    let quick = Patience { lease: Duration::from_millis(100), stale: Duration::from_millis(400), ..patience() };
    let started = Instant::now();
    let outcome = Report { patience: quick, ..report(2) }.send_told(&github, &hear).expect("an outcome");
    assert!(matches!(outcome, CommentOutcome::Updated { .. }) && started.elapsed() >= quick.stale);
    only(&github);
    report(3).send_told(&github, &hear).expect("an outcome");
    assert_eq!(told.into_inner(), ["another job is writing the comment; waiting for it"]);
}

#[test]
fn a_lock_that_only_looks_old_is_waited_for() {
    let github = start();
    report(1).sent(&github);
    lock(&github, only_id(&github));
    // Waiting ends, and people are told.
    let hurry = Patience { wait: Duration::from_millis(60), ..patience() };
    let outcome = Report { patience: hurry, ..report(2) }.send(&github).expect("an outcome");
    assert!(matches!(outcome.plain(), CommentOutcome::Updated { .. }));
    assert!(outcome.notes()[0].starts_with("Other jobs could not be kept"), "{outcome:?}");
    let comments: Vec<Comment> = comments(&github);
    assert!(comments[0].reactions.contains_key(&999) && comments[0].body.contains("report of run 2"));
}

#[test]
fn a_comment_that_people_edited_is_still_ours() {
    for before in ["\n\n", "\u{feff}", "Please look at this, @ada.\n", "```\n<!-- proofmark:ci_20_2F_20train -->\n```\n"] {
        for mode in [CommentMode::Update, CommentMode::HideAndRecreate] {
            let github = start();
            report(1).sent(&github);
            let (id, body) = (only_id(&github), only(&github).body);
            let edited = format!("{before}{}", body.replacen(" -->\n", " -->  \r\n", 2));
            github.state().repo_mut(REPO).comments.get_mut(&id).expect("a comment").body = edited;
            report(2).mode(mode).sent(&github);
            report(3).mode(mode).sent(&github);
            let comments: Vec<Comment> = comments(&github).into_iter().filter(|comment| comment.minimized.is_none()).collect();
            assert_eq!(comments.len(), 1, "{before:?} {mode:?}: {comments:#?}");
            assert!(comments[0].body.contains("report of run 3\n\nbefore: [1 2]"), "{before:?}: {}", comments[0].body);
        }
    }
}

#[test]
fn other_peoples_comments_are_not_taken_whatever_stands_before_the_marker() {
    let github = start();
    for before in ["\n", "\u{feff}", "text\n"] {
        github.state().comment(REPO, PULL, "mallory", &format!("{before}<!-- proofmark:ci_20_2F_20train -->\nmine"));
    }
    assert!(matches!(report(1).sent(&github), CommentOutcome::Created { .. }));
    assert_eq!(comments(&github).iter().map(|comment| comment.edits).collect::<Vec<_>>(), [0; 4]);
}

#[test]
fn a_number_that_no_run_has_does_not_freeze_the_comment() {
    let github = start();
    report(1).sent(&github);
    let (id, body) = (only_id(&github), only(&github).body);
    let edited = body.replace("\"run_id\":1,", "\"run_id\":18446744073709551615,");
    assert_ne!(edited, body);
    github.state().repo_mut(REPO).comments.get_mut(&id).expect("a comment").body = edited;
    assert!(matches!(report(2).sent(&github), CommentOutcome::Updated { .. }));
    // And a late run still comes too late.
    assert!(matches!(report(1).sent(&github), CommentOutcome::Superseded { newer_run: 2, .. }));
}

#[test]
fn newer_is_a_matter_of_each_section_alone() {
    let github = start();
    let sections =
        ["ci / train / pull_request / main", "ci / train / pull_request / release--1.x", "ci / train / push / main", "<!-- x --> é"];
    for (section, run) in sections.iter().zip([9, 4, 7, 2]) {
        assert!(report(run).of(section).sent(&github).url().is_some());
    }
    for (section, run) in sections.iter().zip([9, 4, 7, 2]) {
        assert!(matches!(report(run - 1).of(section).sent(&github), CommentOutcome::Superseded { newer_run, .. } if newer_run == run));
        assert!(only(&github).body.contains(&format!("{section} of run {run}")));
    }
}

fn only_id(github: &FakeGitHub) -> u64 {
    only(github).id
}
