//! Whatever becomes of the answers: one run for each key, and an error that says which trigger.

use proofmark_testkit::github::{Fault, Starts, What};

use super::*;

const START: &str = "/repos/*/train.yml/dispatches";
const PUSH: &str = "on = \"push\"";

#[test]
fn a_start_whose_answer_is_lost_is_one_run() {
    for what in [
        What::StatusAfter(502),
        What::CutAfter,
        What::CutInBody,
        What::Empty,
        What::Truncated,
        What::WrongShape,
        What::StatusBefore(503),
        What::CutBefore,
        What::Html(502),
        What::Html(200),
        What::TooManyRequests(Some(0)),
        What::SecondaryLimit(Some(0)),
    ] {
        let stage = Stage::with(&train(PUSH), |repository| Repository { plan: quick(1), ..repository });
        stage.github.fail(Fault::new("POST", START, what.clone()).nth(1));
        let ran = stage.run("push", &stage.pushed(), &[]);
        assert_eq!((ran.code, stage.runs().len()), (Some(0), 1), "{what:?}: {ran:?}");
        stage.run("push", &stage.pushed(), &[]).expect(0);
        assert_eq!(stage.runs().len(), 1, "{what:?}");
    }
}

#[test]
fn servers_that_tell_no_number_are_asked_by_the_key() {
    for starts in [Starts::Untold, Starts::Strict] {
        let stage = Stage::with(&train(PUSH), |repository| Repository { starts, plan: quick(1), ..repository });
        let told = stage.run("push", &stage.pushed(), &[]).expect(0);
        assert!(told.contains(&format!("/actions/runs/{}", stage.runs()[0].id)), "{told}");
        assert_eq!(stage.runs().len(), 1);
    }
}

#[test]
fn a_server_that_takes_no_start_is_an_error_that_names_the_trigger() {
    let stage = Stage::new(&train(PUSH));
    stage.github.fail(Fault::new("POST", START, What::CutBefore));
    let told = stage.run("push", &stage.pushed(), &[]).expect_error(3);
    assert!(told.contains("trigger `train` (line 1)") && told.contains("not known whether"), "{told}");
    assert!(told.contains("look for the key pm1-1-") && told.contains("starts nothing twice"), "{told}");
    stage.github.heal();
    stage.run("push", &stage.pushed(), &[]).expect(0);
    assert_eq!(stage.runs().len(), 1);
}

#[test]
fn a_server_that_is_down_is_an_error() {
    let mut stage = Stage::new(&train(PUSH));
    stage.set("PROOFMARK_NETWORK_SECONDS", "1").set("GITHUB_API_URL", "http://127.0.0.1:9");
    let told = stage.run("push", &stage.pushed(), &[]).expect_error(3);
    assert!(told.contains("cannot reach the server"), "{told}");
    let told = stage.run("push", &stage.pushed(), &["--config", "proofmark.toml"]).expect_error(3);
    assert!(told.contains("trigger `train`") && told.contains("cannot reach the server") && !told.contains(TOKEN), "{told}");
    assert_eq!(stage.runs().len(), 0);
}

#[test]
fn limits_are_not_decided_on_what_cannot_be_read() {
    let mut stage = Stage::new(&train("on = \"push\"\npace = { per_day = 2 }"));
    stage.set("PROOFMARK_NETWORK_SECONDS", "1");
    stage.github.fail(Fault::new("GET", "/repos/*/train.yml/runs", What::StatusBefore(503)));
    let told = stage.run("push", &stage.pushed(), &[]).expect_error(2);
    assert!(told.contains("trigger `train`") && told.contains("what was started before is not known"), "{told}");
    assert_eq!(stage.runs().len(), 0);
}

#[test]
fn what_the_workflow_does_not_know_is_refused_with_a_cure() {
    let rule = train(PUSH).replace("data = ", "dta = ");
    let stage = Stage::new(&rule);
    let told = stage.run("push", &stage.pushed(), &[]).expect_error(3);
    assert!(told.contains("trigger `train`") && told.contains("dta"), "{told}");
    let stage = Stage::new(&train(PUSH).replace("train.yml", "trian.yml"));
    let told = stage.run("push", &stage.pushed(), &[]).expect_error(3);
    assert!(told.contains("trigger `train`") && told.contains("trian.yml"), "{told}");
}

#[test]
fn a_token_that_may_not_start_is_told_what_it_needs() {
    let stage = Stage::new(&train(PUSH));
    stage.github.state().tokens.values_mut().for_each(|token| {
        token.permissions.insert("actions".into(), Level::Read);
    });
    let told = stage.run("push", &stage.pushed(), &[]).expect_error(3);
    assert!(told.contains("trigger `train`") && told.contains("  actions: write"), "{told}");
}

#[test]
fn a_failed_order_does_not_keep_another_from_starting() {
    let stage = Stage::new(&(train(PUSH).replace("train.yml", "gone.yml") + &train(PUSH).replace("\"train\"", "\"other\"")));
    let told = stage.run("push", &stage.pushed(), &[]).expect_error(3);
    assert!(told.contains("trigger `train`") && !told.contains("trigger `other`"), "{told}");
    assert_eq!(stage.runs().len(), 1);
}

#[test]
fn two_jobs_at_one_moment_leave_one_run() {
    for seed in 0..3 {
        let stage = Stage::with(&train(PUSH), |repository| Repository { plan: quick(1), ..repository });
        stage.github.random_delay(Duration::from_millis(40), seed);
        let payload = stage.pushed();
        let program = stage.program("push", &payload);
        let arguments: Vec<Vec<String>> = (0..2).map(|_| stage.fresh(&[])).collect();
        std::thread::scope(|scope| {
            for arguments in &arguments {
                let program = &program;
                scope.spawn(move || program.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).expect(0));
            }
        });
        assert_eq!(stage.runs().len(), 1, "{:#?}", stage.runs());
    }
}
