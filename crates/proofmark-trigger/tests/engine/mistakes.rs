//! Policies that cannot be meant: each message names trigger, line and field, and says what to do.

use proofmark_core::config::parse;
use proofmark_core::path::RepoPath;

use crate::support::{refused, trigger};

/// What is wrong, and where, of a policy whose second trigger is the wrong one.
fn mistake(broken: &str) -> String {
    let error = refused(&format!("# first\n{}\n{broken}", trigger("good", "on = 'push'")));
    assert_eq!(error.line, Some(7), "{error}");
    format!("{error} [{}]", error.hint.as_deref().unwrap_or_default())
}

#[track_caller]
fn check(more: &str, expected: &[&str]) {
    let told = mistake(&trigger("bad", more));
    assert!(told.starts_with("trigger `bad` (line 7), "), "{told}");
    assert!(expected.iter().all(|part| told.contains(part)), "{more}\n{told}\n{expected:?}");
}

/// A trigger with a start of its own.
#[track_caller]
fn check_start(start: &str, expected: &[&str]) {
    let told = mistake(&format!("[[trigger]]\nname = \"bad\"\non = \"push\"\n{start}\n"));
    assert!(told.starts_with("trigger `bad` (line 7), "), "{told}");
    assert!(expected.iter().all(|part| told.contains(part)), "{start}\n{told}\n{expected:?}");
}

#[test]
fn kinds_of_events() {
    check("on = 'pusch'", &["`on`: `pusch` is no kind of event [did you mean `push`?]"]);
    check("on = ['push', 'pull-request.opened']", &["`pull-request` is no kind of event [did you mean `pull_request`?]"]);
    check("on = 'zzz'", &["`zzz` is no kind of event", "push, pull_request", "write `other:zzz`"]);
    check("on = 'push.'", &["`push.` ends where its action should be"]);
    check("on = 'other:'", &["`on`", "is no kind of event"]);
    check("branches = ['main']", &["`on`: it is missing [name the events: `on = [\"push\""]);
    check("on = []", &["`on`: it is missing"]);
    check("on = 'push'\nnot = [{on = 'pusch'}]", &["`not[0].on`: `pusch` is no kind of event [did you mean `push`?]"]);
}

#[test]
fn names() {
    let told = mistake("[[trigger]]\non = 'push'\nstart.workflow.file = 'x'\n");
    assert!(told.contains("trigger `#2` (line 7), `name`: it is missing [runs are known by it"), "{told}");
    let told = mistake(&trigger("good", "on = 'push'"));
    assert!(
        told.contains("trigger `good` (line 7), `name`: another trigger has the same name [") && told.contains("take another"),
        "{told}"
    );
    for name in ["a\\nb".to_owned(), "x".repeat(101)] {
        let told = mistake(&trigger(&name, "on = 'push'"));
        assert!(told.contains("`name`: it is no line of at most 100 characters"), "{told}");
        assert!(!told.contains('\n'), "{told}");
    }
}

#[test]
fn globs_expressions_and_verdicts() {
    check("on = 'push'\nbranches = ['a[']", &["`branches`: `a[` is not a glob"]);
    check("on = 'push'\npaths = ['!{a']", &["`paths`: `{a` is not a glob"]);
    check("on = 'push'\npaths = ['!']", &["`paths`: a glob is empty"]);
    check("on = 'push'\ndvc.params = ['params.yaml:a[']", &["`dvc.params`: `a[` is not a glob"]);
    check("on = 'push'\ndvc = {}", &["`dvc`: it names nothing [name `stages`, `data` or `params`]"]);
    check("on = 'push'\nnot = [{}]", &["`not[0]`: it names nothing, and would always hold [name what must not be"]);
    check("on = 'push'\nnot = [{actors = ['a']}, {tags = ['{x']}]", &["`not[1].tags`: `{x` is not a glob"]);
    check("on = 'gate'\nverdicts = ['failed']", &["`verdicts`: `failed` is no verdict [there are pass, waived"]);
    check("on = 'push'\nwhen = 'event.branch =='", &["`when`: the expression cannot be read at 1:", "[expressions are written in CEL"]);
    check("on = 'push'\nwhen = 'evnt.branch == \"x\"'", &["`when`: `evnt` is no value that expressions have [did you mean `event`?]"]);
    check("on = 'push'\nwhen = 'changed.exists(f, g == \"x\")'", &["`when`: `g` is no value that expressions have"]);
    check("on = 'push'\nwhen = 'event.branch.beginsWith(\"x\")'", &["`when`: `beginsWith` is no function that expressions have"]);
    check("on = 'push'\nwhen = 'event.branch.startWith(\"x\")'", &["did you mean `startsWith`?"]);
    check(&format!("on = 'push'\nwhen = '{}'", "a".repeat(2_001)), &["`when`: the expression is longer than 2000 characters"]);
    check("on = 'push'\nnot = [{when = '1 +'}]", &["`not[0].when`: the expression cannot be read"]);
}

#[test]
fn templates() {
    let input = |text: &str| format!("on = 'push'\nstart.workflow.inputs.x = '{text}'");
    check(&input("{{ evnt.branch }}"), &["`start`: `evnt` is no value that templates have [did you mean `event`?]"]);
    check(&input("{{ zzz }}"), &["`zzz` is no value that templates have [they have `event`, `parameters`"]);
    check(&input("{{ event.branch"), &["`start`: the template cannot be read"]);
    check(&input("{% if event.branch %}x"), &["`start`: the template cannot be read"]);
    check(&input("{{ event.branch | shout }}"), &["`start`: the template cannot be read: filter shout is unknown"]);
    check(&input("x{{ event.branch is shouted }}"), &["`start`: the template cannot be read: test shouted is unknown"]);
    check("on = 'push'\nparameters.a.value = '{{ brnch }}'", &["`parameters.a`: `brnch` is no value that templates have"]);
    check("on = 'push'\nparameters.a.default = '{{ event.'", &["`parameters.a`: the template cannot be read"]);
    check("on = 'push'\npace.group = '{{ evnt }}'", &["`pace.group`: `evnt` is no value that templates have [did you mean `event`?]"]);
    check("on = 'push'\npace = {quiet = '1m', gather = '{{ event.'}", &["`pace.gather`: the template cannot be read"]);
}

#[test]
fn parameters() {
    check("on = 'push'\nparameters.Lr.type = 'number'", &["`parameters.Lr`: the name `Lr` is not made of small letters"]);
    check(
        "on = 'push'\nparameters.lr = {type = 'number', default = 'fast'}",
        &["`parameters.lr`: `default` is `fast`, and the type is number"],
    );
    check("on = 'push'\nparameters.lr = {min = 1.0}", &["`parameters.lr`: `min` is for numbers, and the type is text"]);
    check("on = 'push'\nparameters.lr = {type = 'integer', min = 3.0, max = 1.0}", &["`min` is 3, which is more than `max`, 1"]);
}

#[test]
fn commands() {
    check("command.verb = 'two words'", &["`command.verb`: it is no word of letters", "[for `/retrain` write `verb = \"retrain\"`]"]);
    check("on = 'push'\ncommand.verb = 'x'", &["`on`: a trigger with a `command` is for comments alone [leave `on` out"]);
    check("on = 'comment'", &["`on`: anybody can comment, and nothing says whose comments count [give a `command`", "or name `actors`"]);
    check("on = 'comment'\nactors = ['!bot']", &["anybody can comment"]);
    check("command.verb = '/retrain'", &["`command.verb`: it is no word"]);
    check("command.verb = 'Status'", &["`command.verb`: proofmark answers `/status` itself [take another word]"]);
    check("command.verb = 'help'", &["proofmark answers `/help` itself"]);
    check("command = {verb = 'x', positional = ['lr']}", &["`command.positional`: `lr` is no parameter of this trigger [declare it:"]);
    check(
        "command = {verb = 'x', positional = ['rate']}\nparameters.rates.type = 'number'",
        &["`command.positional`: `rate` is no parameter of this trigger [did you mean `rates`?]"],
    );
}

#[test]
fn workflows_dispatches_and_jobs() {
    check_start("start.workflow.file = ''", &["`start.workflow.file`: it is missing [write `file = \"train.yml\"`]"]);
    check_start(
        "start.workflow.file = '{{ event.branch }}'",
        &["`start.workflow.file`: what is started cannot come from an event [write it out"],
    );
    let inputs: Vec<String> = (0..25).map(|at| format!("i{at} = 'x'")).collect();
    check_start(
        &format!("start.workflow = {{file = 'x', inputs = {{{}}}}}", inputs.join(", ")),
        &["`start.workflow.inputs`: there are 25 inputs, and GitHub takes 25, the key's one included"],
    );
    check_start(
        "start.workflow = {file = 'x', inputs.proofmark = 'x'}",
        &["`start.workflow.inputs`: `proofmark` is the input for the key [name another one with `key_input`]"],
    );
    check_start("start.workflow = {file = 'x', key_input = 'k', inputs.k = 'x'}", &["`k` is the input for the key"]);
    check_start("start.dispatch.event_type = ''", &["`start.dispatch.event_type`: it is missing [write `event_type = \"retrain\"`]"]);
    check_start(
        "start.dispatch = {event_type = 'x', payload.proofmark = 1}",
        &["`start.dispatch.payload`: GitHub takes 10 values at most, and `proofmark` is the one for the key"],
    );
    check_start("start.jenkins.job = ' '", &["`start.jenkins.job`: it is missing [write `job = \"ml/train\"`]"]);
    check_start("start.jenkins = {job = 'x', accept = 'FAILURE'}", &["`start.jenkins.accept`: it is neither \"SUCCESS\" nor \"UNSTABLE\""]);
    let one = "`start.promote.alias`: one of `alias`, `property`, `tag` and `attribute` says what the model becomes";
    check_start("start.promote = {model = 'm', alias = ''}", &[one]);
    check_start("start.promote = {model = 'm', alias = 'a', tag = 't'}", &[one]);
    check_start("start.promote = {alias = 'a'}", &["`start.promote.model`: it is missing"]);
    check_start("start.promote = {model = 'm', alias = 'a', from = '3'}", &["`start.promote.from`: it is for `rollback = true`"]);
}

#[test]
fn pipelines_and_services() {
    check_start("start.kubeflow = {}", &["`start.kubeflow.pipeline`: neither a pipeline nor a file is named"]);
    check_start(
        "start.kubeflow.pipeline = '{{ event.branch }}'",
        &["`start.kubeflow.pipeline`: what is started cannot come from an event"],
    );
    check_start("start.kubeflow = {file = 'p.yaml', version = 'v1'}", &["`start.kubeflow.version`: a version belongs to a pipeline"]);
    check_start("start.kubeflow.file = '../p.yaml'", &["`start.kubeflow.file`"]);
    check_start("start.kubeflow = {pipeline = 'p', host = '{{ event.branch }}'}", &["`start.kubeflow.host`: what is started cannot"]);
    check_start(
        "start.kubeflow = {pipeline = 'p', service_account = '{{ event.branch }}'}",
        &["`start.kubeflow.service_account`: what is"],
    );
    check_start("start.kserve = {service = 's', namespace = 'n'}", &["`start.kserve`: one of `storage_uri`, `promote = true` and"]);
    check_start("start.kserve = {service = 's', promote = true}", &["`start.kserve.namespace`: it is missing"]);
    check_start("start.kserve = {service = 's', namespace = 'n', promote = true, canary = 5}", &["`start.kserve.canary`: it is for"]);
    check_start("start.kserve = {service = 's', namespace = 'n', storage_uri = 's3://x', canary = 101}", &["it is a percentage"]);
}

#[test]
fn programs_and_hooks() {
    let command = |argv: &str| format!("start.command.argv = [{argv}]");
    check_start(&command(""), &["`start.command.argv`: it is missing [write the program and its arguments"]);
    check_start(&command("'{{ event.branch }}'"), &["`start.command.argv[0]`: what is started cannot come from an event"]);
    for script in [
        "'sh', '-c', 'train {{ event.branch }}'",
        "'/bin/bash', '-ec', 'train {{ event.branch }}'",
        "'bash', '-c', 'train \"$1\"', '{{ event.branch }}', '-c', '{{ event.branch }}'",
        "'python3.12', '-c', 'print(\"{{ event.branch }}\")'",
        "'env', 'sh', '-c', '{{ event.branch }}'",
        "'cmd.exe', '/C', 'echo {{ event.branch }}'",
        "'pwsh', '-Command', 'echo {{ event.branch }}'",
        "'node', '--eval', '{{ event.branch }}'",
        "'Rscript', '-e', '{{ event.branch }}'",
        "'perl', '-ne', '{{ event.branch }}'",
    ] {
        check_start(
            &command(script),
            &["`start.command.argv[", "a value in a script is code, whoever it comes from [give it as a variable"],
        );
    }
    check_start("start.command = {argv = ['x'], env = {'A=B' = 'x'}}", &["`start.command.env`: `A=B` is no name of a variable"]);
    check_start(
        "start.command = {argv = ['x'], folder = '{{ event.branch }}'}",
        &["`start.command.folder`: the folder cannot come from an event"],
    );
    check_start("start.command = {argv = ['x'], folder = '../x'}", &["`start.command.folder`: `../x` leaves the repository"]);
    check_start("start.repro = {folder = '/etc'}", &["`start.repro.folder`: `/etc` is an absolute path"]);
    let hook = |url: &str| format!("start.webhook = {{url = '{url}', secret_env = 'S'}}");
    for url in ["http://hooks.example.org", "ftp://x", "http://localhost.example.org/", "http://127.0.0.1@example.org/"] {
        check_start(&hook(url), &["`start.webhook.url`: it is no https address [http is for this machine only]"]);
    }
    check_start(&hook("https://{{ event.branch }}/"), &["`start.webhook.url`: what is started cannot come from an event"]);
    check_start("start.webhook = {url = 'https://x.org', secret_env = ''}", &["`start.webhook.secret_env`: it is missing"]);
}

#[test]
fn steps() {
    check_start("", &["`start`: nothing is started [name what to start: `[trigger.start.workflow]`"]);
    let one = |name: &str, more: &str| format!("{{name = '{name}', start.command.argv = ['true']{more}}}");
    let steps = |steps: &[String]| format!("step = [{}]", steps.join(", "));
    check_start(
        &format!("start.command.argv = ['x']\n{}", steps(&[one("a", "")])),
        &["`start`: there are `step`s beside it [make it the first step]"],
    );
    check_start(&steps(&[one("Train it", "")]), &["`step[0].name`: `Train it` is no name of small letters"]);
    check_start(&steps(&[one("a", ""), one("a", "")]), &["`step[1].name`: another step has the same name"]);
    check_start(&steps(&[one("a", ", after = 'failed'")]), &["`step[0].after`: nothing can have failed before the first step"]);
    let uses = |name: &str, other: &str| format!("{{name = '{name}', start.command.argv = ['x', '{{{{ steps.{other}.url }}}}']}}");
    check_start(&steps(&[uses("a", "b"), one("b", "")]), &["`step[0].start`: `steps.b` is no step before this one"]);
    check_start(&steps(&[one("a", ""), uses("b", "b")]), &["`step[1].start`: `steps.b` is no step before this one"]);
    check_start(&steps(&[one("a", ""), uses("b", "c")]), &["`steps.c` is no step before this one"]);
    check_start("start.command.argv = ['x', '{{ steps.a.url }}']", &["`start`: `steps.a` is no step before this one"]);
    // A text is no template, and beside one it is none either.
    crate::support::rules(
        "[[trigger]]\nname = 'r'\non = 'push'\nstart.command.argv = ['x', 'steps.csv', 'steps.log of {{ event.branch }}']\n",
    );
}

#[test]
fn pace() {
    check("on = 'push'\npace.per_day = 0", &["`pace.per_day`: it lets nothing through [take the trigger out, or give a number from 1]"]);
    check("on = 'push'\npace.cost = -1.0", &["`pace.cost`: it is no number from 0"]);
    check("on = 'push'\npace = {cost = 1.0, cost_per_day = nan}", &["`pace.cost_per_day`: it is no number from 0"]);
    check("on = 'push'\npace.cost_per_day = 5.0", &["`pace.cost_per_day`: what a run costs is not known [give `cost` as well]"]);
    check(
        "on = 'push'\npace.longest_wait = '1h'",
        &["`pace.quiet`: nothing is gathered without it [how long must it be quiet: `quiet = \"5m\"`]"],
    );
    check("on = 'push'\npace.gather = 'x'", &["`pace.quiet`: nothing is gathered without it"]);
    check(
        "on = 'push'\npace.busy = 'reject'",
        &["`pace.group`: `busy` says what happens beside others of a group", "[name it: `group = \"training\"`]"],
    );
}

/// What is no key or no value of the file at all is found when it is read.
#[test]
fn what_the_file_cannot_hold() {
    for (text, line, message, hint) in [
        ("[[trigger]]\nname = 'x'\nbranchs = []\n", 3, "unknown field `branchs`", "did you mean `branches`?"),
        ("[[trigger]]\nname = 'x'\n[[trigger.not]]\npath = []\n", 4, "unknown field `path`", "did you mean `paths`?"),
        ("[[trigger]]\nname = 'x'\n[trigger.start.workflow]\nfiel = 'x'\n", 4, "unknown field `fiel`", "did you mean `file`?"),
        ("[[trigger]]\nname = 'x'\n[trigger.start.workfow]\nfile = 'x'\n", 3, "unknown variant `workfow`", "did you mean `workflow`?"),
        ("[[trigger]]\n[trigger.pace]\ncool_down = '1h'\n", 3, "unknown field `cool_down`", "did you mean `cooldown`?"),
        ("[[trigger]]\n[trigger.parameters.lr]\ntyp = 'number'\n", 3, "unknown field `typ`", "did you mean `type`?"),
        ("[[trigger]]\n[trigger.parameters.lr]\ntype = 'float'\n", 3, "unknown variant `float`", ""),
        ("[[trigger]]\n[trigger.command]\nrole = 'maintainer'\n", 3, "unknown variant `maintainer`", "did you mean `maintain`?"),
        ("[[trigger]]\n[[trigger.step]]\nname = 'a'\nafer = 'failed'\n", 4, "unknown field `afer`", "did you mean `after`?"),
        ("[[trigger]]\n[trigger.pace]\ncooldown = '5 minutes'\n", 3, "`5 minutes` is no span of time", ""),
        ("[triggers]\nmax_dept = 3\n", 2, "unknown field `max_dept`", "did you mean `max_depth`?"),
        ("[trigger]\nname = 'x'\n", 1, "invalid type: map", "double brackets"),
    ] {
        let problem = parse(&RepoPath::parse("proofmark.toml").expect("a path"), text.as_bytes()).expect_err(text);
        assert!(problem.message.contains(message), "{text}: {}", problem.message);
        assert!(problem.hint.as_deref().unwrap_or_default().contains(hint), "{text}: {:?}", problem.hint);
        assert_eq!(problem.position.map(|at| at.line), Some(line), "{text}: {}", problem.message);
    }
}
