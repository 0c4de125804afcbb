//! The real binary from an event to what it starts: what ran, once, is what counts.

mod actions;
mod chain;
mod comments;
mod deployments;
mod faults;
mod jenkins;
mod killed;
mod local;
mod mistakes;
mod pace;
mod report;
mod table;
mod webhook;

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use proofmark_testkit::github::{FakeGitHub, Issue, Level, Plan, Repository, Run, Token, World};
use proofmark_testkit::repo::TestRepo;
use proofmark_testkit::run::{Program, Ran};
use serde_json::{Value, json};

use crate::{json, proofmark};

const REPOSITORY: &str = "acme/widgets";
const TOKEN: &str = "ghs_0123456789abcdef";

/// Notes its arguments, waits while there is a file `hold`, and fails where there is a file `fail-` with its first argument.
const TOOL: &str = r#"{ for argument; do printf '<%s>' "$argument"; done; echo; } >> "$OUT/calls"
env > "$OUT/env"
while [ -e "$OUT/hold" ]; do sleep 0.02; done
echo "told by $1"
[ ! -e "$OUT/fail-$1" ]
"#;

/// A trigger that runs the tool with these arguments.
fn tool(name: &str, on: &str, arguments: &str) -> String {
    format!("[[trigger]]\nname = \"{name}\"\n{on}\n[trigger.start.command]\nargv = [\"sh\", \"tool.sh\", {arguments}]\n")
}

/// A clone whose main has rules and the tool; what the tool does is noted beside it.
struct Clone {
    repo: TestRepo,
}

impl Clone {
    fn new(rules: &str) -> Self {
        let repo = TestRepo::new();
        repo.write("proofmark.toml", rules).write("tool.sh", TOOL).write("data/a.csv", "1").write("README", "x");
        repo.commit("rules");
        Self { repo }
    }

    /// Writes a file and commits it.
    fn commit(&self, path: &str, text: &str) -> String {
        self.repo.write(path, text).commit(path)
    }

    fn program(&self) -> Program {
        proofmark(&self.repo).env("OUT", self.repo.outside().display().to_string())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.program().run(&[&["trigger"], arguments].concat())
    }

    /// The newest commit of the branch that is checked out was pushed.
    fn push(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["--event", "push", "--from", "HEAD~1"], arguments].concat())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.repo.outside().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// Makes a file that the tool looks for.
    fn put(&self, name: &str) {
        fs::write(self.file(name), "").expect("a file");
    }

    fn take(&self, name: &str) {
        fs::remove_file(self.file(name)).expect("it was put there");
    }

    /// What the tool was called with.
    fn calls(&self) -> Vec<String> {
        self.read("calls").lines().map(str::to_owned).collect()
    }

    /// `what rule/step` of all entries of the journal about rules.
    fn journal(&self) -> Vec<String> {
        let text = self.run(&["log", "--format", "json", "-n", "1000"]).expect(0);
        let entries = json(&text);
        let shown = |entry: &Value| {
            let text = |field: &str| entry[field].as_str().map(str::to_owned);
            let step = text("step").map(|step| format!("/{step}")).unwrap_or_default();
            Some(format!("{} {}{step}", text("what")?, text("rule")?))
        };
        entries.as_array().expect("a list").iter().filter_map(shown).collect()
    }

    /// Waits until the tool was called so often, and the journal says so: a process that is killed between the two never wrote it.
    fn wait_for_call(&self, count: usize) {
        until("the tool runs", || self.calls().len() >= count && !self.read("env").is_empty());
        let path = self.repo.path().join(".git/proofmark/triggers.jsonl");
        until("the journal says so", || {
            let text = fs::read_to_string(&path).unwrap_or_default();
            // A chain has an entry of its own beside those of its steps.
            let is_call =
                |line: &&str| line.contains("\"what\":\"started\"") && (line.contains("\"step\":") || !text.contains("\"step\":"));
            text.lines().filter(is_call).count() >= count
        });
    }

    /// Waits until no program holds the lease that it was started with.
    fn wait_for_programs(&self) {
        let folder = self.repo.path().join(".git/proofmark/triggers.jsonl.running");
        until("the programs end", || {
            let files = fs::read_dir(&folder).into_iter().flatten().flatten();
            files.map(|file| fs::File::open(file.path())).all(|file| file.is_ok_and(|file| file.try_lock().is_ok()))
        });
    }
}

/// Waits for something that another process does.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: it never happened");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A repository at GitHub with a workflow that can be started, and runs of other workflows in it.
struct Stage {
    repo: TestRepo,
    github: FakeGitHub,
    base: String,
    head: String,
    env: Vec<(String, String)>,
    journals: Cell<u32>,
}

impl Stage {
    fn new(rules: &str) -> Self {
        Self::with(rules, |repository| repository)
    }

    /// Rules and data on main; on the branch `change` other data and a README; a pull request from there.
    fn with(rules: &str, build: impl FnOnce(Repository) -> Repository) -> Self {
        let repo = TestRepo::new();
        repo.write("proofmark.toml", rules).write("tool.sh", TOOL).write("data/a.csv", "1");
        let base = repo.commit("rules");
        repo.switch("change").write("data/a.csv", "2").write("README", "y");
        let head = repo.commit("more data");
        let may = ["actions", "contents", "deployments", "issues", "pull_requests"];
        let token = may.into_iter().fold(Token::actions().of(REPOSITORY), |token, name| token.with(name, Level::Write));
        let usual = |repository: Repository| {
            let repository = Repository { plan: quick(0), ..repository };
            let named = Some("Train ${{ inputs.data }} (${{ inputs.proofmark }})");
            repository.workflow("train.yml", &["proofmark", "data"], named).collaborator("ada", "write").collaborator("eve", "read")
        };
        let world = World::new()
            .repository_with(REPOSITORY, |repository| build(usual(repository)))
            .git(REPOSITORY, repo.path())
            .issue(REPOSITORY, Issue::pull(7, "ada", ("change", &head), ("main", &base)))
            .token(TOKEN, token);
        Self { repo, github: FakeGitHub::start(world), base, head, env: Vec::new(), journals: Cell::default() }
    }

    fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The binary in a run for this event.
    fn program(&self, event: &str, payload: &Value) -> Program {
        let file = self.repo.outside().join("event.json");
        fs::write(&file, payload.to_string()).expect("the payload can be written");
        let variables = [
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_EVENT_NAME", event.to_owned()),
            ("GITHUB_EVENT_PATH", file.display().to_string()),
            ("GITHUB_REPOSITORY", REPOSITORY.to_owned()),
            ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
            ("GITHUB_API_URL", self.github.url()),
            ("GITHUB_GRAPHQL_URL", self.github.graphql_url()),
            ("GITHUB_SHA", self.head.clone()),
            ("GITHUB_RUN_ID", "100".to_owned()),
            ("GITHUB_RUN_ATTEMPT", "1".to_owned()),
            ("GITHUB_ACTOR", "ada".to_owned()),
            ("GITHUB_TOKEN", TOKEN.to_owned()),
            ("PROOFMARK_SETTLING_MILLISECONDS", "300".to_owned()),
            ("OUT", self.repo.outside().display().to_string()),
        ];
        let program = variables.into_iter().fold(proofmark(&self.repo), |program, (name, value)| program.env(name, value));
        self.env.iter().fold(program, |program, (name, value)| program.env(name, value))
    }

    /// The arguments of a run on a machine that has no journal yet.
    fn fresh(&self, arguments: &[&str]) -> Vec<String> {
        self.journals.set(self.journals.get() + 1);
        let journal = self.repo.outside().join(format!("journal-{}.jsonl", self.journals.get()));
        let own = ["trigger".to_owned(), format!("--journal={}", journal.display())];
        own.into_iter().chain(arguments.iter().map(|argument| (*argument).to_owned())).collect()
    }

    fn run(&self, event: &str, payload: &Value, arguments: &[&str]) -> Ran {
        let arguments = self.fresh(arguments);
        self.program(event, payload).run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The branch `change` was pushed.
    fn pushed(&self) -> Value {
        json!({
            "ref": "refs/heads/change", "before": self.base, "after": self.head, "created": false, "deleted": false, "forced": false,
            "repository": {"full_name": REPOSITORY, "default_branch": "main"}, "sender": {"login": "ada", "type": "User"},
        })
    }

    /// The pull request got a commit.
    fn pull_request(&self) -> Value {
        let repo = json!({"id": 1, "full_name": REPOSITORY});
        json!({
            "action": "synchronize", "number": 7,
            "repository": {"full_name": REPOSITORY, "default_branch": "main"}, "sender": {"login": "ada", "type": "User"},
            "pull_request": {
                "number": 7, "state": "open", "user": {"login": "ada"},
                "head": {"ref": "change", "sha": self.head, "repo": repo},
                "base": {"ref": "main", "sha": self.base, "repo": repo},
            },
        })
    }

    /// Runs of the workflow that were not cancelled, oldest first.
    fn runs(&self) -> Vec<Run> {
        let state = self.github.state();
        let runs = state.repo(REPOSITORY).runs.values().filter(|run| run.file == "train.yml");
        runs.filter(|run| run.conclusion.as_deref() != Some("cancelled")).cloned().collect()
    }
}

/// Runs that have ended at the first look, and that lists show only after so many.
fn quick(late: u64) -> Plan {
    Plan { queued: 0, running: 0, late, ..Plan::default() }
}

/// A trigger that starts the workflow with the commit.
fn train(more: &str) -> String {
    format!(
        "[[trigger]]\nname = \"train\"\n{more}\n[trigger.start.workflow]\nfile = \"train.yml\"\ninputs = {{ data = \"{{{{ event.head.commit }}}}\" }}\n"
    )
}

/// `rule outcome` of all decisions of a printed document.
fn outcomes(document: &str) -> Vec<String> {
    let document = json(document);
    let decisions = document["decisions"].as_array().expect("a list").clone();
    decisions.iter().map(|one| format!("{} {}", one["rule"].as_str().unwrap_or("?"), one["outcome"].as_str().unwrap_or("?"))).collect()
}
