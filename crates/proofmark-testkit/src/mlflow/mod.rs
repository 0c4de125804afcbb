//! A fake MLflow tracking server that keeps state and speaks real HTTP on loopback.
//!
//! A test builds a world, lets the code under test talk to [`FakeMlflow::url`], and looks at the state and the requests
//! afterwards. Each request is handled under one lock, so it happens whole or not at all. [`Fault`]s make requests fail before
//! or after they have taken effect, and [`FakeMlflow::before`] lets somebody else change the world in between.
//!
//! ```
//! use proofmark_testkit::mlflow::{FakeMlflow, Fault, RunSpec, What};
//!
//! let mlflow = FakeMlflow::start();
//! let churn = mlflow.experiment("churn");
//! let run = mlflow.run(&churn, RunSpec { branch: "main", metrics: &[("auc", 0.9)], models: &["model"], ..RunSpec::default() });
//! let version = mlflow.register("churn-clf", &run);
//! mlflow.alias("churn-clf", "champion", version);
//! mlflow.fail(Fault::new("POST", "*/runs/search", What::Unavailable(1)).first(2));
//! mlflow.before("POST", "*/registered-models/alias", 1, |world| world.unalias("churn-clf", "champion"));
//! // ... run the code under test against mlflow.url() ...
//! assert_eq!(mlflow.alias_of("churn-clf", "champion"), Some(1));
//! assert!(mlflow.writes().is_empty());
//! ```
//!
//! It answers as MLflow 3.17.2 or 2.22.5 on an SQLite store, traps included: `{}` for what is not there and for JSON that
//! cannot be read, 400 for an alias that is not there, errors in text and HTML. The tests compare it with recorded answers of
//! the real servers.

mod artifacts;
mod call;
mod filter;
mod guard;
mod metrics;
mod models;
mod page;
mod registry;
mod routes;
mod rows;
mod runs;
mod spec;
mod world;
mod writes;

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use self::rows::User;
use crate::serving::Server;

pub use self::spec::{ModelSpec, RunSpec};
pub use self::world::{Version, World};
pub use crate::github::traffic::Recorded;
pub use crate::github::{Fault, Hits, What};

/// A running fake. Dropping it ends every connection.
#[derive(Debug)]
pub struct FakeMlflow {
    server: Server<World>,
}

impl FakeMlflow {
    /// An MLflow 3 that holds nothing but the experiment `Default`.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn start() -> Self {
        Self::of_version(Version::New)
    }

    /// The same of another version.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn of_version(version: Version) -> Self {
        Self { server: Server::start(|_| World::new(version)) }
    }

    /// What `MLFLOW_TRACKING_URI` would be, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.server.address(), self.world().prefix)
    }

    /// The world as it is now, with more to build and look at. Requests wait while it is held.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.server.world()
    }

    /// See [`World::experiment`].
    pub fn experiment(&self, name: &str) -> String {
        self.world().experiment(name)
    }

    /// See [`World::run`].
    pub fn run(&self, experiment: &str, spec: RunSpec<'_>) -> String {
        self.world().run(experiment, spec)
    }

    /// See [`World::log_model`].
    pub fn log_model(&self, run: &str, spec: ModelSpec<'_>) -> String {
        self.world().log_model(run, spec)
    }

    /// See [`World::register`].
    pub fn register(&self, model: &str, run: &str) -> u64 {
        self.world().register(model, run)
    }

    /// See [`World::alias`].
    pub fn alias(&self, model: &str, alias: &str, version: u64) {
        self.world().alias(model, alias, version);
    }

    /// See [`World::stage`].
    pub fn stage(&self, model: &str, version: u64, stage: &str) {
        self.world().stage(model, version, stage);
    }

    /// See [`World::alias_of`].
    pub fn alias_of(&self, model: &str, alias: &str) -> Option<u64> {
        self.world().alias_of(model, alias)
    }

    /// See [`World::stage_of`].
    pub fn stage_of(&self, model: &str, version: u64) -> Option<String> {
        self.world().stage_of(model, version)
    }

    /// See [`World::version_tags`].
    pub fn version_tags(&self, model: &str, version: u64) -> BTreeMap<String, String> {
        self.world().version_tags(model, version)
    }

    /// See [`World::model_tags`].
    pub fn model_tags(&self, model: &str) -> BTreeMap<String, String> {
        self.world().model_tags(model)
    }

    /// From now on only users with a password are let in; this one may write.
    pub fn require_user(&self, name: &str, password: &str) {
        self.world().users.push(User { name: name.to_owned(), password: password.to_owned(), writes: true });
    }

    /// From now on only users with a password are let in; this one may only read.
    pub fn require_reader(&self, name: &str, password: &str) {
        self.world().users.push(User { name: name.to_owned(), password: password.to_owned(), writes: false });
    }

    /// From now on a proxy in front lets in this bearer token alone.
    pub fn require_token(&self, token: &str) {
        self.world().token = Some(token.to_owned());
    }

    /// From now on everything lies below a path, such as `/ml`.
    pub fn mount(&self, prefix: &str) {
        prefix.clone_into(&mut self.world().prefix);
    }

    /// From now on only requests to this host name, port included, are answered. MLflow 2 does not look at it.
    pub fn allow_host(&self, host: &str) {
        self.world().hosts.push(host.to_owned());
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
        let reads = |request: &Recorded| request.method == "GET" || request.path.ends_with("/search");
        self.requests().into_iter().filter(|request| !reads(request)).collect()
    }
}
