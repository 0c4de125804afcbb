//! A fake GitHub with one pull request, and runs that report to it.

use std::time::Duration;

use proofmark_core::config::{CommentMode, Effect};
use proofmark_core::past::PastRun;
use proofmark_github::{Client, CommentOrder, CommentOutcome, Connection, GitHubError, Patience, RepoName};
use proofmark_http::{Budget, Runtime, Secret, Settings};
use proofmark_testkit::github::{Comment, FakeGitHub, Issue, Token, World};

pub(crate) const REPO: &str = "acme/widgets";
pub(crate) const PULL: u64 = 7;
pub(crate) const BOT: &str = "github-actions[bot]";
pub(crate) const ACTIONS: &str = "ghs_actions";
pub(crate) const APP: &str = "ghs_app";
pub(crate) const PERSON: &str = "ghp_person";

pub(crate) fn world() -> World {
    let pull = Issue::pull(PULL, "ada", ("work", &"a".repeat(40)), ("main", &"b".repeat(40)));
    let writing = |token: Token| token.with("issues", proofmark_testkit::github::Level::Write);
    World::new()
        .repository(REPO)
        .issue(REPO, pull)
        .token(ACTIONS, Token::actions_writing().of(REPO))
        .token(APP, writing(Token::app("acme-bot")))
        .token(PERSON, writing(Token::personal("ada")))
}

pub(crate) fn start() -> FakeGitHub {
    FakeGitHub::start(world())
}

/// Short times, in the proportions of the real ones.
pub(crate) fn patience() -> Patience {
    let milliseconds = Duration::from_millis;
    Patience { lease: milliseconds(3_000), stale: milliseconds(6_000), wait: milliseconds(12_000), pause: milliseconds(5) }
}

/// One run of one job.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) token: &'static str,
    pub(crate) section: String,
    pub(crate) mode: CommentMode,
    pub(crate) run: u64,
    pub(crate) effect: Effect,
    pub(crate) digest: String,
    pub(crate) quiet: bool,
    pub(crate) author: Option<&'static str>,
    pub(crate) text: String,
    pub(crate) patience: Patience,
    pub(crate) seed: u64,
}

pub(crate) fn report(run: u64) -> Report {
    Report {
        token: ACTIONS,
        section: "test".into(),
        mode: CommentMode::Update,
        run,
        effect: Effect::Block,
        digest: format!("digest {run}"),
        quiet: false,
        author: None,
        text: format!("report of run {run}"),
        patience: patience(),
        seed: run,
    }
}

impl Report {
    pub(crate) fn of(self, section: &str) -> Self {
        let text = format!("{section} of run {}", self.run);
        Self { section: section.into(), text, ..self }
    }

    pub(crate) fn mode(self, mode: CommentMode) -> Self {
        Self { mode, ..self }
    }

    /// Sends it, with a runtime and a client of its own as in a job of its own.
    pub(crate) fn send(&self, github: &FakeGitHub) -> Result<CommentOutcome, GitHubError> {
        self.send_told(github, &|_| ())
    }

    /// The same with an ear for what is told while it waits.
    pub(crate) fn send_told(&self, github: &FakeGitHub, waiting: &dyn Fn(&str)) -> Result<CommentOutcome, GitHubError> {
        let runtime = Runtime::start().expect("a runtime");
        runtime.block_on(async {
            let client = Client::connect(&connection(github, self.token, self.seed)).expect("a client");
            self.send_with(&client, Some(waiting)).await
        })
    }

    pub(crate) async fn send_with(&self, client: &Client, waiting: Option<&dyn Fn(&str)>) -> Result<CommentOutcome, GitHubError> {
        let render = |past: &[PastRun], bytes: usize| {
            let runs: Vec<String> = past.iter().map(|run| run.run_id.to_string()).collect();
            let text = format!("{}\n\nbefore: [{}]", self.text, runs.join(" "));
            Ok(if text.len() <= bytes { text } else { text[..text.floor_char_boundary(bytes)].to_owned() })
        };
        let order = CommentOrder {
            issue: PULL,
            key: "ci / train".into(),
            section: self.section.clone(),
            mode: self.mode,
            run: PastRun::new(self.run, 1, "c0ffee", 1_000 + self.run, self.effect, format!("headline {}", self.run)),
            digest: self.digest.clone(),
            quiet: self.quiet,
            author: self.author.map(str::to_owned),
            render: &render,
            waiting,
        };
        client.comment_with(&order, &self.patience).await
    }

    /// Sends it, which must go well and without notes.
    pub(crate) fn sent(&self, github: &FakeGitHub) -> CommentOutcome {
        let outcome = self.send(github).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(outcome.notes(), &[] as &[String]);
        outcome
    }
}

fn connection(github: &FakeGitHub, token: &str, seed: u64) -> Connection {
    let timeout = Duration::from_secs(10);
    let network = Settings { user_agent: "proofmark-test".into(), authorities: None, proxies: Vec::new(), tls: false, timeout };
    Connection {
        api: github.url(),
        graphql: github.graphql_url(),
        token: Secret::new(token),
        repository: RepoName::parse(REPO).expect("a name"),
        network,
        budget: Budget { total: Duration::from_secs(60), attempts: 5 },
        seed,
    }
}

pub(crate) fn comments(github: &FakeGitHub) -> Vec<Comment> {
    github.state().comments(REPO, PULL).into_iter().cloned().collect()
}

/// The only comment, which must hold no lock any more.
pub(crate) fn only(github: &FakeGitHub) -> Comment {
    let comments = comments(github);
    let [comment] = comments.as_slice() else { panic!("{} comments: {comments:#?}", comments.len()) };
    assert!(comment.reactions.is_empty(), "{comment:#?}");
    comment.clone()
}

/// Methods and last parts of the paths of all requests so far.
pub(crate) fn requests(github: &FakeGitHub) -> Vec<String> {
    let short = |path: &str| {
        let parts: Vec<&str> = path.split('/').filter(|part| part.parse::<u64>().is_err()).collect();
        parts.last().copied().unwrap_or_default().to_owned()
    };
    github.requests().iter().map(|request| format!("{} {}", request.method, short(&request.path))).collect()
}
