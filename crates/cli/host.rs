//! The CI system that runs us: what the run is about, and the way to GitHub.

mod jenkins;

use std::cell::OnceCell;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use proofmark_core::run::{Place, PullRequest, ReadOnly, RunContext, System};
use proofmark_github::{ArtifactError, Connection, Found, GitHubError, Link, Pull, RepoName, actions};
use proofmark_http::{Budget, Secret};

use crate::exit::CliError;
use crate::network;
use crate::world::World;

/// Where GitHub's own service is, when nobody says otherwise.
const API: &str = "https://api.github.com";

/// Variables that may hold the token, the first one that is set counts.
const TOKENS: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];

/// One try of one request, in seconds.
const TIMEOUT: u64 = 30;

/// A run of a CI system.
pub(crate) struct Host {
    /// What it is about.
    pub(crate) run: RunContext,
    /// What only GitHub Actions knows of it.
    pub(crate) actions: Option<actions::Host>,
    /// What only a build of Jenkins knows of it.
    jenkins: Option<jenkins::Build>,
    /// The branch that the repository itself calls its default, where somebody told.
    default_branch: Option<String>,
    token: Option<Secret>,
    /// What is wrong with a token that is there.
    pub(crate) token_problem: Option<String>,
    world: World,
    link: OnceCell<Arc<Link>>,
}

impl Host {
    /// The system that runs us, if any does.
    pub(crate) fn detect(world: &World) -> Result<Option<Self>, CliError> {
        let payload = match (world.var("GITHUB_ACTIONS"), world.var("GITHUB_EVENT_PATH")) {
            (Some("true"), Some(path)) => Some(payload(path, world)?),
            _ => None,
        };
        let var = |name: &str| world.var(name).map(str::to_owned);
        let found = actions::Host::read(&var, payload.as_deref()).map_err(|error| {
            CliError::input("what GitHub Actions says of this run cannot be read")
                .because(&error)
                .hint("GITHUB_EVENT_PATH names the file with the event; act takes one with `-e EVENT.json`")
        })?;
        Ok(match found {
            Some(found) => {
                let default_branch = found.default_branch.clone();
                Some(Self { actions: Some(found.clone()), default_branch, ..Self::new(found.run, world) })
            }
            None => jenkins::detect(world).map(|(run, build)| Self::of_build(run, build, world)),
        })
    }

    /// The run around us, or one that the command line describes.
    pub(crate) fn described(repository: Option<&str>, pull_request: Option<u64>, world: &World) -> Result<Option<Self>, CliError> {
        let found = Self::detect(world)?;
        if repository.is_none() && pull_request.is_none() {
            return Ok(found);
        }
        let mut host = found.unwrap_or_else(|| Self::new(RunContext::new(System::GithubActions, "command line"), world));
        if let Some(repository) = repository {
            host.run.repository = Some(repository.to_owned());
        }
        if let Some(number) = pull_request {
            host.run.pull_request = Some(PullRequest::new(number));
        }
        Ok(Some(host))
    }

    fn of_build(run: RunContext, build: jenkins::Build, world: &World) -> Self {
        let mut host = Self::new(run, world);
        // Other forges have addresses of the same form, and a token for GitHub is none of their business.
        if let Some(server) = build.foreign_server(world)
            && host.token.take().is_some()
        {
            host.token_problem = Some(format!(
                "the token for GitHub is not sent to {server}, which may be another forge (GITHUB_SERVER_URL=https://{server} says that it is none)"
            ));
        }
        host.jenkins = Some(build);
        host
    }

    fn new(run: RunContext, world: &World) -> Self {
        let (mut token, mut token_problem) = (None, None);
        for (name, value) in TOKENS.iter().filter_map(|name| Some((name, world.var(name)?))) {
            match Secret::parse(value) {
                Ok(found) => token = token.or(found),
                Err(problem) => token_problem = Some(format!("{name} {problem}")),
            }
        }
        let (actions, jenkins, default_branch) = (None, None, None);
        Self { run, actions, jenkins, default_branch, token, token_problem, world: world.clone(), link: OnceCell::new() }
    }

    /// Asks for what the event does not tell of the pull request: what it goes into, and what its head is.
    pub(crate) fn ask(&mut self) -> Result<(), CliError> {
        if self.jenkins.is_some() {
            return self.ask_of_build();
        }
        if !self.has_token() || self.run.base.commit.is_some() || self.run.read_only == Some(ReadOnly::Fork) {
            return Ok(());
        }
        let pull = match &self.run.pull_request {
            Some(pull) => {
                let link = self.link()?;
                Some(link.block_on(link.client().pull_request(pull.number))?)
            }
            None if self.run.event == "workflow_run" => self.pull_of_head()?,
            None => None,
        };
        if let Some(pull) = pull {
            let mut known = self.run.pull_request.take().unwrap_or_else(|| PullRequest::new(pull.number));
            (known.fork, known.draft, known.author) = (pull.fork, pull.draft, pull.author);
            self.run.pull_request = Some(known);
            self.run.base = Place::new(Some(pull.base_ref), Some(pull.base_sha));
            self.run.head = Place::new(Some(pull.head_branch), Some(pull.head_sha));
        }
        Ok(())
    }

    /// The same for a build of Jenkins, whose environment tells less.
    fn ask_of_build(&mut self) -> Result<(), CliError> {
        // Without a repository at GitHub there is nobody to ask, and the local comparison needs nobody.
        if !self.can_ask() {
            return Ok(());
        }
        let link = self.link()?;
        let Some(build) = &mut self.jenkins else { return Ok(()) };
        match &self.run.pull_request {
            Some(pull) => {
                let number = pull.number;
                link.block_on(build.ask(&mut self.run, number, link.client()))?;
            }
            None if build.lacks_base(&self.run, &self.world) => self.default_branch = Some(link.block_on(link.client().default_branch())?),
            None => {}
        }
        Ok(())
    }

    /// The newest commit of the pull request, where it is not what this build is about.
    pub(crate) fn moved_on(&self) -> Option<&str> {
        self.jenkins.as_ref()?.moved_on.as_deref()
    }

    /// The head as `owner:branch`, as GitHub calls branches wherever they are.
    pub(crate) fn head_label(&self) -> Option<String> {
        let owner = self.actions.as_ref()?.head_repository.as_deref()?.split('/').next()?;
        Some(format!("{owner}:{}", self.run.head.branch.as_deref()?))
    }

    /// The pull request whose head the run was for that is over.
    fn pull_of_head(&self) -> Result<Option<Pull>, CliError> {
        let (Some(actions), Some(sha)) = (&self.actions, &self.run.head.commit) else { return Ok(None) };
        let link = self.link()?;
        match link.block_on(link.client().find_pull(sha, self.head_label().as_deref(), &actions.candidates))? {
            Found::One(pull) => Ok(Some(*pull)),
            Found::None => Ok(None),
            Found::Several(_) => {
                Err(CliError::input("several pull requests have this commit as their head, and each has a base of its own")
                    .hint("judge in a workflow on `pull_request`, and post its report with `proofmark report --from-artifact`"))
            }
        }
    }

    /// Whether a build of Jenkins runs us.
    pub(crate) fn is_build(&self) -> bool {
        self.jenkins.is_some()
    }

    /// Whether GitHub can be asked about the repository.
    pub(crate) fn can_ask(&self) -> bool {
        self.has_token() && self.run.repository.is_some()
    }

    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The branch that the repository itself calls its default.
    pub(crate) fn default_branch(&self) -> Option<String> {
        self.default_branch.clone()
    }

    /// The repository, where its name is one.
    pub(crate) fn repository(&self) -> Result<RepoName, CliError> {
        let name = self.run.repository.as_deref().ok_or_else(|| {
            CliError::input("the repository at GitHub is not known")
                .hint("run in GitHub Actions or Jenkins, or give `--repository OWNER/NAME`")
        })?;
        RepoName::parse(name).ok_or_else(|| CliError::input(format!("`{name}` is no repository")).hint("write OWNER/NAME"))
    }

    /// The way to the server, made once.
    pub(crate) fn link(&self) -> Result<Arc<Link>, CliError> {
        if let Some(link) = self.link.get() {
            return Ok(Arc::clone(link));
        }
        let link = Arc::new(Link::connect(&self.connection()?)?);
        Ok(Arc::clone(self.link.get_or_init(|| link)))
    }

    /// A way that keeps what would be sent.
    pub(crate) fn dry(&self) -> Result<Link, CliError> {
        Ok(Link::dry(self.repository()?)?)
    }

    /// The addresses of the REST and the GraphQL interface.
    pub(crate) fn addresses(&self) -> (String, String) {
        let of_remote = || Some(self.jenkins.as_ref()?.remote.as_ref()?.api_url());
        let told = self.world.var("GITHUB_API_URL").map(str::to_owned);
        let api = told.or_else(of_remote).unwrap_or_else(|| API.to_owned()).trim_end_matches('/').to_owned();
        let graphql = self.world.var("GITHUB_GRAPHQL_URL").map_or_else(|| graphql(&api), str::to_owned);
        (api, graphql)
    }

    /// Where and as whom to talk.
    pub(crate) fn connection(&self) -> Result<Connection, CliError> {
        let world = &self.world;
        let (api, graphql) = self.addresses();
        let budget = match world.var("PROOFMARK_NETWORK_SECONDS").map(str::parse) {
            Some(Ok(seconds)) => Budget { total: Duration::from_secs(seconds), ..Budget::default() },
            Some(Err(_)) => return Err(CliError::input("PROOFMARK_NETWORK_SECONDS is not a whole number of seconds")),
            None => Budget::default(),
        };
        let network = network::settings(world, TIMEOUT)?;
        let seed = world.random();
        Ok(Connection { api, graphql, token: self.token.clone(), repository: self.repository()?, network, budget, seed })
    }
}

/// The event's payload, bounded.
fn payload(path: &str, world: &World) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let limit = actions::PAYLOAD_LIMIT;
    let read = std::fs::File::open(world.folder.join(path)).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    read.map_err(|error| CliError::input("the event's payload (GITHUB_EVENT_PATH) cannot be read").because(&error))?;
    if bytes.len() as u64 > limit {
        return Err(CliError::input(format!("the event's payload (GITHUB_EVENT_PATH) is longer than {limit} bytes")));
    }
    Ok(bytes)
}

/// GitHub Enterprise Server has its two interfaces side by side, the service has one below the other.
fn graphql(api: &str) -> String {
    match api.strip_suffix("/api/v3") {
        Some(server) => format!("{server}/api/graphql"),
        None => format!("{api}/graphql"),
    }
}

impl From<GitHubError> for CliError {
    fn from(error: GitHubError) -> Self {
        let mut told = Self::outside(error.to_string());
        told.causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source()).map(ToString::to_string).collect();
        told.hints.extend(proofmark_github::advice(&error));
        told
    }
}

impl From<ArtifactError> for CliError {
    fn from(error: ArtifactError) -> Self {
        let advice = error.advice();
        let told = match error {
            ArtifactError::GitHub(error) => return error.into(),
            // Half a download says nothing about what was uploaded.
            ArtifactError::Damaged { .. } => Self::outside(error.to_string()),
            other => Self::input(other.to_string()),
        };
        advice.into_iter().fold(told, Self::hint)
    }
}
