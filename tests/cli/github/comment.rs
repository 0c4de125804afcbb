//! The comment over several runs, jobs and modes.

use super::*;

/// One more run, for the head as it is in the work tree now.
fn again(stage: &mut Stage, accuracy: &str, arguments: &[&str]) -> Ran {
    stage.repo.write("metrics.json", format!("{{\n  \"acc\": {accuracy},\n  \"loss\": 0.3\n}}\n"));
    stage.run += 1;
    stage.on_pull_request(&[&["gate", "--post"], arguments].concat())
}

#[test]
fn later_runs_update_it_and_remember_the_earlier_ones() {
    let mut stage = Stage::new("0.8");
    stage.on_pull_request(&["gate", "--post"]).expect(1);
    again(&mut stage, "0.85", &[]).expect(1);
    again(&mut stage, "0.93", &[]).expect(0);
    let bodies = stage.bodies();
    assert_eq!(bodies.len(), 1);
    assert!(!bodies[0].contains("### ✗") && bodies[0].contains("Earlier runs"), "{}", bodies[0]);
    assert!(bodies[0].contains("xychart"), "three values make a chart: {}", bodies[0]);
}

#[test]
fn an_older_run_that_ends_late_changes_nothing() {
    let mut stage = Stage::new("0.95");
    stage.on_pull_request(&["gate", "--post"]).expect(0);
    let newer = stage.bodies();
    stage.run = 50;
    stage.repo.write("metrics.json", "{\"acc\": 0.1}");
    let ran = stage.on_pull_request(&["gate", "--post"]);
    assert!(ran.stderr.contains("newer run"), "{}", ran.stderr);
    ran.expect(1);
    assert_eq!(stage.bodies(), newer);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed success"]);
}

#[test]
fn legs_of_a_matrix_share_one_comment_when_told_so() {
    let mut stage = Stage::new("0.95");
    for leg in ["{\"os\": \"linux\"}", "{\"os\": \"windows\"}"] {
        stage.set("PROOFMARK_LEG", leg);
        stage.on_pull_request(&["gate", "--post", "--comment-key", "models"]).expect(0);
    }
    let bodies = stage.bodies();
    assert_eq!(bodies.len(), 1);
    assert_eq!(bodies[0].matches("### ").count(), 2, "{}", bodies[0]);
    assert!(bodies[0].contains("linux") && bodies[0].contains("windows"), "each part says which leg it is: {}", bodies[0]);
    assert_eq!(stage.checks(&stage.head).len(), 2);
}

#[test]
fn without_a_key_each_leg_and_subject_has_a_comment_of_its_own() {
    let stage = Stage::new("0.95");
    for subject in ["churn model", "price model"] {
        stage.on_pull_request(&["gate", "--post", "--subject", subject]).expect(0);
    }
    let bodies = stage.bodies();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].contains("churn model") && bodies[1].contains("price model"));
    assert_eq!(stage.checks(&stage.head).len(), 2);
}

#[test]
fn modes_do_what_they_say() {
    let mut stage = Stage::new("0.8");
    stage.on_pull_request(&["gate", "--post", "--comment", "off"]).expect(1);
    assert!(stage.bodies().is_empty());
    again(&mut stage, "0.8", &[]).expect(1);
    let first = stage.github.state().comments(REPOSITORY, 7)[0].id;
    again(&mut stage, "0.8", &["--comment", "only-on-change"]).expect(1);
    assert_eq!(stage.github.state().comments(REPOSITORY, 7)[0].edits, 0);
    again(&mut stage, "0.81", &["--comment", "recreate"]).expect(1);
    let state = stage.github.state();
    assert_eq!(state.comments(REPOSITORY, 7).len(), 1);
    assert_ne!(state.comments(REPOSITORY, 7)[0].id, first);
    drop(state);
    again(&mut stage, "0.82", &["--comment", "hide-and-recreate"]).expect(1);
    let hidden: Vec<bool> = stage.github.state().comments(REPOSITORY, 7).iter().map(|comment| comment.minimized.is_some()).collect();
    assert_eq!(hidden, [true, false]);
    again(&mut stage, "0.95", &["--comment", "delete-when-fixed"]).expect(0);
    assert_eq!(stage.github.state().comments(REPOSITORY, 7).iter().filter(|comment| comment.minimized.is_none()).count(), 0);
}

#[test]
fn the_policy_of_the_base_says_how() {
    let policy = "[github]\ncomment = \"off\"\ncheck_name = \"quality\"\nlabels = { block = [\"model-regression\"], allow = [\"model-ok\"] }\n\
                  reviewers = { block = [\"grace\", \"ada\"] }\n[[rule]]\nmetric = \"acc\"\nmax_regression_abs = 0.01\n";
    let base = [("metrics.json", "{\"acc\": 0.9}"), ("proofmark.toml", policy)];
    let mut stage = Stage::of(change(&base, &[("metrics.json", "{\"acc\": 0.8}")]), Token::actions_writing());
    {
        let mut state = stage.github.state();
        let repository = state.repo_mut(REPOSITORY);
        repository.collaborators.insert("grace".to_owned(), "write".to_owned());
        repository.collaborators.insert("ada".to_owned(), "write".to_owned());
    }
    let labels = |stage: &Stage| stage.github.state().repo(REPOSITORY).issues[&7].labels.clone();
    stage.on_pull_request(&["gate", "--post"]).expect(1);
    assert!(stage.bodies().is_empty());
    assert_eq!(stage.checks(&stage.head), ["quality completed failure"]);
    assert_eq!(labels(&stage), ["model-regression"]);
    let asked = stage.github.state().repo(REPOSITORY).issues[&7].pull.as_ref().map(|pull| pull.reviewers.clone());
    assert_eq!(asked.as_deref(), Some(&["grace".to_owned()][..]), "never the author");
    again(&mut stage, "0.95", &[]).expect(0);
    assert_eq!(labels(&stage), ["model-ok"]);
}

#[test]
fn a_person_who_quotes_the_comment_keeps_theirs() {
    let mut stage = Stage::new("0.8");
    stage.on_pull_request(&["gate", "--post"]).expect(1);
    let quoted = stage.bodies()[0].clone();
    stage.github.state().comment(REPOSITORY, 7, "mallory", &quoted);
    again(&mut stage, "0.95", &[]).expect(0);
    let bodies = stage.bodies();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[1], quoted);
    assert_ne!(bodies[0], quoted);
}
