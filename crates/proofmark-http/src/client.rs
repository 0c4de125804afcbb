//! The client below everything.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Identity};

use crate::proxy::{self, Proxies};
use crate::{Answer, Failure, HttpError, failure, read_body};

/// Connecting has its own bound, always below that of the whole try: when it fails, it is certain that nothing was sent.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// How to reach servers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What we call ourselves.
    pub user_agent: String,
    /// Bytes of a PEM file with certificates of authorities that are trusted beside the system's.
    pub authorities: Option<Vec<u8>>,
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, all of them also in lower case, and `REQUEST_METHOD`, as the
    /// environment has them: name, value.
    pub proxies: Vec<(String, String)>,
    /// Whether certificates are needed at all; without them the client is made in no time, and no certificate is trusted.
    pub tls: bool,
    /// For one try of one request.
    pub timeout: Duration,
}

/// What some systems' own settings say about certificates, beside [`Settings`].
#[derive(Clone, Default)]
pub struct Certificates {
    /// Whether any certificate of a server will do.
    pub insecure: bool,
    /// Bytes of a PEM file with the only authorities that are trusted: neither the system's nor those of [`Settings`] count.
    pub only: Option<Vec<u8>>,
    /// Bytes of a PEM file with a certificate of our own and its key.
    pub identity: Option<Vec<u8>>,
}

impl std::fmt::Debug for Certificates {
    // The identity holds a key.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Certificates").field("insecure", &self.insecure).field("only", &self.only.is_some()).finish_non_exhaustive()
    }
}

/// Sends one request and reads at most `limit` bytes of what comes back.
///
/// # Errors
/// See [`Failure`].
pub async fn send(client: &Client, request: http::Request<Vec<u8>>, limit: usize) -> Result<Answer, Failure> {
    let request = reqwest::Request::try_from(request).map_err(|error| failure(&error))?;
    read_body(client.execute(request).await.map_err(|error| failure(&error))?, limit).await
}

/// A client by these settings.
///
/// # Errors
/// See [`client_with`].
pub fn client(settings: &Settings) -> Result<Client, HttpError> {
    client_with(settings, &Certificates::default())
}

/// A client by these settings and certificates.
///
/// It follows no redirect: whether another place may get the request, its body and its credentials only the caller knows.
///
/// # Errors
/// [`HttpError::Settings`] for a certificate file or proxy address that cannot be used.
pub fn client_with(settings: &Settings, certificates: &Certificates) -> Result<Client, HttpError> {
    // A second call finds the provider in place.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let proxies = proxy::proxies(&settings.proxies)?;
    if !settings.tls && !proxies.tls {
        return build(builder(settings, &proxies).tls_certs_only([]));
    }
    let identity = identity(certificates.identity.as_deref())?;
    let builder = || {
        let builder = builder(settings, &proxies);
        identity.iter().cloned().fold(builder, ClientBuilder::identity)
    };
    if certificates.insecure {
        return build(builder().tls_certs_only([]).tls_danger_accept_invalid_certs(true));
    }
    if certificates.only.is_some() {
        return build(builder().tls_certs_only(authorities(certificates.only.as_deref())?));
    }
    let authorities = authorities(settings.authorities.as_deref())?;
    // Without authorities of our own first: with them the system's certificates may be missing and nobody would know.
    match builder().build() {
        Ok(client) if authorities.is_empty() => Ok(client),
        Ok(_) => build(builder().tls_certs_merge(authorities)),
        // An image without any certificates.
        Err(_) => build(builder().tls_certs_only(with_bundled(authorities))),
    }
}

fn builder(settings: &Settings, proxies: &Proxies) -> ClientBuilder {
    let builder = Client::builder()
        .user_agent(&settings.user_agent)
        .timeout(settings.timeout)
        .connect_timeout((settings.timeout / 2).min(LONGEST_CONNECT))
        .redirect(Policy::none())
        .http1_only()
        .no_proxy();
    proxies.all.iter().cloned().fold(builder, ClientBuilder::proxy)
}

fn build(builder: ClientBuilder) -> Result<Client, HttpError> {
    builder.build().map_err(|error| HttpError::Settings(format!("cannot set up the network client: {}", failure::root(&error))))
}

fn authorities(pem: Option<&[u8]>) -> Result<Vec<Certificate>, HttpError> {
    let Some(pem) = pem else { return Ok(Vec::new()) };
    let all = Certificate::from_pem_bundle(pem);
    let all =
        all.map_err(|error| HttpError::Settings(format!("the file of certificate authorities is damaged: {}", failure::root(&error))))?;
    if all.is_empty() {
        return Err(HttpError::Settings("the file of certificate authorities holds no certificate: it has to be PEM".into()));
    }
    Ok(all)
}

fn identity(pem: Option<&[u8]>) -> Result<Option<Identity>, HttpError> {
    // What is wrong with a key is not told: words about it may quote it.
    let wrong = |_| HttpError::Settings("the file of the client's certificate has to be PEM, with the certificate and its key".into());
    pem.map(Identity::from_pem).transpose().map_err(wrong)
}

/// Mozilla's authorities, compiled in, and those given.
fn with_bundled(mut authorities: Vec<Certificate>) -> Vec<Certificate> {
    authorities.extend(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|certificate| Certificate::from_der(certificate).ok()));
    authorities
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings { user_agent: "test".into(), authorities: None, proxies: Vec::new(), tls: true, timeout: Duration::from_secs(5) }
    }

    fn refusal(settings: &Settings) -> String {
        client(settings).expect_err("bad settings").to_string()
    }

    #[test]
    fn files_without_certificates_are_refused() {
        for text in ["", "not a certificate", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            let error = refusal(&Settings { authorities: Some(text.into()), ..settings() });
            assert!(error.contains("holds no certificate"), "{text}: {error}");
        }
    }

    #[test]
    fn damaged_certificates_are_refused() {
        for text in [
            "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            refusal(&Settings { authorities: Some(text.into()), ..settings() });
        }
    }

    #[test]
    fn the_authorities_compiled_in_are_many() {
        assert!(with_bundled(Vec::new()).len() > 100);
    }

    #[test]
    fn without_tls_no_certificate_is_looked_at() {
        client(&Settings { authorities: Some("nonsense".into()), tls: false, ..settings() }).expect("a client");
    }

    #[test]
    fn certificates_that_cannot_be_used_are_refused() {
        let refusal = |certificates: Certificates| client_with(&settings(), &certificates).expect_err("bad certificates").to_string();
        let error = refusal(Certificates { only: Some(b"nothing".to_vec()), ..Certificates::default() });
        assert!(error.contains("holds no certificate"), "{error}");
        let key = b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n".to_vec();
        for insecure in [false, true] {
            let error = refusal(Certificates { identity: Some(key.clone()), insecure, ..Certificates::default() });
            assert!(error.contains("the client's certificate") && !error.contains("c2V"), "{error}");
        }
    }

    #[test]
    fn a_user_agent_that_breaks_the_header_is_refused() {
        refusal(&Settings { user_agent: "a\r\nb".into(), tls: false, ..settings() });
    }
}
