//! How servers are spoken to, as far as the environment says it.

use std::path::Path;
use std::time::Duration;

use crate::{Budget, Certificates, Settings};

use super::ApiError;

/// What says how to leave the network; `REQUEST_METHOD` because a web server sets `HTTP_PROXY` from a request's header.
const PROXIES: [&str; 9] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"];
/// For one try of one request.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A file of certificates is not larger.
const LONGEST_FILE: u64 = 4 << 20;

/// How a server is spoken to.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Proxies, time-outs; whether TLS is needed is told from the address.
    pub settings: Settings,
    /// Whose certificates count.
    pub certificates: Certificates,
    /// Time and tries.
    pub budget: Budget,
    /// Spreads the waiting of several runs at once.
    pub seed: u64,
}

impl Terms {
    /// With the proxies of the environment and the system's certificates.
    pub fn from_environment(var: &dyn Fn(&str) -> Option<String>, user_agent: &str, seed: u64) -> Self {
        let settings =
            Settings { user_agent: user_agent.to_owned(), authorities: None, proxies: proxies(var), tls: true, timeout: TIMEOUT };
        Self { settings, certificates: Certificates::default(), budget: Budget::default(), seed }
    }
}

/// What the environment says of how to leave the network: name, value.
pub fn proxies(var: &dyn Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    PROXIES.iter().filter_map(|name| Some(((*name).to_owned(), var(name)?))).collect()
}

/// The bytes of a PEM file; `what` is the setting that names it.
///
/// # Errors
/// [`ApiError::Setting`] for what is no file, or too large.
pub fn pem_file(path: &Path, what: &str) -> Result<Vec<u8>, ApiError> {
    let wrong = |why: String| ApiError::Setting { what: what.to_owned(), why };
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() <= LONGEST_FILE => {}
        Ok(found) if found.is_dir() => return Err(wrong("a folder of certificates is not read; name one PEM file".to_owned())),
        Ok(_) => return Err(wrong("it is no file, or too large".to_owned())),
        Err(error) => return Err(wrong(format!("the file cannot be read: {}", error.kind()))),
    }
    std::fs::read(path).map_err(|error| wrong(format!("the file cannot be read: {}", error.kind())))
}
