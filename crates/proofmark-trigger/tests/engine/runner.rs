//! Orders carried out, with targets that fail in every way, and crashes at every place: whatever happens, each key is started
//! once.

mod fake;

use proofmark_core::event::Event;
use proofmark_trigger::journal::{Entry, Journal, What};
use proofmark_trigger::runner::{OrderDone, check, run};
use proofmark_trigger::target::{Fault, Origin};
use proofmark_trigger::{Call, Outcome, Past, RunState, plan};

use self::fake::{Fate, World};
use crate::support::{NOW, changed, only, order, push, request, rules, trigger};

/// train → evaluate → gate → promote → deploy → verify, then back where that failed, and a word in any case.
fn chain() -> String {
    let step = |name: &str, more: &str, words: &str| {
        format!("[[trigger.step]]\nname = \"{name}\"\n{more}\n[trigger.step.start.command]\nargv = [\"x\", \"{name}\"{words}]\n")
    };
    let steps = [
        step("train", "timeout = '2h'", ""),
        step("evaluate", "", ", '{{ steps.train.url }}', '{{ steps.train.id }}'"),
        step("gate", "", ""),
        step("promote", "", ""),
        step("deploy", "environment = 'production'", ""),
        step("verify", "", ", '{{ steps.deploy.conclusion }}'"),
        step("rollback", "after = 'failed'\nenvironment = 'production'", ""),
        step("tell", "after = 'always'", ""),
    ];
    format!("[[trigger]]\nname = 'deliver'\non = 'push'\npace = {{group = 'delivery', per_day = 1, cooldown = '1h'}}\n{}", steps.concat())
}

fn results(done: &OrderDone) -> Vec<(&str, Option<bool>)> {
    done.steps.iter().map(|step| (step.name.as_str(), step.result.as_ref().map(|result| result.passed))).collect()
}

const STEPS: [&str; 6] = ["train", "evaluate", "gate", "promote", "deploy", "verify"];

#[test]
fn a_chain_runs_step_by_step_each_waiting_for_the_one_before() {
    let world = World::default();
    let done = world.run(&order(&chain(), &push()), true);
    assert!(!done.has_failed() && done.error.is_none());
    let passed = |name| (name, Some(true));
    let mut expected: Vec<_> = STEPS.map(passed).to_vec();
    expected.extend([("rollback", None), ("tell", Some(true))]);
    assert_eq!(results(&done), expected);
    let log = world.take_log();
    assert_eq!(log[..4], ["start train", "wait train 7200s", "start evaluate", "wait evaluate"]);
    let deployed = ["deployment 1 to production", "deployment 1 in_progress", "start deploy", "wait deploy", "deployment 1 success"];
    assert_eq!(log[8..13], deployed);
    assert!(!log.iter().any(|line| line.contains("rollback")), "{log:?}");
    assert!(world.said.borrow().contains(&"`deliver`, step `train` started: https://ci/train".to_owned()), "{:?}", world.said.borrow());
    assert!(world.said.borrow().contains(&"`deliver`, step `train` passed: success".to_owned()));
}

#[test]
fn steps_see_what_those_before_came_to() {
    let order = order(&chain(), &push());
    let Call::Command { argv, .. } = &order.steps[1].call else { panic!("{order:?}") };
    assert_eq!(argv[2..], ["<steps.train.url>", "<steps.train.id>"], "a look at the order says what is not known yet");
    let world = World::default();
    world.run(&order, true);
    let words = |at: usize| match &world.calls.borrow()[at] {
        Call::Command { argv, .. } => argv[2..].to_vec(),
        other => panic!("{other:?}"),
    };
    assert_eq!(words(1), ["https://ci/train", "7"]);
    assert_eq!(words(5), ["success"]);
}

#[test]
fn a_failure_leaves_the_rest_out_and_rolls_back() {
    for (at, failing) in STEPS.iter().enumerate() {
        let world = World::with(&[(failing, Fate::Fails)]);
        let done = world.run(&order(&chain(), &push()), true);
        assert!(done.has_failed() && done.error.is_none(), "{failing}");
        let mut expected: Vec<(&str, Option<bool>)> = STEPS[..at].iter().map(|name| (*name, Some(true))).collect();
        expected.push((failing, Some(false)));
        expected.extend(STEPS[at + 1..].iter().map(|name| (*name, None)));
        expected.extend([("rollback", Some(true)), ("tell", Some(true))]);
        assert_eq!(results(&done), expected);
        let entries = world.entries();
        assert!(
            entries.contains(&format!("{failing} finished failed")) && entries.ends_with(&["order finished failed".to_owned()]),
            "{entries:?}"
        );
    }
    let world = World::with(&[("verify", Fate::Fails)]);
    world.run(&order(&chain(), &push()), true);
    let log = world.take_log();
    let statuses: Vec<&String> = log.iter().filter(|line| line.starts_with("deployment")).collect();
    let expected = ["1 to production", "1 in_progress", "1 success", "2 to production", "2 in_progress", "2 success"];
    assert_eq!(statuses, expected.map(|line| format!("deployment {line}")).iter().collect::<Vec<_>>());
    let world = World::with(&[("deploy", Fate::Fails)]);
    world.run(&order(&chain(), &push()), true);
    assert!(world.take_log().contains(&"deployment 1 failure".to_owned()));
}

#[test]
fn the_journal_says_what_happened_in_order() {
    let world = World::with(&[("evaluate", Fate::Fails)]);
    world.run(&order(&chain(), &push()), true);
    let expected = [
        "order started",
        "train started",
        "train finished passed",
        "evaluate started",
        "evaluate finished failed",
        "rollback started",
        "rollback finished passed",
        "tell started",
        "tell finished passed",
        "order finished failed",
    ];
    assert_eq!(world.entries(), expected);
}

/// The start of a chain is one start, of which its steps are no further ones.
#[test]
fn a_chain_counts_once() {
    let world = World::default();
    let twice = chain().replace("per_day = 1, cooldown = '1h'", "per_day = 2, cost = 1.0, cost_per_day = 2.0");
    let rule = rules(&format!("[triggers]\ncost_per_day = 2.0\n{twice}"));
    world.run(&order(&twice, &push()), true);
    let mut later = push();
    later.head.commit = Some("2c".repeat(20));
    let decide = |past: &Past, event: &Event| only(&plan(&rule, event, &changed(&[]), past, &request())).clone();
    let past = world.past();
    assert_eq!(past.with_key(&order(&twice, &push()).mark().key).map(|run| run.state), Some(RunState::Passed));
    assert_eq!(decide(&past, &push()).outcome, Outcome::Duplicate);
    let second = decide(&past, &later);
    assert_eq!(second.outcome, Outcome::Fires, "{:?}", second.reason);
    world.run(&second.order.expect("an order"), true);
    later.head.commit = Some("3d".repeat(20));
    assert_eq!(decide(&world.past(), &later).outcome, Outcome::Held);
}

#[test]
fn two_chains_of_one_plan_count_each() {
    let command = chain().replace("on = 'push'", "command = {verb = 'deliver', role = 'anyone'}\nparameters.n.type = 'integer'");
    let event = crate::support::event(serde_json::json!({
        "kind": "comment", "action": "created",
        "comment": {"id": 1, "on": 7, "body": "/deliver n=1\n\n/deliver n=2", "author": {"login": "ada"}, "on_pull_request": false, "open": true},
    }));
    let command = command.replace("role = 'anyone'", "role = 'anyone', issues = true").replace("group = 'delivery', ", "");
    let plan = crate::support::decide(&rules(&command), &event, &changed(&[]));
    assert_eq!(plan.decisions.iter().map(|decision| decision.outcome).collect::<Vec<_>>(), [Outcome::Fires, Outcome::Held]);
}

#[test]
fn a_crash_at_any_place_and_a_second_run_start_each_step_once() {
    let order = order(&chain(), &push());
    let whole = World::default();
    whole.run(&order, true);
    let records = whole.entries().len() as u32;
    for left in 0..records {
        let world = World::default();
        world.records_left.set(Some(left));
        let first = world.run(&order, true);
        assert!(first.error.is_some_and(|error| error.message.contains("the disk is full")), "{left}");
        world.records_left.set(None);
        let second = world.run(&order, true);
        assert!(!second.has_failed(), "{left}: {second:?}");
        let started = world.started.borrow();
        assert_eq!(started.len(), 7, "{left}");
        assert!(started.values().all(|times| *times == 1), "{left}: {started:?}");
        assert_eq!(world.past().with_key(&order.mark().key).map(|run| run.state), Some(RunState::Passed), "{left}");
    }
}

/// What could not be done is tried again, whatever the rule says of pauses: the chain goes on where it stood.
#[test]
fn a_chain_that_broke_off_goes_on() {
    let rule = rules(&chain());
    for (fate, starts) in [(Fate::Outside, 0), (Fate::Doubt, 1), (Fate::LostWhileWaiting, 1)] {
        for broken in STEPS {
            let world = World::with(&[(broken, fate)]);
            let done = world.run(&order(&chain(), &push()), true);
            let error = done.error.clone().expect("an error");
            assert!(error.message.starts_with(&format!("trigger `deliver` (line 1), step `{broken}`: the ")), "{}", error.message);
            assert!(done.has_failed());
            let of_broken = world.started.borrow().len();
            assert_eq!(of_broken, STEPS.iter().position(|name| *name == broken).expect("a step") + starts, "{broken} {fate:?}");
            world.fates.borrow_mut().clear();
            let again = plan(&rule, &push(), &changed(&[]), &world.past(), &request());
            assert_eq!(only(&again).outcome, Outcome::Fires, "{broken} {fate:?}: {:?}", only(&again).reason);
            let second = world.run(only(&again).order.as_ref().expect("an order"), true);
            assert!(!second.has_failed(), "{second:?}");
            assert!(world.started.borrow().values().all(|times| *times == 1), "{broken} {fate:?}");
        }
    }
}

#[test]
fn a_start_in_doubt_is_looked_up_and_not_repeated() {
    let single = "[[trigger]]\nname = 'r'\non = 'push'\nstart.command.argv = ['x', 'train']\n";
    let order = order(single, &push());
    let world = World::with(&[("train", Fate::Doubt)]);
    let done = world.run(&order, true);
    assert_eq!(done.error.map(|error| error.fault), Some(Fault::Doubt));
    assert_eq!(world.entries(), ["order doubtful"]);
    assert_eq!(world.past(), Past::default(), "the next try looks for itself");
    world.fates.borrow_mut().clear();
    let done = world.run(&order, true);
    assert_eq!(done.steps[0].receipt.as_ref().map(|receipt| receipt.origin), Some(Origin::Earlier));
    assert_eq!(world.take_log(), ["start train", "adopt train", "wait train"]);
    let found = World::with(&[("train", Fate::FoundAgain)]);
    assert!(!found.run(&order, true).has_failed());
    assert!(found.said.borrow()[0].contains("the answer was lost, and the run found"), "{:?}", found.said.borrow());
    assert_eq!(found.entries(), ["order started", "order finished passed"]);
}

#[test]
fn a_start_that_failed_is_written_down_and_shown() {
    let single = "[[trigger]]\nname = 'r'\non = 'push'\nstart.command.argv = ['x', 'train']\n";
    let world = World::with(&[("train", Fate::Outside)]);
    let done = world.run(&order(single, &push()), true);
    assert_eq!(done.error.map(|error| error.message), Some("trigger `r` (line 1): the server is down".to_owned()));
    assert_eq!(world.entries(), ["order failed"]);
    let world = World::with(&[("deploy", Fate::Outside)]);
    world.run(&order(&chain(), &push()), true);
    assert_eq!(world.take_log().last().map(String::as_str), Some("deployment 1 error"));
    let world = World::with(&[("deploy", Fate::LostWhileWaiting)]);
    world.run(&order(&chain(), &push()), true);
    assert_eq!(world.take_log().last().map(String::as_str), Some("deployment 1 error"));
}

#[test]
fn the_last_step_is_waited_for_only_where_somebody_wants_it() {
    let two = "[[trigger]]\nname = 'r'\non = 'push'\nstep = [{name = 'a', start.command.argv = ['x', 'a']}, {name = 'b', start.command.argv = ['x', 'b']}]\n";
    let world = World::default();
    let done = world.run(&order(two, &push()), false);
    assert_eq!(results(&done), [("a", Some(true)), ("b", None)]);
    assert_eq!(world.take_log(), ["start a", "wait a", "start b"]);
    assert_eq!(world.entries(), ["order started", "a started", "a finished passed", "b started"], "what nobody waited for has not ended");
    let states: Vec<RunState> = world.past().runs.iter().map(|run| run.state).collect();
    assert_eq!(states, [RunState::UnderWay, RunState::Passed, RunState::UnderWay]);
    // What cannot be waited for is taken as it is.
    let deaf = World::with(&[("b", Fate::Deaf)]);
    assert_eq!(results(&deaf.run(&order(two, &push()), true)), [("a", Some(true)), ("b", None)]);
}

#[test]
fn nothing_is_started_where_something_is_missing() {
    let world = World::with(&[("verify", Fate::Unready)]);
    let error = world.ports(|ports| check(&order(&chain(), &push()), ports)).expect_err("unready");
    assert_eq!(error.message, "trigger `deliver` (line 1), step `verify`: there is no token");
    assert_eq!((error.fault, error.hints), (Fault::Input, vec!["give one in `TOKEN`".to_owned()]));
    assert!(world.take_log().is_empty() && world.entries().is_empty());
    assert_eq!(World::default().ports(|ports| check(&order(&chain(), &push()), ports)), Ok(()));
}

#[test]
fn a_run_that_has_to_make_room_is_stopped_first() {
    let world = World::default();
    let single = order("[[trigger]]\nname = 'r'\non = 'push'\nstart.command.argv = ['x', 'train']\n", &push());
    let other = "pm1-1-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9";
    let done = world.ports(|ports| run(&single, false, Some(other), &Entry::new(What::Accepted, NOW), ports));
    assert!(done.error.is_none());
    assert_eq!(world.take_log(), [format!("stop {other}"), "start train".to_owned()]);
    assert_eq!(world.entries(), ["order stopped", "order started"]);
}

#[test]
fn every_entry_says_what_the_event_was() {
    let world = World::default();
    let about = Entry { event: "push main".to_owned(), delivery: Some("delivery-1".to_owned()), ..Entry::new(What::Accepted, 1) };
    world.ports(|ports| {
        run(
            &order(&trigger("r", "on = 'push'").replace("start.workflow.file = \"train.yml\"", "start.command.argv = ['x', 'a']"), &push()),
            true,
            None,
            &about,
            ports,
        )
    });
    let journal = Journal::read(&world.journal.borrow()).expect("a journal");
    for entry in &journal.entries {
        let told = (entry.event.as_str(), entry.delivery.as_deref(), entry.rule.as_deref(), entry.time);
        assert_eq!(told, ("push main", Some("delivery-1"), Some("r"), NOW));
    }
    assert_eq!(journal.entries[0].place.as_deref(), Some("https://ci/a"));
    assert_eq!(journal.entries[1].detail.as_deref(), Some("success"));
}
