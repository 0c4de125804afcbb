//! The real binary in builds of Jenkins: what it takes the build for, what it leaves for a step, what it starts.

mod build;
mod build_context;
mod library;
mod step;

use proofmark_testkit::github::{FakeGitHub, Issue, Token, World};
use proofmark_testkit::repo::TestRepo;
use proofmark_testkit::run::Program;
use serde_json::Value;

use crate::{change, json, proofmark};

const REPOSITORY: &str = "acme/widgets";
const TOKEN: &str = "ghs_0123456789abcdef";
const POLICY: &str = "[[rule]]\nmetric = \"acc\"\nmax_regression_abs = 0.01\n";

/// A pull request at GitHub, and the workspace of a multibranch project that builds it.
struct Stage {
    upstream: TestRepo,
    workspace: TestRepo,
    github: FakeGitHub,
    head: String,
    env: Vec<(String, String)>,
}

impl Stage {
    /// The head's accuracy against 0.9 on main. The workspace has the head alone, as the project fetched it.
    fn new(accuracy: &str) -> Self {
        let base = [("metrics.json", "{\n  \"acc\": 0.9\n}\n"), ("proofmark.toml", POLICY)];
        let upstream = change(&base, &[("metrics.json", &format!("{{\n  \"acc\": {accuracy}\n}}\n"))]);
        let (main, head) = (upstream.id("main"), upstream.id("change"));
        let world = World::new()
            .repository(REPOSITORY)
            .git(REPOSITORY, upstream.path())
            .issue(REPOSITORY, Issue::pull(7, "ada", ("change", &head), ("main", &main)))
            .token(TOKEN, Token::actions_writing().of(REPOSITORY));
        let workspace = upstream.clone_with(&["--single-branch", "--branch", "change"]);
        workspace.git(&["fetch", "--quiet", "origin", "+refs/heads/change:refs/remotes/origin/PR-7"]);
        workspace.git(&["checkout", "--quiet", "--detach", "origin/PR-7"]);
        for name in ["refs/remotes/origin/change", "refs/remotes/origin/HEAD", "refs/heads/change"] {
            workspace.try_git(&["update-ref", "-d", name]);
        }
        workspace.try_git(&["symbolic-ref", "--delete", "refs/remotes/origin/HEAD"]);
        Self { upstream, workspace, github: FakeGitHub::start(world), head, env: Vec::new() }
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As the branch source does with the strategy "merge": head and target in one commit that exists here alone.
    fn merged(self) -> Self {
        self.workspace.git(&["fetch", "--quiet", "origin", "+refs/heads/main:refs/remotes/origin/main"]);
        self.workspace.git(&["merge", "--quiet", "--no-ff", "--no-edit", "origin/main"]);
        self
    }

    /// The branch that changes go into has gone on.
    fn main_goes_on(self) -> Self {
        self.upstream.switch("main").write("other", "1");
        self.upstream.commit("elsewhere");
        self.upstream.switch("change");
        self
    }

    fn program(&self) -> Program {
        let variables = [
            ("JENKINS_URL", "https://ci.example.org/"),
            ("JOB_NAME", "ml/widgets/PR-7"),
            ("BUILD_NUMBER", "3"),
            ("BUILD_URL", "https://ci.example.org/job/ml/job/widgets/job/PR-7/3/"),
            ("BRANCH_NAME", "PR-7"),
            ("CHANGE_ID", "7"),
            ("CHANGE_TARGET", "main"),
            ("CHANGE_BRANCH", "change"),
            ("GIT_URL", "https://github.com/acme/widgets.git"),
            ("GITHUB_TOKEN", TOKEN),
            ("PROOFMARK_NOW", "1704110400"),
        ];
        let program = variables.into_iter().fold(proofmark(&self.workspace), |program, (name, value)| program.env(name, value));
        let program = program
            .env("GITHUB_API_URL", self.github.url())
            .env("GITHUB_GRAPHQL_URL", self.github.graphql_url())
            .env("GIT_COMMIT", self.workspace.id("HEAD"));
        self.env.iter().fold(program, |program, (name, value)| program.env(name, value))
    }

    fn checks(&self, sha: &str) -> Vec<String> {
        let state = self.github.state();
        let shown = |run: &&proofmark_testkit::github::CheckRun| format!("{} {}", run.name, run.conclusion.as_deref().unwrap_or("-"));
        state.check_runs(REPOSITORY, sha).iter().map(shown).collect()
    }

    fn comments(&self) -> Vec<String> {
        self.github.state().comments(REPOSITORY, 7).iter().map(|comment| comment.body.clone()).collect()
    }

    /// Writes a request and does it; the exit code and the result.
    fn step(&self, request: &Value) -> (i32, Value) {
        self.workspace.write("request.json", request.to_string());
        let ran = self.program().run(&["jenkins", "step", "request.json"]);
        let code = ran.code.expect("it ended by itself");
        let folder = request["folder"].as_str().expect("a folder");
        let result = std::fs::read_to_string(self.workspace.path().join(folder).join("result.json"));
        (code, json(&result.unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))))
    }
}
