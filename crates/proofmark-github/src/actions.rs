//! GitHub Actions from the inside of a step: what the run is about, what is said in the log, what is left in the runner's files.
//!
//! Environment, payload and random numbers come in as values; only [`files`] touches the disk. Nothing here speaks to a server.

pub mod commands;
pub(crate) mod events;
pub mod files;
pub mod host;
mod leg;
pub(crate) mod payload;

pub use host::{Host, HostError, PAYLOAD_LIMIT, detect};

/// A word that `text` does not hold, and that nobody who wrote the text can have known.
///
/// The check makes it right whatever the random numbers are, the random numbers make it unknown beforehand.
fn unused_word(text: &str, random: &mut dyn FnMut() -> u64) -> String {
    let word = format!("proofmark-{:016x}{:016x}", random(), random());
    let mut free = word.clone();
    let mut count = 0_u64;
    // Ends: a finite text holds finitely many words.
    while text.contains(&free) {
        count += 1;
        free = format!("{word}-{count}");
    }
    free
}
