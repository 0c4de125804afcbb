//! Who calls and what they may do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How far a permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not at all.
    None,
    /// Looking only.
    Read,
    /// Changing too.
    Write,
}

/// Where a token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `GITHUB_TOKEN` of a workflow run.
    Actions,
    /// A user's personal access token.
    Personal,
    /// An installation token of another GitHub App.
    App,
}

/// One token: an identity with permissions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Token {
    /// Who it speaks for, such as `github-actions[bot]`.
    pub login: String,
    /// Where it comes from.
    pub kind: Kind,
    /// By GitHub's names with underscores: `contents`, `pull_requests`, `checks`, ...
    pub permissions: BTreeMap<String, Level>,
    /// The one repository it was made for; elsewhere it only reads what is public.
    pub repository: Option<String>,
    /// Requests an hour.
    pub limit: u64,
    /// Requests made.
    pub used: u64,
    /// When the limit starts anew, in seconds since 1970; 0 for an hour from the first request.
    pub reset: u64,
}

impl Default for Token {
    fn default() -> Self {
        Self {
            login: "github-actions[bot]".to_owned(),
            kind: Kind::Actions,
            permissions: BTreeMap::from([("metadata".to_owned(), Level::Read)]),
            repository: None,
            limit: 15_000,
            used: 0,
            reset: 0,
        }
    }
}

impl Token {
    /// `GITHUB_TOKEN` with `permissions: {}`: it reads what is public.
    pub fn actions() -> Self {
        Self::default()
    }

    /// `GITHUB_TOKEN` with everything that a job posting reports needs.
    pub fn actions_writing() -> Self {
        Self::actions()
            .with("contents", Level::Read)
            .with("actions", Level::Read)
            .with("issues", Level::Write)
            .with("pull_requests", Level::Write)
            .with("checks", Level::Write)
            .with("statuses", Level::Write)
    }

    /// `GITHUB_TOKEN` of a pull request from a fork: reading only, whatever the workflow asks for.
    pub fn fork() -> Self {
        let reads = ["contents", "actions", "issues", "pull_requests", "checks", "statuses"];
        reads.into_iter().fold(Self::actions(), |token, name| token.with(name, Level::Read))
    }

    /// A personal access token of `login`.
    pub fn personal(login: &str) -> Self {
        Self { login: login.to_owned(), kind: Kind::Personal, limit: 5_000, ..Self::default() }
    }

    /// An installation token of the GitHub App `slug`, whose login is `slug[bot]`.
    pub fn app(slug: &str) -> Self {
        Self { login: format!("{slug}[bot]"), kind: Kind::App, limit: 5_000, ..Self::default() }
    }

    /// With a permission.
    #[must_use]
    pub fn with(mut self, permission: &str, level: Level) -> Self {
        self.permissions.insert(permission.to_owned(), level);
        self
    }

    /// For one repository, `owner/name`.
    #[must_use]
    pub fn of(self, repository: &str) -> Self {
        Self { repository: Some(repository.to_owned()), ..self }
    }

    /// With so many requests an hour.
    #[must_use]
    pub fn limited_to(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// How far the token goes for `permission`.
    pub fn level(&self, permission: &str) -> Level {
        self.permissions.get(permission).copied().unwrap_or(Level::None)
    }

    /// The app that acts, if one does.
    pub fn app_slug(&self) -> Option<&str> {
        match self.kind {
            Kind::Actions => Some("github-actions"),
            Kind::App => Some(self.login.trim_end_matches("[bot]")),
            Kind::Personal => None,
        }
    }
}
