//! The way back.

use super::*;

/// Versions 1 to `count`, promoted one after the other.
fn promoted(count: u64) -> Lab {
    let lab = Lab::of(&policy(""));
    lab.train(&lab.base, 0.9);
    for version in 1..=count {
        let commit = lab.repo.write("README", version.to_string()).commit("better");
        let run = lab.train(&commit, 0.95);
        assert_eq!(lab.mlflow.register(MODEL, &run), version);
        lab.promote(&[], 0);
        assert_eq!(lab.champion(), Some(version));
    }
    lab
}

#[test]
fn back_one_step_and_no_further_by_the_same_command() {
    let lab = promoted(3);
    let (told, _) = lab.promote(&["--rollback"], 0);
    assert!(told.contains("went back from version 3 to version 2"), "{told}");
    assert_eq!(lab.champion(), Some(2));
    let writes = lab.writes().len();
    let (told, _) = lab.promote(&["--rollback"], 0);
    assert!(told.contains("already"), "{told}");
    assert_eq!((lab.champion(), lab.writes().len()), (Some(2), writes));
}

#[test]
fn step_by_step_with_from() {
    let lab = promoted(3);
    lab.promote(&["--rollback", "--from", "3"], 0);
    lab.promote(&["--rollback", "--from", "3"], 0);
    assert_eq!(lab.champion(), Some(2), "a second try of the same command");
    lab.promote(&["--rollback", "--from", "2"], 0);
    assert_eq!(lab.champion(), Some(1));
    let writes = lab.writes().len();
    let (_, told) = lab.promote(&["--rollback", "--from", "1"], 2);
    assert!(told.contains("the first"), "{told}");
    let (_, told) = lab.promote(&["--rollback", "--from", "9"], 1);
    assert!(told.contains("moved"), "{told}");
    assert_eq!((lab.champion(), lab.writes().len()), (Some(1), writes));
}

#[test]
fn a_dry_run_goes_nowhere() {
    let lab = promoted(2);
    let writes = lab.writes().len();
    let (told, _) = lab.promote(&["--rollback", "--dry-run"], 0);
    assert!(told.contains("would move from version 2 to version 1"), "{told}");
    assert_eq!((lab.champion(), lab.writes().len()), (Some(2), writes));
}

#[test]
fn after_a_rollback_forward_and_back_again() {
    let lab = promoted(3);
    lab.promote(&["--rollback"], 0);
    lab.promote(&[], 0);
    assert_eq!(lab.champion(), Some(3));
    lab.promote(&["--rollback"], 0);
    assert_eq!(lab.champion(), Some(2));
}

#[test]
fn what_nobody_recorded_is_not_guessed() {
    let lab = Lab::of(&policy(""));
    let run = lab.train(&lab.base, 0.9);
    for _ in 0..2 {
        lab.mlflow.register(MODEL, &run);
    }
    let (_, told) = lab.promote(&["--rollback"], 2);
    assert!(told.contains("leads to no version"), "{told}");
    lab.mlflow.alias(MODEL, "champion", 2);
    let (_, told) = lab.promote(&["--rollback"], 2);
    assert!(told.contains("does not say which version it replaced"), "{told}");
    assert!(lab.writes().is_empty());
}

#[test]
fn a_version_that_is_gone_is_no_way_back() {
    let lab = promoted(2);
    lab.mlflow.world().delete_version(MODEL, 1);
    let writes = lab.writes().len();
    let (_, told) = lab.promote(&["--rollback"], 2);
    assert!(told.contains("version 1") && told.contains("gone"), "{told}");
    assert_eq!((lab.champion(), lab.writes().len()), (Some(2), writes));
}

#[test]
fn moved_by_hand_since_is_not_undone() {
    let lab = promoted(2);
    let run = lab.train("", 0.9);
    let three = lab.mlflow.register(MODEL, &run);
    lab.mlflow.alias(MODEL, "champion", three);
    lab.promote(&["--rollback", "--from", "2"], 1);
    assert_eq!(lab.champion(), Some(3));
    lab.promote(&["--rollback"], 2);
    assert_eq!(lab.champion(), Some(3));
}

#[test]
fn somebody_else_in_between() {
    let lab = promoted(2);
    let run = lab.train("", 0.9);
    lab.mlflow.register(MODEL, &run);
    lab.mlflow.after("POST", "*/model-versions/set-tag", 1, |world| world.alias(MODEL, "champion", 3));
    let (_, told) = lab.promote(&["--rollback"], 1);
    assert!(told.contains("moved meanwhile"), "{told}");
    assert_eq!(lab.champion(), Some(3));
}
