//! Names that become parts of addresses.

use std::fmt;

/// A repository as `owner/name`, of the letters that GitHub allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoName(String);

impl RepoName {
    /// Takes `owner/name`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let plain = |part: &str, more: &[u8]| {
            !part.is_empty() && part.len() <= 100 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
        };
        (plain(owner, b"-_") && plain(name, b"-_.") && !matches!(name, "." | "..")).then(|| Self(text.to_owned()))
    }

    /// The owner.
    pub fn owner(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// As `owner/name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// One segment of an address: everything but unreserved letters is percent-encoded (RFC 3986), a slash too.
pub(crate) fn segment(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => safe.push(char::from(byte)),
            // `.` and `..` alone would be taken for steps of the path.
            b'.' if text != "." && text != ".." => safe.push('.'),
            _ => safe.push_str(&format!("%{byte:02X}")),
        }
    }
    safe
}

/// A path of several segments, whose slashes stay.
pub(crate) fn path(text: &str) -> String {
    text.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_names_are_repositories() {
        for good in ["acme/widgets", "a-b/c.d_e", "A/.github"] {
            assert!(RepoName::parse(good).is_some(), "{good}");
        }
        for bad in ["", "acme", "acme/", "/widgets", "a/b/c", "a/..", "a/b?x", "a b/c", "ä/b", "a/b#c", "a%2f/b"] {
            assert!(RepoName::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn segments_stay_segments() {
        assert_eq!(segment("a/b?c#d e"), "a%2Fb%3Fc%23d%20e");
        assert_eq!(segment(".."), "%2E%2E");
        assert_eq!(segment("ü.json"), "%C3%BC.json");
        assert_eq!(path("models/../é x.json"), "models/%2E%2E/%C3%A9%20x.json");
    }
}
