//! What a build is taken for, and where its report stands afterwards.

use super::*;

#[test]
fn the_head_alone_is_compared_with_the_target_and_reported() {
    let stage = Stage::new("0.8");
    stage.program().run(&["gate", "--post"]).expect(1);
    assert_eq!(stage.checks(&stage.head), ["proofmark: ml/widgets failure"]);
    assert_eq!(stage.comments().len(), 1);
    assert!(stage.comments()[0].contains("acc"), "{}", stage.comments()[0]);
}

#[test]
fn a_merge_made_for_the_test_is_reported_at_the_head() {
    for stage in [Stage::new("0.8").main_goes_on().merged(), Stage::new("0.8").main_goes_on().merged().set("BRANCH_NAME", "PR-7-merge")] {
        let merge = stage.workspace.id("HEAD");
        assert_ne!(merge, stage.head);
        stage.program().run(&["gate", "--post"]).expect(1);
        assert_eq!(stage.checks(&stage.head), ["proofmark: ml/widgets failure"]);
        assert_eq!(stage.checks(&merge), [""; 0]);
    }
}

#[test]
fn a_merge_is_judged_without_any_network() {
    let stage = Stage::new("0.8").main_goes_on().merged().set("GITHUB_TOKEN", "");
    let report = json(&stage.program().run(&["gate", "--format", "json"]).expect(1));
    assert_eq!(report["run"]["merged"], stage.workspace.id("HEAD"));
    assert_eq!(report["run"]["head"]["commit"], stage.head);
    assert_eq!(report["run"]["system"], "jenkins");
    assert_eq!(report["jenkins"]["result"], "FAILURE");
    assert!(stage.github.requests().is_empty());
}

#[test]
fn somebodys_own_merge_is_no_merge_for_the_test() {
    // The author merged main into the branch: that merge is the head.
    let stage = Stage::new("0.8").main_goes_on();
    stage.upstream.switch("change").merge("main");
    let merge = stage.upstream.id("change");
    stage.workspace.git(&["fetch", "--quiet", "origin", "+refs/heads/change:refs/remotes/origin/PR-7"]);
    stage.workspace.git(&["checkout", "--quiet", "--detach", "origin/PR-7"]);
    // Meanwhile its branch was set back to the parent, which nobody judged.
    let ran = stage.program().run(&["gate", "--post"]);
    assert!(ran.stderr.contains("moved on"), "{}", ran.stderr);
    assert_eq!((stage.checks(&merge), stage.checks(&stage.head)), (vec![], vec![]));
    // The same where the project fetched under another name.
    let ran = stage.set("BRANCH_NAME", "PR-7-head").program().run(&["gate", "--post"]);
    assert!(ran.stderr.contains("moved on"), "{}", ran.stderr);
}

#[test]
fn a_newer_commit_of_the_pull_request_is_left_to_its_own_build() {
    let stage = Stage::new("0.8");
    stage.upstream.write("metrics.json", "{\"acc\": 0.95}");
    let newer = stage.upstream.commit("better");
    stage.github.state().repo_mut(REPOSITORY).issues.get_mut(&7).and_then(|issue| issue.pull.as_mut()).expect("a pull request").head.sha =
        newer.clone();
    let ran = stage.program().run(&["gate", "--post"]);
    assert!(ran.stderr.contains("moved on to"), "{}", ran.stderr);
    ran.expect(1);
    assert_eq!((stage.checks(&newer), stage.comments().len()), (vec![], 0));
}

#[test]
fn something_else_checked_out_is_not_reported_as_the_head() {
    let stage = Stage::new("0.95");
    stage.workspace.write("metrics.json", "{\"acc\": 0.99}");
    stage.workspace.commit("made by the pipeline");
    let ran = stage.program().run(&["gate", "--post"]);
    assert_ne!(ran.code, Some(1));
    assert!(!stage.checks(&stage.head).iter().any(|check| check.ends_with("success")), "{:?}", stage.checks(&stage.head));
}

#[test]
fn without_a_token_it_says_so_and_judges_all_the_same() {
    let stage = Stage::new("0.8").merged().set("GITHUB_TOKEN", "");
    let ran = stage.program().run(&["gate", "--post"]);
    assert!(ran.stderr.contains("GITHUB_TOKEN"), "{}", ran.stderr);
    ran.expect(1);
}

#[test]
fn the_primary_branch_is_compared_with_its_last_good_commit() {
    let stage = Stage::new("0.8");
    stage.upstream.switch("main");
    let workspace = stage.upstream.clone_with(&[]);
    let good = workspace.id("HEAD");
    for accuracy in ["0.895", "0.89", "0.885"] {
        workspace.write("metrics.json", format!("{{\"acc\": {accuracy}}}"));
        workspace.commit("a little worse");
    }
    let program = |previous: &str| {
        let variables = [
            ("JENKINS_HOME", "/var/lib/jenkins"),
            ("JOB_NAME", "ml/widgets/main"),
            ("BUILD_NUMBER", "4"),
            ("BRANCH_NAME", "main"),
            ("BRANCH_IS_PRIMARY", "true"),
            ("GIT_PREVIOUS_SUCCESSFUL_COMMIT", previous),
        ];
        variables.into_iter().fold(proofmark(&workspace), |program, (name, value)| program.env(name, value))
    };
    // Each step is small; all of them since the last good build are not.
    program(&good).run(&["gate"]).expect(1);
    program("").run(&["gate"]).expect(0);
    // A plain job of the same branch.
    program(&good).env("BRANCH_NAME", "").env("BRANCH_IS_PRIMARY", "").env("GIT_BRANCH", "origin/main").run(&["gate"]).expect(1);
    // Another branch goes by its merge base with main.
    workspace.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    workspace.switch("fix").write("metrics.json", "{\"acc\": 0.884}");
    workspace.commit("fix");
    let of_branch = |program: Program| program.env("BRANCH_NAME", "fix").env("BRANCH_IS_PRIMARY", "");
    of_branch(program(&good)).run(&["gate"]).expect(0);
}

#[test]
fn a_branch_without_the_default_branch_in_its_clone_asks_for_it() {
    let stage = Stage::new("0.8").set("CHANGE_ID", "").set("CHANGE_TARGET", "").set("BRANCH_NAME", "change");
    stage.program().run(&["gate", "--post"]).expect(1);
    assert_eq!(stage.checks(&stage.head), ["proofmark: ml/widgets (push) failure"]);
    let stage = stage.set("GITHUB_TOKEN", "");
    let told = stage.program().run(&["gate"]).expect_error(2);
    assert!(told.contains("main"), "{told}");
}

#[test]
fn the_clone_names_the_repository_where_the_environment_does_not() {
    let repository = |url: &str| {
        let stage = Stage::new("0.95").merged().set("GIT_URL", "").set("GITHUB_TOKEN", "");
        stage.workspace.git(&["remote", "set-url", "origin", url]);
        json(&stage.program().run(&["gate", "--format", "json"]).expect(0))["run"]["repository"].clone()
    };
    assert_eq!(repository("git@github.com:acme/widgets.git"), "acme/widgets");
    // The change's own code may have written this, and a token would go there.
    assert_eq!(repository("https://evil.example.org/acme/widgets.git"), Value::Null);
}

#[test]
fn hostile_names_stay_names() {
    let stage = Stage::new("0.8")
        .set("CHANGE_BRANCH", "$(touch pwned)`x`\u{202e}")
        .set("CHANGE_TITLE", "::error::x")
        .set("CHANGE_AUTHOR", "@everyone");
    let ran = stage.program().run(&["gate", "--post"]);
    assert!(!ran.stdout.contains('\u{202e}') && !ran.stderr.contains('\u{202e}'));
    ran.expect(1);
    assert!(!stage.workspace.path().join("pwned").exists());
}

#[test]
fn the_doctor_knows_jenkins() {
    let stage = Stage::new("0.8");
    let told = stage.program().run(&["doctor"]);
    assert!(told.stdout.contains("Jenkins, event pull_request, pull request #7"), "{}", told.stdout);
}

#[test]
fn an_address_of_jenkins_alone_changes_nothing() {
    let stage = Stage::new("0.8").merged().set("BUILD_NUMBER", "").set("GITHUB_TOKEN", "");
    let report = json(&stage.program().run(&["gate", "origin/main", "HEAD", "--format", "json"]).expect(1));
    assert_eq!((&report["run"], &report["jenkins"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_token_for_github_goes_to_no_other_forge() {
    let stage = Stage::new("0.8").merged().set("GITHUB_API_URL", "").set("GIT_URL", "https://forge.example.org/acme/widgets.git");
    let ran = stage.program().run(&["gate", "--post"]);
    assert!(ran.stderr.contains("not sent to forge.example.org"), "{}", ran.stderr);
    ran.expect(1);
    // Whoever vouches for it gets an answer from there, or the reason why there is none.
    let stage = stage
        .set("GITHUB_SERVER_URL", "https://forge.example.org")
        .set("PROOFMARK_NETWORK_SECONDS", "1")
        .set("HTTPS_PROXY", "http://127.0.0.1:1");
    let ran = stage.program().run(&["gate", "--post"]);
    assert!(!ran.stderr.contains("not sent"), "{}", ran.stderr);
}
