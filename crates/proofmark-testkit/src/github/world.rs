//! What the fake GitHub knows: repositories, tokens and everything that requests change.
//!
//! Collections are maps by number, so that a JSON document can add to a running world by merging into it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actions::Artifact;
use super::checks::CheckRun;
use super::clock::Clock;
use super::comments::Comment;
use super::deployments::{Deployment, Deploys};
use super::dispatches::{Dispatch, Starts};
use super::issues::Issue;
use super::runs::{Plan, Run};
use super::statuses::Status;
use super::token::Token;

/// Everything. Tests fill it, start a [`super::FakeGitHub`] with it, and look at it again afterwards.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// By `owner/name`.
    pub repositories: BTreeMap<String, Repository>,
    /// By the token's text.
    pub tokens: BTreeMap<String, Token>,
    /// Timestamps come from here, one second apart.
    pub clock: Clock,
    /// The last number given to a comment, a check run and so on. They share one counter.
    pub last_id: u64,
}

/// One repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Repository {
    /// GitHub's number of it, as in `/repositories/ID/...`; 0 to be given one.
    pub id: u64,
    /// Anonymous users and tokens of other repositories see nothing.
    pub private: bool,
    /// A copy of another repository.
    pub fork: bool,
    /// The branch that everything is merged into.
    pub default_branch: String,
    /// A real repository on disk, which answers everything about commits and files.
    pub git: Option<PathBuf>,
    /// Entries after which a recursive tree is cut.
    pub tree_limit: usize,
    /// When somebody last pushed.
    pub pushed_at: String,
    /// Login to role: `admin`, `maintain`, `write`, `triage`, `read` or one of `custom_roles`.
    pub collaborators: BTreeMap<String, String>,
    /// Roles that the organisation has made, and the one of GitHub's that each builds on.
    pub custom_roles: BTreeMap<String, String>,
    /// Issues and pull requests, by number.
    pub issues: BTreeMap<u64, Issue>,
    /// Comments on issues and pull requests, by id.
    pub comments: BTreeMap<u64, Comment>,
    /// Check runs, by id.
    pub check_runs: BTreeMap<u64, CheckRun>,
    /// Commit statuses, by id; the later one of a context holds.
    pub statuses: BTreeMap<u64, Status>,
    /// Labels that the repository has, with their colours.
    pub labels: BTreeMap<String, String>,
    /// Workflow runs, by id.
    pub runs: BTreeMap<u64, Run>,
    /// What runs have uploaded, by id.
    pub artifacts: BTreeMap<u64, Artifact>,
    /// Workflow file to the inputs it knows.
    pub workflows: BTreeMap<String, Vec<String>>,
    /// Workflow file to its `run-name`, in which `${{ inputs.NAME }}` is replaced.
    pub run_names: BTreeMap<String, String>,
    /// Workflow files that do not say `workflow_dispatch`.
    pub unstartable: BTreeSet<String>,
    /// What becomes of runs that are started.
    pub plan: Plan,
    /// How old the server is, as far as it tells the number of a run that is started.
    pub starts: Starts,
    /// Events that were asked for, in order.
    pub dispatches: Vec<Dispatch>,
    /// Deployments, by id.
    pub deployments: BTreeMap<u64, Deployment>,
    /// What comes of a deployment that is asked for.
    pub deploys: Deploys,
    /// Branch to its rules (rulesets), each `{"type": .., "parameters": ..}`.
    pub rules: BTreeMap<String, Vec<Value>>,
    /// Branch to its protection, as GitHub gives it.
    pub protections: BTreeMap<String, Value>,
}

impl Default for Repository {
    fn default() -> Self {
        Self {
            id: 0,
            private: false,
            fork: false,
            default_branch: "main".to_owned(),
            git: None,
            tree_limit: 100_000,
            pushed_at: "2019-05-15T15:20:32Z".to_owned(),
            collaborators: BTreeMap::new(),
            custom_roles: BTreeMap::new(),
            issues: BTreeMap::new(),
            comments: BTreeMap::new(),
            check_runs: BTreeMap::new(),
            statuses: BTreeMap::new(),
            labels: BTreeMap::new(),
            runs: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            workflows: BTreeMap::new(),
            run_names: BTreeMap::new(),
            unstartable: BTreeSet::new(),
            plan: Plan::default(),
            starts: Starts::default(),
            dispatches: Vec::new(),
            deployments: BTreeMap::new(),
            deploys: Deploys::default(),
            rules: BTreeMap::new(),
            protections: BTreeMap::new(),
        }
    }
}

impl World {
    /// Nothing at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// The world that a JSON document describes.
    ///
    /// # Errors
    /// When it says something that no world has.
    pub fn from_json(value: Value) -> Result<Self, String> {
        let world: Self = serde_json::from_value(value).map_err(|error| error.to_string())?;
        Ok(world.settled())
    }

    /// With a public repository.
    #[must_use]
    pub fn repository(self, name: &str) -> Self {
        self.repository_with(name, |repository| repository)
    }

    /// With a repository, changed by `build`.
    #[must_use]
    pub fn repository_with(mut self, name: &str, build: impl FnOnce(Repository) -> Repository) -> Self {
        let repository = self.repositories.remove(name).unwrap_or_default();
        self.repositories.insert(name.to_owned(), build(repository));
        self.settled()
    }

    /// With the real repository on disk that holds the files and commits of `name`.
    #[must_use]
    pub fn git(self, name: &str, path: impl Into<PathBuf>) -> Self {
        self.repository_with(name, |repository| Repository { git: Some(path.into()), ..repository })
    }

    /// With a token.
    #[must_use]
    pub fn token(mut self, text: &str, token: Token) -> Self {
        self.tokens.insert(text.to_owned(), token);
        self
    }

    /// With an issue or a pull request.
    #[must_use]
    pub fn issue(self, name: &str, issue: Issue) -> Self {
        self.repository_with(name, |mut repository| {
            repository.issues.insert(issue.number, issue);
            repository
        })
    }

    /// A repository to look at.
    ///
    /// # Panics
    /// When there is none of that name: the test is wrong.
    pub fn repo(&self, name: &str) -> &Repository {
        self.repositories.get(name).unwrap_or_else(|| panic!("no repository `{name}` in this world"))
    }

    /// A repository to change.
    ///
    /// # Panics
    /// When there is none of that name: the test is wrong.
    pub fn repo_mut(&mut self, name: &str) -> &mut Repository {
        self.repositories.get_mut(name).unwrap_or_else(|| panic!("no repository `{name}` in this world"))
    }

    /// Writes a comment as `login`, as if by hand, and gives its id.
    pub fn comment(&mut self, name: &str, issue: u64, login: &str, body: &str) -> u64 {
        let (id, now) = (self.next_id(), self.clock.tick());
        let comment = Comment::new(id, issue, login, body, now);
        self.repo_mut(name).comments.insert(id, comment);
        id
    }

    /// The comments on an issue or pull request, oldest first.
    pub fn comments(&self, name: &str, issue: u64) -> Vec<&Comment> {
        self.repo(name).comments.values().filter(|comment| comment.issue == issue).collect()
    }

    /// The check runs of a commit, oldest first.
    pub fn check_runs(&self, name: &str, sha: &str) -> Vec<&CheckRun> {
        self.repo(name).check_runs.values().filter(|run| run.head_sha == sha).collect()
    }

    /// The name of a repository as it is written, found without case, or by its number.
    pub(crate) fn find(&self, owner: &str, name: &str) -> Option<String> {
        let wanted = format!("{owner}/{name}");
        self.repositories.keys().find(|key| key.eq_ignore_ascii_case(&wanted)).cloned()
    }

    pub(crate) fn find_by_id(&self, id: u64) -> Option<String> {
        self.repositories.iter().find(|(_, repository)| repository.id == id).map(|(key, _)| key.clone())
    }

    /// A number that nothing has yet.
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Merges a JSON document into this world: objects key by key, everything else replaces.
    ///
    /// # Errors
    /// When what comes out is no world; this one then stays as it is.
    pub fn merge(&mut self, more: Value) -> Result<(), String> {
        let mut all = serde_json::to_value(&*self).map_err(|error| error.to_string())?;
        merge(&mut all, more);
        *self = Self::from_json(all)?;
        Ok(())
    }

    /// The world as JSON, without the tokens.
    pub fn to_json(&self) -> Value {
        let mut all = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = all.as_object_mut() {
            fields.remove("tokens");
        }
        all
    }

    /// Numbers that only stand in keys are written into the values, and missing ones are given.
    pub(crate) fn settle(&mut self) {
        let now = self.clock.now();
        for (index, repository) in self.repositories.values_mut().enumerate() {
            if repository.id == 0 {
                repository.id = 186_853_002 + index as u64;
            }
            repository.settle(&now);
            let highest = [
                repository.comments.keys().max(),
                repository.check_runs.keys().max(),
                repository.statuses.keys().max(),
                repository.artifacts.keys().max(),
                repository.runs.keys().max(),
                repository.deployments.keys().max(),
            ];
            self.last_id = highest.into_iter().flatten().copied().chain([self.last_id, 1000]).max().unwrap_or_default();
        }
    }

    fn settled(mut self) -> Self {
        self.settle();
        self
    }
}

impl Repository {
    /// Not to be seen by everybody.
    #[must_use]
    pub fn private(self) -> Self {
        Self { private: true, ..self }
    }

    /// With a collaborator: `admin`, `maintain`, `write`, `triage` or `read`.
    #[must_use]
    pub fn collaborator(mut self, login: &str, role: &str) -> Self {
        self.collaborators.insert(login.to_owned(), role.to_owned());
        self
    }

    /// With a workflow that can be started with these inputs, and the `run-name` in it.
    #[must_use]
    pub fn workflow(mut self, file: &str, inputs: &[&str], run_name: Option<&str>) -> Self {
        self.workflows.insert(file.to_owned(), inputs.iter().map(|input| (*input).to_owned()).collect());
        self.run_names.extend(run_name.map(|name| (file.to_owned(), name.to_owned())));
        self
    }

    /// With a workflow run.
    #[must_use]
    pub fn run(mut self, run: Run) -> Self {
        self.runs.insert(run.id, run);
        self
    }

    /// With an artifact of a run.
    #[must_use]
    pub fn artifact(mut self, artifact: Artifact) -> Self {
        self.artifacts.insert(artifact.id, artifact);
        self
    }

    fn settle(&mut self, now: &str) {
        for (number, issue) in &mut self.issues {
            issue.settle(*number, now);
        }
        for (id, comment) in &mut self.comments {
            comment.settle(*id, now);
        }
        for (id, run) in &mut self.check_runs {
            run.id = *id;
        }
        for (id, status) in &mut self.statuses {
            status.id = *id;
        }
        for (id, run) in &mut self.runs {
            run.settle(*id, now);
        }
        for (id, deployment) in &mut self.deployments {
            deployment.settle(*id, now);
        }
        for (id, artifact) in &mut self.artifacts {
            artifact.settle(*id, now);
        }
    }
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}
