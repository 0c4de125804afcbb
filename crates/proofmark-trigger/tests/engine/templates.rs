//! Values in orders: what is missing is named before anything starts, types stay, and hostile texts stay one argument each.

use proofmark_core::event::Event;
use proofmark_trigger::facts::{Fact, Facts, Needs};
use proofmark_trigger::{Call, Outcome, needs};
use serde_json::{Value, json};

use crate::support::{changed, decide, event, only, order, push, request, rules, told, trigger};

fn command(argv: &str) -> String {
    format!("[[trigger]]\nname = 'r'\non = 'push'\nstart.command.argv = [{argv}]\n")
}

fn on_branch(branch: &str) -> Event {
    event(json!({"kind": "push", "branch": branch, "head": {"commit": "c1"}}))
}

#[test]
fn a_value_that_is_missing_is_named_with_field_and_cure() {
    for (more, expected) in [
        ("start.workflow.inputs.x = '{{ event.tag }}'", "`start.workflow.inputs.x`: `event.tag` is not there for this event ["),
        ("start.workflow.inputs.x = '{{ event.head.comit }}'", "`event.head.comit` is not there for this event [did you mean `commit`?]"),
        ("start.workflow.inputs.x = 'a {{ event.run.name }}'", "`event.run` is not there for this event"),
        ("start.workflow.ref = '{{ event.tag }}'", "`start.workflow.ref`: `event.tag` is not there"),
        ("start.workflow.inputs.x = '{{ parameters.lr }}'", "`parameters.lr` is not there for this event ["),
        ("parameters.lr.value = '{{ event.inputs.lr }}'", "`parameters.lr`: `event.inputs` is not there for this event ["),
        ("parameters.lr = {}", "`parameters.lr`: it is not given, and has no default [write `lr=…`, or give it a `default`]"),
        ("pace.group = '{{ event.tag }}'", "`pace.group`: `event.tag` is not there"),
        ("start.workflow.inputs.x = '{{ event.time }}{{ changed }}{{ event.head }}{{ event.merged.x }}'", "`event.merged.x` is not there"),
    ] {
        let plan = decide(&rules(&trigger("r", &format!("on = 'push'\n{more}"))), &push(), &changed(&[]));
        let decision = only(&plan);
        assert_eq!((decision.outcome, decision.order.is_some()), (Outcome::Undecided, false), "{more}");
        assert_eq!((decision.rule.as_str(), decision.line), ("r", Some(1)));
        assert!(told(decision).contains(expected), "{more}: {}", told(decision));
    }
    let plan = decide(
        &rules(&trigger("r", "on = 'push'\nstart.workflow.inputs.x = '{{ event.tag | default(\"none\") }}'")),
        &push(),
        &changed(&[]),
    );
    assert_eq!(only(&plan).outcome, Outcome::Fires, "the cure cures");
}

#[test]
fn a_parameter_of_the_wrong_type_is_named() {
    let of = |given: Value| event(json!({"kind": "workflow_dispatch", "inputs": {"lr": given}}));
    let rule =
        rules(&trigger("r", "on = 'workflow_dispatch'\nparameters.lr = {type = 'number', value = '{{ event.inputs.lr }}', default = 0.1}"));
    for (given, expected) in [(json!("fast"), "`fast`"), (json!(true), "`true`"), (json!([1]), "a list"), (json!({"a": 1}), "a table")] {
        let plan = decide(&rule, &of(given.clone()), &changed(&[]));
        assert_eq!(only(&plan).outcome, Outcome::Undecided, "{given}");
        let told = told(only(&plan));
        assert!(told.contains("`parameters.lr`: parameter `lr` has a value of the wrong type") && told.contains(expected), "{told}");
        assert!(told.contains("[write a finite decimal number"), "{told}");
    }
    for (given, expected) in [(json!(0.5), json!(0.5)), (json!("0.5"), json!(0.5)), (json!("7"), json!(7))] {
        let plan = decide(&rule, &of(given.clone()), &changed(&[]));
        assert_eq!(only(&plan).order.as_ref().expect("an order").parameters["lr"], expected, "{given}");
    }
}

/// What is not there is what a default is for; what is there and wrong is not.
#[test]
fn a_default_stands_in_for_nothing_else_than_what_is_missing() {
    let of = |value: &str| trigger("r", &format!("on = 'push'\nparameters.n = {{type = 'integer', value = '{value}', default = 3}}"));
    assert_eq!(order(&of("{{ event.inputs.n }}"), &push()).parameters["n"], json!(3));
    for broken in [
        "{{ event.branch }}",
        "{{ event.branch + 1 }}",
        "{{ event.branch | sum }}",
        "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}",
    ] {
        let plan = decide(&rules(&of(broken)), &push(), &changed(&[]));
        assert_eq!(only(&plan).outcome, Outcome::Undecided, "{broken}");
    }
}

#[test]
fn values_keep_their_types_where_a_system_has_types() {
    let rule = "[[trigger]]\nname = 'r'\non = 'push'\n\
        parameters.n = {type = 'integer', default = 3}\nparameters.on = {type = 'boolean', default = true}\n\
        start.dispatch = {event_type = 'train', payload = {n = '{{ parameters.n }}', on = '{{ parameters.on }}', s = 'n={{ parameters.n }}', \
        deep = {list = ['{{ parameters.n }}', 1.5, 'plain']}, files = '{{ changed }}', event = '{{ event.head }}', rule = '{{ rule }}'}}";
    let order = order(rule, &push());
    let Call::Dispatch { payload, .. } = &order.steps[0].call else { panic!("{order:?}") };
    let head = json!({"branch": "main", "commit": "1b".repeat(20)});
    let expected =
        json!({"n": 3, "on": true, "s": "n=3", "deep": {"list": [3, 1.5, "plain"]}, "files": ["data/a.csv"], "event": head, "rule": "r"});
    assert_eq!(json!(payload), expected);
}

#[test]
fn systems_that_know_only_texts_get_texts_or_a_cure() {
    let input = |value: &str| {
        trigger("r", &format!("on = 'push'\nparameters.n = {{type = 'integer', default = 3}}\nstart.workflow.inputs.x = {value}"))
    };
    for (value, expected) in [
        ("'{{ parameters.n }}'", "3"),
        ("true", "true"),
        ("0.5", "0.5"),
        ("'{{ changed | tojson }}'", "[\"data/a.csv\"]"),
        ("'{{ changed | join(\",\") }}'", "data/a.csv"),
    ] {
        let order = order(&input(value), &push());
        let Call::Workflow { inputs, .. } = &order.steps[0].call else { panic!("{order:?}") };
        assert_eq!(inputs["x"], expected);
    }
    for value in ["'{{ changed }}'", "'{{ event.head }}'"] {
        let plan = decide(&rules(&input(value)), &push(), &changed(&["a"]));
        assert_eq!(only(&plan).outcome, Outcome::Undecided, "{value}");
        assert!(
            told(only(&plan)).contains("`start.workflow.inputs.x`: the value is a list or a table, and a text is needed [`| tojson`"),
            "{value}"
        );
    }
}

/// What nobody knows is no empty list.
#[test]
fn files_in_a_value_are_asked_for_and_not_made_up() {
    let rule = rules(&trigger("r", "on = 'push'\nstart.workflow.inputs.files = '{{ changed | join(\" \") }}'"));
    assert_eq!(needs(&rule, &push(), &Facts::default(), &request()), Needs { changed: true, ..Needs::default() });
    for changed in [Fact::Unasked, Fact::Unknown("the clone is shallow".to_owned())] {
        let plan = decide(&rule, &push(), &Facts { changed, ..Facts::default() });
        assert_eq!(only(&plan).outcome, Outcome::Undecided);
        assert!(told(only(&plan)).contains("`start.workflow.inputs.files`: `changed` is not there"), "{}", told(only(&plan)));
    }
    let none = Facts { changed: Fact::Absent("there is nothing before it".to_owned()), ..Facts::default() };
    assert_eq!(only(&decide(&rule, &push(), &none)).outcome, Outcome::Fires);
}

#[test]
fn a_key_travels_wherever_it_is_named() {
    let order = order(&command("'train', '--key={{ key }}'"), &push());
    let Call::Command { argv, .. } = &order.steps[0].call else { panic!("{order:?}") };
    assert_eq!(argv[1], format!("--key={}", order.key));
}

/// A branch's name is whatever somebody writes; git itself takes most of these.
#[test]
fn hostile_names_stay_one_argument() {
    let long = "x".repeat(65_000);
    for branch in [
        "$(rm -rf /)",
        "; :(){ :|:& };:",
        "`id`",
        "a b\tc",
        "line\nline",
        "'\"",
        "\\",
        "{{ event.actor }}",
        "%PATH%",
        "é\u{202e}",
        "&& reboot",
        &long,
    ] {
        let order = order(
            &command("'train', '{{ event.branch }}', 'on {{ event.branch }}', '--branch={{ event.branch }}', 'last'"),
            &on_branch(branch),
        );
        let Call::Command { argv, .. } = &order.steps[0].call else { panic!("{order:?}") };
        assert_eq!(*argv, ["train", branch, &format!("on {branch}"), &format!("--branch={branch}"), "last"]);
    }
}

#[test]
fn what_is_too_long_or_holds_a_zero_byte_is_refused() {
    for (branch, why) in [("x".repeat(65_536), "longer than 65535 characters"), ("a\0b".to_owned(), "zero byte")] {
        let plan = decide(&rules(&command("'train', '{{ event.branch }}'")), &on_branch(&branch), &changed(&[]));
        assert_eq!(only(&plan).outcome, Outcome::Undecided);
        assert!(told(only(&plan)).contains("`start.command.argv[1]`") && told(only(&plan)).contains(why), "{}", told(only(&plan)));
        let environment = "[[trigger]]\nname = 'r'\non = 'push'\nstart.command = {argv = ['x'], env.BRANCH = '{{ event.branch }}'}";
        let plan = decide(&rules(environment), &on_branch(&branch), &changed(&[]));
        assert!(told(only(&plan)).contains("`start.command.env.BRANCH`") && told(only(&plan)).contains(why), "{}", told(only(&plan)));
    }
}

#[test]
fn a_value_becomes_no_option() {
    let decided = |argv: &str, branch: &str| {
        let plan = decide(&rules(&command(argv)), &on_branch(branch), &changed(&[]));
        (only(&plan).outcome, told(only(&plan)))
    };
    for branch in ["--upload-pack=x", "-x", "-", "--", "-1x", "-inf", "-nan", "-infinity"] {
        let (outcome, why) = decided("'git', 'fetch', '{{ event.branch }}'", branch);
        assert_eq!(outcome, Outcome::Undecided, "{branch}");
        assert!(
            why.contains("`start.command.argv[2]`: the program would take the value") && why.contains("[put \"--\" before it"),
            "{why}"
        );
    }
    for (argv, branch) in [
        ("'git', 'fetch', '{{ event.branch }}'", "-1"),
        ("'git', 'fetch', '{{ event.branch }}'", "-0.5e-3"),
        ("'git', 'fetch', '--', '{{ event.branch }}'", "--upload-pack=x"),
        ("'git', 'fetch', '--branch={{ event.branch }}'", "--upload-pack=x"),
        ("'git', 'fetch', '-{{ event.branch }}'", "x"),
        ("'git', 'fetch', '--tags'", "main"),
    ] {
        assert_eq!(decided(argv, branch).0, Outcome::Fires, "{argv} {branch}");
    }
    // What an event gave is no end of options either.
    let (outcome, _) = decided("'git', '{{ event.branch }}', '{{ event.branch }}'", "--");
    assert_eq!(outcome, Outcome::Undecided);
}

#[test]
fn names_are_one_word() {
    for (start, field) in [
        ("start.workflow = {file = 'x', ref = '{{ event.branch }}'}", "start.workflow.ref"),
        ("start.workflow = {file = 'x', repository = '{{ event.branch }}'}", "start.workflow.repository"),
        ("start.repro.stages = ['{{ event.branch }}']", "start.repro.stages"),
        ("start.gate.base = '{{ event.branch }}'", "start.gate.base"),
        ("start.promote = {model = 'm', alias = '{{ event.branch }}'}", "start.promote.alias"),
        ("start.jenkins = {job = 'j', branch = '{{ event.branch }}'}", "start.jenkins.branch"),
    ] {
        let rule = rules(&format!("[[trigger]]\nname = 'r'\non = 'push'\n{start}\n"));
        for branch in ["", "a b", "--force", "a\nb", "a\u{7}"] {
            let plan = decide(&rule, &on_branch(branch), &changed(&[]));
            assert_eq!(only(&plan).outcome, Outcome::Undecided, "{start} {branch:?}");
            assert!(
                told(only(&plan)).contains(&format!("`{field}`: `")) && told(only(&plan)).contains("is no name"),
                "{}",
                told(only(&plan))
            );
        }
        assert_eq!(only(&decide(&rule, &on_branch("topic/a"), &changed(&[]))).outcome, Outcome::Fires, "{start}");
    }
}
