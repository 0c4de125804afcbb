//! Mistakes in rules: each is told with its place, its field and a cure, and starts nothing.

use super::*;

const START: &str = "[trigger.start.command]\nargv = [\"sh\", \"tool.sh\", \"x\"]\n";

#[track_caller]
fn refused(rule: &str, told: &[&str]) {
    let clone = Clone::new(&(tool("good", "on = \"push\"", "\"good\"") + rule));
    clone.commit("data/a.csv", "2");
    let error = clone.push(&[]).expect_error(2);
    for part in told {
        assert!(error.contains(part), "no {part} in: {error}\n{rule}");
    }
    // What has no mistake may run beside it, where the mistake is one of this event's values alone.
    let calls = clone.calls();
    assert!(calls.is_empty() || (error.contains("by it nothing was started") && calls == ["<good>"]), "{error}");
}

fn rule(more: &str) -> String {
    format!("[[trigger]]\nname = \"bad\"\non = \"push\"\n{more}\n{START}")
}

#[test]
fn keys_that_are_not_known() {
    refused(&rule("pths = [\"data/**\"]"), &["pths", "proofmark.toml:9:1", "did you mean `paths`?"]);
    refused(&rule("").replace("argv", "argvs"), &["argvs", "proofmark.toml:11:"]);
    refused(&rule("pace = { cooldwn = \"1h\" }"), &["cooldwn", "cooldown"]);
    refused(&rule("not = [{ path = [\"x\"] }]"), &["path", "paths"]);
    refused(&rule("").replace("start.command", "start.comand"), &["comand", "command"]);
}

#[test]
fn values_of_the_wrong_type() {
    refused(&rule("paths = \"data/**\""), &["proofmark.toml:9:9", "expected a sequence", "write a list"]);
    refused(&rule("own = \"yes\""), &["proofmark.toml:9:7"]);
    refused(&rule("pace = { per_day = -1 }"), &["proofmark.toml:9:20", "-1"]);
    refused(&rule("pace = { cooldown = \"soon\" }"), &["proofmark.toml:9:21", "soon", "30m"]);
    refused(&rule("forks = \"sometimes\""), &["proofmark.toml:9:9", "sometimes", "`always`"]);
    refused(&rule("parameters.lr = { type = \"float\" }"), &["float", "number"]);
}

#[test]
fn conditions_that_mean_nothing() {
    let named = ["trigger `bad` (line 6)"];
    for (more, told) in [
        ("paths = [\"data/[\"]", vec!["`paths"]),
        ("when = \"event.branch ==\"", vec!["`when`"]),
        ("verdicts = [\"failed\"]", vec!["`verdicts`", "fail"]),
        ("not = [{}]", vec!["`not[0]`", "always hold"]),
        ("pace = { busy = \"reject\" }", vec!["`pace.group`"]),
        ("pace = { per_day = 0 }", vec!["`pace.per_day`"]),
        ("command = { verb = \"help\" }", vec!["`command.verb`", "itself"]),
    ] {
        refused(&rule(more), &[&named[..], &told].concat());
    }
    refused(&rule("").replace("\"push\"", "\"pusch\""), &["trigger `bad` (line 6)", "`on`", "`push`"]);
    refused(&rule("").replace("on = \"push\"", ""), &["trigger `bad` (line 6)", "`on`", "name the events"]);
    refused(&rule("").replace("\"bad\"", "\"good\""), &["trigger `good` (line 6)", "same name"]);
    refused(&rule("").replace("name = \"bad\"", ""), &["trigger `#2` (line 6)", "`name`"]);
    refused("[[trigger]]\nname = \"bad\"\non = \"push\"\n", &["trigger `bad` (line 6)", "`start`", "nothing is started"]);
}

#[test]
fn templates_that_have_no_value() {
    for (value, told) in [
        ("{{ event.haed.commit }}", "did you mean `head`?"),
        ("{{ evnt.branch }}", "did you mean `event`?"),
        ("{{ event.tag }}", "`event.tag` is not there"),
        ("{{ event.branch", "cannot be read"),
        ("{{ parameters.lr }}", "`parameters.lr` is not there"),
        ("{{ steps.train.url }}", "`steps.train` is no step"),
    ] {
        refused(&rule("").replace("\"x\"", &format!("\"{value}\"")), &["trigger `bad` (line 6)", "start", told]);
    }
}

#[test]
fn values_in_code_are_refused() {
    for argv in
        ["\"sh\", \"-c\", \"echo {{ event.branch }}\"", "\"python3\", \"-c\", \"print('{{ event.branch }}')\"", "\"{{ event.branch }}\""]
    {
        refused(&rule("").replace("\"sh\", \"tool.sh\", \"x\"", argv), &["trigger `bad` (line 6)", "start.command.argv["]);
    }
    let workflow = "[[trigger]]\nname = \"bad\"\non = \"push\"\n[trigger.start.workflow]\nfile = \"{{ event.branch }}.yml\"\n";
    refused(workflow, &["trigger `bad` (line 6)", "`start.workflow.file`", "cannot come from an event"]);
}

#[test]
fn parameters_of_the_wrong_type() {
    for (parameter, told) in [
        ("{ type = \"integer\", value = \"{{ event.branch }}\" }", "whole number"),
        ("{ type = \"number\", default = \"fast\" }", "number"),
        ("{ type = \"number\", min = 1.0, value = 0.5 }", "out of range"),
        ("{ choices = [\"a\", \"b\"], default = \"c\" }", "none of its choices: `c`"),
        ("{ type = \"integer\" }", "has no default"),
        ("{ value = \"{{ event.tag }}\" }", "`event.tag` is not there"),
        ("{ type = \"boolean\", value = \"{{ event.branch }}\" }", "`true` or `false`"),
    ] {
        refused(&rule(&format!("parameters.n = {parameter}")), &["trigger `bad` (line 6)", "`parameters.n`", told]);
    }
}

#[test]
fn a_branch_without_rules_says_where_to_write_them() {
    let clone = Clone::new("");
    clone.repo.git(&["rm", "--quiet", "proofmark.toml"]);
    clone.repo.commit("no rules");
    let told = clone.push(&[]).expect_error(2);
    assert!(told.contains("no configuration at main") && told.contains("--config proofmark.toml --dry-run"), "{told}");
}
