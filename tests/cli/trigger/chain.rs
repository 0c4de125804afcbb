//! Several steps, each judged before the next: roll back what fails, go on where it was cut, begin nothing that cannot end.

use std::process::Stdio;

use super::*;

/// A step that runs the tool with its own name.
fn step(name: &str, more: &str) -> String {
    format!("[[trigger.step]]\nname = \"{name}\"\n{more}\n[trigger.step.start.command]\nargv = [\"sh\", \"tool.sh\", \"{name}\"]\n")
}

/// Training, proofmark's own gate, and delivery that is undone when its check fails.
fn deliver(gate: &str) -> String {
    let head = "[[trigger]]\nname = \"deliver\"\non = \"push\"\n";
    let rule = "[[rule]]\nmetric = \"acc\"\nmax_regression_abs = 0.01\n";
    [
        rule,
        head,
        &step("train", ""),
        gate,
        &step("promote", ""),
        &step("verify", ""),
        &step("rollback", "after = \"failed\""),
        &step("tell", "after = \"always\""),
    ]
    .concat()
}

const GATE: &str = "[[trigger.step]]\nname = \"gate\"\n[trigger.step.start.gate]\nbase = \"{{ event.base.commit }}\"\nhead = \"{{ event.head.commit }}\"\n";

/// A clone with such a chain, and a commit that changed the model.
fn delivering(accuracy: &str) -> Clone {
    let clone = Clone::new(&deliver(GATE));
    clone.commit("metrics.json", "{\"acc\": 0.9}");
    clone.commit("metrics.json", &format!("{{\"acc\": {accuracy}}}"));
    clone
}

#[test]
fn all_steps_run_and_what_is_for_failures_does_not() {
    let clone = delivering("0.91");
    let told = clone.push(&[]).expect(0);
    assert!(told.contains("left out") && told.contains("rollback: "), "{told}");
    assert_eq!(clone.calls(), ["<train>", "<promote>", "<verify>", "<tell>"]);
    let journal = clone.journal();
    for line in ["matched deliver", "started deliver/gate", "finished deliver/gate", "finished deliver/tell", "finished deliver"] {
        assert!(journal.contains(&line.to_owned()), "{journal:?}");
    }
    let told = clone.push(&[]).expect(0);
    assert!(told.contains("= deliver") && told.contains("passed"), "{told}");
    assert_eq!(clone.calls().len(), 4);
}

#[test]
fn what_fails_is_rolled_back_and_told() {
    let clone = delivering("0.91");
    clone.put("fail-verify");
    let ran = clone.push(&[]);
    assert!(ran.stderr.contains("step `verify` failed: exit code 1"), "{ran:?}");
    ran.expect(1);
    assert_eq!(clone.calls(), ["<train>", "<promote>", "<verify>", "<rollback>", "<tell>"]);
    let text = clone.run(&["log", "--format", "json"]).expect(0);
    let whole = json(&text).as_array().expect("a list").last().cloned().expect("an entry");
    assert_eq!((&whole["what"], &whole["passed"], &whole["step"]), (&json!("finished"), &json!(false), &Value::Null));
}

#[test]
fn the_gate_keeps_a_worse_model_from_being_promoted() {
    let clone = delivering("0.5");
    let told = clone.push(&[]);
    assert!(told.stdout.contains("blocked"), "{told:?}");
    told.expect(1);
    assert_eq!(clone.calls(), ["<train>", "<rollback>", "<tell>"]);
    // What cannot be judged is no pass.
    let clone = delivering("broken");
    let told = clone.push(&[]);
    assert!(told.stdout.contains("not judged"), "{told:?}");
    told.expect(1);
    assert_eq!(clone.calls(), ["<train>", "<rollback>", "<tell>"]);
}

#[test]
fn a_chain_that_was_killed_goes_on_where_it_was() {
    let clone = Clone::new(
        &(String::from("[[trigger]]\nname = \"deliver\"\non = \"push\"\n") + &step("train", "") + &step("verify", "") + &step("tell", "")),
    );
    clone.commit("data/a.csv", "2");
    // The first step ends, the second one waits.
    clone.commit("tool.sh", &TOOL.replace("\"$OUT/hold\"", "\"$OUT/hold-$1\""));
    clone.put("hold-verify");
    let mut command = clone.program().command(&["trigger", "--event", "push", "--from", "HEAD~1"]);
    let mut first = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    clone.wait_for_call(2);
    let told = clone.push(&[]).expect(0);
    assert!(told.contains("= deliver") && told.contains("under way"), "{told}");
    first.kill().expect("it is there to be killed");
    first.wait().expect("it ended");
    clone.take("hold-verify");
    clone.wait_for_programs();
    let told = clone.push(&[]).expect(0);
    assert!(told.contains("▶ deliver") && told.contains("was started before"), "{told}");
    assert_eq!(clone.calls(), ["<train>", "<verify>", "<verify>", "<tell>"], "no step that ended is repeated");
    clone.push(&[]).expect(0);
    assert_eq!(clone.calls().len(), 4);
}

#[test]
fn a_later_step_that_misses_a_value_stops_the_first() {
    for (value, named) in [
        ("{{ event.tag }}", "`event.tag` is not there"),
        ("{{ event.haed.commit }}", "did you mean `head`?"),
        ("{{ steps.train.ulr }}", "`steps.train.ulr` is not there"),
    ] {
        let rule = String::from("[[trigger]]\nname = \"deliver\"\non = \"push\"\n")
            + &step("train", "")
            + &step("tell", "").replace("\"tell\"]", &format!("\"{value}\"]"));
        let clone = Clone::new(&rule);
        clone.commit("data/a.csv", "2");
        let told = clone.push(&[]).expect_error(2);
        assert!(told.contains("trigger `deliver` (line 1)") && told.contains("step[1].start.command.argv[2]"), "{told}");
        assert!(told.contains(named) && told.contains("nothing was started"), "{told}");
        assert!(clone.calls().is_empty());
    }
}

#[test]
fn steps_see_what_those_before_came_to() {
    let rule = String::from("[[trigger]]\nname = \"deliver\"\non = \"push\"\n")
        + &step("train", "")
        + &step("tell", "after = \"always\"").replace("\"tell\"]", "\"{{ steps.train.conclusion }}\", \"{{ steps.train.passed }}\"]");
    let clone = Clone::new(&rule);
    clone.commit("data/a.csv", "2");
    let told = clone.push(&["--dry-run"]).expect(0);
    assert!(told.contains("<steps.train.conclusion>"), "{told}");
    clone.put("fail-train");
    clone.push(&[]).expect(1);
    assert_eq!(clone.calls(), ["<train>", "<exit code 1><false>"]);
}

#[test]
fn a_step_that_takes_too_long_has_failed() {
    let rule = String::from("[[trigger]]\nname = \"deliver\"\non = \"push\"\n")
        + &step("train", "timeout = \"1s\"")
        + &step("rollback", "after = \"failed\"");
    let clone = Clone::new(&rule.replace("\"sh\", \"tool.sh\", \"train\"", "\"sleep\", \"30\""));
    clone.commit("data/a.csv", "2");
    let ran = clone.push(&[]);
    assert!(ran.stderr.contains("took longer than 1 s and was ended"), "{ran:?}");
    ran.expect(1);
    assert_eq!(clone.calls(), ["<rollback>"]);
}

#[test]
fn steps_in_several_systems() {
    let workflow = "[[trigger.step]]\nname = \"train\"\n[trigger.step.start.workflow]\nfile = \"train.yml\"\ninputs = { data = \"x\" }\n";
    let rule = String::from("[[trigger]]\nname = \"deliver\"\non = \"push\"\n")
        + workflow
        + &step("tell", "").replace("\"tell\"]", "\"{{ steps.train.url }}\"]");
    let stage = Stage::new(&rule);
    stage.run("push", &stage.pushed(), &[]).expect(0);
    let (runs, calls) = (stage.runs(), fs::read_to_string(stage.repo.outside().join("calls")).expect("a call"));
    assert_eq!(calls, format!("<https://github.com/acme/widgets/actions/runs/{}>\n", runs[0].id));
    // Another machine adopts the run and does what is left.
    stage.run("push", &stage.pushed(), &[]).expect(0);
    assert_eq!(stage.runs().len(), 1);
}
