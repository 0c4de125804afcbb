//! What a run in GitHub Actions is about, from the environment and the event's payload. A pure function of both.
//!
//! Two things that are easy to get wrong, and were, elsewhere: on `pull_request` the commit in `GITHUB_SHA` is a merge that GitHub
//! made for the test, and nobody sees what is reported there; and a repository that **is** a fork says nothing about where a pull
//! request comes from: what counts is whether head and base are the same repository.

use http::Uri;
use proofmark_core::run::{ReadOnly, RunContext, System};

use super::payload::{NOT_A_COMMIT, NOT_A_REPOSITORY, Payload, is_commit, some_commit};
use super::{events, leg};
use crate::RepoName;

/// How many bytes of the file that `GITHUB_EVENT_PATH` names are worth reading: GitHub sends no longer payloads.
pub const PAYLOAD_LIMIT: u64 = 25 * 1024 * 1024;

/// The account whose runs get a token that only reads.
const DEPENDABOT: &str = "dependabot[bot]";

/// The run, and what only GitHub knows of. Names are as they came: hostile until escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Host {
    /// What reports tell of it.
    pub run: RunContext,
    /// The REST interface, without a slash at its end.
    pub api_url: Option<String>,
    /// The GraphQL interface.
    pub graphql_url: Option<String>,
    /// The repository of the head, as `owner/name`; `None` when it is gone or not told.
    pub head_repository: Option<String>,
    /// Whether the head lies in another repository, or in one that is gone; on a comment, which tells nothing of it, it may.
    pub foreign_head: bool,
    /// Who started this attempt, where it is a repetition by somebody else.
    pub triggering_actor: Option<String>,
    /// The workflow's file, from the repository's root.
    pub workflow_file: Option<String>,
    /// The repository's default branch, where the payload tells it.
    pub default_branch: Option<String>,
    /// The run's number among the runs of its workflow.
    pub run_number: Option<u64>,
    /// What was pushed.
    pub push: Option<Push>,
    /// On `workflow_run`: the run that is over.
    pub source: Option<SourceRun>,
    /// On `workflow_run`: all pull requests of this repository whose head is the head of that run. One alone is also the run's
    /// pull request; between several nobody has chosen.
    pub candidates: Vec<u64>,
}

/// A push.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Push {
    /// The commit that the branch was at; `None` for a new one.
    pub before: Option<String>,
    /// The commit that it is at; `None` when it was deleted.
    pub after: Option<String>,
    /// Whether the branch or tag is new.
    pub created: bool,
    /// Whether it is gone.
    pub deleted: bool,
    /// Whether commits were taken away: the one before may be found nowhere any more.
    pub forced: bool,
    /// Whether it is a tag.
    pub tag: bool,
}

/// The run that a `workflow_run` event is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceRun {
    /// Its id, for its artifacts.
    pub id: Option<u64>,
    /// Which try of it.
    pub attempt: Option<u64>,
    /// The event that started it.
    pub event: Option<String>,
    /// The name of its workflow.
    pub workflow: Option<String>,
    /// How it ended.
    pub conclusion: Option<String>,
}

/// Why the run cannot be understood. `Display` names the variable or the field, never what it holds.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// A variable of the environment.
    #[error("{name} {problem}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A field of the payload.
    #[error("`{name}` of the event's payload {problem}")]
    Field {
        /// Its path.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The payload does not tell what nothing else tells.
    #[error("the payload of the event `{event}` is missing or incomplete: it has no `{field}`")]
    Incomplete {
        /// The event.
        event: String,
        /// The path of the field.
        field: &'static str,
    },
    /// The payload is not a JSON object.
    #[error("the event's payload is not a JSON object")]
    NotJson(#[source] serde_json::Error),
    /// The payload is longer than GitHub's are.
    #[error("the event's payload is {size} bytes large, more than the {PAYLOAD_LIMIT} that are read")]
    TooLarge {
        /// Its size, in bytes.
        size: u64,
    },
}

/// What the run is about; `None` outside of GitHub Actions. See [`Host::read`].
///
/// # Errors
/// See [`HostError`].
pub fn detect(var: &dyn Fn(&str) -> Option<String>, payload: Option<&[u8]>) -> Result<Option<RunContext>, HostError> {
    Ok(Host::read(var, payload)?.map(|host| host.run))
}

impl Host {
    /// What the run is about and what only GitHub knows of; `None` outside of GitHub Actions.
    ///
    /// `payload` is what the file that `GITHUB_EVENT_PATH` names holds, at most [`PAYLOAD_LIMIT`] bytes of it. Without it the
    /// environment alone tells, which knows less: not where the head of a pull request lies, or what a merge queue started from.
    ///
    /// # Errors
    /// See [`HostError`].
    pub fn read(var: &dyn Fn(&str) -> Option<String>, payload: Option<&[u8]>) -> Result<Option<Self>, HostError> {
        let environment = Environment { var };
        if environment.text("GITHUB_ACTIONS").as_deref() != Some("true") {
            return Ok(None);
        }
        let payload = payload.map(Payload::parse).transpose()?.unwrap_or_default();
        let event =
            environment.text("GITHUB_EVENT_NAME").ok_or(HostError::Variable { name: "GITHUB_EVENT_NAME", problem: "is not set" })?;
        let mut host = Self::of_environment(&environment, event)?;
        if host.run.repository.is_none() {
            host.run.repository = payload.root().repository("repository.full_name")?;
        }
        host.default_branch = payload.root().owned_text("repository.default_branch")?;
        events::describe(&mut host, &environment, &payload)?;
        host.run.read_only = host.read_only(environment.text("GITHUB_ACTOR").as_deref());
        host.run.run_url = host.run_url();
        Ok(Some(host))
    }

    fn of_environment(environment: &Environment<'_>, event: String) -> Result<Self, HostError> {
        let mut run = RunContext::new(System::GithubActions, event);
        run.repository = environment.repository("GITHUB_REPOSITORY")?;
        run.server_url = environment.address("GITHUB_SERVER_URL")?;
        run.actor = environment.text("GITHUB_ACTOR");
        run.workflow = environment.text("GITHUB_WORKFLOW");
        run.job = environment.text("GITHUB_JOB");
        run.run_id = environment.number("GITHUB_RUN_ID")?.unwrap_or_default();
        run.attempt = match environment.number("GITHUB_RUN_ATTEMPT")? {
            Some(attempt) => attempt.try_into().map_err(|_| environment.wrong_number("GITHUB_RUN_ATTEMPT"))?,
            None => 1,
        };
        run.leg = leg::parse(&environment.text("PROOFMARK_LEG").unwrap_or_default())
            .map_err(|_| HostError::Variable { name: "PROOFMARK_LEG", problem: "is not a JSON object, as `toJSON(matrix)` gives it" })?;
        Ok(Self {
            run,
            api_url: environment.address("GITHUB_API_URL")?,
            graphql_url: environment.address("GITHUB_GRAPHQL_URL")?,
            head_repository: None,
            foreign_head: false,
            triggering_actor: environment.text("GITHUB_TRIGGERING_ACTOR"),
            workflow_file: environment.text("GITHUB_WORKFLOW_REF").and_then(|text| workflow_file(&text)),
            default_branch: None,
            run_number: environment.number("GITHUB_RUN_NUMBER")?,
            push: None,
            source: None,
            candidates: Vec::new(),
        })
    }

    /// Whether GitHub gives such a run a token that only reads. It goes by the actor, who stays the same when somebody else
    /// repeats the run.
    fn read_only(&self, actor: Option<&str>) -> Option<ReadOnly> {
        let event = self.run.event.as_str();
        let on_pull_request = matches!(event, "pull_request" | "pull_request_review" | "pull_request_review_comment");
        if on_pull_request && self.foreign_head {
            return Some(ReadOnly::Fork);
        }
        let by_author = || self.run.pull_request.as_ref().is_some_and(|pull| pull.author.as_deref() == Some(DEPENDABOT));
        let restricted = on_pull_request
            || matches!(event, "push" | "create" | "deployment" | "deployment_status")
            || (event == "pull_request_target" && by_author());
        (restricted && actor == Some(DEPENDABOT)).then_some(ReadOnly::Dependabot)
    }

    fn run_url(&self) -> Option<String> {
        let run = &self.run;
        let (server, repository) = (run.server_url.as_ref()?, run.repository.as_ref()?);
        (run.run_id > 0).then(|| format!("{server}/{repository}/actions/runs/{}/attempts/{}", run.run_id, run.attempt))
    }
}

/// The variables, checked where they become part of addresses. An empty one is none: act leaves some empty.
pub(super) struct Environment<'a> {
    var: &'a dyn Fn(&str) -> Option<String>,
}

impl Environment<'_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.var)(name).filter(|text| !text.is_empty())
    }

    pub(super) fn commit(&self, name: &'static str) -> Result<Option<String>, HostError> {
        match self.text(name) {
            Some(text) if !is_commit(&text) => Err(HostError::Variable { name, problem: NOT_A_COMMIT }),
            text => Ok(text.and_then(|text| some_commit(&text))),
        }
    }

    fn repository(&self, name: &'static str) -> Result<Option<String>, HostError> {
        match self.text(name) {
            Some(text) if RepoName::parse(&text).is_none() => Err(HostError::Variable { name, problem: NOT_A_REPOSITORY }),
            text => Ok(text),
        }
    }

    fn number(&self, name: &'static str) -> Result<Option<u64>, HostError> {
        let parse = |text: String| text.parse().ok().filter(|&number| number > 0).ok_or_else(|| self.wrong_number(name));
        self.text(name).map(parse).transpose()
    }

    fn wrong_number(&self, name: &'static str) -> HostError {
        HostError::Variable { name, problem: "is not a number from 1" }
    }

    fn address(&self, name: &'static str) -> Result<Option<String>, HostError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let is_plain = text.parse::<Uri>().is_ok_and(|address| {
            matches!(address.scheme_str(), Some("http" | "https"))
                && address.authority().is_some_and(|authority| !authority.as_str().contains('@'))
                && address.query().is_none()
        });
        // The parser drops a fragment without a word.
        if is_plain && !text.contains('#') {
            Ok(Some(text.trim_end_matches('/').to_owned()))
        } else {
            Err(HostError::Variable { name, problem: "is not an http or https address" })
        }
    }
}

/// The file of `owner/name/FILE@refs/heads/branch`. Branches may hold `@`.
fn workflow_file(text: &str) -> Option<String> {
    let below = text.splitn(3, '/').nth(2)?;
    let file = below.split_once("@refs/").or_else(|| below.rsplit_once('@')).map_or(below, |(file, _)| file);
    Some(file.to_owned())
}

#[cfg(test)]
mod tests;
