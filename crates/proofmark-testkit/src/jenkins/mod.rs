//! A fake Jenkins that keeps state and speaks real HTTP on loopback.
//!
//! A test adds jobs, lets the code under test talk to [`FakeJenkins::url`], and looks at the builds afterwards. Each request is
//! handled under one lock. [`Fault`]s make requests fail before or after they have taken effect, [`FakeJenkins::restart`] ends all
//! sessions, and time is Jenkins' own: it runs faster than ours where [`Options::speed`] says so, and jumps by
//! [`FakeJenkins::advance`].
//!
//! ```
//! use proofmark_testkit::jenkins::{Definition, FakeJenkins, JobSpec, Options};
//!
//! let jenkins = FakeJenkins::with(Options { context: "/jenkins".to_owned(), ..Options::default() });
//! jenkins.job("ml/train", JobSpec { parameters: vec![Definition::text("DATA", "all")], ..JobSpec::default() });
//! // ... run the code under test against jenkins.url() ...
//! assert!(jenkins.starts("ml/train").is_empty());
//! ```
//!
//! It behaves as the sources of Jenkins core say: unknown parameters are passed over, an equal item that waits is answered with
//! 303, a queue item is forgotten 300 seconds after it left, a crumb belongs to a session.

mod api;
mod auth;
mod builds;
mod jobs;
mod routes;
mod spec;
mod tree;
mod trigger;
mod world;

use std::sync::MutexGuard;

use crate::serving::Server;

pub use self::spec::{Definition, JobSpec, Options, Outcome, Permission, Seed, User};
pub use self::world::{Start, World};
pub use crate::github::traffic::Recorded;
pub use crate::github::{Fault, Hits, What};

/// A running fake. Dropping it ends every connection.
#[derive(Debug)]
pub struct FakeJenkins {
    server: Server<World>,
}

impl FakeJenkins {
    /// A Jenkins without jobs, with the user `ada`, whose password is `lovelace` and whose API token is `11token`.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn start() -> Self {
        Self::with(Options::default())
    }

    /// The same with options.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn with(options: Options) -> Self {
        Self { server: Server::start(|address| World::new(options, address)) }
    }

    /// A Jenkins as a file describes it, for clients in other languages.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn of_seed(seed: Seed) -> Self {
        let jenkins = Self::with(seed.options);
        for (path, spec) in seed.jobs {
            jenkins.job(&path, spec);
        }
        jenkins
    }

    /// What `JENKINS_URL` would be, with the context path and without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.server.address(), self.world().options.context)
    }

    /// The world as it is now, with more to build and look at. Requests wait while it is held.
    pub fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.server.world();
        world.tick();
        world
    }

    /// Adds a job; its folders are made. The last name is taken as it stands: what a multibranch project calls `feature/x` is stored
    /// as `feature%2Fx`, which [`FakeJenkins::branch`] does.
    pub fn job(&self, path: &str, spec: JobSpec) {
        self.world().add_job(path, spec);
    }

    /// Adds the job of a branch to a multibranch project, which is made.
    pub fn branch(&self, project: &str, branch: &str, spec: JobSpec) {
        let stored = branch.replace('%', "%25").replace('/', "%2F");
        let mut world = self.world();
        world.add_multibranch(project);
        world.add_job(&format!("{project}/{stored}"), spec);
    }

    /// What was started of a job, the oldest first: in the queue, or built.
    pub fn starts(&self, path: &str) -> Vec<Start> {
        self.world().starts(path)
    }

    /// Lets time pass.
    pub fn advance(&self, milliseconds: u64) {
        self.world().skip(milliseconds);
    }

    /// Ends all sessions, and answers so many requests with 503. Queue and builds go on.
    pub fn restart(&self, requests: u64) {
        self.world().restart(requests);
    }

    /// From now on something goes wrong.
    pub fn fail(&self, fault: Fault) {
        self.server.fail(fault);
    }

    /// From now on nothing goes wrong.
    pub fn heal(&self) {
        self.server.heal();
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.server.requests()
    }

    /// The requests that are no reads, as `POST /job/x/build`.
    pub fn writes(&self) -> Vec<String> {
        let requests = self.requests();
        requests.iter().filter(|request| request.method != "GET").map(|request| format!("{} {}", request.method, request.path)).collect()
    }
}
