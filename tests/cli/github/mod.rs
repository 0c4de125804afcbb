//! The real binary in runs of GitHub Actions, against a GitHub on loopback: what stands there afterwards is what counts.

mod action;
mod artifact;
mod comment;
mod denied;
mod dry_run;
mod events;
mod hostile;
mod report;
mod server;
mod shallow;

use std::fs;
use std::path::PathBuf;

use proofmark_testkit::github::{FakeGitHub, Issue, Token, World};
use proofmark_testkit::repo::TestRepo;
use proofmark_testkit::run::{Program, Ran};
use serde_json::{Value, json};

use crate::{change, proofmark};

const REPOSITORY: &str = "acme/widgets";
const TOKEN: &str = "ghs_0123456789abcdef";

/// A change of a model, a pull request for it, and a run for that.
struct Stage {
    repo: TestRepo,
    github: FakeGitHub,
    base: String,
    head: String,
    run: u64,
    env: Vec<(String, String)>,
}

const POLICY: &str = "[[rule]]\nmetric = \"acc\"\nmax_regression_abs = 0.01\n";

impl Stage {
    /// The head's accuracy against 0.9 on main.
    fn new(accuracy: &str) -> Self {
        let base = [("metrics.json", "{\n  \"acc\": 0.9,\n  \"loss\": 0.3\n}\n"), ("proofmark.toml", POLICY)];
        let head = format!("{{\n  \"acc\": {accuracy},\n  \"loss\": 0.3\n}}\n");
        Self::of(change(&base, &[("metrics.json", &head)]), Token::actions_writing())
    }

    /// A repository whose branch `change` is checked out, and a token for its run.
    fn of(repo: TestRepo, token: Token) -> Self {
        let (base, head) = (repo.id("main"), repo.id("change"));
        let world = World::new()
            .repository(REPOSITORY)
            .git(REPOSITORY, repo.path())
            .issue(REPOSITORY, Issue::pull(7, "ada", ("change", &head), ("main", &base)))
            .token(TOKEN, token.of(REPOSITORY));
        Self { repo, github: FakeGitHub::start(world), base, head, run: 100, env: Vec::new() }
    }

    /// The payload of the pull request's event.
    fn pull_request(&self) -> Value {
        let repo = json!({"id": 1, "full_name": REPOSITORY});
        json!({
            "action": "synchronize", "number": 7,
            "repository": {"full_name": REPOSITORY, "default_branch": "main"},
            "pull_request": {
                "number": 7, "state": "open", "user": {"login": "ada"},
                "head": {"ref": "change", "sha": self.head, "repo": repo},
                "base": {"ref": "main", "sha": self.base, "repo": repo},
            },
        })
    }

    fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A file of the runner, outside of the repository.
    fn file(&self, name: &str) -> PathBuf {
        self.repo.outside().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// The binary in a run for this event.
    fn program(&self, event: &str, payload: &Value) -> Program {
        let file = self.file("event.json");
        fs::write(&file, payload.to_string()).expect("the payload can be written");
        let path = |name: &str| self.file(name).display().to_string();
        let variables = [
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_EVENT_NAME", event.to_owned()),
            ("GITHUB_EVENT_PATH", file.display().to_string()),
            ("GITHUB_REPOSITORY", REPOSITORY.to_owned()),
            ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
            ("GITHUB_API_URL", self.github.url()),
            ("GITHUB_GRAPHQL_URL", self.github.graphql_url()),
            ("GITHUB_SHA", self.head.clone()),
            ("GITHUB_RUN_ID", self.run.to_string()),
            ("GITHUB_RUN_ATTEMPT", "1".to_owned()),
            ("GITHUB_WORKFLOW", "models".to_owned()),
            ("GITHUB_JOB", "gate".to_owned()),
            ("GITHUB_ACTOR", "ada".to_owned()),
            ("GITHUB_OUTPUT", path("output")),
            ("GITHUB_STEP_SUMMARY", path("summary.md")),
            ("GITHUB_TOKEN", TOKEN.to_owned()),
            ("PROOFMARK_NOW", "1704110400".to_owned()),
        ];
        let program = variables.into_iter().fold(proofmark(&self.repo), |program, (name, value)| program.env(name, value));
        self.env.iter().fold(program, |program, (name, value)| program.env(name, value))
    }

    /// A run for the pull request.
    fn on_pull_request(&self, arguments: &[&str]) -> Ran {
        self.program("pull_request", &self.pull_request()).run(arguments)
    }

    fn bodies(&self) -> Vec<String> {
        self.github.state().comments(REPOSITORY, 7).iter().map(|comment| comment.body.clone()).collect()
    }

    /// `name status conclusion` of the checks at a commit.
    fn checks(&self, sha: &str) -> Vec<String> {
        let state = self.github.state();
        let shown = |run: &&proofmark_testkit::github::CheckRun| {
            format!("{} {} {}", run.name, run.status, run.conclusion.as_deref().unwrap_or("-"))
        };
        state.check_runs(REPOSITORY, sha).iter().map(shown).collect()
    }

    /// Requests that change something.
    fn writes(&self) -> Vec<String> {
        let requests = self.github.requests();
        requests.iter().filter(|request| request.method != "GET").map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// The step's outputs, as the runner reads them.
    fn outputs(&self) -> Vec<(String, String)> {
        let text = self.read("output");
        let mut lines = text.lines();
        let mut found = Vec::new();
        while let Some(line) = lines.next() {
            let (name, delimiter) = line.split_once("<<").expect("every output is a block");
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            found.push((name.to_owned(), value.join("\n")));
        }
        found
    }

    fn output(&self, name: &str) -> Option<String> {
        self.outputs().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}
