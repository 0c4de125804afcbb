//! Each event: what is judged against what, and where the report stands.

use serde_json::json;

use super::*;

#[test]
fn a_pull_request_that_passes() {
    let stage = Stage::new("0.95");
    stage.on_pull_request(&["gate", "--post"]).expect(0);
    let bodies = stage.bodies();
    assert_eq!(bodies.len(), 1);
    assert!(
        bodies[0].starts_with("<!-- proofmark:") && bodies[0].contains("all checks passed") || bodies[0].contains("the one check passed"),
        "{}",
        bodies[0]
    );
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed success"]);
    assert!(stage.read("summary.md").contains("the one check passed"));
    assert_eq!(stage.output("effect").as_deref(), Some("allow"));
    assert_eq!(stage.output("improved").as_deref(), Some("1"));
    assert!(stage.output("comment-url").is_some_and(|url| url.contains("#issuecomment-")));
    assert!(stage.github.requests().len() <= 12, "{}", stage.github.requests().len());
}

#[test]
fn a_pull_request_that_regresses() {
    let stage = Stage::new("0.8");
    let ran = stage.on_pull_request(&["gate", "--post"]);
    ran.clone().expect(1);
    assert!(stage.bodies()[0].contains("BLOCKED"));
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
    let state = stage.github.state();
    let check = state.check_runs(REPOSITORY, &stage.head)[0];
    let places: Vec<(String, u64)> = check.annotations.iter().map(|row| (row.path.clone(), row.start_line)).collect();
    assert_eq!(places, [("metrics.json".to_owned(), 2)], "the line of the metric");
    assert!(!ran.stdout.contains("::error"), "the check has the annotations: {}", ran.stdout);
    drop(state);
    assert_eq!(stage.output("blocked").as_deref(), Some("true"));
}

#[test]
fn the_merge_commit_is_judged_against_the_base_and_reported_at_the_head() {
    let mut stage = Stage::new("0.95");
    // Somebody else has made the model on main better since: what counts is main as it is now, merged with the change.
    stage.repo.switch("main").write("other.txt", "x");
    let newest = stage.repo.commit("main moves on");
    let merged = {
        stage.repo.git(&["checkout", "--quiet", "--detach", "main"]);
        stage.repo.merge("change")
    };
    stage.set("GITHUB_SHA", &merged);
    let report = stage.on_pull_request(&["gate", "--post", "--format", "json"]);
    let text = report.expect(0);
    assert!(text.contains(&newest), "judged against the newest main");
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed success"]);
    assert_eq!(stage.checks(&merged), Vec::<String>::new(), "nobody looks at the merge commit");
}

#[test]
fn a_merge_queue_is_judged_against_its_base_and_reported_at_its_head() {
    let mut stage = Stage::new("0.8");
    let queue = format!("gh-readonly-queue/main/pr-7-{}", stage.base);
    let payload = json!({
        "action": "checks_requested", "repository": {"full_name": REPOSITORY, "default_branch": "main"},
        "merge_group": {"head_sha": stage.head, "head_ref": format!("refs/heads/{queue}"), "base_sha": stage.base, "base_ref": "refs/heads/main"},
    });
    stage.set("GITHUB_REF", &format!("refs/heads/{queue}"));
    stage.program("merge_group", &payload).run(&["gate", "--post"]).expect(1);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
    assert!(stage.bodies().is_empty(), "nobody reads a comment of a queue");
}

#[test]
fn a_push_to_the_default_branch_is_judged_against_what_was_there() {
    let stage = Stage::new("0.8");
    stage.repo.git(&["branch", "--force", "main", "change"]);
    stage.repo.switch("main");
    let payload = json!({
        "ref": "refs/heads/main", "before": stage.base, "after": stage.head, "repository": {"full_name": REPOSITORY, "default_branch": "main"},
    });
    stage.program("push", &payload).run(&["gate", "--post"]).expect(1);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate (push) completed failure"]);
    assert!(stage.read("summary.md").contains("BLOCKED"));
}

#[test]
fn a_push_to_a_branch_is_judged_against_the_default_branch_and_finds_its_pull_request() {
    let stage = Stage::new("0.8");
    let payload = json!({
        "ref": "refs/heads/change", "before": stage.head, "after": stage.head, "repository": {"full_name": REPOSITORY, "default_branch": "main"},
    });
    stage.program("push", &payload).run(&["gate", "--post"]).expect(1);
    assert_eq!(stage.bodies().len(), 1);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate (push) completed failure"]);
}

#[test]
fn a_comment_on_a_pull_request_reports_at_its_head() {
    let mut stage = Stage::new("0.8");
    let payload = json!({
        "action": "created", "repository": {"full_name": REPOSITORY, "default_branch": "main"},
        "issue": {"number": 7, "state": "open", "pull_request": {"url": "x"}}, "comment": {"body": "/gate"},
    });
    let base = stage.base.clone();
    stage.set("GITHUB_SHA", &base);
    stage.program("issue_comment", &payload).run(&["gate", "--post"]).expect(1);
    assert_eq!(stage.bodies().len(), 1);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
}

#[test]
fn events_without_a_pull_request_leave_a_check_and_a_summary() {
    for event in ["schedule", "workflow_dispatch", "repository_dispatch", "release"] {
        let stage = Stage::new("0.95");
        let payload = json!({"repository": {"full_name": REPOSITORY, "default_branch": "main"}});
        stage.program(event, &payload).run(&["gate", "--post"]).expect(0);
        assert_eq!(stage.checks(&stage.head), [format!("proofmark: gate ({event}) completed success")]);
        assert!(stage.bodies().is_empty(), "{event}");
        assert!(stage.read("summary.md").contains("passed"), "{event}");
    }
}

#[test]
fn what_cannot_be_judged_is_posted_too() {
    let base = [("metrics.json", "{\"acc\": 0.9}"), ("proofmark.toml", "[[rule]]\nmetirc = \"acc\"\n")];
    let stage = Stage::of(change(&base, &[("metrics.json", "{\"acc\": 0.9}")]), Token::actions_writing());
    stage.on_pull_request(&["gate", "--post"]).expect(2);
    assert!(stage.bodies()[0].contains("nothing was judged"), "{}", stage.bodies()[0]);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
    assert_eq!(stage.output("effect").as_deref(), Some("block"));
}

/// What the base looks like says nothing about the head, whatever a workflow has checked out.
#[test]
fn a_report_stands_only_at_a_commit_that_was_judged() {
    for event in ["pull_request", "pull_request_target", "issue_comment"] {
        let mut stage = Stage::new("0.8");
        stage.repo.switch("main");
        let base = stage.base.clone();
        stage.set("GITHUB_SHA", &base);
        let payload = match event {
            "issue_comment" => json!({
                "action": "created", "repository": {"full_name": REPOSITORY, "default_branch": "main"},
                "issue": {"number": 7, "state": "open", "pull_request": {"url": "x"}}, "comment": {"body": "/gate"},
            }),
            _ => stage.pull_request(),
        };
        let error = stage.program(event, &payload).run(&["gate", "--post"]).expect_error(2);
        assert!(error.contains("is not the commit"), "{event}: {error}");
        assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"], "{event}");
        assert!(stage.bodies()[0].contains("nothing was judged"), "{event}");
    }
    let stage = Stage::new("0.8");
    stage.on_pull_request(&["gate", "main", "main", "--post"]).expect(2);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
    stage.on_pull_request(&["gate", "main", "main", "-o", "other.json"]).expect(0);
    stage.on_pull_request(&["report", "other.json"]).expect(2);
    assert_eq!(stage.checks(&stage.head).len(), 1, "and by the way of a file neither");
}

#[test]
fn commits_on_top_of_the_head_are_other_commits() {
    let stage = Stage::new("0.8");
    stage.repo.write("metrics.json", "{\"acc\": 0.95, \"loss\": 0.3}");
    stage.on_pull_request(&["gate", "--post"]).expect(0);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed success"], "files that the run made are the head's");
    let stage = Stage::new("0.8");
    stage.repo.write("metrics.json", "{\"acc\": 0.95, \"loss\": 0.3}");
    stage.repo.commit("a later push");
    let error = stage.on_pull_request(&["gate", "--post"]).expect_error(2);
    assert!(error.contains("gate before you commit"), "{error}");
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
    // A merge of somebody's own making says nothing about what the head goes into.
    let stage = Stage::new("0.8");
    stage.repo.git(&["checkout", "--quiet", "-b", "crafted", "main"]);
    stage.repo.write("metrics.json", "{\"acc\": 0.1, \"loss\": 0.3}");
    stage.repo.commit("worse than the head");
    stage.repo.git(&["merge", "--quiet", "--no-ff", "--strategy-option=theirs", "change"]);
    stage.on_pull_request(&["gate", "--post"]).expect(2);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
}

/// Whoever's clone it is, `origin/main` is what they say; the policy is the repository's.
#[test]
fn branches_of_the_clone_are_not_believed() {
    let stage = Stage::new("0.8");
    stage.repo.git(&["update-ref", "refs/remotes/origin/main", &stage.head]);
    stage.on_pull_request(&["gate", "--post"]).expect(1);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
}

#[cfg(unix)]
#[test]
fn files_that_look_like_a_repository_are_none() {
    let stage = Stage::new("0.8");
    stage.repo.write("models/HEAD", "ref: refs/heads/x\n").write("models/config", "[core]\n\tbare = false\n\tworktree = ..\n");
    stage.repo.link("models/objects", "../.git/objects");
    stage
        .repo
        .write("models/refs/remotes/origin/main", format!("{}\n", stage.head))
        .write("models/refs/heads/x", format!("{}\n", stage.head));
    let ran = stage.program("pull_request", &stage.pull_request()).at(stage.repo.path().join("models")).run(&["gate", "--post"]);
    assert!(ran.code == Some(1) || ran.code == Some(2), "{:?} {}", ran.code, ran.stderr);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
}

/// A branch whose policy allows more than that of main.
fn lax(stage: &Stage) -> String {
    stage.repo.git(&["branch", "--quiet", "lax", "main"]);
    stage.repo.switch("lax").write("proofmark.toml", "[[rule]]\nmetric = \"acc\"\nmin = 0.1\n");
    let lax = stage.repo.commit("lax");
    stage.repo.switch("change");
    lax
}

#[test]
fn another_base_is_another_question() {
    let mut stage = Stage::new("0.8");
    stage.on_pull_request(&["gate", "--post"]).expect(1);
    let lax = lax(&stage);
    let mut payload = stage.pull_request();
    payload["pull_request"]["base"]["ref"] = json!("lax");
    payload["pull_request"]["base"]["sha"] = json!(lax);
    stage.run += 1;
    stage.program("pull_request", &payload).run(&["gate", "--post"]).expect(0);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"], "the answer for main stands");
}

#[test]
fn a_comment_is_judged_by_the_base_of_its_pull_request() {
    let base = [("metrics.json", "{\"acc\": 0.9}"), ("proofmark.toml", "[[rule]]\nmetric = \"acc\"\nmin = 0.1\n")];
    let mut stage = Stage::of(change(&base, &[("metrics.json", "{\"acc\": 0.8}")]), Token::actions_writing());
    stage.repo.git(&["branch", "--quiet", "release", "main"]);
    stage.repo.switch("release").write("proofmark.toml", POLICY);
    let release = stage.repo.commit("strict");
    stage.repo.switch("change");
    stage.github.state().repo_mut(REPOSITORY).issues.insert(7, Issue::pull(7, "ada", ("change", &stage.head), ("release", &release)));
    let payload = json!({
        "action": "created", "repository": {"full_name": REPOSITORY, "default_branch": "main"},
        "issue": {"number": 7, "state": "open", "pull_request": {"url": "x"}}, "comment": {"body": "/gate"},
    });
    let sha = stage.base.clone();
    stage.set("GITHUB_SHA", &sha);
    stage.program("issue_comment", &payload).run(&["gate", "--post"]).expect(1);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
}

/// The policy is broken, and says all the same where its failure is to be told.
#[test]
fn a_failure_is_told_where_the_reports_are() {
    let broken = "[github]\ncheck_name = \"quality\"\ncomment_key = \"models\"\n[[rule]]\nmetirc = \"acc\"\n";
    let base = [("metrics.json", "{\"acc\": 0.9}"), ("proofmark.toml", broken)];
    let stage = Stage::of(change(&base, &[("metrics.json", "{\"acc\": 0.9}")]), Token::actions_writing());
    stage.on_pull_request(&["gate", "--post"]).expect(2);
    assert_eq!(stage.checks(&stage.head), ["quality completed failure"]);
    assert!(stage.bodies()[0].starts_with("<!-- proofmark:models -->"), "{}", stage.bodies()[0]);
}

#[test]
fn a_template_that_is_missing_leaves_no_old_report_standing() {
    let mut stage = Stage::new("0.95");
    stage.on_pull_request(&["gate", "--post"]).expect(0);
    stage.run += 1;
    stage.on_pull_request(&["gate", "--post", "--template", "nope.jinja"]).expect(2);
    assert!(stage.bodies()[0].contains("nothing was judged"));
    assert_eq!(stage.checks(&stage.head).last().map(String::as_str), Some("proofmark: gate completed failure"));
}

#[test]
fn a_summary_without_room_loses_no_verdict() {
    let stage = Stage::new("0.8");
    fs::write(stage.file("summary.md"), "x".repeat(1024 * 1024)).expect("a file");
    let ran = stage.on_pull_request(&["gate", "--post"]);
    assert!(ran.stdout.contains("::warning title=proofmark::"), "{}", ran.stdout);
    ran.expect(1);
    assert_eq!(stage.output("effect").as_deref(), Some("block"));
}

#[test]
fn a_pull_request_that_passes_does_not_open_the_gate_of_another_one() {
    let mut stage = Stage::new("0.8");
    stage.on_pull_request(&["gate", "--post"]).expect(1);
    // The same commit, into a branch that allows more.
    let lax = lax(&stage);
    stage.github.state().repo_mut(REPOSITORY).issues.insert(8, Issue::pull(8, "ada", ("change", &stage.head), ("lax", &lax)));
    let mut payload = stage.pull_request();
    payload["number"] = json!(8);
    payload["pull_request"]["number"] = json!(8);
    payload["pull_request"]["base"]["ref"] = json!("lax");
    payload["pull_request"]["base"]["sha"] = json!(lax);
    stage.run += 1;
    let ran = stage.program("pull_request", &payload).run(&["gate", "--post"]);
    assert!(ran.stderr.contains("its check stands"), "{}", ran.stderr);
    ran.expect(0);
    assert_eq!(stage.checks(&stage.head), ["proofmark: gate completed failure"]);
}

#[test]
fn an_event_that_cannot_be_read_matters_only_to_who_needs_it() {
    let stage = Stage::new("0.8");
    let broken = stage.program("pull_request", &json!({}));
    let error = broken.run(&["gate"]).expect_error(2);
    assert!(error.contains("GITHUB_EVENT_PATH"), "{error}");
    broken.run(&["gate", "main", "change"]).expect(1);
    broken.run(&["compare", "main", "change"]).expect(0);
    broken.run(&["gate", "main", "change", "--post"]).expect(2);
    assert!(stage.github.requests().is_empty());
}
