//! A fake GitHub that keeps state and speaks real HTTP on loopback.
//!
//! A test describes a [`World`], starts a [`FakeGitHub`] with it, lets the code under test talk to [`FakeGitHub::url`],
//! and looks at the state afterwards. Each request is handled under one lock, so it happens whole or not at all, as in
//! GitHub's database. [`Fault`]s make requests fail before or after they have taken effect.
//!
//! ```
//! use proofmark_testkit::github::{FakeGitHub, Fault, Issue, Token, What, World};
//!
//! let world = World::new()
//!     .repository("acme/widgets")
//!     .issue("acme/widgets", Issue::pull(7, "ada", ("work", &"a".repeat(40)), ("main", &"b".repeat(40))))
//!     .token("ghs_secret", Token::actions_writing().of("acme/widgets"));
//! let github = FakeGitHub::start(world);
//! github.fail(Fault::new("POST", "/repos/*/comments", What::StatusAfter(502)).nth(1));
//! // ... run the code under test against github.url() ...
//! assert!(github.state().comments("acme/widgets", 7).is_empty());
//! ```
//!
//! What it takes from GitHub: the shapes of all answers, checked against GitHub's own description of its API (see
//! [`traffic`]), permissions with `X-Accepted-GitHub-Permissions`, limits of sizes and rates, paging with addresses by
//! number, tags and 304, the redirect of downloads to another host. Files and commits come from a real repository on
//! disk. The paths of Enterprise Server (`/api/v3`, `/api/graphql`) work as well.

mod actions;
pub(crate) mod answer;
mod call;
mod checks;
mod clock;
mod comments;
mod compare;
mod contents;
mod control;
mod deployments;
mod dispatches;
pub(crate) mod fault;
mod git;
mod graphql;
mod issues;
mod output;
mod paging;
mod people;
mod pulls;
mod references;
mod reviews;
mod routes;
mod runs;
pub(crate) mod server;
mod site;
mod statuses;
mod storage;
mod token;
pub mod traffic;
mod world;

#[cfg(test)]
mod tests;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::http;
use server::{Place, Shared, lock};
use traffic::Recorded;

pub use crate::base64;
pub use actions::Artifact;
pub use checks::CheckRun;
pub use clock::Clock;
pub use comments::{Comment, Reaction};
pub use deployments::{Deployment, DeploymentStatus, Deploys};
pub use dispatches::{Dispatch, Starts};
pub use fault::{Fault, Hits, What};
pub use issues::{Issue, Pull, Review, Side};
pub use output::Annotation;
pub use runs::{Plan, Run};
pub use statuses::Status;
pub use token::{Kind, Level, Token};
pub use world::{Repository, World};

/// A running fake. Dropping it ends every connection.
#[derive(Debug)]
pub struct FakeGitHub {
    shared: Arc<Shared>,
    addresses: [SocketAddr; 2],
    threads: Vec<JoinHandle<()>>,
}

impl FakeGitHub {
    /// Serves this world on two ports of its own: the API and the storage of artifacts.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn start(world: World) -> Self {
        Self::launch(world, false)
    }

    /// The same, with `/__state` and its like for tests in another process.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn start_with_control(world: World) -> Self {
        Self::launch(world, true)
    }

    fn launch(world: World, control: bool) -> Self {
        let listen = || TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("cannot listen on loopback: {error}"));
        let address = |listener: &TcpListener| listener.local_addr().unwrap_or_else(|error| panic!("a listener has an address: {error}"));
        let listeners = [(listen(), Place::Api), (listen(), Place::Storage)];
        let addresses = [address(&listeners[0].0), address(&listeners[1].0)];
        let [api, storage] = addresses.map(|address| format!("http://{address}"));
        let shared = Arc::new(Shared::new(world, api, storage, control));
        let serve = |(listener, place): (TcpListener, Place)| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.serve(&listener, place))
        };
        let threads = listeners.map(serve).into();
        Self { shared, addresses, threads }
    }

    /// What `GITHUB_API_URL` would be, without a slash at the end.
    pub fn url(&self) -> String {
        self.shared.api.clone()
    }

    /// What `GITHUB_GRAPHQL_URL` would be.
    pub fn graphql_url(&self) -> String {
        format!("{}/graphql", self.shared.api)
    }

    /// The other host, which artifacts are downloaded from.
    pub fn storage_url(&self) -> String {
        self.shared.storage.clone()
    }

    /// The world as it is now. Requests wait while it is held.
    pub fn state(&self) -> MutexGuard<'_, World> {
        lock(&self.shared.world)
    }

    /// Everything that was asked so far, in the order of the answers.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.shared.recorded).clone()
    }

    /// Makes something go wrong from now on.
    pub fn fail(&self, fault: Fault) {
        lock(&self.shared.faults).push(fault);
    }

    /// Lets everything go right again.
    pub fn heal(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Holds every request up for so long.
    pub fn delay_each(&self, delay: Duration) {
        lock(&self.shared.delay).each = delay;
    }

    /// Holds every request up for a random time, drawn from a seed.
    pub fn random_delay(&self, most: Duration, seed: u64) {
        lock(&self.shared.delay).random = Some((most, seed));
    }
}

impl Drop for FakeGitHub {
    fn drop(&mut self) {
        self.shared.stop();
        for address in self.addresses {
            // Wakes the listener, which then sees that it is over.
            let _ = TcpStream::connect(address);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
