//! A ModelDB that fails, is slow, or is something else: never a pass, always a reason.

use std::time::Instant;

use proofmark_testkit::modeldb::{Fault, What};

use super::*;

const PATHS: [&str; 5] = [
    "*/project/verifyConnection",
    "*/project/getProject*",
    "*/experiment/getExperiment*",
    "*/experiment-run/findExperimentRuns",
    "*/experiment-run/getExperimentRun*",
];

fn good() -> Lab {
    Lab::trained(&policy("experiment = \"baseline\""), 0.93, 0.95)
}

/// What can come instead of an answer.
fn whats() -> Vec<What> {
    vec![
        What::StatusBefore(500),
        What::StatusBefore(404),
        What::StatusBefore(204),
        What::Unavailable(1),
        What::CutBefore,
        What::CutInBody,
        What::Html(200),
        What::Html(502),
        What::Empty,
        What::Truncated,
        What::WrongShape,
        What::Redirect(302, "/login".to_owned()),
        What::Redirect(307, "http://127.0.0.1:9/".to_owned()),
        What::Body(200, "{}".to_owned()),
        What::Body(200, "null".to_owned()),
        What::Body(200, "{\"experiment_runs\": {}, \"total_records\": \"-1\"}".to_owned()),
    ]
}

#[test]
fn nothing_but_an_answer_is_an_answer() {
    let lab = good();
    lab.gate(0);
    let asked = lab.modeldb.requests();
    let is_used = |path: &&str| asked.iter().any(|request| request.path.contains(path.trim_matches(['*', '/'])));
    let used: Vec<&str> = PATHS.into_iter().filter(is_used).collect();
    assert!(used.len() >= 4, "{used:?}");
    std::thread::scope(|scope| {
        for path in used {
            scope.spawn(move || is_something_else(path));
        }
    });
}

fn is_something_else(path: &str) {
    let lab = good();
    let program = lab.program().env("PROOFMARK_NETWORK_SECONDS", "1");
    for what in whats() {
        lab.modeldb.heal();
        lab.modeldb.fail(Fault::new("*", path, what.clone()));
        let ran = program.run(&["gate"]);
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, Some(2), "{path} {what:?}: {told}");
        assert!(told.contains("modeldb:churn") && !told.contains("<script>"), "{path} {what:?}: {told}");
        // An empty list of runs is one that says so.
        assert!(matches!(what, What::Body(..)) || !told.contains("no run of"), "{path} {what:?}: {told}");
    }
}

#[test]
fn each_request_fails_in_turn() {
    let lab = good();
    lab.gate(0);
    let count = lab.modeldb.requests().len() as u64;
    for what in [What::StatusBefore(500), What::Html(200), What::Truncated] {
        for nth in 1..=count {
            lab.modeldb.heal();
            lab.modeldb.fail(Fault::new("*", "*", what.clone()).nth(nth));
            let before = lab.modeldb.requests().len();
            let ran = lab.program().run(&["gate"]);
            let asked = lab.modeldb.requests().split_off(before);
            let lost = asked.iter().find(|request| request.fault.is_some()).expect("one fails");
            let again =
                asked.iter().filter(|request| (&request.path, &request.query, &request.body) == (&lost.path, &lost.query, &lost.body));
            let was_repeated = again.clone().any(|request| request.fault.is_none());
            assert!(ran.code == Some(2) || (ran.code == Some(0) && was_repeated), "{what:?} {nth} {}: {ran:?}", lost.path);
        }
    }
}

#[test]
fn what_passes_is_waited_for() {
    let lab = good();
    lab.modeldb.fail(Fault::new("*", "*/findExperimentRuns", What::Unavailable(0)).first(2));
    lab.modeldb.fail(Fault::new("*", "*/getProject*", What::TooManyRequests(Some(0))).first(1));
    lab.program().env("PROOFMARK_NETWORK_SECONDS", "20").run(&["gate"]).expect(0);
}

#[test]
fn a_server_that_is_too_slow_or_never_ends() {
    let lab = good();
    for what in [What::Slow(20_000), What::Endless] {
        lab.modeldb.heal();
        lab.modeldb.fail(Fault::new("*", "*/findExperimentRuns", what));
        let started = Instant::now();
        told(&lab.program().env("PROOFMARK_NETWORK_SECONDS", "1"), 2);
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    }
}

#[test]
fn a_run_that_is_added_or_deleted_meanwhile() {
    let lab = good();
    let (experiment, head) = (lab.experiment.clone(), lab.head.clone());
    lab.modeldb.before("POST", "*/findExperimentRuns", 2, move |world| {
        world.run(&experiment, RunSpec { name: "late", commit: &head, metrics: &[("auc", 0.95)], ..RunSpec::default() });
    });
    lab.program().run(&["gate"]).expect(0);
    let lab = good();
    lab.modeldb.before("POST", "*/findExperimentRuns", 1, |world| world.delete_runs(|name| name == "of-head"));
    let told = lab.told(2);
    assert!(told.contains("no run"), "{told}");
}

#[test]
fn thousands_of_runs() {
    let lab = Lab::of(&policy(""));
    lab.train("of-base", &lab.base, 0.93);
    let mut world = lab.modeldb.world();
    for index in 0..3000 {
        let (name, commit) = (format!("other-{index}"), format!("{index:040x}"));
        world.run(&lab.experiment, RunSpec { name: &name, commit: &commit, metrics: &[("auc", 0.1)], ..RunSpec::default() });
    }
    drop(world);
    lab.train("of-head", &lab.head, 0.95);
    let report = json(&lab.program().env("PROOFMARK_NETWORK_SECONDS", "60").run(&["gate", "--format", "json"]).expect(0));
    assert_eq!((chosen(&report, "base"), chosen(&report, "head")), (vec!["of-base".to_owned()], vec!["of-head".to_owned()]));
}
