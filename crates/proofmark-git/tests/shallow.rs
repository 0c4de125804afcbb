//! Clones whose history is cut off, as CI makes them.

use proofmark_git::{GitError, HistoryEnd, Repository};
use proofmark_testkit::repo::TestRepo;

fn open(repo: &TestRepo) -> Repository {
    Repository::discover(repo.path()).expect("a repository is there")
}

/// Ten commits on main; `work` parts at main~5 and has two.
fn parted() -> TestRepo {
    let repo = TestRepo::new();
    for number in 1..=10 {
        repo.write("m.json", number.to_string()).commit(&format!("main {number}"));
    }
    repo.git(&["switch", "--quiet", "--create", "work", "main~5"]);
    repo.write("w.json", "1").commit("work 1");
    repo.write("w.json", "2").commit("work 2");
    repo.switch("main");
    repo
}

fn says_the_cure(error: &GitError) {
    let hint = error.hint().unwrap_or_default();
    assert!(error.is_shallow() && error.to_string().contains("shallow"), "{error}");
    assert!(hint.contains("git fetch --unshallow") && hint.contains("fetch-depth: 0"), "{hint}");
}

#[test]
fn a_merge_base_that_was_not_fetched() {
    let clone = parted().clone_shallow(2);
    let found = open(&clone);
    assert!(found.is_shallow());
    let (work, main) = (found.resolve("origin/work").expect("there"), found.resolve("main").expect("there"));
    let error = found.merge_base(&work, &main).expect_err("not fetched");
    assert!(matches!(&error, GitError::ShallowHistory { .. }));
    says_the_cure(&error);
}

#[test]
fn a_merge_base_that_was_fetched() {
    let repo = parted();
    for depth in [5, 6] {
        let clone = repo.clone_shallow(depth);
        let found = open(&clone);
        assert!(found.is_shallow());
        let (work, main) = (found.resolve("origin/work").expect("there"), found.resolve("main").expect("there"));
        let base = found.merge_base(&work, &main).expect("it is sure").expect("there");
        assert_eq!(base.id, repo.git(&["merge-base", "work", "main"]), "{depth}");
    }
}

/// Old side branches run into the border; the base is sure all the same.
#[test]
fn old_merges_do_not_make_the_base_unsure() {
    let repo = TestRepo::new();
    for number in 1..=5 {
        repo.write("m.json", number.to_string()).commit(&format!("main {number}"));
    }
    repo.switch("side");
    for number in 1..=8 {
        repo.write("s.json", number.to_string()).commit(&format!("side {number}"));
    }
    repo.switch("main").write("k", "1").commit("main 6");
    let parted = repo.write("k", "2").commit("main 7");
    repo.merge("side");
    repo.git(&["switch", "--quiet", "--create", "work", &parted]);
    repo.write("w", "1").commit("work");
    repo.switch("main");
    let clone = repo.clone_shallow(4);
    let found = open(&clone);
    let (work, main) = (found.resolve("origin/work").expect("there"), found.resolve("main").expect("there"));
    assert_eq!(found.merge_base(&work, &main).expect("it is sure").map(|base| base.id), Some(parted));
}

/// The better base is behind the border on one side and the tip of the other: it must not be missed.
#[test]
fn a_better_base_behind_the_border_is_suspected() {
    let repo = TestRepo::new();
    let first = repo.write("a", "1").commit("first");
    let topic = repo.switch("topic").write("t", "1").commit("topic");
    repo.git(&["switch", "--quiet", "--create", "long", "topic"]);
    for number in 1..=4 {
        repo.write("l", number.to_string()).commit(&format!("long {number}"));
    }
    repo.git(&["switch", "--quiet", "--create", "target", &first]);
    repo.merge("long");
    assert_eq!(repo.git(&["merge-base", "target", "topic"]), topic);
    // `target` knows `first` and the newest commits of `long`, but not that they grew from `topic`.
    let clone = repo.clone_with(&["--branch", "target", "--depth=3"]);
    clone.git(&["fetch", "--quiet", "--depth=2", "origin", "topic:topic"]);
    let found = open(&clone);
    let (target, topic) = (found.resolve("target").expect("there"), found.resolve("topic").expect("there"));
    says_the_cure(&found.merge_base(&target, &topic).expect_err("a better one may be hidden"));
}

#[test]
fn revisions_beyond_the_border() {
    let clone = parted().clone_shallow(3);
    let found = open(&clone);
    assert!(found.resolve("HEAD~2").is_ok());
    for name in ["HEAD~3", "HEAD~2^", "main~9", "no-such", "v1"] {
        let error = found.resolve(name).expect_err(name);
        assert!(matches!(error, GitError::ShallowRevision { .. }), "{name}: {error:?}");
        says_the_cure(&error);
    }
}

#[test]
fn history_says_where_it_was_cut() {
    let clone = parted().clone_shallow(3);
    let found = open(&clone);
    let head = found.resolve("HEAD").expect("there");
    for first_parent in [true, false] {
        let history = found.history(&head, first_parent, 100).expect("no error");
        assert_eq!((history.commits.len(), history.end), (3, HistoryEnd::ShallowBorder));
    }
    assert_eq!(found.history(&head, true, 2).expect("no error").end, HistoryEnd::Limit);
}

#[test]
fn the_default_branch_of_a_single_branch_clone() {
    let repo = parted();
    let clone = repo.clone_with(&["--depth=1", "--single-branch", "--branch=work"]);
    let error = open(&clone).default_branch(None).expect_err("only work was fetched");
    assert!(matches!(error, GitError::NoDefaultBranch { shallow: true, .. }), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("fetch-depth: 0")));
}

#[test]
fn a_clone_deeper_than_the_history_is_whole() {
    let clone = parted().clone_shallow(100);
    assert!(!open(&clone).is_shallow());
}
