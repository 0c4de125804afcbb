//! A fake GitHub with one workflow, and clients for it.

use std::collections::BTreeMap;
use std::time::Duration;

use proofmark_github::{Client, Connection, GitHubError, Link, RepoName, StartPatience, StartedWorkflow, WorkflowStart};
use proofmark_http::{Budget, Secret, Settings};
use proofmark_testkit::github::{FakeGitHub, Issue, Level, Repository, Run, Token, World};

pub(crate) const REPO: &str = "acme/widgets";
pub(crate) const FILE: &str = "train.yml";
pub(crate) const KEY: &str = "pm1-4f1";
const TOKEN: &str = "ghs_starter";

pub(crate) fn repository(repository: Repository) -> Repository {
    repository.workflow(FILE, &["proofmark", "data"], Some("Train ${{ inputs.data }} (${{ inputs.proofmark }})"))
}

pub(crate) fn start_with(build: impl FnOnce(Repository) -> Repository) -> FakeGitHub {
    let may = ["actions", "contents", "deployments", "issues"];
    let token = may.into_iter().fold(Token::actions().of(REPO), |token, name| token.with(name, Level::Write));
    let pull = Issue::pull(7, "ada", ("work", &"a".repeat(40)), ("main", &"b".repeat(40)));
    FakeGitHub::start(World::new().repository_with(REPO, |own| build(repository(own))).issue(REPO, pull).token(TOKEN, token))
}

pub(crate) fn start() -> FakeGitHub {
    start_with(|repository| repository)
}

/// Short times, in the proportions of the real ones.
pub(crate) fn patience() -> StartPatience {
    let milliseconds = Duration::from_millis;
    let (pause, longest) = (milliseconds(5), milliseconds(25));
    StartPatience { pause, longest, settling: milliseconds(500), find: milliseconds(1_500), tries: 4, ..StartPatience::default() }
}

pub(crate) fn order(key: &str) -> WorkflowStart {
    let inputs = [("proofmark", key), ("data", "v2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    WorkflowStart { workflow: FILE.to_owned(), reference: "main".to_owned(), inputs: BTreeMap::from(inputs), key: key.to_owned() }
}

pub(crate) fn connection(github: &FakeGitHub, token: &str, seed: u64) -> Connection {
    let timeout = Duration::from_secs(10);
    let network = Settings { user_agent: "proofmark-test".into(), authorities: None, proxies: Vec::new(), tls: false, timeout };
    Connection {
        api: github.url(),
        graphql: github.graphql_url(),
        token: Secret::new(token),
        repository: RepoName::parse(REPO).expect("a name"),
        network,
        budget: Budget { total: Duration::from_secs(60), attempts: 6 },
        seed,
    }
}

/// Does something with a client of its own, as a process of its own would.
pub(crate) fn with<T>(github: &FakeGitHub, work: impl AsyncFnOnce(&Client) -> T) -> T {
    let link = Link::connect(&connection(github, TOKEN, 1)).expect("a link");
    link.block_on(work(link.client()))
}

pub(crate) fn run(github: &FakeGitHub, key: &str) -> Result<StartedWorkflow, GitHubError> {
    run_with(github, key, patience())
}

pub(crate) fn run_with(github: &FakeGitHub, key: &str, patience: StartPatience) -> Result<StartedWorkflow, GitHubError> {
    with(github, async |client| client.start_workflow(&order(key), &patience).await)
}

/// The runs whose title holds the key, those that were cancelled left out.
pub(crate) fn living(github: &FakeGitHub, key: &str) -> Vec<Run> {
    let state = github.state();
    let runs = state.repo(REPO).runs.values().filter(|run| run.title.contains(&format!("({key})")));
    runs.filter(|run| run.conclusion.as_deref() != Some("cancelled")).cloned().collect()
}

/// The number of the only one, which must be what was answered.
pub(crate) fn only(github: &FakeGitHub, key: &str, started: &StartedWorkflow) -> u64 {
    let living = living(github, key);
    let [run] = living.as_slice() else { panic!("{} runs with {key}: {living:#?}", living.len()) };
    let told = started.run.as_ref().unwrap_or_else(|| panic!("the run is known: {started:?}"));
    assert_eq!((told.id, told.carries(key), &started.twins), (run.id, true, &Vec::new()), "{started:?}");
    run.id
}

/// How often something was asked for.
pub(crate) fn asked(github: &FakeGitHub, method: &str, end: &str) -> usize {
    github.requests().iter().filter(|request| request.method == method && request.path.ends_with(end)).count()
}

pub(crate) fn posts(github: &FakeGitHub) -> usize {
    asked(github, "POST", "/train.yml/dispatches")
}
