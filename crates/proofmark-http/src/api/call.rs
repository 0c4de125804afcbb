//! One question to an API.

use http::Method;

use crate::Repeat;

/// Bytes of an answer at most, where nothing else is said.
const USUAL_LIMIT: usize = 64 << 20;

/// One request: what it asks, and how messages call it.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) method: Method,
    /// What messages call it, without what was asked for: `GET runs`.
    pub(super) name: String,
    /// Below the server's address, with the query.
    pub(super) path: String,
    pub(super) body: Option<Body>,
    pub(super) accept: &'static str,
    pub(super) repeat: Repeat,
    pub(super) limit: usize,
}

/// What a request carries.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

impl Call {
    /// A question that changes nothing. `name` is what messages call it.
    pub fn get(name: &str, path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            name: format!("GET {name}"),
            path: path.into(),
            body: None,
            accept: "application/json, */*",
            repeat: Repeat::Freely,
            limit: USUAL_LIMIT,
        }
    }

    /// A change. It is repeated only where the server surely did nothing; see [`Self::freely`].
    pub fn change(method: Method, name: &str, path: impl Into<String>) -> Self {
        Self { name: format!("{method} {name}"), method, repeat: Repeat::IfRefused, ..Self::get(name, path) }
    }

    /// With one more part of the path, whatever it holds.
    ///
    /// A part that is `.` or `..` would lead elsewhere; [`is_part`] tells.
    #[must_use]
    pub fn part(mut self, text: &str) -> Self {
        self.path.push('/');
        self.path.push_str(&escaped(text));
        self
    }

    /// With text behind the path as it stands: `:terminate`.
    #[must_use]
    pub fn then(mut self, text: &str) -> Self {
        self.path.push_str(text);
        self
    }

    /// With a parameter of the query.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(&format!("{name}={}", escaped(value)));
        self
    }

    /// With a parameter of the query, where there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a document.
    #[must_use]
    pub fn json(self, value: &serde_json::Value) -> Self {
        self.body("application/json", value.to_string().into_bytes())
    }

    /// With bytes of some type.
    #[must_use]
    pub fn body(mut self, media_type: &str, bytes: Vec<u8>) -> Self {
        self.body = Some(Body { media_type: media_type.to_owned(), bytes });
        self
    }

    /// What may come back.
    #[must_use]
    pub fn accept(mut self, media_types: &'static str) -> Self {
        self.accept = media_types;
        self
    }

    /// It may be made twice: it only reads, or its second time changes nothing.
    #[must_use]
    pub fn freely(mut self) -> Self {
        self.repeat = Repeat::Freely;
        self
    }

    /// Bytes of the answer at most.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A text as part of a path or as a parameter's value: all but letters, digits and `-_~.` is percent-encoded.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b'.' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Whether a text can be one part of a path. An empty part, `.` and `..` lead elsewhere however they are written.
pub fn is_part(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_put_together() {
        let call = Call::get("runs", "/apis/runs").part("a/b c").then(":x").with("q", "ü&1").with_some("n", None).with_some("m", Some("2"));
        assert_eq!((call.name(), call.path.as_str()), ("GET runs", "/apis/runs/a%2Fb%20c:x?q=%C3%BC%261&m=2"));
        assert_eq!(Call::change(Method::PATCH, "it", "/x").name(), "PATCH it");
        assert!(is_part("a") && !is_part("") && !is_part(".."));
    }
}
