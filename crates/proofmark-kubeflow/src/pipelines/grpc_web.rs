//! Calls of gRPC over plain HTTP/1.1, as a browser makes them.

use proofmark_http::Answer;
use proofmark_http::api::{Api, ApiError, Call};

/// What a frame is preceded by: a byte of flags, and four with its length.
const HEAD: usize = 5;
/// The flag of the frame that ends an answer.
const TRAILER: u8 = 0x80;
/// Bytes of an answer at most.
const MOST: usize = 64 << 20;
/// Binary, not base64.
const MEDIA_TYPE: &str = "application/grpc-web+proto";

/// Why a call gave no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// No answer, or one that is not gRPC's.
    Api(ApiError),
    /// The service said no.
    Status {
        /// gRPC's number: 5 is "not found", 12 "no such method", 14 "unavailable".
        code: u32,
        /// What it said.
        message: String,
    },
}

/// Why a body is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFrames {
    /// It ends in the middle, or without a status.
    #[error("it is cut short")]
    Cut,
    /// It has flags that are not known: packed, perhaps.
    #[error("a frame of it is packed, or of an unknown kind")]
    Flags,
    /// There is not one message.
    #[error("it does not hold one message")]
    Messages,
    /// The service's own no.
    #[error("the service answered {0}: {1}")]
    Status(u32, String),
}

/// A message as the body of a request.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let mut body = vec![0];
    body.extend(u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    body.extend_from_slice(message);
    body
}

/// The message in the body of an answer. `header` is the status that a header gave, where there is no message.
///
/// # Errors
/// See [`BadFrames`].
pub fn message(body: &[u8], header: Option<(u32, String)>) -> Result<Vec<u8>, BadFrames> {
    if let Some((code, text)) = header.clone().filter(|(code, _)| *code != 0) {
        return Err(BadFrames::Status(code, text));
    }
    let (mut rest, mut found, mut status) = (body, None, header);
    while !rest.is_empty() {
        let (head, tail) = rest.split_first_chunk::<HEAD>().ok_or(BadFrames::Cut)?;
        let [flags, length @ ..] = *head;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| BadFrames::Cut)?;
        let (content, tail) = tail.split_at_checked(length).ok_or(BadFrames::Cut)?;
        rest = tail;
        match flags {
            0 if found.is_none() => found = Some(content.to_vec()),
            0 => return Err(BadFrames::Messages),
            TRAILER => {
                status = Some(trailer(content).ok_or(BadFrames::Cut)?);
                break;
            }
            _ => return Err(BadFrames::Flags),
        }
    }
    match status {
        None => Err(BadFrames::Cut),
        Some((0, _)) => found.ok_or(BadFrames::Messages),
        Some((code, text)) => Err(BadFrames::Status(code, text)),
    }
}

/// The status and message that end an answer.
fn trailer(content: &[u8]) -> Option<(u32, String)> {
    let text = String::from_utf8_lossy(content);
    let (mut code, mut message) = (None, String::new());
    for line in text.split(['\r', '\n']) {
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            "grpc-status" => code = value.trim().parse().ok(),
            "grpc-message" => message = decoded(value.trim()),
            _ => {}
        }
    }
    Some((code?, message))
}

/// Without percent-encoding.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.first_chunk::<2>().filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Calls a method that only reads.
pub(super) fn call(api: &Api, service: &str, method: &str, content: &[u8]) -> Result<Vec<u8>, Failed> {
    let call = Call::change(http::Method::POST, method, format!("/{service}/{method}"));
    let call = call.body(MEDIA_TYPE, framed(content)).accept(MEDIA_TYPE).freely().limit(MOST);
    let answer = api.answer(&call).map_err(Failed::Api)?;
    // A page, and be it the right one of a wrong address.
    if !answer.header("content-type").is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("application/grpc")) {
        let page: ApiError = match api.parse::<serde_json::Value>(&call, &answer) {
            Err(error) => error,
            Ok(_) => api.strange(&call, "it is JSON, and no answer of gRPC"),
        };
        return Err(Failed::Api(page));
    }
    match message(&answer.body, status_of(&answer)) {
        Ok(message) => Ok(message),
        Err(BadFrames::Status(code, text)) => Err(Failed::Status { code, message: api.clean(&text) }),
        Err(why) => Err(Failed::Api(api.strange(&call, &why.to_string()))),
    }
}

/// Where there is no message, the status is a header.
fn status_of(answer: &Answer) -> Option<(u32, String)> {
    let code = answer.header("grpc-status")?.trim().parse().ok()?;
    Some((code, answer.header("grpc-message").map(decoded).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(flags: u8, content: &[u8]) -> Vec<u8> {
        let mut frame = framed(content);
        frame[0] = flags;
        frame
    }

    #[test]
    fn what_ends_an_answer_counts() {
        let good = [answer(0, b"abc"), answer(TRAILER, b"grpc-status:0\r\ngrpc-message:\r\n")].concat();
        assert_eq!(message(&good, None).as_deref(), Ok(&b"abc"[..]));
        assert_eq!(message(&answer(0, b"abc"), Some((0, String::new()))).as_deref(), Ok(&b"abc"[..]));
        let no = answer(TRAILER, b"Grpc-Status: 5\r\ngrpc-message: no%20such%zz\r\n");
        assert_eq!(message(&no, None), Err(BadFrames::Status(5, "no such%zz".to_owned())));
        assert_eq!(message(b"", Some((14, "away".to_owned()))), Err(BadFrames::Status(14, "away".to_owned())));
        let cases = [
            (answer(0, b"abc"), BadFrames::Cut),
            (good[..good.len() - 1].to_vec(), BadFrames::Cut),
            (good[..3].to_vec(), BadFrames::Cut),
            (answer(1, b"abc"), BadFrames::Flags),
            (answer(TRAILER, b"grpc-status:0"), BadFrames::Messages),
            (answer(TRAILER, b"nothing"), BadFrames::Cut),
            ([answer(0, b"a"), answer(0, b"b")].concat(), BadFrames::Messages),
        ];
        for (body, expected) in cases {
            assert_eq!(message(&body, None), Err(expected), "{body:x?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_looked_at(body in proptest::collection::vec(any::<u8>(), 0..60), text in any::<String>()) {
            let _ = (message(&body, None), trailer(&body), decoded(&text));
        }

        #[test]
        fn messages_come_back(content in proptest::collection::vec(any::<u8>(), 0..60)) {
            let body = [framed(&content), answer(TRAILER, b"grpc-status:0\r\n")].concat();
            prop_assert_eq!(message(&body, None), Ok(content));
        }
    }
}
