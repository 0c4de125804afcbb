//! Opens what holds runs, by what the configuration and the environment say.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use proofmark_http::api::Terms;
use proofmark_mlflow::{Location, Store};

use super::tracker::Trouble;
use crate::network;
use crate::world::World;

/// What tells that nobody sits before this machine.
const CI: [&str; 5] = ["GITHUB_ACTIONS", "JENKINS_URL", "CI", "TF_BUILD", "TEAMCITY_VERSION"];

/// Opens each store once.
pub(crate) struct Opener {
    pub(super) world: World,
    /// Where relative paths of the configuration start: the repository's root.
    pub(super) root: PathBuf,
    /// Whether the configuration may name the address that credentials are sent to.
    pub(super) trusted: bool,
    pub(super) opened: RefCell<Vec<(Location, Rc<dyn Store>)>>,
}

/// Where a server is, and whether it may be told who asks.
pub(super) struct Place {
    pub(super) address: String,
    pub(super) with_credentials: bool,
}

impl Opener {
    pub(crate) fn new(world: &World, root: PathBuf, trusted: bool) -> Self {
        Self { world: world.clone(), root, trusted, opened: RefCell::new(Vec::new()) }
    }

    /// Where a server is: what the configuration names, else what the environment does; `None` where neither says it.
    pub(super) fn place(&self, typed: Option<&str>, variable: &str) -> Option<Place> {
        let told = self.world.var(variable).filter(|value| !value.trim().is_empty());
        match (typed, told) {
            // The change's own configuration must not lead the credentials elsewhere.
            (Some(address), told) => Some(Place { address: address.to_owned(), with_credentials: self.trusted || told == Some(address) }),
            (None, Some(told)) => Some(Place { address: told.to_owned(), with_credentials: true }),
            (None, None) => None,
        }
    }

    /// The same where one is needed; `table` and `key` are what the configuration calls it.
    pub(super) fn server(&self, typed: Option<&str>, variable: &str, table: &str, key: &str) -> Result<Place, Trouble> {
        self.place(typed, variable).ok_or_else(|| {
            Trouble::new(format!("{table} names no server"))
                .hint(format!("set {variable} to its address, or `{key}` in {table} of the base's configuration"))
        })
    }

    pub(super) fn terms(&self) -> Terms {
        network::terms(&self.world)
    }

    /// A variable of the environment.
    pub(super) fn var(&self, name: &str) -> Option<String> {
        self.world.var(name).map(str::to_owned)
    }

    /// Whether nobody sits before this machine.
    pub(super) fn is_ci(&self) -> bool {
        CI.iter().any(|name| self.world.var(name).is_some())
    }
}
