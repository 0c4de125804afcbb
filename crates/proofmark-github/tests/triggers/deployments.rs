//! One deployment for each key, whatever becomes of the answers.

use proofmark_github::{
    Begun, Client, DeploymentOrder, DeploymentState, DeploymentStatusOrder, GitHubError, RepoName, StartedDeployment, advice,
};
use proofmark_testkit::github::{Deployment, Deploys, FakeGitHub, Fault, Level, Plan, Repository, What};
use serde_json::json;

use crate::setup::{KEY, REPO, asked, patience, start, start_with, with};

const ALL: &str = "/repos/*/deployments";

fn order(key: &str) -> DeploymentOrder {
    let description = format!("model {}", "ü".repeat(200));
    DeploymentOrder { reference: "main".into(), environment: "staging".into(), key: key.into(), description }
}

fn deploy(github: &FakeGitHub, key: &str) -> Result<StartedDeployment, GitHubError> {
    with(github, async |client| client.create_deployment(&order(key), &patience()).await)
}

fn deployments(github: &FakeGitHub) -> Vec<Deployment> {
    github.state().repo(REPO).deployments.values().cloned().collect()
}

#[test]
fn a_deployment_is_made_once_for_its_key() {
    let github = start();
    let first = deploy(&github, KEY).expect("made");
    assert_eq!((first.begun, first.deployment.environment.as_str(), first.deployment.reference.as_str()), (Begun::New, "staging", "main"));
    assert!(first.deployment.created > 1_700_000_000 && first.deployment.sha.len() == 40);
    let again = deploy(&github, KEY).expect("found");
    assert_eq!((again.begun, again.deployment.id), (Begun::Earlier, first.deployment.id));
    assert_eq!(deploy(&github, "pm1-4f").expect("made").begun, Begun::New);
    let there = deployments(&github);
    assert_eq!((there.len(), &there[0].payload), (2, &json!({"proofmark": KEY})));
    let description = there[0].description.clone().expect("a description");
    assert!(description.chars().count() == 140 && description.ends_with('…'), "{description}");
}

#[test]
fn a_lost_answer_makes_no_second_one() {
    for what in [What::StatusAfter(502), What::CutAfter, What::CutInBody, What::Empty, What::Truncated, What::WrongShape] {
        let github = start_with(|repository| Repository { plan: Plan::late(3), ..repository });
        github.fail(Fault::new("POST", ALL, what.clone()).nth(1));
        let made = deploy(&github, KEY).unwrap_or_else(|error| panic!("{what:?}: {error}"));
        assert_eq!((made.begun, asked(&github, "POST", "/deployments")), (Begun::FoundAgain, 1), "{what:?}");
        assert_eq!(deployments(&github).iter().map(|one| one.id).collect::<Vec<_>>(), [made.deployment.id]);
    }
    for what in [What::StatusBefore(503), What::CutBefore, What::Html(200), What::Html(502), What::TooManyRequests(Some(0))] {
        let github = start();
        github.fail(Fault::new("POST", ALL, what.clone()).nth(1));
        let made = deploy(&github, KEY).unwrap_or_else(|error| panic!("{what:?}: {error}"));
        assert_eq!((made.begun, deployments(&github).len(), asked(&github, "POST", "/deployments")), (Begun::New, 1, 2), "{what:?}");
    }
    let github = start();
    github.fail(Fault::new("POST", ALL, What::CutBefore));
    let error = deploy(&github, KEY).expect_err("nobody knows");
    assert!(matches!(error, GitHubError::Unknown { .. }), "{error}");
}

#[test]
fn of_two_at_one_moment_the_first_stays() {
    let github = start_with(|repository| Repository { plan: Plan::late(1), ..repository });
    github.state().repo_mut(REPO).deployments.insert(
        3,
        Deployment {
            reference: "main".into(),
            environment: "staging".into(),
            payload: json!("{\"proofmark\": \"pm1-4f1\"}"),
            late: 1,
            ..Deployment::default()
        },
    );
    let made = deploy(&github, KEY).expect("made");
    assert_eq!((made.begun, made.deployment.id), (Begun::Earlier, 3));
    let there = deployments(&github);
    assert_eq!((there.len(), there[1].statuses[0].state.as_str()), (2, "inactive"));
}

#[test]
fn what_github_does_instead_is_an_error_with_advice() {
    let conflict = What::Body(409, "{\"message\": \"Conflict: Commit status checks failed for main.\"}".into());
    for (fault, deploys, status, words) in [(Some(conflict), Deploys::Made, 409, "checks"), (None, Deploys::Merged, 202, "merged")] {
        let github = start_with(|repository| Repository { deploys, ..repository });
        fault.into_iter().for_each(|what| github.fail(Fault::new("POST", ALL, what)));
        let error = deploy(&github, KEY).expect_err("none made");
        assert_eq!((error.status(), error.is_lost()), (Some(status), false), "{error}");
        assert!(advice(&error).is_some_and(|told| told.contains(words)), "{error}");
        assert_eq!((deployments(&github).len(), asked(&github, "POST", "/deployments")), (0, 1));
    }
    let github = start();
    github.state().tokens.values_mut().for_each(|token| {
        token.permissions.insert("deployments".into(), Level::Read);
    });
    let error = deploy(&github, KEY).expect_err("refused");
    assert!(advice(&error).is_some_and(|told| told.contains("  deployments: write\n")), "{error}");
}

#[test]
fn a_status_is_set_once() {
    let github = start();
    let id = deploy(&github, KEY).expect("made").deployment.id;
    let order = |state, text: &str| DeploymentStatusOrder {
        deployment: id,
        state,
        description: text.into(),
        log_url: Some("https://ci.example/7".into()),
        environment_url: Some("javascript:alert(1)".into()),
    };
    let set = |order: &DeploymentStatusOrder| with(&github, async |client| client.set_deployment_status(order).await);
    let long = "ä".repeat(200);
    assert!(set(&order(DeploymentState::InProgress, &long)).expect("set"));
    assert!(!set(&order(DeploymentState::InProgress, &long)).expect("as it was"));
    for what in [What::CutAfter, What::StatusAfter(502), What::StatusBefore(503), What::CutInBody] {
        github.heal();
        github.fail(Fault::new("POST", "/repos/*/statuses", what.clone()).nth(1));
        assert!(set(&order(DeploymentState::Success, &format!("{what:?}"))).expect("set"), "{what:?}");
    }
    let statuses = deployments(&github)[0].statuses.clone();
    assert_eq!(statuses.len(), 5, "{statuses:#?}");
    assert_eq!((statuses[0].description.chars().count(), statuses[0].log_url.as_str()), (140, "https://ci.example/7"));
    assert_eq!((statuses[0].environment_url.as_str(), statuses[4].state.as_str()), ("", "success"));
    github.heal();
    github.fail(Fault::new("POST", "/repos/*/statuses", What::CutBefore));
    assert!(set(&order(DeploymentState::Failure, "x")).expect_err("lost").is_lost());
}

#[test]
fn a_dry_run_shows_deployment_and_status() {
    let runtime = proofmark_http::Runtime::start().expect("a runtime");
    let client = Client::dry(RepoName::parse(REPO).expect("a name"));
    let made = runtime.block_on(client.create_deployment(&order(KEY), &patience())).expect("kept");
    let (state, log_url, environment_url) = (DeploymentState::Queued, None, None);
    let status = DeploymentStatusOrder { deployment: made.deployment.id, state, description: "x".into(), log_url, environment_url };
    assert!(runtime.block_on(client.set_deployment_status(&status)).expect("kept"));
    let requests = client.recorded();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body.as_ref().map(|body| &body["payload"]), Some(&json!({"proofmark": KEY})));
}
