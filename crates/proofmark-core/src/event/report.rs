//! The event that a gate's report is.

use std::collections::BTreeSet;

use super::{Actor, Event, Kind, Sender, Verdict};
use crate::config::{Effect, Severity};
use crate::gate::{self, Finding, Judgement};
use crate::ports::Revision;
use crate::report::Report;
use crate::run::Place;

impl Event {
    /// The event that a gate judged: `gate.passed`, `gate.noticed`, `gate.blocked`, or `gate.not-judged` where nothing was found
    /// worse and something could not be read.
    ///
    /// `headline` is the result in a line (`proofmark_render::headline`), `document` the hash of the report's bytes, by which the
    /// same report is the same event. What the report tells of its run is as true as whoever wrote it: one that comes from a
    /// fork may say that it does not.
    pub fn of_report(report: &Report, headline: impl Into<String>, document: impl Into<String>) -> Self {
        let (judgement, document) = (&report.judgement, document.into());
        let mut event = Self::new(Sender::Proofmark, Kind::Gate);
        event.action = Some(action(judgement).to_owned());
        event.id = Some(document.clone());
        event.verdict = Some(Verdict {
            verdict: Some(judgement.verdict.name().to_owned()),
            effect: Some(judgement.effect.name().to_owned()),
            headline: Some(headline.into()),
            failed: failed(judgement),
            document: Some(document),
        });
        let run = report.run.as_ref();
        let base = run.map(|run| run.base.clone()).unwrap_or_default();
        let head = run.map(|run| run.head.clone()).unwrap_or_default();
        event.repository = run.and_then(|run| run.repository.clone());
        event.actor = run.and_then(|run| run.actor.clone()).map(|login| Actor::new(login, false));
        event.pull_request = run.and_then(|run| run.pull_request.clone());
        event.branch = report.branch.clone().or_else(|| base.branch.clone());
        // What was compared, not where the branch is by now; and of the head what reports are shown at, not a merge for the test.
        event.base = Place::new(event.branch.clone(), committed(&report.comparison.base.revision).or(base.commit));
        event.head = Place::new(head.branch, head.commit.or_else(|| committed(&report.comparison.head.revision)));
        event
    }
}

fn action(judgement: &Judgement) -> &'static str {
    match judgement.effect {
        Effect::Allow => "passed",
        Effect::Notice => "noticed",
        Effect::Block if judgement.is_blocked_unjudged() => "not-judged",
        Effect::Block => "blocked",
    }
}

/// The metrics whose checks failed, each once; of a check on a whole file, the file.
fn failed(judgement: &Judgement) -> Vec<String> {
    let counts = |finding: &&Finding| finding.verdict == gate::Verdict::Fail && finding.severity != Severity::Info;
    let name = |finding: &Finding| match (finding.metric.is_root(), &finding.file) {
        (true, Some(file)) => file.to_string(),
        _ => finding.metric.to_string(),
    };
    judgement.findings.iter().filter(counts).map(name).collect::<BTreeSet<String>>().into_iter().collect()
}

/// The commit whose files were read; files on disk are of none.
fn committed(revision: &Revision) -> Option<String> {
    revision.commit.clone().filter(|_| !revision.work_tree)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    const BASE: &str = "1111111111111111111111111111111111111111";
    const HEAD: &str = "2222222222222222222222222222222222222222";

    fn finding(metric: &str, verdict: &str, effect: &str, not_judged: bool) -> Json {
        json!({"rule": "*", "file": "m.json", "metric": metric, "verdict": verdict, "effect": effect, "reasons": [], "explanation": "",
            "severity": "fail", "baseline": 1, "candidate": 0, "not_judged": not_judged})
    }

    fn report(verdict: &str, effect: &str, findings: &[Json], run: &Json, work_tree: bool) -> Report {
        let side = |commit: &str, work_tree: bool| json!({"revision": {"name": "x", "commit": commit, "subject": "s", "work_tree": work_tree}, "metric_files": 1});
        let comparison = json!({"base": side(BASE, false), "head": side(HEAD, work_tree), "metrics": [], "params": [], "data": [],
            "baseline": {"kind": "merge-base", "of": "main", "distance": 0}});
        let judgement = json!({"policy": {"kind": "built-in"}, "policy_summary": "", "verdict": verdict, "effect": effect,
            "findings": findings});
        serde_json::from_value(json!({"schema": 1, "kind": "report", "proofmark": "0", "branch": "main", "run": run,
            "comparison": comparison, "judgement": judgement}))
        .expect("a report")
    }

    #[test]
    fn a_blocked_pull_request() {
        let run = json!({"system": "github-actions", "event": "pull_request", "repository": "acme/widgets", "actor": "ada",
            "base": {"branch": "trunk", "commit": "3333333333333333333333333333333333333333"},
            "head": {"branch": "topic", "commit": "4444444444444444444444444444444444444444"},
            "pull_request": {"number": 7, "fork": true}});
        let findings = [
            finding("f1", "fail", "block", false),
            finding("acc", "fail", "block", false),
            finding("acc", "fail", "block", false),
            finding("", "fail", "block", false),
            finding("loss", "pass", "allow", false),
        ];
        let event = Event::of_report(&report("fail", "block", &findings, &run, false), "BLOCKED: 4 of 5 checks failed", "cafe");
        assert_eq!((event.name().as_str(), event.id.as_deref()), ("gate.blocked", Some("cafe")));
        assert_eq!((event.repository.as_deref(), event.branch.as_deref()), (Some("acme/widgets"), Some("main")));
        assert_eq!(event.base, Place::new(Some("main".into()), Some(BASE.into())));
        assert_eq!(event.head, Place::new(Some("topic".into()), Some("4".repeat(40))));
        assert_eq!(event.actor, Some(Actor::new("ada", false)));
        assert!(event.is_foreign());
        let verdict = event.verdict.expect("a verdict");
        assert_eq!((verdict.verdict.as_deref(), verdict.effect.as_deref()), (Some("fail"), Some("block")));
        assert_eq!(verdict.headline.as_deref(), Some("BLOCKED: 4 of 5 checks failed"));
        assert_eq!((verdict.failed, verdict.document.as_deref()), (vec!["acc".into(), "f1".into(), "m.json".into()], Some("cafe")));
    }

    #[test]
    fn what_came_out_is_the_action() {
        let name = |verdict: &str, effect: &str, findings: &[Json]| {
            Event::of_report(&report(verdict, effect, findings, &Json::Null, false), "", "").name()
        };
        assert_eq!(name("pass", "allow", &[finding("acc", "pass", "allow", false)]), "gate.passed");
        assert_eq!(name("warn", "notice", &[finding("acc", "warn", "notice", false)]), "gate.noticed");
        let unread = finding("acc", "inconclusive", "block", true);
        assert_eq!(name("inconclusive", "block", std::slice::from_ref(&unread)), "gate.not-judged");
        assert_eq!(name("fail", "block", &[unread, finding("f1", "fail", "block", false)]), "gate.blocked");
        assert_eq!(name("inconclusive", "block", &[]), "gate.blocked", "nothing was checked");
    }

    #[test]
    fn without_a_run_the_comparison_tells() {
        let event = Event::of_report(&report("pass", "allow", &[], &Json::Null, false), "", "");
        assert_eq!((event.base.commit.as_deref(), event.head.commit.as_deref()), (Some(BASE), Some(HEAD)));
        let event = Event::of_report(&report("pass", "allow", &[], &Json::Null, true), "", "");
        assert_eq!(event.head.commit, None, "files on disk are no commit");
    }
}
