//! MLflow: runs and their metrics, artifacts and the model registry, behind one reader over three stores (a tracking server's
//! REST API, its SQLite database, its folders), and the registry's writes, which only a server takes.
//!
//! [`settings`] reads what MLflow's own client reads from the environment, [`location`] tells the stores apart, [`open`] opens
//! one. Everything that a store says is hostile until escaped.

#[cfg(feature = "sqlite")]
mod database;
mod error;
mod folders;
mod open;
mod server;

pub mod location;
pub mod model;
pub mod registry;
pub mod run;
pub mod settings;
pub mod store;
pub mod webhook;

pub use error::Error;
pub use location::Location;
pub use open::{open, open_registry};
pub use registry::Registry;
pub use settings::{Access, Credentials};
pub use store::Store;
