//! The listener: threads, faults, recording.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::routes;
use super::world::World;
use crate::github::answer::{Answer, Body};
use crate::github::fault::{Fault, What};
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
    pub(crate) recorded: Mutex<Vec<Recorded>>,
    stopping: AtomicBool,
    connections: Mutex<BTreeMap<u64, TcpStream>>,
    counter: AtomicU64,
}

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            faults: Mutex::default(),
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
        recorded.fault = what.as_ref().map(|what| format!("{what:?}"));
        let answer = what.as_ref().and_then(|what| what.instead(request)).or(done);
        let answer = answer.map(|answer| spoiled(answer, what.as_ref()));
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
        let answer = routes::handle(&mut lock(&self.world), request);
        if request.method == "HEAD" { Answer { body: Body::Empty, ..answer } } else { answer }
    }
}
