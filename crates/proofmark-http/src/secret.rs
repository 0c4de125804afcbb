//! Tokens and passwords.

use std::fmt;

/// A secret that no form of printing shows.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// A secret; white space round it is taken off, and `None` is given when nothing is left.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.into()))
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(***)")
    }
}
