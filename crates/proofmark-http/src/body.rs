//! Reads bodies, and never more of them than allowed.

use std::error::Error;
use std::pin::pin;

use http_body_util::BodyExt;

use crate::{Answer, Failure, failure};

/// The whole answer of the client of this crate.
///
/// # Errors
/// See [`collect`].
pub async fn read_body(response: reqwest::Response, limit: usize) -> Result<Answer, Failure> {
    collect(http::Response::from(response), limit).await
}

/// The whole of an answer in the types of the `http` crate, as libraries over our client give it.
///
/// # Errors
/// [`Failure::TooLarge`] as soon as the body is known to be longer than `limit`; [`Failure::Lost`] when it breaks off.
pub async fn collect<B>(response: http::Response<B>, limit: usize) -> Result<Answer, Failure>
where
    B: BodyExt,
    B::Data: AsRef<[u8]>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (head, body) = response.into_parts();
    if body.size_hint().lower() > limit as u64 {
        return Err(Failure::TooLarge { limit });
    }
    let mut frames = pin!(body);
    let mut body = Vec::new();
    while let Some(frame) = frames.frame().await {
        let frame = frame.map_err(|error| Failure::Lost(failure::root(&*error.into())))?;
        let Ok(data) = frame.into_data() else { continue };
        let data = data.as_ref();
        if data.len() > limit - body.len() {
            return Err(Failure::TooLarge { limit });
        }
        body.extend_from_slice(data);
    }
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[tokio::test]
    async fn the_limit_is_exact() {
        let response = || http::Response::builder().status(201).header("x-a", "b").body(Full::new(&b"12345"[..])).expect("a response");
        let answer = collect(response(), 5).await.expect("it fits");
        assert_eq!((answer.status, answer.header("x-a"), &answer.body[..]), (201, Some("b"), &b"12345"[..]));
        assert_eq!(collect(response(), 4).await.expect_err("it does not fit"), Failure::TooLarge { limit: 4 });
    }
}
