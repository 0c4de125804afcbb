//! Stages instead of aliases, on a server that has them.

use super::*;

/// In Production version 1; version 2 is of the head's run.
fn lab(head: f64) -> Lab {
    against(head, &format!("{SOURCE}[baselines]\np = \"models:/churn-clf/Production\"\n{RULE}baseline = \"p\"\n"))
}

fn against(head: f64, text: &str) -> Lab {
    let lab = Lab::on(text, Version::Old);
    let run = lab.train(&lab.base, 0.9);
    lab.mlflow.register(MODEL, &run);
    lab.mlflow.stage(MODEL, 1, "Production");
    let run = lab.train(&lab.head, head);
    lab.mlflow.register(MODEL, &run);
    lab
}

#[track_caller]
fn promote(lab: &Lab, more: &[&str], code: i32) -> String {
    let ran = lab.program().run(&[&["promote", MODEL, "--stage"], more].concat());
    let told = format!("{}{}", ran.stdout, ran.stderr);
    ran.expect(code);
    told
}

fn stages(lab: &Lab) -> Vec<String> {
    (1..=2).filter_map(|version| lab.mlflow.stage_of(MODEL, version)).collect()
}

#[test]
fn a_version_goes_to_a_stage_and_others_are_archived_on_request() {
    let archiving = lab(0.95);
    promote(&archiving, &["Production", "--archive"], 0);
    assert_eq!(stages(&archiving), ["Archived", "Production"]);
    let keeping = lab(0.95);
    promote(&keeping, &["Production"], 0);
    assert_eq!(stages(&keeping), ["Production", "Production"]);
}

#[test]
fn a_second_try_writes_nothing() {
    let lab = against(0.95, &policy(""));
    promote(&lab, &["Production", "--archive"], 0);
    let writes = lab.writes().len();
    assert!(promote(&lab, &["production", "--archive"], 0).contains("already"));
    assert_eq!(lab.writes().len(), writes);
}

#[test]
fn what_blocks_goes_nowhere() {
    let lab = lab(0.5);
    promote(&lab, &["Production", "--archive"], 1);
    assert_eq!((stages(&lab), lab.writes()), (vec!["Production".to_owned(), "None".to_owned()], Vec::new()));
}

#[test]
fn back_to_the_version_before() {
    let lab = lab(0.95);
    promote(&lab, &["Production", "--archive"], 0);
    promote(&lab, &["Production", "--rollback", "--from", "2"], 0);
    assert_eq!(stages(&lab), ["Production", "Archived"]);
    let writes = lab.writes().len();
    promote(&lab, &["Production", "--rollback", "--from", "2"], 0);
    assert_eq!((stages(&lab), lab.writes().len()), (vec!["Production".to_owned(), "Archived".to_owned()], writes));
}

#[test]
fn a_stage_that_moved_meanwhile() {
    let lab = lab(0.95);
    let run = lab.train("", 0.9);
    lab.mlflow.register(MODEL, &run);
    lab.mlflow.after("POST", "*/model-versions/set-tag", 1, |world| world.stage(MODEL, 3, "Production"));
    let told = promote(&lab, &["Production", "--archive"], 1);
    assert!(told.contains("moved meanwhile"), "{told}");
    assert_eq!(lab.mlflow.stage_of(MODEL, 2).as_deref(), Some("None"));
}

#[test]
fn aliases_work_on_mlflow_2_as_well() {
    let lab = lab(0.95);
    lab.mlflow.alias(MODEL, "champion", 1);
    lab.promote(&[], 0);
    assert_eq!(lab.champion(), Some(2));
}
