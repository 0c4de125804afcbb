//! Everything but comments, against a GitHub that keeps state and loses answers.

use std::time::Duration;

use proofmark_github::{Client, Connection, GitHubError, Link, RepoName};
use proofmark_http::{Budget, Secret, Settings};
use proofmark_testkit::github::{FakeGitHub, Token, World};

#[path = "pieces/artifact.rs"]
mod artifact;
#[path = "pieces/check.rs"]
mod check;
#[path = "pieces/contents.rs"]
mod contents;
#[path = "pieces/diagnosis.rs"]
mod diagnosis;
#[path = "pieces/marks.rs"]
mod marks;
#[path = "pieces/moved.rs"]
mod moved;
#[path = "pieces/overruled.rs"]
mod overruled;
#[path = "pieces/pulls.rs"]
mod pulls;

const REPO: &str = "acme/widgets";
const TOKEN: &str = "ghs_secret";

/// A fake and a connection to it.
struct Rig {
    github: FakeGitHub,
    connection: Connection,
    link: std::sync::Arc<Link>,
}

impl Rig {
    /// With a token that may write all that a report takes.
    fn new(world: World) -> Self {
        Self::with(world, Token::actions_writing())
    }

    fn with(world: World, token: Token) -> Self {
        let github = FakeGitHub::start(world.token(TOKEN, token.of(REPO)));
        let connection = Connection {
            api: github.url(),
            graphql: github.graphql_url(),
            token: Secret::new(TOKEN),
            repository: RepoName::parse(REPO).expect("a name"),
            network: Settings {
                user_agent: "proofmark-test".to_owned(),
                authorities: None,
                proxies: Vec::new(),
                tls: false,
                timeout: Duration::from_secs(5),
            },
            budget: Budget { total: Duration::from_secs(20), attempts: 4 },
            seed: 1,
        };
        let link = std::sync::Arc::new(Link::connect(&connection).expect("a link"));
        Self { github, connection, link }
    }

    fn run<T, E>(&self, work: impl AsyncFnOnce(&Client) -> Result<T, E>) -> Result<T, E> {
        self.link.block_on(work(self.link.client()))
    }

    /// `METHOD path` of what was asked, without the names of the repository.
    fn asked(&self) -> Vec<String> {
        let short = |path: &str| path.replace(&format!("/repos/{REPO}"), "");
        self.github.requests().iter().map(|request| format!("{} {}", request.method, short(&request.path))).collect()
    }
}

fn sha(digit: char) -> String {
    digit.to_string().repeat(40)
}

fn status(error: &GitHubError) -> u16 {
    error.status().unwrap_or_else(|| panic!("a refusal and not {error}"))
}
