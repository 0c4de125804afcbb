//! How long and how often a run may talk to the network.

use std::time::Duration;

/// The bounds of one run, over all its requests.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Wall time for everything, waiting included.
    pub total: Duration,
    /// Tries of one request at most.
    pub attempts: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { total: Duration::from_secs(120), attempts: 5 }
    }
}
