//! One question, one answer: addresses, credentials, repeats, and whether an answer is MLflow's at all.

use std::cell::{Cell, OnceCell, RefCell};
use std::time::{Duration, Instant};

use base64::Engine as _;
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use proofmark_http::{Answer, Budget, Certificates, Client, Failure, HttpError, Repeat, Retrier, Runtime, Secret, Settings};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{self, Error};
use crate::settings::{Access, Credentials};

/// Bytes of an answer in JSON at most.
const LONGEST: usize = 64 << 20;
/// Bytes of a refusal at most, where the answer itself may be shorter.
const WORDS: usize = 64 << 10;
/// A file of certificates is not larger.
const LONGEST_FILE: u64 = 4 << 20;
/// MLflow's code for what is not there.
const MISSING: &str = "RESOURCE_DOES_NOT_EXIST";
/// Servers close a connection on which nothing was said for a while (MLflow after 5 s), and a change that is sent on it is lost.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const WORKSPACE: &str = "x-mlflow-workspace";

/// A question.
#[derive(Debug, Clone)]
pub(super) struct Request {
    method: Method,
    /// What messages call it: `runs/get`.
    name: &'static str,
    /// The path after the server's address.
    path: String,
    body: Option<Value>,
}

impl Request {
    pub(super) fn get(name: &'static str) -> Self {
        Self { method: Method::GET, name, path: format!("/api/2.0/mlflow/{name}"), body: None }
    }

    pub(super) fn post(name: &'static str, body: Value) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(name) }
    }

    pub(super) fn delete(name: &'static str, body: Value) -> Self {
        Self { method: Method::DELETE, ..Self::post(name, body) }
    }

    /// At another path than that of its name.
    pub(super) fn at(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    /// With one more part of the path.
    pub(super) fn part(mut self, text: &str) -> Self {
        self.path.push('/');
        self.path.push_str(&escaped(text));
        self
    }

    /// With a parameter.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(&format!("{name}={}", escaped(value)));
        self
    }

    /// As messages show it, without what was asked for.
    fn shown(&self) -> String {
        format!("{} {}", self.method, self.name)
    }
}

/// A text as part of a path or as a parameter's value.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b'.' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The way to one server.
#[derive(Debug)]
pub(super) struct Wire {
    address: String,
    settings: Settings,
    certificates: Certificates,
    client: RefCell<Client>,
    /// When the last answer came.
    last: Cell<Option<Instant>>,
    runtime: OnceCell<Runtime>,
    secrets: Vec<Secret>,
    authorization: Option<HeaderValue>,
    workspace: Option<HeaderValue>,
    budget: Budget,
    seed: u64,
    /// Time spent on all questions together.
    spent: Cell<Duration>,
    requests: Cell<u32>,
}

impl Wire {
    pub(super) fn new(address: &str, access: &Access) -> Result<Self, Error> {
        let settings = Settings {
            user_agent: access.user_agent.clone(),
            authorities: None,
            proxies: access.proxies.clone(),
            tls: address.starts_with("https:"),
            timeout: access.timeout,
        };
        let read = |path: &Option<_>, name| path.as_deref().map(|path| certificates(path, name)).transpose();
        let certificates = if settings.tls {
            let only = read(&access.authorities, "MLFLOW_TRACKING_SERVER_CERT_PATH")?;
            Certificates { insecure: access.insecure, only, identity: read(&access.identity, "MLFLOW_TRACKING_CLIENT_CERT_PATH")? }
        } else {
            Certificates::default()
        };
        let client = client(&settings, &certificates)?;
        let (authorization, secrets) = access.credentials.as_ref().map(authorization).transpose()?.unzip();
        let workspace = access.workspace.as_deref().map(HeaderValue::from_str).transpose();
        let workspace =
            workspace.map_err(|_| Error::Setting { what: "MLFLOW_WORKSPACE".to_owned(), why: "is no name of a workspace".to_owned() })?;
        Ok(Self {
            address: address.to_owned(),
            settings,
            certificates,
            client: RefCell::new(client),
            last: Cell::default(),
            runtime: OnceCell::new(),
            secrets: secrets.unwrap_or_default(),
            authorization,
            workspace,
            budget: access.budget,
            seed: access.seed,
            spent: Cell::default(),
            requests: Cell::default(),
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    #[cfg(test)]
    pub(super) fn requests(&self) -> u32 {
        self.requests.get()
    }

    /// The answer to a question about one thing; `None` where MLflow says that there is no such thing.
    pub(super) fn found<T: DeserializeOwned>(&self, request: &Request) -> Result<Option<T>, Error> {
        match self.json(request) {
            Ok(answer) => Ok(Some(answer)),
            Err(Error::Refused { status: 404, code: Some(code), .. }) if code == MISSING => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The answer to a question for a list. An empty list is an empty object, and any other object that tells of no list is none
    /// of MLflow's.
    pub(super) fn list<T: DeserializeOwned + Listed>(&self, request: &Request) -> Result<T, Error> {
        let answer = self.success(request, Repeat::Freely, LONGEST)?;
        let page: T = self.parse(request, &answer)?;
        let empty = || answer.body.iter().filter(|byte| !byte.is_ascii_whitespace()).eq(b"{}");
        if page.is_empty() && !empty() { Err(self.strange(request, "it tells of other things than those asked for")) } else { Ok(page) }
    }

    /// The answer in JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        let answer = self.success(request, Repeat::Freely, LONGEST)?;
        self.parse(request, &answer)
    }

    /// Sends a change, once: whoever asked for it looks whether it was made.
    pub(super) fn change<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        let answer = self.success(request, Repeat::IfRefused, LONGEST)?;
        self.parse(request, &answer)
    }

    /// A short answer in plain text.
    pub(super) fn text(&self, request: &Request) -> Result<String, Error> {
        let answer = self.success(request, Repeat::Freely, WORDS)?;
        String::from_utf8(answer.body).map_err(|_| self.strange(request, "it is no text"))
    }

    /// The bytes of an answer, and what they are said to be.
    pub(super) fn bytes(&self, request: &Request, limit: usize) -> Result<(Vec<u8>, String), Error> {
        let answer = self.success(request, Repeat::Freely, limit)?;
        let kind = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
        Ok((answer.body, kind))
    }

    /// A foreign text, fit to be shown.
    pub(super) fn clean(&self, text: &str) -> String {
        error::clean(text, &self.secrets.iter().collect::<Vec<_>>())
    }

    pub(super) fn strange(&self, request: &Request, why: &str) -> Error {
        Error::Strange { what: request.shown(), why: self.clean(why) }
    }

    fn parse<T: DeserializeOwned>(&self, request: &Request, answer: &Answer) -> Result<T, Error> {
        // Structures may be written as arrays, which MLflow never does.
        match answer.body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => serde_json::from_slice(&answer.body).map_err(|error| self.strange(request, &error.to_string())),
            Some(b'<') => Err(self.strange(request, &format!("it is a page of HTML{}", title(&answer.body)))),
            Some(_) => Err(self.strange(request, "it is no JSON object")),
            None => Err(self.strange(request, "it is empty")),
        }
    }

    /// An answer of status 200; any other one is an error.
    fn success(&self, request: &Request, repeat: Repeat, limit: usize) -> Result<Answer, Error> {
        let answer = self.exchange(request, repeat, limit)?;
        match answer.status {
            200 => Ok(answer),
            300..400 => {
                let place = answer.header("location").map_or("nowhere", host);
                Err(self.strange(request, &format!("it leads to {place}, with status {}", answer.status)))
            }
            100..400 => Err(self.strange(request, &format!("it has status {}", answer.status))),
            _ => Err(self.refusal(request, &answer)),
        }
    }

    fn refusal(&self, request: &Request, answer: &Answer) -> Error {
        #[derive(Deserialize)]
        struct Refusal {
            error_code: String,
            #[serde(default)]
            message: String,
        }
        let (what, status) = (request.shown(), answer.status);
        if let Ok(told) = serde_json::from_slice::<Refusal>(&answer.body) {
            return Error::Refused { what, status, code: Some(self.clean(&told.error_code)), message: Some(self.clean(&told.message)) };
        }
        if matches!(status, 404 | 405) {
            return self.strange(request, &format!("nothing is at this address, with status {status}; a path may be missing or too much"));
        }
        let page = answer.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
        let told = if page { format!("a page of HTML{}", title(&answer.body)) } else { String::from_utf8_lossy(&answer.body).into_owned() };
        Error::Refused { what, status, code: None, message: Some(self.clean(&told)).filter(|told| !told.is_empty()) }
    }

    fn exchange(&self, request: &Request, repeat: Repeat, limit: usize) -> Result<Answer, Error> {
        let what = request.shown();
        let runtime = match self.runtime.get() {
            Some(runtime) => runtime,
            None => {
                let runtime = Runtime::start().map_err(|source| Error::Http { what: what.clone(), source })?;
                self.runtime.get_or_init(|| runtime)
            }
        };
        let started = Instant::now();
        if self.last.get().is_some_and(|last| started.duration_since(last) > LONGEST_PAUSE) {
            self.client.replace(client(&self.settings, &self.certificates)?);
        }
        let client = self.client.borrow().clone();
        let left = self.budget.total.saturating_sub(self.spent.get());
        let seed = self.seed.wrapping_add(self.requests.get().into());
        let retrier = Retrier::new(Budget { total: left, ..self.budget }, seed);
        let answer = runtime.block_on(retrier.send(repeat, |_| None, || self.attempt(&client, request, limit)));
        self.last.set(Some(Instant::now()));
        self.spent.set(self.spent.get() + started.elapsed());
        self.requests.set(self.requests.get() + retrier.requests());
        answer.map_err(|source| match self.cleaned(source) {
            HttpError::TooLarge { limit } => Error::TooLarge { what, limit: limit as u64 },
            source => Error::Http { what, source },
        })
    }

    async fn attempt(&self, client: &Client, request: &Request, limit: usize) -> Result<Answer, Failure> {
        let mut builder = http::Request::builder().method(&request.method).uri(format!("{}{}", self.address, request.path));
        builder = builder.header(ACCEPT, "application/json, */*");
        if request.body.is_some() {
            builder = builder.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in [(AUTHORIZATION.as_str(), &self.authorization), (WORKSPACE, &self.workspace)] {
            if let Some(value) = value {
                builder = builder.header(name, value);
            }
        }
        let body = request.body.as_ref().map(Value::to_string).unwrap_or_default().into_bytes();
        let built = builder.body(body).map_err(|error| Failure::NotSent(error.to_string()))?;
        proofmark_http::send(client, built, limit).await
    }

    /// Without secrets, and with the whole budget and not what was left of it.
    fn cleaned(&self, error: HttpError) -> HttpError {
        let clean = |text: String| self.clean(&text);
        match error {
            HttpError::NotReached { detail } => HttpError::NotReached { detail: clean(detail) },
            HttpError::Lost { detail } => HttpError::Lost { detail: clean(detail) },
            HttpError::NoAnswer { detail } => HttpError::NoAnswer { detail: clean(detail) },
            HttpError::OutOfTime { detail, .. } => HttpError::OutOfTime { total: self.budget.total, detail: clean(detail) },
            other => other,
        }
    }
}

/// An answer with a list.
pub(super) trait Listed {
    /// Whether it tells of nothing at all.
    fn is_empty(&self) -> bool;
}

fn client(settings: &Settings, certificates: &Certificates) -> Result<Client, Error> {
    let wrong = |error: HttpError| Error::Setting { what: "the network's settings".to_owned(), why: error::clean(&error.to_string(), &[]) };
    proofmark_http::client_with(settings, certificates).map_err(wrong)
}

fn authorization(credentials: &Credentials) -> Result<(HeaderValue, Vec<Secret>), Error> {
    let (text, secrets) = match credentials {
        Credentials::Basic(name, password) => {
            let both = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{}", password.expose()));
            (format!("Basic {both}"), vec![password.clone(), Secret::new(&both).unwrap_or_else(|| password.clone())])
        }
        Credentials::Bearer(token) => (format!("Bearer {}", token.expose()), vec![token.clone()]),
    };
    let wrong = |_| Error::Setting { what: "MLFLOW_TRACKING_TOKEN".to_owned(), why: "no header can carry it".to_owned() };
    let mut header = HeaderValue::from_str(&text).map_err(wrong)?;
    header.set_sensitive(true);
    Ok((header, secrets))
}

fn certificates(path: &std::path::Path, name: &str) -> Result<Vec<u8>, Error> {
    let wrong = |why: String| Error::Setting { what: name.to_owned(), why };
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() <= LONGEST_FILE => {}
        Ok(found) if found.is_dir() => return Err(wrong("a folder of certificates is not read; name one PEM file".to_owned())),
        Ok(_) => return Err(wrong("it is no file, or too large".to_owned())),
        Err(error) => return Err(wrong(format!("the file cannot be read: {}", error.kind()))),
    }
    std::fs::read(path).map_err(|error| wrong(format!("the file cannot be read: {}", error.kind())))
}

/// The scheme and host of an address, or the whole of a path.
fn host(address: &str) -> &str {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let start = address.find("//").map_or(0, |at| at + 2);
    let end = address.get(start..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| start + at);
    if start == 0 { address } else { address.get(..end).unwrap_or(address) }
}

/// The title of a page, in brackets.
fn title(page: &[u8]) -> String {
    let start = page.get(..page.len().min(WORDS)).unwrap_or_default();
    let page = String::from_utf8_lossy(start);
    let lower = page.to_ascii_lowercase();
    let inside = || {
        let from = lower.find("<title>")? + "<title>".len();
        let length = lower.get(from..)?.find('<')?;
        page.get(from..from + length)
    };
    inside().map(|title| format!(" ({})", title.trim())).unwrap_or_default()
}
