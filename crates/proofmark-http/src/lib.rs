//! One way to speak HTTP: a client with TLS, proxies and certificates set up, requests repeated within a budget, pages
//! followed, secrets never shown.
//!
//! It must never know any vendor's addresses or JSON: those belong to the crate of that system.

mod answer;
mod budget;
mod client;
mod error;
mod page;
mod redact;
mod retry;
mod runtime;
mod secret;

pub use answer::Answer;
pub use budget::Budget;
pub use client::{Settings, client};
pub use error::{Failure, HttpError};
pub use page::next_page;
pub use redact::redact;
pub use retry::{Repeat, Retrier};
pub use runtime::Runtime;
pub use secret::Secret;
