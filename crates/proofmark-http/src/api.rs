//! One server's API: its address, who asks, repeats within one budget, and whether an answer is the API's at all.
//!
//! No redirect is followed and no page of HTML counts: what stands in front of a server answers a session that has run out
//! with a login page, which would else pass for an empty list.

mod address;
mod call;
mod error;
mod terms;
mod words;

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::time::{Duration, Instant};

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Answer, Budget, Certificates, Client, Failure, HttpError, Retrier, Runtime, Secret, client_with};

pub use self::address::server_address;
pub use self::call::{Call, escaped, is_part};
pub use self::error::ApiError;
pub use self::terms::{Terms, pem_file, proxies};
pub use self::words::one_line;

/// Servers close a connection on which nothing was said for a while, and a change that is sent on it is lost.
const LONGEST_SILENCE: Duration = Duration::from_secs(2);

/// A header that goes with every request.
#[derive(Debug, Clone)]
pub struct Header {
    /// Its name.
    pub name: HeaderName,
    /// Its value.
    pub value: HeaderValue,
    /// What must never be shown of it.
    pub secrets: Vec<Secret>,
}

/// Who asks. It is asked again when the server no longer knows us: tokens of a cluster are renewed in their file.
pub type Identity = Box<dyn Fn() -> Result<Vec<Header>, ApiError>>;

/// The way to one server.
pub struct Api {
    address: String,
    terms: Terms,
    client: RefCell<Client>,
    /// When the last answer came.
    last: Cell<Option<Instant>>,
    runtime: OnceCell<Runtime>,
    identity: Identity,
    headers: RefCell<Option<Vec<Header>>>,
    /// Whatever was sent before, which texts may still quote.
    former: RefCell<Vec<Secret>>,
    /// Time spent on all questions together.
    spent: Cell<Duration>,
    requests: Cell<u32>,
}

impl Header {
    /// A header whose value is no secret.
    ///
    /// # Errors
    /// [`ApiError::Setting`] for a value that no header can carry; `what` says whose.
    pub fn plain(name: HeaderName, value: &str, what: &str) -> Result<Self, ApiError> {
        let value = HeaderValue::from_str(value).map_err(|_| unfit(what))?;
        Ok(Self { name, value, secrets: Vec::new() })
    }

    /// A header that carries a secret, after some words: `Bearer `.
    ///
    /// # Errors
    /// See [`Self::plain`].
    pub fn secret(name: HeaderName, before: &str, secret: &Secret, what: &str) -> Result<Self, ApiError> {
        let mut value = HeaderValue::from_str(&format!("{before}{}", secret.expose())).map_err(|_| unfit(what))?;
        value.set_sensitive(true);
        Ok(Self { name, value, secrets: vec![secret.clone()] })
    }
}

fn unfit(what: &str) -> ApiError {
    ApiError::Setting { what: what.to_owned(), why: "no header can carry it".to_owned() }
}

impl Api {
    /// Nothing is sent yet. The address has no slash at its end.
    ///
    /// # Errors
    /// [`ApiError::Setting`] for certificates and proxies that cannot be used.
    pub fn new(address: &str, mut terms: Terms, identity: Identity) -> Result<Self, ApiError> {
        terms.settings.tls = address.starts_with("https:");
        if !terms.settings.tls {
            terms.certificates = Certificates::default();
        }
        let client = RefCell::new(client(&terms)?);
        Ok(Self {
            address: address.to_owned(),
            terms,
            client,
            last: Cell::default(),
            runtime: OnceCell::new(),
            identity,
            headers: RefCell::default(),
            former: RefCell::default(),
            spent: Cell::default(),
            requests: Cell::default(),
        })
    }

    /// The server's address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How many requests were sent so far, repeated ones included.
    pub fn requests(&self) -> u32 {
        self.requests.get()
    }

    /// A new piece of work begins, with a whole budget: whoever waits for hours calls this before each look.
    pub fn renew_budget(&self) {
        self.spent.set(Duration::ZERO);
    }

    /// Waits.
    ///
    /// # Errors
    /// When the operating system refuses a runtime.
    pub fn pause(&self, time: Duration) -> Result<(), ApiError> {
        self.runtime("wait")?.block_on(async move { tokio::time::sleep(time).await });
        Ok(())
    }

    /// A foreign text in one short line, without secrets.
    pub fn clean(&self, text: &str) -> String {
        let headers = self.headers.borrow();
        let former = self.former.borrow();
        let secrets: Vec<&Secret> = headers.iter().flatten().flat_map(|header| &header.secrets).chain(former.iter()).collect();
        one_line(text, &secrets)
    }

    /// An answer that is not the API's. `why` is a sentence fragment.
    pub fn strange(&self, call: &Call, why: &str) -> ApiError {
        ApiError::Strange { what: call.name.clone(), why: self.clean(why) }
    }

    /// The answer as a JSON object.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub fn json<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ApiError> {
        let answer = self.answer(call)?;
        self.parse(call, &answer)
    }

    /// The same; `None` where the API itself says, with status 404 and in JSON, that there is no such thing.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub fn found<T: DeserializeOwned>(&self, call: &Call) -> Result<Option<T>, ApiError> {
        match self.json(call) {
            Err(ApiError::Refused { status: 404, json: Some(_), .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    /// An answer's body as a JSON object.
    ///
    /// # Errors
    /// [`ApiError::Strange`] for anything else.
    pub fn parse<T: DeserializeOwned>(&self, call: &Call, answer: &Answer) -> Result<T, ApiError> {
        let is_page = answer.header("content-type").is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"));
        if is_page {
            return Err(self.page(call, answer));
        }
        // Structures may be written as arrays by serde's rules, which no API does.
        match answer.body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => serde_json::from_slice(&answer.body).map_err(|error| self.strange(call, &error.to_string())),
            Some(b'<') => Err(self.page(call, answer)),
            Some(_) => Err(self.strange(call, "it is no JSON object")),
            None => Err(self.strange(call, "it is empty")),
        }
    }

    /// An answer of status 2xx, whatever its body is.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub fn answer(&self, call: &Call) -> Result<Answer, ApiError> {
        let answer = self.exchange(call)?;
        match answer.status {
            200..300 => Ok(answer),
            300..400 => {
                let place = answer.header("location").map_or("nowhere", words::host);
                Err(self
                    .strange(call, &format!("it leads to {place}, with status {}: is a login missing, or has it run out?", answer.status)))
            }
            100..200 => Err(self.strange(call, &format!("it has status {}", answer.status))),
            _ => Err(self.refusal(call, &answer)),
        }
    }

    fn page(&self, call: &Call, answer: &Answer) -> ApiError {
        self.strange(call, &format!("it is a page of HTML{}: a login page, or a wrong address", words::title(&answer.body)))
    }

    fn refusal(&self, call: &Call, answer: &Answer) -> ApiError {
        let (what, status) = (call.name.clone(), answer.status);
        if let Ok(json @ Value::Object(_)) = serde_json::from_slice(&answer.body) {
            return ApiError::Refused { what, status, message: None, json: Some(self.without_secrets(json)) };
        }
        let told = if words::is_page(&answer.body) {
            format!("a page of HTML{}", words::title(&answer.body))
        } else {
            String::from_utf8_lossy(&answer.body).into_owned()
        };
        ApiError::Refused { what, status, message: Some(self.clean(&told)).filter(|told| !told.is_empty()), json: None }
    }

    /// A refusal may quote what was sent.
    fn without_secrets(&self, json: Value) -> Value {
        match json {
            Value::String(text) => Value::String(self.clean(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.without_secrets(item)).collect(),
            Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, self.without_secrets(value))).collect(),
            plain => plain,
        }
    }

    fn exchange(&self, call: &Call) -> Result<Answer, ApiError> {
        let answer = self.once(call)?;
        if answer.status != 401 || !self.is_renewed()? {
            return Ok(answer);
        }
        self.once(call)
    }

    /// Asks again who asks; whether that is another one than before.
    fn is_renewed(&self) -> Result<bool, ApiError> {
        let new = (self.identity)()?;
        let values = |headers: &[Header]| headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect::<Vec<_>>();
        let is_other = self.headers.borrow().as_deref().is_none_or(|old| values(old) != values(&new));
        let old = self.headers.replace(Some(new));
        if is_other {
            self.former.borrow_mut().extend(old.into_iter().flatten().flat_map(|header| header.secrets));
        }
        Ok(is_other)
    }

    fn runtime(&self, what: &str) -> Result<&Runtime, ApiError> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let runtime = Runtime::start().map_err(|source| ApiError::Http { what: what.to_owned(), source })?;
        Ok(self.runtime.get_or_init(|| runtime))
    }

    fn once(&self, call: &Call) -> Result<Answer, ApiError> {
        let runtime = self.runtime(&call.name)?;
        if self.headers.borrow().is_none() {
            self.is_renewed()?;
        }
        let started = Instant::now();
        if self.last.get().is_some_and(|last| started.duration_since(last) > LONGEST_SILENCE) {
            self.client.replace(client(&self.terms)?);
        }
        let client = self.client.borrow().clone();
        let left = self.terms.budget.total.saturating_sub(self.spent.get());
        let seed = self.terms.seed.wrapping_add(self.requests.get().into());
        let retrier = Retrier::new(Budget { total: left, ..self.terms.budget }, seed);
        let answer = runtime.block_on(retrier.send(call.repeat, |_| None, || self.attempt(&client, call)));
        self.last.set(Some(Instant::now()));
        self.spent.set(self.spent.get() + started.elapsed());
        self.requests.set(self.requests.get() + retrier.requests());
        answer.map_err(|source| match self.cleaned(source) {
            HttpError::TooLarge { limit } => ApiError::TooLarge { what: call.name.clone(), limit },
            source => ApiError::Http { what: call.name.clone(), source },
        })
    }

    async fn attempt(&self, client: &Client, call: &Call) -> Result<Answer, Failure> {
        let mut builder = http::Request::builder().method(&call.method).uri(format!("{}{}", self.address, call.path));
        builder = builder.header(ACCEPT, call.accept);
        for header in self.headers.borrow().iter().flatten() {
            builder = builder.header(&header.name, &header.value);
        }
        let mut bytes = Vec::new();
        if let Some(body) = &call.body {
            builder = builder.header(CONTENT_TYPE, &body.media_type);
            bytes.clone_from(&body.bytes);
        }
        let built = builder.body(bytes).map_err(|error| Failure::NotSent(error.to_string()))?;
        crate::send(client, built, call.limit).await
    }

    /// Without secrets, and with the whole budget and not what was left of it.
    fn cleaned(&self, error: HttpError) -> HttpError {
        let clean = |text: String| self.clean(&text);
        match error {
            HttpError::NotReached { detail } => HttpError::NotReached { detail: clean(detail) },
            HttpError::Lost { detail } => HttpError::Lost { detail: clean(detail) },
            HttpError::NoAnswer { detail } => HttpError::NoAnswer { detail: clean(detail) },
            HttpError::OutOfTime { detail, .. } => HttpError::OutOfTime { total: self.terms.budget.total, detail: clean(detail) },
            other => other,
        }
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Api").field("address", &self.address).finish_non_exhaustive()
    }
}

fn client(terms: &Terms) -> Result<Client, ApiError> {
    client_with(&terms.settings, &terms.certificates)
        .map_err(|error| ApiError::Setting { what: "the network's settings".to_owned(), why: one_line(&error.to_string(), &[]) })
}
