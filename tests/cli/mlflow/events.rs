//! Pull requests of GitHub Actions: training may have run on the branch, or on the merge that CI tests.

use super::*;

/// A pull request whose test merge is checked out, detached.
struct Pull {
    lab: Lab,
    merge: String,
    branch: &'static str,
}

impl Pull {
    fn new(policy: &str) -> Self {
        let lab = Lab::of(policy);
        lab.repo.switch("main").write("other", "moved on").commit("main moved on");
        lab.repo.git(&["switch", "--quiet", "--detach", "main"]);
        let merge = lab.repo.merge("change");
        let lab = Lab { base: lab.repo.id("main"), ..lab };
        lab.train(&lab.base, 0.9);
        Self { lab, merge, branch: "change" }
    }

    fn program(&self) -> Program {
        let source = serde_json::json!({"id": 1, "full_name": "acme/widgets"});
        let payload = serde_json::json!({
            "action": "synchronize", "number": 7,
            "repository": {"full_name": "acme/widgets", "default_branch": "main"},
            "pull_request": {
                "number": 7, "state": "open", "user": {"login": "ada"},
                "head": {"ref": self.branch, "sha": self.lab.head, "repo": source},
                "base": {"ref": "main", "sha": self.lab.base, "repo": source},
            },
        });
        let file = self.lab.repo.outside().join("event.json");
        std::fs::write(&file, payload.to_string()).expect("the payload can be written");
        let variables = [
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_EVENT_NAME", "pull_request".to_owned()),
            ("GITHUB_EVENT_PATH", file.display().to_string()),
            ("GITHUB_REPOSITORY", "acme/widgets".to_owned()),
            ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
            ("GITHUB_SHA", self.merge.clone()),
            ("GITHUB_RUN_ID", "1".to_owned()),
            ("GITHUB_RUN_ATTEMPT", "1".to_owned()),
        ];
        variables.into_iter().fold(self.lab.program(), |program, (name, value)| program.env(name, value))
    }

    #[track_caller]
    fn gate(&self, code: i32) -> Value {
        json(&self.program().run(&["gate", "--format", "json"]).expect(code))
    }
}

#[test]
fn a_run_of_the_branchs_head() {
    let pull = Pull::new(&policy(""));
    pull.lab.train(&pull.lab.head, 0.8);
    assert_eq!(findings(&pull.gate(1)), ["auc fail block regression-abs"]);
}

#[test]
fn a_run_of_the_merge_comes_first() {
    let pull = Pull::new(&policy(""));
    pull.lab.train(&pull.lab.head, 0.99);
    pull.lab.log(RunSpec { name: "merged", commit: &pull.merge, metrics: &[("auc", 0.8)], ..RunSpec::default() });
    assert_eq!(chosen(&pull.gate(1), "head"), ["merged"]);
}

#[test]
fn a_run_of_neither_is_none() {
    let pull = Pull::new(&policy(""));
    let ran = pull.program().run(&["gate"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    ran.expect(2);
    assert!(told.contains(&pull.merge[..10]) && told.contains(&pull.lab.head[..10]), "{told}");
}

#[test]
fn the_branch_is_that_of_the_pull_request() {
    let pull = Pull::new(&policy("find = [\"branch\"]"));
    pull.lab.log(RunSpec { branch: "main", metrics: &[("auc", 0.9)], ..RunSpec::default() });
    pull.lab.log(RunSpec { branch: "change", name: "mine", metrics: &[("auc", 0.8)], ..RunSpec::default() });
    assert_eq!(chosen(&pull.gate(1), "head"), ["mine"]);
}

#[test]
fn what_is_posted_says_which_runs() {
    let pull = Pull::new(&policy(""));
    pull.lab.log(RunSpec { name: "of the head", commit: &pull.lab.head, metrics: &[("auc", 0.8)], ..RunSpec::default() });
    let text = pull.program().run(&["gate", "--post", "--dry-run"]).expect(1);
    assert!(text.contains("of the head") && text.contains("mlflow:churn"), "{text}");
}

/// A fork's branch may have the name of the base's.
#[test]
fn a_fork_whose_branch_is_called_main_too() {
    for find in ["[\"branch\"]", "[\"commit\", \"branch\"]"] {
        let pull = Pull { branch: "main", ..Pull::new(&policy(&format!("find = {find}"))) };
        pull.lab.log(RunSpec {
            branch: "main",
            commit: &pull.lab.base,
            name: "of the base",
            metrics: &[("auc", 0.9)],
            ..RunSpec::default()
        });
        let ran = pull.program().run(&["gate"]);
        assert_ne!(ran.code, Some(0), "{find}: {}", ran.stdout);
    }
}

/// The newest run of main is that of the push itself.
#[test]
fn a_push_to_main_is_not_compared_with_itself() {
    let lab = Lab::of(&policy("find = [\"commit\", \"branch\"]"));
    lab.repo.git(&["switch", "--quiet", "main"]);
    lab.repo.merge("change");
    let head = lab.repo.id("main");
    lab.log(RunSpec { branch: "main", name: "before", metrics: &[("auc", 0.9)], ..RunSpec::default() });
    lab.log(RunSpec { branch: "main", commit: &head, name: "pushed", metrics: &[("auc", 0.5)], ..RunSpec::default() });
    let file = lab.repo.outside().join("event.json");
    let payload = serde_json::json!({"ref": "refs/heads/main", "before": lab.base, "after": head, "repository": {"full_name": "acme/widgets", "default_branch": "main"}});
    std::fs::write(&file, payload.to_string()).expect("written");
    let variables = [
        ("GITHUB_ACTIONS", "true".to_owned()),
        ("GITHUB_EVENT_NAME", "push".to_owned()),
        ("GITHUB_EVENT_PATH", file.display().to_string()),
        ("GITHUB_REPOSITORY", "acme/widgets".to_owned()),
        ("GITHUB_SHA", head),
        ("GITHUB_REF", "refs/heads/main".to_owned()),
        ("GITHUB_REF_NAME", "main".to_owned()),
        ("GITHUB_RUN_ID", "1".to_owned()),
        ("GITHUB_RUN_ATTEMPT", "1".to_owned()),
    ];
    let ran = variables.into_iter().fold(lab.program(), |program, (name, value)| program.env(name, value)).run(&["gate"]);
    assert_ne!(ran.code, Some(0), "{}", ran.stdout);
}
