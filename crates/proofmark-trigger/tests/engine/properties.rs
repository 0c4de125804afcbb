//! What holds for every event, every policy and every past.

use proofmark_core::event::Event;
use proofmark_trigger::facts::{DvcChanges, Fact, Facts, Needs, PullNow, Role};
use proofmark_trigger::{Decision, Outcome, Past, Plan, Request, needs, plan};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{NOW, event, request, rules};

/// Conditions that a rule may have, each of which some events fulfil.
const CONDITIONS: [&str; 20] = [
    "branches = ['main', 'release/*', '!release/*-rc']",
    "branches = ['!main']",
    "tags = ['v*']",
    "branches = ['main']\ntags = ['*']",
    "head_branches = ['model/*']",
    "labels = ['train', '!wip']",
    "actors = ['!*bot*']",
    "paths = ['data/**']",
    "paths = ['!docs/**', '!**/*.md']",
    "paths = ['{data,src}/**/*.[cp]*', '!**/x/**']",
    "dvc.stages = ['train']",
    "dvc.params = ['lr']",
    "when = \"changed.exists(f, f.endsWith('.csv'))\"",
    "when = \"event.branch == 'main' && size(changed) < 3\"",
    "when = \"dvc == null || size(dvc.data) > 0\"",
    "when = \"event.actor.login.startsWith('a')\"",
    "not = [{paths = ['docs/**']}, {branches = ['wip'], actors = ['ada']}]",
    "not = [{when = \"size(changed) > 5\"}]",
    "pace = {group = 'g-{{ event.branch }}'}\nparameters.files.value = '{{ changed | join(\" \") }}'",
    "pace = {quiet = '5m', cooldown = '1h'}",
];

/// What starts a rule: kinds of events, or a command.
const STARTS: [&str; 5] = [
    "on = ['push', 'pull_request']",
    "on = 'push'\nforks = 'always'",
    "command = {verb = 'retrain', users = ['ada']}\nparameters.lr = {type = 'number', default = 1.0}\nstart.workflow.inputs.lr = '{{ parameters.lr }}'",
    "on = ['other:x', 'comment', 'gate', 'pull_request.labeled']\nactors = ['ada', 'bob']",
    "on = 'pull_request'\nstart.workflow.inputs.branch = '{{ event.head.branch }}'",
];

fn rule() -> impl Strategy<Value = String> {
    let conditions = prop::sample::subsequence((0..CONDITIONS.len()).collect::<Vec<_>>(), 0..4);
    (0..STARTS.len(), conditions).prop_map(|(start, conditions)| {
        // One key stands in a rule once.
        let key = |line: &str| line.split([' ', '.', '=']).next().unwrap_or_default().to_owned();
        let mut keys: Vec<String> = STARTS[start].lines().map(key).collect();
        let mut text = STARTS[start].to_owned();
        for at in conditions {
            let own: Vec<String> = CONDITIONS[at].lines().map(key).collect();
            if !own.iter().any(|key| keys.contains(key)) {
                text = format!("{text}\n{}", CONDITIONS[at]);
                keys.extend(own);
            }
        }
        text
    })
}

fn policy(rules: &[String]) -> String {
    rules.iter().enumerate().map(|(at, rule)| crate::support::trigger(&format!("r{at}"), rule)).collect()
}

fn some_event() -> impl Strategy<Value = Event> {
    let kind = prop::sample::select(vec!["push", "pull_request", "comment", "gate", "other:x"]);
    let branch = prop::option::of(prop::sample::select(vec!["main", "release/1", "release/1-rc", "wip", "model/a"]));
    let tag = prop::option::weighted(0.2, Just("v1"));
    let actor = prop::sample::select(vec!["ada", "bob", "robot"]);
    let labels = prop::sample::subsequence(vec!["train", "wip", "docs"], 0..3);
    let action = prop::option::of(prop::sample::select(vec!["created", "opened", "labeled", "blocked"]));
    let body = prop::sample::select(vec!["/retrain", "/retrain lr=0.5\n/retrain lr=x", "no", "/retrain\n/retrain"]);
    (kind, branch, tag, actor, labels, action, body, any::<bool>(), 0_u32..5).prop_map(
        |(kind, branch, tag, actor, labels, action, body, fork, depth)| {
            // What is sent with a comment does not say where the head lies.
            let fork = fork || kind == "comment";
            let pull = json!({"number": 7, "fork": fork, "author": "carol", "labels": labels});
            let comment = json!({"id": 5, "on": 7, "body": body, "author": {"login": actor}, "on_pull_request": true, "open": true});
            let mut fields = json!({
                "kind": kind, "action": action, "time": NOW - 100, "branch": branch, "tag": tag, "actor": {"login": actor}, "depth": depth,
                "head": {"branch": branch, "commit": "c1"},
            });
            if kind == "comment" || kind == "pull_request" {
                fields["pull_request"] = pull;
            }
            if kind == "comment" {
                fields["comment"] = comment;
            }
            event(fields)
        },
    )
}

fn fact<T: Clone + std::fmt::Debug + 'static>(known: impl Strategy<Value = T> + 'static) -> impl Strategy<Value = Fact<T>> {
    prop_oneof![
        4 => known.prop_map(Fact::Known),
        1 => Just(Fact::Unasked),
        1 => Just(Fact::Absent("there is none".to_owned())),
        1 => Just(Fact::Unknown("nobody can tell".to_owned())),
    ]
}

fn files() -> impl Strategy<Value = Vec<&'static str>> {
    let all = vec!["data/a.csv", "data/x/b.csv", "src/c.py", "docs/d.md", "README.md", "src/x/e.cpp", "params.yaml"];
    prop::sample::subsequence(all, 0..7)
}

fn facts() -> impl Strategy<Value = Facts> {
    let changed = fact(files().prop_map(|files| match crate::support::changed(&files).changed {
        Fact::Known(changed) => changed,
        _ => Vec::new(),
    }));
    let dvc = fact(any::<bool>().prop_map(|some| {
        let data = if some { vec!["data/a.csv".to_owned()] } else { Vec::new() };
        let stages = if some { [("train".to_owned(), data.clone())].into() } else { [].into() };
        DvcChanges { stages, data, params: vec!["params.yaml:lr".to_owned()] }
    }));
    let role = fact(prop::sample::select(vec![proofmark_core::config::RoleName::Read, proofmark_core::config::RoleName::Admin])).prop_map(
        |role| match role {
            Fact::Known(role) => Fact::Known(Role { role, told: None }),
            Fact::Unasked => Fact::Unasked,
            Fact::Absent(why) => Fact::Absent(why),
            Fact::Unknown(why) => Fact::Unknown(why),
        },
    );
    let pull = fact((any::<bool>(), any::<bool>()).prop_map(|(fork, moved)| PullNow { open: true, fork, moved }));
    let tip = fact(prop::sample::select(vec!["c1".to_owned(), "c2".to_owned()]));
    (changed, dvc, role, pull, tip).prop_map(|(changed, dvc, role, pull, tip)| Facts { changed, dvc, role, pull, tip })
}

fn of(policy: &str, event: &Event, facts: &Facts) -> Plan {
    plan(&rules(policy), event, facts, &Past::default(), &request())
}

/// Decisions without what is told of the rule's place in the file.
fn bare(plan: &Plan) -> Vec<Decision> {
    let mut decisions = plan.decisions.clone();
    for decision in &mut decisions {
        decision.line = None;
        decision.order = None;
    }
    decisions
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_same_input_gives_the_same_plan(rules in prop::collection::vec(rule(), 1..4), event in some_event(), facts in facts()) {
        let policy = policy(&rules);
        let (one, other) = (of(&policy, &event, &facts), of(&policy, &event, &facts));
        prop_assert_eq!(serde_json::to_string(&one).expect("JSON"), serde_json::to_string(&other).expect("JSON"));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn the_order_of_files_makes_no_difference(rule in rule(), event in some_event(), facts in facts(), turn in 0_usize..7) {
        let policy = policy(&[rule]);
        let mut turned = facts.clone();
        if let Fact::Known(changed) = &mut turned.changed {
            let by = turn.min(changed.len());
            changed.rotate_left(by);
        }
        prop_assert_eq!(of(&policy, &event, &facts).decisions, of(&policy, &event, &turned).decisions);
    }

    #[test]
    fn another_rule_changes_no_decision(one in rule(), other in rule(), event in some_event(), facts in facts()) {
        // A group is what rules have in common; they are made two.
        let other = other.replace("group = 'g-", "group = 'other-");
        let (alone, both) = (of(&policy(std::slice::from_ref(&one)), &event, &facts), of(&policy(&[one, other]), &event, &facts));
        let first: Vec<Decision> = bare(&both).into_iter().filter(|decision| decision.rule == "r0").collect();
        prop_assert_eq!(bare(&alone), first);
    }

    #[test]
    fn to_explain_changes_no_decision(rule in rule(), event in some_event(), facts in facts()) {
        let rules = rules(&policy(&[rule]));
        // In words a doubt may name another clause, since all of them are looked at.
        let decided = |explain: bool| {
            let plan = plan(&rules, &event, &facts, &Past::default(), &Request { explain, ..request() });
            let told = plan.decisions.into_iter().filter(|decision| decision.outcome != Outcome::Skipped);
            told.map(|decision| (decision.outcome, decision.order, decision.until)).collect::<Vec<_>>()
        };
        prop_assert_eq!(decided(true), decided(false));
    }

    #[test]
    fn whoever_finds_out_what_is_needed_leaves_nothing_unlooked_at(rules_of in prop::collection::vec(rule(), 1..4), event in some_event(), known in facts()) {
        let rules = rules(&policy(&rules_of));
        let mut facts = Facts::default();
        let none = || "there is none".to_owned();
        for _ in 0..6 {
            let asked = needs(&rules, &event, &facts, &request());
            if asked.is_empty() {
                break;
            }
            let Needs { changed, dvc, role, pull, tip } = asked;
            // What cannot be found out is absent or unknown, and no more unasked.
            if changed { facts.changed = if known.changed == Fact::Unasked { Fact::Absent(none()) } else { known.changed.clone() } }
            if dvc { facts.dvc = if known.dvc == Fact::Unasked { Fact::Absent(none()) } else { known.dvc.clone() } }
            if role { facts.role = if known.role == Fact::Unasked { Fact::Absent(none()) } else { known.role.clone() } }
            if pull { facts.pull = if known.pull == Fact::Unasked { Fact::Absent(none()) } else { known.pull.clone() } }
            if tip { facts.tip = if known.tip == Fact::Unasked { Fact::Absent(none()) } else { known.tip.clone() } }
        }
        prop_assert!(needs(&rules, &event, &facts, &request()).is_empty());
        let plan = plan(&rules, &event, &facts, &Past::default(), &request());
        for decision in &plan.decisions {
            let reason = decision.reason.as_deref().unwrap_or_default();
            prop_assert!(!reason.contains("was not looked at"), "{}", reason);
        }
    }

    /// Knowing more may only turn a doubt into a yes or no, never a yes into a no.
    #[test]
    fn nothing_starts_on_what_nobody_knows(rule in rule(), event in some_event(), facts in facts()) {
        let policy = policy(&[rule]);
        let doubtful = Facts {
            changed: Fact::Unknown("x".to_owned()),
            dvc: Fact::Unknown("x".to_owned()),
            role: Fact::Unknown("x".to_owned()),
            pull: Fact::Unknown("x".to_owned()),
            tip: facts.tip.clone(),
        };
        let outcomes = |facts: &Facts| of(&policy, &event, facts).decisions.iter().map(|decision| decision.outcome).collect::<Vec<_>>();
        let in_doubt = outcomes(&doubtful);
        if in_doubt.iter().any(|outcome| matches!(outcome, Outcome::Fires | Outcome::Held)) {
            prop_assert_eq!(outcomes(&facts), in_doubt);
        }
    }

    #[test]
    fn each_decision_says_why(rule in rule(), event in some_event(), facts in facts()) {
        for decision in of(&policy(&[rule]), &event, &facts).decisions {
            let is_told = decision.outcome == Outcome::Fires || decision.reason.as_deref().is_some_and(|reason| !reason.is_empty());
            prop_assert!(is_told, "{:?}", decision);
            let has_order = matches!(decision.outcome, Outcome::Fires | Outcome::Held | Outcome::Duplicate | Outcome::Superseded | Outcome::Rejected);
            prop_assert_eq!(decision.order.is_some(), has_order, "{:?}", decision);
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ -~]{0,30}", Just(String::new()), Just("x".repeat(70_000)), "(-|/|\\{\\{|\\}\\}|\u{0}|\n|é){0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_event_panics(texts in prop::collection::vec(text(), 14), number: u64, flag: bool) {
        let at = |place: usize| Value::String(texts[place].clone());
        for kind in ["push", "pull_request", "comment", "workflow_run", "model_alias", "gate", "schedule", "workflow_dispatch"] {
            let event = event(json!({
                "kind": kind, "action": at(0), "id": at(1), "time": number, "repository": at(2), "actor": {"login": at(3), "bot": flag},
                "branch": at(4), "tag": if flag { at(5) } else { Value::Null }, "base": {"branch": at(6), "commit": at(7)},
                "head": {"branch": at(8), "commit": at(9)}, "pull_request": {"number": number, "fork": flag, "labels": [at(10)], "author": at(11)},
                "comment": {"id": number, "on": number, "body": at(12), "author": {"login": at(3)}, "on_pull_request": flag, "open": true},
                "run": {"name": at(10), "conclusion": at(11)}, "model": {"name": at(12), "alias": at(13)},
                "verdict": {"verdict": at(0), "effect": at(1), "failed": [at(2)]}, "schedule": at(13),
                "inputs": {texts[3].clone(): at(4), "n": number}, "label": at(5), "depth": (number % 5) as u32,
            }));
            let start = "start.command = {argv = ['x', '{{ event.branch }}', '{{ event.inputs.n }}', 'a{{ event.run.name | upper }}'], env.A = '{{ event | tojson }}'}";
            let every = format!("on = '{kind}'\nactors = ['*']\npace = {{group = '{{{{ event.branch }}}}', quiet = '1m', gather = '{{{{ event.id }}}}'}}\n{start}");
            let policy = format!("[[trigger]]\nname = 'r'\n{every}\n[[trigger]]\nname = 's'\n{start}\n{}\n", STARTS[2].replace("\nstart.workflow.inputs.lr = '{{ parameters.lr }}'", ""));
            let rules = rules(&policy);
            let facts = Facts { role: Fact::Absent(texts[0].clone()), pull: Fact::Known(PullNow::default()), tip: Fact::Known(texts[1].clone()), ..crate::support::changed(&["a"]) };
            let asked = needs(&rules, &event, &Facts::default(), &request());
            let decided = plan(&rules, &event, &facts, &Past::default(), &Request { now: number, ..request() });
            prop_assert_eq!(decided.rules, 2);
            prop_assert!(!asked.changed);
            serde_json::to_string(&decided).expect("JSON");
        }
    }
}
