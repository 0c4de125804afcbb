//! What MLflow's own client reads from the environment.

use std::path::PathBuf;
use std::time::Duration;

use proofmark_http::{Budget, Secret};

/// How a server is spoken to.
#[derive(Debug, Clone)]
pub struct Access {
    /// As whom.
    pub credentials: Option<Credentials>,
    /// Whether any certificate will do.
    pub insecure: bool,
    /// A PEM file with the only authorities that are trusted.
    pub authorities: Option<PathBuf>,
    /// A PEM file with a certificate and key of our own.
    pub identity: Option<PathBuf>,
    /// The workspace, for servers that have them.
    pub workspace: Option<String>,
    /// For one try of one request.
    pub timeout: Duration,
    /// Time and tries.
    pub budget: Budget,
    /// Proxies, as the environment has them: name, value.
    pub proxies: Vec<(String, String)>,
    /// What we call ourselves.
    pub user_agent: String,
    /// Spreads the waiting of several runs at once.
    pub seed: u64,
}

/// As whom a server is spoken to.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// User name and password.
    Basic(String, Secret),
    /// A token.
    Bearer(Secret),
}
