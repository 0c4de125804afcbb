//! One question, one answer: what MLflow's API asks for, and whether an answer is MLflow's at all.

use base64::Engine as _;
use http::header::AUTHORIZATION;
use http::{HeaderName, Method};
use proofmark_http::api::{Api, ApiError, Call, Header, Terms, escaped, pem_file};
use proofmark_http::{Answer, Certificates, Secret, Settings};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;
use crate::settings::{Access, Credentials};

/// Bytes of an answer in JSON at most.
const LONGEST: usize = 64 << 20;
/// Bytes of a short text at most.
const WORDS: usize = 64 << 10;
/// MLflow's code for what is not there.
const MISSING: &str = "RESOURCE_DOES_NOT_EXIST";
const WORKSPACE: HeaderName = HeaderName::from_static("x-mlflow-workspace");

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

    /// As it is sent.
    fn call(&self, limit: usize) -> Call {
        let call = Call::get(self.name, self.path.clone()).limit(limit);
        let call =
            if self.method == Method::GET { call } else { Call::change(self.method.clone(), self.name, self.path.clone()).limit(limit) };
        self.body.iter().fold(call, Call::json)
    }
}

/// The way to one server.
#[derive(Debug)]
pub(super) struct Wire {
    api: Api,
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
        let read = |path: &Option<_>, name| path.as_deref().map(|path| pem_file(path, name)).transpose();
        let certificates = if settings.tls {
            let only = read(&access.authorities, "MLFLOW_TRACKING_SERVER_CERT_PATH")?;
            Certificates { insecure: access.insecure, only, identity: read(&access.identity, "MLFLOW_TRACKING_CLIENT_CERT_PATH")? }
        } else {
            Certificates::default()
        };
        let mut headers = Vec::new();
        headers.extend(access.credentials.as_ref().map(authorization).transpose()?);
        if let Some(workspace) = &access.workspace {
            headers.push(Header::plain(WORKSPACE, workspace, "MLFLOW_WORKSPACE")?);
        }
        let terms = Terms { settings, certificates, budget: access.budget, seed: access.seed };
        Ok(Self { api: Api::new(address, terms, Box::new(move || Ok(headers.clone())))? })
    }

    pub(super) fn address(&self) -> &str {
        self.api.address()
    }

    #[cfg(test)]
    pub(super) fn requests(&self) -> u32 {
        self.api.requests()
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
        let answer = self.success(request, &request.call(LONGEST).freely())?;
        let page: T = self.parse(request, &answer)?;
        let empty = || answer.body.iter().filter(|byte| !byte.is_ascii_whitespace()).eq(b"{}");
        if page.is_empty() && !empty() { Err(self.strange(request, "it tells of other things than those asked for")) } else { Ok(page) }
    }

    /// The answer in JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        let answer = self.success(request, &request.call(LONGEST).freely())?;
        self.parse(request, &answer)
    }

    /// Sends a change, once: whoever asked for it looks whether it was made.
    pub(super) fn change<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        let answer = self.success(request, &request.call(LONGEST))?;
        self.parse(request, &answer)
    }

    /// A short answer in plain text.
    pub(super) fn text(&self, request: &Request) -> Result<String, Error> {
        let answer = self.success(request, &request.call(WORDS).freely())?;
        String::from_utf8(answer.body).map_err(|_| self.strange(request, "it is no text"))
    }

    /// The bytes of an answer, and what they are said to be.
    pub(super) fn bytes(&self, request: &Request, limit: usize) -> Result<(Vec<u8>, String), Error> {
        let answer = self.success(request, &request.call(limit).freely())?;
        let kind = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
        Ok((answer.body, kind))
    }

    /// A foreign text, fit to be shown.
    pub(super) fn clean(&self, text: &str) -> String {
        self.api.clean(text)
    }

    pub(super) fn strange(&self, request: &Request, why: &str) -> Error {
        self.api.strange(&request.call(LONGEST), why).into()
    }

    fn parse<T: DeserializeOwned>(&self, request: &Request, answer: &Answer) -> Result<T, Error> {
        Ok(self.api.parse(&request.call(LONGEST), answer)?)
    }

    /// An answer of status 200; any other one is an error.
    fn success(&self, request: &Request, call: &Call) -> Result<Answer, Error> {
        match self.api.answer(call) {
            Ok(answer) if answer.status == 200 => Ok(answer),
            Ok(answer) => Err(self.strange(request, &format!("it has status {}", answer.status))),
            Err(ApiError::Refused { what, status, message, json }) => Err(self.refusal(request, what, status, message, json)),
            Err(error) => Err(error.into()),
        }
    }

    fn refusal(&self, request: &Request, what: String, status: u16, message: Option<String>, json: Option<Value>) -> Error {
        #[derive(Deserialize)]
        struct Refusal {
            error_code: String,
            #[serde(default)]
            message: String,
        }
        let told = json.as_ref().and_then(|json| Refusal::deserialize(json).ok());
        if let Some(told) = told {
            return Error::Refused { what, status, code: Some(told.error_code), message: Some(told.message) };
        }
        if matches!(status, 404 | 405) {
            return self.strange(request, &format!("nothing is at this address, with status {status}; a path may be missing or too much"));
        }
        let message = message.or_else(|| json.map(|json| self.clean(&json.to_string())));
        Error::Refused { what, status, code: None, message }
    }
}

/// An answer with a list.
pub(super) trait Listed {
    /// Whether it tells of nothing at all.
    fn is_empty(&self) -> bool;
}

fn authorization(credentials: &Credentials) -> Result<Header, Error> {
    Ok(match credentials {
        Credentials::Basic(name, password) => {
            let both = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{}", password.expose()));
            let both = Secret::new(&both).unwrap_or_else(|| password.clone());
            let header = Header::secret(AUTHORIZATION, "Basic ", &both, "MLFLOW_TRACKING_PASSWORD")?;
            Header { secrets: vec![password.clone(), both], ..header }
        }
        Credentials::Bearer(token) => Header::secret(AUTHORIZATION, "Bearer ", token, "MLFLOW_TRACKING_TOKEN")?,
    })
}
