//! The behaviours of the fake, over real connections.

mod checks;
mod client;
mod comments;
mod faults;
mod files;
mod graphql;
mod others;
mod triggers;

use client::{Client, Reply};

use super::*;

const REPO: &str = "acme/widgets";

fn sha(digit: char) -> String {
    std::iter::repeat_n(digit, 40).collect()
}

/// A repository with a pull request from a branch, one from a fork, and tokens of every kind.
fn world() -> World {
    let (head, fork, base) = (sha('a'), sha('f'), sha('b'));
    World::new()
        .repository_with(REPO, |repository| repository.collaborator("ada", "admin").collaborator("rita", "write"))
        .issue(REPO, Issue::pull(7, "ada", ("work", &head), ("main", &base)).titled("Faster \"training\" <b>"))
        .issue(REPO, Issue::pull(8, "eve", ("patch", &fork), ("main", &base)).of_fork("outsider/widgets"))
        .issue(REPO, Issue::new(9, "ada"))
        .token("writer", Token::actions_writing().of(REPO))
        .token("fork", Token::fork().of(REPO))
        .token("nothing", Token::actions().of(REPO))
        .token("personal", Token::personal("ada").with("issues", Level::Write).with("checks", Level::Write))
        .token("app", Token::app("other-app").with("checks", Level::Write).with("pull_requests", Level::Write))
}

fn start() -> (FakeGitHub, Client) {
    let github = FakeGitHub::start(world());
    let client = Client::new(&github.url(), "writer");
    (github, client)
}

/// The `rel` link of a `Link` header, without the origin.
fn link(reply: &Reply, relation: &str) -> Option<String> {
    let links = reply.header("link")?;
    let found = links.split(", ").find(|link| link.ends_with(&format!("rel=\"{relation}\"")))?;
    let address = found.trim_start_matches('<').split('>').next()?;
    address.splitn(4, '/').nth(3).map(|path| format!("/{path}"))
}
