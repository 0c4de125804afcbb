//! Several jobs at once: one comment at the end, with everybody's section, however requests interleave and fail.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use proofmark_core::config::CommentMode;
use proofmark_github::{CommentOutcome, Patience};
use proofmark_testkit::github::{Clock, Comment, FakeGitHub, Fault, What};

use crate::setup::{PULL, REPO, Report, comments, only, patience, report, start, world};

const PARALLEL: u64 = 6;

/// How many worlds; more for a longer hunt.
fn worlds() -> u64 {
    std::env::var("PROOFMARK_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(200)
}

/// Runs races with these seeds, some at once.
fn hunt(seeds: u64, race: impl Fn(u64) + Sync) {
    let (next, race) = (AtomicU64::new(0), &race);
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= seeds {
                        return;
                    }
                    race(seed);
                }
            });
        }
    });
}

#[test]
fn there_is_one_comment_with_all_sections_however_many_write_at_once() {
    hunt(worlds(), race);
}

#[test]
fn nothing_is_lost_where_the_servers_clocks_differ() {
    hunt(100, |seed| {
        let github = start();
        if seed.is_multiple_of(2) {
            report(1).of("earlier").sent(&github);
        }
        github.state().clock = Clock::ahead([-30, 30, -8_000_000, 8_000_000][(seed % 4) as usize]);
        github.random_delay(Duration::from_millis(5), seed);
        all_at_once(&github, 5, seed, patience());
        assert_eq!(only(&github).body.contains("earlier of run 1"), seed.is_multiple_of(2), "seed {seed}");
    });
}

#[test]
fn there_is_one_comment_where_lists_are_late() {
    hunt(100, |seed| {
        let mut world = world();
        world.repo_mut(REPO).issues.get_mut(&PULL).expect("a pull request").comments_late = 60;
        let github = FakeGitHub::start(world);
        github.random_delay(Duration::from_millis(5), seed);
        let patience = Patience { pause: Duration::from_millis(10), ..patience() };
        all_at_once(&github, if seed.is_multiple_of(2) { 2 } else { 5 }, seed, patience);
        only(&github);
        // The next run sees it all.
        assert!(matches!(report(99).of("job-0").sent(&github), CommentOutcome::Updated { .. }));
    });
}

/// Each job writes its section, and all of them are there in the end.
fn all_at_once(github: &FakeGitHub, jobs: u64, seed: u64, patience: Patience) {
    let report = |job: u64| Report { seed: seed * 100 + job, patience, ..report(10 + job).of(&format!("job-{job}")) };
    std::thread::scope(|scope| {
        for job in 0..jobs {
            scope.spawn(move || report(job).sent(github));
        }
    });
    let body = only(github).body;
    for job in 0..jobs {
        assert!(body.contains(&report(job).text), "seed {seed}: {body}");
    }
}

/// Two or five jobs with sections of their own, or the same one; a comment is there or not; with faults or without; one may
/// post anew where the others update.
fn race(seed: u64) {
    let github = start();
    let jobs: u64 = if seed.is_multiple_of(2) { 2 } else { 5 };
    let shared = seed % 4 >= 2;
    if seed.is_multiple_of(3) {
        report(1).of("earlier").sent(&github);
    }
    github.random_delay(Duration::from_millis(5), seed);
    if !seed.is_multiple_of(5) {
        go_wrong(&github, seed);
    }
    let reports: Vec<Report> = (0..jobs)
        .map(|job| {
            let section = if shared { "shared".to_owned() } else { format!("job-{job}") };
            let mode = match (seed + job) % 7 {
                5 => CommentMode::Recreate,
                6 => CommentMode::HideAndRecreate,
                _ => CommentMode::Update,
            };
            let patience = Patience { lease: Duration::from_millis(1_000), stale: Duration::from_millis(3_000), ..patience() };
            Report { seed: seed * 100 + job, mode, patience, ..report(10 + job).of(&section) }
        })
        .collect();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for (job, report) in reports.iter().enumerate() {
            let github = &github;
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis((seed * 7 + job as u64 * 13) % 6));
                report.send(github).unwrap_or_else(|error| panic!("seed {seed}, job {job}: {error}"));
            });
        }
    });
    let left: Vec<Comment> = comments(&github).into_iter().filter(|comment| comment.minimized.is_none()).collect();
    let [comment] = left.as_slice() else { panic!("seed {seed}: {} comments: {left:#?}", left.len()) };
    assert!(comment.reactions.is_empty(), "seed {seed}: {comment:#?}");
    let body = &comment.body;
    let expected: Vec<&Report> = if shared { reports.last().into_iter().collect() } else { reports.iter().collect() };
    for report in expected {
        assert_eq!(body.matches(&report.text).count(), 1, "seed {seed} after {:?}: {body}", started.elapsed());
    }
    assert_eq!(body.contains("earlier of run 1"), seed.is_multiple_of(3), "seed {seed}: {body}");
}

/// A few requests in a hundred fail, before or after they took effect.
fn go_wrong(github: &FakeGitHub, seed: u64) {
    let all = [
        ("POST", "/repos/*/issues/7/comments", What::StatusAfter(502), 0.1),
        ("POST", "/repos/*/issues/7/comments", What::CutAfter, 0.1),
        ("POST", "/repos/*/issues/7/comments", What::CutBefore, 0.1),
        ("PATCH", "*", What::CutAfter, 0.05),
        ("PATCH", "*", What::StatusBefore(503), 0.05),
        ("DELETE", "*", What::StatusAfter(500), 0.05),
        ("GET", "*", What::StatusBefore(502), 0.03),
        ("POST", "/repos/*/reactions", What::StatusBefore(502), 0.03),
        ("POST", "/repos/*/reactions", What::CutAfter, 0.005),
        ("*", "*", What::Slow(20), 0.03),
    ];
    for (number, (method, path, what, chance)) in all.into_iter().enumerate() {
        github.fail(Fault::new(method, path, what).chance(chance, seed * 1_000 + number as u64));
    }
}
