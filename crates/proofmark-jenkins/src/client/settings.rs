//! How a Jenkins is spoken to.

use std::time::Duration;

use proofmark_http::{Secret, Settings};

/// As whom, through what and how patiently.
#[derive(Debug, Clone)]
pub struct Access {
    /// User name, and API token or password.
    pub credentials: Option<(String, Secret)>,
    /// Certificates, proxies, the time for one try, and what we call ourselves.
    pub network: Settings,
    /// How often and how long.
    pub pace: Pace,
    /// Spreads the waiting of several runs at once.
    pub seed: u64,
}

/// How often Jenkins is asked, and how long an outage may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The first pause between two looks.
    pub shortest: Duration,
    /// The pause that they grow to.
    pub longest: Duration,
    /// How long a Jenkins that answered before may be away.
    pub patience: Duration,
    /// What a request whose answer was lost may still take to arrive.
    pub settling: Duration,
    /// How long a build may take to end after each request to stop.
    pub stopping: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            shortest: Duration::from_millis(500),
            longest: Duration::from_secs(5),
            // A large Jenkins loads its jobs for minutes.
            patience: Duration::from_secs(600),
            settling: Duration::from_secs(2),
            stopping: Duration::from_secs(15),
        }
    }
}

impl Pace {
    /// The pause after this one.
    pub(super) fn next(&self, pause: Duration) -> Duration {
        pause.mul_f64(1.4).min(self.longest)
    }
}
