//! Sends requests: octocrab below, repeats and limits from `proofmark-http`, nothing about what the requests are for.

use proofmark_http::{Answer, Budget, HttpError, Repeat, Retrier, Secret, Settings};
use serde::de::DeserializeOwned;

use crate::error::{self, GitHubError};
use crate::live::{Live, Trail, refused_redirect};
use crate::names::RepoName;
use crate::recorder::Recorder;
use crate::request::Request;

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
    token: Option<Secret>,
    pub(crate) repo: RepoName,
    retrier: Retrier,
}

#[derive(Debug)]
enum Wire {
    Live(Box<Live>),
    Dry(Recorder),
}

impl Client {
    /// Gets ready; nothing is sent. Must be called inside of the runtime.
    ///
    /// # Errors
    /// An address, token or certificate that cannot be used.
    pub fn connect(connection: &Connection) -> Result<Self, GitHubError> {
        Ok(Self {
            wire: Wire::Live(Box::new(Live::connect(connection)?)),
            token: connection.token.clone(),
            repo: connection.repository.clone(),
            retrier: Retrier::new(connection.budget, connection.seed),
        })
    }

    /// A client that sends nothing and keeps what it would send.
    pub fn dry(repository: RepoName) -> Self {
        Self { wire: Wire::Dry(Recorder::default()), token: None, repo: repository, retrier: Retrier::new(Budget::default(), 0) }
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
        self.token.as_ref().is_some_and(is_user_token)
    }

    /// A foreign text without our token: servers quote what they were sent.
    pub(crate) fn clean(&self, text: &str) -> String {
        proofmark_http::redact(text, &self.token.iter().collect::<Vec<_>>())
    }

    /// Sends a request and gives any answer that is no refusal, and that is GitHub's by its form.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, GitHubError> {
        let answer = self.exchange(request).await?;
        if self.is_dry() {
            return Ok(answer);
        }
        match request.form.check(&answer) {
            Ok(()) => Ok(answer),
            Err(error) => Err(self.shape(request, &answer, &error)),
        }
    }

    /// Sends a request and reads its JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<T, GitHubError> {
        // Whoever reads the answer checks it that way; for changes there is more to check.
        let answer = if request.reads() { self.exchange(request).await? } else { self.send(request).await? };
        serde_json::from_slice(&answer.body).map_err(|error| self.shape(request, &answer, &error))
    }

    /// All rows of a list, page by page.
    pub(crate) async fn pages<T: DeserializeOwned>(&self, request: &Request) -> Result<Vec<T>, GitHubError> {
        self.rows(request, |page: Vec<T>| page, usize::MAX).await
    }

    /// The first rows of a list, page by page; `read` takes them out of a page.
    pub(crate) async fn rows<P: DeserializeOwned, T>(
        &self,
        request: &Request,
        read: impl Fn(P) -> Vec<T>,
        most: usize,
    ) -> Result<Vec<T>, GitHubError> {
        let mut rows = Vec::new();
        let mut next = Some(request.clone());
        for _ in 0..MOST_PAGES {
            let Some(page) = next.filter(|_| rows.len() < most) else {
                rows.truncate(most);
                return Ok(rows);
            };
            let answer = self.exchange(&page).await?;
            let some: P = serde_json::from_slice(&answer.body).map_err(|error| self.shape(&page, &answer, &error))?;
            rows.extend(read(some));
            next = self.next_page(&page, &answer)?;
        }
        Err(GitHubError::Shape { what: request.shown(), detail: format!("there are more than {MOST_PAGES} pages") })
    }

    /// The error that an answer of another shape is, without our token.
    pub(crate) fn shape(&self, request: &Request, answer: &Answer, error: &serde_json::Error) -> GitHubError {
        error::shape_with(request, answer, &self.clean(&error.to_string()))
    }

    /// Sends a request, as often as may be and where it is led.
    async fn exchange(&self, request: &Request) -> Result<Answer, GitHubError> {
        let live = match &self.wire {
            Wire::Live(live) => live,
            Wire::Dry(recorder) => return Ok(recorder.answer(request)),
        };
        let repeat = if request.idempotent { Repeat::Freely } else { Repeat::IfRefused };
        let trail = Trail::default();
        let answer = self.retrier.send(repeat, crate::limits::wait, || live.attempt(request, &trail)).await;
        let what = match trail.end() {
            Some(place) => format!("{} (now {})", request.shown(), self.clean(&place)),
            None => request.shown(),
        };
        let answer = match answer {
            Ok(answer) if answer.is_broken() && repeat == Repeat::IfRefused => {
                let detail = format!("the server answered {}", answer.status);
                return Err(GitHubError::Http { what, source: HttpError::Lost { detail } });
            }
            Ok(answer) => answer,
            Err(source) => return Err(GitHubError::Http { what, source: error::without(source, |text| self.clean(text)) }),
        };
        if answer.is_success() || answer.status == 304 {
            return Ok(answer);
        }
        Err(match refused_redirect(request, &answer) {
            Some((to, why)) => GitHubError::Moved { what, status: answer.status, to: self.clean(&to), why },
            None => error::refusal(what, &answer, |text| self.clean(text)),
        })
    }

    /// The next page, at the same server. A list that goes on where it cannot be followed is no list.
    fn next_page(&self, page: &Request, answer: &Answer) -> Result<Option<Request>, GitHubError> {
        let (Wire::Live(live), Some(address)) = (&self.wire, proofmark_http::next_page(&answer.headers)) else { return Ok(None) };
        let Some(path) = live.path_of(&address) else {
            let address: String = self.clean(&address).chars().take(200).collect();
            return Err(GitHubError::Shape { what: page.shown(), detail: format!("its next page `{address}` is no address of this API") });
        };
        Ok(Some(Request { path: Some(path), ..page.clone() }))
    }
}

/// By the beginnings that GitHub gives to tokens: personal ones, old and new, of OAuth apps, and of apps for a user.
fn is_user_token(token: &Secret) -> bool {
    ["ghp_", "github_pat_", "gho_", "ghu_"].iter().any(|start| token.expose().starts_with(start))
}
