//! The crate against a server that misbehaves, over real sockets.

mod client;
mod faults;
mod server;
mod tls;
