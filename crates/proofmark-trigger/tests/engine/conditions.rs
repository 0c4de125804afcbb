//! Each condition: when it holds, what is said when it does not, and what happens when nobody can tell.

use std::collections::BTreeMap;

use proofmark_core::event::Event;
use proofmark_trigger::facts::{DvcChanges, Fact, Facts, Needs};
use proofmark_trigger::{Clause, Outcome, Past, Request, needs, plan};
use serde_json::{Value, json};

use crate::support::{changed, decide, event, only, outcome, push, request, rules, told, trigger};

/// Conditions of one rule, an event, and whether the rule is for it.
type Row<'a> = (&'a str, Value, bool);

fn check(rows: &[Row<'_>]) {
    for (conditions, fields, expected) in rows {
        let expected = if *expected { Outcome::Fires } else { Outcome::Skipped };
        let event = event(fields.clone());
        assert_eq!(outcome(&trigger("r", conditions), &event, &changed(&["a.txt"])), expected, "{conditions} of {fields}");
    }
}

#[test]
fn on_names_kinds_and_actions() {
    let pull = |action: &str| json!({"kind": "pull_request", "action": action});
    check(&[
        ("on = \"push\"", json!({"kind": "push"}), true),
        ("on = \"push\"", pull("opened"), false),
        ("on = [\"push\", \"pull_request\"]", pull("opened"), true),
        ("on = \"pull_request.labeled\"", pull("labeled"), true),
        ("on = \"pull_request.labeled\"", pull("opened"), false),
        ("on = \"pull_request.labeled\"", json!({"kind": "pull_request"}), false),
        ("on = \"pull_request_target.opened\"", pull("opened"), true),
        (
            "on = \"issue_comment.created\"\nactors = ['ada']",
            json!({"kind": "comment", "action": "created", "actor": {"login": "ada"}}),
            true,
        ),
        ("on = \"registry_package\"", json!({"kind": "package"}), true),
        ("on = \"other:discussion\"", json!({"kind": "other:discussion"}), true),
        ("on = \"other:discussion.created\"", json!({"kind": "other:discussion", "action": "created"}), true),
        ("on = \"other:discussion\"", json!({"kind": "other:fork"}), false),
        ("on = \"gate.blocked\"", json!({"kind": "gate", "action": "blocked"}), true),
        ("on = \"gate.blocked\"", json!({"kind": "gate", "action": "passed"}), false),
    ]);
}

#[test]
fn branches_and_tags_are_two_things() {
    let branch = |name: &str| json!({"kind": "push", "branch": name});
    let tag = |name: &str| json!({"kind": "push", "tag": name});
    check(&[
        ("on = \"push\"\nbranches = [\"main\"]", branch("main"), true),
        ("on = \"push\"\nbranches = [\"main\"]", branch("mainly"), false),
        ("on = \"push\"\nbranches = [\"main\"]", branch("Main"), false),
        ("on = \"push\"\nbranches = [\"release/*\"]", branch("release/1/x"), true),
        ("on = \"push\"\nbranches = [\"release/*\", \"!release/*-rc\"]", branch("release/2-rc"), false),
        ("on = \"push\"\nbranches = [\"!main\"]", branch("topic"), true),
        ("on = \"push\"\nbranches = [\"!main\"]", branch("main"), false),
        ("on = \"push\"\nbranches = [\"main\"]", json!({"kind": "push"}), false),
        ("on = \"push\"\nbranches = [\"!main\"]", json!({"kind": "push"}), false),
        ("on = \"push\"\nbranches = [\"*\"]", tag("v1"), false),
        ("on = \"push\"\ntags = [\"v*\"]", tag("v1"), true),
        ("on = \"push\"\ntags = [\"v*\", \"!v0.*\"]", tag("v0.9"), false),
        ("on = \"push\"\ntags = [\"v*\"]", branch("v1"), false),
        ("on = \"push\"", tag("v1"), true),
        // With both, either will do.
        ("on = \"push\"\nbranches = [\"main\"]\ntags = [\"v*\"]", branch("main"), true),
        ("on = \"push\"\nbranches = [\"main\"]\ntags = [\"v*\"]", tag("v1"), true),
        ("on = \"push\"\nbranches = [\"main\"]\ntags = [\"v*\"]", branch("v1"), false),
        ("on = \"push\"\nbranches = [\"main\"]\ntags = [\"v*\"]", tag("main"), false),
        ("on = \"push\"\nhead_branches = [\"model/*\"]", json!({"kind": "push", "head": {"branch": "model/a"}}), true),
        ("on = \"push\"\nhead_branches = [\"model/*\", \"!*/wip\"]", json!({"kind": "push", "head": {"branch": "model/wip"}}), false),
        ("on = \"push\"\nhead_branches = [\"model/*\"]", branch("model/a"), false),
    ]);
}

#[test]
fn labels_are_of_the_pull_request() {
    let with = |labels: &[&str]| json!({"kind": "pull_request", "pull_request": {"number": 7, "labels": labels}});
    check(&[
        ("on = \"pull_request\"\nlabels = [\"train\"]", with(&["docs", "train"]), true),
        ("on = \"pull_request\"\nlabels = [\"train\"]", with(&["docs"]), false),
        ("on = \"pull_request\"\nlabels = [\"train/*\"]", with(&["train/gpu"]), true),
        ("on = \"pull_request\"\nlabels = [\"train\", \"!wip\"]", with(&["train", "wip"]), false),
        ("on = \"pull_request\"\nlabels = [\"!wip\"]", with(&[]), true),
        ("on = \"pull_request\"\nlabels = [\"!wip\"]", with(&["wip"]), false),
        ("on = \"push\"\nlabels = [\"!wip\"]", json!({"kind": "push"}), false),
    ]);
}

#[test]
fn people_runs_models_schedules_and_verdicts() {
    let by = |login: &str| json!({"kind": "push", "actor": {"login": login}});
    let run = |name: &str, conclusion: &str| json!({"kind": "workflow_run", "run": {"name": name, "conclusion": conclusion}});
    let alias = |model: &str, alias: &str| json!({"sender": "mlflow", "kind": "model_alias", "model": {"name": model, "alias": alias}});
    let said = |effect: &str, verdict: &str, failed: &[&str]| json!({"sender": "proofmark", "kind": "gate", "verdict": {"effect": effect, "verdict": verdict, "failed": failed}});
    check(&[
        ("on = \"push\"\nactors = [\"ada\", \"bot-*\"]", by("bot-7"), true),
        ("on = \"push\"\nactors = [\"!bot-*\"]", by("bot-7"), false),
        ("on = \"push\"\nactors = [\"!bot-*\"]", json!({"kind": "push"}), false),
        ("on = \"workflow_run\"\nruns = [\"Train*\"]", run("Train nightly", "failure"), true),
        ("on = \"workflow_run\"\nruns = [\"Train*\"]", run("Test", "failure"), false),
        ("on = \"workflow_run\"\nconclusions = [\"success\"]", run("Train", "success"), true),
        ("on = \"workflow_run\"\nconclusions = [\"success\"]", run("Train", "failure"), false),
        ("on = \"workflow_run\"\nconclusions = [\"success\"]", json!({"kind": "workflow_run"}), false),
        ("on = \"model_alias\"\nmodels = [\"fraud-*\"]\naliases = [\"champion\"]", alias("fraud-eu", "champion"), true),
        ("on = \"model_alias\"\nmodels = [\"fraud-*\"]", alias("churn", "champion"), false),
        ("on = \"model_alias\"\naliases = [\"champion\"]", alias("fraud-eu", "challenger"), false),
        ("on = \"schedule\"\nschedules = [\"17 3 * * *\"]", json!({"kind": "schedule", "schedule": "17 3 * * *"}), true),
        ("on = \"schedule\"\nschedules = [\"17 3 * * *\"]", json!({"kind": "schedule", "schedule": "17 4 * * *"}), false),
        ("on = \"gate\"\neffects = [\"block\"]", said("block", "fail", &[]), true),
        ("on = \"gate\"\neffects = [\"block\"]", said("allow", "pass", &[]), false),
        ("on = \"gate\"\neffects = [\"block\"]", json!({"kind": "gate"}), false),
        ("on = \"gate\"\nverdicts = [\"fail\", \"inconclusive\"]", said("block", "inconclusive", &[]), true),
        ("on = \"gate\"\nverdicts = [\"fail\"]", said("allow", "pass", &[]), false),
        ("on = \"gate\"\nmetrics = [\"*.auc\", \"!train.*\"]", said("block", "fail", &["test.auc"]), true),
        ("on = \"gate\"\nmetrics = [\"*.auc\", \"!train.*\"]", said("block", "fail", &["train.auc"]), false),
        ("on = \"gate\"\nmetrics = [\"*\"]", said("block", "fail", &[]), false),
    ]);
}

#[test]
fn paths_are_of_the_files_that_changed() {
    let fires = |globs: &str, files: &[&str]| {
        let rule = trigger("r", &format!("on = \"push\"\npaths = [{globs}]"));
        outcome(&rule, &push(), &changed(files)) == Outcome::Fires
    };
    for (globs, files, expected) in [
        ("'data/**'", &["data/x/a.csv", "README.md"][..], true),
        ("'data/**'", &["database/a.csv", "data"], false),
        ("'**/*.csv'", &["a.csv"], true),
        ("'**/*.csv'", &["deep/er/a.csv"], true),
        ("'*.csv'", &["deep/a.csv"], false),
        ("'{data,models}/**'", &["models/a"], true),
        ("'{data,models}/**'", &["model/a"], false),
        ("'data/x[0-9].csv'", &["data/x7.csv"], true),
        ("'params.yaml'", &["params.yaml"], true),
        ("'data/**', '!**/*.md'", &["data/README.md"], false),
        ("'data/**', '!**/*.md'", &["data/README.md", "data/a.csv"], true),
        // Its place in the list makes no difference.
        ("'!**/*.md', 'data/**'", &["data/README.md"], false),
        ("'!docs/**'", &["docs/a.md"], false),
        ("'!docs/**'", &["docs/a.md", "src/a.py"], true),
        ("'data/**'", &[], false),
        ("'!docs/**'", &[], false),
    ] {
        assert_eq!(fires(globs, files), expected, "{globs} of {files:?}");
    }
    // As in GitHub's own filters.
    let tag = event(json!({"kind": "push", "tag": "v1"}));
    assert_eq!(outcome(&trigger("r", "on = \"push\"\npaths = ['data/**']"), &tag, &Facts::default()), Outcome::Fires);
}

fn dvc(changes: DvcChanges) -> Facts {
    Facts { dvc: Fact::Known(changes), ..changed(&[]) }
}

#[test]
fn dvc_sees_stages_data_and_params() {
    let train = BTreeMap::from([("pipes/dvc.yaml:train".to_owned(), vec!["data/a.csv".to_owned()])]);
    let stages = || DvcChanges { stages: train.clone(), ..DvcChanges::default() };
    let data = || DvcChanges { data: vec!["data/a.csv".to_owned()], ..DvcChanges::default() };
    let params = || DvcChanges { params: vec!["params.yaml:train.lr".to_owned()], ..DvcChanges::default() };
    for (condition, changes, expected) in [
        ("stages = ['train']", stages(), true),
        ("stages = ['pipes/dvc.yaml:train']", stages(), true),
        ("stages = ['eval*', '!train']", stages(), false),
        ("stages = ['train']", data(), false),
        ("data = ['data/**']", data(), true),
        ("data = ['models/**']", data(), false),
        ("params = ['train.*']", params(), true),
        ("params = ['params.yaml:train.lr']", params(), true),
        ("params = ['other.yaml:train.lr']", params(), false),
        ("params = ['lr']", params(), false),
        // Any one of it is enough.
        ("stages = ['train'], params = ['train.lr']", params(), true),
        ("stages = ['*'], data = ['**'], params = ['*']", DvcChanges::default(), false),
    ] {
        let rule = trigger("r", &format!("on = \"push\"\ndvc = {{{condition}}}"));
        let expected = if expected { Outcome::Fires } else { Outcome::Skipped };
        assert_eq!(outcome(&rule, &push(), &dvc(changes)), expected, "{condition}");
    }
    let absent = Facts { dvc: Fact::Absent("there is no DVC project".to_owned()), ..changed(&[]) };
    assert_eq!(outcome(&trigger("r", "on = \"push\"\ndvc.stages = ['train']"), &push(), &absent), Outcome::Skipped);
}

#[test]
fn expressions_are_for_the_rest() {
    for (when, expected) in [
        ("event.branch == 'main' && event.actor.login != 'bot'", true),
        ("event.tag == null && event.pull_request == null", true),
        ("size(changed) == 2 && changed.exists(file, file.endsWith('.csv'))", true),
        ("changed.all(file, file.startsWith('data/'))", false),
        ("changed.filter(file, file.startsWith('data/')).size() == 1", true),
        ("event.head.commit.startsWith('1b') && event.base.branch == null", true),
        ("event.depth > 0", false),
        ("dvc == null", true),
        ("has(event.inputs.lr)", false),
    ] {
        let rule = trigger("r", &format!("on = \"push\"\nwhen = \"{when}\""));
        let expected = if expected { Outcome::Fires } else { Outcome::Skipped };
        assert_eq!(outcome(&rule, &push(), &changed(&["data/a.csv", "src/b.py"])), expected, "{when}");
    }
}

#[test]
fn what_an_expression_cannot_tell_is_not_decided() {
    for (when, told_of) in [("event.branch", "a text"), ("event.pull_request.number == 7", ""), ("event.branch > 3", "")] {
        let plan = decide(&rules(&trigger("r", &format!("on = \"push\"\nwhen = \"{when}\""))), &push(), &changed(&[]));
        let decision = only(&plan);
        assert_eq!(decision.outcome, Outcome::Undecided, "{when}");
        assert!(told(decision).contains("`when` cannot be told") && told(decision).contains(told_of), "{}", told(decision));
    }
}

#[test]
fn not_is_a_list_of_which_none_may_hold() {
    let of = |not: &str| trigger("r", &format!("on = \"push\"\nnot = [{not}]"));
    for (not, expected) in [
        ("{branches = ['main']}", false),
        ("{branches = ['next']}", true),
        // All of one must hold for it to count, and one of several is enough.
        ("{branches = ['main'], actors = ['bob']}", true),
        ("{branches = ['main'], actors = ['ada']}", false),
        ("{branches = ['next']}, {actors = ['bob']}", true),
        ("{branches = ['next']}, {actors = ['ada']}", false),
        ("{paths = ['docs/**']}", true),
        ("{paths = ['data/**']}", false),
        ("{paths = ['**', '!data/**']}", true),
        ("{when = \"size(changed) == 1\"}", false),
        ("{on = 'push.created'}", true),
        ("{tags = ['*']}", true),
        ("{labels = ['wip']}", true),
        ("{conclusions = ['failure']}, {runs = ['*']}", true),
        ("{head_branches = ['main']}", false),
    ] {
        let expected = if expected { Outcome::Fires } else { Outcome::Skipped };
        assert_eq!(outcome(&of(not), &push(), &changed(&["data/a.csv"])), expected, "{not}");
    }
}

fn unknown() -> Facts {
    Facts {
        changed: Fact::Unknown("the clone is shallow".to_owned()),
        dvc: Fact::Unknown("dvc.yaml is broken".to_owned()),
        ..Facts::default()
    }
}

#[test]
fn what_nobody_knows_starts_nothing_and_says_why() {
    for (condition, name, why) in [
        ("paths = ['data/**']", "`paths`", "the clone is shallow"),
        ("paths = ['!docs/**']", "`paths`", "the clone is shallow"),
        ("dvc.stages = ['train']", "`dvc`", "dvc.yaml is broken"),
        ("when = \"size(changed) > 0\"", "`when`", "the clone is shallow"),
        ("when = \"dvc == null\"", "`when`", "dvc.yaml is broken"),
        ("not = [{paths = ['docs/**']}]", "`not`", "the clone is shallow"),
    ] {
        let plan = decide(&rules(&trigger("r", &format!("on = \"push\"\n{condition}"))), &push(), &unknown());
        let decision = only(&plan);
        assert_eq!(decision.outcome, Outcome::Undecided, "{condition}");
        assert!(told(decision).contains(name) && told(decision).contains(why), "{condition}: {}", told(decision));
        let doubtful = decision.clauses.iter().find(|clause| clause.holds.is_none());
        assert!(doubtful.is_some_and(|clause| clause.found.contains(why)), "{condition}: {:?}", decision.clauses);
    }
}

/// Words in texts are no names.
#[test]
fn an_expression_needs_what_it_names_and_no_more() {
    for (when, changed, dvc) in [
        ("event.branch == 'changed.dvc'", false, false),
        ("changed.exists(file, file.endsWith('.dvc'))", true, false),
        ("dvc.data == ['changed']", false, true),
        ("size(changed) > 0 && dvc != null", true, true),
    ] {
        let rules = rules(&trigger("r", &format!("on = \"push\"\nwhen = \"{when}\"")));
        let asked = needs(&rules, &push(), &Facts::default(), &request());
        assert_eq!(asked, Needs { changed, dvc, ..Needs::default() }, "{when}");
    }
}

#[test]
fn what_does_not_hold_weighs_more_than_what_nobody_knows() {
    for condition in ["branches = ['next']\npaths = ['data/**']", "paths = ['data/**']\nnot = [{branches = ['main']}]"] {
        assert_eq!(outcome(&trigger("r", &format!("on = \"push\"\n{condition}")), &push(), &unknown()), Outcome::Skipped, "{condition}");
    }
    // In an exception as well: it cannot hold, whatever the files are.
    let rule = trigger("r", "on = \"push\"\nnot = [{branches = ['next'], paths = ['docs/**']}]");
    assert_eq!(outcome(&rule, &push(), &unknown()), Outcome::Fires);
}

#[test]
fn what_nobody_looked_at_is_named() {
    let plan = decide(&rules(&trigger("r", "on = \"push\"\npaths = ['data/**']\ndvc.data = ['**']")), &push(), &Facts::default());
    assert_eq!(only(&plan).outcome, Outcome::Undecided);
    assert_eq!(only(&plan).reason.as_deref(), Some("what changed, what DVC tracks was not looked at"));
}

fn clause(conditions: &str, event: &Event, facts: &Facts, name: &str) -> Clause {
    let plan = decide(&rules(&trigger("r", conditions)), event, facts);
    let clauses = &only(&plan).clauses;
    clauses.iter().find(|clause| clause.name == name).unwrap_or_else(|| panic!("{conditions}: {clauses:#?}")).clone()
}

/// What an explanation says of each condition that does not hold.
#[test]
fn explanations_say_what_was_wanted_and_what_was_found() {
    let pull = event(
        json!({"kind": "pull_request", "action": "opened", "branch": "main", "pull_request": {"number": 7, "labels": ["docs", "wip"]}}),
    );
    let run = event(json!({"kind": "workflow_run", "run": {"name": "Test", "conclusion": "failure"}}));
    let gate = event(json!({"kind": "gate", "verdict": {"effect": "allow", "verdict": "pass", "failed": ["auc"]}}));
    let alias = event(json!({"kind": "model_alias", "model": {"name": "fraud"}}));
    let tag = event(json!({"kind": "push", "tag": "v1"}));
    for (condition, event, name, wanted, found) in [
        ("on = ['push', 'pull_request.closed']", &pull, "on", "push, pull_request.closed", "pull_request.opened"),
        ("on = 'pull_request'\nbranches = ['next', '!main']", &pull, "branches", "next, !main", "main"),
        ("on = 'push'\nbranches = ['main']", &tag, "branches", "main", "no branch"),
        ("on = 'push'\nbranches = ['main']\ntags = ['r*']", &tag, "branches, tags", "main; tags r*", "v1"),
        ("on = 'push'\ntags = ['r*']", &push(), "tags", "r*", "no tag"),
        ("on = 'pull_request'\nhead_branches = ['model/*']", &pull, "head_branches", "model/*", "no branch"),
        ("on = 'pull_request'\nlabels = ['train', '!wip']", &pull, "labels", "train, !wip", "docs, wip"),
        ("on = 'push'\nlabels = ['train']", &push(), "labels", "train", "no pull request"),
        ("on = 'push'\nactors = ['bob']", &push(), "actors", "bob", "ada"),
        ("on = 'workflow_run'\nruns = ['Train']", &run, "runs", "Train", "Test"),
        ("on = 'workflow_run'\nconclusions = ['success']", &run, "conclusions", "success", "failure"),
        ("on = 'model_alias'\nmodels = ['churn']", &alias, "models", "churn", "fraud"),
        ("on = 'model_alias'\naliases = ['champion']", &alias, "aliases", "champion", "no alias"),
        ("on = 'push'\nschedules = ['0 0 * * *']", &push(), "schedules", "0 0 * * *", "no schedule"),
        ("on = 'gate'\neffects = ['block']", &gate, "effects", "block", "allow"),
        ("on = 'gate'\nverdicts = ['fail']", &gate, "verdicts", "fail", "pass"),
        ("on = 'gate'\nmetrics = ['f1']", &gate, "metrics", "f1", "auc"),
        (
            "on = 'push'\npaths = ['{data,models}/**', '!**/*.md']",
            &push(),
            "paths",
            "{data,models}/**, !**/*.md",
            "none of 2 changed files",
        ),
        (
            "on = 'push'\ndvc = {stages = ['train'], params = ['a:b', 'c']}",
            &push(),
            "dvc",
            "stages train; params a:b, c",
            "there is no DVC project",
        ),
        ("on = 'push'\nwhen = \"event.branch == 'next'\"", &push(), "when", "event.branch == 'next'", "false"),
        ("on = 'push'\nnot = [{branches = ['main'], actors = ['ada']}]", &push(), "not", "branches main; actors ada", "main; ada"),
    ] {
        let expected = Clause { name: name.to_owned(), wanted: wanted.to_owned(), found: found.to_owned(), holds: Some(false) };
        assert_eq!(clause(condition, event, &changed(&["data/README.md", "src/a.py"]), name), expected, "{condition}");
    }
}

#[test]
fn explanations_name_the_files_that_count() {
    let files = changed(&["data/d.csv", "data/a.csv", "data/c.csv", "data/b.csv", "src/x.py"]);
    let clause = clause("on = 'push'\npaths = ['data/**']", &push(), &files, "paths");
    assert_eq!((clause.found.as_str(), clause.holds), ("data/a.csv, data/b.csv, data/c.csv and 1 more", Some(true)));
}

#[test]
fn a_rule_that_is_not_for_an_event_is_only_counted_unless_somebody_asks() {
    let rules = rules(&trigger("r", "on = 'push'\nbranches = ['next']"));
    let explained = decide(&rules, &push(), &changed(&[]));
    assert_eq!((explained.skipped, only(&explained).outcome), (0, Outcome::Skipped));
    assert_eq!(only(&explained).reason.as_deref(), Some("`branches` is next: main"));
    let plain = plan(&rules, &push(), &changed(&[]), &Past::default(), &Request { explain: false, ..request() });
    assert_eq!((plain.skipped, plain.decisions.len()), (1, 0));
}
