//! Kubeflow: Pipelines (runs, their metrics, starting and following runs), the Model Registry, and KServe.
//!
//! Nothing that a server says is believed before it is known to be the API's answer: an expired session is answered with a
//! login page of status 200. Everything that a server says is hostile until escaped.

mod error;

pub mod access;
pub mod pipelines;
pub mod registry;
pub mod serving;
pub mod spec;

pub use access::{Access, Credentials};
pub use error::Error;
