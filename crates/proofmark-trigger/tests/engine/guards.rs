//! What holds for all rules: strangers, events of our own, and chains without an end.

use proofmark_core::event::Event;
use proofmark_trigger::facts::{Fact, Facts, Needs, PullNow};
use proofmark_trigger::{Outcome, Past, Request, needs, plan};
use serde_json::json;

use crate::support::{changed, decide, event, only, outcome, pull_request, push, request, rules, told, trigger};

#[test]
fn pull_requests_from_forks_count_only_where_a_rule_says_so() {
    for (forks, expected) in [("", false), ("forks = 'command'", false), ("forks = 'never'", false), ("forks = 'always'", true)] {
        let rule = trigger("r", &format!("on = 'pull_request'\n{forks}"));
        let expected = if expected { Outcome::Fires } else { Outcome::Skipped };
        assert_eq!(outcome(&rule, &pull_request(true, &[]), &changed(&[])), expected, "{forks}");
        assert_eq!(outcome(&rule, &pull_request(false, &[]), &changed(&[])), Outcome::Fires, "{forks}");
    }
    let plan = decide(&rules(&trigger("r", "on = 'pull_request'")), &pull_request(true, &[]), &changed(&[]));
    assert!(told(only(&plan)).contains("its head is in another repository"), "{}", told(only(&plan)));
}

/// What GitHub sends with a comment does not say where the head lies.
#[test]
fn a_comment_may_be_on_a_strangers_pull_request_until_somebody_looks() {
    let comment = |fork: bool| {
        event(json!({
            "kind": "comment", "action": "created", "actor": {"login": "ada"}, "pull_request": {"number": 7, "fork": fork},
            "comment": {"id": 5, "on": 7, "body": "looks good", "author": {"login": "ada"}, "on_pull_request": true, "open": true},
        }))
    };
    let now = |fork: bool| Fact::Known(PullNow { open: true, fork, moved: false });
    for (event_says, pull, expected) in [
        (true, Fact::Unasked, Outcome::Undecided),
        (true, Fact::Unknown("no token".to_owned()), Outcome::Undecided),
        (true, Fact::Absent("nobody to ask".to_owned()), Outcome::Skipped),
        (true, now(true), Outcome::Skipped),
        (false, now(true), Outcome::Skipped),
        (false, now(false), Outcome::Fires),
    ] {
        let facts = Facts { pull: pull.clone(), ..changed(&[]) };
        assert_eq!(outcome(&trigger("r", "on = 'comment'\nactors = ['ada']"), &comment(event_says), &facts), expected, "{pull:?}");
        assert_eq!(
            outcome(&trigger("r", "on = 'comment'\nactors = ['ada']\nforks = 'always'"), &comment(event_says), &facts),
            Outcome::Fires,
            "{pull:?}"
        );
    }
    let asked = needs(&rules(&trigger("r", "on = 'comment'\nactors = ['ada']")), &comment(true), &Facts::default(), &request());
    assert_eq!(asked, Needs { pull: true, ..Needs::default() });
    let unknown = Facts { pull: Fact::Unknown("no token".to_owned()), ..changed(&[]) };
    let plan = decide(&rules(&trigger("r", "on = 'comment'\nactors = ['ada']")), &comment(true), &unknown);
    assert!(told(only(&plan)).contains("`forks` cannot be told: no token"), "{}", told(only(&plan)));
}

#[test]
fn runs_of_a_strangers_commit_are_a_strangers() {
    let run = event(json!({"kind": "workflow_run", "action": "completed", "run": {"name": "Test", "conclusion": "success", "fork": true}}));
    assert_eq!(outcome(&trigger("r", "on = 'workflow_run'"), &run, &changed(&[])), Outcome::Skipped);
}

fn by(login: &str) -> Event {
    event(json!({"kind": "push", "branch": "main", "actor": {"login": login}, "head": {"commit": "c1"}}))
}

#[test]
fn our_own_accounts_start_nothing_unless_a_rule_says_so() {
    let settings = "[triggers]\nown_accounts = [\"Acme-Bot\"]\n";
    let rule = format!("{settings}{}", trigger("r", "on = 'push'"));
    let own = format!("{settings}{}", trigger("r", "on = 'push'\nown = true"));
    for (login, expected) in [("acme-bot", Outcome::Stopped), ("ACME-BOT", Outcome::Stopped), ("acme-bot-2", Outcome::Fires)] {
        assert_eq!(outcome(&rule, &by(login), &changed(&[])), expected, "{login}");
        assert_eq!(outcome(&own, &by(login), &changed(&[])), Outcome::Fires, "{login}");
    }
    let mine = Request { own_account: Some("token-owner".to_owned()), ..request() };
    let plan = plan(&rules(&rule), &by("Token-Owner"), &changed(&[]), &Past::default(), &mine);
    assert_eq!(only(&plan).outcome, Outcome::Stopped);
    assert!(told(only(&plan)).contains("Token-Owner is our own account"), "{}", told(only(&plan)));
}

#[test]
fn a_chain_of_orders_has_an_end() {
    let of = |depth: u32| {
        let mut event = by("ada");
        event.depth = depth;
        event
    };
    for (settings, depth, expected) in [
        ("", 2, Outcome::Fires),
        ("", 3, Outcome::Stopped),
        ("", u32::MAX, Outcome::Stopped),
        ("[triggers]\nmax_depth = 1\n", 0, Outcome::Fires),
        ("[triggers]\nmax_depth = 1\n", 1, Outcome::Stopped),
        ("[triggers]\nmax_depth = 0\n", 0, Outcome::Stopped),
    ] {
        let rule = format!("{settings}{}", trigger("r", "on = 'push'\nown = true"));
        assert_eq!(outcome(&rule, &of(depth), &changed(&[])), expected, "{settings} {depth}");
    }
    let plan = decide(&rules(&trigger("r", "on = 'push'")), &of(3), &changed(&[]));
    assert!(told(only(&plan)).contains("3 orders led to it"), "{}", told(only(&plan)));
}

#[test]
fn only_the_rules_that_are_asked_for_are_decided() {
    let both = rules(&(trigger("one", "on = 'push'") + &trigger("two", "on = 'push'")));
    let some = Request { only: vec!["two".to_owned()], ..request() };
    let plan = plan(&both, &push(), &changed(&[]), &Past::default(), &some);
    assert_eq!(only(&plan).rule, "two");
}
