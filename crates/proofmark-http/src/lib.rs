//! One way to speak HTTP: a client with TLS, proxies and certificates set up, requests repeated within a budget, pages
//! followed, secrets never shown.
//!
//! It must never know any vendor's addresses or JSON: those belong to the crate of that system.

pub mod api;

mod answer;
mod base64;
mod body;
mod budget;
mod client;
mod date;
mod error;
mod failure;
mod limit;
mod page;
mod proxy;
mod redact;
mod retry;
mod runtime;
mod secret;
mod signature;

pub use answer::Answer;
pub use body::{collect, read_body};
pub use budget::Budget;
pub use client::{Certificates, Settings, client, client_with, send};
pub use date::epoch_seconds;
pub use error::{Failure, HttpError};
pub use failure::failure;
pub use page::next_page;
pub use redact::redact;
pub use reqwest::Client;
pub use retry::{Repeat, Retrier};
pub use runtime::Runtime;
pub use secret::Secret;
pub use signature::signature;
