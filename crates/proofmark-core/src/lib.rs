//! The pure heart of proofmark: metric documents, comparison, policy and judgement.
//!
//! It must never know files, network, clock, environment, threads or colour: bytes and values come in,
//! values go out. `clippy.toml` beside this crate's manifest enforces it.

pub mod compare;
pub mod direction;
pub mod discovery;
pub mod document;
pub mod key;
pub mod number;
pub mod path;
pub mod ports;
pub mod problem;
pub mod snapshot;
pub mod value;
