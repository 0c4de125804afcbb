//! Runs of GitHub Actions: what each event starts at GitHub, and by whose rules.

use super::*;

const PUSH: &str = "on = \"push\"";

#[test]
fn a_workflow_is_started_once_with_inputs_and_key() {
    let stage = Stage::new(&train(PUSH));
    let told = stage.run("push", &stage.pushed(), &[]).expect(0);
    assert!(told.contains("▶ train") && told.contains("https://github.com/acme/widgets/actions/runs/"), "{told}");
    let runs = stage.runs();
    let [run] = runs.as_slice() else { panic!("{runs:#?}") };
    let key = run.inputs["proofmark"].as_str().expect("a key");
    assert_eq!((run.inputs["data"].as_str(), run.head_branch.as_str()), (Some(stage.head.as_str()), "main"));
    assert_eq!(run.title, format!("Train {} ({key})", stage.head));
    assert!(key.starts_with("pm1-1-") && told.contains(key), "{told}");
}

#[test]
fn another_attempt_adopts_what_the_first_started() {
    let mut stage = Stage::new(&train(PUSH));
    stage.run("push", &stage.pushed(), &[]).expect(0);
    stage.set("GITHUB_RUN_ATTEMPT", "2");
    let told = stage.run("push", &stage.pushed(), &[]).expect(0);
    assert!(told.contains("= train") && told.contains("it was started before"), "{told}");
    // Another workflow that hears of the same commit.
    let told = stage.run("pull_request", &stage.pull_request(), &["--config", "proofmark.toml"]).expect(0);
    assert!(told.contains("fires 0 of 1 trigger"), "{told}");
    assert_eq!(stage.runs().len(), 1);
}

#[test]
fn a_push_and_its_pull_request_mean_one_commit() {
    let stage = Stage::new(&train("on = [\"push\", \"pull_request\"]"));
    stage.run("push", &stage.pushed(), &[]).expect(0);
    let text = stage.run("pull_request", &stage.pull_request(), &["--format", "json"]).expect(0);
    assert_eq!((outcomes(&text), stage.runs().len()), (vec!["train duplicate".to_owned()], 1));
}

#[test]
fn the_rules_of_a_pull_request_are_those_of_the_branch_that_it_goes_into() {
    let stage = Stage::new(&train("on = \"pull_request\""));
    stage.repo.write("proofmark.toml", tool("evil", "on = \"pull_request\"", "\"evil\""));
    let evil = stage.repo.commit("rules of one's own");
    let mut payload = stage.pull_request();
    payload["pull_request"]["head"]["sha"] = json!(evil);
    let text = stage.run("pull_request", &payload, &["--format", "json"]).expect(0);
    assert_eq!((outcomes(&text), stage.runs().len()), (vec!["train fires".to_owned()], 1));
    // Main has gone on since the event: its newest rules count, not those of the clone or of the event's base.
    stage.repo.switch("main").write("proofmark.toml", "");
    stage.repo.commit("no triggers");
    stage.repo.switch("change");
    let text = stage.run("pull_request", &payload, &["--format", "json", "--again", "x"]).expect(0);
    assert_eq!((outcomes(&text), json(&text)["rules"].as_u64(), stage.runs().len()), (vec![], Some(0), 1));
    assert!(!stage.repo.outside().join("calls").exists());
}

#[test]
fn a_shallow_clone_reads_what_changed_from_github() {
    let stage = Stage::new(&train("on = [\"push\", \"pull_request\"]\npaths = [\"data/**\"]\nwhen = \"size(changed) == 2\""));
    stage.repo.switch("main").write("other", "1");
    stage.repo.commit("elsewhere");
    for (event, payload) in [("pull_request", stage.pull_request()), ("push", stage.pushed())] {
        let clone = stage.repo.clone_with(&["--depth=1", "--branch", "change", "--single-branch"]);
        let arguments = stage.fresh(&["--format", "json"]);
        let ran = stage.program(event, &payload).at(clone.path()).run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let expected = if event == "push" { "train duplicate" } else { "train fires" };
        assert_eq!(outcomes(&ran.expect(0)), [expected], "{event}");
    }
    assert!(stage.github.requests().iter().any(|request| request.path.contains("/git/trees/")), "trees are read");
    assert_eq!(stage.runs().len(), 1);
}

#[test]
fn without_a_clone_all_is_read_from_github() {
    let stage = Stage::new(&train("on = \"push\"\npaths = [\"data/**\"]"));
    let folder = stage.repo.outside().join("empty");
    fs::create_dir(&folder).expect("a folder");
    let arguments = stage.fresh(&[]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    stage.program("push", &stage.pushed()).at(&folder).run(&arguments).expect(0);
    assert_eq!(stage.runs().len(), 1);
    let told = stage.program("push", &stage.pushed()).at(&folder).run(&["trigger"]).expect_error(2);
    assert!(told.contains("no clone to keep the journal in") && told.contains("--journal"), "{told}");
}

#[test]
fn a_fork_starts_nothing_by_itself() {
    for (forks, expected) in [("", 0), ("forks = \"never\"", 0), ("forks = \"always\"", 1)] {
        let stage = Stage::new(&train(&format!("on = \"pull_request\"\n{forks}")));
        let mut payload = stage.pull_request();
        payload["pull_request"]["head"]["repo"] = json!({"id": 2, "full_name": "eve/widgets"});
        let told = stage.run("pull_request", &payload, &["--explain"]).expect(0);
        assert_eq!(told.contains("✗ forks"), expected == 0, "{told}");
        stage.run("pull_request", &payload, &[]).expect(0);
        assert_eq!(stage.runs().len(), expected, "{forks}");
        // A fork that is gone may be anybody's.
        payload["pull_request"]["head"]["repo"] = Value::Null;
        stage.run("pull_request", &payload, &["--again", "x"]).expect(0);
        assert_eq!(stage.runs().len(), 2 * expected, "{forks}");
    }
}

#[test]
fn each_kind_of_event_finds_its_trigger() {
    let about = json!({"full_name": REPOSITORY, "default_branch": "main"});
    let run = |conclusion: &str| {
        json!({
            "action": "completed", "repository": about,
            "workflow_run": {
                "id": 5, "name": "tests", "event": "push", "status": "completed", "conclusion": conclusion, "head_branch": "main",
                "head_sha": "1".repeat(40), "head_repository": {"id": 1, "full_name": REPOSITORY},
                "repository": {"id": 1, "full_name": REPOSITORY}, "pull_requests": [],
            },
        })
    };
    let none = "inputs = { data = \"x\" }";
    for (event, on, payload, fires) in [
        ("workflow_run", "on = \"workflow_run.completed\"\nruns = [\"tests\"]\nconclusions = [\"success\"]", run("success"), true),
        ("workflow_run", "on = \"workflow_run.completed\"\nruns = [\"tests\"]\nconclusions = [\"success\"]", run("failure"), false),
        (
            "repository_dispatch",
            "on = \"repository_dispatch.new-data\"",
            json!({"action": "new-data", "branch": "main", "client_payload": {"set": "v2"}, "repository": about}),
            true,
        ),
        (
            "repository_dispatch",
            "on = \"repository_dispatch.new-data\"",
            json!({"action": "old-data", "branch": "main", "client_payload": {}, "repository": about}),
            false,
        ),
        ("schedule", "on = \"schedule\"\nschedules = [\"17 3 * * *\"]", json!({"schedule": "17 3 * * *", "repository": about}), true),
        ("schedule", "on = \"schedule\"\nschedules = [\"17 3 * * *\"]", json!({"schedule": "0 0 * * *", "repository": about}), false),
        (
            "workflow_dispatch",
            "on = \"workflow_dispatch\"\nwhen = \"event.inputs.go == 'yes'\"",
            json!({"ref": "refs/heads/main", "inputs": {"go": "yes"}, "repository": about}),
            true,
        ),
        (
            "release",
            "on = \"release.published\"\ntags = [\"v*\"]",
            json!({"action": "published", "release": {"tag_name": "v1"}, "repository": about}),
            true,
        ),
        (
            "push",
            "on = \"push\"\ntags = [\"v*\"]",
            json!({"ref": "refs/tags/v1", "before": "0".repeat(40), "after": "1".repeat(40), "repository": about}),
            true,
        ),
        ("page_build", "on = \"other:page_build\"", json!({"id": 1, "repository": about}), true),
        ("page_build", "on = \"push\"", json!({"id": 1, "repository": about}), false),
    ] {
        let stage = Stage::new(&train(on).replace("inputs = { data = \"{{ event.head.commit }}\" }", none));
        let told = stage.run(event, &payload, &[]).expect(0);
        assert_eq!((stage.runs().len(), told.contains("▶ train")), (usize::from(fires), fires), "{event} {on}: {told}");
        assert_eq!(told.contains("no type for this event"), event == "page_build", "{told}");
    }
}

#[test]
fn labels_count_as_the_payload_tells_them() {
    let stage = Stage::new(&train("on = \"pull_request.labeled\"\nlabels = [\"train\"]"));
    for (label, runs) in [("docs", 0), ("train", 1)] {
        let mut payload = stage.pull_request();
        (payload["action"], payload["label"]) = (json!("labeled"), json!({"name": label}));
        payload["pull_request"]["labels"] = json!([{"name": label}]);
        stage.run("pull_request", &payload, &[]).expect(0);
        assert_eq!(stage.runs().len(), runs, "{label}");
    }
}

#[test]
fn an_event_of_ones_own_carries_the_key() {
    let rule = "[[trigger]]\nname = \"tell\"\non = \"push\"\n[trigger.start.dispatch]\nevent_type = \"retrain\"\npayload = { commit = \"{{ event.head.commit }}\", fast = true }\n";
    let stage = Stage::new(rule);
    let journal = stage.repo.outside().join("kept.jsonl").display().to_string();
    let told = stage.program("push", &stage.pushed()).run(&["trigger", "--journal", &journal]).expect(0);
    stage.program("push", &stage.pushed()).run(&["trigger", "--journal", &journal]).expect(0);
    stage.program("push", &stage.pushed()).run(&["trigger", "--journal", &journal, "--wait"]).expect(0);
    let sent: Vec<Value> = stage.github.state().repo(REPOSITORY).dispatches.iter().map(|one| one.body.clone()).collect();
    let [body] = sent.as_slice() else { panic!("{sent:#?}") };
    let (payload, key) = (&body["client_payload"], body["client_payload"]["proofmark"].as_str().expect("a key"));
    assert_eq!((&body["event_type"], &payload["commit"], &payload["fast"]), (&json!("retrain"), &json!(stage.head), &json!(true)));
    assert!(key.starts_with("pm1-1-") && told.contains(key), "{told}");
}

#[test]
fn a_chain_of_orders_has_an_end() {
    let mark = |depth: u32| format!("pm1-{depth}-00000001-00000002-0123456789abcdef");
    let rule = train("on = [\"workflow_dispatch\", \"repository_dispatch\"]").replace("{{ event.head.commit }}", "x");
    for (depth, fires) in [(1, true), (2, true), (3, false), (99, false)] {
        for (event, payload) in [
            ("workflow_dispatch", json!({"ref": "refs/heads/main", "inputs": {"proofmark": mark(depth)}})),
            ("repository_dispatch", json!({"action": "x", "branch": "main", "client_payload": {"proofmark": mark(depth)}})),
        ] {
            let stage = Stage::new(&rule);
            let mut payload = payload.clone();
            payload["repository"] = json!({"full_name": REPOSITORY, "default_branch": "main"});
            stage.run(event, &payload, &[]).expect(0);
            let keys: Vec<String> = stage.runs().iter().filter_map(|run| Some(run.inputs["proofmark"].as_str()?.to_owned())).collect();
            assert_eq!(keys.len(), usize::from(fires), "{event} {depth}");
            assert!(keys.iter().all(|key| key.starts_with(&format!("pm1-{}-", depth + 1))), "{keys:?}");
            let told = stage.run(event, &payload, &["--explain"]).expect(0);
            assert_eq!(told.contains("✗ depth"), !fires, "{told}");
        }
    }
}

#[test]
fn events_of_our_own_account_count_only_where_a_rule_says_so() {
    for (own, expected) in [("", 0), ("own = true", 1)] {
        let stage = Stage::new(&format!("[triggers]\nown_accounts = [\"acme-bot\"]\n{}", train(&format!("{PUSH}\n{own}"))));
        let mut payload = stage.pushed();
        payload["sender"] = json!({"login": "Acme-Bot", "type": "User"});
        stage.run("push", &payload, &[]).expect(0);
        assert_eq!(stage.runs().len(), expected, "{own}");
        payload["sender"]["login"] = json!("ada");
        stage.run("push", &payload, &[]).expect(0);
        assert_eq!(stage.runs().len(), 1);
    }
}

#[test]
fn without_a_token_nothing_is_started_and_all_can_be_tried() {
    let mut stage = Stage::new(&train(PUSH));
    stage.set("GITHUB_TOKEN", "");
    let told = stage.run("push", &stage.pushed(), &["--dry-run"]).expect(0);
    assert!(told.contains("▶ train"), "{told}");
    let told = stage.run("push", &stage.pushed(), &[]).expect_error(2);
    assert!(told.contains("trigger `train`") && told.contains("no token") && told.contains("GITHUB_TOKEN: ${{ github.token }}"), "{told}");
}

#[test]
fn waiting_gives_the_result_as_exit_code() {
    for (conclusion, code, looks) in [("success", 0, 1), ("failure", 1, 0), ("cancelled", 1, 0), ("neutral", 0, 0)] {
        let plan = Plan { queued: looks, running: looks, conclusion: conclusion.to_owned(), late: 0 };
        let stage = Stage::with(&train(PUSH), |repository| Repository { plan, ..repository });
        let ran = stage.run("push", &stage.pushed(), &["--wait"]);
        assert!(ran.stderr.contains("in_progress") == (looks > 0) && ran.stdout.contains(conclusion), "{ran:?}");
        ran.expect(code);
        // Who asks later gets the same answer, and who does not wait none.
        let told = stage.run("push", &stage.pushed(), &["--wait"]).expect(code);
        assert!(told.contains("= train"), "{told}");
        stage.run("push", &stage.pushed(), &[]).expect(0);
    }
}
