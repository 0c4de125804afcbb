//! The state: jobs, queue, builds, sessions, and a clock of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Instant;

use super::builds::Build;
use super::jobs::{Item, Job};
use super::spec::{JobSpec, Options};

/// When the clock of the fake begins: 2024-01-01.
const EPOCH: u64 = 1_704_067_200_000;

/// Milliseconds for which an item that has left the queue is remembered.
const REMEMBERED: u64 = 300_000;

/// Milliseconds after which an item that has left tells its build.
const UNTOLD: u64 = 20;

/// Ids do not fit into 32 bits.
const FIRST_QUEUE_ID: u64 = 5_000_000_000;

/// Everything.
#[derive(Debug)]
pub struct World {
    pub(crate) options: Options,
    pub(crate) address: SocketAddr,
    pub(crate) items: BTreeMap<String, Item>,
    pub(crate) queue: Vec<QueueItem>,
    next_queue_id: u64,
    /// Names of sessions, and who is in them.
    pub(crate) sessions: BTreeMap<String, String>,
    sessions_made: u64,
    /// Which start of Jenkins this is.
    pub(crate) incarnation: u64,
    /// Requests that are still answered with 503.
    pub(crate) down: u64,
    began: Instant,
    skipped: u64,
}

/// One that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct QueueItem {
    pub(crate) id: u64,
    pub(crate) job: String,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) cause: Cause,
    pub(crate) since: u64,
    pub(crate) ready: u64,
    pub(crate) cancelled: bool,
    pub(crate) left: Option<u64>,
    pub(crate) build: Option<u64>,
}

/// Why something was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    User(String),
    Remote { host: String, note: String },
}

/// A start of a job, for tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The id of its queue item.
    pub queue_id: u64,
    /// The number of its build, once it has one.
    pub build: Option<u64>,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    /// Whether it was taken out of the queue.
    pub cancelled: bool,
    /// How its build ended.
    pub result: Option<&'static str>,
}

impl World {
    pub(crate) fn new(options: Options, address: SocketAddr) -> Self {
        Self {
            options,
            address,
            items: BTreeMap::new(),
            queue: Vec::new(),
            next_queue_id: FIRST_QUEUE_ID,
            sessions: BTreeMap::new(),
            sessions_made: 0,
            incarnation: 1,
            down: 0,
            began: Instant::now(),
            skipped: 0,
        }
    }

    /// Milliseconds since 1970, as it sees them.
    pub(crate) fn now(&self) -> u64 {
        let passed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        EPOCH + passed.saturating_mul(self.options.speed) + self.skipped
    }

    /// Lets time pass.
    pub fn skip(&mut self, milliseconds: u64) {
        self.skipped += milliseconds;
        self.tick();
    }

    /// Ends all sessions, and answers so many requests with 503.
    pub fn restart(&mut self, requests: u64) {
        self.sessions.clear();
        self.incarnation += 1;
        self.down = requests;
    }

    /// The address that it takes for its own, with a slash at its end.
    pub(crate) fn public_url(&self) -> String {
        let own = || format!("http://{}{}", self.address, self.options.context);
        self.options.public_url.clone().unwrap_or_else(own).trim_end_matches('/').to_owned() + "/"
    }

    pub(crate) fn add_job(&mut self, path: &str, spec: JobSpec) {
        self.add_folders(path);
        self.items.insert(path.to_owned(), Item::Job(Job::new(spec)));
    }

    pub(crate) fn add_multibranch(&mut self, path: &str) {
        self.add_folders(path);
        self.items.entry(path.to_owned()).or_insert(Item::Multibranch);
    }

    fn add_folders(&mut self, path: &str) {
        for (at, _) in path.match_indices('/') {
            self.items.entry(path[..at].to_owned()).or_insert(Item::Folder);
        }
    }

    pub(crate) fn job(&self, path: &str) -> Option<&Job> {
        match self.items.get(path) {
            Some(Item::Job(job)) => Some(job),
            _ => None,
        }
    }

    pub(crate) fn job_mut(&mut self, path: &str) -> Option<&mut Job> {
        match self.items.get_mut(path) {
            Some(Item::Job(job)) => Some(job),
            _ => None,
        }
    }

    /// A new name of a session.
    pub(crate) fn session(&mut self, user: &str) -> String {
        self.sessions_made += 1;
        let name = format!("node0{}i{}", self.sessions_made, self.incarnation);
        self.sessions.insert(name.clone(), user.to_owned());
        name
    }

    /// Puts a job into the queue; the id of its item.
    pub(crate) fn enqueue(&mut self, job: &str, parameters: Vec<(String, String)>, cause: Cause, delay: Option<u64>) -> u64 {
        let (id, since) = (self.next_queue_id, self.now());
        self.next_queue_id += 1;
        let ready = since + delay.unwrap_or(self.options.quiet);
        let job = job.to_owned();
        self.queue.push(QueueItem { id, job, parameters, cause, since, ready, cancelled: false, left: None, build: None });
        self.tick();
        id
    }

    /// What has happened meanwhile.
    pub(crate) fn tick(&mut self) {
        let now = self.now();
        for at in 0..self.queue.len() {
            if self.queue[at].left.is_none()
                && self.queue[at].ready <= now
                && !self.is_blocked(at)
                && self.running() < self.options.executors
            {
                let item = self.queue[at].clone();
                let number = self.job_mut(&item.job).map(|job| job.start(Build::new(&item, now)));
                self.queue[at].left = Some(now);
                self.queue[at].build = number;
            }
        }
        self.queue.retain(|item| item.left.is_none_or(|left| now < left + REMEMBERED));
    }

    fn running(&self) -> usize {
        let now = self.now();
        let jobs = self.items.values().filter_map(|item| if let Item::Job(job) = item { Some(job) } else { None });
        jobs.flat_map(|job| job.builds.iter().map(move |build| build.is_running(&job.spec, now))).filter(|running| *running).count()
    }

    /// Whether a build of the same job stands in the way.
    pub(crate) fn is_blocked(&self, at: usize) -> bool {
        let now = self.now();
        self.queue
            .get(at)
            .and_then(|item| self.job(&item.job))
            .is_some_and(|job| !job.spec.concurrent && job.builds.iter().any(|build| build.is_running(&job.spec, now)))
    }

    /// The build of an item, once it is told.
    pub(crate) fn told_build(&self, item: &QueueItem) -> Option<u64> {
        item.build.filter(|_| item.left.is_some_and(|left| self.now() >= left + UNTOLD))
    }

    /// What was started of a job, the oldest first.
    pub fn starts(&self, path: &str) -> Vec<Start> {
        let Some(job) = self.job(path) else { return Vec::new() };
        let now = self.now();
        let map = |parameters: &[(String, String)]| parameters.iter().cloned().collect::<BTreeMap<_, _>>();
        let built: BTreeSet<u64> = job.builds.iter().map(|build| build.queue_id).collect();
        let of_builds = job.builds.iter().map(|build| Start {
            queue_id: build.queue_id,
            build: Some(build.number),
            parameters: map(&build.parameters),
            cancelled: false,
            result: build.result(&job.spec, now).map(super::spec::Outcome::name),
        });
        let waiting = self.queue.iter().filter(|item| item.job == path && !built.contains(&item.id));
        let of_queue = waiting.map(|item| Start {
            queue_id: item.id,
            build: None,
            parameters: map(&item.parameters),
            cancelled: item.cancelled,
            result: None,
        });
        let mut all: Vec<Start> = of_builds.chain(of_queue).collect();
        all.sort_by_key(|start| start.queue_id);
        all
    }
}
