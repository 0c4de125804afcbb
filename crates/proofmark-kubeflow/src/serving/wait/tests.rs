use serde_json::{Value, json};

use super::*;
use crate::serving::Origin;
use crate::serving::change::Goal;
use crate::serving::record::Baseline;

const URI: &str = "s3://m/v2";

fn service(generation: i64, percent: Option<u8>, status: &Value) -> InferenceService {
    let value = json!({
        "metadata": {"name": "churn", "namespace": "a", "uid": "u", "resourceVersion": "1", "generation": generation},
        "spec": {"predictor": {"canaryTrafficPercent": percent, "model": {"storageUri": URI}}},
        "status": status,
    });
    InferenceService::from_json(&value).expect("a service")
}

/// How Knative's status looks: revisions, share of the newest one, and how the model stands.
fn knative(created: u8, ready: u8, share: i64, transition: &str, target: &str) -> Value {
    json!({
        "deploymentMode": "Knative", "observedGeneration": 1,
        "conditions": [{"type": "Ready", "status": "True"}],
        "components": {"predictor": {
            "latestCreatedRevision": format!("c-{created}"), "latestReadyRevision": format!("c-{ready}"),
            "traffic": [{"latestRevision": true, "percent": share}, {"revisionName": "c-0", "percent": 100 - share}],
        }},
        "modelStatus": {"transitionStatus": transition, "states": {"targetModelState": target}},
    })
}

fn standard(observed: Option<i64>) -> Value {
    let mut status = json!({
        "deploymentMode": "Standard", "conditions": [{"type": "Ready", "status": "True"}],
        "modelStatus": {"transitionStatus": "UpToDate", "states": {"targetModelState": "Loaded"}},
    });
    if let Some(observed) = observed {
        status["observedGeneration"] = json!(observed);
    }
    status
}

/// A rollout to generation 7, before which the service stood like this.
fn rolled(percent: Option<u8>, revision: Option<&str>, observed: Option<i64>, before: &Value) -> Rolled {
    let shape = Shape::Predictor { storage_uri: URI.into(), percent };
    Rolled {
        origin: Origin::New,
        service: service(7, percent, before),
        previous: None,
        goal: Goal { shape, key: None, starts_pods: true, leaves: None },
        baseline: Some(Baseline { revision: revision.map(str::to_owned), observed, behind: 0 }),
        model_before: Some(service(6, percent, before).status.model),
    }
}

fn is_progress(look: &Look, words: &str) -> bool {
    matches!(look, Look::Progress(told) if told.contains(words))
}

#[test]
fn an_old_readiness_counts_for_nothing() {
    let old = knative(1, 1, 100, "UpToDate", "Loaded");
    let rolled = rolled(None, Some("c-1"), Some(1), &old);
    let seen = |status: Value| look(&rolled, &service(7, None, &status));
    assert!(is_progress(&seen(old.clone()), "controller has looked"));
    // However far the count of a child is.
    let mut ahead = old;
    ahead["observedGeneration"] = json!(99);
    assert!(is_progress(&seen(ahead), "controller has looked"));
    assert!(is_progress(&seen(knative(2, 1, 100, "UpToDate", "Loaded")), "c-2 is not ready"));
    assert!(is_progress(&seen(knative(2, 1, 100, "InProgress", "Loading")), "Loading"));
    assert!(is_progress(&seen(knative(2, 2, 10, "UpToDate", "Loaded")), "10 %"));
    // The child counts less than the service, and it does not matter.
    assert_eq!(seen(knative(2, 2, 100, "UpToDate", "Loaded")), Look::Ready { is_sure: true });
}

#[test]
fn what_shows_a_change_before_this_one_counts_for_nothing() {
    // Generation 6 was not looked at either; what is observed counts as the service does.
    let behind = |revision: Option<&str>, before: &Value| {
        let mut rolled = rolled(None, revision, Some(5), before);
        rolled.baseline.as_mut().expect("a baseline").behind = 1;
        rolled
    };
    let plain = behind(None, &standard(Some(5)));
    assert!(is_progress(&look(&plain, &service(7, None, &standard(Some(6)))), "controller has looked"));
    assert_eq!(look(&plain, &service(7, None, &standard(Some(7)))), Look::Ready { is_sure: true });
    let at = |revision: u8, observed: i64| {
        let mut status = knative(revision, revision, 100, "UpToDate", "Loaded");
        status["observedGeneration"] = json!(observed);
        status
    };
    let serverless = behind(Some("c-1"), &at(1, 5));
    assert!(is_progress(&look(&serverless, &service(7, None, &at(2, 6))), "controller has looked"));
    assert_eq!(look(&serverless, &service(7, None, &at(3, 7))), Look::Ready { is_sure: false });
}

#[test]
fn a_canary_is_ready_with_its_share() {
    let rolled = rolled(Some(10), Some("c-1"), Some(1), &knative(1, 1, 100, "UpToDate", "Loaded"));
    let seen = |share: i64| look(&rolled, &service(7, Some(10), &knative(2, 2, share, "UpToDate", "Loaded")));
    assert!(is_progress(&seen(100), "100 %"));
    assert_eq!(seen(10), Look::Ready { is_sure: true });
}

#[test]
fn a_revision_without_traffic_may_have_no_pods() {
    let before = knative(1, 1, 100, "UpToDate", "Loaded");
    let idle = |percent: u8| {
        let status = knative(2, 2, percent.into(), "InProgress", "Pending");
        look(&rolled(Some(percent), Some("c-1"), None, &before), &service(7, Some(percent), &status))
    };
    assert_eq!(idle(0), Look::Ready { is_sure: true });
    assert!(is_progress(&idle(10), "Pending"));
}

#[test]
fn a_failure_counts_at_once_though_the_old_one_answers() {
    let rolled = rolled(None, Some("c-1"), Some(1), &knative(1, 1, 100, "UpToDate", "Loaded"));
    let mut status = knative(2, 1, 100, "BlockedByFailedLoad", "FailedToLoad");
    status["modelStatus"]["lastFailureInfo"] = json!({"reason": "ModelLoadFailed", "message": "no such\nfile", "exitCode": 1});
    let Look::Failed(failure) = look(&rolled, &service(7, None, &status)) else { panic!("no failure") };
    assert_eq!(
        failure.message,
        "the model could not be loaded: ModelLoadFailed: no such file (exit code 1); the one from before still answers"
    );
    // The controller stops at a wrong specification before there is a revision.
    let invalid = knative(1, 1, 100, "InvalidSpec", "FailedToLoad");
    assert!(matches!(look(&rolled, &service(7, None, &invalid)), Look::Failed(_)));
}

#[test]
fn a_failure_from_before_is_not_ours() {
    let broken = knative(1, 1, 100, "BlockedByFailedLoad", "FailedToLoad");
    let rolled = rolled(None, Some("c-1"), Some(1), &broken);
    assert!(is_progress(&look(&rolled, &service(7, None, &broken)), "as it did before"));
    assert_eq!(look(&rolled, &service(7, None, &knative(2, 2, 100, "UpToDate", "Loaded"))), Look::Ready { is_sure: true });
}

#[test]
fn without_revisions_the_count_tells() {
    let seen =
        |before: Option<i64>, now: Option<i64>| look(&rolled(None, None, before, &standard(before)), &service(7, None, &standard(now)));
    // As the service counts, and as a child does, which has to be seen twice.
    assert_eq!(seen(Some(6), Some(7)), Look::Ready { is_sure: true });
    assert_eq!(seen(Some(3), Some(4)), Look::Ready { is_sure: false });
    assert_eq!(seen(None, Some(7)), Look::Ready { is_sure: false });
    for (before, now) in [(Some(6), Some(6)), (Some(9), Some(9)), (Some(3), Some(3)), (None, None), (Some(6), None), (None, Some(3))] {
        assert!(is_progress(&seen(before, now), "controller has looked"), "{before:?} {now:?}");
    }
}

#[test]
fn what_ends_it_otherwise() {
    let rolled = rolled(None, Some("c-1"), None, &knative(1, 1, 100, "UpToDate", "Loaded"));
    let good = knative(2, 2, 100, "UpToDate", "Loaded");
    let mut other = service(7, None, &good);
    other.uid = "new".into();
    assert!(matches!(look(&rolled, &other), Look::Failed(failure) if failure.message.contains("deleted")));
    let mut other = service(8, None, &good);
    other.spec["predictor"]["model"]["storageUri"] = json!("s3://m/v9");
    assert!(matches!(look(&rolled, &other), Look::Failed(failure) if failure.message.contains("s3://m/v9")));
    let mut stopped = good.clone();
    stopped["conditions"] = json!([{"type": "Stopped", "status": "True"}]);
    assert!(matches!(look(&rolled, &service(7, None, &stopped)), Look::Failed(failure) if failure.message.contains("stopped")));
    let mut waiting = good;
    waiting["conditions"] = json!([{"type": "Ready", "status": "False", "reason": "R", "message": "pods are\u{1b}[31m pending"}]);
    assert!(is_progress(&look(&rolled, &service(7, None, &waiting)), "Ready is False: pods are [31m pending"));
}
