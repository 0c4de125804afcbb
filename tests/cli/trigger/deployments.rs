//! Steps that are shown as deployments at GitHub.

use proofmark_testkit::github::{Fault, What};

use super::*;

fn rule() -> String {
    let step = |name: &str, more: &str| {
        format!("[[trigger.step]]\nname = \"{name}\"\n{more}\n[trigger.step.start.command]\nargv = [\"sh\", \"tool.sh\", \"{name}\"]\n")
    };
    let train = "[[trigger.step]]\nname = \"train\"\n[trigger.step.start.workflow]\nfile = \"train.yml\"\ninputs = { data = \"x\" }\n";
    String::from("[[trigger]]\nname = \"deliver\"\non = \"push\"\n") + train + &step("deploy", "environment = \"staging\"")
}

/// `environment ref: state, state` of all deployments, the oldest state first.
fn shown(stage: &Stage) -> Vec<String> {
    let state = stage.github.state();
    let states =
        |one: &proofmark_testkit::github::Deployment| one.statuses.iter().map(|status| status.state.clone()).collect::<Vec<_>>().join(", ");
    state.repo(REPOSITORY).deployments.values().map(|one| format!("{} {}: {}", one.environment, one.reference, states(one))).collect()
}

#[test]
fn a_step_with_an_environment_is_a_deployment() {
    let stage = Stage::new(&rule());
    stage.run("push", &stage.pushed(), &[]).expect(0);
    assert_eq!(shown(&stage), [format!("staging {}: in_progress, success", stage.head)]);
    let payload = stage.github.state().repo(REPOSITORY).deployments.values().next().expect("one").payload.clone();
    assert!(payload["proofmark"].as_str().expect("a key").starts_with("pm1-1-"), "{payload}");
    let stage = Stage::new(&rule());
    fs::write(stage.repo.outside().join("fail-deploy"), "").expect("a file");
    stage.run("push", &stage.pushed(), &[]).expect(1);
    assert_eq!(shown(&stage), [format!("staging {}: in_progress, failure", stage.head)]);
}

#[test]
fn lost_answers_make_no_second_deployment() {
    for (path, what) in [
        ("/repos/*/deployments", What::CutAfter),
        ("/repos/*/deployments", What::StatusBefore(503)),
        ("/repos/*/deployments/*/statuses", What::CutAfter),
        ("/repos/*/deployments/*/statuses", What::StatusAfter(502)),
    ] {
        let stage = Stage::with(&rule(), |repository| Repository { plan: quick(1), ..repository });
        stage.github.fail(Fault::new("POST", path, what.clone()).nth(1));
        stage.run("push", &stage.pushed(), &[]).expect(0);
        assert_eq!(shown(&stage), [format!("staging {}: in_progress, success", stage.head)], "{path} {what:?}");
    }
}

#[test]
fn without_the_permission_nothing_is_deployed() {
    let stage = Stage::new(&rule());
    stage.github.state().tokens.values_mut().for_each(|token| {
        token.permissions.insert("deployments".into(), Level::Read);
    });
    let told = stage.run("push", &stage.pushed(), &[]).expect_error(3);
    assert!(told.contains("trigger `deliver`") && told.contains("step `deploy`") && told.contains("  deployments: write"), "{told}");
    assert!(!stage.repo.outside().join("calls").exists(), "what cannot be shown is not deployed");
}
