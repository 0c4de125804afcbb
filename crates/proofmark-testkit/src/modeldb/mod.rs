//! A fake ModelDB that keeps state and speaks real HTTP on loopback.
//!
//! A test builds a world, lets the code under test talk to [`FakeModelDb::url`], and looks at the state and the requests
//! afterwards. Each request is handled under one lock, so it happens whole or not at all. [`Fault`]s make requests fail before
//! or after they have taken effect, and [`FakeModelDb::before`] lets somebody else change the world in between.
//!
//! ```
//! use proofmark_testkit::modeldb::{FakeModelDb, Fault, RunSpec, What};
//!
//! let modeldb = FakeModelDb::start();
//! let project = modeldb.world().project("churn");
//! let experiment = modeldb.world().experiment(&project, "baseline");
//! let run = modeldb.world().run(&experiment, RunSpec { commit: "abc", metrics: &[("auc", 0.9)], ..RunSpec::default() });
//! modeldb.fail(Fault::new("POST", "*/addExperimentRunTags", What::CutAfter).nth(1));
//! // ... run the code under test against modeldb.url() ...
//! assert!(modeldb.world().tags(&run).is_empty());
//! ```
//!
//! It answers as the open-source server of version 2 does by its source, traps included: a page of HTML for paths that the web front
//! end does not know, zero values left out, orders by text, an order that is not fixed where values tie, all runs where a page is not
//! whole, deleting everything where no key is named. `tests/modeldb/openapi.py` compares its answers with ModelDB's own description
//! of its API, and replays what ModelDB's Python client sent.

mod call;
mod entities;
mod find;
mod reads;
mod routes;
mod rows;
mod spec;
mod stored;
#[cfg(test)]
mod tests;
mod world;
mod writes;

use std::sync::MutexGuard;

use self::world::Guard;
use crate::serving::Server;

pub use self::spec::RunSpec;
pub use self::world::{Form, World};
pub use crate::github::traffic::Recorded;
pub use crate::github::{Fault, Hits, What};

/// A running fake. Dropping it ends every connection.
#[derive(Debug)]
pub struct FakeModelDb {
    server: Server<World>,
}

impl FakeModelDb {
    /// A web front end with nothing in its database.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn start() -> Self {
        Self::of_form(Form::FrontEnd)
    }

    /// The same, or a REST proxy.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn of_form(form: Form) -> Self {
        Self { server: Server::start(|_| World::new(form)) }
    }

    /// What `VERTA_HOST` would be, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The world as it is now, with more to build and look at. Requests wait while it is held.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.server.world()
    }

    /// From now on only users with a key are let in, this one among them.
    pub fn require_key(&self, email: &str, key: &str) {
        self.world().guards.push(Guard::Key { email: email.to_owned(), key: key.to_owned() });
    }

    /// From now on only those with a token are let in, this one among them.
    pub fn require_token(&self, token: &str, signature: &str) {
        self.world().guards.push(Guard::Token { token: token.to_owned(), signature: signature.to_owned() });
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

    /// Everything that was asked so far, in the order of the answers.
    pub fn requests(&self) -> Vec<Recorded> {
        self.server.requests()
    }

    /// Those of them that would change something.
    pub fn writes(&self) -> Vec<Recorded> {
        let reads = |request: &Recorded| request.method == "GET" || request.path.contains("/find");
        self.requests().into_iter().filter(|request| !reads(request)).collect()
    }
}
