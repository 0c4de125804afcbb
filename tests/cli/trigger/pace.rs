//! Limits, groups and gathering, decided from what the forge itself says was started.

use super::*;

/// The workflow's runs never end by themselves.
fn endless(rules: &str) -> Stage {
    let plan = Plan { running: u64::MAX, ..Plan::default() };
    Stage::with(rules, |repository| Repository { plan, ..repository })
}

fn paced(pace: &str) -> String {
    train(&format!("on = \"push\"\npace = {{ {pace} }}"))
}

/// Another push to the same branch.
fn next(stage: &mut Stage) -> Value {
    stage.repo.write("README", stage.head.clone());
    (stage.base, stage.head) = (stage.head.clone(), stage.repo.commit("more"));
    stage.pushed()
}

/// What becomes of the only rule: outcome, reason, and when it is due.
fn decided(stage: &Stage, payload: &Value, arguments: &[&str]) -> (String, String, Option<u64>) {
    let text = stage.run("push", payload, &[&["--format", "json"], arguments].concat()).expect(0);
    let decision = json(&text)["decisions"][0].clone();
    let text = |field: &str| decision[field].as_str().unwrap_or_default().to_owned();
    (text("outcome"), text("reason"), decision["until"].as_u64())
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
}

#[test]
fn between_two_starts_time_must_pass() {
    let mut stage = Stage::new(&paced("cooldown = \"1h\""));
    stage.run("push", &stage.pushed(), &[]).expect(0);
    let payload = next(&mut stage);
    let (outcome, why, until) = decided(&stage, &payload, &[]);
    let until = until.expect("a time");
    assert!(outcome == "held" && why.contains("less than 1h ago") && (now() + 3500..now() + 3601).contains(&until), "{why} {until}");
    let told = stage.run("push", &payload, &[]).expect(0);
    assert!(told.contains("⏸ train") && told.contains("(due 2"), "{told}");
    stage.set("PROOFMARK_NOW", &(until + 1).to_string());
    assert_eq!((decided(&stage, &payload, &[]).0.as_str(), stage.runs().len()), ("fires", 2));
}

#[test]
fn a_day_has_so_many_starts() {
    let mut stage = Stage::new(&paced("per_day = 2"));
    for expected in ["fires", "fires", "held"] {
        let payload = next(&mut stage);
        let (outcome, why, until) = decided(&stage, &payload, &[]);
        assert_eq!((outcome.as_str(), until.is_some()), (expected, expected == "held"), "{why}");
    }
    let payload = next(&mut stage);
    let (_, why, until) = decided(&stage, &payload, &[]);
    assert!(why.contains("2 of 2 starts within 24 hours") && until.expect("a time") > now() + 86_000, "{why}");
    assert_eq!(stage.runs().len(), 2);
}

#[test]
fn what_runs_cost_is_counted() {
    let mut stage = Stage::new(&paced("cost = 4.0, cost_per_day = 10.0"));
    for expected in ["fires", "fires", "held"] {
        let payload = next(&mut stage);
        assert_eq!(decided(&stage, &payload, &[]).0, expected);
    }
    let stage = Stage::new(&paced("cost = 11.0, cost_per_day = 10.0"));
    assert_eq!(decided(&stage, &stage.pushed(), &[]).0, "rejected");
    assert_eq!(stage.runs().len(), 0);
}

#[test]
fn a_group_runs_one_at_a_time() {
    for (busy, outcome, running) in [("queue", "held", 1), ("reject", "rejected", 1), ("replace", "fires", 1)] {
        let mut stage = endless(&paced(&format!("group = \"gpu\", busy = \"{busy}\"")));
        let payload = next(&mut stage);
        decided(&stage, &payload, &[]);
        let first = stage.runs()[0].id;
        let payload = next(&mut stage);
        assert_eq!(decided(&stage, &payload, &[]).0, outcome, "{busy}");
        let runs = stage.runs();
        assert_eq!(runs.len(), running, "{busy}: {runs:#?}");
        assert_eq!(runs[0].id == first, busy != "replace", "the older one was cancelled");
    }
}

#[test]
fn two_rules_of_one_event_share_a_group() {
    let second = paced("group = \"gpu\"").replace("\"train\"", "\"evaluate\"");
    let stage = endless(&(paced("group = \"gpu\"") + &second));
    let text = stage.run("push", &stage.pushed(), &["--format", "json"]).expect(0);
    assert_eq!(outcomes(&text), ["train fires", "evaluate held"]);
    assert_eq!(stage.runs().len(), 1);
}

#[test]
fn patience_waits_for_a_busy_group() {
    let mut stage = Stage::with(&paced("group = \"gpu\""), |repository| Repository {
        plan: Plan { queued: 0, running: u64::MAX, ..Plan::default() },
        ..repository
    });
    let payload = next(&mut stage);
    decided(&stage, &payload, &[]);
    let payload = next(&mut stage);
    let program = stage.program("push", &payload);
    let arguments = stage.fresh(&["--patience", "60"]);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| program.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()));
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(stage.runs().len(), 1, "it waits");
        stage.github.state().repo_mut(REPOSITORY).runs.values_mut().for_each(|run| {
            (run.status, run.conclusion) = ("completed".to_owned(), Some("success".to_owned()));
        });
        let ran = waiting.join().expect("no panic");
        assert!(ran.stderr.contains("`train` waits: ") && ran.stderr.contains("of the group `gpu` is under way"), "{ran:?}");
        ran.expect(0);
    });
    assert_eq!(stage.runs().len(), 2);
}

#[test]
fn patience_has_an_end() {
    let mut stage = endless(&paced("cooldown = \"1h\""));
    stage.run("push", &stage.pushed(), &[]).expect(0);
    let payload = next(&mut stage);
    let began = Instant::now();
    assert_eq!(decided(&stage, &payload, &["--patience", "2"]).0, "held");
    assert!(began.elapsed() < Duration::from_secs(5), "what is due later is not waited for");
}

#[test]
fn of_pushes_in_a_row_the_newest_is_trained() {
    let mut stage = Stage::new(&paced("quiet = \"2s\""));
    let first = stage.pushed();
    let (outcome, why, _) = decided(&stage, &first, &[]);
    assert!(outcome == "held" && why.contains("quiet for 2s"), "{outcome} {why}");
    let second = next(&mut stage);
    // The branch has gone on while the first was held back.
    let (outcome, why, _) = decided(&stage, &first, &["--patience", "10"]);
    assert!(outcome == "superseded" && why.contains(&stage.head[..10]), "{outcome} {why}");
    assert_eq!(decided(&stage, &second, &["--patience", "10"]).0, "fires");
    let runs = stage.runs();
    assert_eq!(runs.iter().filter_map(|run| run.inputs["data"].as_str()).collect::<Vec<_>>(), [stage.head.as_str()]);
}
