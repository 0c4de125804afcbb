//! Verifies the webhooks of the model registry (MLflow 3) and says what happened, without any input or output of its own.
//!
//! A delivery is signed with a secret that both sides know: `v1,` and the Base64 text of HMAC-SHA256 over
//! `ID.TIMESTAMP.BODY`. [`verify`] refuses what is not signed, and there is no way to leave that out: register the webhook with
//! a secret.
//!
//! What the caller has to do:
//! - give the body as it came, byte for byte;
//! - handle each delivery once: MLflow repeats one with the same id, time and signature after an answer of 429 or 5xx, and so
//!   can whoever saw it. [`Seen`] remembers ids for as long as [`verify`] lets them in;
//! - ask the registry what is true now before acting: events come in no order, setting an alias to what it is sends one too,
//!   and MLflow's test button sends signed examples (`example_model`).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use proofmark_http::Secret;
use sha2::Sha256;

pub use self::event::Event;
pub use self::meaning::{of_delivery, of_event, read_body};
pub use self::seen::Seen;

mod event;
mod meaning;
mod seen;

/// How far the clocks of server and receiver may be apart, retries included.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Bytes of a body at most.
pub const MOST_BYTES: usize = 1 << 20;

const ID: &str = "X-MLflow-Delivery-Id";
const TIMESTAMP: &str = "X-MLflow-Timestamp";
const SIGNATURE: &str = "X-MLflow-Signature";

/// Bytes of a header's value at most.
const MOST_HEADER: usize = 4096;

/// Letters of a delivery's id at most.
const MOST_ID: usize = 128;

/// A delivery that came from whoever knows the secret, at about the time that it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id: the same for each try to deliver it.
    pub id: String,
    /// When it was sent first, in seconds since 1970.
    pub timestamp: u64,
    /// What happened.
    pub event: Event,
}

/// Why a delivery is refused. The texts read after "refused: ", and hold neither the secret nor the signature that would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// A header that each signed delivery has is not there.
    #[error("there is no header {header}")]
    Missing {
        /// Its name.
        header: &'static str,
    },
    /// A header stands twice, so that two readers may read two different ones.
    #[error("the header {header} stands twice")]
    Twice {
        /// Its name.
        header: &'static str,
    },
    /// A header holds what MLflow does not write.
    #[error("the header {header} {why}")]
    Header {
        /// Its name.
        header: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The body is larger than any of MLflow's.
    #[error("the body is larger than {MOST_BYTES} bytes")]
    TooLarge,
    /// The signature is not one of this delivery with this secret.
    #[error("the signature is of another secret, or of another delivery")]
    Signature,
    /// It was sent too long ago.
    #[error("it was sent {seconds} seconds ago")]
    Stale {
        /// How long ago.
        seconds: u64,
    },
    /// It was sent in the future.
    #[error("it says that it was sent {seconds} seconds from now")]
    Future {
        /// How far from now.
        seconds: u64,
    },
    /// It is signed, and not what MLflow writes.
    #[error("the body is no event: {why}")]
    Body {
        /// What is wrong with it.
        why: String,
    },
    /// It came before.
    #[error("it came before")]
    Repeated,
    /// [`Seen`] remembers as many as it can.
    #[error("too many deliveries at once")]
    TooMany,
}

impl WebhookError {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing { header: SIGNATURE } => Some("register the webhook with a secret; MLflow signs only then"),
            Self::Missing { .. } => Some("does a proxy in front drop the headers that begin with X-MLflow?"),
            Self::Signature => Some("is the secret the webhook's, and the body given as it came, byte for byte?"),
            Self::Stale { .. } | Self::Future { .. } => Some("are the clocks of the MLflow server and of this machine right?"),
            Self::Header { header: SIGNATURE, .. } => Some("only signatures of version v1 are known"),
            Self::Repeated => Some("answer it as if it were new: MLflow repeats a delivery whose answer was lost"),
            Self::TooMany => Some("answer 503: MLflow sends it again"),
            Self::Twice { .. } | Self::Header { .. } | Self::TooLarge | Self::Body { .. } => None,
        }
    }
}

/// Checks that a delivery is signed with the secret and was sent within `tolerance` ([`TOLERANCE`]) of `now`, in seconds
/// since 1970, and says what it tells. Names of headers are compared in any case, and other headers passed over. The body
/// is read only after the signature holds.
///
/// # Errors
/// [`WebhookError`].
pub fn verify(secret: &Secret, headers: &[(&str, &str)], body: &[u8], now: u64, tolerance: Duration) -> Result<Delivery, WebhookError> {
    if body.len() > MOST_BYTES {
        return Err(WebhookError::TooLarge);
    }
    let id = id(headers)?;
    let (written, timestamp) = timestamp(headers)?;
    check_signature(header(headers, SIGNATURE)?, &signed(secret, id, written, body)?)?;
    check_time(timestamp, now, tolerance)?;
    let event = Event::parse(body).map_err(|why| WebhookError::Body { why })?;
    Ok(Delivery { id: id.to_owned(), timestamp, event })
}

fn header<'h>(headers: &[(&str, &'h str)], name: &'static str) -> Result<&'h str, WebhookError> {
    let mut found = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
    match (found.next(), found.next()) {
        (None, _) => Err(WebhookError::Missing { header: name }),
        (Some(_), Some(_)) => Err(WebhookError::Twice { header: name }),
        (Some(value), None) if value.len() > MOST_HEADER => Err(WebhookError::Header { header: name, why: "is too long" }),
        (Some(value), None) => Ok(value),
    }
}

/// The id; without a point, which ends it in the signed text, so that no two deliveries have one signed text.
fn id<'h>(headers: &[(&str, &'h str)]) -> Result<&'h str, WebhookError> {
    let id = header(headers, ID)?;
    let why = match id {
        "" => "is empty",
        _ if id.len() > MOST_ID => "is too long",
        _ if !id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.') => "is no id",
        _ => return Ok(id),
    };
    Err(WebhookError::Header { header: ID, why })
}

/// The time as it is written, which is what is signed, and as it means.
fn timestamp<'h>(headers: &[(&str, &'h str)]) -> Result<(&'h str, u64), WebhookError> {
    let written = header(headers, TIMESTAMP)?;
    // `parse` alone would take a sign.
    let is_number = written.bytes().all(|byte| byte.is_ascii_digit());
    let value = written.parse().ok().filter(|_| is_number);
    Ok((written, value.ok_or(WebhookError::Header { header: TIMESTAMP, why: "is no number of seconds" })?))
}

/// The code over what is signed.
fn signed(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> Result<Hmac<Sha256>, WebhookError> {
    // A key of any length will do, so this cannot fail; if it did, nothing would pass.
    let mut code = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).map_err(|_| WebhookError::Signature)?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        code.update(part);
    }
    Ok(code)
}

/// Accepts a header of which any entry of version 1 is right: there are two while a secret is replaced.
fn check_signature(value: &str, code: &Hmac<Sha256>) -> Result<(), WebhookError> {
    let mut known = value.split(' ').filter_map(|entry| entry.strip_prefix("v1,")).peekable();
    if known.peek().is_none() {
        return Err(WebhookError::Header { header: SIGNATURE, why: "holds no signature of a known version" });
    }
    // The comparison takes the same time for every signature of the right length.
    let is_right = |entry: &str| STANDARD.decode(entry).is_ok_and(|signature| code.clone().verify_slice(&signature).is_ok());
    if known.any(is_right) { Ok(()) } else { Err(WebhookError::Signature) }
}

fn check_time(timestamp: u64, now: u64, tolerance: Duration) -> Result<(), WebhookError> {
    let tolerance = tolerance.as_secs();
    match (now.checked_sub(timestamp), timestamp.checked_sub(now)) {
        (Some(seconds), _) if seconds > tolerance => Err(WebhookError::Stale { seconds }),
        (_, Some(seconds)) if seconds > tolerance => Err(WebhookError::Future { seconds }),
        _ => Ok(()),
    }
}
