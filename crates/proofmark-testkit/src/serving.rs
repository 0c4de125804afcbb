//! What the fakes of Jenkins, MLflow, Kubeflow and ModelDB share: a listener on loopback, faults, changes in between, recording.
//!
//! A fake keeps its world and says by [`Served`] how requests are answered; [`Server`] does the rest.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufReader};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use crate::github::answer::{Answer, Body};
use crate::github::fault::{Fault, What, matches};
use crate::github::server::{cut, endless, lock, send, spoiled};
use crate::github::traffic::Recorded;
use crate::http::Request;

/// Connections at once; more are turned away.
const MAX_CONNECTIONS: usize = 256;

/// The state of one fake, and what is its own in answering.
pub(crate) trait Served: fmt::Debug + Send + Sized + 'static {
    /// What the server answers. The world's lock is held.
    fn handle(&mut self, request: &Request) -> Answer;

    /// The answer as it goes out, when a fault has had its way with it.
    fn sent(answer: Answer) -> Answer {
        answer
    }

    /// Puts stars where a secret would be written down; `Authorization` has them already.
    fn hide(_recorded: &mut Recorded) {}

    /// The answer to a request that is meant for the fake itself: no fault strikes it, and it is not recorded.
    fn control(_shared: &Shared<Self>, _request: &Request) -> Option<Answer> {
        None
    }
}

/// JSON, whole or not, without a character set in its media type.
pub(crate) fn plain(mut answer: Answer) -> Answer {
    if answer.media_type().is_some_and(|kind| kind.starts_with("application/json")) {
        answer.body = Body::Other("application/json", answer.body_bytes());
    }
    answer
}

/// A running server. Dropping it ends every connection.
#[derive(Debug)]
pub(crate) struct Server<World> {
    shared: Arc<Shared<World>>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

/// What all threads of one fake share.
#[derive(Debug)]
pub(crate) struct Shared<World> {
    pub(crate) world: Mutex<World>,
    pub(crate) faults: Mutex<Vec<Fault>>,
    pub(crate) recorded: Mutex<Vec<Recorded>>,
    changes: Mutex<Vec<Change<World>>>,
    stopping: AtomicBool,
    connections: Mutex<BTreeMap<u64, TcpStream>>,
    counter: AtomicU64,
}

/// Something that somebody else does while the code under test is at work.
struct Change<World> {
    method: String,
    path: String,
    /// So many matching requests are still to come, this one included.
    left: u64,
    /// Before the request is handled, and not after.
    before: bool,
    what: Box<dyn FnOnce(&mut World) + Send>,
}

impl<World> fmt::Debug for Change<World> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Change").field("method", &self.method).field("path", &self.path).field("left", &self.left).finish()
    }
}

impl<World: Served> Server<World> {
    /// Serves the world that is made for its address.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub(crate) fn start(world: impl FnOnce(SocketAddr) -> World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("cannot listen on loopback: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("a listener has an address: {error}"));
        let shared = Arc::new(Shared::new(world(address)));
        let serving = Arc::clone(&shared);
        let thread = Some(thread::spawn(move || serving.serve(&listener)));
        Self { shared, address, thread }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The world as it is now. Requests wait while it is held.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.shared.world)
    }

    pub(crate) fn fail(&self, fault: Fault) {
        lock(&self.shared.faults).push(fault);
    }

    pub(crate) fn heal(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Changes the world right before the nth matching request is handled, counted from 1 and from now.
    pub(crate) fn before(&self, method: &str, path: &str, nth: u64, what: impl FnOnce(&mut World) + Send + 'static) {
        self.change(method, path, nth, true, Box::new(what));
    }

    /// The same right after it, before the answer goes out.
    pub(crate) fn after(&self, method: &str, path: &str, nth: u64, what: impl FnOnce(&mut World) + Send + 'static) {
        self.change(method, path, nth, false, Box::new(what));
    }

    fn change(&self, method: &str, path: &str, nth: u64, before: bool, what: Box<dyn FnOnce(&mut World) + Send>) {
        let (method, path, left) = (method.to_owned(), path.to_owned(), nth.max(1));
        lock(&self.shared.changes).push(Change { method, path, left, before, what });
    }

    /// Everything that was asked so far, in the order of the answers.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        lock(&self.shared.recorded).clone()
    }
}

impl<World> Drop for Server<World> {
    fn drop(&mut self) {
        self.shared.stop();
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl<World> Shared<World> {
    fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            faults: Mutex::default(),
            recorded: Mutex::default(),
            changes: Mutex::default(),
            stopping: AtomicBool::new(false),
            connections: Mutex::default(),
            counter: AtomicU64::new(0),
        }
    }

    /// Ends every connection. The listener is woken by the caller.
    fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        for stream in lock(&self.connections).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// The changes whose request this is.
    fn due(&self, request: &Request) -> Vec<Change<World>> {
        let mut changes = lock(&self.changes);
        for change in changes.iter_mut() {
            change.left -= u64::from(matches(&change.method, &request.method) && matches(&change.path, &request.path));
        }
        let (due, waiting) = changes.drain(..).partition(|change| change.left == 0);
        *changes = waiting;
        due
    }
}

impl<World: Served> Shared<World> {
    /// Accepts until the fake is dropped, a thread for each connection.
    fn serve(self: &Arc<Self>, listener: &TcpListener) {
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
        if let Some(answer) = World::control(self, request) {
            return send(stream, &answer).map(|()| true);
        }
        let what = lock(&self.faults).iter().find(|fault| fault.strikes(request)).map(|fault| fault.what.clone());
        thread::sleep(what.as_ref().map(What::delay).unwrap_or_default());
        let done = what.as_ref().is_none_or(What::commits).then(|| self.handle(request));
        let mut recorded = Recorded::of(request, false);
        World::hide(&mut recorded);
        recorded.fault = what.as_ref().map(|what| format!("{what:?}"));
        let answer = what.as_ref().and_then(|what| what.instead(request)).or(done);
        let answer = answer.map(|answer| spoiled(answer, what.as_ref()));
        if let Some(answer) = answer.as_ref().filter(|_| !matches!(what, Some(What::CutAfter))) {
            recorded.answered(answer);
        }
        // After that, since a page of runs takes its time to be read again.
        let answer = answer.map(World::sent);
        if let Some(kind) = answer.as_ref().and_then(Answer::media_type).filter(|_| recorded.status.is_some()) {
            recorded.answer_headers.insert("content-type".to_owned(), kind.to_owned());
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

    /// Handles the request and the changes around it under one lock.
    fn handle(&self, request: &Request) -> Answer {
        let mut world = lock(&self.world);
        let (before, after): (Vec<_>, Vec<_>) = self.due(request).into_iter().partition(|change| change.before);
        before.into_iter().for_each(|change| (change.what)(&mut world));
        let answer = world.handle(request);
        after.into_iter().for_each(|change| (change.what)(&mut world));
        answer
    }
}
