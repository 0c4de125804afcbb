//! Policies and events in few words.

use proofmark_core::changes::{FileChange, How};
use proofmark_core::config::{Config, parse};
use proofmark_core::event::Event;
use proofmark_core::path::RepoPath;
use proofmark_trigger::facts::{Fact, Facts};
use proofmark_trigger::{Decision, Order, Outcome, Past, Plan, Request, RuleError, Rules, plan};
use serde_json::{Value, json};

/// The time of all tests, in seconds since 1970.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn config(text: &str) -> Config {
    let file = RepoPath::parse("proofmark.toml").expect("a path");
    parse(&file, text.as_bytes()).unwrap_or_else(|problem| panic!("{text}\n{problem:?}")).expect("a configuration")
}

pub(crate) fn rules(text: &str) -> Rules {
    Rules::compile(&config(text)).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// Why a policy is refused.
pub(crate) fn refused(text: &str) -> RuleError {
    Rules::compile(&config(text)).map(drop).expect_err(text)
}

/// A trigger with a name and a start, and whatever else is said.
pub(crate) fn trigger(name: &str, more: &str) -> String {
    format!("[[trigger]]\nname = \"{name}\"\nstart.workflow.file = \"train.yml\"\n{more}\n")
}

/// An event of GitHub with these fields.
pub(crate) fn event(fields: Value) -> Event {
    let mut whole = json!({"sender": "github"});
    if let (Some(whole), Value::Object(fields)) = (whole.as_object_mut(), fields) {
        whole.extend(fields);
    }
    serde_json::from_value(whole.clone()).unwrap_or_else(|error| panic!("{whole}: {error}"))
}

/// A push of a commit to `main`.
pub(crate) fn push() -> Event {
    event(json!({
        "kind": "push", "id": "delivery-1", "time": NOW, "repository": "acme/widgets", "branch": "main", "actor": {"login": "ada"},
        "base": {"commit": "0a".repeat(20)}, "head": {"branch": "main", "commit": "1b".repeat(20)},
    }))
}

/// A pull request to `main` that was opened; of a fork or not.
pub(crate) fn pull_request(fork: bool, labels: &[&str]) -> Event {
    event(json!({
        "kind": "pull_request", "action": "opened", "time": NOW, "repository": "acme/widgets", "branch": "main", "actor": {"login": "ada"},
        "base": {"branch": "main"}, "head": {"branch": "model/wide", "commit": "1b".repeat(20)},
        "pull_request": {"number": 7, "fork": fork, "author": "ada", "labels": labels},
    }))
}

/// These files changed, and nothing that DVC tracks.
pub(crate) fn changed(paths: &[&str]) -> Facts {
    let change = |path: &&str| FileChange { path: RepoPath::parse(path).expect("a path"), how: How::Modified };
    Facts {
        changed: Fact::Known(paths.iter().map(change).collect()),
        dvc: Fact::Absent("there is no DVC project".to_owned()),
        ..Facts::default()
    }
}

/// A request with every clause.
pub(crate) fn request() -> Request {
    Request { now: NOW, explain: true, ..Request::default() }
}

/// Decisions with nothing started before.
pub(crate) fn decide(rules: &Rules, event: &Event, facts: &Facts) -> Plan {
    plan(rules, event, facts, &Past::default(), &request())
}

/// The one decision of a plan.
pub(crate) fn only(plan: &Plan) -> &Decision {
    let [decision] = plan.decisions.as_slice() else { panic!("one decision: {:#?}", plan.decisions) };
    decision
}

/// What one rule makes of an event.
pub(crate) fn outcome(rule: &str, event: &Event, facts: &Facts) -> Outcome {
    only(&decide(&rules(rule), event, facts)).outcome
}

/// The one order that a rule gives.
pub(crate) fn order(rule: &str, event: &Event) -> Order {
    let plan = decide(&rules(rule), event, &changed(&["data/a.csv"]));
    let decision = only(&plan);
    assert_eq!(decision.outcome, Outcome::Fires, "{rule}: {decision:?}");
    decision.order.clone().expect("an order")
}

/// Why nothing is started, with its cure.
pub(crate) fn told(decision: &Decision) -> String {
    format!("{} [{}]", decision.reason.as_deref().unwrap_or_default(), decision.hint.as_deref().unwrap_or_default())
}
