//! The pure heart of proofmark: metric documents, comparison, policy and judgement.
//!
//! It must never know files, network, clock, environment, threads or colour: bytes and values come in,
//! values go out. `clippy.toml` beside this crate's manifest enforces it.

pub mod annotation;
pub mod changes;
pub mod compare;
pub mod composite;
pub mod config;
pub mod direction;
pub mod discovery;
pub mod document;
pub mod event;
pub mod evidence;
pub mod files;
pub mod gate;
pub mod glob;
pub mod jenkins;
pub mod key;
pub mod links;
pub mod number;
pub mod past;
pub mod path;
pub mod policy;
pub mod ports;
pub mod problem;
pub mod record;
pub mod reference;
pub mod report;
pub mod requests;
pub mod run;
pub mod snapshot;
pub mod tracked;
pub mod value;
pub mod waiver;
