//! One request on its way: who asks, for what, and whether that is allowed.

use serde_json::Value;

use super::answer::Answer;
use super::http::Request;
use super::site::Site;
use super::token::{Kind, Level, Token};
use super::world::{Repository, World};

/// A request with the world that it is about. Everything happens under the world's lock, so it is atomic.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) request: &'a Request,
    /// `None` for anonymous requests.
    pub(crate) token: Option<Token>,
    pub(crate) site: Site,
    /// Where artifacts are downloaded from: the address of the other listener.
    pub(crate) storage: &'a str,
    /// `owner/name` of the repository in the path, once it is known to be visible.
    pub(crate) repository: String,
}

/// What an endpoint asks of a token: any one of these permissions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    level: Level,
    permissions: &'static [&'static str],
}

impl Need {
    pub(crate) const fn read(permissions: &'static [&'static str]) -> Self {
        Self { level: Level::Read, permissions }
    }

    pub(crate) const fn write(permissions: &'static [&'static str]) -> Self {
        Self { level: Level::Write, permissions }
    }

    /// The form of `X-Accepted-GitHub-Permissions`.
    fn header(self) -> String {
        let level = if self.level == Level::Write { "write" } else { "read" };
        self.permissions.iter().map(|name| format!("{name}={level}")).collect::<Vec<_>>().join("; ")
    }
}

impl Call<'_> {
    /// The repository of the path. The name was checked before any endpoint is asked.
    pub(crate) fn repo(&self) -> &Repository {
        self.world.repo(&self.repository)
    }

    pub(crate) fn repo_mut(&mut self) -> &mut Repository {
        self.world.repo_mut(&self.repository)
    }

    /// The login that writes; anonymous requests never get here.
    pub(crate) fn login(&self) -> String {
        self.token.as_ref().map(|token| token.login.clone()).unwrap_or_default()
    }

    /// Who may not even see the repository is told that it does not exist.
    pub(crate) fn sees(&self, repository: &str) -> bool {
        let private = self.world.repositories.get(repository).is_some_and(|repository| repository.private);
        !private || self.token.as_ref().is_some_and(|token| belongs(token, repository) && token.level("metadata") >= Level::Read)
    }

    /// Public repositories are read by everybody; everything else takes a permission.
    pub(crate) fn needs(&self, need: Need) -> Result<(), Answer> {
        if need.level == Level::Read && !self.repo().private {
            return Ok(());
        }
        self.has(need)
    }

    /// The same without the exception for public repositories.
    pub(crate) fn has(&self, need: Need) -> Result<(), Answer> {
        let Some(token) = &self.token else {
            return Err(Answer::error(401, "Requires authentication"));
        };
        let belongs = belongs(token, &self.repository);
        if belongs && need.permissions.iter().any(|name| token.level(name) >= need.level) {
            return Ok(());
        }
        Err(self.refused(need))
    }

    /// The answer for a token without the permission.
    pub(crate) fn refused(&self, need: Need) -> Answer {
        let personal = self.token.as_ref().is_some_and(|token| token.kind == Kind::Personal);
        let message = if personal { "Resource not accessible by personal access token" } else { "Resource not accessible by integration" };
        Answer::error(403, message).header("X-Accepted-GitHub-Permissions", need.header())
    }

    /// The body as a JSON object.
    pub(crate) fn body(&self) -> Result<Value, Answer> {
        let value: Value = serde_json::from_slice(&self.request.body).map_err(|_| Answer::error(400, "Problems parsing JSON"))?;
        if value.is_object() { Ok(value) } else { Err(Answer::error(400, "Body should be a JSON object")) }
    }

    /// The media type that the client prefers, as in `application/vnd.github.raw+json`.
    pub(crate) fn accepts(&self, kind: &str) -> bool {
        self.request.header("accept").is_some_and(|accept| accept.contains(&format!("application/vnd.github.{kind}")))
    }
}

fn belongs(token: &Token, repository: &str) -> bool {
    token.repository.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(repository))
}

/// A text field of a JSON object; null counts as absent.
pub(crate) fn text(body: &Value, field: &str) -> Option<String> {
    body.get(field).and_then(Value::as_str).map(str::to_owned)
}
