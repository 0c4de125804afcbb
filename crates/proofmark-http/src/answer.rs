//! What a server said, whole.

use http::HeaderMap;

/// A response: its status, headers and the whole body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most as long as the caller allowed.
    pub body: Vec<u8>,
}

/// The same of a status.
pub(crate) fn is_broken(status: u16) -> bool {
    status == 408 || status >= 500
}

impl Answer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether nobody can tell what was done: whatever broke, broke at an unknown point, and a gateway speaks for a server that
    /// may have gone on.
    pub fn is_broken(&self) -> bool {
        is_broken(self.status)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
