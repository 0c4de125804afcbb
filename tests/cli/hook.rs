//! `proofmark hook`, with the real `git push`.

use std::os::unix::fs::PermissionsExt as _;

use crate::{change, proofmark};
use proofmark_testkit::repo::TestRepo;

fn with_remote(base: &str, head: &str) -> TestRepo {
    let repo = change(&[("metrics.json", base)], &[("metrics.json", head)]);
    let remote = repo.outside().join("remote.git");
    repo.git(&["init", "-q", "--bare", &remote.to_string_lossy()]);
    repo.git(&["remote", "add", "origin", &remote.to_string_lossy()]);
    repo.git(&["push", "-q", "origin", "main"]);
    repo
}

#[test]
fn stops_a_push_that_makes_the_model_worse() {
    let repo = with_remote(r#"{"auc": 0.9}"#, r#"{"auc": 0.5}"#);
    proofmark(&repo).run(&["hook", "install"]).expect(0);
    let push = repo.try_git(&["push", "origin", "change"]);
    let told = String::from_utf8_lossy(&push.stderr).into_owned();
    assert!(!push.status.success() && told.contains("auc") && told.contains("PROOFMARK_SKIP=1"), "{told}");
    repo.write("metrics.json", r#"{"auc": 0.95}"#).commit("better");
    assert!(repo.try_git(&["push", "origin", "change"]).status.success());
    assert!(repo.try_git(&["push", "origin", ":change"]).status.success(), "a deletion is nobody's regression");
    assert!(repo.try_git(&["push", "origin", "main:other"]).status.success());
}

#[test]
fn a_push_to_the_default_branch_is_judged_against_what_the_remote_has() {
    let repo = with_remote(r#"{"auc": 0.9}"#, r#"{"auc": 0.5}"#);
    proofmark(&repo).run(&["hook", "install"]).expect(0);
    assert!(!repo.try_git(&["push", "origin", "change:main"]).status.success());
    repo.git(&["config", "core.abbrev", "8"]);
}

#[test]
fn one_variable_skips_it() {
    let repo = with_remote(r#"{"auc": 0.9}"#, r#"{"auc": 0.5}"#);
    proofmark(&repo).run(&["hook", "install"]).expect(0);
    let hook = repo.path().join(".git/hooks/pre-push");
    let skipped =
        std::process::Command::new(&hook).env("PROOFMARK_SKIP", "1").current_dir(repo.path()).stdin(std::process::Stdio::null()).status();
    assert!(skipped.expect("the hook runs").success());
}

#[test]
fn keeps_and_chains_a_hook_that_was_there() {
    let repo = with_remote(r#"{"auc": 0.9}"#, r#"{"auc": 0.91}"#);
    repo.write(".git/hooks/pre-push", "#!/bin/sh\ncat > seen-by-other\necho \"$1\" >> seen-by-other\n");
    let hook = repo.path().join(".git/hooks/pre-push");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).expect("a file of ours");
    proofmark(&repo).run(&["hook", "install"]).expect(0);
    proofmark(&repo).run(&["hook", "install"]).expect(0);
    assert!(repo.try_git(&["push", "-q", "origin", "change"]).status.success());
    let seen = std::fs::read_to_string(repo.path().join("seen-by-other")).expect("the other hook ran");
    assert!(seen.contains("refs/heads/change") && seen.ends_with("origin\n"), "{seen}");
    proofmark(&repo).run(&["hook", "uninstall"]).expect(0);
    assert!(std::fs::read_to_string(&hook).expect("back").contains("seen-by-other"));
    assert!(proofmark(&repo).run(&["hook", "uninstall"]).expect_error(2).contains("not proofmark's"));
}

#[test]
fn honours_core_hooks_path() {
    let repo = with_remote(r#"{"auc": 0.9}"#, r#"{"auc": 0.5}"#);
    repo.git(&["config", "core.hooksPath", "my hooks"]);
    proofmark(&repo).run(&["hook", "install"]).expect(0);
    assert!(repo.path().join("my hooks/pre-push").exists());
    assert!(!repo.try_git(&["push", "origin", "change"]).status.success());
    proofmark(&repo).run(&["hook", "uninstall"]).expect(0);
    assert!(repo.try_git(&["push", "origin", "change"]).status.success());
}
