//! Sends requests: octocrab below, repeats and limits from `proofmark-http`, nothing about what the requests are for.

use http::Uri;
use proofmark_http::{Answer, Budget, Failure, Repeat, Retrier, Secret, Settings};
use serde::de::DeserializeOwned;

use crate::error::GitHubError;
use crate::names::RepoName;
use crate::recorder::Recorder;
use crate::request::{Accept, Method, Request};

/// Pages of one list at most.
const MOST_PAGES: usize = 100;

/// Where and as whom to talk.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The address of the REST API, as `GITHUB_API_URL` has it.
    pub api: String,
    /// The address of the GraphQL API, as `GITHUB_GRAPHQL_URL` has it.
    pub graphql: String,
    /// The token; without one only public things can be read.
    pub token: Option<Secret>,
    /// The repository.
    pub repository: RepoName,
    /// The network: proxies, certificates. `tls` is set from the addresses.
    pub network: Settings,
    /// Time and tries.
    pub budget: Budget,
    /// Spreads the waiting of several runs at once.
    pub seed: u64,
}

/// One repository at GitHub, for one run.
#[derive(Debug)]
pub struct Client {
    wire: Wire,
    user_token: bool,
    pub(crate) repo: RepoName,
    retrier: Retrier,
}

#[derive(Debug)]
enum Wire {
    Live(Box<Live>),
    Dry(Recorder),
}

#[derive(Debug)]
struct Live {
    octocrab: octocrab::Octocrab,
    api: String,
    graphql: String,
}

impl Client {
    /// Gets ready; nothing is sent. Must be called inside of the runtime.
    ///
    /// # Errors
    /// An address, token or certificate that cannot be used.
    pub fn connect(connection: &Connection) -> Result<Self, GitHubError> {
        let wrong = |what: &str, detail: String| GitHubError::Input(format!("{what}: {detail}"));
        let api = connection.api.trim_end_matches('/').to_owned();
        let tls = [&api, &connection.graphql].iter().any(|address| address.starts_with("https:"));
        let settings = Settings { tls, ..connection.network.clone() };
        let client = proofmark_http::client(&settings).map_err(|error| wrong("cannot set up the network", error.to_string()))?;
        // Requests carry whole addresses: octocrab puts the base's path in front of any other, which breaks GraphQL on
        // GitHub Enterprise Server (/api/v3/api/graphql). The bases only say which servers may see the token.
        let mut builder = octocrab::OctocrabBuilder::default()
            .base_uri(origin(&api).as_str())
            .map_err(|error| wrong("the address of the API cannot be used", error.to_string()))?
            .upload_uri(origin(&connection.graphql).as_str())
            .map_err(|error| wrong("the address of the GraphQL API cannot be used", error.to_string()))?
            .add_header(http::header::USER_AGENT, settings.user_agent);
        if let Some(token) = &connection.token {
            builder = builder.personal_token(token.expose());
        }
        let octocrab = builder.build_with_reqwest(client).map_err(|error| wrong("cannot set up the client", error.to_string()))?;
        let live = Live { octocrab, api, graphql: connection.graphql.clone() };
        Ok(Self {
            wire: Wire::Live(Box::new(live)),
            user_token: connection.token.as_ref().is_some_and(is_user_token),
            repo: connection.repository.clone(),
            retrier: Retrier::new(connection.budget, connection.seed),
        })
    }

    /// A client that sends nothing and keeps what it would send.
    pub fn dry(repository: RepoName) -> Self {
        Self { wire: Wire::Dry(Recorder::default()), user_token: false, repo: repository, retrier: Retrier::new(Budget::default(), 0) }
    }

    /// What a dry client would have sent, in order.
    pub fn recorded(&self) -> Vec<Request> {
        match &self.wire {
            Wire::Live(_) => Vec::new(),
            Wire::Dry(recorder) => recorder.take(),
        }
    }

    /// Whether nothing is really sent.
    pub fn is_dry(&self) -> bool {
        matches!(self.wire, Wire::Dry(_))
    }

    /// Whether the token is a person's, not a workflow's or an app's.
    pub(crate) fn is_user_token(&self) -> bool {
        self.user_token
    }

    /// Sends a request and gives any answer that is no refusal.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, GitHubError> {
        let live = match &self.wire {
            Wire::Live(live) => live,
            Wire::Dry(recorder) => return Ok(recorder.answer(request)),
        };
        let repeat = if request.idempotent { Repeat::Freely } else { Repeat::IfRefused };
        let answer = self.retrier.send(repeat, crate::limits::wait, || live.attempt(request)).await;
        let answer = answer.map_err(|source| GitHubError::Http { what: request.shown(), source })?;
        if answer.is_success() || answer.status == 304 { Ok(answer) } else { Err(crate::error::refusal(request, &answer)) }
    }

    /// Sends a request and reads its JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<T, GitHubError> {
        let answer = self.send(request).await?;
        serde_json::from_slice(&answer.body).map_err(|error| crate::error::shape(request, &answer, &error))
    }

    /// All rows of a list, page by page.
    pub(crate) async fn pages<T: DeserializeOwned>(&self, request: &Request) -> Result<Vec<T>, GitHubError> {
        let mut rows = Vec::new();
        let mut next = Some(request.clone());
        for _ in 0..MOST_PAGES {
            let Some(page) = next else { return Ok(rows) };
            let answer = self.send(&page).await?;
            let some: Vec<T> = serde_json::from_slice(&answer.body).map_err(|error| crate::error::shape(&page, &answer, &error))?;
            rows.extend(some);
            next = self.next_page(&page, &answer);
        }
        Err(GitHubError::Shape { what: request.shown(), detail: format!("there are more than {MOST_PAGES} pages") })
    }

    /// The next page, if it lies at the same server: the token goes nowhere else.
    fn next_page(&self, page: &Request, answer: &Answer) -> Option<Request> {
        let address = proofmark_http::next_page(&answer.headers)?;
        match &self.wire {
            Wire::Live(live) => {
                let path = address.strip_prefix(&live.api)?.to_owned();
                path.starts_with('/').then(|| Request { path: Some(path), ..page.clone() })
            }
            Wire::Dry(_) => None,
        }
    }
}

/// By the beginnings that GitHub gives to tokens: personal ones, old and new, of OAuth apps, and of apps for a user.
fn is_user_token(token: &Secret) -> bool {
    ["ghp_", "github_pat_", "gho_", "ghu_"].iter().any(|start| token.expose().starts_with(start))
}

/// `scheme://host:port` of an address.
fn origin(address: &str) -> String {
    let after_scheme = address.find("://").map_or(0, |at| at + 3);
    let end = address[after_scheme..].find('/').map_or(address.len(), |at| after_scheme + at);
    address[..end].to_owned()
}

impl Live {
    async fn attempt(&self, request: &Request) -> Result<Answer, Failure> {
        let address = match &request.path {
            Some(path) => format!("{}{path}", self.api),
            None => self.graphql.clone(),
        };
        let uri: Uri = address.parse().map_err(|error| Failure::NotSent(format!("`{address}` is no address: {error}")))?;
        let method = match request.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Patch => http::Method::PATCH,
            Method::Delete => http::Method::DELETE,
        };
        let accept = match request.accept {
            Accept::Json => "application/vnd.github+json",
            Accept::Raw => "application/vnd.github.raw+json",
            Accept::Any => "*/*",
        };
        let builder = http::Request::builder().method(method).uri(uri).header(http::header::ACCEPT, accept);
        let built = self.octocrab.build_request(builder, request.body.as_ref());
        let built = built.map_err(|error| Failure::NotSent(error.to_string()))?;
        let response = self.octocrab.execute(built).await.map_err(|error| proofmark_http::failure(&error))?;
        proofmark_http::collect(response, request.limit).await
    }
}
