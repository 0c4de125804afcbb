//! Jenkins: what a build is about, and a client that starts jobs and waits for them.
//!
//! It must never know metrics, policy, git or another system.

pub mod client;
pub mod event;
pub mod host;
