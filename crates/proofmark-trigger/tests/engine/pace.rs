//! How often, and what beside what: decided from what was started before.

use proofmark_core::event::{Event, Mark};
use proofmark_trigger::facts::{Fact, Facts};
use proofmark_trigger::{Decision, Outcome, Past, PastRun, Plan, Request, RunState, Waiting, group_hash, plan, rule_hash};
use proptest::prelude::*;

use crate::support::{NOW, changed, only, push, request, rules, told, trigger};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

fn paced(pace: &str) -> String {
    trigger("r", &format!("on = 'push'\npace = {{{pace}}}"))
}

/// The push of a commit of its own at a time.
fn pushed(number: u64, time: u64) -> Event {
    let mut event = push();
    event.head.commit = Some(format!("{number:010x}{:030}", 0));
    event.time = Some(time);
    event
}

/// A run of a rule, so many seconds ago.
fn run(rule: &str, group: Option<&str>, ago: u64, state: RunState) -> PastRun {
    let mark = Mark { depth: 1, rule: rule_hash(rule), group: group_hash(group), key: format!("{:016x}", ago + 1) };
    PastRun { mark, started: NOW - ago, state, place: format!("run {ago}") }
}

fn past(runs: Vec<PastRun>) -> Past {
    Past { runs, ..Past::default() }
}

fn at(policy: &str, event: &Event, past: &Past, now: u64) -> Plan {
    plan(&rules(policy), event, &changed(&[]), past, &Request { now, ..request() })
}

/// What becomes of the first rule for a push.
fn now(policy: &str, past: &Past) -> Decision {
    at(policy, &push(), past, NOW).decisions.remove(0)
}

fn passed(ago: &[u64]) -> Past {
    past(ago.iter().map(|ago| run("r", None, *ago, RunState::Passed)).collect())
}

#[test]
fn a_cooldown_counts_from_the_last_start_of_the_same_rule() {
    let policy = paced("cooldown = '1h'");
    for (ago, expected) in [(&[][..], Outcome::Fires), (&[0], Outcome::Held), (&[3_599, 9_000], Outcome::Held), (&[3_600], Outcome::Fires)]
    {
        let decision = now(&policy, &passed(ago));
        assert_eq!(decision.outcome, expected, "{ago:?}");
        if expected == Outcome::Held {
            assert_eq!(decision.until, Some(NOW - ago[0] + HOUR));
            assert_eq!(decision.reason.as_deref(), Some("the last start was less than 1h ago"));
        }
    }
    assert_eq!(now(&policy, &past(vec![run("other", None, 5, RunState::Passed)])).outcome, Outcome::Fires);
    // What failed did start.
    assert_eq!(now(&policy, &past(vec![run("r", None, 5, RunState::Failed)])).outcome, Outcome::Held);
}

#[test]
fn starts_are_counted_over_the_last_24_hours() {
    let policy = paced("per_day = 2");
    for (ago, expected, until) in [
        (&[5][..], Outcome::Fires, None),
        (&[5, 10], Outcome::Held, Some(NOW - 10 + DAY)),
        (&[5, 10, 15], Outcome::Held, Some(NOW - 10 + DAY)),
        (&[5, DAY - 1], Outcome::Held, Some(NOW + 1)),
        (&[5, DAY], Outcome::Fires, None),
    ] {
        let decision = now(&policy, &passed(ago));
        assert_eq!((decision.outcome, decision.until), (expected, until), "{ago:?}");
    }
    assert!(told(&now(&policy, &passed(&[5, 10]))).contains("2 of 2 starts within 24 hours are used"));
    // The journal and the forge tell of the same start, a little apart.
    let twice = [run("r", None, 5, RunState::Passed), PastRun { started: NOW - 7, ..run("r", None, 5, RunState::UnderWay) }];
    assert_eq!(now(&policy, &past(twice.to_vec())).outcome, Outcome::Fires);
}

#[test]
fn what_a_rule_may_cost() {
    let policy = paced("cost = 2.5, cost_per_day = 5.0");
    for (ago, expected, until) in [
        (&[][..], Outcome::Fires, None),
        (&[5], Outcome::Fires, None),
        (&[5, 10], Outcome::Held, Some(NOW - 10 + DAY)),
        (&[5, 10, 20], Outcome::Held, Some(NOW - 10 + DAY)),
    ] {
        let decision = now(&policy, &passed(ago));
        assert_eq!((decision.outcome, decision.until), (expected, until), "{ago:?}");
    }
    let never = now(&paced("cost = 9.0, cost_per_day = 5.0"), &Past::default());
    assert_eq!(never.outcome, Outcome::Rejected);
    assert_eq!(never.reason.as_deref(), Some("one run costs 9, more than the 5 of 24 hours"));
    assert_eq!(now(&paced("cost = 0.0, cost_per_day = 0.0"), &passed(&[1, 2, 3])).outcome, Outcome::Fires);
}

/// A tenth cannot be written as a float; ten of them are one all the same.
#[test]
fn costs_that_fill_a_budget_exactly_fit() {
    for (cost, most, fit) in [("0.1", "0.3", 3), ("0.1", "1.0", 10), ("0.7", "2.1", 3)] {
        let policy = paced(&format!("cost = {cost}, cost_per_day = {most}"));
        let before = |many: u64| passed(&(0..many).map(|at| at * 10).collect::<Vec<_>>());
        assert_eq!(now(&policy, &before(fit - 1)).outcome, Outcome::Fires, "{cost} of {most}");
        assert_eq!(now(&policy, &before(fit)).outcome, Outcome::Held, "{cost} of {most}");
    }
}

#[test]
fn what_all_rules_together_may_cost() {
    let policy = |most: &str| {
        let free = trigger("free", "on = 'pull_request'");
        let dear = trigger("dear", "on = 'pull_request'\npace.cost = 4.0");
        format!("[triggers]\ncost_per_day = {most}\n{}{free}{dear}", paced("cost = 2.0"))
    };
    let before =
        past(vec![run("dear", None, 50, RunState::Passed), run("r", None, 10, RunState::Passed), run("free", None, 90, RunState::Passed)]);
    assert_eq!(now(&policy("8.0"), &before).outcome, Outcome::Fires);
    let held = now(&policy("7.0"), &before);
    assert_eq!((held.outcome, held.until), (Outcome::Held, Some(NOW - 50 + DAY)));
    assert!(told(&held).contains("6 of the 7 that all triggers may cost within 24 hours are spent"), "{}", told(&held));
    let never = now(&policy("1.0"), &Past::default());
    assert_eq!(never.outcome, Outcome::Rejected, "no time brings what is more than all: {}", told(&never));
}

#[test]
fn one_of_a_group_at_a_time() {
    let policy = |busy: &str| paced(&format!("group = 'gpu', busy = '{busy}'"));
    let other = |group: &str, state| past(vec![run("other", Some(group), 60, state)]);
    for (busy, expected) in [("queue", Outcome::Held), ("reject", Outcome::Rejected), ("replace", Outcome::Fires)] {
        let decision = now(&policy(busy), &other("gpu", RunState::UnderWay));
        assert_eq!(decision.outcome, expected, "{busy}");
        if busy == "replace" {
            assert_eq!(decision.replaces, Some(other("gpu", RunState::UnderWay).runs[0].mark.to_string()));
        } else {
            assert_eq!(decision.reason.as_deref(), Some("run 60 of the group `gpu` is under way"));
            assert_eq!(decision.until, None, "nobody knows when it ends");
        }
        assert_eq!(now(&policy(busy), &other("gpu", RunState::Passed)).outcome, Outcome::Fires);
        assert_eq!(now(&policy(busy), &other("cpu", RunState::UnderWay)).outcome, Outcome::Fires);
        assert_eq!(now(&policy(busy), &other("gpu", RunState::Passed)).replaces, None);
    }
}

#[test]
fn orders_of_one_plan_are_held_against_each_other() {
    let two = |busy: &str| {
        let one = |name: &str| trigger(name, &format!("on = 'push'\npace = {{group = 'gpu', busy = '{busy}'}}"));
        let plan = at(&(one("first") + &one("second")), &push(), &Past::default(), NOW);
        plan.decisions.iter().map(|decision| decision.outcome).collect::<Vec<_>>()
    };
    assert_eq!(two("queue"), [Outcome::Fires, Outcome::Held]);
    assert_eq!(two("reject"), [Outcome::Fires, Outcome::Rejected]);
    let plan = at(
        &format!(
            "[triggers]\ncost_per_day = 3.0\n{}{}",
            trigger("a", "on = 'push'\npace.cost = 2.0"),
            trigger("b", "on = 'push'\npace.cost = 2.0")
        ),
        &push(),
        &Past::default(),
        NOW,
    );
    let outcomes: Vec<Outcome> = plan.decisions.iter().map(|decision| decision.outcome).collect();
    assert_eq!(outcomes, [Outcome::Fires, Outcome::Held]);
}

fn waiting(number: u64, since: u64) -> Waiting {
    let plan = at(&paced("quiet = '5m'"), &pushed(number, since), &Past::default(), since);
    let decision = only(&plan);
    let order = decision.order.as_ref().expect("an order");
    Waiting { mark: order.mark().clone(), gather: decision.gather.clone(), since: decision.since, event: order.events[0].clone() }
}

fn wait(waiting: Vec<Waiting>) -> Past {
    Past { waiting, ..Past::default() }
}

/// As the forge's own concurrency has it: one runs, and one waits.
#[test]
fn a_newer_order_takes_the_place_of_one_that_waits_for_its_group() {
    let policy = paced("group = 'gpu'");
    let queued = |number, since| {
        let order = only(&at(&policy, &pushed(number, since), &Past::default(), since)).order.clone().expect("an order");
        Waiting { mark: order.mark().clone(), ..waiting(number, since) }
    };
    for busy in [vec![run("other", Some("gpu"), 60, RunState::UnderWay)], Vec::new()] {
        let free = busy.is_empty();
        let before = Past { runs: busy, waiting: vec![queued(1, NOW - 20), queued(2, NOW - 10)], unknown: None };
        let older = only(&at(&policy, &pushed(1, NOW - 20), &before, NOW)).clone();
        assert_eq!(older.outcome, Outcome::Superseded);
        assert_eq!(older.reason.as_deref(), Some("push main 0000000002 took its place in the group `gpu`"));
        let newer = only(&at(&policy, &pushed(2, NOW - 10), &before, NOW)).clone();
        assert_eq!(newer.outcome, if free { Outcome::Fires } else { Outcome::Held });
    }
}

#[test]
fn events_are_gathered_until_it_is_quiet() {
    let policy = paced("quiet = '5m'");
    let held = only(&at(&policy, &pushed(1, NOW), &Past::default(), NOW)).clone();
    assert_eq!((held.outcome, held.until), (Outcome::Held, Some(NOW + 300)));
    assert_eq!(held.reason.as_deref(), Some("events are gathered until it has been quiet for 5m"));
    // It waits itself, and does not stand in its own way.
    let waits = wait(vec![waiting(1, NOW)]);
    assert_eq!(only(&at(&policy, &pushed(1, NOW), &waits, NOW + 299)).outcome, Outcome::Held);
    assert_eq!(only(&at(&policy, &pushed(1, NOW), &waits, NOW + 300)).outcome, Outcome::Fires);
    // An event that lies in the future is one of now.
    assert_eq!(only(&at(&policy, &pushed(1, NOW + DAY), &Past::default(), NOW)).until, Some(NOW + 300));
}

/// Else each look at it would begin the wait anew.
#[test]
fn an_event_that_does_not_tell_its_time_came_when_it_was_written_down() {
    let policy = paced("quiet = '5m'");
    let mut timeless = pushed(1, NOW);
    timeless.time = None;
    let waits = wait(vec![waiting(1, NOW)]);
    assert_eq!(only(&at(&policy, &timeless, &waits, NOW + 299)).until, Some(NOW + 300));
    assert_eq!(only(&at(&policy, &timeless, &waits, NOW + 300)).outcome, Outcome::Fires);
}

#[test]
fn the_newest_event_stands_for_all_and_names_them() {
    let policy = paced("quiet = '5m'");
    let waits = wait(vec![waiting(1, NOW), waiting(2, NOW + 60)]);
    let older = only(&at(&policy, &pushed(1, NOW), &waits, NOW + 400)).clone();
    assert_eq!(older.outcome, Outcome::Superseded);
    assert!(told(&older).contains("came after it and stands for both"), "{}", told(&older));
    let newer = only(&at(&policy, &pushed(2, NOW + 60), &waits, NOW + 400)).clone();
    assert_eq!(newer.outcome, Outcome::Fires);
    assert_eq!(newer.order.expect("an order").events, ["push main 0000000001", "push main 0000000002"]);
    // Another branch is gathered by itself.
    let mut elsewhere = pushed(3, NOW - 600);
    elsewhere.branch = Some("next".to_owned());
    assert_eq!(only(&at(&policy, &elsewhere, &waits, NOW + 400)).outcome, Outcome::Fires);
}

/// Two events of the same second: one of them has to stand for both.
#[test]
fn events_of_one_second_are_started_once() {
    let policy = paced("quiet = '5m'");
    let waits = wait(vec![waiting(1, NOW), waiting(2, NOW)]);
    let outcomes: Vec<Outcome> = [1, 2].iter().map(|number| only(&at(&policy, &pushed(*number, NOW), &waits, NOW + 400)).outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Fires).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Superseded).count(), 1, "{outcomes:?}");
}

#[test]
fn gathering_has_an_end() {
    let policy = paced("quiet = '5m', longest_wait = '7m'");
    let waits = wait(vec![waiting(1, NOW), waiting(2, NOW + 240)]);
    let at = |now| only(&at(&policy, &pushed(2, NOW + 240), &waits, now)).clone();
    assert_eq!((at(NOW + 300).outcome, at(NOW + 300).until), (Outcome::Held, Some(NOW + 420)));
    assert_eq!(at(NOW + 420).outcome, Outcome::Fires);
}

#[test]
fn what_is_gathered_together_is_the_rules_choice() {
    let policy = paced("quiet = '5m', gather = '{{ event.repository }}'");
    let first = only(&at(&policy, &pushed(1, NOW), &Past::default(), NOW)).clone();
    assert_eq!(first.gather, "acme/widgets");
    let waits = wait(vec![Waiting { gather: "acme/widgets".to_owned(), ..waiting(2, NOW + 10) }]);
    assert_eq!(only(&at(&policy, &pushed(1, NOW), &waits, NOW + 400)).outcome, Outcome::Superseded);
}

#[test]
fn a_branch_that_went_on_stands_for_what_was_pushed_before() {
    let tip = |tip: &str| Facts { tip: Fact::Known(tip.to_owned()), ..changed(&[]) };
    let policy = rules(&paced("group = 'gpu'"));
    let decide = |facts: &Facts| {
        let plan = plan(&policy, &push(), facts, &Past::default(), &request());
        (only(&plan).outcome, told(only(&plan)))
    };
    assert_eq!(decide(&tip(&"1b".repeat(20))).0, Outcome::Fires);
    let (outcome, why) = decide(&tip(&"2c".repeat(20)));
    assert_eq!((outcome, why.as_str()), (Outcome::Superseded, "the branch is at 2c2c2c2c2c now []"));
}

#[test]
fn where_the_past_is_not_known_nothing_that_depends_on_it_is_decided() {
    let unknown = Past { unknown: Some("the server is down".to_owned()), ..Past::default() };
    for pace in ["cooldown = '1h'", "per_day = 1", "cost = 1.0, cost_per_day = 5.0", "group = 'gpu'"] {
        let decision = now(&paced(pace), &unknown);
        assert_eq!(decision.outcome, Outcome::Undecided, "{pace}");
        assert!(told(&decision).contains("what was started before is not known: the server is down"), "{}", told(&decision));
    }
    let total = format!("[triggers]\ncost_per_day = 5.0\n{}", paced("cost = 1.0"));
    assert_eq!(now(&total, &unknown).outcome, Outcome::Undecided);
    assert_eq!(now(&paced(""), &unknown).outcome, Outcome::Fires, "the target looks for the key itself");
}

#[test]
fn a_chain_that_was_begun_goes_on_in_spite_of_its_pace() {
    let chain = "[[trigger]]\nname = 'r'\non = 'push'\npace = {group = 'g', cooldown = '1h', per_day = 1}\n\
        step = [{name = 'a', start.command.argv = ['x']}, {name = 'b', start.command.argv = ['x']}]\n";
    let order = now(chain, &Past::default()).order.expect("an order");
    let mark = Mark::parse(&order.steps[0].key).expect("a mark");
    let begun = PastRun { mark, started: NOW - 5, state: RunState::UnderWay, place: "run 1".to_owned() };
    assert_eq!(now(chain, &past(vec![begun])).outcome, Outcome::Fires);
}

proptest! {
    /// However events come, also after a long rest: no 24 hours ever hold more starts than the rule lets through.
    #[test]
    fn no_day_holds_more_starts_than_the_rule_says(
        gaps in proptest::collection::vec(prop_oneof![0_u64..600, 0..20 * HOUR, 20 * HOUR..60 * HOUR], 1..60),
        most in 1_usize..5,
        cooldown in 0_u64..7_200,
    ) {
        let policy = rules(&paced(&format!("per_day = {most}, cooldown = '{cooldown}s', cost = 0.5, cost_per_day = {}", most as f64 * 0.5)));
        let (mut now, mut past, mut starts) = (NOW, Past::default(), Vec::new());
        for (number, gap) in gaps.iter().enumerate() {
            now += gap;
            let plan = plan(&policy, &pushed(number as u64, now), &changed(&[]), &past, &Request { now, ..request() });
            let decision = only(&plan);
            match decision.outcome {
                Outcome::Fires => {
                    let mark = decision.order.as_ref().expect("an order").mark().clone();
                    past.runs.push(PastRun { mark, started: now, state: RunState::Passed, place: String::new() });
                    starts.push(now);
                }
                // What is due then does start then.
                Outcome::Held => prop_assert!(decision.until.is_some_and(|until| until > now && until <= now + DAY)),
                other => prop_assert!(false, "{other:?}"),
            }
        }
        prop_assert!(!starts.is_empty());
        for (at, start) in starts.iter().enumerate() {
            let in_window = starts[at..].iter().filter(|other| **other < start + DAY).count();
            prop_assert!(in_window <= most, "{starts:?}");
        }
        prop_assert!(starts.windows(2).all(|two| two[1] - two[0] >= cooldown));
    }

    /// Whoever waits until an order is due is let through then, unless something else started in between.
    #[test]
    fn what_is_due_starts(ago in proptest::collection::vec(0_u64..2 * DAY, 0..8), most in 1_usize..4, hours in 0_u64..30) {
        let policy = paced(&format!("per_day = {most}, cooldown = '{hours}h', cost = 1.0, cost_per_day = {most}.0"));
        let before = passed(&ago);
        let (mut time, mut tries) = (NOW, 0);
        loop {
            let plan = at(&policy, &push(), &before, time);
            let decision = only(&plan);
            if decision.outcome == Outcome::Fires {
                break;
            }
            prop_assert_eq!(decision.outcome, Outcome::Held);
            time = decision.until.expect("a time");
            tries += 1;
            prop_assert!(tries <= 3, "each limit holds it back once: {:?}", ago);
        }
    }
}
