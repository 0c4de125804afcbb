//! Signatures of what is sent to servers that know a secret of ours.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::Secret;

/// `sha256=` and the code (HMAC-SHA256, in hexadecimal digits) over the time, a dot, and the body.
pub fn signature(secret: &Secret, time: &str, body: &[u8]) -> String {
    // A key of any length will do, so this cannot fail; if it did, no receiver would take it.
    let Ok(mut code) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return "sha256=".to_owned() };
    for part in [time.as_bytes(), b".", body] {
        code.update(part);
    }
    let hex: String = code.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `openssl dgst -sha256 -hmac key` says.
    #[test]
    fn a_known_signature() {
        let secret = Secret::parse("key").expect("a secret").expect("there");
        let expected = "sha256=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03";
        assert_eq!(signature(&secret, "1700000000", br#"{"a":1}"#), expected);
        assert_ne!(signature(&secret, "1", b"a"), signature(&secret, "2", b"a"));
    }
}
