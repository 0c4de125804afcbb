//! The listener: threads, faults, changes in between, recording.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufReader};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::routes;
use super::world::World;
use crate::github::answer::{Answer, Body};
use crate::github::fault::{Fault, What, matches};
use crate::github::server::{cut, endless, lock, send, spoiled};
use crate::github::traffic::Recorded;
use crate::http::Request;

/// Connections at once; more are turned away.
const MAX_CONNECTIONS: usize = 256;

/// What all threads of one fake share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) world: Mutex<World>,
    pub(crate) faults: Mutex<Vec<Fault>>,
    pub(crate) changes: Mutex<Vec<Change>>,
    pub(crate) recorded: Mutex<Vec<Recorded>>,
    stopping: AtomicBool,
    connections: Mutex<BTreeMap<u64, TcpStream>>,
    counter: AtomicU64,
}

/// Something that somebody else does while the code under test is at work.
pub(crate) struct Change {
    pub(crate) method: String,
    pub(crate) path: String,
    /// So many matching requests are still to come, this one included.
    pub(crate) left: u64,
    pub(crate) what: Box<dyn FnOnce(&mut World) + Send>,
}

impl fmt::Debug for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Change").field("method", &self.method).field("path", &self.path).field("left", &self.left).finish()
    }
}

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            faults: Mutex::default(),
            changes: Mutex::default(),
            recorded: Mutex::default(),
            stopping: AtomicBool::new(false),
            connections: Mutex::default(),
            counter: AtomicU64::new(0),
        }
    }

    /// Accepts until the fake is dropped, a thread for each connection.
    pub(crate) fn serve(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            let Ok((stream, handle)) = stream.and_then(|stream| Ok((stream.try_clone()?, stream))) else {
                continue;
            };
            let number = self.counter.fetch_add(1, Ordering::SeqCst);
            let mut connections = lock(&self.connections);
            if connections.len() < MAX_CONNECTIONS {
                connections.insert(number, handle);
                let shared = Arc::clone(self);
                thread::spawn(move || shared.connection(&stream, number));
            }
        }
    }

    /// Ends every connection. The listener is woken by the caller.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        for stream in lock(&self.connections).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn connection(&self, stream: &TcpStream, number: u64) {
        // Without it each small answer would wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let mut reader = BufReader::new(stream);
        while let Ok(Some(request)) = Request::read(&mut reader) {
            if !matches!(self.exchange(stream, &request), Ok(true)) || request.closes() {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Both);
        lock(&self.connections).remove(&number);
    }

    /// One request and its answer; whether the connection can go on.
    fn exchange(&self, stream: &TcpStream, request: &Request) -> io::Result<bool> {
        let what = lock(&self.faults).iter().find(|fault| fault.strikes(request)).map(|fault| fault.what.clone());
        thread::sleep(what.as_ref().map(What::delay).unwrap_or_default());
        let done = what.as_ref().is_none_or(What::commits).then(|| self.handle(request));
        let mut recorded = Recorded::of(request, false);
        for (name, value) in recorded.headers.iter_mut().filter(|(name, _)| is_secret(name)) {
            recorded.authorized |= !name.is_empty();
            "***".clone_into(value);
        }
        recorded.fault = what.as_ref().map(|what| format!("{what:?}"));
        let answer = what.as_ref().and_then(|what| what.instead(request)).or(done);
        let answer = answer.map(|answer| spoiled(answer, what.as_ref())).map(plain);
        if let Some(answer) = answer.as_ref().filter(|_| !matches!(what, Some(What::CutAfter))) {
            recorded.answered(answer);
        }
        // Written down first: whoever has the answer can be sure to find it.
        lock(&self.recorded).push(recorded);
        match (what, answer) {
            (Some(What::CutBefore | What::CutAfter), _) => Ok(false),
            (Some(What::Endless), _) => endless(stream).map(|()| false),
            (Some(What::CutInBody), Some(answer)) => cut(stream, &answer).map(|()| false),
            (_, Some(answer)) => send(stream, &answer).map(|()| true),
            (_, None) => Ok(false),
        }
    }

    fn handle(&self, request: &Request) -> Answer {
        let mut world = lock(&self.world);
        for change in self.due(request) {
            (change.what)(&mut world);
        }
        routes::handle(&mut world, request)
    }

    /// The changes whose request this is.
    fn due(&self, request: &Request) -> Vec<Change> {
        let mut changes = lock(&self.changes);
        for change in changes.iter_mut() {
            change.left -= u64::from(matches(&change.method, &request.method) && matches(&change.path, &request.path));
        }
        let (due, waiting) = changes.drain(..).partition(|change| change.left == 0);
        *changes = waiting;
        due
    }
}

fn is_secret(header: &str) -> bool {
    let name = header.replace('_', "-");
    name.starts_with("grpc-metadata-developer") || name.starts_with("grpc-metadata-bearer")
}

/// JSON, whole or not, without a character set in its media type, as the gateway sends it.
fn plain(mut answer: Answer) -> Answer {
    if answer.media_type().is_some_and(|kind| kind.starts_with("application/json")) {
        answer.body = Body::Other("application/json", answer.body_bytes());
    }
    answer
}
