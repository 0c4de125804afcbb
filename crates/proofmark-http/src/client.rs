//! The client below everything.

use std::time::Duration;

use crate::HttpError;

/// How to reach servers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What we call ourselves.
    pub user_agent: String,
    /// Bytes of a PEM file with certificates of authorities that are trusted beside the system's.
    pub authorities: Option<Vec<u8>>,
    /// `HTTPS_PROXY` and its kin, as the environment has them: name in capitals, value.
    pub proxies: Vec<(String, String)>,
    /// Whether certificates are needed at all; without them the client is made in no time.
    pub tls: bool,
    /// For one try of one request.
    pub timeout: Duration,
}

/// A client by these settings.
///
/// # Errors
/// [`HttpError::Settings`] for a certificate file or proxy address that cannot be used.
pub fn client(settings: &Settings) -> Result<reqwest::Client, HttpError> {
    // A second call finds the provider in place.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder().user_agent(&settings.user_agent).timeout(settings.timeout).no_proxy();
    if !settings.tls {
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| HttpError::Settings(error.to_string()))
}
