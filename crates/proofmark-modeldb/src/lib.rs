//! ModelDB 2 (Verta): projects, experiments, runs and what they logged, and promotion by tag or attribute.
//!
//! It must never know what a comparison is. Nothing that a server says is believed before it is known to be the API's answer: the
//! web front end answers every unknown path with its page and status 200. Filters, orders and pages of the server only narrow what
//! is read; what fits and what is newest is told here.

mod client;
mod commit;
mod error;
mod listing;
mod mark;
mod run;
mod search;
mod value;
mod wire;
mod write;

pub mod access;

#[cfg(test)]
mod tests;

pub use access::{Access, Credentials};
pub use client::{Experiment, ModelDb, Project};
pub use commit::{ByCommit, CommitRun, DEFAULT_ATTRIBUTE, Way};
pub use error::Error;
pub use mark::{Current, Mark};
pub use run::{Aside, Code, Dataset, History, Point, Run, Standing};
pub use search::{Found, Query, Unreadable};
pub use write::{LONGEST_TAG, Written, evidence_key};
