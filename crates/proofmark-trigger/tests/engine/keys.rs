//! What makes two orders the same, and how far a chain has come.

use proofmark_core::event::{Event, Mark};
use proofmark_trigger::{Order, Outcome, Past, Request, group_hash, plan, rule_hash};
use serde_json::json;

use crate::support::{changed, event, only, order, pull_request, push, request, rules, trigger};

fn with_lr(value: &str) -> String {
    trigger("r", &format!("on = ['push', 'pull_request', 'workflow_dispatch']\nparameters.lr = {{type = 'number', value = {value}}}"))
}

#[test]
fn the_same_event_rule_and_parameters_have_one_key() {
    let key = |rule: &str, event: &Event| order(rule, event).key;
    let first = key(&with_lr("0.1"), &push());
    assert_eq!(first, key(&with_lr("0.1"), &push()));
    assert_ne!(first, key(&with_lr("0.2"), &push()), "parameters");
    assert_ne!(first, key(&with_lr("0.1").replace("\"r\"", "\"other\""), &push()), "the rule");
    let mut later = push();
    later.head.commit = Some("2c".repeat(20));
    assert_ne!(first, key(&with_lr("0.1"), &later), "the commit");
    let mut elsewhere = push();
    elsewhere.repository = Some("acme/gadgets".to_owned());
    assert_ne!(first, key(&with_lr("0.1"), &elsewhere), "the repository");
    let mut redelivered = push();
    (redelivered.id, redelivered.time) = (Some("delivery-2".to_owned()), Some(1));
    assert_eq!(first, key(&with_lr("0.1"), &redelivered), "the delivery is no part of what it means");
}

#[test]
fn a_push_and_its_pull_request_are_one() {
    let mut pull = pull_request(false, &[]);
    pull.action = Some("synchronize".to_owned());
    let mut pushed = push();
    pushed.branch = Some("model/wide".to_owned());
    let rule = with_lr("0.1");
    assert_eq!(order(&rule, &pushed).key, order(&rule, &pull).key);
    pull.action = Some("closed".to_owned());
    assert_ne!(order(&rule, &pushed).key, order(&rule, &pull).key, "merging is another thing");
}

#[test]
fn what_people_start_by_hand_is_new_each_time_but_not_each_delivery() {
    let by_hand = |id: &str| event(json!({"kind": "workflow_dispatch", "id": id, "repository": "acme/widgets"}));
    let key = |id: &str| order(&with_lr("0.1"), &by_hand(id)).key;
    assert_ne!(key("1"), key("2"));
    assert_eq!(key("1"), key("1"));
}

#[test]
fn whoever_wants_it_once_more_gets_another_key() {
    let key = |again: Option<&str>| {
        let request = Request { again: again.map(str::to_owned), ..request() };
        let plan = plan(&rules(&with_lr("0.1")), &push(), &changed(&[]), &Past::default(), &request);
        only(&plan).order.as_ref().expect("an order").key.clone()
    };
    let keys = [key(None), key(Some("ada, Monday")), key(Some("ada, Tuesday"))];
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    assert_eq!(key(Some("ada, Monday")), keys[1]);
}

fn parts(order: &Order) -> Mark {
    Mark::parse(&order.key).expect("a mark")
}

#[test]
fn a_key_says_rule_group_and_depth() {
    let mark = parts(&order(&trigger("r", "on = 'push'"), &push()));
    assert_eq!((mark.depth, mark.rule, mark.group), (1, rule_hash("r"), group_hash(None)));
    let grouped = trigger("r", "on = 'push'\npace.group = 'gpu {{ event.branch }}'");
    let order = order(&grouped, &push());
    assert_eq!((order.group.as_deref(), parts(&order).group), (Some("gpu main"), group_hash(Some("gpu main"))));
    assert_ne!(group_hash(Some("gpu main")), group_hash(None));
}

#[test]
fn each_order_is_one_deeper_than_what_led_to_it() {
    let deep = format!("[triggers]\nmax_depth = 4000000000\n{}", trigger("r", "on = 'push'"));
    for (depth, expected) in [(0, 1), (1, 2), (98, 99), (500, 99)] {
        let mut pushed = push();
        pushed.depth = depth;
        assert_eq!(parts(&order(&deep, &pushed)).depth, expected);
    }
}

#[test]
fn each_step_has_a_key_of_its_own() {
    let step = |name: &str| format!("{{name = '{name}', start.command.argv = ['x', '{{{{ key }}}}']}}");
    let chain = format!("[[trigger]]\nname = 'r'\non = 'push'\npace.group = 'g'\nstep = [{}, {}]\n", step("train"), step("deploy"));
    let order = order(&chain, &push());
    let marks: Vec<Mark> = order.steps.iter().map(|step| Mark::parse(&step.key).expect("a mark")).collect();
    assert!(order.is_chain() && marks[0].key != marks[1].key && marks.iter().all(|mark| mark.key != parts(&order).key));
    assert!(marks.iter().all(|mark| mark.group == group_hash(Some("g")) && mark.depth == 1));
    assert_eq!(marks[0].rule, rule_hash("r"), "the first stands for the rule where starts are counted");
    assert_ne!(marks[1].rule, rule_hash("r"));
    let told: Vec<String> = order.steps.iter().map(|step| json!(step.call)["argv"][1].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(told, [order.steps[0].key.clone(), order.steps[1].key.clone()]);
    // One that is alone has the order's.
    let single = crate::support::order(&trigger("r", "on = 'push'"), &push());
    assert_eq!(single.steps[0].key, single.key);
}

#[test]
fn what_was_started_before_is_a_duplicate_however_it_stands() {
    use proofmark_trigger::{PastRun, RunState};
    let rule = rules(&with_lr("0.1"));
    let mark = parts(&order(&with_lr("0.1"), &push()));
    for (state, how) in [(RunState::UnderWay, "run 7 is under way"), (RunState::Passed, "run 7 passed"), (RunState::Failed, "run 7 failed")]
    {
        let run = PastRun { mark: mark.clone(), started: 5, state, place: "run 7".to_owned() };
        let past = Past { runs: vec![run], ..Past::default() };
        let plan = plan(&rule, &push(), &changed(&[]), &past, &request());
        let decision = only(&plan);
        assert_eq!((decision.outcome, decision.earlier), (Outcome::Duplicate, Some(state)));
        assert_eq!(decision.reason, Some(format!("it was started before: {how}")));
    }
}
