//! Events of a clone: which rules count, what changed, and one run for each event.

use super::*;

const PUSH: &str = "on = \"push\"";

#[test]
fn an_event_runs_a_command_once() {
    let clone = Clone::new(&tool("train", PUSH, "\"train\", \"{{ event.branch }}\""));
    let commit = clone.commit("data/a.csv", "2");
    let told = clone.push(&[]).expect(0);
    assert!(told.contains("▶ train") && told.contains(&commit[..10]) && told.contains("success"), "{told}");
    let told = clone.push(&[]).expect(0);
    assert!(told.contains("= train") && told.contains("it was started before"), "{told}");
    assert_eq!(clone.calls(), ["<train><main>"]);
    clone.push(&["--again", "x"]).expect(0);
    clone.push(&["--again", "x"]).expect(0);
    clone.push(&["--again", "y"]).expect(0);
    assert_eq!(clone.calls().len(), 3);
}

#[test]
fn the_document_says_what_was_started() {
    let clone = Clone::new(&tool("train", PUSH, "\"train\""));
    clone.commit("data/a.csv", "2");
    let text = clone.push(&["--format", "json", "--output", "out.json"]).expect(0);
    let document = json(&text);
    assert_eq!((&document["kind"], &document["dry_run"], &document["rules"]), (&json!("trigger"), &json!(false), &json!(1)));
    let step = &document["started"][0]["steps"][0];
    assert_eq!(
        (&step["origin"], &step["result"]["passed"], &step["result"]["conclusion"]),
        (&json!("new"), &json!(true), &json!("success"))
    );
    assert_eq!(document["started"][0]["key"], document["decisions"][0]["order"]["key"]);
    assert_eq!(fs::read_to_string(clone.repo.path().join("out.json")).expect("the file"), text);
    assert!(!text.contains("told by"), "what a command prints is talk");
}

#[test]
fn rules_come_from_the_default_branch() {
    let clone = Clone::new(&tool("train", PUSH, "\"train\""));
    clone.repo.switch("topic");
    clone.commit("proofmark.toml", &tool("evil", PUSH, "\"evil\""));
    let told = clone.push(&[]).expect(0);
    assert!(told.contains("note") && told.contains("the change has other triggers"), "{told}");
    assert_eq!(clone.calls(), ["<train>"]);
    // However the commit is named.
    let topic = clone.repo.id("HEAD");
    clone.run(&["--event", "push", "--from", "main", "--to", "topic", "--again", "1"]).expect(0);
    clone.repo.switch("main");
    for (word, to) in [("2", "topic"), ("3", topic.as_str()), ("4", "refs/heads/topic")] {
        clone.run(&["--event", "push", "--from", "main", "--to", to, "--again", word]).expect(0);
    }
    clone.repo.git(&["checkout", "--quiet", "--detach", "topic"]);
    clone.push(&["--again", "5"]).expect(0);
    clone.run(&["--event", "pull_request", "--again", "6"]).expect(0);
    assert!(clone.calls().iter().all(|call| call == "<train>") && clone.calls().len() == 6, "{:?}", clone.calls());
}

#[test]
fn a_push_to_the_default_branch_brings_its_own_rules() {
    let clone = Clone::new(&tool("old", PUSH, "\"old\""));
    clone.commit("proofmark.toml", &tool("new", PUSH, "\"new\""));
    clone.push(&[]).expect(0);
    assert_eq!(clone.calls(), ["<new>"]);
}

#[test]
fn paths_are_those_that_really_changed() {
    let clone = Clone::new(&tool("train", "on = \"push\"\npaths = [\"data/**\", \"!data/notes/**\"]", "\"{{ changed | join(',') }}\""));
    for (path, fires) in [("README", false), ("data/notes/x.md", false), ("data/b.csv", true)] {
        clone.commit(path, "new");
        let told = clone.push(&[]).expect(0);
        assert_eq!(told.contains("▶ train"), fires, "{path}: {told}");
    }
    clone.repo.git(&["mv", "data/b.csv", "b.csv"]);
    clone.repo.commit("moved away");
    clone.push(&[]).expect(0);
    assert_eq!(clone.calls(), ["<data/b.csv>", "<b.csv,data/b.csv>"]);
}

#[test]
fn a_new_branch_brings_what_it_has_beyond_the_default_branch() {
    let clone = Clone::new(&tool("train", "on = \"push\"\npaths = [\"data/**\"]", "\"{{ changed | join(',') }}\""));
    clone.repo.switch("topic");
    clone.commit("data/b.csv", "1");
    clone.commit("README", "2");
    clone.run(&["--event", "push"]).expect(0);
    assert_eq!(clone.calls(), ["<README,data/b.csv>"]);
    // The payload of a webhook says so with zeros.
    let body = json!({
        "ref": "refs/heads/topic", "before": "0".repeat(40), "after": clone.repo.id("topic"), "created": true,
        "repository": {"full_name": REPOSITORY, "default_branch": "main"},
    });
    fs::write(clone.file("push.json"), body.to_string()).expect("a file");
    clone.run(&["--event", "push", "--payload", &clone.file("push.json").display().to_string()]).expect(0);
    assert_eq!(clone.calls().last().map(String::as_str), Some("<README,data/b.csv>"));
}

#[test]
fn a_commit_before_that_is_nowhere_is_said_unless_the_push_was_forced() {
    let clone = Clone::new(&tool("train", "on = \"push\"\npaths = [\"data/**\"]", "\"train\""));
    clone.repo.switch("topic");
    let head = clone.commit("data/b.csv", "1");
    let push = |forced: bool| {
        let body = json!({
            "ref": "refs/heads/topic", "before": "1".repeat(40), "after": head, "forced": forced,
            "repository": {"full_name": REPOSITORY, "default_branch": "main"},
        });
        fs::write(clone.file("push.json"), body.to_string()).expect("a file");
        clone.run(&["--payload", &clone.file("push.json").display().to_string()])
    };
    let told = push(false).expect_error(2);
    assert!(told.contains("`train`") && told.contains("`paths` cannot be told") && told.contains("nothing was started"), "{told}");
    assert!(clone.calls().is_empty());
    push(true).expect(0);
    assert_eq!(clone.calls(), ["<train>"]);
}

#[test]
fn a_look_starts_nothing_and_notes_nothing() {
    let clone = Clone::new(&(tool("train", PUSH, "\"train\"") + &tool("tags", "on = \"push\"\ntags = [\"v*\"]", "\"tag\"")));
    clone.commit("data/a.csv", "2");
    let told = clone.push(&["--dry-run"]).expect(0);
    assert!(told.contains("▶ train") && told.contains("run sh tool.sh train") && !told.contains("tags "), "{told}");
    let told = clone.push(&["--explain"]).expect(0);
    assert!(told.contains("▶ train") && told.contains("✓ on") && told.contains("· tags") && told.contains("✗ tags"), "{told}");
    let text = clone.push(&["--dry-run", "--format", "json"]).expect(0);
    assert_eq!((json(&text)["dry_run"].as_bool(), outcomes(&text)), (Some(true), vec!["train fires".to_owned()]));
    assert!(clone.calls().is_empty());
    assert!(clone.journal().is_empty(), "{:?}", clone.journal());
}

#[test]
fn a_command_that_fails_is_told_by_the_exit_code() {
    let clone = Clone::new(&tool("train", PUSH, "\"train\""));
    clone.commit("data/a.csv", "2");
    clone.put("fail-train");
    let ran = clone.push(&[]);
    assert!(ran.stdout.contains("exit code 1") && ran.stderr.contains("told by train"), "{ran:?}");
    ran.expect(1);
    clone.take("fail-train");
    let told = clone.push(&[]).expect(0);
    assert!(told.contains("= train") && told.contains("failed"), "{told}");
    assert_eq!(clone.calls().len(), 1, "what failed is not run again by itself");
}

#[test]
fn a_program_that_is_not_there_starts_nothing() {
    let missing = "[[trigger]]\nname = \"second\"\non = \"push\"\n[trigger.start.command]\nargv = [\"no-such-program\"]\n";
    let clone = Clone::new(&(tool("first", PUSH, "\"first\"") + missing));
    clone.commit("data/a.csv", "2");
    let told = clone.push(&[]).expect_error(2);
    assert!(told.contains("trigger `second` (line 6)") && told.contains("`no-such-program` cannot be started"), "{told}");
    assert!(told.contains("is it installed, and on the PATH?"), "{told}");
    assert!(clone.calls().is_empty(), "nothing is half-started");
    assert!(clone.journal().contains(&"failed second".to_owned()), "{:?}", clone.journal());
    // Once it is repaired, both run.
    clone.commit("proofmark.toml", &(tool("first", PUSH, "\"first\"") + &tool("second", PUSH, "\"second\"")));
    clone.push(&[]).expect(0);
    assert_eq!(clone.calls(), ["<first>", "<second>"]);
}

#[test]
fn tokens_are_no_business_of_what_is_started() {
    let clone = Clone::new(&tool("train", PUSH, "\"train\""));
    clone.commit("data/a.csv", "2");
    let tokens = ["GITHUB_TOKEN", "GH_TOKEN", "JENKINS_API_TOKEN", "PROOFMARK_INPUT_TOKEN"];
    let program = tokens.into_iter().fold(clone.program(), |program, name| program.env(name, "hidden-12345"));
    program.env("JENKINS_USER_ID", "ada").env("KEPT", "yes").run(&["trigger", "--event", "push", "--from", "HEAD~1"]).expect(0);
    let env = clone.read("env");
    assert!(!env.contains("hidden-12345") && env.contains("KEPT=yes") && env.contains("PROOFMARK_KEY=pm1-1-"), "{env}");
}

#[test]
fn hostile_names_arrive_as_one_argument() {
    let clone = Clone::new(&tool("train", PUSH, "\"{{ event.branch }}\", \"--changed={{ changed | join(';') }}\""));
    let branch = "x;$(touch${IFS}pwned)`id`&&\"'|é";
    clone.repo.switch(branch);
    let file = "data/$(touch pwned) ; \"quoted\" 'x' *.csv";
    clone.commit(file, "1");
    clone.push(&[]).expect(0);
    assert_eq!(clone.calls(), [format!("<{branch}><--changed={file}>")]);
    assert!(!clone.repo.path().join("pwned").exists());
}

#[test]
fn a_name_that_a_program_would_take_for_an_option_is_refused() {
    let clone = Clone::new(&tool("train", PUSH, "\"{{ changed[0] }}\""));
    clone.commit("--output=evil", "1");
    let told = clone.push(&[]).expect_error(2);
    assert!(told.contains("`train`") && told.contains("start.command.argv[2]") && told.contains("for an option"), "{told}");
    assert!(told.contains("put \"--\" before it") && clone.calls().is_empty(), "{told}");
}

#[test]
fn the_log_verifies_and_a_changed_journal_is_refused() {
    let clone = Clone::new(&tool("train", PUSH, "\"train\""));
    clone.commit("data/a.csv", "2");
    clone.push(&[]).expect(0);
    let log = clone.run(&["log"]);
    assert!(
        log.stdout.contains("started") && log.stdout.contains("finished") && log.stderr.contains("follows from the one before"),
        "{log:?}"
    );
    let path = clone.repo.path().join(".git/proofmark/triggers.jsonl");
    let text = fs::read_to_string(&path).expect("a journal");
    let lines: Vec<&str> = text.lines().collect();
    let without =
        |at: usize| lines.iter().enumerate().filter(|(line, _)| *line != at).map(|(_, line)| format!("{line}\n")).collect::<String>();
    for (changed, line) in [(text.replacen("success", "suxcess", 1).replacen("started", "stopped", 1), 4), (without(1), 2), (without(2), 3)]
    {
        fs::write(&path, changed).expect("a file");
        let named = format!("line {line} of the journal does not follow");
        for arguments in [&["log"][..], &["--event", "push", "--from", "HEAD~1", "--again", "x"]] {
            let told = clone.run(arguments).expect_error(2);
            assert!(told.contains(&named) && told.contains("triggers.jsonl"), "{told}");
        }
    }
    assert_eq!(clone.calls().len(), 1, "nothing is started beside a journal that lies");
}

#[test]
fn a_trigger_that_is_asked_for_by_name() {
    let clone = Clone::new(&(tool("one", PUSH, "\"1\"") + &tool("two", PUSH, "\"2\"")));
    clone.commit("data/a.csv", "2");
    let told = clone.push(&["--only", "twoo"]).expect_error(2);
    assert!(told.contains("there is no trigger `twoo`") && told.contains("did you mean `two`?"), "{told}");
    clone.push(&["--only", "two"]).expect(0);
    assert_eq!(clone.calls(), ["<2>"]);
}

#[test]
fn a_schedule_runs_once_a_minute() {
    let clone = Clone::new(&tool("nightly", "on = \"schedule\"\nschedules = [\"17 3 * * *\"]", "\"nightly\""));
    let at = |now: &str, line: &str| {
        clone.program().env("PROOFMARK_NOW", now).run(&["trigger", "--event", "schedule", "--schedule", line]).expect(0);
    };
    at("1704110400", "17 3 * * *");
    at("1704110410", "17 3 * * *");
    at("1704110460", "0 0 * * *");
    assert_eq!(clone.calls().len(), 1);
    at("1704196800", "17 3 * * *");
    assert_eq!(clone.calls().len(), 2);
}

#[test]
fn events_that_cannot_be_made_here_say_what_to_do() {
    let clone = Clone::new(&tool("train", PUSH, "\"train\""));
    for (arguments, told) in [
        (&[][..], "there is no event"),
        (&["--event", "pusch"], "did you mean `push`?"),
        (&["--event", "release"], "`--payload FILE`"),
        (&["--event", "schedule"], "`--schedule"),
        (&["--event", "push", "--from", "nowhere"], "nowhere"),
    ] {
        let error = clone.run(arguments).expect_error(2);
        assert!(error.contains(told), "{arguments:?}: {error}");
    }
}
