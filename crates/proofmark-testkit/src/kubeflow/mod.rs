//! A fake Kubeflow that keeps state and speaks real HTTP on loopback: pipelines with their metadata store, the model
//! registry, and the Kubernetes API as far as inference services go, all at one address.
//!
//! A test builds a world, lets the code under test talk to [`FakeKubeflow::url`], and looks at the state and the requests
//! afterwards. Each request is handled under one lock, so it happens whole or not at all. [`Fault`]s make requests fail before
//! or after they have taken effect, and [`FakeKubeflow::before`] lets somebody else change the world in between.
//!
//! ```
//! use proofmark_testkit::kubeflow::{FakeKubeflow, Fault, RunSpec, Script, What};
//!
//! let kubeflow = FakeKubeflow::start();
//! let ci = kubeflow.experiment("ci");
//! // A run that is over, with metrics.
//! let main = kubeflow.run(&ci, RunSpec::named("churn-main").metrics("train", "metrics", &[("accuracy", 0.93)]));
//! // What the next run does that the code under test creates: waits for one poll, works for two.
//! kubeflow.script(Script::new().polls(1, 2).metrics("train", "metrics", &[("accuracy", 0.91)]));
//! kubeflow.fail(Fault::new("GET", "*/runs/*", What::Unavailable(1)).nth(2));
//! // ... run the code under test against kubeflow.url() ...
//! assert!(kubeflow.world().state_of(&main).is_some_and(|state| state.is_final()));
//! assert!(kubeflow.writes().is_empty());
//! ```
//!
//! A run goes on when it is asked for, by `GET /runs/{id}` of either version; lists show it as it stands.
//! What it answers goes by the sources and specifications of the servers, traps included: errors of users as 500, times of
//! 1970 for what is still to come, filters that are decoded twice, a login page instead of 401.

mod artifacts;
mod auth;
mod call;
mod control;
mod experiments;
mod filter;
mod kserve;
mod life;
mod message;
mod mlmd;
mod multipart;
mod page;
mod params;
mod pipelines;
mod proto;
mod query;
mod registry;
mod registry_api;
mod rollout;
mod routes;
mod rows;
mod runs;
mod show;
mod spec;
#[cfg(test)]
mod tests;
mod time;
mod v1;
mod world;
mod yaml;

use std::sync::MutexGuard;

use crate::serving::Server;

pub use self::auth::Auth;
pub use self::kserve::{Mode, Plan, Rollout, Service};
pub use self::registry::{Base, Registry};
pub use self::spec::{End, Output, Plugin, RunSpec, Script, State, Task};
pub use self::world::{Version, World};
pub use crate::github::traffic::Recorded;
pub use crate::github::{Fault, Hits, What};

/// A running fake. Dropping it ends every connection.
#[derive(Debug)]
pub struct FakeKubeflow {
    server: Server<World>,
}

impl FakeKubeflow {
    /// A Kubeflow of version 2.17 for one user, with nothing in it.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn start() -> Self {
        Self { server: Server::start(|_| World::new()) }
    }

    /// The same with a world that is changed first.
    #[must_use]
    pub fn with(self, change: impl FnOnce(&mut World)) -> Self {
        change(&mut self.world());
        self
    }

    /// The address of all services, without a slash at the end. With the world's prefix behind it the answers are the same.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The world as it is now, with more to build and look at. Requests wait while it is held.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.server.world()
    }

    /// See [`World::experiment`].
    pub fn experiment(&self, name: &str) -> String {
        self.world().experiment(name)
    }

    /// See [`World::pipeline`].
    pub fn pipeline(&self, name: &str, compiled: &str) -> (String, String) {
        self.world().pipeline(name, compiled)
    }

    /// See [`World::run`].
    pub fn run(&self, experiment: &str, spec: RunSpec) -> String {
        self.world().run(experiment, spec)
    }

    /// What the next run does that a request creates. More of them wait in a line.
    pub fn script(&self, script: Script) {
        self.world().scripts.push_back(script);
    }

    /// See [`Auth::token`].
    pub fn require_token(&self, token: &str) {
        self.world().auth.token(token);
    }

    /// See [`Auth::cookie`].
    pub fn require_cookie(&self, cookie: &str) {
        self.world().auth.cookie(cookie);
    }

    /// Makes something go wrong from now on. In paths, `*` stands for any text.
    pub fn fail(&self, fault: Fault) {
        self.server.fail(fault);
    }

    /// Lets everything go right again.
    pub fn heal(&self) {
        self.server.heal();
    }

    /// Somebody else changes the world right before the server takes the nth matching request, counted from 1 and from now.
    /// Requests that a fault keeps from the server do not count.
    pub fn before(&self, method: &str, path: &str, nth: u64, change: impl FnOnce(&mut World) + Send + 'static) {
        self.server.before(method, path, nth, change);
    }

    /// The same right after it, before the answer goes out.
    pub fn after(&self, method: &str, path: &str, nth: u64, change: impl FnOnce(&mut World) + Send + 'static) {
        self.server.after(method, path, nth, change);
    }

    /// Everything that was asked so far, in the order of the answers.
    pub fn requests(&self) -> Vec<Recorded> {
        self.server.requests()
    }

    /// Those of them that would change something.
    pub fn writes(&self) -> Vec<Recorded> {
        let reads = |request: &Recorded| request.method == "GET" || request.path.contains("/ml_metadata.");
        self.requests().into_iter().filter(|request| !reads(request)).collect()
    }
}
