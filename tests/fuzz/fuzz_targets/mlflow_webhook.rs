//! Webhooks of the model registry: nothing is let in unsigned, and whatever is signed is an event or an error.
//! The input is an id, a time, a signature and a body, a line each, the body to the end.

#![no_main]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use libfuzzer_sys::fuzz_target;
use proofmark_http::Secret;
use proofmark_mlflow::webhook::{Delivery, WebhookError, verify};
use sha2::Sha256;

const SECRET: &str = "s3cret";

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
    let mut text = || str::from_utf8(lines.next().unwrap_or_default()).unwrap_or_default();
    let (id, timestamp, signature) = (text(), text(), text());
    let body = lines.next().unwrap_or_default();

    let right = sign(id, timestamp, body);
    if let Ok(delivery) = check(id, timestamp, signature, body) {
        assert!(signature.split(' ').any(|entry| entry == right), "{delivery:?} is not signed");
    }
    match check(id, timestamp, &right, body) {
        Ok(delivery) => assert!(delivery.id == id && timestamp.parse() == Ok(delivery.timestamp)),
        Err(error @ (WebhookError::Body { .. } | WebhookError::Header { .. })) => {
            assert!(error.to_string().len() < 200 && !error.to_string().contains(SECRET), "{error}");
        }
        Err(error) => panic!("{error}"),
    }
});

fn check(id: &str, timestamp: &str, signature: &str, body: &[u8]) -> Result<Delivery, WebhookError> {
    let secret = Secret::new(SECRET).expect("a secret");
    let headers = [("x-mlflow-delivery-id", id), ("x-mlflow-timestamp", timestamp), ("x-mlflow-signature", signature)];
    verify(&secret, &headers, body, 0, Duration::MAX)
}

fn sign(id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut code = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length will do");
    code.update(&[id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat());
    format!("v1,{}", STANDARD.encode(code.finalize().into_bytes()))
}
