//! Revisions and repositories of every kind.

use crate::{change, json, proofmark, statuses};
use proofmark_testkit::repo::TestRepo;

const BASE: [(&str, &str); 1] = [("metrics.json", r#"{"auc": 0.9}"#)];
const HEAD: [(&str, &str); 1] = [("metrics.json", r#"{"auc": 0.95}"#)];

fn improved(repo: &TestRepo, arguments: &[&str]) {
    let all = [&["compare", "--format", "json"], arguments].concat();
    assert_eq!(statuses(&json(&proofmark(repo).run(&all).expect(0))), ["auc improved"], "{arguments:?}");
}

#[test]
fn any_revision_syntax() {
    let repo = change(&BASE, &HEAD);
    repo.git(&["tag", "-a", "v1", "-m", "annotated", "main"]);
    let short = repo.id("main")[..8].to_owned();
    for base in ["main", "HEAD~1", "HEAD^", "v1", "v1^{commit}", &short, ":/base"] {
        improved(&repo, &[base, "HEAD"]);
    }
}

#[test]
fn packed_detached_and_bare() {
    let repo = change(&BASE, &HEAD);
    repo.git(&["gc", "-q"]);
    improved(&repo, &[]);
    repo.git(&["checkout", "-q", "--detach", "change"]);
    improved(&repo, &[]);
    let bare = repo.clone_with(&["--bare"]);
    improved(&bare, &["main", "change"]);
    let error = proofmark(&bare).run(&["compare"]).expect_error(2);
    assert!(error.contains("HEAD"), "{error}");
}

#[test]
fn a_linked_work_tree() {
    let repo = change(&BASE, &HEAD);
    let place = repo.outside().join("linked");
    repo.git(&["worktree", "add", "-q", &place.to_string_lossy(), "-b", "other", "change"]);
    let document = json(&proofmark(&repo).at(&place).run(&["compare", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document), ["auc improved"]);
}

#[test]
fn a_shallow_clone_says_what_to_do() {
    let repo = change(&BASE, &HEAD);
    let shallow = repo.clone_shallow(1);
    let error = proofmark(&shallow).run(&["compare", "HEAD~1", "HEAD"]).expect_error(2);
    assert!(error.contains("shallow") && error.contains("fetch-depth: 0"), "{error}");
}

#[test]
fn no_commits_yet() {
    let repo = TestRepo::new();
    repo.write("metrics.json", "{}");
    let error = proofmark(&repo).run(&["compare"]).expect_error(2);
    assert!(error.contains("no commits yet"), "{error}");
}

#[test]
fn a_revision_that_does_not_exist_suggests_one_that_does() {
    let repo = change(&BASE, &HEAD);
    let error = proofmark(&repo).run(&["compare", "mian"]).expect_error(2);
    assert!(error.contains("mian") && error.contains("main"), "{error}");
}

#[test]
fn the_default_branch_is_found_or_told() {
    let repo = change(&BASE, &HEAD);
    repo.git(&["branch", "-m", "main", "trunk"]);
    let error = proofmark(&repo).run(&["compare"]).expect_error(2);
    assert!(error.contains("--default-branch"), "{error}");
    improved(&repo, &["--default-branch", "trunk"]);
    repo.write("proofmark.toml", "[compare]\ndefault_branch = \"trunk\"\n").commit("name the branch");
    improved(&repo, &[]);
}

#[test]
fn unrelated_histories() {
    let repo = change(&BASE, &HEAD);
    repo.git(&["checkout", "-q", "--orphan", "island"]);
    repo.write("metrics.json", r#"{"auc": 0.95}"#).commit("island");
    let error = proofmark(&repo).run(&["compare"]).expect_error(2);
    assert!(error.contains("--base-is tip"), "{error}");
    improved(&repo, &["--base-is", "tip"]);
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let inner = change(&BASE, &HEAD);
    let outer = TestRepo::new();
    outer.write("metrics.json", r#"{"loss": 1}"#).commit("outer");
    outer.git(&["-c", "protocol.file.allow=always", "submodule", "add", "-q", "-b", "change", &inner.path().to_string_lossy(), "sub"]);
    outer.commit("with a submodule");
    let document = json(&proofmark(&outer).run(&["compare", "HEAD~1", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document), ["loss unchanged"]);
    let inside = proofmark(&outer).at(outer.path().join("sub"));
    let document = json(&inside.run(&["compare", "HEAD~1", "HEAD", "--format", "json"]).expect(0));
    assert_eq!(statuses(&document), ["auc improved"]);
}
