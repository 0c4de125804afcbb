//! A small Jenkins in memory, whose clock is the number of requests, and which loses answers and restarts when it is told to.

pub(crate) mod http;
mod routes;

use std::collections::{BTreeMap, VecDeque};
use std::io::BufReader;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use self::http::{Answer, Request};

/// Requests for which an item stays in the queue, and a build runs.
pub(crate) const QUEUED: u64 = 4;
pub(crate) const RUNS: u64 = 6;

/// What it knows.
#[derive(Default)]
pub(crate) struct World {
    /// Jobs by their stored names, folders before them.
    pub(crate) jobs: BTreeMap<String, Job>,
    pub(crate) items: BTreeMap<u64, Item>,
    pub(crate) now: u64,
    pub(crate) session: u64,
    /// Requests that are answered with 503 yet.
    pub(crate) starting: u32,
    /// Items are forgotten as soon as they left the queue.
    pub(crate) forgetful: bool,
    /// Whether changes need a crumb; its session must be the present one.
    pub(crate) crumbs: bool,
    /// User and token; nobody needs any without.
    pub(crate) user: Option<(String, String)>,
    /// What Jenkins believes its address to be.
    pub(crate) told: String,
    /// Given once each instead of the right answer, to the first request whose method and path fit.
    pub(crate) instead: Vec<(&'static str, &'static str, Answer)>,
    /// Chances out of a thousand.
    pub(crate) chances: Chances,
    random: u64,
    pub(crate) seen: Vec<String>,
    /// What happens to the next requests to start.
    pub(crate) fates: VecDeque<Fate>,
}

#[derive(Default, Clone, Copy)]
pub(crate) struct Chances {
    pub(crate) before: u64,
    pub(crate) after: u64,
    pub(crate) late: u64,
    pub(crate) restart: u64,
    pub(crate) reading: u64,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Fine,
    /// Cut before anything is done.
    Before,
    /// Cut after it was done.
    After,
    /// Cut, and done some time later.
    Late,
    /// Jenkins restarts before it sees the request.
    Restart,
    /// An earlier one like it arrives just before, and is a build already.
    Twin,
}

#[derive(Default, Clone)]
pub(crate) struct Job {
    pub(crate) definitions: Vec<Value>,
    pub(crate) disabled: bool,
    /// Of a multibranch project or a folder.
    pub(crate) children: Option<Vec<(String, String)>>,
    pub(crate) builds: Vec<Build>,
    pub(crate) log: String,
    pub(crate) result: Option<String>,
    /// A build ends only when this is asked of it.
    pub(crate) ends_by: Option<&'static str>,
    pub(crate) paused: bool,
}

#[derive(Clone)]
pub(crate) struct Build {
    pub(crate) number: u64,
    pub(crate) item: u64,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) user: Option<String>,
    pub(crate) began: u64,
    pub(crate) aborted: bool,
}

#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) job: String,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) user: Option<String>,
    pub(crate) cancelled: bool,
    pub(crate) build: Option<u64>,
    /// Stays in the queue until this moment.
    pub(crate) until: u64,
}

/// The server.
pub(crate) struct Jenkins {
    pub(crate) url: String,
    world: Arc<Mutex<World>>,
}

impl Jenkins {
    pub(crate) fn start(context: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}{context}", listener.local_addr().expect("an address"));
        let world = World { told: "http://inside.example:8080/jenkins".to_owned(), session: 1, ..World::default() };
        let world = Arc::new(Mutex::new(world));
        let (shared, context) = (Arc::clone(&world), context.trim_matches('/').to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, context) = (Arc::clone(&shared), context.clone());
                thread::spawn(move || connection(&stream, &shared, &context));
            }
        });
        Self { url, world }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no panic before")
    }

    pub(crate) fn job(&self, name: &str, definitions: Value) {
        let definitions = definitions.as_array().cloned().unwrap_or_default();
        let job = Job { definitions, log: "Started\nFinished\n".to_owned(), ..Job::default() };
        self.world().jobs.insert(name.to_owned(), job);
    }

    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Job)) {
        change(self.world().jobs.get_mut(name).expect("the job"));
    }

    /// Builds and items of a job that were not cancelled: what was started.
    pub(crate) fn starts(&self, name: &str) -> Vec<Vec<(String, String)>> {
        let world = self.world();
        let items = world.items.values().filter(|item| item.job == name && !item.cancelled && item.build.is_none());
        let builds = world.jobs[name].builds.iter().filter(|build| !build.aborted);
        items.map(|item| item.parameters.clone()).chain(builds.map(|build| build.parameters.clone())).collect()
    }

    /// How many requests so far have a method and a path like this.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.world().seen.iter().filter(|seen| seen.contains(what)).count()
    }
}

pub(crate) fn string(name: &str) -> Value {
    json!({"_class": "hudson.model.StringParameterDefinition", "name": name, "type": "StringParameterDefinition",
        "defaultParameterValue": {"_class": "hudson.model.StringParameterValue", "name": name, "value": ""}})
}

fn connection(stream: &TcpStream, shared: &Mutex<World>, context: &str) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    while let Some(request) = Request::read(&mut reader) {
        let fate = shared.lock().expect("no panic before").fate(&request);
        if fate == Fate::Twin {
            let mut world = shared.lock().expect("no panic before");
            world.handle(&request, context);
            world.items.values_mut().for_each(|item| item.until = 0);
        }
        let done = matches!(fate, Fate::Fine | Fate::After | Fate::Restart | Fate::Twin);
        let answer = done.then(|| shared.lock().expect("no panic before").handle(&request, context));
        match (fate, answer) {
            (Fate::Fine | Fate::Restart | Fate::Twin, Some(answer)) => {
                if answer.send(stream).is_err() {
                    return;
                }
            }
            (fate, _) => {
                let _ = stream.shutdown(Shutdown::Both);
                if fate == Fate::Late {
                    thread::sleep(Duration::from_millis(60));
                    shared.lock().expect("no panic before").handle(&request, context);
                }
                return;
            }
        }
    }
}

impl World {
    /// From 0 to 999.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % 1000
    }

    fn fate(&mut self, request: &Request) -> Fate {
        let start = request.method == "POST" && request.path.last().is_some_and(|last| last.starts_with("build"));
        let Chances { before, after, late, restart, reading } = self.chances;
        let number = self.random();
        let told = if start { self.fates.pop_front() } else { None };
        let fate = match told {
            Some(fate) => fate,
            None if !start => {
                if number < reading {
                    Fate::Before
                } else {
                    Fate::Fine
                }
            }
            None if number < before => Fate::Before,
            None if number < before + after => Fate::After,
            None if number < before + after + late => Fate::Late,
            None if number < before + after + late + restart => Fate::Restart,
            None => Fate::Fine,
        };
        if fate == Fate::Restart {
            self.restart(u32::try_from(number % 8).expect("a small number") + 1);
        }
        fate
    }

    /// Sessions and what was known of left items are lost; queue and builds are kept.
    pub(crate) fn restart(&mut self, requests: u32) {
        self.session += 1;
        self.starting = requests;
        self.items.retain(|_, item| item.build.is_none() && !item.cancelled);
    }
}
