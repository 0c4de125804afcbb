//! Commands in comments: who may give them, where, and what comes of what is written behind them.

use proofmark_core::config::RoleName;
use proofmark_core::event::Event;
use proofmark_trigger::facts::{Fact, Facts, PullNow, Role};
use proofmark_trigger::{Outcome, Plan};
use serde_json::{Value, json};

use crate::support::{changed, decide, event, only, rules, told, trigger};

const RETRAIN: &str = "command = {verb = 'retrain', positional = ['lr']}
parameters.lr = {type = 'number', default = 0.1, min = 0.0, max = 1.0}
parameters.data = {default = 'all', choices = ['all', 'recent']}
start.workflow.inputs = {lr = '{{ parameters.lr }}', data = '{{ parameters.data }}'}";

fn retrain() -> String {
    trigger("retrain", RETRAIN)
}

fn with(verb: &str, more: &str) -> String {
    trigger(verb, &format!("command = {{verb = '{verb}'{more}}}"))
}

/// A comment of `bob` on a pull request that `ada` opened; what is given takes the place of what is usual.
fn comment(body: &str, fields: Value) -> Event {
    let mut whole = json!({
        "kind": "comment", "action": "created", "repository": "acme/widgets", "branch": "main", "actor": {"login": "bob"},
        "pull_request": {"number": 7, "author": "ada"},
        "comment": {"id": 99, "on": 7, "body": body, "author": {"login": "bob"}, "on_pull_request": true, "open": true},
    });
    merge(&mut whole, fields);
    event(whole)
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.into_iter().for_each(|(name, value)| merge(into.entry(name).or_insert(Value::Null), value));
        }
        (into, from) => *into = from,
    }
}

fn role(role: RoleName) -> Fact<Role> {
    Fact::Known(Role { role, told: None })
}

fn pull(open: bool, fork: bool, moved: bool) -> Fact<PullNow> {
    Fact::Known(PullNow { open, fork, moved })
}

fn facts(of: RoleName) -> Facts {
    Facts { role: role(of), pull: pull(true, false, false), ..changed(&[]) }
}

fn given(rule: &str, body: &str, of: RoleName) -> Plan {
    decide(&rules(rule), &comment(body, json!({})), &facts(of))
}

fn outcomes(plan: &Plan) -> Vec<Outcome> {
    plan.decisions.iter().map(|decision| decision.outcome).collect()
}

#[test]
fn a_command_takes_the_role_that_its_verb_has() {
    for (rule, least) in [
        (with("evaluate", ""), RoleName::Triage),
        (with("retrain", ""), RoleName::Write),
        (with("anything", ""), RoleName::Write),
        (with("promote", ""), RoleName::Maintain),
        (with("rollback", ""), RoleName::Maintain),
        (with("retrain", ", role = 'admin'"), RoleName::Admin),
        (with("promote", ", role = 'read'"), RoleName::Read),
        (with("hello", ", role = 'anyone'"), RoleName::Anyone),
    ] {
        let compiled = rules(&rule);
        let verb = compiled.commands().next().expect("a command").verb.to_owned();
        for of in [RoleName::Anyone, RoleName::Read, RoleName::Triage, RoleName::Write, RoleName::Maintain, RoleName::Admin] {
            let plan = given(&rule, &format!("/{verb}"), of);
            let expected = if of >= least { Outcome::Fires } else { Outcome::Refused };
            assert_eq!(outcomes(&plan), [expected], "{rule} by {of:?}");
            if expected == Outcome::Refused {
                let told = told(only(&plan));
                let names = [format!("`/{verb}`"), format!("role {}", least.name()), format!("and not {}", of.name()), "bob".to_owned()];
                assert!(names.iter().all(|name| told.contains(name.as_str())), "{told}");
                assert_eq!(told.contains("the token cannot see it"), of == RoleName::Anyone, "{told}");
            }
        }
    }
}

#[test]
fn a_role_of_ones_own_is_told_by_its_name() {
    let custom = Fact::Known(Role { role: RoleName::Read, told: Some("labeller".to_owned()) });
    let plan = decide(&rules(&retrain()), &comment("/retrain", json!({})), &Facts { role: custom, ..facts(RoleName::Read) });
    assert!(told(only(&plan)).contains("(and not labeller)"), "{}", told(only(&plan)));
}

#[test]
fn a_role_that_nobody_knows_decides_nothing() {
    for (of, expected) in [
        (Fact::Unasked, "the role of whoever commented was not looked at"),
        (Fact::Unknown("the token may not read it".to_owned()), "`command` cannot be told: the token may not read it"),
        // Nothing says that whoever it is may.
        (Fact::Absent("there are no roles".to_owned()), ""),
    ] {
        let is_absent = matches!(of, Fact::Absent(_));
        let plan = decide(&rules(&retrain()), &comment("/retrain", json!({})), &Facts { role: of, ..facts(RoleName::Admin) });
        assert_eq!(only(&plan).outcome, if is_absent { Outcome::Refused } else { Outcome::Undecided });
        assert!(told(only(&plan)).contains(expected), "{}", told(only(&plan)));
    }
    let named = with("retrain", ", users = ['BOB']");
    let unknown = Facts { role: Fact::Unknown("x".to_owned()), ..facts(RoleName::Admin) };
    assert_eq!(only(&decide(&rules(&named), &comment("/retrain", json!({})), &unknown)).outcome, Outcome::Fires, "bob is named");
}

#[test]
fn named_people_may_whatever_their_role() {
    let rule = with("promote", ", users = ['carol', 'Bob']");
    assert_eq!(outcomes(&given(&rule, "/promote", RoleName::Anyone)), [Outcome::Fires]);
    let carla = comment("/promote", json!({"comment": {"author": {"login": "carla"}}}));
    assert_eq!(only(&decide(&rules(&rule), &carla, &facts(RoleName::Anyone))).outcome, Outcome::Refused);
}

#[test]
fn a_second_person_is_not_whoever_opened_the_pull_request() {
    let rule = rules(&with("promote", ", second_person = true"));
    let by = |login: &str| comment("/promote", json!({"comment": {"author": {"login": login}}}));
    assert_eq!(only(&decide(&rule, &by("bob"), &facts(RoleName::Admin))).outcome, Outcome::Fires);
    let plan = decide(&rule, &by("ADA"), &facts(RoleName::Admin));
    assert_eq!(only(&plan).outcome, Outcome::Refused);
    assert!(told(only(&plan)).contains("takes a second person: ADA opened the pull request"), "{}", told(only(&plan)));
    // Whoever opened it may be anybody.
    let unknown = comment("/promote", json!({"pull_request": {"number": 7, "author": null}}));
    let plan = decide(&rule, &unknown, &facts(RoleName::Admin));
    assert_eq!(only(&plan).outcome, Outcome::Refused);
    assert!(!told(only(&plan)).contains("bob opened"), "nobody knows who did: {}", told(only(&plan)));
}

#[test]
fn comments_that_do_not_count() {
    for (fields, more, expected) in [
        (json!({}), "", Outcome::Fires),
        (json!({"comment": {"author": {"login": "ci[bot]", "bot": true}}}), "", Outcome::Skipped),
        (json!({"comment": {"author": null}}), "", Outcome::Skipped),
        (json!({"action": "edited"}), "", Outcome::Skipped),
        (json!({"action": "edited"}), ", edited = true", Outcome::Fires),
        (json!({"action": "deleted"}), ", edited = true", Outcome::Skipped),
        (json!({"action": null}), "", Outcome::Skipped),
        (json!({"comment": {"open": false}}), "", Outcome::Skipped),
        (json!({"comment": {"on_pull_request": false}, "pull_request": null}), "", Outcome::Skipped),
        (json!({"comment": {"on_pull_request": false}, "pull_request": null}), ", issues = true", Outcome::Fires),
        (json!({"comment": {"body": "please /retrain"}}), "", Outcome::Skipped),
        (json!({"comment": {"body": "> /retrain"}}), "", Outcome::Skipped),
        (json!({"comment": {"body": "```\n/retrain\n```"}}), "", Outcome::Skipped),
        (json!({"comment": {"body": "<!-- \n/retrain\n-->"}}), "", Outcome::Skipped),
        (json!({"comment": {"body": "/retrainer"}}), "", Outcome::Skipped),
        (json!({"comment": {"body": "Let us see.\r\n\r\n/ReTrain\r\n"}}), "", Outcome::Fires),
        (json!({"comment": null}), "", Outcome::Skipped),
    ] {
        let plan = decide(&rules(&with("retrain", more)), &comment("/retrain", fields.clone()), &facts(RoleName::Admin));
        assert_eq!(only(&plan).outcome, expected, "{fields} {more}");
    }
}

#[test]
fn our_own_comments_are_no_commands() {
    let rule = format!("[triggers]\nown_accounts = ['bob']\n{}", retrain());
    assert_eq!(outcomes(&given(&rule, "/retrain", RoleName::Admin)), [Outcome::Skipped]);
}

#[test]
fn the_pull_request_counts_as_it_is_now() {
    // The event says that it may be a fork's until it is known better.
    let decided = |rule: &str, pull: Fact<PullNow>| {
        let fork = !matches!(&pull, Fact::Known(pull) if !pull.fork);
        let event = comment("/retrain", json!({"pull_request": {"fork": fork}}));
        let plan = decide(&rules(rule), &event, &Facts { pull, ..facts(RoleName::Admin) });
        (only(&plan).outcome, told(only(&plan)))
    };
    let usual = retrain();
    let never = format!("{usual}forks = 'never'\n");
    for (rule, now, expected, why) in [
        (&usual, pull(true, false, true), Outcome::Fires, ""),
        (&usual, pull(false, false, false), Outcome::Refused, "open pull requests only"),
        (&usual, pull(true, true, false), Outcome::Fires, ""),
        (&usual, pull(true, true, true), Outcome::Refused, "the fork was pushed to after the comment [look at what is there now"),
        (&never, pull(true, true, false), Outcome::Refused, "does not count for pull requests from forks"),
        (&never, Fact::Absent("nobody to ask".to_owned()), Outcome::Refused, "does not count for pull requests from forks"),
        (&usual, Fact::Unasked, Outcome::Undecided, "the pull request was not looked at"),
        (&usual, Fact::Unknown("the server is down".to_owned()), Outcome::Undecided, "the server is down"),
    ] {
        let (outcome, told) = decided(rule, now.clone());
        assert!(outcome == expected && told.contains(why), "{now:?}: {outcome:?} {told}");
    }
}

#[test]
fn several_commands_are_several_orders_and_the_same_twice_is_one() {
    let plan = given(&retrain(), "/retrain 0.2\n\n/retrain lr=0.3 data=recent\n\n/retrain lr=0.2\n", RoleName::Write);
    assert_eq!(outcomes(&plan), [Outcome::Fires, Outcome::Fires, Outcome::Duplicate]);
    let keys: Vec<&str> = plan.decisions.iter().map(|decision| decision.order.as_ref().expect("an order").key.as_str()).collect();
    assert_ne!(keys[0], keys[1]);
    assert_eq!(keys[0], keys[2]);
    let parameters = |at: usize| plan.decisions[at].order.as_ref().map(|order| json!(order.parameters));
    assert_eq!(parameters(0), Some(json!({"lr": 0.2, "data": "all"})));
    assert_eq!(parameters(1), Some(json!({"lr": 0.3, "data": "recent"})));
}

#[test]
fn a_command_that_cannot_be_understood_says_what_and_how() {
    for (body, why) in [
        ("/retrain lr=fast", "line 1 of the comment: parameter `lr` has a value of the wrong type: `fast` [write a finite decimal number"),
        ("/retrain 7", "parameter `lr` is out of range: `7` [write a number from 0 to 1]"),
        ("/retrain data=rescent", "parameter `data` is none of its choices: `rescent` [did you mean `recent`?"),
        ("/retrain lrr=0.1", "there is no parameter `lrr` [did you mean `lr`?"),
        ("/retrain lr=0.1 lr=0.2", "parameter `lr` is given twice"),
        ("/retrain 0.1 0.2", "a value without a name is too much: `0.2`"),
        ("first\n\n/retrain data=\"all", "line 3 of the comment: a quote is not closed [close the quote"),
        ("/retrain data=a\u{200b}ll", "invisible character"),
    ] {
        let plan = given(&retrain(), body, RoleName::Write);
        assert_eq!(outcomes(&plan), [Outcome::Refused], "{body}");
        assert!(told(only(&plan)).contains(why), "{body}: {}", told(only(&plan)));
    }
}

#[test]
fn one_bad_command_does_not_take_the_good_ones_along() {
    let plan = given(&retrain(), "/retrain lr=fast\n\n/retrain lr=0.2", RoleName::Write);
    assert_eq!(outcomes(&plan), [Outcome::Refused, Outcome::Fires]);
}

#[test]
fn commands_go_to_the_rules_that_have_them() {
    let both = rules(&(retrain() + &with("promote", "")));
    let plan = decide(&both, &comment("/promote", json!({})), &facts(RoleName::Admin));
    let fired: Vec<&str> = plan.of(Outcome::Fires).map(|decision| decision.rule.as_str()).collect();
    assert_eq!(fired, ["promote"]);
}
