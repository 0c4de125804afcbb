//! What happens to a promotion while others write, and when answers are lost.

use proofmark_testkit::mlflow::{Fault, What};

use super::promote::lab;
use super::*;

const ALIAS: &str = "*/registered-models/alias";

fn alias_writes(lab: &Lab) -> usize {
    lab.writes().iter().filter(|write| write.ends_with("registered-models/alias")).count()
}

#[track_caller]
fn moved(lab: &Lab, expected: Option<u64>) {
    let (stdout, stderr) = lab.promote(&[], 1);
    assert!(stderr.contains("moved meanwhile") && stderr.contains("run the gate again"), "{stdout}{stderr}");
    assert_eq!((alias_writes(lab), lab.champion()), (0, expected));
}

/// Version 3 is somebody else's.
fn contested(text: &str) -> Lab {
    let lab = lab(text, 0.95);
    let run = lab.log(RunSpec { name: "theirs", metrics: &[("auc", 0.99)], ..RunSpec::default() });
    assert_eq!(lab.mlflow.register(MODEL, &run), 3);
    lab
}

#[test]
fn an_alias_that_moved_since_the_judgement() {
    let lab = contested(&policy(""));
    lab.mlflow.before("POST", "*/runs/search", 1, |world| world.alias(MODEL, "champion", 3));
    moved(&lab, Some(3));
    let lab = contested(&policy(""));
    lab.mlflow.after("POST", "*/model-versions/set-tag", 1, |world| world.alias(MODEL, "champion", 3));
    moved(&lab, Some(3));
    let lab = contested(&policy(""));
    lab.mlflow.after("POST", "*/model-versions/set-tag", 1, |world| world.unalias(MODEL, "champion"));
    moved(&lab, None);
}

#[test]
fn a_champion_that_moved_while_it_was_compared_with() {
    let text = format!("{SOURCE}[baselines]\np = \"models:/churn-clf@champion\"\n{RULE}baseline = \"p\"\n");
    for nth in 1..=2 {
        let lab = contested(&text);
        lab.mlflow.after("GET", ALIAS, nth, |world| world.alias(MODEL, "champion", 3));
        let ran = lab.program().run(&["promote", MODEL, "--alias", "champion"]);
        assert_eq!((ran.code, lab.champion(), alias_writes(&lab)), (Some(1), Some(3), 0), "{nth}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn somebody_who_moves_it_right_after_us_is_told() {
    let lab = contested(&policy(""));
    lab.mlflow.after("POST", ALIAS, 1, |world| world.alias(MODEL, "champion", 3));
    let (_, stderr) = lab.promote(&[], 1);
    assert!(stderr.contains("moved meanwhile"), "{stderr}");
    assert_eq!((alias_writes(&lab), lab.champion()), (1, Some(3)));
    assert!(lab.mlflow.model_tags(MODEL).values().all(|last| !last.contains("promoted")), "{:?}", lab.mlflow.model_tags(MODEL));
}

#[test]
fn an_answer_that_was_lost_says_nothing() {
    for what in [What::CutAfter, What::StatusAfter(500), What::Truncated, What::Empty, What::CutInBody, What::StatusAfter(503)] {
        let lab = lab(&policy(""), 0.95);
        lab.mlflow.fail(Fault::new("POST", ALIAS, what.clone()));
        let ran = lab.patient().run(&["promote", MODEL, "--alias", "champion"]);
        let told = ran.stdout.clone();
        assert_eq!((ran.code, lab.champion()), (Some(0), Some(2)), "{what:?} {}", ran.stderr);
        assert!(told.contains("moved from version 1 to version 2"), "{what:?} {told}");
    }
}

#[test]
fn a_move_that_was_not_made_is_an_error() {
    for what in [What::CutBefore, What::StatusBefore(500), What::StatusBefore(403), What::Html(200), What::Body(200, "{}".to_owned())] {
        let lab = lab(&policy(""), 0.95);
        lab.mlflow.fail(Fault::new("POST", ALIAS, what.clone()));
        let ran = lab.program().run(&["promote", MODEL, "--alias", "champion"]);
        let lie = matches!(what, What::Body(..));
        assert!(matches!(ran.code, Some(3)) || lie && ran.code == Some(1), "{what:?} {:?} {}", ran.code, ran.stderr);
        assert_eq!((lab.champion(), ran.stdout.contains("moved from")), (Some(1), false), "{what:?}");
        // And the next try does what is left.
        lab.mlflow.heal();
        lab.promote(&[], 0);
        assert_eq!(lab.champion(), Some(2));
    }
}

#[test]
fn without_its_evidence_nothing_moves() {
    for what in [What::StatusBefore(403), What::StatusBefore(500), What::CutBefore] {
        let lab = lab(&policy(""), 0.95);
        lab.mlflow.fail(Fault::new("POST", "*/model-versions/set-tag", what.clone()));
        let ran = lab.program().run(&["promote", MODEL, "--alias", "champion"]);
        assert_eq!((ran.code, lab.champion(), alias_writes(&lab)), (Some(3), Some(1), 0), "{what:?} {}", ran.stderr);
    }
}

#[test]
fn a_last_tag_that_fails_is_made_up_for() {
    let lab = lab(&policy(""), 0.95);
    lab.mlflow.fail(Fault::new("POST", "*/registered-models/set-tag", What::StatusBefore(500)).first(1));
    let first = lab.program().run(&["promote", MODEL, "--alias", "champion"]);
    assert_eq!(lab.champion(), Some(2), "{}", first.stderr);
    // The way back is there all the same.
    lab.promote(&["--rollback"], 0);
    assert_eq!(lab.champion(), Some(1));
}

#[test]
fn a_registry_that_is_down_moves_nothing() {
    for path in ["*registered-models*", "*model-versions/search", "*/runs/search"] {
        let lab = lab(&policy(""), 0.95);
        lab.mlflow.fail(Fault::new("*", path, What::StatusBefore(500)));
        let ran = lab.program().run(&["promote", MODEL, "--alias", "champion"]);
        assert!(matches!(ran.code, Some(2 | 3)), "{path} {:?} {}", ran.code, ran.stderr);
        assert_eq!((lab.champion(), lab.writes()), (Some(1), Vec::new()));
    }
}

#[test]
fn a_version_that_is_not_ready() {
    for status in ["PENDING_REGISTRATION", "FAILED_REGISTRATION"] {
        let lab = lab(&policy(""), 0.95);
        let run = lab.mlflow.world().run_named("run").expect("the head's");
        let version = format!("{{\"name\": \"{MODEL}\", \"version\": \"2\", \"run_id\": \"{run}\", \"status\": \"{status}\"}}");
        lab.mlflow.fail(Fault::new("GET", "*/model-versions/search", What::Body(200, format!("{{\"model_versions\": [{version}]}}"))));
        lab.mlflow.fail(Fault::new("GET", "*/model-versions/get", What::Body(200, format!("{{\"model_version\": {version}}}"))));
        for more in [&[][..], &["--version", "2"]] {
            promote::refuses(&lab, more, 2, "not ready");
        }
    }
}
