//! One question, one answer: credentials, crumbs, repeats, outages, and whether an answer is Jenkins' at all.

mod judge;

use std::cell::{Cell, OnceCell, RefCell};
use std::time::{Duration, Instant};

use base64::Engine as _;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE};
use http::{HeaderName, Method};
use proofmark_http::{Answer, Budget, Certificates, Client, Failure, HttpError, Repeat, Retrier, Runtime, Secret, Settings};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use self::judge::{away, crumb_missing, parsed, starting};
pub(super) use self::judge::{checked, refusal, strange, words};
use super::Deadline;
use super::address::Base;
use super::error::{self, Error};
use super::events::{Event, Watch};
use super::form::Body;
use super::interrupt::{self, Interrupt};
use super::settings::{Access, Pace};

/// Bytes of an answer in JSON at most.
pub(super) const LONGEST: usize = 32 << 20;
/// Tries of a request before an outage is told of.
const TRIES: u32 = 4;
/// Crumbs that are fetched for one request: a session may end between the two.
const CRUMBS: u32 = 2;
/// Connections on which nothing was said for a while may be closed at the other end, and what is sent on them is lost.
const LONGEST_SILENCE: Duration = Duration::from_secs(2);

/// A question.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Below the base, with the query.
    pub(super) path: String,
    /// What messages call it.
    pub(super) name: &'static str,
    pub(super) body: Option<Body>,
}

impl Request {
    pub(super) fn get(name: &'static str, path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), name, body: None }
    }

    pub(super) fn post(name: &'static str, path: impl Into<String>) -> Self {
        Self { method: Method::POST, ..Self::get(name, path) }
    }
}

/// What one try to start something came to.
pub(super) enum Tried {
    /// Jenkins answered, in whatever way.
    Answered(Answer),
    /// Nothing was done.
    NotDone(String),
    /// It may have been done.
    Lost(String),
}

/// The way to one server.
pub(super) struct Wire<'w> {
    base: Base,
    settings: Settings,
    client: RefCell<Client>,
    /// When the last answer came.
    last: Cell<Option<Instant>>,
    authorization: Option<HeaderValue>,
    user: Option<String>,
    secrets: RefCell<Vec<Secret>>,
    crumb: RefCell<Option<Crumb>>,
    /// What `X-Jenkins-Session` said last: it changes when Jenkins is restarted.
    session: RefCell<Option<String>>,
    /// Whether Jenkins ever answered: only then is it worth waiting for.
    met: Cell<bool>,
    pub(super) pace: Pace,
    pub(super) watch: &'w dyn Watch,
    seed: Cell<u64>,
    /// When a Jenkins that is away is no longer waited for, whatever patience there is.
    pub(super) deadline: Cell<Deadline>,
    interrupt: OnceCell<Interrupt>,
    runtime: Runtime,
}

/// What Jenkins wants beside a password, and the cookies of the session that it belongs to.
struct Crumb {
    field: HeaderName,
    value: HeaderValue,
    cookies: Option<HeaderValue>,
}

impl<'w> Wire<'w> {
    pub(super) fn new(base: Base, access: Access, watch: &'w dyn Watch) -> Result<Self, Error> {
        let settings = Settings { tls: base.address().starts_with("https:"), ..access.network };
        let network =
            |error: HttpError| Error::Setting { what: "the network's settings".to_owned(), why: error::clean(&error.to_string(), &[]) };
        let (authorization, secrets) = access.credentials.as_ref().map(authorization).transpose()?.unzip();
        Ok(Self {
            client: RefCell::new(client(&settings).map_err(network)?),
            runtime: Runtime::start().map_err(network)?,
            base,
            settings,
            last: Cell::default(),
            authorization,
            user: access.credentials.map(|(user, _)| user),
            secrets: RefCell::new(secrets.unwrap_or_default()),
            crumb: RefCell::default(),
            session: RefCell::default(),
            met: Cell::default(),
            pace: access.pace,
            watch,
            seed: Cell::new(access.seed),
            deadline: Cell::new(Deadline::after(None)),
            interrupt: OnceCell::new(),
        })
    }

    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// As whom Jenkins is asked.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// See `Client::catch_interrupts`.
    pub(super) fn catch_interrupts(&self) -> Result<(), Error> {
        let caught = self.runtime.block_on(async { Interrupt::catch() });
        let caught = caught.map_err(|error| Error::Setting { what: "signals".to_owned(), why: error.to_string() })?;
        let _ = self.interrupt.set(caught);
        Ok(())
    }

    /// A foreign text, fit to be shown.
    pub(super) fn clean(&self, text: &str) -> String {
        error::clean(text, &self.secrets.borrow().iter().collect::<Vec<_>>())
    }

    /// A line of a log without secrets.
    pub(super) fn redacted(&self, line: &str) -> String {
        proofmark_http::redact(line, &self.secrets.borrow().iter().collect::<Vec<_>>())
    }

    /// No message shows this text from now on.
    pub(super) fn hide(&self, secret: Secret) {
        self.secrets.borrow_mut().push(secret);
    }

    /// Waits, unless somebody interrupts.
    pub(super) fn pause(&self, time: Duration) -> Result<(), Error> {
        let sleep = async {
            tokio::time::sleep(time).await;
            Ok(())
        };
        self.runtime.block_on(interrupt::or_interrupted(self.interrupt.get(), sleep))
    }

    /// The answer in JSON; `None` where nothing is.
    pub(super) fn found<T: DeserializeOwned>(&self, request: &Request) -> Result<Option<T>, Error> {
        let answer = self.answer(request, LONGEST)?;
        if answer.status == 404 && answer.header("x-jenkins").is_some() {
            return Ok(None);
        }
        parsed(self, request, &checked(self, request, answer)?).map(Some)
    }

    /// The answer, with whatever status, to what may be asked again: a Jenkins that answered before is waited for.
    pub(super) fn answer(&self, request: &Request, limit: usize) -> Result<Answer, Error> {
        let (mut since, mut crumbs, mut pause) = (None::<Instant>, 0, self.pace.shortest);
        loop {
            let problem = match self.tries(request, limit) {
                Ok(answer) if away(&answer) && (self.met.get() || starting(&answer)) => {
                    (format!("it answers {}", answer.status), Ok(answer))
                }
                Ok(answer) if crumbs < CRUMBS && crumb_missing(request, &answer) => {
                    crumbs += 1;
                    self.fetch_crumb()?;
                    continue;
                }
                Ok(answer) => {
                    if since.is_some() {
                        self.watch.tell(Event::Back);
                    }
                    return Ok(answer);
                }
                Err(Error::Http { source, what }) if self.met.get() => {
                    let why = match &source {
                        HttpError::Limited { wait } => format!("it asks to wait {} s", wait.as_secs()),
                        other => self.clean(&other.to_string()),
                    };
                    (why, Err(Error::Http { source, what }))
                }
                Err(error) => return Err(error),
            };
            if since.is_none() {
                self.watch.tell(Event::Away { why: &problem.0 });
            }
            if since.get_or_insert_with(Instant::now).elapsed() >= self.pace.patience {
                return problem.1;
            }
            self.deadline.get().check(request.name)?;
            self.pause(pause)?;
            pause = self.pace.next(pause);
        }
    }

    /// One try of what must not be done twice. It is waited for even when somebody interrupts: only its answer tells whether
    /// there is something to be stopped.
    pub(super) fn try_once(&self, request: &Request) -> Result<Tried, Error> {
        if self.last.get().is_none_or(|last| last.elapsed() > LONGEST_SILENCE) {
            let fresh = client(&self.settings);
            fresh.map(|fresh| drop(self.client.replace(fresh))).map_err(|source| Error::Http { what: request.name.to_owned(), source })?;
        }
        for _ in 0..=CRUMBS {
            let client = self.client.borrow().clone();
            match self.runtime.block_on(self.attempt(&client, request, LONGEST)) {
                Err(Failure::NotSent(why)) => return Ok(Tried::NotDone(self.clean(&why))),
                Err(Failure::Lost(why)) => return Ok(Tried::Lost(self.clean(&why))),
                Err(Failure::TooLarge { .. }) => return Ok(Tried::Lost("its answer is too long".to_owned())),
                // Jenkins looks at the crumb before it looks at the request.
                Ok(answer) if crumb_missing(request, &answer) => self.fetch_crumb()?,
                Ok(answer) => {
                    self.learn(&answer);
                    return Ok(Tried::Answered(answer));
                }
            }
        }
        let told = Some("the crumb was refused again and again".to_owned());
        Err(Error::Forbidden { what: request.name.to_owned(), user: None, permission: None, told })
    }

    fn tries(&self, request: &Request, limit: usize) -> Result<Answer, Error> {
        let client = self.client.borrow().clone();
        let budget = Budget { total: self.settings.timeout * TRIES, attempts: TRIES };
        self.seed.set(self.seed.get().wrapping_add(1));
        let retrier = Retrier::new(budget, self.seed.get());
        let sent = async { Ok(retrier.send(Repeat::Freely, |_| None, || self.attempt(&client, request, limit)).await) };
        let what = request.name.to_owned();
        match self.runtime.block_on(interrupt::or_interrupted(self.interrupt.get(), sent))? {
            Ok(answer) => {
                self.learn(&answer);
                Ok(answer)
            }
            Err(HttpError::TooLarge { limit }) => Err(Error::TooLarge { what, limit }),
            Err(source) => Err(Error::Http { what, source: self.cleaned(source) }),
        }
    }

    async fn attempt(&self, client: &Client, request: &Request, limit: usize) -> Result<Answer, Failure> {
        let mut builder = http::Request::builder().method(&request.method).uri(format!("{}{}", self.base, request.path));
        builder = builder.header(ACCEPT, "application/json, */*");
        if let Some(authorization) = &self.authorization {
            builder = builder.header(AUTHORIZATION, authorization);
        }
        if let Some(crumb) = self.crumb.borrow().as_ref().filter(|_| request.method == Method::POST) {
            builder = builder.header(&crumb.field, &crumb.value);
            if let Some(cookies) = &crumb.cookies {
                builder = builder.header(COOKIE, cookies);
            }
        }
        let mut body = Vec::new();
        if let Some(Body { media_type, bytes }) = &request.body {
            builder = builder.header(CONTENT_TYPE, media_type);
            body.clone_from(bytes);
        }
        let built = builder.body(body).map_err(|error| Failure::NotSent(error.to_string()))?;
        let answer = proofmark_http::send(client, built, limit).await;
        self.last.set(Some(Instant::now()));
        answer
    }

    /// What every answer tells beside what was asked for.
    fn learn(&self, answer: &Answer) {
        if answer.header("x-jenkins").is_some() && !away(answer) {
            self.met.set(true);
        }
        let Some(session) = answer.header("x-jenkins-session") else { return };
        let before = self.session.replace(Some(session.to_owned()));
        if before.is_some_and(|before| before != session) {
            // Its sessions ended with it, and with them the crumb.
            self.crumb.take();
            self.watch.tell(Event::Restarted);
        }
    }

    fn fetch_crumb(&self) -> Result<(), Error> {
        #[derive(Deserialize)]
        struct Issued {
            crumb: String,
            #[serde(rename = "crumbRequestField")]
            field: String,
        }
        let request = Request::get("ask for a crumb", "/crumbIssuer/api/json");
        let answer = checked(self, &request, self.answer(&request, LONGEST)?)?;
        let issued: Issued = parsed(self, &request, &answer)?;
        let (field, value) = (issued.field.parse(), HeaderValue::from_str(&issued.crumb));
        let (Ok(field), Ok(value)) = (field, value) else {
            return Err(Error::Strange { what: request.name.to_owned(), why: "no header can carry its crumb".to_owned() });
        };
        let given = answer.headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookies = given.map(str::trim).collect::<Vec<_>>().join("; ");
        let cookies = HeaderValue::from_str(&cookies).ok().filter(|cookies| !cookies.is_empty());
        self.crumb.replace(Some(Crumb { field, value, cookies }));
        Ok(())
    }

    fn cleaned(&self, error: HttpError) -> HttpError {
        match error {
            HttpError::NotReached { detail } => HttpError::NotReached { detail: self.clean(&detail) },
            HttpError::Lost { detail } => HttpError::Lost { detail: self.clean(&detail) },
            HttpError::NoAnswer { detail } => HttpError::NoAnswer { detail: self.clean(&detail) },
            HttpError::OutOfTime { total, detail } => HttpError::OutOfTime { total, detail: self.clean(&detail) },
            other => other,
        }
    }
}

fn client(settings: &Settings) -> Result<Client, HttpError> {
    proofmark_http::client_with(settings, &Certificates::default())
}

/// The header, and what must not be shown of it.
fn authorization((user, secret): &(String, Secret)) -> Result<(HeaderValue, Vec<Secret>), Error> {
    let wrong = |why: &str| Error::Setting { what: "JENKINS_USER_ID".to_owned(), why: why.to_owned() };
    if user.contains(':') {
        return Err(wrong("a user name holds no colon"));
    }
    let both = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{}", secret.expose()));
    let mut header = HeaderValue::from_str(&format!("Basic {both}")).map_err(|_| wrong("no header can carry it"))?;
    header.set_sensitive(true);
    Ok((header, [Some(secret.clone()), Secret::new(&both)].into_iter().flatten().collect()))
}
