//! The listeners: threads, delays, faults, recording.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Answer, Body};
use super::fault::{Dice, Fault, What};
use super::http::{Request, write_head};
use super::traffic::{Recorded, Traffic};
use super::world::World;
use super::{control, routes, storage};

/// Connections at once; more are turned away.
const MAX_CONNECTIONS: usize = 256;
const ENDLESS: usize = 256 * 1024 * 1024;

/// What all threads of one fake share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) world: Mutex<World>,
    pub(crate) faults: Mutex<Vec<Fault>>,
    pub(crate) recorded: Mutex<Vec<Recorded>>,
    pub(crate) delay: Mutex<Delay>,
    /// Addresses without a path.
    pub(crate) api: String,
    pub(crate) storage: String,
    /// Whether `/__state` and its like are served.
    pub(crate) control: bool,
    traffic: Option<Traffic>,
    stopping: AtomicBool,
    connections: Mutex<BTreeMap<u64, TcpStream>>,
    counter: AtomicU64,
}

/// How long requests are held up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Delay {
    pub(crate) each: Duration,
    /// Up to this much more, drawn from a seed.
    pub(crate) random: Option<(Duration, u64)>,
}

/// Which of the two listeners a connection came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Api,
    Storage,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(world: World, api: String, storage: String, control: bool) -> Self {
        Self {
            world: Mutex::new(world),
            faults: Mutex::default(),
            recorded: Mutex::default(),
            delay: Mutex::default(),
            api,
            storage,
            control,
            traffic: Traffic::from_environment(),
            stopping: AtomicBool::new(false),
            connections: Mutex::default(),
            counter: AtomicU64::new(0),
        }
    }

    /// Accepts until the fake is dropped, a thread for each connection.
    pub(crate) fn serve(self: &Arc<Self>, listener: &TcpListener, place: Place) {
        for stream in listener.incoming() {
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else {
                continue;
            };
            let number = self.counter.fetch_add(1, Ordering::SeqCst);
            let Ok(handle) = stream.try_clone() else {
                continue;
            };
            let mut connections = lock(&self.connections);
            if connections.len() < MAX_CONNECTIONS {
                connections.insert(number, handle);
                let shared = Arc::clone(self);
                thread::spawn(move || shared.connection(&stream, place, number));
            }
        }
    }

    /// Ends every connection. The listeners are woken by the caller.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        for stream in lock(&self.connections).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn connection(&self, stream: &TcpStream, place: Place, number: u64) {
        // Without it each small answer would wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let mut reader = BufReader::new(stream);
        while let Ok(Some(request)) = Request::read(&mut reader) {
            let close = request.closes();
            if !matches!(self.exchange(stream, &request, place), Ok(true)) || close {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Both);
        lock(&self.connections).remove(&number);
    }

    /// One request and its answer; whether the connection can go on.
    fn exchange(&self, stream: &TcpStream, request: &Request, place: Place) -> io::Result<bool> {
        if let Some(answer) = control::answer(self, request).filter(|_| self.control && place == Place::Api) {
            return send(stream, &answer).map(|()| true);
        }
        let what = lock(&self.faults).iter().find(|fault| fault.strikes(request)).map(|fault| fault.what.clone());
        thread::sleep(self.delay() + what.as_ref().map(What::delay).unwrap_or_default());
        let done = what.as_ref().is_none_or(What::commits).then(|| self.handle(request, place));
        let mut recorded = Recorded::of(request, place == Place::Storage);
        recorded.fault = what.as_ref().filter(|what| !matches!(what, What::Slow(_))).map(|what| format!("{what:?}"));
        let answer = what.as_ref().and_then(|what| what.instead(request)).map(routes::common).or(done);
        if let Some(answer) = &answer
            && !matches!(what, Some(What::CutAfter))
        {
            recorded.answered(answer);
        }
        // Written down first: whoever has the answer can be sure to find it.
        self.record(recorded);
        match what {
            Some(What::CutBefore | What::CutAfter) => Ok(false),
            Some(What::Endless) => endless(stream).map(|()| false),
            Some(What::CutInBody) => cut(stream, &answer.unwrap_or_else(Answer::not_found)).map(|()| false),
            other => {
                let answer = spoiled(answer.unwrap_or_else(Answer::not_found), other.as_ref());
                send(stream, &answer).map(|()| true)
            }
        }
    }

    fn handle(&self, request: &Request, place: Place) -> Answer {
        let mut world = lock(&self.world);
        match place {
            Place::Storage => storage::handle(&world, request),
            Place::Api => {
                // Clients behind a proxy or a host name of their own get addresses that they can follow.
                let host = request.header("host").map(|host| format!("http://{host}"));
                routes::handle(&mut world, request, host.as_deref().unwrap_or(&self.api), &self.storage)
            }
        }
    }

    fn record(&self, recorded: Recorded) {
        if let Some(traffic) = &self.traffic {
            traffic.append(&recorded);
        }
        lock(&self.recorded).push(recorded);
    }

    fn delay(&self) -> Duration {
        let delay = *lock(&self.delay);
        let random = delay.random.map(|(most, seed)| {
            let draw = Dice::new(seed).nth(self.counter.fetch_add(1, Ordering::SeqCst));
            most.mul_f64(draw as f64 / u64::MAX as f64)
        });
        delay.each + random.unwrap_or_default()
    }
}

/// The answer as a fault that keeps the status leaves it.
pub(crate) fn spoiled(mut answer: Answer, what: Option<&What>) -> Answer {
    match what {
        Some(What::Empty) => answer.body = Body::Empty,
        Some(What::Truncated) => {
            let bytes = answer.body_bytes();
            answer.body = Body::Other("application/json; charset=utf-8", bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec());
        }
        Some(What::ForeignPages(server)) => {
            for (_, links) in answer.headers.iter_mut().filter(|(name, _)| name == "Link") {
                let start = links.find("/repositories/").unwrap_or_default();
                *links = links.replace(&links[1..start].to_owned(), server);
            }
        }
        Some(What::WrongShape) => {
            answer.body = match answer.body {
                Body::Json(Value::Array(list)) => Body::Json(json!({"items": list})),
                Body::Json(other) => Body::Json(json!([other])),
                other => other,
            };
        }
        _ => {}
    }
    answer
}

fn head(answer: &Answer, length: usize) -> Vec<u8> {
    let mut headers = answer.headers.clone();
    if let Some(kind) = answer.media_type() {
        headers.push(("Content-Type".to_owned(), kind.to_owned()));
    }
    if !matches!(answer.status, 204 | 304) {
        headers.push(("Content-Length".to_owned(), length.to_string()));
    }
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = write_head(&mut bytes, answer.status, &headers);
    bytes
}

pub(crate) fn send(mut stream: &TcpStream, answer: &Answer) -> io::Result<()> {
    let body = answer.body_bytes();
    let mut bytes = head(answer, body.len());
    bytes.extend(body);
    stream.write_all(&bytes)
}

pub(crate) fn cut(mut stream: &TcpStream, answer: &Answer) -> io::Result<()> {
    let body = answer.body_bytes();
    let mut bytes = head(answer, body.len().max(1));
    bytes.extend(body.get(..body.len() / 2).unwrap_or_default());
    stream.write_all(&bytes)
}

pub(crate) fn endless(mut stream: &TcpStream) -> io::Result<()> {
    let headers = [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")];
    let mut bytes = Vec::new();
    write_head(&mut bytes, 200, &headers.map(|(name, value)| (name.to_owned(), value.to_owned())))?;
    bytes.extend(b"1\r\n[\r\n");
    stream.write_all(&bytes)?;
    let chunk = [b"10000\r\n".as_slice(), &b"0,".repeat(0x8000), b"\r\n"].concat();
    for _ in 0..ENDLESS / 0x10000 {
        stream.write_all(&chunk)?;
    }
    Ok(())
}
