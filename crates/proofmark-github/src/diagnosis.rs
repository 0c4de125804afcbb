//! What `proofmark doctor` finds out at GitHub: whether this token can do here what a report takes, and what to change.
//! Nothing is posted.

mod access;
mod token;

use std::time::{Duration, Instant};

use proofmark_http::Answer;

use crate::client::{Client, Connection};
use crate::error::GitHubError;
use crate::permissions::advice;
use crate::request::Request;
use crate::{routes, wire};

pub use token::TokenKind;

/// Fewer requests than this may not last for a busy repository's hour.
const FEW: u64 = 100;
/// A request that takes longer makes a run slow.
const SLOW: Duration = Duration::from_secs(2);

/// How good it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, with a limit that people should know.
    Warning,
    /// Something will not work.
    Bad,
    /// Nobody can tell from here.
    Unknown,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What was looked at: `token`.
    pub name: &'static str,
    /// How good it is.
    pub health: Health,
    /// What was found. May hold GitHub's own words.
    pub found: String,
    /// What to change.
    pub advice: Option<String>,
}

/// What to look at.
#[derive(Debug, Clone)]
pub struct Questions<'a> {
    /// How the client is connected.
    pub connection: &'a Connection,
    /// The time, in seconds since 1970.
    pub now: u64,
    /// A pull request of the repository, to ask about comments.
    pub pull: Option<u64>,
    /// The branch that changes go into.
    pub base: Option<&'a str>,
    /// The name of our check, which a branch rule should require.
    pub check: Option<&'a str>,
    /// Whether to find out what the token may write, by requests that cannot change anything.
    pub probe_writes: bool,
}

impl Client {
    /// Looks at everything, the most basic things first. Without an answer, or with a token that GitHub does not know, the
    /// rest is left out. About ten requests.
    pub async fn diagnose(&self, questions: &Questions<'_>) -> Vec<Finding> {
        let kind = questions.connection.token.as_ref().map(TokenKind::of);
        let mut findings = vec![token::finding(kind), network(questions.connection)];
        let (limits, took) = self.timed(&routes::rate_limit()).await;
        findings.push(reached("API", &questions.connection.api, &limits, took));
        match &limits {
            Ok(answer) => {
                findings.extend(token::scopes(kind, answer));
                findings.push(left(answer, questions.now));
            }
            // Enterprise Server without limits.
            Err(error) if error.status() == Some(404) => {}
            Err(_) => return findings,
        }
        if questions.connection.token.is_some() {
            let (viewer, took) = self.timed(&routes::viewer()).await;
            findings.push(reached("GraphQL", &questions.connection.graphql, &viewer, took));
        }
        findings.extend(self.access(kind, questions).await);
        findings
    }

    async fn timed(&self, request: &Request) -> (Result<Answer, GitHubError>, Duration) {
        let started = Instant::now();
        let answer = self.send(request).await;
        (answer, started.elapsed())
    }
}

impl Finding {
    /// What was found.
    pub fn new(name: &'static str, health: Health, found: impl Into<String>) -> Self {
        Self { name, health, found: found.into(), advice: None }
    }

    /// With advice.
    #[must_use]
    pub fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// A refusal or a failure.
    fn failed(name: &'static str, health: Health, error: &GitHubError) -> Self {
        Self { name, health, found: error.to_string(), advice: advice(error) }
    }
}

fn reached(name: &'static str, address: &str, answer: &Result<Answer, GitHubError>, took: Duration) -> Finding {
    let address = proofmark_http::redact(address, &[]);
    let milliseconds = took.as_millis();
    match answer {
        Err(error) if error.status() != Some(404) => Finding::failed(name, Health::Bad, error),
        _ if took > SLOW => Finding::new(name, Health::Warning, format!("{address} answers slowly, in {milliseconds} ms")),
        _ => Finding::new(name, Health::Good, format!("{address} answers in {milliseconds} ms")),
    }
}

/// What stands between here and the server, as far as the settings say.
fn network(connection: &Connection) -> Finding {
    let is_proxy = |name: &str| matches!(name.to_ascii_uppercase().as_str(), "HTTPS_PROXY" | "HTTP_PROXY" | "ALL_PROXY" | "NO_PROXY");
    let proxies = connection.network.proxies.iter().filter(|(name, value)| is_proxy(name) && !value.is_empty());
    let mut parts: Vec<String> = proxies.map(|(name, value)| format!("{name}={}", proofmark_http::redact(value, &[]))).collect();
    if connection.network.authorities.is_some() {
        parts.push("certificates of its own".to_owned());
    }
    let tls = connection.api.starts_with("https://");
    let way = if parts.is_empty() { "straight".to_owned() } else { parts.join(", ") };
    match (tls, is_loopback(&connection.api)) {
        (true, _) => Finding::new("network", Health::Good, format!("TLS, {way}")),
        (false, true) => Finding::new("network", Health::Good, format!("no TLS, on this machine, {way}")),
        (false, false) => Finding::new("network", Health::Bad, format!("no TLS, {way}"))
            .advise("Everybody on the way can read the token: the address of the API must begin with `https://`."),
    }
}

fn is_loopback(address: &str) -> bool {
    let host = address.split("://").nth(1).unwrap_or_default();
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|own| host.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])))
}

/// How many requests are left.
fn left(answer: &Answer, now: u64) -> Finding {
    let Ok(wire::Limits { resources: wire::Resources { core } }) = serde_json::from_slice(&answer.body) else {
        return Finding::new("limit", Health::Unknown, "GitHub tells no limit in the usual form");
    };
    let minutes = core.reset.saturating_sub(now).div_ceil(60);
    let found = format!("{} of {} requests left; anew in {minutes} min", core.remaining, core.limit);
    match core.remaining {
        0 => Finding::new("limit", Health::Bad, found).advise("Wait, or use another token: the limit is the token's."),
        1..FEW => Finding::new("limit", Health::Warning, found),
        _ => Finding::new("limit", Health::Good, found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        Answer { status: 200, headers: http::HeaderMap::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn limits_are_told_in_minutes() {
        let body = |remaining: u64| format!(r#"{{"resources": {{"core": {{"limit": 1000, "remaining": {remaining}, "reset": 1061}}}}}}"#);
        let found = |remaining| left(&answer(&body(remaining)), 1000);
        assert_eq!(found(500), Finding::new("limit", Health::Good, "500 of 1000 requests left; anew in 2 min"));
        assert_eq!((found(99).health, found(0).health, left(&answer("[]"), 0).health), (Health::Warning, Health::Bad, Health::Unknown));
    }

    #[test]
    fn only_loopback_goes_without_tls() {
        for own in ["http://127.0.0.1:80", "http://localhost/api", "http://[::1]:1"] {
            assert!(is_loopback(own), "{own}");
        }
        for other in ["http://localhost.example", "http://127.0.0.1.example", "http://github.example", "x"] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
