//! Certificates: the system's, those of a file, those compiled in, none.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use proofmark_http::{Certificates, Failure, Settings, client, client_with};

use crate::client::{get, settings};
use crate::server::{Reply, Server, text};

const AUTHORITY: &str = include_str!("certificates/authority.pem");

fn trusting(authorities: Option<String>) -> reqwest::Client {
    client(&Settings { authorities: authorities.map(String::into_bytes), tls: true, ..settings() }).expect("a client")
}

fn is_untrusted(outcome: Result<u16, Failure>) -> bool {
    matches!(outcome, Err(Failure::NotSent(detail)) if detail.contains("certificate"))
}

#[test]
fn an_authority_of_our_own_is_trusted() {
    let server = Server::start_tls([text(200, "", "")]);
    // The second of two certificates counts as much as the first, and text between them does not.
    let other = webpki_root_certs::TLS_SERVER_ROOT_CERTS.first().map(|certificate| pem(certificate)).expect("there are some");
    assert_eq!(get(&trusting(Some(format!("# ours\n{other}\nand\n{AUTHORITY}"))), &server.tls_url("/")), Ok(200));
}

#[test]
fn any_other_certificate_is_refused_before_anything_is_sent() {
    let server = Server::start_tls([text(200, "", ""), text(200, "", "")]);
    assert!(is_untrusted(get(&trusting(None), &server.tls_url("/"))));
    assert!(is_untrusted(get(&client(&settings()).expect("a client"), &server.tls_url("/"))));
    assert!(server.requests().is_empty());
}

#[test]
fn only_the_named_authorities_are_trusted_or_any() {
    let with = |certificates| client_with(&Settings { tls: true, ..settings() }, &certificates).expect("a client");
    let other = webpki_root_certs::TLS_SERVER_ROOT_CERTS.first().map(|certificate| pem(certificate)).expect("there are some");
    let server = Server::start_tls([text(200, "", ""), text(200, "", ""), text(200, "", "")]);
    let only = |pem: &str| Certificates { only: Some(pem.into()), ..Certificates::default() };
    assert_eq!(get(&with(only(AUTHORITY)), &server.tls_url("/")), Ok(200));
    assert!(is_untrusted(get(&with(only(&other)), &server.tls_url("/"))));
    assert_eq!(get(&with(Certificates { insecure: true, ..Certificates::default() }), &server.tls_url("/")), Ok(200));
}

#[test]
fn requests_over_tls_go_through_a_proxy_over_tls() {
    // What the proxy refuses shows that it was reached.
    let proxy = Server::start_tls([text(403, "", "")]);
    let proxies = vec![("https_proxy".to_owned(), proxy.tls_url(""))];
    let client = client(&Settings { authorities: Some(AUTHORITY.into()), proxies, ..settings() }).expect("a client");
    assert!(matches!(get(&client, "https://host.invalid/"), Err(Failure::NotSent(_))));
    assert!(proxy.requests()[0].starts_with("connect host.invalid:443 "));
}

#[test]
fn a_greeting_that_never_comes_means_not_sent() {
    let server = Server::start([Reply::Slow(Duration::from_secs(3), String::new())]);
    let client = client(&Settings { tls: true, timeout: Duration::from_millis(400), ..settings() }).expect("a client");
    assert_eq!(get(&client, &server.tls_url("/")), Err(Failure::NotSent("operation timed out".into())));
}

/// Runs itself again in an environment that hides the system's certificates, as an image that has none.
#[test]
fn an_image_without_certificates_has_those_compiled_in() {
    if env::var_os("PROOFMARK_TEST_INNER").is_none() {
        let inner = Command::new(env::current_exe().expect("this test"))
            .args(["--exact", "tls::an_image_without_certificates_has_those_compiled_in", "--nocapture"])
            .env("PROOFMARK_TEST_INNER", "1")
            .env("SSL_CERT_FILE", env::temp_dir().join("no-such-file.pem"))
            .env_remove("SSL_CERT_DIR")
            // Only the settings name proxies: nobody listens there.
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&inner.stdout);
        assert!(inner.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let server = Server::start_tls([text(200, "", ""), text(200, "", "")]);
    assert!(is_untrusted(get(&trusting(None), &server.tls_url("/"))));
    // The bare builder gives up, which is how the lack is noticed.
    assert!(reqwest::Client::builder().build().is_err());
    assert_eq!(get(&trusting(Some(AUTHORITY.into())), &server.tls_url("/")), Ok(200));
}

/// For the eye: `cargo test -- --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn time_to_make_a_client() {
    for tls in [false, true, false, true] {
        let started = Instant::now();
        client(&Settings { tls, ..settings() }).expect("a client");
        println!("tls {tls}: {:?}", started.elapsed());
    }
}

fn pem(certificate: &[u8]) -> String {
    let mut body = String::new();
    let bits: Vec<u8> = certificate.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    for (count, chunk) in bits.chunks(6).enumerate() {
        let value = (0..6).fold(0, |value, bit| value << 1 | usize::from(chunk.get(bit).copied().unwrap_or(0)));
        body.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[value]));
        if count % 64 == 63 {
            body.push('\n');
        }
    }
    let padding = "=".repeat((3 - certificate.len() % 3) % 3);
    format!("-----BEGIN CERTIFICATE-----\n{body}{padding}\n-----END CERTIFICATE-----\n")
}
